//! Rounds whose workers are scripted and run on a clock that is set by hand.

use std::rc::Rc;

use super::scripted::{Event, Scripted, two};
use super::*;
use crate::bench::engine::FunctionSettings;
use crate::bench::samples::Samples;
use crate::compare::{ComparisonSet, VerdictRules};
use crate::report::{FailureKind, StopReason};

fn settings() -> FunctionSettings {
    FunctionSettings::new(VerdictRules::default(), 1)
}

/// After how many rounds there is an interim analysis.
fn interim() -> Vec<u64> {
    let rule = settings().stopping_rule(2, 1);
    rule.interim
        .iter()
        .map(|analysis| analysis.min_replicates)
        .collect()
}

fn failure() -> RunFailure {
    RunFailure::new(FailureKind::Worker, "the process ended").with_stderr("a panic")
}

#[test]
fn processes_that_start_slowly_are_measured_for_longer() {
    let mut scripted = Scripted::steady(&[1000.0, 1100.0]);
    scripted.launch_time = Duration::from_millis(15);
    let sampled = scripted.run(&settings());
    assert_eq!(sampled.sampling.blocks, 21 * sampled.sampling.rounds);
}

/// Noise of a few percent that changes with the implementation and the round.
fn noisy(implementation: usize, round: u64) -> f64 {
    let phase = 1.7 * implementation as f64 + 2.3 * round as f64;
    1000.0 * (1.0 + 0.03 * phase.sin())
}

#[test]
fn a_round_starts_one_process_each_on_one_cpu() {
    let mut scripted = Scripted::steady(&[1000.0, 1100.0]);
    let sampled = scripted.run(&settings());
    let launches: Vec<(usize, Placement)> = scripted
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Launch(implementation, placement) => Some((implementation, placement)),
            _ => None,
        })
        .collect();
    assert_eq!(launches.len() as u64, 2 * sampled.sampling.rounds);
    for round in launches.chunks(2) {
        let mut who: Vec<usize> = round.iter().map(|(who, _)| *who).collect();
        who.sort_unstable();
        assert_eq!(who, [0, 1]);
        assert_eq!(round[0].1, round[1].1, "all of a round are placed alike");
    }
    let places = |of: &dyn Fn(&Placement) -> usize| {
        let mut all: Vec<usize> = launches
            .iter()
            .map(|(_, placement)| of(placement))
            .collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    };
    assert!(places(&|p| p.cpu as usize) > 5, "the CPU changes");
    assert!(places(&|p| p.padding_bytes) > 10, "paddings differ");
    assert!(places(&|p| p.heap_offset_bytes) > 10, "heaps differ");
    let first_launched: Vec<usize> = launches.chunks(2).map(|round| round[0].0).collect();
    assert!(first_launched.contains(&0) && first_launched.contains(&1));
}

#[test]
fn only_the_first_round_calibrates() {
    let mut scripted = Scripted::steady(&[1000.0, 1100.0]);
    scripted.run(&settings());
    let events = scripted.events();
    let calibrations: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::Calibrate(_)))
        .collect();
    assert_eq!(calibrations.len(), 2);
    assert!(
        events[..2]
            .iter()
            .all(|event| matches!(event, Event::Launch(..)))
    );
    assert_eq!(events[2..4], [Event::Start(0), Event::Start(1)]);
    assert!(
        events[4..6]
            .iter()
            .all(|event| matches!(event, Event::Calibrate(_)))
    );
}

#[test]
fn batches_within_a_block_are_mirrored() {
    let set = ComparisonSet::against(0, ["a", "b", "c"].map(str::to_owned).into());
    let mut scripted = Scripted::steady(&[1000.0, 1000.0, 1000.0]);
    scripted.run_set(&set, &settings());
    let rounds = scripted.batches_of_rounds(3);
    let mut orders = Vec::new();
    for batches in &rounds {
        assert_eq!(batches.len(), 3 * 4);
        for block in batches.chunks(6) {
            let who: Vec<usize> = block.iter().map(|(who, _)| *who).collect();
            let mut reversed = who.clone();
            reversed.reverse();
            assert_eq!(who, reversed);
            let mut once = who[..3].to_vec();
            orders.push(once.clone());
            once.sort_unstable();
            assert_eq!(once, [0, 1, 2]);
        }
    }
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 6, "every order occurs");
}

