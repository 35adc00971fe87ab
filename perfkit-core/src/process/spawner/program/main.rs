//! A program that starts other programs for perfkit and waits for them.
//!
//! The system tells of a process as its peak memory no less than the process had that started
//! it, until it executed a program of its own. So this one is as small as can be: it has no
//! libraries, not even Rust's, and stays below what any program needs. `build.rs` of the
//! library compiles it, and the library has it as bytes that are executed from memory.
//!
//! Its standard input is the socket by which it is told what to run. When that is closed,
//! because perfkit ended or was killed, it ends what is running, and then itself.
#![no_std]
#![no_main]

mod memory;
mod system;
#[path = "../wire.rs"]
mod wire;

use core::panic::PanicInfo;

use wire::{
    ANY_CPU, END, ENDED, EXITED, NOT_STARTED, REPLY_WORDS, REQUEST_WORDS, RUN, STOPPED, STREAMS,
    STUCK,
};

const SOCKET: i32 = 0;

/// How long a process group may take to end when asked, before it is made to.
const END_TIMEOUT_NS: u64 = 1_000_000_000;

/// How long to wait for a group that was made to end.
const KILL_TIMEOUT_NS: u64 = 5_000_000_000;

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    system::exit(101)
}

pub(crate) extern "C" fn main() -> ! {
    system::block_signals(true);
    system::name(c"perfkit-spawner");
    let signals = system::child_signals() as i32;
    let mut texts = Texts { memory: None };
    while let Some((request, streams)) = next_request() {
        let Some(streams) = streams.filter(|_| request[0] == RUN) else {
            // What it was to end has ended.
            continue;
        };
        let Some(launch) = texts.receive(&request, streams) else {
            break;
        };
        let reply = run(launch, request[5], signals);
        if system::send(SOCKET, &reply) < 0 {
            break;
        }
    }
    system::exit(0)
}

type Request = [u32; REQUEST_WORDS];
type Reply = [u64; REPLY_WORDS];

/// Waits for a request; `None` if there will be none.
fn next_request() -> Option<(Request, Option<[i32; STREAMS]>)> {
    let mut bytes = [0; REQUEST_WORDS * 4];
    let (received, streams) = loop {
        let (received, streams) = system::receive(SOCKET, &mut bytes);
        if received != system::INTERRUPTED {
            break (received, streams);
        }
    };
    let received = usize::try_from(received)
        .ok()
        .filter(|received| *received > 0)?;
    read_all(bytes.get_mut(received..)?)?;
    let mut request = [0; REQUEST_WORDS];
    for (word, bytes) in request.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_ne_bytes(bytes.try_into().ok()?);
    }
    Some((request, streams))
}

/// Fills the slice; `None` if perfkit is gone.
fn read_all(mut to: &mut [u8]) -> Option<()> {
    while !to.is_empty() {
        let read = system::read(SOCKET, to);
        if read == system::INTERRUPTED {
            continue;
        }
        let read = usize::try_from(read).ok().filter(|read| *read > 0)?;
        to = to.get_mut(read..)?;
    }
    Some(())
}

/// What to start: addresses of lists that end with a zero, as the kernel takes them.
struct Launch {
    paths: &'static [usize],
    arguments: usize,
    variables: usize,
    streams: [i32; STREAMS],
    /// Why it could not be started; the new process writes it.
    error: isize,
}

/// Where the texts of a request lie, and the lists of their addresses. What was once needed is
/// kept for the next request.
struct Texts {
    memory: Option<&'static mut [u8]>,
}

impl Texts {
    /// Receives the texts of a request.
    fn receive(&mut self, request: &Request, streams: [i32; STREAMS]) -> Option<Launch> {
        let [_, bytes, paths, arguments, variables, ..] = request.map(|word| word as usize);
        let words = paths + arguments + variables + 3;
        let list_bytes = words * size_of::<usize>();
        let start = self.room(list_bytes + bytes)?;
        let texts = start.wrapping_add(list_bytes);
        // SAFETY: there is room for both, one after the other, and the start is that of a page.
        let (list, texts) = unsafe {
            (
                core::slice::from_raw_parts_mut(start.cast::<usize>(), words),
                core::slice::from_raw_parts_mut(texts, bytes),
            )
        };
        read_all(texts)?;
        let mut at = 0;
        let mut next = 0;
        for count in [paths, arguments, variables] {
            for _ in 0..count {
                *list.get_mut(at)? = texts.get(next..)?.as_ptr() as usize;
                next += texts.get(next..)?.iter().position(|byte| *byte == 0)? + 1;
                at += 1;
            }
            *list.get_mut(at)? = 0;
            at += 1;
        }
        Some(Launch {
            paths: list.get(..paths)?,
            arguments: list.get(paths + 1..)?.as_ptr() as usize,
            variables: list.get(paths + arguments + 2..)?.as_ptr() as usize,
            streams,
            error: 0,
        })
    }

    /// The beginning of so many bytes.
    fn room(&mut self, bytes: usize) -> Option<*mut u8> {
        if self
            .memory
            .as_ref()
            .is_none_or(|memory| memory.len() < bytes)
        {
            if let Some(memory) = self.memory.take() {
                system::release(memory);
            }
            self.memory = system::allocate(bytes.next_multiple_of(65536));
        }
        self.memory.as_mut().map(|memory| memory.as_mut_ptr())
    }
}

