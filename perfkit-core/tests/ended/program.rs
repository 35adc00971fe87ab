//! Programs that record, and are ended in all sorts of ways.

use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use libc::{SIGHUP, SIGINT, SIGTERM, c_int};
use signal_hook::flag;

/// The variable that makes this test a program, and says which.
pub(crate) const WHICH: &str = "ENDED_TEST_PROGRAM";

/// How many calls of `step` are recorded before a program says that it is ready.
pub(crate) const STEPS: u64 = 3;

const SIGNALS: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Is the program `which`.
pub(crate) fn main(which: &str) {
    match which {
        "waits" => {
            record();
            say("ready");
            forever();
        }
        "asks in code" => {
            perfkit::report_at_exit();
            record();
            say("ready");
            forever();
        }
        "goes on" => {
            record();
            let steps =
                || perfkit::measure("step", || std::thread::sleep(Duration::from_millis(1)));
            say("ready");
            loop {
                steps();
            }
        }
        "is busy" => is_busy(),
        "is told how to end" => is_told_how_to_end(),
        "signal-hook before" => handled_by_signal_hook(true),
        "signal-hook after" => handled_by_signal_hook(false),
        "signal-hook passes on" => passes_on(),
        "own handler" => handled_by_own_handler(),
        "looks" => looks(),
        "sigwait" => waits_for_signal(),
        "tokio" => tokio_shuts_down(),
        "forks" => forks(),
        "child saves" => child_saves(),
        other => panic!("there is no program {other}"),
    }
}

fn record() {
    (0..STEPS).for_each(|_| perfkit::measure("step", || ()));
}

pub(crate) fn say(text: &str) {
    println!("{text}");
    std::io::stdout().flush().unwrap();
}

fn forever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(600));
    }
}

/// Threads that take every lock there is: those of the allocator, of the list of operations
/// and of standard output, and end and begin.
fn is_busy() {
    record();
    let work = |thread: usize| {
        for round in 0_usize.. {
            let name = format!("step {}", (round + thread) % 50);
            perfkit::measure(&name, || vec![0_u8; 1 + round % 100_000]);
            if round % 50 == 0 {
                let _held = std::io::stdout().lock();
                std::thread::spawn(|| perfkit::measure("step", || ()));
            }
        }
    };
    say("ready");
    let threads = [0, 1, 2].map(|thread| std::thread::spawn(move || work(thread)));
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

fn is_told_how_to_end() {
    record();
    say("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    match line.trim() {
        "exit" => std::process::exit(4),
        "abort" => std::process::abort(),
        "panic" => panics_where_none_may(),
        "exec" => {
            let error = Command::new("sh").args(["-c", "exit 6"]).exec();
            panic!("no sh: {error}");
        }
        other => panic!("no way to end: {other}"),
    }
}

/// The runtime ends the program, as it does any panic under `panic = "abort"`.
extern "C" fn panics_where_none_may() {
    panic!("expected in this test");
}

fn wait_until(is_true: impl Fn() -> bool) {
    while !is_true() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a program does that handles its signals: it records more, and exits.
fn exits_in_order() -> ! {
    perfkit::measure("shutdown", || {
        std::thread::sleep(Duration::from_millis(50));
    });
    std::process::exit(7);
}

fn handled_by_signal_hook(is_first: bool) {
    if !is_first {
        record();
    }
    let received = Arc::new(AtomicUsize::new(0));
    for signal in SIGNALS {
        flag::register_usize(signal, Arc::clone(&received), signal as usize).unwrap();
    }
    if is_first {
        record();
    }
    say("ready");
    wait_until(|| received.load(Ordering::SeqCst) != 0);
    exits_in_order();
}

/// Takes the first signal, and lets the default action follow upon the second.
fn passes_on() {
    record();
    let is_default = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        flag::register_conditional_default(signal, Arc::clone(&is_default)).unwrap();
        flag::register(signal, Arc::clone(&is_default)).unwrap();
    }
    say("ready");
    wait_until(|| is_default.load(Ordering::SeqCst));
    say("once");
    forever();
}

static RECEIVED: AtomicBool = AtomicBool::new(false);

extern "C" fn receive(_: c_int) {
    RECEIVED.store(true, Ordering::SeqCst);
}

/// Sets a handler; returns the one that was there.
#[expect(unsafe_code, reason = "handles a signal without a library")]
fn set_handler(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: the handler is one of the system's, or only stores to an atomic.
    unsafe { libc::signal(signal, handler) }
}

/// The handler is installed twice: what was there before is put back in between.
fn handled_by_own_handler() {
    record();
    let handler = receive as *const () as libc::sighandler_t;
    for signal in SIGNALS {
        let before = set_handler(signal, handler);
        assert_ne!(before, handler);
        assert_eq!(set_handler(signal, before), handler);
        set_handler(signal, handler);
    }
    say("ready");
    wait_until(|| RECEIVED.load(Ordering::SeqCst));
    exits_in_order();
}

/// Says whether the signals have their default action once it records.
fn looks() {
    record();
    let is_default = |signal: &c_int| set_handler(*signal, libc::SIG_DFL) == libc::SIG_DFL;
    say(&format!("default: {}", SIGNALS.iter().all(is_default)));
}

/// Blocks signals in all threads that it knows of, and waits for them in one.
#[expect(unsafe_code, reason = "waits for a signal without a library")]
fn waits_for_signal() {
    record();
    #[cfg(feature = "prometheus")]
    let _endpoint = perfkit::prometheus::serve("127.0.0.1:0").unwrap();
    #[cfg(feature = "otlp")]
    let _exporter = perfkit::otlp::start().unwrap();
    let mut received = 0;
    // SAFETY: a set of signals is plain data, the pointers are to locals that live across
    // the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in SIGNALS {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        say("ready");
        libc::sigwait(&raw const set, &raw mut received);
    }
    exits_in_order();
}

