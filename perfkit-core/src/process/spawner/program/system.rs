//! What the program asks of the kernel, without a library in between.

use core::arch::{asm, global_asm};

/// Numbers of calls.
#[cfg(target_arch = "x86_64")]
mod call {
    pub(super) const READ: usize = 0;
    pub(super) const CLOSE: usize = 3;
    pub(super) const MMAP: usize = 9;
    pub(super) const MUNMAP: usize = 11;
    pub(super) const RT_SIGACTION: usize = 13;
    pub(super) const RT_SIGPROCMASK: usize = 14;
    pub(super) const SENDTO: usize = 44;
    pub(super) const RECVMSG: usize = 47;
    pub(super) const CLONE: usize = 56;
    pub(super) const EXECVE: usize = 59;
    pub(super) const WAIT4: usize = 61;
    pub(super) const KILL: usize = 62;
    pub(super) const SETPGID: usize = 109;
    pub(super) const PRCTL: usize = 157;
    pub(super) const SCHED_SETAFFINITY: usize = 203;
    pub(super) const SCHED_GETAFFINITY: usize = 204;
    pub(super) const CLOCK_GETTIME: usize = 228;
    pub(super) const EXIT_GROUP: usize = 231;
    pub(super) const WAITID: usize = 247;
    pub(super) const PPOLL: usize = 271;
    pub(super) const SIGNALFD4: usize = 289;
    pub(super) const DUP3: usize = 292;
    pub(super) const GETCPU: usize = 309;
}

#[cfg(target_arch = "aarch64")]
mod call {
    pub(super) const DUP3: usize = 24;
    pub(super) const CLOSE: usize = 57;
    pub(super) const READ: usize = 63;
    pub(super) const PPOLL: usize = 73;
    pub(super) const SIGNALFD4: usize = 74;
    pub(super) const EXIT_GROUP: usize = 94;
    pub(super) const WAITID: usize = 95;
    pub(super) const CLOCK_GETTIME: usize = 113;
    pub(super) const SCHED_SETAFFINITY: usize = 122;
    pub(super) const SCHED_GETAFFINITY: usize = 123;
    pub(super) const KILL: usize = 129;
    pub(super) const RT_SIGACTION: usize = 134;
    pub(super) const RT_SIGPROCMASK: usize = 135;
    pub(super) const SETPGID: usize = 154;
    pub(super) const PRCTL: usize = 167;
    pub(super) const GETCPU: usize = 168;
    pub(super) const SENDTO: usize = 206;
    pub(super) const RECVMSG: usize = 212;
    pub(super) const MUNMAP: usize = 215;
    pub(super) const CLONE: usize = 220;
    pub(super) const EXECVE: usize = 221;
    pub(super) const MMAP: usize = 222;
    pub(super) const WAIT4: usize = 260;
}

// The kernel begins here, with the arguments on the stack, which are of no interest.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call {main}",
    "ud2",
    main = sym super::main,
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "bl {main}",
    "brk #1",
    main = sym super::main,
);

/// A call of the kernel: negative for an error.
///
/// # Safety
/// What the call does with memory must be allowed.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the kernel changes these registers and what the caller answers for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// A call of the kernel: negative for an error.
///
/// # Safety
/// What the call does with memory must be allowed.
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the kernel changes this register and what the caller answers for.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a as isize => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    result
}

/// Where the stack of the new process begins, until it executes a program.
#[repr(C, align(16))]
struct Stack([u8; 16384]);

static mut STACK: Stack = Stack([0; 16384]);

const CLONE_VM: usize = 0x100;
const CLONE_VFORK: usize = 0x4000;
const SIGCHLD: usize = 17;

