use perfkit_patterns::indexes::{Index, Orders};

#[test]
fn every_index_finds_the_same_and_reads_no_row_without_need() {
    let open = |index| {
        Orders::new(20_000, index, false)
            .unwrap()
            .open_of(7)
            .unwrap()
    };
    let (found, scanned) = open(Index::None);
    assert_eq!(found, [700, 10_700]);
    assert_eq!(scanned, 20_000 - 1);
    for index in [Index::Full, Index::Partial, Index::Composite] {
        assert_eq!(open(index), (found.clone(), 0), "{index:?}");
    }
}

#[test]
fn a_partial_index_is_small_where_few_rows_meet_its_condition() {
    let bytes = |index, all_open| Orders::new(20_000, index, all_open).unwrap().index_bytes();
    let [full, partial] = [Index::Full, Index::Partial].map(|index| bytes(index, false).unwrap());
    assert!(partial * 20 < full, "{partial} {full}");
    let [full, partial] = [Index::Full, Index::Partial].map(|index| bytes(index, true).unwrap());
    assert!(partial * 2 > full, "{partial} {full}");
    assert_eq!(bytes(Index::None, false).unwrap(), 0);
}

#[test]
fn what_is_written_is_taken_back() {
    let orders = Orders::new(1_000, Index::Partial, false).unwrap();
    for _ in 0..2 {
        assert_eq!(orders.write_sent().unwrap(), 1000);
    }
}
