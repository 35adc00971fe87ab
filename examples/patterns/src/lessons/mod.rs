//! The lessons, a file each.

#[path = "01_layered_cache.rs"]
pub mod layered_cache;

#[path = "02_cache_aside.rs"]
pub mod cache_aside;

#[path = "02_write_behind.rs"]
pub mod write_behind;

#[path = "03_eviction.rs"]
pub mod eviction;

#[path = "03_invalidation.rs"]
pub mod invalidation;

#[path = "04_memoisation.rs"]
pub mod memoisation;

#[path = "05_batch_executor.rs"]
pub mod batch_executor;

#[path = "05_batch_upload.rs"]
pub mod batch_upload;

#[path = "05_bulk_writes.rs"]
pub mod bulk_writes;

#[path = "05_query_batching.rs"]
pub mod query_batching;

#[path = "06_n_plus_one.rs"]
pub mod n_plus_one;

#[path = "07_pagination.rs"]
pub mod pagination;

#[path = "08_indexes.rs"]
pub mod indexes;

#[path = "08_query_analysis.rs"]
pub mod query_analysis;

#[path = "09_sqlite_settings.rs"]
pub mod sqlite_settings;

#[path = "10_pool.rs"]
pub mod pool;

#[path = "11_columns.rs"]
pub mod columns;

#[path = "12_concurrent.rs"]
pub mod concurrent;

#[path = "13_backpressure.rs"]
pub mod backpressure;

#[path = "14_retry.rs"]
pub mod retry;

#[path = "15_blocking.rs"]
pub mod blocking;

#[path = "16_allocation.rs"]
pub mod allocation;

#[path = "16_streaming.rs"]
pub mod streaming;

#[path = "17_compression.rs"]
pub mod compression;

#[path = "17_encoding.rs"]
pub mod encoding;

#[path = "18_later.rs"]
pub mod later;

#[path = "18_lists.rs"]
pub mod lists;

#[path = "19_publish.rs"]
pub mod publish;

#[path = "20_offline_queue.rs"]
pub mod offline_queue;

#[path = "21_budgets.rs"]
pub mod budgets;

use crate::lesson::Lesson;

/// All lessons, in the order of their numbers.
pub const LESSONS: &[Lesson] = &[
    layered_cache::LESSON,
    cache_aside::LESSON,
    write_behind::LESSON,
    eviction::LESSON,
    invalidation::LESSON,
    memoisation::LESSON,
    batch_executor::LESSON,
    batch_upload::LESSON,
    bulk_writes::LESSON,
    query_batching::LESSON,
    n_plus_one::LESSON,
    pagination::LESSON,
    indexes::LESSON,
    query_analysis::LESSON,
    sqlite_settings::LESSON,
    pool::LESSON,
    columns::LESSON,
    concurrent::LESSON,
    backpressure::LESSON,
    retry::LESSON,
    blocking::LESSON,
    streaming::LESSON,
    allocation::LESSON,
    compression::LESSON,
    encoding::LESSON,
    lists::LESSON,
    later::LESSON,
    publish::LESSON,
    offline_queue::LESSON,
    budgets::LESSON,
];