/// Starts a process that has the memory of this one until it executes a program or ends, and
/// only then goes on: its number, or a negative error.
///
/// # Safety
/// `begin` must not return, and `value` must be what it expects.
pub(crate) unsafe fn vfork<T>(begin: extern "C" fn(*mut T) -> !, value: *mut T) -> isize {
    let flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    let top = (&raw mut STACK).wrapping_add(1);
    let result: isize;
    // SAFETY: the new process has a stack of its own, on which nothing is: this one waits
    // until it is no longer used. The new one never leaves the block.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") call::CLONE as isize => result,
            in("rdi") flags, in("rsi") top, in("rdx") 0, in("r10") 0, in("r8") 0,
            in("r12") value, in("r13") begin,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    // SAFETY: the same.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x20",
            "blr x21",
            "brk #1",
            "2:",
            in("x8") call::CLONE,
            inlateout("x0") flags as isize => result,
            in("x1") top, in("x2") 0, in("x3") 0, in("x4") 0,
            in("x20") value, in("x21") begin,
            lateout("x30") _,
        );
    }
    result
}

pub(crate) fn exit(status: usize) -> ! {
    loop {
        // SAFETY: it touches no memory.
        let _ = unsafe { call(call::EXIT_GROUP, [status, 0, 0, 0, 0, 0]) };
    }
}

