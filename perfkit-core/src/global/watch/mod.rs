//! A program that can be watched while it runs: asked to, it listens on a local socket and
//! answers each request with what it recorded so far.
//!
//! What keeps the program as it is without that:
//!
//! - Nothing listens unless it is asked for, and never where the program has rights that
//!   whoever started it has not.
//! - A thread of its own answers, one request at a time; requests, answers and waiting are
//!   bounded. A snapshot stops nobody. No signal is delivered to the thread.
//! - Folder and socket are for the user alone, and whoever connects is asked for.
//! - A forked child has neither the thread nor the socket's file: it leaves that alone.
//!
//! `place.rs` knows where sockets are, `protocol.rs` what goes over them, and `table.rs` and
//! `row.rs` its short form: a line for each operation. Both ends are here, so that they agree.
//!
//! No public interface but [`crate::watchable`]: what is exported is for the command line.

mod place;
mod protocol;
mod row;
mod server;
mod table;

pub use place::{Watched, watched, watched_processes};
pub use protocol::{Brief, Request, WatchError, ask, ask_for_table};
pub use row::{OperationRow, recent};
pub use table::{Table, TableRequest};

pub(super) use server::{close, open};
