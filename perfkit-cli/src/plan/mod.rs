//! What is compared, and how: built once from the command line, the environment and
//! `perfkit.toml`, which nothing after it looks at.

mod options;
mod settings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use perfkit::compare::VerdictRules;

use crate::args::{
    BaselineName, CompareArguments, Effort, GateArguments, Output, Setting, Shard, TimeSpan,
};
use crate::baseline_store::BaselineStore;
use crate::command_run::{Reference, Templates, combinations};
use crate::error::{Error, shown};
use crate::input::{CompareDefaults, ConfigFile, holds_results, is_missing, is_report};
use crate::revision::{Packages, Selection};

pub(crate) use settings::Settings;

/// How long a benchmark may be silent before it is taken to hang, unless told
/// otherwise.
const TIMEOUT_OF_BENCHES: Duration = Duration::from_secs(120);

/// A comparison that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) what: What,
    /// The revision that this tree is compared with.
    pub(crate) base: Option<String>,
    /// Whether the baseline is also compared with itself, to see the noise.
    pub(crate) has_control: bool,
    /// Whether everything is kept on one CPU.
    pub(crate) is_pinned: bool,
    /// Whether a terminal shows how far it has come.
    pub(crate) shows_progress: bool,
    pub(crate) settings: Settings,
    /// Where the configuration is, and what named it.
    pub(crate) configuration: Option<Setting<PathBuf>>,
}

/// What is compared.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Reports(SavedReports),
    Commands(Box<Templates>),
    Benches(Benches),
}

/// Saved reports that are compared.
#[derive(Clone, Debug)]
pub(crate) struct SavedReports {
    pub(crate) baseline: SavedBaseline,
    /// The candidate's, one for each session.
    pub(crate) candidate: Vec<PathBuf>,
}

/// What saved reports are compared with.
#[derive(Clone, Debug)]
pub(crate) enum SavedBaseline {
    /// Reports, one for each session.
    Files(Vec<PathBuf>),
    /// What `perfkit baseline save` kept under a name, and where.
    Named(BaselineName, BaselineStore),
}

/// Which benchmarks are run.
#[derive(Clone, Debug)]
pub(crate) struct Benches {
    /// What their names contain.
    pub(crate) filter: String,
    /// Which share of them.
    pub(crate) shard: Option<Shard>,
    pub(crate) selection: Selection,
    /// How long one may be silent before it is taken to hang.
    pub(crate) timeout: Duration,
}

impl Plan {
    /// What `perfkit compare` is asked for.
    pub(crate) fn of_compare(arguments: &CompareArguments) -> Result<Self, Error> {
        let config = ConfigFile::find(None)?;
        let shell = match arguments.no_shell {
            true => Some("none".to_owned()),
            false => arguments.shell.clone(),
        };
        let what = What::of_compare(arguments)?;
        let usual = match &what {
            What::Reports(_) => VerdictRules::of_sessions(),
            What::Commands(templates) if templates.is_sequential => VerdictRules::of_sessions(),
            _ => VerdictRules::default(),
        };
        Ok(Self {
            settings: Settings::resolve(
                &arguments.effort,
                shell,
                defaults(config.as_ref())?,
                usual,
            )?,
            what,
            base: arguments.base.clone(),
            has_control: arguments.control,
            is_pinned: arguments.pin,
            shows_progress: arguments.style.has_progress(),
            configuration: config.map(|config| config.path),
        })
    }

    /// What `perfkit gate --base` measures: this tree against the revision, and the
    /// revision against itself.
    pub(crate) fn of_gate(
        arguments: &GateArguments,
        base: &str,
        config: &ConfigFile,
    ) -> Result<Self, Error> {
        let effort = Effort {
            time: arguments.time,
            seed: arguments.seed,
            ..Effort::default()
        };
        Ok(Self {
            settings: Settings::resolve(
                &effort,
                None,
                config.compare_defaults()?,
                VerdictRules::default(),
            )?,
            what: What::of_gate(arguments)?,
            base: Some(base.to_owned()),
            has_control: true,
            is_pinned: false,
            shows_progress: true,
            configuration: Some(config.path.clone()),
        })
    }

    /// What `perfkit gate --selftest` measures: commands as `perfkit gate --base` would,
    /// without a shell.
    pub(crate) fn of_selftest(
        arguments: &GateArguments,
        config: Option<&ConfigFile>,
        commands: Templates,
    ) -> Result<Self, Error> {
        let effort = Effort {
            time: arguments.time,
            seed: arguments.seed,
            ..Effort::default()
        };
        let shell = Some("none".to_owned());
        Ok(Self {
            settings: Settings::resolve(
                &effort,
                shell,
                defaults(config)?,
                VerdictRules::default(),
            )?,
            what: What::Commands(Box::new(commands)),
            base: None,
            has_control: true,
            is_pinned: false,
            shows_progress: true,
            configuration: config.map(|config| config.path.clone()),
        })
    }

    /// The same for a further session, in which everything is measured anew.
    pub(crate) fn with_next_seed(&self) -> Self {
        Self {
            settings: self.settings.with_next_seed(),
            ..self.clone()
        }
    }

    /// The settings that have an effect, in words.
    pub(crate) fn described(&self) -> Vec<Setting<String>> {
        let mut all = self.settings.of_all();
        if !matches!(self.what, What::Reports(_)) {
            all.extend(self.settings.of_measuring());
        }
        if matches!(self.what, What::Commands(_)) {
            all.extend(self.settings.of_commands());
        }
        all
    }
}

