//! `perfkit load`: puts load on a server.

mod capacity;
mod client;
mod comparison;
mod connector;
mod files;
mod open;
mod running;
#[cfg(feature = "load-tls")]
mod tls;

use std::sync::Arc;

use perfkit::Report;
use perfkit::load::{self, FoundCapacity, Limits, LoadResult};
use perfkit::report::{CapacityEnd, Verdict};
use tokio::runtime::Runtime;

use crate::args::{Format, LoadArguments, Verbosity};
use crate::document::Detail;
use crate::error::Error;
use crate::exit::Exit;
use crate::input::environment;
use crate::interrupt::Signals;
use crate::load::{Target, Targets};

use super::{check_all_writable, deliver, first_error, save};
use client::{Client, read_bounded};
use open::{open, send};
use running::Watch;

/// The largest file with addresses, in bytes.
const LARGEST_TARGETS: u64 = 4 << 20;

pub(crate) fn run(arguments: LoadArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let files = [&arguments.save, &arguments.output];
    let files: Vec<_> = files
        .into_iter()
        .filter_map(|path| path.as_deref())
        .collect();
    check_all_writable(&files)?;
    let format = Format::chosen(arguments.format)?;
    let targets = targets(&arguments)?;
    let name = name(&arguments, &targets);
    let client = Arc::new(Client::new(&arguments, targets.clone())?);
    let other = other(&arguments, &targets)?;
    files::allow_many();
    let runtime = Runtime::new()
        .map_err(|error| Error::data(format!("cannot start threads for requests: {error}")))?;
    let signals = Signals::listen()?;
    signals.defer_signals();
    let watch = Watch::new(&signals, verbosity);
    let measured = match &other {
        Some(other) => {
            let sides = [&client, &other.client];
            let names = other.names.clone();
            comparison::compare(&arguments, names, sides, &runtime, &watch)
                .map(|report| Measured::Comparison(Box::new(report)))
        }
        None => measure(&arguments, name, client, &runtime, &watch),
    }?;
    // What is left of requests is not worth waiting for.
    runtime.shutdown_background();
    let mut report = measured.report();
    environment::complete(&mut report.environment);
    publish(&arguments, &report, verbosity, format.value)?;
    match (signals.is_interrupted(), measured) {
        (true, _) => Ok(signals.exit()),
        (false, Measured::Load(result)) => conclude(&arguments, &result),
        (false, Measured::Capacity(found)) => Ok(conclude_search(&arguments, &found)),
        (false, Measured::Comparison(report)) => Ok(conclude_comparison(&arguments, &report)),
    }
}

/// What was asked for.
enum Measured {
    Load(Box<LoadResult>),
    Capacity(Box<FoundCapacity>),
    Comparison(Box<Report>),
}

impl Measured {
    fn report(&self) -> Report {
        match self {
            Self::Load(result) => result.report(),
            Self::Capacity(found) => found.report(),
            Self::Comparison(report) => (**report).clone(),
        }
    }
}

fn measure(
    arguments: &LoadArguments,
    name: String,
    client: Arc<Client>,
    runtime: &Runtime,
    watch: &Watch<'_>,
) -> Result<Measured, Error> {
    if let Some(limits) = &arguments.find_capacity {
        let limits = Limits::parse(limits).map_err(|error| Error::usage(error.to_string()))?;
        let found = capacity::find(arguments, limits, &name, &client, runtime, watch)?;
        return Ok(Measured::Capacity(Box::new(found)));
    }
    let result = match arguments.clients {
        Some(clients) => {
            let load = load::closed(clients)
                .for_(arguments.duration.0)
                .drain(arguments.drain.0)
                .name(name);
            let handle = load.handle();
            let load = load.run(move |index| send(Arc::clone(&client), index));
            watch.run(runtime, arguments.duration.0, handle, load)?
        }
        None => {
            let rate = arguments.rate.map_or(0.0, |rate| rate.0);
            let load = open(arguments, rate, name);
            let handle = load.handle();
            let load = load.run(move |index| send(Arc::clone(&client), index));
            let planned = arguments.duration.0 + arguments.warmup.0;
            watch.run(runtime, planned, handle, load)?
        }
    };
    Ok(Measured::Load(Box::new(result)))
}

