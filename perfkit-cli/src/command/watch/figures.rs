//! What a process takes, as the system tells.

use crate::watch::ProcessFigures;

/// Nothing where the process is gone or the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn of_process(pid: u32) -> ProcessFigures {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    parse(
        &stat,
        rustix::param::clock_ticks_per_second(),
        rustix::param::page_size(),
    )
    .unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of_process(_: u32) -> ProcessFigures {
    ProcessFigures::default()
}

/// Of the fields that follow the name, which may hold anything: times of user and system are
/// the 12th and 13th, the number of threads the 18th, and resident pages the 22nd.
#[cfg(target_os = "linux")]
fn parse(stat: &str, ticks_per_second: u64, page_bytes: usize) -> Option<ProcessFigures> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(ProcessFigures {
        cpu_seconds: Some((field(11)? + field(12)?) / ticks_per_second as f64),
        memory_bytes: Some(field(21)? * page_bytes as f64),
        threads: field(17),
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_is_no_field() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 99 9999 25 184467";
        let figures = parse(stat, 100, 4096).unwrap();
        assert_eq!(figures.cpu_seconds, Some(2.0));
        assert_eq!(figures.threads, Some(3.0));
        assert_eq!(figures.memory_bytes, Some(25.0 * 4096.0));
        assert_eq!(parse("", 100, 4096), None);
        assert!(of_process(std::process::id()).memory_bytes > Some(0.0));
    }
}