#[test]
fn slow_functions_have_one_sample_in_one_block() {
    for iteration_ns in [&[50e6, 50e6], &[2e9, 2e9]] {
        let mut scripted = Scripted::steady(iteration_ns);
        let settings = FunctionSettings {
            time: Some(Duration::from_secs(60)),
            ..settings()
        };
        let sampled = scripted.run(&settings);
        assert_eq!(sampled.sampling.blocks, sampled.sampling.rounds);
        let once = BatchSize {
            iterations: 1,
            samples: 1,
            warm_up: 0,
            retry_ns: 0,
        };
        for batches in scripted.batches_of_rounds(2) {
            assert_eq!(batches.len(), 2);
            assert!(batches.iter().all(|(_, size)| *size == once));
        }
    }
}

#[test]
fn it_stops_at_the_first_interim_analysis_that_decides() {
    let sampled = Scripted::steady(&[1000.0, 1100.0]).run(&settings());
    let first = settings().analysis_rules(1).fewest_pairs();
    assert_eq!(interim(), [first, first + 27, first + 77]);
    assert_eq!(sampled.sampling.rounds, first);
    assert_eq!(sampled.sampling.blocks, 2 * first);
    assert_eq!(sampled.sampling.stopped, StopReason::Decided);
    assert_eq!(sampled.sampling.interim_analyses, 3);
    let time = &sampled.benchmarks[1].metrics[&Metric::WALL_TIME];
    assert_eq!(time.median, Some(1100.0));
    let allocations = &sampled.benchmarks[1].metrics[&Metric::ALLOCATIONS];
    assert_eq!(
        (allocations.min, allocations.max),
        (Some(3.0), Some(3.0)),
        "of an iteration"
    );
}

#[test]
fn it_goes_on_until_the_time_is_up_where_nothing_is_clear() {
    let sampled = Scripted::new(|who, round| Ok(noisy(who, round))).run(&settings());
    assert!(sampled.sampling.rounds > interim()[2]);
    assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
}

#[test]
fn a_group_takes_a_second_for_each_function_and_longer_where_they_are_slow() {
    let undecided = |names: &[&str], factor: f64, launch_ms: u64| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let mut scripted = Scripted::new(move |who, round| Ok(factor * noisy(who, round)));
        scripted.launch_time = Duration::from_millis(launch_ms);
        let sampled = scripted.run_set(&ComparisonSet::against(0, names), &settings());
        let elapsed =
            Duration::from_nanos(Clock::from(scripted.clock.clone()).now_ns()).as_secs_f64();
        let timed = sampled.benchmarks[0].successes;
        (sampled.sampling.rounds, timed, elapsed)
    };
    let first = interim()[0];
    for (names, seconds) in [(&["a", "b"][..], 2.0), (&["a", "b", "c"], 3.0)] {
        let (rounds, _, elapsed) = undecided(names, 1.0, 1);
        assert!(rounds > first && (seconds * 0.9..seconds).contains(&elapsed));
    }
    // Functions of 10 ms, of 4 s, and processes that take half a second to start.
    let (rounds, timed, elapsed) = undecided(&["a", "b"], 1e4, 0);
    assert!(
        rounds >= 26 && timed >= 80 && (3.0..3.6).contains(&elapsed),
        "{rounds} in {elapsed} s"
    );
    let (rounds, _, elapsed) = undecided(&["a", "b"], 4e6, 0);
    assert!(
        rounds < first && (60.0..70.0).contains(&elapsed),
        "{rounds} in {elapsed} s"
    );
    assert_eq!(undecided(&["a", "b"], 1.0, 500).0, first);
}

#[test]
fn one_undecided_pair_keeps_all_going() {
    let set = ComparisonSet::against(0, ["a", "b", "c"].map(str::to_owned).into());
    let mut scripted = Scripted::new(|who, round| match who {
        0 => Ok(1000.0),
        1 => Ok(1500.0),
        _ => Ok(noisy(who, round)),
    });
    let sampled = scripted.run_set(&set, &settings());
    assert!(sampled.sampling.rounds > interim()[2]);
}

#[test]
fn no_round_begins_after_the_time_that_is_asked_for() {
    // A round of two takes some 3 ms.
    let settings = FunctionSettings {
        time: Some(Duration::from_millis(7)),
        ..settings()
    };
    let sampled = Scripted::steady(&[1000.0, 1100.0]).run(&settings);
    assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
    assert_eq!(sampled.sampling.rounds, 3);
    let none = FunctionSettings {
        time: Some(Duration::ZERO),
        ..settings
    };
    let sampled = Scripted::steady(&[1000.0, 1100.0]).run(&none);
    assert_eq!(sampled.sampling.rounds, 1, "one round is always done");
}

