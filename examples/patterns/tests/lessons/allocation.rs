use opool::Pool;
use perfkit_patterns::allocation::{Buffers, Compressors, arena_list, boxed_list, compressed};
use perfkit_patterns::memory_of;

#[test]
fn a_pool_hands_cleared_objects_out_again_and_allocates_none() {
    let pool = Pool::new_prefilled(2, Buffers(64));
    let ((), used) = memory_of(|| {
        for _ in 0..100 {
            let mut buffer = pool.get();
            assert!(buffer.is_empty());
            buffer.extend_from_slice(&[7; 64]);
        }
    });
    assert_eq!(used.allocations, 0);
}

#[test]
fn a_compressor_that_was_used_packs_like_a_new_one() {
    let pool = Pool::new_prefilled(1, Compressors);
    let first = compressed(&mut pool.get()).unwrap();
    let again = memory_of(|| compressed(&mut pool.get()).unwrap());
    assert!(!first.is_empty() && first == again.0);
    assert_eq!(again.1.allocations, 1, "for what it packs alone");
}

#[test]
fn an_arena_takes_few_blocks_for_the_same_list() {
    let (boxed, each) = memory_of(|| boxed_list(10_000));
    let (in_arena, blocks) = memory_of(|| arena_list(10_000));
    assert_eq!(boxed, in_arena);
    assert_eq!(each.allocations, 10_000);
    assert!(blocks.allocations < 30, "{blocks:?}");
}