/// The packages that two options ask for.
fn packages(all: bool, named: &[String]) -> Packages {
    match (all, named) {
        (true, _) => Packages::All,
        (false, []) => Packages::Default,
        (false, named) => Packages::Named(named.to_vec()),
    }
}

fn defaults(config: Option<&ConfigFile>) -> Result<CompareDefaults, Error> {
    config.map_or_else(
        || Ok(CompareDefaults::default()),
        ConfigFile::compare_defaults,
    )
}

impl SavedReports {
    fn before_and_after(files: Vec<PathBuf>) -> Result<Self, Error> {
        let [before, after] = &files[..] else {
            return Err(Error::usage(format!(
                "two report files are compared, the baseline and the candidate; given: {}",
                files.len()
            ))
            .hint("keep the sessions of a baseline with `perfkit baseline save NAME REPORT`, and compare with --against NAME"));
        };
        Ok(Self {
            baseline: SavedBaseline::Files(vec![before.clone()]),
            candidate: vec![after.clone()],
        })
    }
}

impl What {
    fn of_compare(arguments: &CompareArguments) -> Result<Self, Error> {
        let files = || arguments.commands.iter().map(PathBuf::from).collect();
        if let Some(name) = &arguments.against {
            options::check_for_reports(arguments)?;
            let store = BaselineStore::find(arguments.baselines.as_deref())?;
            return Ok(Self::Reports(SavedReports {
                baseline: SavedBaseline::Named(name.clone(), store),
                candidate: files(),
            }));
        }
        if are_reports(&arguments.commands)? {
            options::check_for_reports(arguments)?;
            return SavedReports::before_and_after(files()).map(Self::Reports);
        }
        if arguments.commands.is_empty() {
            options::check_for_benches(arguments)?;
            return Ok(Self::Benches(Benches {
                filter: arguments.bench.clone().unwrap_or_default(),
                shard: arguments.shard,
                selection: Selection {
                    packages: packages(arguments.workspace, &arguments.package),
                    targets: arguments.bench_target.clone(),
                    features: arguments.features.clone(),
                },
                timeout: silence(arguments.timeout),
            }));
        }
        options::check_for_commands(arguments)?;
        let step = arguments.parameter_step_size.as_deref();
        Ok(Self::Commands(Box::new(Templates {
            commands: arguments.commands.clone(),
            names: arguments.names.clone(),
            combinations: combinations(&arguments.parameter_list, &arguments.parameter_scan, step)?,
            prepare: arguments.prepare.clone(),
            conclude: arguments.conclude.clone(),
            setup: arguments.setup.clone(),
            cleanup: arguments.cleanup.clone(),
            input: arguments.input.clone(),
            outputs: match arguments.show_output {
                true => vec![Output::Inherit],
                false => arguments.output.clone(),
            },
            environments: arguments.env.clone(),
            reference: arguments.reference.clone().map(|command| Reference {
                command,
                name: arguments.reference_name.clone(),
            }),
            ignored_failures: arguments.ignore_failure.clone(),
            is_sequential: arguments.sequential,
            timeout: arguments.timeout.map(|TimeSpan(time)| time),
            baseline: arguments.baseline.clone(),
        })))
    }

    fn of_gate(arguments: &GateArguments) -> Result<Self, Error> {
        if arguments.reports.is_empty() {
            return Ok(Self::Benches(Benches {
                filter: arguments.bench.clone().unwrap_or_default(),
                shard: arguments.shard,
                selection: Selection {
                    packages: packages(arguments.workspace, &arguments.package),
                    targets: arguments.bench_target.clone(),
                    features: arguments.features.clone(),
                },
                timeout: silence(arguments.timeout),
            }));
        }
        let text = |path: &PathBuf| {
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::usage(format!("{} is no text", shown(path))))
        };
        let commands: Result<_, Error> = arguments.reports.iter().map(text).collect();
        Ok(Self::Commands(Box::new(Templates {
            timeout: arguments.timeout.map(|TimeSpan(time)| time),
            ..Templates::of(commands?)
        })))
    }
}

/// How long a benchmark may be silent.
fn silence(timeout: Option<TimeSpan>) -> Duration {
    timeout.map_or(TIMEOUT_OF_BENCHES, |TimeSpan(time)| time)
}

/// Whether files are to be compared: every argument ends in `.json` and is a single
/// word, or names what exists and cannot be run.
fn are_reports(arguments: &[String]) -> Result<bool, Error> {
    let is_json = |text: &&String| {
        text.ends_with(".json")
            && (!text.contains(char::is_whitespace) || Path::new(text).is_file())
    };
    let is_meant = |text: &&String| is_json(text) || is_report(Path::new(text));
    let reports = arguments.iter().filter(is_meant).count();
    if reports == 0 {
        return Ok(false);
    }
    let is_lacking = |text: &&String| !is_meant(text) && is_missing(Path::new(text));
    let missing = arguments.iter().filter(is_lacking).count();
    if reports + missing < arguments.len() {
        let is_known = |text: &&String| is_json(text) || holds_results(Path::new(text));
        if !arguments.iter().any(|text| is_known(&text)) {
            // Of a script beside commands it is told that it may not be executed.
            return Ok(false);
        }
        return Err(Error::usage("commands and report files cannot be compared with each other")
            .hint("a file that cannot be executed is taken for a report; measure the command into one with --export-json"));
    }
    Ok(true)
}
