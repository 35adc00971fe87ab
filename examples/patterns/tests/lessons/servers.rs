//! What holds of the lessons on PostgreSQL and Redis, which `examples/patterns/servers run`
//! starts.

#[path = "../../../../perfkit-core/tests/required/mod.rs"]
mod required;

use std::time::Duration;

use perfkit_patterns::bulk_writes::prices;
use perfkit_patterns::indexes::{Index, WITH};
use perfkit_patterns::layered_cache::requests;
use perfkit_patterns::query_analysis::QUERIES;
use perfkit_patterns::servers::bulk_writes::{INSERTS, Shop, UPDATES};
use perfkit_patterns::servers::columns::Articles;
use perfkit_patterns::servers::indexes::Orders;
use perfkit_patterns::servers::layered_cache::{GETS, Shared};
use perfkit_patterns::servers::n_plus_one::{Blog, FORMS};
use perfkit_patterns::servers::pagination::Events;
use perfkit_patterns::servers::pool::Callers;
use perfkit_patterns::servers::publish::{self, Place, Stream};
use perfkit_patterns::servers::query_analysis::{People, TOWN_AND_CODE};
use perfkit_patterns::servers::{Network, Postgres, Redis, Servers};
use perfkit_patterns::{Effort, LESSONS, Lab, page};

/// The servers, if all of them are there.
fn servers() -> Option<Servers> {
    let mut missing = Vec::new();
    let servers = Servers::find(Duration::from_millis(1), |line| {
        missing.push(line.to_owned());
    });
    if missing.is_empty() {
        return Some(servers);
    }
    required::skip(&missing.join("; "));
    None
}

fn postgres() -> Option<Postgres> {
    servers()?.postgres
}

fn redis() -> Option<Redis> {
    servers()?.redis
}

#[test]
fn a_server_that_cannot_be_reached_is_one_line_without_its_password() {
    // A port of this machine that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://somebody:secret@127.0.0.1:{port}/db");
    let error = Postgres::find(&url).err().unwrap().to_string();
    assert!(error.starts_with(&format!("PostgreSQL at 127.0.0.1:{port} cannot be reached")));
    assert!(
        !error.contains("secret") && !error.contains('\n'),
        "{error}"
    );
    let url = format!("redis://:secret@127.0.0.1:{port}/");
    let error = Redis::find(&url).err().unwrap().to_string();
    assert!(error.starts_with(&format!("Redis at 127.0.0.1:{port} cannot be reached")));
    assert!(
        !error.contains("secret") && !error.contains('\n'),
        "{error}"
    );
    let error = Postgres::find("no address: secret").err().unwrap();
    let error = error.to_string();
    assert!(error.starts_with("DATABASE_URL is no address of PostgreSQL"));
    assert!(
        !error.contains("secret") && !error.contains('\n'),
        "{error}"
    );
}

#[test]
fn server_rows_have_the_version_and_names_of_their_own() {
    let Some(servers) = servers() else { return };
    let mut lab = Lab::new(Effort::Quick, |_| ());
    let mut rows = 0;
    for lesson in LESSONS {
        servers.measure(&mut lab, lesson).unwrap();
    }
    let report = lab.report();
    for benchmark in &report.benchmarks {
        let name = &benchmark.name;
        assert!(name.chars().count() <= 60, "perfkit would cut {name}");
        assert!(
            name.contains("PostgreSQL") || name.contains("Redis"),
            "{name}"
        );
    }
    let page = page(&lab, LESSONS);
    for finding in &lab.findings {
        let server = finding.question.on.unwrap();
        let version = &lab.engines[server];
        let row = format!(
            "| {} {version}: {} ",
            finding.question.situation(),
            finding.right
        );
        assert!(page.contains(&row), "{row}");
        rows += 1;
    }
    assert!(rows > 0);
}

#[test]
fn all_forms_find_what_they_find_in_sqlite_in_their_number_of_round_trips() {
    let Some(postgres) = postgres() else { return };
    let sqlite = perfkit_patterns::n_plus_one::blog(10).unwrap();
    let here = perfkit_patterns::n_plus_one::Distance(Duration::ZERO);
    let expected = here.one_by_one(&sqlite.connection).unwrap();
    let blog = Blog::new(&postgres, 10, Network::COUNTED).unwrap();
    let mut round_trips = Vec::new();
    for (name, form) in FORMS {
        let (latest, trips) = blog.round_trips(form).unwrap();
        assert_eq!(latest, expected, "{name}");
        round_trips.push(trips);
    }
    // What is pipelined may be answered in part while the rest is on its way.
    let [one_by_one, pipelined, any, join, window] = round_trips[..] else {
        panic!("{round_trips:?}")
    };
    assert_eq!([one_by_one, any, join, window], [11, 2, 1, 1]);
    assert!((2..11).contains(&pipelined), "{pipelined}");
}

