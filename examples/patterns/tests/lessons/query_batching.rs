use std::time::Duration;

use perfkit::Monitor;
use perfkit_patterns::n_plus_one::blog;
use perfkit_patterns::query_batching::{Authors, counts, parts};
use tokio::runtime::Builder;

#[test]
fn both_forms_answer_each_part_alike() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let blog = blog(20).unwrap();
    let connection = blog.connect().unwrap();
    let authors = Authors::new(connection, Duration::ZERO, &Monitor::new());
    let parts = [3, 5, 3, 99];
    let answers = runtime.block_on(authors.each_by_itself(&parts));
    assert_eq!(answers[2], Ok("author 3".to_owned()));
    assert_eq!(answers[3], Err("there is no author 99".to_owned()));
    assert_eq!(runtime.block_on(authors.by_loader(&parts)), answers);
}

#[test]
fn a_loader_asks_once_and_for_each_key_once() {
    assert_eq!(counts(&parts()).unwrap(), [[100, 1], [100, 20]]);
    assert_eq!(counts(&[7]).unwrap(), [[1, 1], [1, 1]]);
}
