//! Every call as a line of JSON.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::global::print_error;
use crate::metric::Metric;
use crate::monitor::{CollectedCall, Collector, Measurement};
use crate::outcome::Ending;
use crate::unit::Unit;

/// How much is kept back, in bytes, before it is written.
const KEPT_BACK: usize = 64 << 10;

/// A collector that writes each call as one line of JSON.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("perfkit-lines-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("calls.jsonl");
/// use perfkit::{JsonLines, Monitor};
///
/// let monitor = Monitor::new();
/// monitor.set_collector(JsonLines::append_to(&path)?)?;
/// monitor.measure("work", || ());
/// monitor.remove_collector();
/// let line = std::fs::read_to_string(&path)?;
/// assert!(line.starts_with(r#"{"operation":"work","start":""#), "{line}");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// | key | value |
/// |---|---|
/// | `operation` | the name, without labels |
/// | `labels` | the labels by their keys; left out where there are none |
/// | `start` | when the call began, as RFC 3339 has it, in UTC, to the nanosecond |
/// | `duration_ns`, `self_time_ns` | whole nanoseconds, however it ended |
/// | `outcome` | `success`, `failure`, `panic` or `cancelled` |
/// | `error_kind`, `error_text` | of failures: at most 256 bytes and 256 characters |
/// | `nested` | `true` where it ran within another call of its operation; else left out |
/// | `busy_time_ns`, `cpu_time_ns`, `allocated_bytes`, `allocations`, `net_growth_bytes`, `peak_growth_bytes`, `items`, `bytes` | what else was measured |
///
/// Lines are written by the collector's thread, up to 64 KiB at a time, and when nothing more
/// comes for the moment, in [`Monitor::flush_collector`](crate::Monitor::flush_collector), and
/// when the program exits. What cannot be written, because the disk is full, the file may not
/// grow or nobody reads the pipe, is lost: its calls count as
/// [dropped](crate::Monitor::dropped_deliveries), standard error tells the reason once, and
/// later calls are tried anew.
pub struct JsonLines {
    sink: Box<dyn Write + Send>,
    /// What the sink is, for people.
    name: String,
    /// Whole lines.
    kept_back: Vec<u8>,
    start: String,
    lost: u64,
    /// Whether the sink ends within a line.
    is_torn: bool,
    told: Option<ErrorKind>,
}

impl JsonLines {
    /// Appends to a file, which is made where there is none, with the rights that the
    /// process gives new files. What is in it stays. Several processes may append to one
    /// file.
    ///
    /// # Errors
    /// The file cannot be opened for writing; the error names it.
    pub fn append_to(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = OpenOptions::new().append(true).create(true).open(path);
        let name = path.display().to_string();
        match file {
            Ok(file) => Ok(Self::named(name, Box::new(file))),
            Err(error) => Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
        }
    }

    /// Writes to anything. Each write is of whole lines, unless it takes less than it is
    /// given.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        Self::named("the lines of calls".to_owned(), Box::new(sink))
    }

    fn named(name: String, sink: Box<dyn Write + Send>) -> Self {
        Self {
            sink,
            name,
            kept_back: Vec::with_capacity(KEPT_BACK),
            start: String::new(),
            lost: 0,
            is_torn: false,
            told: None,
        }
    }

    /// Writes what is kept back, and counts the lines that cannot be.
    fn write_out(&mut self) {
        if self.is_torn && !self.kept_back.is_empty() {
            self.kept_back.insert(0, b'\n');
        }
        let mut written = 0;
        let ends_torn_line = usize::from(self.kept_back.first() == Some(&b'\n'));
        let done = loop {
            let rest = self.kept_back.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break self.sink.flush();
            }
            match self.sink.write(rest) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes.min(rest.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let (there, missing) = self.kept_back.split_at(written.min(self.kept_back.len()));
        if let Some(last) = there.last() {
            self.is_torn = *last != b'\n';
        }
        let ends = missing.iter().skip(ends_torn_line.saturating_sub(written));
        self.lost += ends.filter(|byte| **byte == b'\n').count() as u64;
        self.kept_back.clear();
        if let Err(error) = done {
            self.tell(&error);
        }
    }

    /// Says why calls are lost, once for each reason that differs from the last.
    fn tell(&mut self, error: &io::Error) {
        if self.told != Some(error.kind()) {
            self.told = Some(error.kind());
            print_error(&format!(
                "{}: {error}: calls are lost, which `Monitor::dropped_deliveries` counts",
                self.name
            ));
        }
    }
}

