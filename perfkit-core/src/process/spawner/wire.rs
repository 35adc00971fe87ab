//! What perfkit and the process that starts programs for it say to each other. Both are of
//! one build and on one machine, so numbers are as they lie in memory.

/// How many words a request begins with.
pub(super) const REQUEST_WORDS: usize = 8;

/// How many descriptors come with a request to run: standard input, output and error.
pub(super) const STREAMS: usize = 3;

/// The first word of a request: run a program. The other words are the number of bytes of
/// text that follow, of paths to try, of arguments, of variables, and the CPU to begin on or
/// [`ANY_CPU`]. Each path, argument and variable ends with a zero.
pub(super) const RUN: u32 = 1;

/// The first word of a request: end what is running, if it still is.
pub(super) const END: u32 = 2;

/// Begin wherever the system likes.
pub(super) const ANY_CPU: u32 = u32::MAX;

/// How many words an answer has. Its first word says what became of the program, and its
/// second has the detail.
pub(super) const REPLY_WORDS: usize = 11;

/// It ended by itself; the detail is its status.
pub(super) const EXITED: u64 = 1;

/// It was stopped by the signal in the detail, and so was made to end.
pub(super) const STOPPED: u64 = 2;

/// It could not be started; the detail is the number of the error.
pub(super) const NOT_STARTED: u64 = 3;

/// It was made to end, as was asked for; the detail is its status.
pub(super) const ENDED: u64 = 4;

/// It cannot be made to end; the detail is its number.
pub(super) const STUCK: u64 = 5;

/// What the further words of an answer are: times in nanoseconds of the monotonic clock, CPU
/// times in microseconds, sizes in kibibytes, and counts.
pub(super) const STARTED_NS: usize = 2;
pub(super) const ENDED_NS: usize = 3;
pub(super) const USER_US: usize = 4;
pub(super) const SYSTEM_US: usize = 5;
pub(super) const PEAK_KIB: usize = 6;
pub(super) const MINOR_FAULTS: usize = 7;
pub(super) const MAJOR_FAULTS: usize = 8;
pub(super) const VOLUNTARY_SWITCHES: usize = 9;
pub(super) const INVOLUNTARY_SWITCHES: usize = 10;
