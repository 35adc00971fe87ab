//! The index is never the truth: whatever becomes of it, the records are shown.

use crate::history::History;

#[test]
fn a_damaged_index_or_none_is_made_anew() {
    let history = History::new();
    history.commit("first");
    for day in 1..=3 {
        history.record(day, 1.0);
    }
    let shown = || {
        history
            .run(&["show", "parse", "--format", "csv"])
            .exits_with(0)
            .stdout
    };
    let expected = shown();
    let index = history.index_file();
    let whole = std::fs::read(&index).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[100..middle].fill(0xA5);
    let cut = whole[..middle].to_vec();
    for content in [Vec::new(), b"no database".to_vec(), damaged, cut] {
        std::fs::write(&index, content).unwrap();
        assert_eq!(shown(), expected);
    }
    std::fs::remove_file(&index).unwrap();
    assert_eq!(shown(), expected);
}

#[test]
fn an_index_of_another_form_is_made_anew() {
    let history = History::new();
    history.commit("first");
    history.record(1, 1.0);
    let index = history.index_file();
    let mut bytes = std::fs::read(&index).unwrap();
    // The form stands in the header of the file, at byte 60.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&index, bytes).unwrap();
    assert_eq!(history.count(&[]), 1);
}

/// From 64 records on, values are brought from records to series.
#[test]
fn values_are_the_same_however_they_came_to_the_index() {
    let history = History::new();
    history.commit("first");
    history.run(&["index"]).exits_with(0);
    for start in [0, 30, 60, 90, 120] {
        let reports: Vec<_> = (start..start + 30)
            .map(|day| history.report(day, 1.0 + day as f64))
            .collect();
        let mut arguments = vec!["record"];
        arguments.extend(reports.iter().map(|path| path.to_str().unwrap()));
        history.run(&arguments).exits_with(0);
    }
    let shown = || {
        history
            .run(&["show", "parse", "--format", "csv"])
            .exits_with(0)
            .stdout
    };
    let one_by_one = shown();
    assert_eq!(one_by_one.lines().count(), 151);
    history
        .run(&["index", "--rebuild"])
        .exits_with(0)
        .says("150 records added");
    let is_same = shown() == one_by_one;
    assert!(
        is_same,
        "the index made anew has other values, or another order"
    );
}