impl Collector for JsonLines {
    fn collect_call(&mut self, call: &CollectedCall<'_>) {
        self.start.clear();
        // Beyond the year 9999 there is none.
        let start = call.start.max(SystemTime::UNIX_EPOCH);
        let has_start = write!(self.start, "{}", humantime::format_rfc3339_nanos(start)).is_ok();
        let line = Line {
            call,
            start: has_start.then_some(&*self.start),
        };
        let before = self.kept_back.len();
        match serde_json::to_writer(&mut self.kept_back, &line) {
            Ok(()) => self.kept_back.push(b'\n'),
            Err(_) => {
                self.kept_back.truncate(before);
                self.lost += 1;
            }
        }
        if self.kept_back.len() >= KEPT_BACK {
            self.write_out();
        }
    }

    fn flush(&mut self) {
        self.write_out();
    }

    fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

impl fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A call as it is written.
struct Line<'a> {
    call: &'a CollectedCall<'a>,
    start: Option<&'a str>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { call, start } = self;
        let mut line = serializer.serialize_map(None)?;
        match call.labelled {
            Some(labelled) => {
                line.serialize_entry("operation", &labelled.name)?;
                line.serialize_entry("labels", &labelled.labels)?;
            }
            None => line.serialize_entry("operation", call.operation)?,
        }
        if let Some(start) = start {
            line.serialize_entry("start", start)?;
        }
        line.serialize_entry("duration_ns", &whole_ns(call.duration))?;
        line.serialize_entry("self_time_ns", &whole_ns(call.self_time))?;
        line.serialize_entry("outcome", outcome(call.ending))?;
        if let Some(failure) = call.failure {
            line.serialize_entry("error_kind", failure.kind())?;
            line.serialize_entry("error_text", failure.text())?;
        }
        if call.is_nested {
            line.serialize_entry("nested", &true)?;
        }
        let is_further = |one: &&Measurement| !OF_TIME.contains(&one.metric);
        for measurement in call.measurements.iter().filter(is_further) {
            let name = measurement.metric.name();
            let value = measurement.value as i64;
            match measurement.unit {
                Unit::Nanoseconds => line.serialize_entry(&format!("{name}_ns"), &value),
                Unit::Bytes if measurement.metric != Metric::BYTES => {
                    line.serialize_entry(&format!("{name}_bytes"), &value)
                }
                _ => line.serialize_entry(name, &value),
            }?;
        }
        line.end()
    }
}

/// What is told of each call.
const OF_TIME: [Metric; 3] = [
    Metric::EXECUTION_TIME,
    Metric::SELF_TIME,
    Metric::FAILURE_TIME,
];

fn whole_ns(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn outcome(ending: Ending) -> &'static str {
    match ending {
        Ending::Success => "success",
        Ending::Failure => "failure",
        Ending::Panic => "panic",
        Ending::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::monitor::Monitor;

    /// A disk that has room for so many bytes.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let taken = bytes.len().min(disk.1);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            disk.1 -= taken;
            disk.0.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri does not know what standard error is limited to")]
    fn what_a_full_disk_does_not_take_is_counted_and_the_next_line_is_whole() {
        let disk = Disk(Arc::new(Mutex::new((Vec::new(), 250))));
        let monitor = Monitor::new();
        monitor.set_collector(JsonLines::to(disk.clone())).unwrap();
        let flush = || assert!(monitor.flush_collector(std::time::Duration::from_secs(60)));
        for _ in 0..10 {
            monitor.measure("work", || ());
        }
        flush();
        let dropped = monitor.dropped_deliveries();
        let is_whole = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
        let whole = |disk: &Disk| {
            let text = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
            text.lines().filter(is_whole).count() as u64
        };
        assert!(dropped > 0 && dropped < 10, "{dropped}");
        assert_eq!(whole(&disk) + dropped, 10);
        disk.0.lock().unwrap().1 = 1000;
        monitor.measure("work", || ());
        flush();
        assert_eq!(whole(&disk) + dropped, 11);
        assert_eq!(monitor.dropped_deliveries(), dropped);
    }
}