/// Nanoseconds of the monotonic clock.
pub(crate) fn now_ns() -> u64 {
    const MONOTONIC: usize = 1;
    let mut time = [0_i64; 2];
    let to = (&raw mut time) as usize;
    // SAFETY: the kernel writes two numbers, and there is room for them.
    let _ = unsafe { call(call::CLOCK_GETTIME, [MONOTONIC, to, 0, 0, 0, 0]) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

/// A set of signals: as many bits as there are.
const ALL_SIGNALS: u64 = u64::MAX;
const SIGNAL_BYTES: usize = 8;

/// From now on signals wait, or no longer.
pub(crate) fn block_signals(are_blocked: bool) -> isize {
    const SET: usize = 2;
    let set = if are_blocked { ALL_SIGNALS } else { 0 };
    let from = (&raw const set) as usize;
    // SAFETY: the kernel reads one number, which is there.
    unsafe { call(call::RT_SIGPROCMASK, [SET, from, 0, SIGNAL_BYTES, 0, 0]) }
}

/// A descriptor that becomes readable when a child ended or stopped.
pub(crate) fn child_signals() -> isize {
    const NONBLOCK_CLOEXEC: usize = 0o2_004_000;
    let usual = [0_usize; 4];
    let from = (&raw const usual) as usize;
    // SAFETY: the kernel reads what to do upon the signal, which is the usual.
    let _ = unsafe { call(call::RT_SIGACTION, [SIGCHLD, from, 0, SIGNAL_BYTES, 0, 0]) };
    let set: u64 = 1 << (SIGCHLD - 1);
    let from = (&raw const set) as usize;
    let arguments = [usize::MAX, from, SIGNAL_BYTES, NONBLOCK_CLOEXEC, 0, 0];
    // SAFETY: the kernel reads one number, which is there.
    unsafe { call(call::SIGNALFD4, arguments) }
}

/// The error of a call that a debugger or the like cut short.
pub(crate) const INTERRUPTED: isize = -4;

/// Waits until one of two descriptors is readable, at most so long: which are.
pub(crate) fn wait_readable(fds: [i32; 2], at_most_ns: Option<u64>) -> [bool; 2] {
    const READABLE: u64 = 1 << 32;
    let mut polled = fds.map(|fd| u64::from(fd as u32) | READABLE);
    let timeout = at_most_ns.map(|ns| [(ns / 1_000_000_000) as i64, (ns % 1_000_000_000) as i64]);
    let limit = timeout
        .as_ref()
        .map_or(0, |timeout| timeout.as_ptr() as usize);
    let to = polled.as_mut_ptr() as usize;
    // SAFETY: the kernel writes to two entries and reads a time, which are there.
    let found = unsafe { call(call::PPOLL, [to, 2, limit, 0, 0, 0]) };
    polled.map(|entry| found > 0 && entry >> 48 != 0)
}

/// Reads once: how many bytes that were, none at the end.
pub(crate) fn read(fd: i32, to: &mut [u8]) -> isize {
    let (start, length) = (to.as_mut_ptr() as usize, to.len());
    // SAFETY: the kernel writes to the slice.
    unsafe { call(call::READ, [fd as usize, start, length, 0, 0, 0]) }
}

/// Sends all at once, or nobody is there.
pub(crate) fn send(socket: i32, from: &[u64]) -> isize {
    const NO_SIGNAL: usize = 0x4000;
    let (start, length) = (from.as_ptr() as usize, size_of_val(from));
    // SAFETY: the kernel reads the slice.
    unsafe {
        call(
            call::SENDTO,
            [socket as usize, start, length, NO_SIGNAL, 0, 0],
        )
    }
}

/// A message's header, as the kernel knows it.
#[repr(C)]
struct Message {
    name: usize,
    name_bytes: usize,
    parts: *const [usize; 2],
    part_count: usize,
    control: *mut Control,
    control_bytes: usize,
    flags: usize,
}

/// The descriptors that come with a message.
#[repr(C)]
struct Control {
    bytes: usize,
    level: i32,
    kind: i32,
    fds: [i32; 4],
}

/// Receives once: how many bytes that were, and the descriptors that came with them.
pub(crate) fn receive(socket: i32, to: &mut [u8]) -> (isize, Option<[i32; 3]>) {
    const CLOSE_ON_EXEC: usize = 0x4000_0000;
    const WITH_THREE: usize = 16 + 3 * size_of::<i32>();
    let part = [to.as_mut_ptr() as usize, to.len()];
    let mut control = Control {
        bytes: 0,
        level: 0,
        kind: 0,
        fds: [-1; 4],
    };
    let mut message = Message {
        name: 0,
        name_bytes: 0,
        parts: &raw const part,
        part_count: 1,
        control: &raw mut control,
        control_bytes: size_of::<Control>(),
        flags: 0,
    };
    let header = (&raw mut message) as usize;
    // SAFETY: the kernel reads the header and writes to it, to the slice and to the control.
    let received = unsafe {
        call(
            call::RECVMSG,
            [socket as usize, header, CLOSE_ON_EXEC, 0, 0, 0],
        )
    };
    let [input, output, error, _] = control.fds;
    let fds = (control.bytes == WITH_THREE).then_some([input, output, error]);
    (received, fds)
}

pub(crate) fn close(fd: i32) {
    // SAFETY: it touches no memory.
    let _ = unsafe { call(call::CLOSE, [fd as usize, 0, 0, 0, 0, 0]) };
}

/// Makes `to` the same as `fd`, and one that stays open in a program that is executed.
pub(crate) fn duplicate(fd: i32, to: usize) -> isize {
    // SAFETY: it touches no memory.
    unsafe { call(call::DUP3, [fd as usize, to, 0, 0, 0, 0]) }
}

/// Memory of so many bytes, all zero.
pub(crate) fn allocate(bytes: usize) -> Option<&'static mut [u8]> {
    const READ_WRITE: usize = 3;
    const PRIVATE_ANONYMOUS: usize = 0x22;
    let arguments = [0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, usize::MAX, 0];
    // SAFETY: new memory is nobody else's.
    let start = unsafe { call(call::MMAP, arguments) };
    if start < 0 {
        return None;
    }
    // SAFETY: so much was just made, and it stays until it is given back as a whole.
    Some(unsafe { core::slice::from_raw_parts_mut(start as usize as *mut u8, bytes) })
}

/// Gives memory back.
pub(crate) fn release(memory: &'static mut [u8]) {
    let (start, length) = (memory.as_mut_ptr() as usize, memory.len());
    // SAFETY: it was made by `allocate`, and nobody else has it.
    let _ = unsafe { call(call::MUNMAP, [start, length, 0, 0, 0, 0]) };
}

/// Puts a process into a group of its own.
pub(crate) fn lead_group() -> isize {
    // SAFETY: it touches no memory.
    unsafe { call(call::SETPGID, [0, 0, 0, 0, 0, 0]) }
}

/// Lets this process end when the one that started it does.
pub(crate) fn end_with_parent() {
    const PARENT_DEATH_SIGNAL: usize = 1;
    // SAFETY: it touches no memory.
    let _ = unsafe {
        call(
            call::PRCTL,
            [PARENT_DEATH_SIGNAL, KILLED as usize, 0, 0, 0, 0],
        )
    };
}

/// Names this process, as lists of processes show it.
pub(crate) fn name(name: &core::ffi::CStr) {
    const NAME: usize = 15;
    let from = name.as_ptr() as usize;
    // SAFETY: the kernel reads up to the zero.
    let _ = unsafe { call(call::PRCTL, [NAME, from, 0, 0, 0, 0]) };
}

pub(crate) const KILLED: i32 = 9;
pub(crate) const TERMINATED: i32 = 15;

pub(crate) fn kill_group(leader: i32, signal: i32) {
    // SAFETY: it touches no memory.
    let _ = unsafe {
        call(
            call::KILL,
            [-leader as isize as usize, signal as usize, 0, 0, 0, 0],
        )
    };
}

/// Executes a program; returns the error that kept it from that.
///
/// # Safety
/// The path ends with a zero, and both lists, and all in them.
pub(crate) unsafe fn execute(path: usize, arguments: usize, variables: usize) -> isize {
    // SAFETY: the caller answers for what is read.
    unsafe { call(call::EXECVE, [path, arguments, variables, 0, 0, 0]) }
}

/// How a child is looked at: without waiting, and also whether it was stopped.
const NO_HANG: usize = 1;
const OR_STOPPED: usize = 2;
const EXITED: usize = 4;
const NO_WAIT: usize = 0x0100_0000;

/// Looks whether a child ended or stopped: its number if it did, its status and what it used.
pub(crate) fn collect(pid: i32) -> (isize, i32, [i64; 18]) {
    collect_with(pid, NO_HANG | OR_STOPPED)
}

/// Waits for the end of a child.
pub(crate) fn collect_ended(pid: i32) -> (isize, i32, [i64; 18]) {
    collect_with(pid, 0)
}

fn collect_with(pid: i32, options: usize) -> (isize, i32, [i64; 18]) {
    let (mut status, mut usage) = (0_i32, [0_i64; 18]);
    let (status_to, usage_to) = ((&raw mut status) as usize, (&raw mut usage) as usize);
    // SAFETY: the kernel writes a number and the usage, and there is room for them.
    let found = unsafe {
        call(
            call::WAIT4,
            [pid as usize, status_to, options, usage_to, 0, 0],
        )
    };
    (found, status, usage)
}

/// Whether a child ended; it stays to be collected.
pub(crate) fn has_ended(pid: i32) -> bool {
    const ONE: usize = 1;
    let mut found = [0_u32; 32];
    let to = found.as_mut_ptr() as usize;
    let options = EXITED | NO_HANG | NO_WAIT;
    // SAFETY: the kernel writes at most 128 bytes, and there is room for them.
    let result = unsafe { call(call::WAITID, [ONE, pid as usize, to, options, 0, 0]) };
    result < 0 || found[0] != 0
}

/// How many CPUs a set has room for.
const MOST_CPUS: usize = 8192;

/// Moves this process to a CPU. It may still be moved to others.
pub(crate) fn move_to(cpu: u32) {
    let mut now = 0_u32;
    let to = (&raw mut now) as usize;
    // SAFETY: the kernel writes a number, and there is room for it.
    let asked = unsafe { call(call::GETCPU, [to, 0, 0, 0, 0, 0]) };
    if asked == 0 && now == cpu || cpu as usize >= MOST_CPUS {
        return;
    }
    let mut usable = [0_u64; MOST_CPUS / 64];
    let to = usable.as_mut_ptr() as usize;
    // SAFETY: the kernel writes to as many bytes as it is told of.
    let bytes = unsafe {
        call(
            call::SCHED_GETAFFINITY,
            [0, size_of_val(&usable), to, 0, 0, 0],
        )
    };
    if bytes <= 0 {
        return;
    }
    let mut one = [0_u64; MOST_CPUS / 64];
    one[cpu as usize / 64] = 1 << (cpu % 64);
    for set in [&one, &usable] {
        let from = set.as_ptr() as usize;
        // SAFETY: the kernel reads as many bytes as it is told of.
        let _ = unsafe {
            call(
                call::SCHED_SETAFFINITY,
                [0, size_of_val(set), from, 0, 0, 0],
            )
        };
    }
}
