//! Load on real runtimes and threads. How long anything takes decides nothing here.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, PoisonError};
use std::time::Duration;

use perfkit::load::{self, Limits, LoadModel, LoadResult, LoadShard, Open};
use perfkit::outcome::Failure;
use perfkit::report::{CapacityEnd, TrialOutcome};
use perfkit::{Outcome, Report};
use tokio::runtime::{Builder, Runtime};

const SHORT: Duration = Duration::from_millis(200);

/// 200 operations.
fn short() -> Open {
    load::open(1000.0).constant().for_(SHORT)
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn ends(result: &LoadResult) -> [u64; 4] {
    let calls = result.operation().lifetime.calls;
    [calls.success, calls.failure, calls.panic, calls.cancelled]
}

fn kinds(result: &LoadResult) -> Vec<(&str, u64)> {
    let errors = result.operation().errors.iter();
    errors.map(|e| (e.kind.as_str(), e.count)).collect()
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

#[test]
fn every_operation_is_started_once_and_counted_by_how_it_ended() {
    let seen = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&seen);
    let result = runtime().block_on(short().run(move |index| {
        let seen = Arc::clone(&counted);
        async move {
            seen.fetch_add(1 << (16 * (index % 4)), Ordering::SeqCst);
            tokio::task::yield_now().await;
            match index % 4 {
                0 => Ok(()),
                1 => Err(Refused),
                2 => panic!("expected in this test"),
                _ => Ok(()),
            }
        }
    }));
    assert_eq!(ends(&result), [100, 50, 50, 0]);
    assert_eq!(result.run().offered, 200);
    assert_eq!(seen.load(Ordering::SeqCst), 0x0032_0032_0032_0032);
    let (kind, count) = kinds(&result)[0];
    assert!(kind.ends_with("Refused") && count == 50, "{kind}");
    let calls = &result.operation().lifetime;
    assert_eq!(calls.call_time().unwrap().count, 200);
    assert_eq!(calls.service_time().unwrap().count, 200);
    assert_eq!(calls.schedule_lag().unwrap().count, 200);
    assert_eq!(calls.calls_per_second, Some(1000.0));
}

#[test]
fn a_runtime_of_one_thread_will_do() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(short().run(|_| async {}));
    assert_eq!(ends(&result), [200, 0, 0, 0]);
}

#[test]
fn what_is_too_much_is_shed_and_what_never_ends_is_cut_off() {
    let load = short().max_in_flight(5).drain(Duration::from_millis(20));
    let result = runtime().block_on(load.run(|_| std::future::pending::<()>()));
    assert_eq!(ends(&result), [0, 195, 0, 5]);
    let run = result.run();
    assert_eq!((run.shed, run.cut_off, run.most_in_flight), (195, 5, 5));
    assert_eq!(kinds(&result), [("shed", 195)]);
    let text = result.to_string();
    assert!(text.contains("195 not started"), "{text}");
    assert!(text.contains("5 cancelled"), "{text}");
}

#[test]
fn an_operation_says_itself_of_what_kind_its_failure_is() {
    let result = runtime()
        .block_on(short().run(|_| async {
            Outcome::Failure(Failure::new("status_503", "Service Unavailable"))
        }));
    assert_eq!(kinds(&result), [("status_503", 200)]);
}

#[test]
fn the_warm_up_is_run_and_not_counted() {
    let seen = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&seen);
    let load = short().warm_up(Duration::from_millis(100));
    let result = runtime().block_on(load.run(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    }));
    assert_eq!(seen.load(Ordering::SeqCst), 300);
    assert_eq!(ends(&result), [200, 0, 0, 0]);
    assert_eq!(result.run().warm_up_calls, 100);
}

