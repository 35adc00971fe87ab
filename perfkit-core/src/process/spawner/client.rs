//! The side of perfkit: the process is started, told what to run, and asked what became of it.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recv, sendmsg};

use super::super::child::ResourceUsage;
use super::super::rights::append_within_limit;
use super::{Exited, Outcome, ProgramTexts, wire};

/// What is executed.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/perfkit-spawner"));

/// More text than any system starts a program with.
const MOST_BYTES: usize = 16 << 20;

/// A small process that starts programs, one at a time.
#[derive(Debug)]
pub struct Spawner {
    process: Mutex<Child>,
    pid: u32,
    socket: UnixStream,
}

impl Spawner {
    /// Starts the process, which inherits what programs are to inherit: the folder, limits,
    /// CPUs, and descriptors that stay open.
    ///
    /// # Errors
    /// The system executes nothing from memory.
    pub fn start() -> io::Result<Self> {
        let program = in_memory(PROGRAM)?;
        let (socket, other) = UnixStream::pair()?;
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command
            .arg0("perfkit-spawner")
            .env_clear()
            // What is sent to perfkit's group is not for it.
            .process_group(0)
            .stdin(OwnedFd::from(other))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command.spawn()?;
        Ok(Self {
            pid: process.id(),
            process: Mutex::new(process),
            socket,
        })
    }

    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The largest resident size of the process so far, in bytes: the least that is told of a
    /// program that it started. `None` where the system does not tell.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024)
    }

    /// Starts a program with these as standard input, output and error, on this CPU if any.
    /// What becomes of it is told later: the process becomes readable.
    ///
    /// # Errors
    /// The process ended.
    pub fn run(
        &self,
        texts: &ProgramTexts,
        streams: [BorrowedFd<'_>; wire::STREAMS],
        cpu: Option<usize>,
    ) -> io::Result<()> {
        let ProgramTexts {
            paths,
            arguments,
            variables,
        } = texts;
        let lists = [paths, arguments, variables];
        let bytes: usize = lists.map(|list| list.bytes.len()).iter().sum();
        if bytes > MOST_BYTES {
            return Err(Errno::TOOBIG.into());
        }
        let cpu = cpu.and_then(|cpu| u32::try_from(cpu).ok());
        let [paths, arguments, variables] = lists.map(|list| list.count);
        let header = request([
            wire::RUN,
            bytes as u32,
            paths,
            arguments,
            variables,
            cpu.unwrap_or(wire::ANY_CPU),
        ]);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(wire::STREAMS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&streams));
        let [paths, arguments, variables] = lists.map(|list| &list.bytes);
        let parts = [&header[..], paths, arguments, variables];
        let slices = parts.map(IoSlice::new);
        let sent = retry(|| sendmsg(&self.socket, &slices, &mut control, SendFlags::NOSIGNAL));
        let sent = sent.map_err(|error| self.gone(error))?;
        // What does not fit in at once waits for the process to read.
        let mut skipped = sent;
        for part in parts {
            let rest = part.get(skipped..).unwrap_or_default();
            skipped = skipped.saturating_sub(part.len());
            (&self.socket)
                .write_all(rest)
                .map_err(|error| self.gone(error))?;
        }
        Ok(())
    }

    /// Ends the program that runs, with all of its group, if it still does: asks first, and
    /// insists after a second. That it ended is told as any end of it.
    ///
    /// # Errors
    /// The process ended.
    pub fn end(&self) -> io::Result<()> {
        (&self.socket)
            .write_all(&request([wire::END, 0, 0, 0, 0, 0]))
            .map_err(|error| self.gone(error))
    }

    /// What became of the program; `None` as long as it runs.
    ///
    /// # Errors
    /// The process ended, and maybe the program with it.
    pub fn outcome(&self) -> io::Result<Option<Outcome>> {
        let mut bytes = [0; wire::REPLY_WORDS * 8];
        let received = retry(|| recv(&self.socket, &mut bytes[..], RecvFlags::DONTWAIT));
        match received {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(self.gone(error)),
            Ok((_, 0)) => return Err(self.gone(io::ErrorKind::UnexpectedEof)),
            Ok((_, received)) => (&self.socket)
                .read_exact(bytes.get_mut(received..).unwrap_or_default())
                .map_err(|error| self.gone(error))?,
        }
        let mut reply = [0; wire::REPLY_WORDS];
        for (word, bytes) in reply.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        Ok(Some(outcome(&reply)))
    }

    /// Why the process cannot be spoken to.
    fn gone(&self, error: impl Into<io::Error>) -> io::Error {
        let error = error.into();
        let process = self.process.lock();
        let mut process = process.unwrap_or_else(PoisonError::into_inner);
        // Only its end closes the socket, and is complete a moment later.
        let status = match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => process.wait().ok(),
            _ => None,
        };
        let why = status.map_or_else(
            || format!("does not answer: {error}"),
            |status| format!("ended with {status}"),
        );
        io::Error::other(format!("the process that starts commands {why}"))
    }
}