/// What is compared with the first address.
struct Other {
    /// What both are called.
    names: [String; 2],
    client: Arc<Client>,
}

/// The client of the address that is compared with the first.
fn other(arguments: &LoadArguments, targets: &Targets) -> Result<Option<Other>, Error> {
    let Some(url) = &arguments.compare else {
        return Ok(None);
    };
    let others = Targets::of_url(&arguments.method, url)?;
    let name = |targets: &Targets| {
        targets
            .iter()
            .map(Target::address)
            .next()
            .unwrap_or_default()
    };
    let names = [name(targets), name(&others)];
    if names[0] == names[1] {
        return Err(
            Error::usage("both addresses are the same, but for their queries")
                .hint("compare two, or leave --compare out"),
        );
    }
    let client = Arc::new(Client::new(arguments, others)?);
    Ok(Some(Other { names, client }))
}

fn targets(arguments: &LoadArguments) -> Result<Targets, Error> {
    if let Some(path) = &arguments.targets {
        let text = read_bounded(path, LARGEST_TARGETS)?;
        let text = String::from_utf8_lossy(&text);
        return Targets::of_text(&text, &arguments.method);
    }
    let url = arguments.url.as_deref().unwrap_or_default();
    Targets::of_url(&arguments.method, url)
}

/// The given name, or what is asked for where that is one thing.
fn name(arguments: &LoadArguments, targets: &Targets) -> String {
    let mut all = targets.iter();
    match (&arguments.name, all.next(), all.next()) {
        (Some(name), ..) => name.clone(),
        (None, Some(only), None) => only.name(),
        _ => "load".to_owned(),
    }
}

fn publish(
    arguments: &LoadArguments,
    report: &Report,
    verbosity: Verbosity,
    format: Format,
) -> Result<(), Error> {
    let saved = arguments.save.as_deref();
    first_error(vec![
        saved.map_or(Ok(()), |path| save(report, Format::Json, path)),
        deliver(
            report,
            Detail::from(verbosity),
            format,
            arguments.output.as_deref(),
        ),
    ])
}

/// Whether anything came of it.
fn conclude(arguments: &LoadArguments, result: &LoadResult) -> Result<Exit, Error> {
    let operation = result.operation();
    let calls = operation.lifetime.calls;
    if calls.success == 0 && calls.total() > 0 {
        let most = operation.errors.iter().max_by_key(|error| error.count);
        let why = most.map_or_else(
            || "none was answered in time".to_owned(),
            |error| format!("{}: {}", error.kind, error.last_text),
        );
        return Err(Error::data(format!("no request succeeded: {why}"))
            .hint("is the server running, and is the address right?"));
    }
    match arguments.strict && !result.is_conclusive() {
        true => Ok(Exit::Inconclusive),
        false => Ok(Exit::Done),
    }
}

fn conclude_search(arguments: &LoadArguments, found: &FoundCapacity) -> Exit {
    let is_sure = matches!(
        found.capacity().ends_by,
        CapacityEnd::Limit | CapacityEnd::HighestRate
    );
    match arguments.strict && !is_sure {
        true => Exit::Inconclusive,
        false => Exit::Done,
    }
}

fn conclude_comparison(arguments: &LoadArguments, report: &Report) -> Exit {
    let compared = report.comparisons.iter().filter(|c| !c.is_control);
    let is_unsure = compared.clone().count() == 0
        || compared.clone().any(|c| c.verdict == Verdict::Inconclusive);
    match arguments.strict && is_unsure {
        true => Exit::Inconclusive,
        false => Exit::Done,
    }
}