#[test]
fn failed_iterations_are_counted_and_left_out() {
    let mut scripted = Scripted::steady(&[1000.0, 1000.0]);
    scripted.failing = Rc::new(|who| [0, 2][who]);
    let sampled = scripted.run(&settings());
    let (a, b) = (&sampled.benchmarks[0], &sampled.benchmarks[1]);
    let batches = 4 * sampled.sampling.rounds;
    assert_eq!((a.failures, b.failures), (0, 2 * batches));
    assert_eq!(b.successes, batches * 3 * 100 - 2 * batches);
    assert_eq!(a.blocks, b.blocks);
    assert_eq!(b.metrics[&Metric::WALL_TIME].median, Some(1000.0));
}

#[test]
fn an_implementation_that_always_fails_has_no_times_and_no_verdict() {
    let mut scripted = Scripted::steady(&[1000.0, 1000.0]);
    scripted.failing = Rc::new(|who| [0, u64::MAX][who]);
    let sampled = scripted.run(&settings());
    let b = &sampled.benchmarks[1];
    assert!(b.metrics.is_empty() && b.blocks.is_empty());
    assert!(b.failures > 0);
    assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
}

#[test]
fn a_worker_that_fails_ends_sampling_and_is_named() {
    let mut scripted = Scripted::new(|who, round| match (who, round) {
        (1, 3) => Err(WorkerError::Failed(failure())),
        _ => Ok(1000.0),
    });
    let sampled = scripted.run(&settings());
    assert_eq!(sampled.failure, Some((1, failure())));
    assert_eq!(sampled.sampling.stopped, StopReason::RunFailed);
    assert_eq!(sampled.sampling.rounds, 3);
    assert_eq!(sampled.benchmarks[0].blocks.len(), 3 * 2);
    assert_eq!(sampled.benchmarks[1].blocks.len(), 3 * 2);
}

#[test]
fn an_interruption_keeps_what_was_finished() {
    let mut scripted = Scripted::new(|_, round| match round {
        5 => Err(WorkerError::Interrupted),
        _ => Ok(1000.0),
    });
    let sampled = scripted.run(&settings());
    assert_eq!(sampled.failure, None);
    assert_eq!(sampled.sampling.stopped, StopReason::Interrupted);
    assert_eq!(sampled.sampling.rounds, 5);
    for benchmark in &sampled.benchmarks {
        assert_eq!(benchmark.metrics[&Metric::WALL_TIME].count, 5 * 2);
    }
}

#[test]
fn one_seed_gives_one_order() {
    let events = |seed: u64| {
        let mut scripted = Scripted::steady(&[1000.0, 1100.0]);
        scripted.run_seeded(&two(), &settings(), seed);
        scripted.events()
    };
    assert_eq!(events(7), events(7));
    assert_ne!(events(7), events(8));
}

#[test]
fn an_implementation_on_its_own_is_measured() {
    let alone = ComparisonSet::against(0, vec!["a".to_owned()]);
    let mut scripted = Scripted::steady(&[1000.0]);
    let sampled = scripted.run_set(&alone, &settings());
    assert_eq!(sampled.sampling.stopped, StopReason::Decided);
    assert_eq!(sampled.sampling.rounds, interim()[0]);
    assert!(!sampled.sampling.interleaved);
    let time = &sampled.benchmarks[0].metrics[&Metric::WALL_TIME];
    assert_eq!(time.count, sampled.sampling.blocks);
    assert!(sampled.benchmarks[0].notes.is_empty());
}

#[test]
fn of_a_very_short_function_the_loop_is_told() {
    let sampled = Scripted::steady(&[1.0, 100.0]).run(&settings());
    assert_eq!(sampled.benchmarks[0].notes[0].code, NoteCode::Short);
    assert!(sampled.benchmarks[1].notes.is_empty());
}

#[test]
fn the_lower_quartile_of_samples_is_the_value_of_a_block() {
    let size = BatchSize {
        iterations: 10,
        samples: 4,
        warm_up: 10,
        retry_ns: 0,
    };
    let values = vec![
        4000.0, 1000.0, 2000.0, 3000.0, 9000.0, 9000.0, 9000.0, 5000.0,
    ];
    let batch = Batch {
        cycles: values.iter().map(|ns| 3.0 * ns).collect(),
        wall_ns: values,
        ..Batch::default()
    };
    let values = block_values(&batch, size).unwrap();
    assert_eq!(values[0], (Metric::WALL_TIME, Unit::Nanoseconds, 200.0));
    assert_eq!(values[1], (Metric::CYCLES, Unit::Count, 600.0));
}

