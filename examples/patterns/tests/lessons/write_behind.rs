use perfkit_patterns::Database;
use perfkit_patterns::write_behind::{
    Behind, Durable, Through, Writer, accounts, log, lost, write_all,
};

fn balances(accounts: &Database) -> Vec<i64> {
    let mut query = accounts
        .connection
        .prepare("SELECT balance FROM accounts ORDER BY id")
        .unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_crash_takes_what_waits_in_memory_and_nothing_else() {
    // Three batches of 32 were written, and four writes were not.
    assert_eq!(lost().unwrap(), [0, 4, 0]);
}

#[test]
fn all_writers_write_the_same_once_they_are_flushed() {
    let expected: Vec<i64> = (0..70).map(|id| 100 * id).collect();
    let (sources, log) = ([(); 3].map(|()| accounts().unwrap()), log().unwrap());
    let [through, behind, durable] = sources.each_ref().map(|source| &source.connection);
    let mut writers: [Box<dyn Writer>; 3] = [
        Box::new(Through(through)),
        Box::new(Behind::new(behind)),
        Box::new(Durable::new(durable, &log.connection).unwrap()),
    ];
    for writer in &mut writers {
        write_all(&mut **writer, 70).unwrap();
        writer.flush().unwrap();
    }
    for source in &sources {
        assert_eq!(balances(source), expected);
    }
}

#[test]
fn the_last_write_to_an_account_stands() {
    let (source, log) = (accounts().unwrap(), log().unwrap());
    let mut durable = Durable::new(&source.connection, &log.connection).unwrap();
    for balance in [1, 2, 3] {
        durable.write((7, balance)).unwrap();
    }
    assert!(balances(&source).is_empty(), "it is behind");
    // The crash: nobody flushes this one any more.
    Durable::new(&source.connection, &log.connection).unwrap();
    assert_eq!(balances(&source), [3]);
}

#[test]
fn a_crash_between_source_and_log_writes_twice_and_changes_nothing() {
    let (source, log) = (accounts().unwrap(), log().unwrap());
    let insert = "INSERT INTO log (account, balance) VALUES (7, 70)";
    for _ in 0..2 {
        log.connection.execute(insert, []).unwrap();
        Durable::new(&source.connection, &log.connection).unwrap();
        assert_eq!(balances(&source), [70]);
    }
}