#[test]
fn all_inserts_leave_the_same_rows_and_no_more_round_trips_than_they_need() {
    let Some(postgres) = postgres() else { return };
    let shop = Shop::new(&postgres, Network::COUNTED).unwrap();
    let rows = prices(10, 3);
    let mut round_trips = Vec::new();
    for (name, write) in INSERTS {
        shop.empty().unwrap();
        round_trips.push(shop.round_trips(write, &rows).unwrap());
        assert_eq!(shop.rows().unwrap(), rows, "{name}");
    }
    let [one_by_one, one_transaction, multi_row, unnest, copy] = round_trips[..] else {
        panic!("{round_trips:?}")
    };
    assert_eq!([one_by_one, one_transaction, unnest], [10, 12, 1]);
    // The statement is prepared, and run; COPY is prepared, begun and ended.
    assert!(multi_row <= 2 && copy <= 3, "{multi_row} and {copy}");
}

#[test]
fn all_updates_leave_the_same_prices() {
    let Some(postgres) = postgres() else { return };
    let shop = Shop::new(&postgres, Duration::ZERO).unwrap();
    shop.copy(&prices(30, 0)).unwrap();
    for (seed, (name, update)) in (1..).zip(UPDATES) {
        let changed = prices(10, seed);
        update(&shop, &changed).unwrap();
        let rows = shop.rows().unwrap();
        assert_eq!(rows[..10], changed, "{name}");
        assert_eq!(rows[10..], prices(30, 0)[10..], "{name}");
    }
}

#[test]
fn every_index_finds_the_same_and_a_partial_one_is_small() {
    let Some(postgres) = postgres() else { return };
    let orders = |index| Orders::new(&postgres, 20_000, index).unwrap();
    assert_eq!(orders(Index::None).open_of(7).unwrap(), [700, 10_700]);
    let sizes = WITH.map(|index| {
        let orders = orders(index);
        assert_eq!(orders.open_of(7).unwrap(), [700, 10_700], "{index:?}");
        orders.write_sent().unwrap();
        assert_eq!(orders.open_of(7).unwrap(), [700, 10_700], "{index:?}");
        orders.index_bytes().unwrap()
    });
    let [full, partial, composite] = sizes;
    assert!(partial * 5 < full && full < composite, "{sizes:?}");
}

#[test]
fn the_server_says_what_it_scans_what_it_expected_and_what_nobody_uses() {
    let Some(postgres) = postgres() else { return };
    let people = People::new(&postgres, 10_000).unwrap();
    let [wrong, right] = QUERIES.map(|query| people.plan(query).unwrap());
    assert_eq!(wrong.scanned, ["people"]);
    assert!(wrong.suggestions()[0].starts_with("all of `people` is read"));
    assert!(right.scanned.is_empty() && right.sorts, "{right:?}");
    assert!(right.indexes.contains("people_by_city"), "{right:?}");
    assert_eq!((right.estimated_rows, right.actual_rows), (Some(100), 100));
    // One condition in a hundred of one in a hundred, where the second says nothing new.
    let guessed = people.plan(TOWN_AND_CODE).unwrap();
    assert_eq!(
        (guessed.estimated_rows, guessed.actual_rows),
        (Some(1), 100)
    );
    assert!(
        guessed
            .suggestions()
            .join(" ")
            .contains("100 rows in place of some 1")
    );
    people.say_that_codes_are_of_towns().unwrap();
    let known = people.plan(TOWN_AND_CODE).unwrap();
    assert_eq!((known.estimated_rows, known.actual_rows), (Some(100), 100));
    let unused = people.unused_indexes().unwrap();
    let names: Vec<&str> = unused.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["people_by_birth"]);
    assert!(unused[0].1 > 0, "{unused:?}");
    people
        .plan("SELECT name FROM people WHERE born = 1950")
        .unwrap();
    assert!(people.unused_indexes().unwrap().is_empty());
}

