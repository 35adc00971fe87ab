//! The macros of criterion.

/// A function of the given name that adds the benchmarks of functions, which are given a
/// [`Criterion`](crate::bench::criterion::Criterion): in one of criterion's two forms.
#[macro_export]
macro_rules! criterion_group {
    (name = $name:ident; config = $config:expr; targets = $($target:path),+ $(,)*) => {
        pub fn $name(suite: &$crate::bench::criterion::Suite) {
            let mut criterion = suite.attach($config);
            $($target(&mut criterion);)+
        }
    };
    ($name:ident, $($target:path),+ $(,)*) => {
        pub fn $name(suite: &$crate::bench::criterion::Suite) {
            let mut criterion = suite.attach($crate::bench::criterion::Criterion::default());
            $($target(&mut criterion);)+
        }
    };
}

/// The `main` of a bench program with the benchmarks of these groups.
#[macro_export]
macro_rules! criterion_main {
    ($($group:path),+ $(,)*) => {
        fn main() {
            $crate::bench::main(|bench| {
                bench.package(::core::option_env!("CARGO_PKG_NAME"));
                let suite = $crate::bench::criterion::Suite::new(bench);
                $($group(&suite);)+
            });
        }
    };
}
