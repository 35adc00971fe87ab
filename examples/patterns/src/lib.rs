//! The gallery: performance patterns, wrong and right, measured with perfkit.
//!
//! A file of `lessons/` is a lesson. It says the pattern in a few sentences, has the wrong
//! and the right form side by side, and asks the [`Lab`] to compare them. `form` is one way
//! to do something, `question` what is asked of two, `lab` measures, `finding` is what came
//! out, `table` and `page` show it.

mod claim;
mod database;
mod finding;
mod form;
mod lab;
mod lesson;
mod lessons;
mod memory_use;
mod page;
mod question;
#[cfg(feature = "servers")]
pub mod servers;
mod table;

pub use claim::Claim;
pub use database::{Database, Traffic};
pub use finding::{Finding, Measured};
pub use form::Form;
pub use lab::{Effort, Lab};
pub use lesson::{Error, Lesson};
pub use lessons::*;
pub use memory_use::{MemoryUse, memory_of};
pub use page::page;
pub use question::{Amounts, Question};
pub use table::{claims, table};

/// Counts what the lessons allocate.
#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();