fn tokio_shuts_down() {
    use tokio::signal::unix::{SignalKind, signal};
    perfkit::report_at_exit();
    record();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).unwrap();
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        let mut hangup = signal(SignalKind::hangup()).unwrap();
        say("ready");
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        perfkit::measure_async("shutdown", tokio::time::sleep(Duration::from_millis(50))).await;
    });
}

/// Forks; returns the child's number in the parent, and none in the child.
#[expect(unsafe_code, reason = "forks")]
fn fork() -> Option<c_int> {
    // SAFETY: the child uses what it may use where a C library sees to it that forks of
    // programs with threads can allocate.
    match unsafe { libc::fork() } {
        -1 => panic!("cannot fork: {}", std::io::Error::last_os_error()),
        0 => None,
        child => Some(child),
    }
}

/// Says by which signal a child ended, or zero.
#[expect(unsafe_code, reason = "waits for a child")]
fn tell_end_of(child: c_int) {
    let mut status = 0;
    // SAFETY: the pointer is to a local that lives across the call.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    let signal = if libc::WIFSIGNALED(status) {
        libc::WTERMSIG(status)
    } else {
        0
    };
    say(&format!("ended by {signal}"));
}

/// One child exits, another waits for its end.
fn forks() {
    record();
    let in_child = || perfkit::measure("in the child", || ());
    let Some(exits) = fork() else {
        in_child();
        std::process::exit(0);
    };
    tell_end_of(exits);
    let Some(waits) = fork() else {
        in_child();
        say(&format!("child {}", std::process::id()));
        forever();
    };
    tell_end_of(waits);
    forever();
}

/// The child goes on alone.
fn child_saves() {
    record();
    if fork().is_some() {
        std::process::exit(0);
    }
    let parent_ended = || perfkit::save_report().unwrap().is_some();
    wait_until(parent_ended);
    perfkit::measure("in the child", || ());
    say(&format!("child {}", std::process::id()));
    forever();
}