impl AsFd for Spawner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // It reads the end, ends what still runs, and itself.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        if let Ok(process) = self.process.get_mut() {
            let _ = process.wait();
        }
    }
}

/// A file of these bytes in memory, which can be executed.
fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let create = |flags| memfd_create(c"perfkit-spawner", MemfdFlags::CLOEXEC | flags);
    // Older systems do not know the flag, and do not need it.
    let file = create(MemfdFlags::EXEC).or_else(|_| create(MemfdFlags::empty()))?;
    let file = File::from(file);
    append_within_limit(&file, bytes)?;
    Ok(file)
}

fn request(words: [u32; 6]) -> [u8; wire::REQUEST_WORDS * 4] {
    let mut bytes = [0; wire::REQUEST_WORDS * 4];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

fn outcome(reply: &[u64; wire::REPLY_WORDS]) -> Outcome {
    let detail = reply[1];
    match reply[0] {
        wire::EXITED => Outcome::Exited(Exited {
            status: ExitStatus::from_raw(detail as i32),
            usage: ResourceUsage {
                user_time_ns: reply[wire::USER_US].saturating_mul(1000),
                system_time_ns: reply[wire::SYSTEM_US].saturating_mul(1000),
                peak_memory_bytes: reply[wire::PEAK_KIB].saturating_mul(1024),
                minor_page_faults: reply[wire::MINOR_FAULTS],
                major_page_faults: reply[wire::MAJOR_FAULTS],
                voluntary_context_switches: reply[wire::VOLUNTARY_SWITCHES],
                involuntary_context_switches: reply[wire::INVOLUNTARY_SWITCHES],
            },
            wall_ns: reply[wire::ENDED_NS].saturating_sub(reply[wire::STARTED_NS]),
        }),
        wire::STOPPED => Outcome::Stopped(detail as i32),
        wire::NOT_STARTED => Outcome::NotStarted(io::Error::from_raw_os_error(detail as i32)),
        wire::ENDED => Outcome::Ended,
        wire::STUCK => Outcome::Stuck(detail as u32),
        kind => Outcome::NotStarted(io::Error::other(format!("unknown answer {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    fn texts(path: &str, arguments: &[&str]) -> ProgramTexts {
        let mut texts = ProgramTexts::default();
        texts.paths.push(&[OsStr::new(path)]).unwrap();
        for argument in [path].iter().chain(arguments) {
            texts.arguments.push(&[OsStr::new(argument)]).unwrap();
        }
        texts.variables.push(&[OsStr::new("A=b c")]).unwrap();
        texts
    }

    fn null() -> File {
        let mut options = File::options();
        options.read(true).write(true).open("/dev/null").unwrap()
    }

    fn wait(spawner: &Spawner) -> io::Result<Outcome> {
        loop {
            let mut watched = [PollFd::new(spawner, PollFlags::IN)];
            poll(&mut watched, None).unwrap();
            if let Some(outcome) = spawner.outcome()? {
                return Ok(outcome);
            }
        }
    }

    fn run(spawner: &Spawner, texts: &ProgramTexts) -> Outcome {
        let null = null();
        let streams = [null.as_fd(); 3];
        spawner.run(texts, streams, Some(0)).unwrap();
        wait(spawner).unwrap()
    }

    fn sh(script: &str) -> ProgramTexts {
        texts("/bin/sh", &["-c", script])
    }

    #[test]
    fn a_program_has_its_arguments_variables_and_streams() {
        let spawner = Spawner::start().unwrap();
        let (mut out, to) = io::pipe().unwrap();
        let null = null();
        let script = "echo \"$0 $1 $A\"; [ \"$(ps -o pgid= -p $$)\" -eq $$ ] || exit 9; exit 7";
        let texts = texts("/bin/sh", &["-c", script, "zero", "one"]);
        let streams = [null.as_fd(), to.as_fd(), null.as_fd()];
        spawner.run(&texts, streams, None).unwrap();
        drop(to);
        let Outcome::Exited(exited) = wait(&spawner).unwrap() else {
            panic!("it did not end by itself");
        };
        assert_eq!(exited.status.code(), Some(7));
        assert!(exited.wall_ns > 0);
        let mut written = String::new();
        out.read_to_string(&mut written).unwrap();
        assert_eq!(written, "zero one b c\n");
    }

    #[test]
    fn what_it_used_is_its_own() {
        let spawner = Spawner::start().unwrap();
        let loops = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let usage = |script| match run(&spawner, &sh(script)) {
            Outcome::Exited(exited) => exited.usage,
            other => panic!("{other:?}"),
        };
        let (busy, idle) = (usage(loops), usage("exit 0"));
        assert!(busy.user_time_ns > idle.user_time_ns);
        assert!(spawner.peak_memory_bytes().unwrap() < 300_000);
    }

    #[test]
    fn why_nothing_was_started_is_told_and_the_next_path_is_tried() {
        let spawner = Spawner::start().unwrap();
        let error = |path| match run(&spawner, &texts(path, &[])) {
            Outcome::NotStarted(error) => error.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(error("/no/such/program"), io::ErrorKind::NotFound);
        assert_eq!(error("/etc/passwd"), io::ErrorKind::PermissionDenied);
        let mut several = texts("/no/such/program", &[]);
        several
            .paths
            .push(&[OsStr::new("/bin/"), OsStr::new("true")])
            .unwrap();
        assert!(matches!(run(&spawner, &several), Outcome::Exited(_)));
        let long = "x".repeat(200_000);
        let Outcome::NotStarted(error) = run(&spawner, &sh(&long)) else {
            panic!("it is too long");
        };
        assert_eq!(error.kind(), io::ErrorKind::ArgumentListTooLong);
        assert!(several.paths.push(&[OsStr::new("a\0")]).is_err());
    }

    #[test]
    fn many_texts_arrive() {
        let spawner = Spawner::start().unwrap();
        let script = "[ $# -eq 10000 ] && exit 3";
        let mut many = sh(script);
        for _ in 0..10_001 {
            many.arguments.push(&[OsStr::new(&"x".repeat(60))]).unwrap();
        }
        let Outcome::Exited(exited) = run(&spawner, &many) else {
            panic!("it did not end by itself");
        };
        assert_eq!(exited.status.code(), Some(3));
    }

    #[test]
    fn it_is_made_to_end_when_asked_or_stopped() {
        let spawner = Spawner::start().unwrap();
        let stopped = run(&spawner, &sh("kill -STOP $$; sleep 61"));
        assert!(matches!(stopped, Outcome::Stopped(signal) if signal == libc::SIGSTOP));
        let null = null();
        let script = sh("trap '' TERM; while :; do sleep 0.01; done");
        spawner.run(&script, [null.as_fd(); 3], None).unwrap();
        assert!(spawner.outcome().unwrap().is_none());
        spawner.end().unwrap();
        assert!(matches!(wait(&spawner).unwrap(), Outcome::Ended));
        // What is asked for too late does nothing to the next.
        spawner.end().unwrap();
        assert!(matches!(run(&spawner, &sh("exit 0")), Outcome::Exited(_)));
    }

    #[test]
    fn its_own_end_is_an_error_and_that_of_what_it_runs() {
        let spawner = Spawner::start().unwrap();
        let (mut out, to) = io::pipe().unwrap();
        let null = null();
        let streams = [null.as_fd(), to.as_fd(), null.as_fd()];
        let script = "echo .; exec sleep 61";
        spawner.run(&sh(script), streams, None).unwrap();
        drop(to);
        out.read_exact(&mut [0; 2]).unwrap();
        let pid = rustix::process::Pid::from_raw(spawner.pid() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        assert!(wait(&spawner).is_err());
        // The pipe is closed because the program ended too.
        assert_eq!(out.read(&mut [0; 2]).unwrap(), 0);
        std::thread::sleep(Duration::from_millis(1));
        assert!(spawner.run(&sh("exit 0"), streams_of(&null), None).is_err());
    }

    fn streams_of(file: &File) -> [BorrowedFd<'_>; 3] {
        [file.as_fd(); 3]
    }
}
