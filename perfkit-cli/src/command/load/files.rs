//! How many files may be open: each connection is one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Allows as many as the system lets this process have. Where it lets it have none more,
/// requests fail that have no connection, and say so.
pub(super) fn allow_many() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