/// Runs a program and tells what became of it.
fn run(mut launch: Launch, cpu: u32, signals: i32) -> Reply {
    if cpu != ANY_CPU {
        system::move_to(cpu);
    }
    let start_ns = system::now_ns();
    // SAFETY: `begin` ends the new process if it executes nothing, and takes a launch.
    let started = unsafe { system::vfork(begin, &raw mut launch) };
    launch.streams.iter().for_each(|fd| system::close(*fd));
    // SAFETY: the new process wrote it, if any, and is no more in this memory.
    let error = unsafe { (&raw const launch.error).read_volatile() };
    let mut reply = match (started, error) {
        (..0, _) => reply_of(NOT_STARTED, started.unsigned_abs() as u64),
        (_, 0) => watch(started as i32, signals),
        (_, error) => {
            let _ = system::collect_ended(started as i32);
            reply_of(NOT_STARTED, error.unsigned_abs() as u64)
        }
    };
    reply[wire::STARTED_NS] = start_ns;
    reply
}

fn reply_of(kind: u64, detail: u64) -> Reply {
    let mut reply = [0; REPLY_WORDS];
    (reply[0], reply[1]) = (kind, detail);
    reply
}

/// What the new process does. It has the memory of the other, which waits for it.
extern "C" fn begin(launch: *mut Launch) -> ! {
    // SAFETY: the launch is that of the process that waits, and nobody else uses it.
    let launch = unsafe { &mut *launch };
    launch.error = start(launch);
    system::exit(127)
}

/// Executes the first of the paths that can be; returns the error if none can.
fn start(launch: &Launch) -> isize {
    const NOT_ALLOWED: isize = -13;
    /// No such file, a file in place of a folder, and the like: the next path may be better.
    const NOT_THERE: [isize; 5] = [-2, -20, -19, -110, -116];
    system::end_with_parent();
    let mut error = system::lead_group();
    for (to, fd) in launch.streams.iter().enumerate() {
        error = error.min(system::duplicate(*fd, to).min(0));
    }
    if error < 0 {
        return error;
    }
    system::block_signals(false);
    error = NOT_THERE[0];
    for path in launch.paths {
        // SAFETY: the paths and lists were made as the kernel takes them.
        let found = unsafe { system::execute(*path, launch.arguments, launch.variables) };
        match found {
            NOT_ALLOWED => error = NOT_ALLOWED,
            found if NOT_THERE.contains(&found) => {}
            found => return found,
        }
    }
    error
}

/// Waits for the end of a process, or until it has to end.
fn watch(pid: i32, signals: i32) -> Reply {
    loop {
        let [has_request, has_signal] = system::wait_readable([SOCKET, signals], None);
        let now_ns = system::now_ns();
        if has_signal {
            forget(signals);
            match system::collect(pid) {
                (0, ..) => {}
                (..0, ..) => return reply_of(STUCK, pid as u64),
                (_, status, _) if status & 0xff == 0x7f => {
                    let signal = status >> 8 & 0xff;
                    let ended = end_group(pid, signals);
                    return if ended[0] == STUCK {
                        ended
                    } else {
                        reply_of(STOPPED, signal as u64)
                    };
                }
                (_, status, usage) => return ended(EXITED, status, &usage, now_ns),
            }
        }
        if has_request {
            match next_request() {
                Some((request, _)) if request[0] == END => return end_group(pid, signals),
                Some(_) => {}
                None => {
                    system::kill_group(pid, system::KILLED);
                    system::exit(0)
                }
            }
        }
    }
}

/// Ends a process and all of its group: asks first, and insists after a second. A process that
/// made a session of its own escapes this.
fn end_group(pid: i32, signals: i32) -> Reply {
    system::kill_group(pid, system::TERMINATED);
    let asked_ns = system::now_ns();
    wait_until(asked_ns + END_TIMEOUT_NS, signals, || {
        system::has_ended(pid)
    });
    // Its members may outlive the leader, which still holds the number.
    system::kill_group(pid, system::KILLED);
    let insisted_ns = system::now_ns();
    if !wait_until(insisted_ns + KILL_TIMEOUT_NS, signals, || {
        system::has_ended(pid)
    }) {
        return reply_of(STUCK, pid as u64);
    }
    let (_, status, usage) = system::collect_ended(pid);
    ended(ENDED, status, &usage, system::now_ns())
}

/// Waits for something that a signal tells of, at most so long; whether it came to be.
fn wait_until(deadline_ns: u64, signals: i32, is_so: impl Fn() -> bool) -> bool {
    loop {
        if is_so() {
            return true;
        }
        let now_ns = system::now_ns();
        if now_ns >= deadline_ns {
            return false;
        }
        // There is nobody else to listen to: perfkit's end would change nothing.
        let [_, has_signal] = system::wait_readable([-1, signals], Some(deadline_ns - now_ns));
        if has_signal {
            forget(signals);
        }
    }
}

/// Makes the descriptor of signals wait for the next.
fn forget(signals: i32) {
    let mut ignored = [0; 512];
    let _ = system::read(signals, &mut ignored);
}

fn ended(kind: u64, status: i32, usage: &[i64; 18], now_ns: u64) -> Reply {
    let mut reply = reply_of(kind, u64::from(status as u32));
    reply[wire::ENDED_NS] = now_ns;
    reply[wire::USER_US] = (usage[0] * 1_000_000 + usage[1]) as u64;
    reply[wire::SYSTEM_US] = (usage[2] * 1_000_000 + usage[3]) as u64;
    reply[wire::PEAK_KIB] = usage[4] as u64;
    reply[wire::MINOR_FAULTS] = usage[8] as u64;
    reply[wire::MAJOR_FAULTS] = usage[9] as u64;
    reply[wire::VOLUNTARY_SWITCHES] = usage[16] as u64;
    reply[wire::INVOLUNTARY_SWITCHES] = usage[17] as u64;
    reply
}
