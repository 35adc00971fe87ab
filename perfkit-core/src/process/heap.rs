//! What a process holds of memory that it has freed.

/// Gives memory that was freed back to the system, as far as the allocator keeps it for
/// later: what is allocated next is then not there yet, as in a process that has just
/// started.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
pub(crate) fn release_free_memory() {
    // SAFETY: the call may be made at any time by any thread; it touches only memory that
    // is not allocated.
    let _ = unsafe { libc::malloc_trim(0) };
}

/// The allocator of this system does not have to be asked.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn release_free_memory() {}

/// Lets the peak of the resident size begin anew, where the system can.
pub(crate) fn reset_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
