//! Comparisons with revisions: checkouts, and the packages that are built of them.

mod checkouts;
mod packages;
