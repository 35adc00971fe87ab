//! Misuse of the macros, one file each.
