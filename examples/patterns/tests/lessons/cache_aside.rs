use perfkit::Monitor;
use perfkit_patterns::cache_aside::{Profiles, loads, stale_reads, users};

#[test]
fn without_single_flight_all_who_miss_ask_the_source() {
    let users = users().unwrap();
    assert_eq!(loads(&users, 16, Profiles::aside).unwrap(), 16);
    assert_eq!(loads(&users, 16, Profiles::through).unwrap(), 1);
    assert_eq!(loads(&users, 1, Profiles::aside).unwrap(), 1);
    assert_eq!(loads(&users, 1, Profiles::through).unwrap(), 1);
}

#[test]
fn both_forms_answer_alike_and_tell_what_is_not_there() {
    let users = users().unwrap();
    let profiles = Profiles::new(&users, 1, &Monitor::new(), "loads").unwrap();
    for _ in 0..2 {
        assert_eq!(profiles.aside(3).unwrap(), "user 3");
        assert_eq!(profiles.through(4).unwrap(), "user 4");
    }
    assert!(profiles.aside(1000).is_err());
    assert!(profiles.through(1000).is_err());
}

#[test]
fn what_is_not_invalidated_is_stale() {
    let users = users().unwrap();
    assert_eq!(stale_reads(&users, Profiles::rename).unwrap(), 10);
    let right = stale_reads(&users, Profiles::rename_and_invalidate);
    assert_eq!(right.unwrap(), 0);
}
