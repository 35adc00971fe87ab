//! JUnit's XML, in which CI services show tests: every check of a gate is one.

use perfkit::Report;
use perfkit::report::{Gate, GateFinding, GateOutcome};

use crate::error::Error;
use crate::text::{escape_xml, printable, shorten};

/// The longest text, in columns.
const LONGEST: usize = 300;

pub(crate) fn render(report: &Report) -> Result<String, Error> {
    let Some(gate) = &report.gate else {
        return Err(super::common::lacks("results of a gate")
            .hint("`perfkit gate --format json -o FILE` saves them"));
    };
    Ok(document(gate))
}

fn document(gate: &Gate) -> String {
    let count = |outcome| {
        let same = gate.findings.iter().filter(|f| f.outcome == outcome);
        same.count()
    };
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        gate.findings.len(),
        count(GateOutcome::Fail),
        count(GateOutcome::RuleAtFault) + count(GateOutcome::DataAtFault),
        count(GateOutcome::Inconclusive)
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {totals}>\n<testsuite name=\"perfkit gate\" {totals}>\n"
    );
    for finding in &gate.findings {
        text += &test_case(finding);
    }
    text + "</testsuite>\n</testsuites>\n"
}

/// A check that cannot be decided was, to JUnit, skipped.
fn test_case(finding: &GateFinding) -> String {
    let (subject, rule, measured) = (
        escape(&finding.subject),
        escape(&finding.rule),
        escape(&finding.measured),
    );
    let result = match finding.outcome {
        GateOutcome::Fail => format!("<failure message=\"{measured}\"/>"),
        GateOutcome::RuleAtFault | GateOutcome::DataAtFault => {
            format!("<error message=\"{measured}\"/>")
        }
        GateOutcome::Inconclusive => format!("<skipped message=\"inconclusive: {measured}\"/>"),
        GateOutcome::Warn => format!("<system-out>warning: {measured}</system-out>"),
        GateOutcome::Waived | GateOutcome::Pass => format!("<system-out>{measured}</system-out>"),
    };
    format!("<testcase classname=\"{subject}\" name=\"{rule}\">{result}</testcase>\n")
}

fn escape(text: &str) -> String {
    escape_xml(&shorten(&printable(text), LONGEST))
}
