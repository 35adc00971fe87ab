//! What holds of the lessons on PostgreSQL and Redis, which `examples/patterns/servers run`
//! starts.

#[path = "../../../../perfkit-core/tests/required/mod.rs"]
mod required;

use std::time::Duration;

use perfkit_patterns::bulk_writes::prices;
use perfkit_patterns::layered_cache::requests;
use perfkit_patterns::servers::bulk_writes::{INSERTS, Shop};
use perfkit_patterns::servers::layered_cache::{GETS, Shared};
use perfkit_patterns::servers::n_plus_one::{Blog, FORMS};
use perfkit_patterns::servers::pool::Callers;
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
    let [one_by_one, pipelined, any, join] = round_trips[..] else {
        panic!("{round_trips:?}")
    };
    assert_eq!([one_by_one, any, join], [11, 2, 1]);
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
    let Some(redis) = servers().and_then(|servers| servers.redis) else {
        return;
    };
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