#[test]
fn a_run_that_is_ended_keeps_what_it_has() {
    let load = load::open(1000.0)
        .constant()
        .for_(Duration::from_secs(3600));
    let handle = load.handle();
    assert!(handle.so_far().is_none());
    let from_inside = handle.clone();
    let result = runtime().block_on(load.run(move |index| {
        if index == 49 {
            let so_far = from_inside.so_far().unwrap();
            assert!(so_far.calls_in_flight >= 1);
            from_inside.stop();
        }
        async {}
    }));
    let run = result.run();
    assert!(run.is_interrupted && run.offered >= 50, "{run:?}");
    assert_eq!(ends(&result), [run.offered, 0, 0, 0]);
}

#[test]
fn nobody_waiting_for_it_ends_a_run() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    struct Tell(Arc<AtomicBool>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let runtime = runtime();
    let tell = Tell(Arc::clone(&is_dropped));
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let load = load::open(1000.0).for_(Duration::from_secs(3600));
    runtime.block_on(async {
        let load = load.run(move |_| {
            let _kept = &tell;
            let _ = started.send(());
            std::future::pending::<()>()
        });
        tokio::select! {
            _ = load => panic!("it takes an hour"),
            _ = has_started.recv() => {}
        }
    });
    // The closure is dropped with the last operation and the thread of the schedule.
    while !is_dropped.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn synchronous_work_has_threads_of_its_own() {
    // It takes both threads to go on.
    let barrier = Arc::new(Barrier::new(2));
    let result = short().run_blocking(2, move |index| {
        barrier.wait();
        match index % 2 {
            0 => Ok(()),
            _ if index % 4 == 1 => panic!("expected in this test"),
            _ => Err(Refused),
        }
    });
    assert_eq!(ends(&result), [100, 50, 50, 0]);
    assert_eq!(
        result.operation().lifetime.service_time().unwrap().count,
        200
    );
}

#[test]
fn threads_that_do_not_return_are_left_behind() {
    let (never, waits) = std::sync::mpsc::channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    let load = short().max_in_flight(8).drain(Duration::from_millis(20));
    let result = load.run_blocking(2, move |_| {
        let _ = waits.lock().unwrap_or_else(PoisonError::into_inner).recv();
    });
    assert_eq!(ends(&result), [0, 192, 0, 8]);
    assert_eq!((result.run().shed, result.run().cut_off), (192, 8));
    drop(never);
}

#[test]
fn a_closed_load_says_that_it_is_one() {
    let load = load::closed(3).for_(Duration::from_millis(50));
    let result = runtime().block_on(load.run(|index| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if index == 5 {
            panic!("expected in this test");
        }
    }));
    let [success, failure, panic, cancelled] = ends(&result);
    assert!(success > 0, "{result}");
    assert_eq!((failure, panic, cancelled), (0, 1, 0));
    let run = result.run();
    assert_eq!((run.model, run.clients), (LoadModel::Closed, 3));
    assert_eq!(run.offered, success + panic);
    assert_eq!(run.most_in_flight, 3);
    let text = result.to_string();
    assert!(text.contains("closed load, which hides waiting"), "{text}");
    assert!(text.contains("coordinated omission"), "{text}");
}

#[test]
fn a_report_of_it_is_one_of_the_schema_and_is_read_again() {
    let load = short().name("GET /").shard(LoadShard::new(2, 4).unwrap());
    let result = runtime().block_on(load.run(|_| async { Err::<(), _>(Refused) }));
    let json = result.report().to_json().unwrap();
    assert_fits_schema(&json);
    let back = Report::from_json(json.as_bytes()).unwrap();
    assert_eq!(back.operations[0], *result.operation());
    assert_eq!(back.operations[0].load.as_ref().unwrap().offered, 50);
}

