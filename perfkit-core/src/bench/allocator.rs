//! How the allocator of worker processes is set up: alike for all that is compared.
//!
//! When a large block is freed, glibc's `malloc` moves two thresholds of its own: from
//! which size a block is mapped anew, and how much free memory is kept. From then on the
//! same function finds its memory there, or has it mapped and cleared page by page, by
//! what its process did before. So workers start with both where glibc would move them to
//! in the end.

use std::ffi::{OsStr, OsString};

use crate::report::{Note, NoteCode};

/// The variable that glibc reads its settings from.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// The highest thresholds that glibc chooses by itself, in bytes: 32 and 64 MiB.
const FIXED: [(&str, u64); 2] = [
    ("glibc.malloc.mmap_threshold", 32 << 20),
    ("glibc.malloc.trim_threshold", 64 << 20),
];

/// Older names of the same settings.
const OLDER: [&str; 2] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"];

/// A variable for the environment of workers, which find there what `variable` tells;
/// `None` where the user has set one of the thresholds.
pub(super) fn fixed_thresholds(
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Option<(&'static str, OsString)> {
    let own = variable(TUNABLES).unwrap_or_default();
    let is_set = |name: &str| own.to_string_lossy().contains(name);
    if FIXED.iter().any(|(name, _)| is_set(name))
        || OLDER.iter().any(|name| variable(name).is_some())
    {
        return None;
    }
    let mut all = own;
    for (name, bytes) in FIXED {
        if !all.is_empty() {
            all.push(":");
        }
        all.push(format!("{name}={bytes}"));
    }
    Some((TUNABLES, all))
}

/// What a program finds in its environment: what was given to it, and what we have.
pub(super) fn lookup<'a>(
    given: &'a [(OsString, OsString)],
) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |name| {
        let of_name = given
            .iter()
            .rev()
            .find(|(given, _)| given == OsStr::new(name));
        let of_name = of_name.map(|(_, value)| value.clone());
        of_name.or_else(|| std::env::var_os(name))
    }
}

/// Says what is fixed, where it is.
pub(super) fn thresholds_note(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Note> {
    let is_glibc = cfg!(all(target_os = "linux", target_env = "gnu"));
    fixed_thresholds(variable).filter(|_| is_glibc).map(|_| {
        Note::detail(
            NoteCode::AllocatorFixed,
            "glibc's malloc kept what functions freed: its mmap and trim thresholds were fixed at 32 and 64 MiB (GLIBC_TUNABLES), so that it treats all alike",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            let of_name = set.iter().find(|(variable, _)| *variable == name);
            of_name.map(|(_, value)| OsString::from(value))
        }
    }

    const BOTH: &str = "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864";

    #[test]
    fn thresholds_are_fixed_beside_other_settings() {
        let fixed = fixed_thresholds(&with(&[]));
        assert_eq!(fixed, Some((TUNABLES, BOTH.into())));
        let other = with(&[(TUNABLES, "glibc.malloc.arena_max=1")]);
        let beside = format!("glibc.malloc.arena_max=1:{BOTH}");
        assert_eq!(fixed_thresholds(&other), Some((TUNABLES, beside.into())));
    }

    #[test]
    fn what_the_user_has_set_stays() {
        for set in [
            &[(TUNABLES, "glibc.malloc.trim_threshold=1")][..],
            &[(
                TUNABLES,
                "glibc.malloc.mmap_threshold=1:glibc.malloc.perturb=1",
            )],
            &[("MALLOC_MMAP_THRESHOLD_", "1")],
        ] {
            assert_eq!(fixed_thresholds(&with(set)), None);
            assert_eq!(thresholds_note(&with(set)), None);
        }
    }

    #[test]
    fn a_program_s_own_variables_come_first() {
        let given = [(TUNABLES.into(), "glibc.malloc.trim_threshold=1".into())];
        assert_eq!(fixed_thresholds(&lookup(&given)), None);
    }
}
