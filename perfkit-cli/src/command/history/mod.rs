//! `perfkit history`: records of runs, and what became of them.

mod check;
mod choice;
mod exchange;
mod export;
mod index;
mod list;
mod output;
mod place;
mod prune;
mod record;
mod show;

use crate::args::{HistoryAction, HistoryArguments, Verbosity};
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{RunDetails, locate};

use place::opened;
pub(crate) use record::Recorder;

pub(crate) fn run(arguments: HistoryArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let HistoryArguments { action, place } = arguments;
    let located = locate(place.store.as_deref(), place.config.as_deref())?;
    match action {
        HistoryAction::Record {
            reports,
            commit,
            branch,
            machine,
            toolchain,
        } => {
            let details = RunDetails {
                commit,
                branch,
                machine,
                toolchain,
            };
            record::run(&located, &reports, &details, verbosity)
        }
        HistoryAction::List {
            choice,
            limit,
            output,
        } => list::run(&opened(&located, verbosity)?, &choice, limit, &output),
        HistoryAction::Show {
            name,
            metric,
            branch,
            machine,
            limit,
            output,
        } => {
            let wanted = show::Wanted {
                name,
                metric,
                branch,
                machine,
                limit,
            };
            show::run(&opened(&located, verbosity)?, &wanted, &output)
        }
        HistoryAction::Check(choice) => {
            let opened = opened(&located, verbosity)?;
            check::run(&opened, &choice, place.config.as_deref(), verbosity)
        }
        HistoryAction::Export { choice, output } => {
            export::run(&opened(&located, verbosity)?, &choice, output.as_deref())
        }
        HistoryAction::Prune {
            older_than,
            keep,
            dry_run,
        } => {
            let rule = prune::Rule {
                older_than: older_than.map(|time| time.0),
                keep,
            };
            prune::run(&located, &rule, dry_run, verbosity)
        }
        HistoryAction::Push { remote } => exchange::push(&located, &remote),
        HistoryAction::Fetch { remote } => exchange::fetch(&located, &remote),
        HistoryAction::Index { rebuild } => index::run(&located, rebuild),
    }
}
