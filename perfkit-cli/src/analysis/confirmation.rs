//! A regression counts when a second session finds it too.

use perfkit::report::{GateFinding, GateOutcome};

/// Whether anything failed, which a second session is to find again.
pub(crate) fn is_suspected(findings: &[GateFinding]) -> bool {
    let mut findings = findings.iter();
    findings.any(|finding| finding.outcome == GateOutcome::Fail)
}

/// What two sessions find of regressions: one that only the first found is undecided,
/// and everything else stays as the first found it.
pub(crate) fn confirm(first: Vec<GateFinding>, second: &[GateFinding]) -> Vec<GateFinding> {
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
    first.into_iter().map(confirmed).collect()
}

fn counterpart<'a>(
    findings: &'a [GateFinding],
    finding: &'a GateFinding,
) -> Option<&'a GateFinding> {
    let key = |finding: &'a GateFinding| (&finding.subject, &finding.program, &finding.rule);
    findings.iter().find(|other| key(other) == key(finding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::gate_of;
    use crate::input::OnInconclusive;

    fn finding(subject: &str, outcome: GateOutcome) -> GateFinding {
        GateFinding::new(subject, "at most 3 % slower", "takes longer", outcome)
    }

    fn session(findings: &[(&str, GateOutcome)]) -> Vec<GateFinding> {
        let findings = findings.iter();
        findings
            .map(|(subject, outcome)| finding(subject, *outcome))
            .collect()
    }

    #[test]
    fn what_fails_twice_fails() {
        let once = || session(&[("sort", GateOutcome::Fail), ("hash", GateOutcome::Pass)]);
        let confirmed = confirm(once(), &once());
        assert_eq!(confirmed[0].outcome, GateOutcome::Fail);
        assert!(confirmed[0].measured.contains("; again in"));
        assert_eq!(confirmed[1].measured, "takes longer");
    }

    #[test]
    fn what_fails_once_is_undecided() {
        let first = || session(&[("sort", GateOutcome::Fail), ("hash", GateOutcome::Pass)]);
        for outcome in [GateOutcome::Pass, GateOutcome::Inconclusive] {
            let second = session(&[("sort", outcome), ("hash", GateOutcome::Fail)]);
            let confirmed = confirm(first(), &second);
            assert_eq!(confirmed[0].outcome, GateOutcome::Inconclusive);
            assert!(confirmed[0].measured.contains("but not again"));
            assert_eq!(confirmed[1].outcome, GateOutcome::Pass);
            let strict = gate_of(confirmed, OnInconclusive::Fail);
            assert_eq!(strict.outcome, GateOutcome::Fail);
        }
    }

    #[test]
    fn what_fails_is_measured_again_in_its_own_program() {
        let of = |program, outcome| finding("sort", outcome).of_program(Some(program));
        let session = || vec![of("a", GateOutcome::Pass), of("b", GateOutcome::Fail)];
        let confirmed = confirm(session(), &session());
        assert_eq!(confirmed[1].outcome, GateOutcome::Fail);
    }

    #[test]
    fn what_is_gone_in_the_second_session_is_undecided() {
        let first = session(&[("sort", GateOutcome::Fail)]);
        assert!(is_suspected(&first));
        let second = session(&[("hash", GateOutcome::Fail)]);
        let confirmed = confirm(first, &second);
        assert_eq!(confirmed[0].outcome, GateOutcome::Inconclusive);
        assert!(confirmed[0].measured.ends_with("did not measure it"));
        assert!(!is_suspected(&confirmed));
    }
}
