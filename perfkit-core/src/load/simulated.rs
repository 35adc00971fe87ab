//! The oracles: services of which queueing theory knows the response times, on simulated time,
//! counted as real ones are.

use crate::load_run::{Arrivals, LoadModel, LoadRun, RatePhase};
use crate::outcome::Outcome;
use crate::snapshot::OperationSnapshot;

use super::account::{Account, Times};
use super::schedule::{Due, Schedule};

const SECOND: u64 = 1_000_000_000;

/// Starts a second so often, for so many seconds.
fn schedule(rate: f64, seconds: u64, arrivals: Arrivals, seed: u64) -> Schedule {
    let phase = RatePhase::new(rate, rate, seconds * SECOND);
    Schedule::new(&[phase], arrivals, seed, None)
}

fn operation(account: &Account) -> OperationSnapshot {
    account.operation("simulated", LoadRun::new(LoadModel::Open), SECOND)
}

/// One server that takes one operation after the other, in the order of their starts.
fn queue(schedule: Schedule, mut service_ns: impl FnMut(Due) -> f64) -> OperationSnapshot {
    let mut account = Account::default();
    let mut is_free_at = 0.0_f64;
    for due in schedule {
        is_free_at = is_free_at.max(due.at_ns as f64) + service_ns(due);
        let times = Times {
            due: due.at_ns,
            began: Some(due.at_ns),
            ended: is_free_at.round() as u64,
        };
        account.record(times, &Outcome::Success);
    }
    operation(&account)
}

fn percentile(operation: &OperationSnapshot, quantile: f64) -> f64 {
    operation.lifetime.percentile(quantile).unwrap()
}

fn is_within(share: f64, found: f64, expected: f64) -> bool {
    (found - expected).abs() <= share * expected
}

/// Stands still for the fifth of ten seconds, and answers at once otherwise.
fn answered_at(due_ns: u64) -> u64 {
    match due_ns / SECOND {
        4 => 5 * SECOND,
        _ => due_ns,
    }
}

#[test]
fn a_stall_of_a_second_in_ten_is_in_the_percentiles() {
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let mut account = Account::default();
        for due in schedule(10_000.0, 10, arrivals, 3) {
            let times = Times {
                due: due.at_ns,
                began: Some(due.at_ns),
                ended: answered_at(due.at_ns),
            };
            account.record(times, &Outcome::Success);
        }
        let found = operation(&account);
        // The tenth part of all waits for up to a second, evenly.
        assert!(percentile(&found, 0.89) < 1.0, "{arrivals:?}");
        let p90 = percentile(&found, 0.9);
        assert!(p90 <= 0.02 * SECOND as f64, "{arrivals:?}: p90 {p90}");
        for (quantile, expected) in [(0.95, 0.5), (0.99, 0.9), (1.0, 1.0)] {
            let found = percentile(&found, quantile) / SECOND as f64;
            assert!(
                is_within(0.02, found, expected),
                "{arrivals:?}: {quantile}: {found}"
            );
        }
    }
}

/// What a closed load says of the same service, which is why it is marked: one client met the
/// stall once.
#[test]
fn a_closed_load_does_not_see_the_stall() {
    const GAP: u64 = 100_000;
    let mut account = Account::default();
    let mut now = 0;
    while now < 10 * SECOND {
        let ended = answered_at(now);
        let times = Times {
            due: now,
            began: Some(now),
            ended,
        };
        account.record(times, &Outcome::Success);
        now = ended + GAP;
    }
    let found = operation(&account);
    assert_eq!(percentile(&found, 0.999), 0.0);
    assert_eq!(percentile(&found, 1.0), SECOND as f64);
}

/// The root of x = exp(−(1 − x) / use) below 1, which tells the waiting of D/M/1.
fn root(use_: f64) -> f64 {
    let mut x = 0.5;
    for _ in 0..10_000 {
        x = f64::exp(-(1.0 - x) / use_);
    }
    x
}

/// A number above 0 and at most 1, of a stream of its own for each service.
fn uniform(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let mut bits = *state;
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    bits ^= bits >> 29;
    ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// How many seconds of 10,000 services each are simulated: the mean of a queue converges
/// slowly where it is nearly full.
fn seconds(use_: f64) -> u64 {
    if use_ > 0.9 { 1500 } else { 300 }
}

/// A service takes 100 µs on average.
const SERVICE_NS: f64 = 1e5;

fn exponential_service(use_: f64, arrivals: Arrivals) -> OperationSnapshot {
    let mut state = 11;
    queue(schedule(1e4 * use_, seconds(use_), arrivals, 5), |_| {
        -SERVICE_NS * uniform(&mut state).ln()
    })
}

#[test]
fn a_queue_with_exponential_services_has_the_times_of_its_formula() {
    for use_ in [0.5, 0.8, 0.95] {
        // M/M/1, and D/M/1: response times are exponential.
        for (arrivals, mean) in [
            (Arrivals::Poisson, SERVICE_NS / (1.0 - use_)),
            (Arrivals::Constant, SERVICE_NS / (1.0 - root(use_))),
        ] {
            let found = exponential_service(use_, arrivals);
            let found_mean = found.lifetime.average().unwrap();
            assert!(
                is_within(0.03, found_mean, mean),
                "{use_} {arrivals:?}: {found_mean} is not {mean}"
            );
            for quantile in [0.5, 0.95, 0.99] {
                let expected = -mean * f64::ln(1.0 - quantile);
                let found = percentile(&found, quantile);
                assert!(
                    is_within(0.03, found, expected),
                    "{use_} {arrivals:?} {quantile}: {found} is not {expected}"
                );
            }
        }
    }
}

#[test]
fn a_queue_with_equal_services_has_the_times_of_its_formula() {
    for use_ in [0.5, 0.8, 0.95] {
        // M/D/1, by Pollaczek and Khinchine.
        let rate = 1e4 * use_;
        let found = queue(schedule(rate, seconds(use_), Arrivals::Poisson, 5), |_| {
            SERVICE_NS
        });
        let mean = SERVICE_NS * (1.0 + use_ / (2.0 * (1.0 - use_)));
        let found_mean = found.lifetime.average().unwrap();
        assert!(
            is_within(0.03, found_mean, mean),
            "{use_}: {found_mean} is not {mean}"
        );
        // Of D/D/1 none waits.
        let found = queue(schedule(rate, 10, Arrivals::Constant, 5), |_| SERVICE_NS);
        for quantile in [0.5, 0.99, 1.0] {
            let found = percentile(&found, quantile);
            assert!(is_within(0.005, found, SERVICE_NS), "{use_}: {found}");
        }
    }
}
