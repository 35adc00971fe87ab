//! What compilers expect of every program. Each byte is touched volatilely, so that the
//! compiler does not make calls of these very functions of the loops.

/// Fills memory with a byte.
///
/// # Safety
/// So many bytes may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    for at in 0..count {
        // SAFETY: the caller answers for all of them.
        unsafe { to.add(at).write_volatile(byte as u8) };
    }
    to
}

/// Copies memory that does not overlap.
///
/// # Safety
/// So many bytes may be read and written.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    for at in 0..count {
        // SAFETY: the caller answers for all of them.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
    }
    to
}