#[track_caller]
fn assert_fits_schema(json: &str) {
    let schema = include_str!("../schema/perfkit-2.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let errors = validator.iter_errors(&value).map(|e| e.to_string());
    let errors: Vec<String> = errors.collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn shares_add_up_to_what_one_generator_has() {
    let counts = |load: Open| {
        let result = runtime().block_on(load.run(|index| async move {
            match index % 3 {
                0 => Ok(()),
                _ => Err(Refused),
            }
        }));
        result.report()
    };
    let poisson = || load::open(2000.0).seed(9).for_(SHORT);
    let whole = counts(poisson());
    let shares = (1..=8).map(|number| counts(poisson().shard(LoadShard::new(number, 8).unwrap())));
    let together = shares.reduce(|mut all, one| {
        all.merge_recorded(one);
        all
    });
    let (whole, together) = (&whole.operations[0], &together.unwrap().operations[0]);
    assert_eq!(whole.lifetime.calls, together.lifetime.calls);
    assert_eq!(whole.errors, together.errors);
    let [one, all] = [whole, together].map(|o| o.load.as_deref().unwrap());
    assert_eq!((one.offered, one.runs), (all.offered, 1));
    assert_eq!((all.runs, all.shards.len()), (8, 8));
    assert!(all.is_of_same_schedule(one));
    let count = |metric: &str| together.lifetime.metric(metric).unwrap().count;
    assert_eq!(count("schedule_lag"), all.offered);
    assert_eq!(count("call_time"), all.offered);
}

#[test]
fn a_load_of_nothing_is_inconclusive() {
    for rate in [0.0, -5.0, f64::NAN] {
        let result = runtime().block_on(load::open(rate).for_(SHORT).run(|_| async {}));
        assert!(!result.is_conclusive());
        assert!(result.to_string().contains("inconclusive: nothing was due"));
        assert!(Report::from_json(result.report().to_json().unwrap().as_bytes()).is_ok());
    }
}

/// A service that takes 300 operations a second, told by their number and not by a clock.
#[test]
fn a_capacity_is_found_with_an_interval_and_each_trial_is_in_the_report() {
    let limits = Limits::parse("success > 50%").unwrap();
    let runtime = runtime();
    let search = load::find_capacity(limits).up_to(2000.0).precision(0.2);
    let found = search.run_blocking(|rate, trial| {
        let load = load::open(rate).seed(trial).for_(SHORT);
        runtime.block_on(load.run(move |_| async move {
            match rate <= 300.0 {
                true => Ok(()),
                false => Err(Refused),
            }
        }))
    });
    let capacity = found.capacity();
    let (low, high) = (capacity.low.unwrap(), capacity.high.unwrap());
    assert!(
        low <= 300.0 && high > 300.0 && high <= low * 1.2001,
        "{capacity:?}"
    );
    assert_eq!(capacity.ends_by, CapacityEnd::Limit);
    let report = found.report();
    assert_eq!(report.operations.len(), capacity.trials.len());
    for (trial, operation) in capacity.trials.iter().zip(&report.operations) {
        assert_eq!(trial.operation, operation.name);
        let is_kept = trial.outcome == TrialOutcome::Kept;
        assert_eq!(is_kept, trial.rate <= 300.0, "{trial:?}");
    }
    let text = found.to_string();
    assert!(text.starts_with("load: capacity "), "{text}");
    let json = report.to_json().unwrap();
    assert_eq!(
        Report::from_json(json.as_bytes()).unwrap().capacity,
        report.capacity
    );
    assert_fits_schema(&json);
}

#[test]
fn a_search_that_is_ended_says_what_it_has() {
    let limits = Limits::parse("success > 50%").unwrap();
    let runtime = runtime();
    let found = load::find_capacity(limits).run_blocking(|rate, trial| {
        let load = load::open(rate).for_(SHORT);
        let handle = load.handle();
        runtime.block_on(load.run(move |_| {
            if trial == 1 {
                handle.stop();
            }
            async {}
        }))
    });
    let capacity = found.capacity();
    assert_eq!((capacity.low, capacity.trials.len()), (Some(100.0), 1));
    assert_eq!(capacity.ends_by, CapacityEnd::Interrupted);
}