#[test]
fn cycles_that_a_batch_lacks_are_lacking_in_its_block() {
    let batch = |cycles: &[f64]| Batch {
        wall_ns: vec![1000.0, 1000.0],
        cycles: cycles.to_vec(),
        ..Batch::default()
    };
    let both = |first: &[f64], second: &[f64]| {
        let mut block = batch(first);
        block.append(batch(second));
        block.cycles
    };
    assert_eq!(both(&[1.0, 2.0], &[3.0, 4.0]), [1.0, 2.0, 3.0, 4.0]);
    assert!(both(&[], &[3.0, 4.0]).is_empty());
    assert!(both(&[1.0, 2.0], &[]).is_empty());
}

#[test]
fn a_metric_that_some_block_lacks_is_left_out() {
    let size = BatchSize {
        iterations: 10,
        samples: 1,
        warm_up: 0,
        retry_ns: 0,
    };
    let batch = |instructions| Batch {
        wall_ns: vec![1000.0],
        instructions,
        ..Batch::default()
    };
    let mut samples = Samples::new("a");
    let mut add = |block, instructions| {
        let values = block_values(&batch(instructions), size).unwrap();
        samples.add(block, Some(0), values);
        samples.benchmark().metrics
    };
    let counted = &add(0, Some(500.0))[&Metric::INSTRUCTIONS];
    assert_eq!(counted.samples, [50.0]);
    add(1, None);
    let metrics = add(2, Some(500.0));
    assert!(!metrics.contains_key(&Metric::INSTRUCTIONS));
    assert_eq!(metrics[&Metric::WALL_TIME].count, 3);
}

#[test]
fn a_round_of_threads_is_one_block_of_the_same_iterations() {
    let mut scripted = Scripted::steady(&[100.0, 150.0]);
    scripted.threads = 2;
    let sampled = scripted.run(&settings());
    assert_eq!(sampled.sampling.stopped, StopReason::Decided);
    assert_eq!(sampled.sampling.blocks, sampled.sampling.rounds);
    for batches in scripted.batches_of_rounds(2) {
        assert_eq!(batches.len(), 4);
        let size = batches[0].1;
        assert!(
            batches
                .iter()
                .all(|(_, other)| other.iterations == size.iterations)
        );
        assert_eq!((size.iterations, size.samples), (8165, 5));
    }
    assert!(sampled.benchmarks.iter().all(|b| b.notes.is_empty()));
}

#[test]
fn threads_that_become_slower_are_calibrated_anew_on_both_sides() {
    let mut scripted = Scripted::new(|_, round| Ok(if round == 0 { 100.0 } else { 400.0 }));
    scripted.threads = 2;
    scripted.run(&settings());
    let rounds = scripted.batches_of_rounds(2);
    let iterations = |round: &[(usize, BatchSize)]| -> Vec<u64> {
        let mut all: Vec<u64> = round.iter().map(|(_, size)| size.iterations).collect();
        all.dedup();
        all
    };
    assert_eq!(iterations(&rounds[0]), [10_000]);
    assert_eq!(iterations(rounds.last().unwrap()), [2500]);
    assert!(rounds.iter().all(|round| iterations(round).len() == 1));
}

#[test]
fn a_block_whose_threads_did_not_get_their_cpus_has_no_value() {
    let mut scripted = Scripted::steady(&[100.0, 150.0]);
    scripted.threads = 2;
    scripted.withheld = Rc::new(|who, round| who == 1 && round % 3 == 0);
    let sampled = scripted.run(&settings());
    let (a, b) = (&sampled.benchmarks[0], &sampled.benchmarks[1]);
    let rounds = sampled.sampling.rounds;
    assert_eq!(a.blocks.len() as u64, rounds);
    assert_eq!(b.blocks.len() as u64, rounds - rounds.div_ceil(3));
    assert!(b.blocks.iter().all(|block| block % 3 != 0));
    assert_eq!(b.metrics[&Metric::WALL_TIME].median, Some(150.0));
    assert!(a.notes.is_empty());
    assert_eq!(b.notes[0].code, NoteCode::ThreadsWithoutCpus);
}

#[test]
fn threads_that_never_get_their_cpus_end_in_time_without_a_verdict() {
    let mut scripted = Scripted::steady(&[100.0, 100.0]);
    scripted.threads = 2;
    scripted.launch_time = Duration::from_millis(300);
    scripted.withheld = Rc::new(|_, _| true);
    let sampled = scripted.run(&settings());
    assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
    let elapsed = Duration::from_nanos(Clock::from(scripted.clock.clone()).now_ns());
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    assert!(sampled.benchmarks[0].metrics.is_empty());
    assert_eq!(sampled.benchmarks[0].successes, 0);
}
