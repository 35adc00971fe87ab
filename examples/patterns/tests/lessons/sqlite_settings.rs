use perfkit_patterns::sqlite_settings::{
    JOURNALS, Journal, read_all_over, reads_refused, write, writes_refused,
};

fn setting(journal: Journal) -> (String, u32) {
    let database = journal.open().unwrap();
    let ask = &database.connection;
    let mode = ask.query_one("PRAGMA journal_mode", [], |row| row.get(0));
    let synchronous = ask.query_one("PRAGMA synchronous", [], |row| row.get(0));
    (mode.unwrap(), synchronous.unwrap())
}

#[test]
fn what_is_set_is_what_is_read_back() {
    let settings = JOURNALS.map(|(_, journal)| setting(journal));
    let expected = [("delete", 2), ("wal", 2), ("wal", 1)];
    assert_eq!(
        settings,
        expected.map(|(mode, sync)| (mode.to_owned(), sync))
    );
}

#[test]
fn a_setting_that_is_not_taken_is_told() {
    let unknown = Journal {
        mode: "paper",
        synchronous: "full",
    };
    let error = unknown.open().err().unwrap().to_string();
    assert_eq!(error, "the journal is `wal` in place of `paper`");
}

#[test]
fn all_journals_keep_the_same_rows() {
    for (name, journal) in JOURNALS {
        let database = journal.open().unwrap();
        write(&database.connection, 3, 5).unwrap();
        let other = database.connect().unwrap();
        let rows = other.query_one("SELECT count(*) FROM events", [], |row| row.get(0));
        assert_eq!(rows, Ok(15), "{name}");
        assert_eq!(read_all_over(&other, 15).unwrap(), 1000, "{name}");
    }
}

#[test]
fn readers_and_a_writer_keep_each_other_out_unless_the_journal_is_written_ahead() {
    let refused = JOURNALS.map(|(_, journal)| {
        let database = journal.open().unwrap();
        let refused = [reads_refused(&database), writes_refused(&database)];
        refused.map(Result::unwrap)
    });
    assert_eq!(refused, [[10, 10], [0, 0], [0, 0]]);
}
