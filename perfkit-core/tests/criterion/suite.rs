//! A suite as people wrote it for criterion, and some that are wrong.

use std::future::ready;
use std::time::{Duration, Instant};

use perfkit::criterion::async_executor::AsyncExecutor;
use perfkit::criterion::measurement::{Measurement, WallTime};
use perfkit::criterion::{
    AxisScale, BatchSize, Bencher, BenchmarkGroup, BenchmarkId, Criterion, PlotConfiguration,
    SamplingMode, Throughput, black_box, criterion_group, criterion_main,
};

fn fibonacci(n: u64) -> u64 {
    (0..n)
        .fold((0, 1_u64), |(a, b), _| (b, a.wrapping_add(b)))
        .0
}

fn alone(c: &mut Criterion) {
    c.bench_function("alone", |b| b.iter(|| fibonacci(black_box(20))));
    let input = [1_u64, 2, 3];
    let id = BenchmarkId::new("sum", input.len());
    c.bench_with_input(id, &input, |b, input| b.iter(|| input.iter().sum::<u64>()));
}

fn in_a_group(c: &mut Criterion<WallTime>) {
    let mut group = c.benchmark_group("group");
    group
        .throughput(Throughput::Elements(20))
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    group.bench_function("loop", |b: &mut Bencher<'_>| b.iter(|| fibonacci(20)));
    for bytes in [8_usize, 64] {
        group.throughput(Throughput::Bytes(bytes as u64));
        let id = BenchmarkId::from_parameter(bytes);
        group.bench_with_input(id, &vec![1_u8; bytes], |b, bytes| {
            b.iter(|| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        });
    }
    // A name that there is.
    group.bench_function(String::from("loop"), |b| b.iter(|| ()));
    with_inputs(&mut group);
    group.finish();
}

fn with_inputs<M: Measurement>(group: &mut BenchmarkGroup<'_, M>) {
    let make = || vec![3_u64, 1, 2];
    group.bench_function("batched", |b| {
        b.iter_batched(make, |v| v.into_iter().max(), BatchSize::SmallInput);
    });
    group.bench_function("batched by reference", |b| {
        b.iter_batched_ref(make, |v| v.sort_unstable(), BatchSize::LargeInput);
    });
    group.bench_function("set up", |b| b.iter_with_setup(make, |v| v));
    group.bench_function("large drop", |b| b.iter_with_large_drop(make));
    group.bench_function("custom", |b| {
        b.iter_custom(Duration::from_micros);
    });
}

/// Drives what is ready at once.
struct AtOnce;

impl AsyncExecutor for AtOnce {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }
}

fn futures(c: &mut Criterion) {
    let mut group = c.benchmark_group("async");
    group.bench_function("ready", |b| b.to_async(AtOnce).iter(|| ready(1)));
    group.bench_function("batched", |b| {
        let double = |n: u64| ready(2 * n);
        b.to_async(&AtOnce)
            .iter_batched(|| 1, double, BatchSize::PerIteration);
    });
    group.bench_function("custom", |b| {
        b.to_async(AtOnce).iter_custom(|iterations| async move {
            let start = Instant::now();
            (0..iterations).for_each(|n| {
                black_box(n);
            });
            start.elapsed()
        });
    });
    #[cfg(feature = "criterion-tokio")]
    group.bench_function("tokio", |b| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        b.to_async(runtime).iter(tokio::task::yield_now);
    });
}

criterion_group! {
    name = configured;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_secs(1));
    targets = alone, in_a_group
}
criterion_group!(benches, futures);
criterion_main!(configured, benches);

/// Is the program `which`.
pub(crate) fn run(which: &str) {
    match which {
        "measures_nothing" => nothing::run(),
        "own_main" => alone(&mut Criterion::default()),
        _ => main(),
    }
}

mod nothing {
    use perfkit::criterion::{Criterion, criterion_group, criterion_main};

    fn nothing(c: &mut Criterion) {
        c.bench_function("nothing", |_| {});
    }

    criterion_group!(benches, nothing);
    criterion_main!(benches);

    pub(super) fn run() {
        main();
    }
}
