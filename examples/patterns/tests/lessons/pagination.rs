use perfkit_patterns::pagination::{Cursor, PAGE, by_cursor, by_offset, events};

#[test]
fn both_forms_read_every_row_once_and_in_the_same_order() {
    let log = events(130).unwrap();
    let log = &log.connection;
    let (mut paged, mut cursor) = (Vec::new(), Cursor::default());
    for offset in (0..160).step_by(PAGE as usize) {
        let page = by_cursor(log, cursor).unwrap();
        assert_eq!(page.events, by_offset(log, offset).unwrap().events);
        cursor = page.events.last().map_or(cursor, |(last, _)| *last);
        paged.extend(page.events);
    }
    assert_eq!(paged.len(), 130);
}

#[test]
fn a_row_that_arrives_meanwhile_is_seen_twice_by_offset_and_not_by_cursor() {
    let log = events(100).unwrap();
    let log = &log.connection;
    let first = by_offset(log, 0).unwrap();
    let (last, text) = first.events.last().unwrap().clone();
    log.execute("INSERT INTO events VALUES (1000, 0, 'late')", [])
        .unwrap();
    let by_offset = by_offset(log, PAGE).unwrap();
    assert_eq!(by_offset.events[0].1, text);
    let by_cursor = by_cursor(log, last).unwrap();
    assert_eq!(by_cursor.events[0].1, by_offset.events[1].1);
}

#[test]
fn an_offset_reads_what_it_skips() {
    let log = events(10_000).unwrap();
    let log = &log.connection;
    let page = by_offset(log, 9_000).unwrap();
    assert!(page.steps > 9_000, "{}", page.steps);
    let before = by_offset(log, 9_000 - PAGE).unwrap();
    let after = before.events.last().unwrap().0;
    let page = by_cursor(log, after).unwrap();
    assert_eq!(page.events.len() as u64, PAGE);
    assert!(page.steps < 400, "{}", page.steps);
}