#[test]
fn offset_and_cursor_bring_the_same_pages() {
    let Some(postgres) = postgres() else { return };
    let events = Events::new(&postgres, 100).unwrap();
    let mut after = (0, 0);
    for page in 0..5 {
        let by_offset = events.by_offset(page * 20).unwrap();
        assert_eq!(by_offset.len(), 20);
        assert_eq!(events.by_cursor(after).unwrap(), by_offset);
        after = by_offset[19].0;
    }
    assert!(events.by_cursor(after).unwrap().is_empty());
}

#[test]
fn titles_are_the_same_and_come_in_fewer_bytes() {
    let Some(postgres) = postgres() else { return };
    let articles = Articles::new(&postgres, 4000, Duration::ZERO).unwrap();
    let [all, rows, needed] = [0, 1, 2].map(|query| articles.titles(query).unwrap());
    assert_eq!(all.0.len(), 100);
    assert!(all.0 == rows.0 && all.0 == needed.0);
    assert!(
        all.1 > 4_000_000 && rows.1 * 9 < all.1,
        "{} {}",
        all.1,
        rows.1
    );
    assert!(needed.1 < 10_000, "{}", needed.1);
}

#[test]
fn a_stream_gives_back_what_a_subscriber_missed() {
    let Some(redis) = redis() else { return };
    let everything: Vec<u64> = (0..100).collect();
    let [heard, followed] = Stream::away_for_half(&redis).unwrap();
    assert_eq!(heard, everything[..50], "PUBLISH tells who listens");
    assert_eq!(followed, everything);
    let [trusting, expecting] = publish::seen_by_both(&redis).unwrap();
    assert_eq!(trusting, everything[..50], "its connection is dead");
    assert_eq!(expecting, everything);
}

#[test]
fn messages_that_go_together_take_fewer_round_trips_and_stay_in_order() {
    let Some(redis) = redis() else { return };
    let mut stream = Stream::new(&redis, Network::COUNTED).unwrap();
    for (name, publish) in publish::PUBLISHES {
        let trips = stream.round_trips(publish).unwrap();
        // What is pipelined may be answered in part while the rest is on its way.
        assert_eq!(trips == 100, name == "XADD each", "{trips}");
        for at_a_time in [1, 100] {
            let mut place = Place::default();
            let trips = stream.take_all(&mut place, at_a_time).unwrap();
            assert_eq!(
                trips,
                100 / at_a_time + 1,
                "{name}: and one that finds no more"
            );
            assert_eq!(place.seen, (0..100).collect::<Vec<_>>(), "{name}");
        }
        stream.empty().unwrap();
    }
}

#[test]
fn urgent_messages_of_a_stream_of_their_own_overtake_all_others() {
    let Some(redis) = redis() else { return };
    let mut stream = Stream::new(&redis, Duration::ZERO).unwrap();
    assert_eq!(stream.before_last_urgent(false).unwrap(), 200);
    assert_eq!(stream.before_last_urgent(true).unwrap(), 0);
}

#[test]
fn a_pool_connects_once_for_queries_that_follow_each_other() {
    let Some(postgres) = postgres() else { return };
    let callers = Callers::new(&postgres, Network::COUNTED).unwrap();
    for _ in 0..5 {
        assert_eq!(callers.connect_each_time().unwrap(), 7);
    }
    assert_eq!(callers.network.connections(), 5);
    let pool = callers.pool(4).unwrap();
    for _ in 0..5 {
        assert_eq!(callers.from_pool(&pool).unwrap(), 7);
    }
    assert_eq!(callers.network.connections(), 6);
    // All at once they take as many as there are, and no more.
    callers.p99_wait(&pool, Duration::ZERO).unwrap();
    assert_eq!(callers.network.connections(), 9);
}

#[test]
fn all_ways_get_the_same_of_redis_in_their_number_of_round_trips() {
    let Some(redis) = redis() else { return };
    let shared = Shared::new(&redis, Network::COUNTED).unwrap();
    let keys = requests(50, true);
    let expected: Vec<String> = keys.iter().map(|key| format!("report {key}")).collect();
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    let mut round_trips = Vec::new();
    for (name, get) in GETS {
        let (values, trips) = shared.round_trips(get, &keys).unwrap();
        assert_eq!(values, expected, "{name}");
        round_trips.push(trips);
    }
    let [each, pipelined, mget, memory] = round_trips[..] else {
        panic!("{round_trips:?}")
    };
    assert_eq!([each, mget, memory], [50, 1, different.len() as u64]);
    // What is pipelined may be answered in part while the rest is on its way.
    assert!((1..50).contains(&pipelined), "{pipelined}");
}
