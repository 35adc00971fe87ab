//! A regression counts when a second session finds it too.

use perfkit::report::{Gate, GateFinding, GateOutcome};

use crate::input::OnInconclusive;

use super::gate::gate_of;

/// Whether anything failed, which a second session is to find again.
pub(crate) fn is_suspected(regressions: &Gate) -> bool {
    let mut findings = regressions.findings.iter();
    findings.any(|finding| finding.outcome == GateOutcome::Fail)
}

/// What two sessions find of regressions: one that only the first found is undecided,
/// and everything else stays as the first found it.
pub(crate) fn confirm(first: Gate, second: &Gate, inconclusive: OnInconclusive) -> Gate {
    let confirmed = |mut finding: GateFinding| {
        if finding.outcome != GateOutcome::Fail {
            return finding;
        }
        let again = counterpart(second, &finding);
        let is_confirmed = again.is_some_and(|again| again.outcome == GateOutcome::Fail);
        let told = match again {
            Some(again) if is_confirmed => format!("again in a second session: {}", again.measured),
            Some(again) => format!("but not again in a second session: {}", again.measured),
            None => "but a second session did not measure it".to_owned(),
        };
        finding.measured = format!("{}; {told}", finding.measured);
        if !is_confirmed {
            finding.outcome = GateOutcome::Inconclusive;
        }
        finding
    };
    let findings = first.findings.into_iter().map(confirmed);
    gate_of(findings.collect(), inconclusive)
}

fn counterpart<'a>(gate: &'a Gate, finding: &GateFinding) -> Option<&'a GateFinding> {
    let is_same =
        |other: &&GateFinding| other.subject == finding.subject && other.rule == finding.rule;
    gate.findings.iter().find(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str, outcome: GateOutcome) -> GateFinding {
        GateFinding::new(subject, "at most 3 % slower", "takes longer", outcome)
    }

    fn gate(findings: &[(&str, GateOutcome)]) -> Gate {
        let findings = findings
            .iter()
            .map(|(subject, outcome)| finding(subject, *outcome));
        gate_of(findings.collect(), OnInconclusive::Pass)
    }

    #[test]
    fn what_fails_twice_fails() {
        let once = || gate(&[("sort", GateOutcome::Fail), ("hash", GateOutcome::Pass)]);
        let confirmed = confirm(once(), &once(), OnInconclusive::Pass);
        assert_eq!(confirmed.outcome, GateOutcome::Fail);
        assert!(confirmed.findings[0].measured.contains("; again in"));
        assert_eq!(confirmed.findings[1].measured, "takes longer");
    }

    #[test]
    fn what_fails_once_is_undecided() {
        let first = || gate(&[("sort", GateOutcome::Fail), ("hash", GateOutcome::Pass)]);
        for outcome in [GateOutcome::Pass, GateOutcome::Inconclusive] {
            let second = gate(&[("sort", outcome), ("hash", GateOutcome::Fail)]);
            let confirmed = confirm(first(), &second, OnInconclusive::Pass);
            assert_eq!(confirmed.outcome, GateOutcome::Inconclusive);
            assert!(confirmed.findings[0].measured.contains("but not again"));
            assert_eq!(confirmed.findings[1].outcome, GateOutcome::Pass);
            let strict = confirm(first(), &second, OnInconclusive::Fail);
            assert_eq!(strict.outcome, GateOutcome::Fail);
        }
    }

    #[test]
    fn what_is_gone_in_the_second_session_is_undecided() {
        let first = gate(&[("sort", GateOutcome::Fail)]);
        assert!(is_suspected(&first));
        let second = gate(&[("hash", GateOutcome::Fail)]);
        let confirmed = confirm(first, &second, OnInconclusive::Pass);
        assert_eq!(confirmed.outcome, GateOutcome::Inconclusive);
        assert!(
            confirmed.findings[0]
                .measured
                .ends_with("did not measure it")
        );
        assert!(!is_suspected(&confirmed));
    }
}
