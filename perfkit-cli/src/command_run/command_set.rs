//! All commands of a comparison: every template with every combination of parameters,
//! in every tree.

use std::collections::BTreeSet;

use perfkit::compare::ComparisonSet;

use crate::args::Output;
use crate::error::Error;
use crate::interrupt::Signals;
use crate::text::printable;

use super::command::{CommandTree, MeasuredCommand, RunContext};
use super::command_line::{CommandLine, Shell, assignments};
use super::missing_program;
use super::parameters::{MOST_COMMANDS, Parameters, fill};
use super::starter::Starter;
use super::templates::Templates;

/// All commands of a comparison, before any of them ran.
#[derive(Debug)]
pub(crate) struct CommandSet<'a> {
    pub(crate) all: Vec<MeasuredCommand<'a>>,
    /// How many trees each command is run in: one, or the revision's and this one.
    trees: usize,
}

/// The parameter of which the value is the path of a tree.
const TREE: &str = "tree";

impl<'a> CommandSet<'a> {
    /// Puts parameters into commands and checks everything that can be checked
    /// before anything is run.
    pub(crate) fn from_templates(
        templates: &'a Templates,
        trees: &'a [CommandTree],
        shell: &Shell,
        (signals, starter): (&'a Signals, &'a Starter),
    ) -> Result<Self, Error> {
        let combinations = templates.combinations.len();
        check_counts(templates, combinations)?;
        check_parameters_are_used(templates)?;
        let context = RunContext {
            input: &templates.input,
            timeout: templates.timeout,
            ignored_failures: templates.ignored_failures.as_ref(),
            signals,
            starter,
        };
        let variants = variants(templates, trees)?;
        let mut adding = Adding {
            templates,
            shell,
            hook_shell: shell.or_default(),
            is_set_up_each_time: !templates.is_sequential && is_setup_of_one(templates),
            context,
            all: Vec::new(),
        };
        if let Some(reference) = &templates.reference {
            let name = reference.name.as_ref().unwrap_or(&reference.command);
            adding.add(&reference.command, 0, name.clone(), &Variant::default())?;
        }
        let first = usize::from(templates.reference.is_some());
        for (index, template) in templates.commands.iter().enumerate() {
            for (number, variant) in variants.iter().enumerate() {
                // Names do not tell where a tree lies.
                let named = index * combinations + number / trees.len().max(1);
                let name = match name_template(templates, index, named) {
                    Some(name) => named_apart(name, &variant.named, templates),
                    None => {
                        named_apart(template, &variant.named, templates)
                            + &own_variables(templates, index, &variant.named)
                    }
                };
                adding.add(template, first + index, name, variant)?;
            }
        }
        let all = adding.all;
        // One command may build what the next one runs.
        if !templates.is_sequential {
            missing_program::check(&all, shell)?;
        }
        let trees = trees.len().max(1);
        Ok(Self { all, trees })
    }

    /// Who is compared with whom: all with the baseline, or each command with
    /// itself in the other tree. With `has_control` each baseline also runs against
    /// itself.
    pub(crate) fn comparison_set(
        &mut self,
        baseline: Option<&str>,
        has_control: bool,
    ) -> Result<ComparisonSet, Error> {
        let names: Vec<String> = self.all.iter().map(|c| c.name.clone()).collect();
        let mut set = if self.trees == 1 {
            ComparisonSet::against(self.baseline(baseline)?, names)
        } else {
            let pairs = (0..names.len()).step_by(2).map(|base| (base, base + 1));
            ComparisonSet {
                pairs: pairs.collect(),
                names,
                ..ComparisonSet::default()
            }
        };
        let baselines: BTreeSet<usize> = set.pairs.iter().map(|(baseline, _)| *baseline).collect();
        for baseline in baselines.into_iter().filter(|_| has_control) {
            let Some(command) = self.all.get(baseline) else {
                continue;
            };
            let mut control = command.clone();
            let index = set.add_control(baseline);
            control.name.clone_from(&set.names[index]);
            control.tree = None;
            self.all.push(control);
        }
        Ok(set)
    }

    /// Where the baseline stands: by name, command or number; the first by
    /// default.
    fn baseline(&self, wanted: Option<&str>) -> Result<usize, Error> {
        let Some(wanted) = wanted else { return Ok(0) };
        let by_name = self.all.iter().position(|c| c.name == wanted);
        let by_command = || self.all.iter().position(|c| c.command_line.text == wanted);
        let by_number = || {
            let number: usize = wanted.parse().ok()?;
            (1..=self.all.len()).contains(&number).then(|| number - 1)
        };
        by_name
            .or_else(by_command)
            .or_else(by_number)
            .ok_or_else(|| {
                let names: Vec<_> = self.all.iter().map(|c| format!("`{}`", c.name)).collect();
                let wanted = printable(wanted);
                Error::usage(format!("--baseline `{wanted}` is none of the commands"))
                    .hint(format!("the names are {}", names.join(", ")))
            })
    }
}

/// Commands that are being put together.
struct Adding<'a, 'b> {
    templates: &'a Templates,
    shell: &'b Shell,
    /// What is run around commands is never measured, always through a shell.
    hook_shell: Shell,
    is_set_up_each_time: bool,
    context: RunContext<'a>,
    all: Vec<MeasuredCommand<'a>>,
}

impl<'a> Adding<'a, '_> {
    /// Adds a command, with what is given for that of this number.
    fn add(
        &mut self,
        template: &str,
        index: usize,
        name: String,
        variant: &Variant<'a>,
    ) -> Result<(), Error> {
        let templates = self.templates;
        let environment = variant.environment(one_or_own(&templates.environments, index))?;
        let line = |text: &str, shell| -> Result<CommandLine, Error> {
            let line = variant.command_line(text, shell)?;
            Ok(line.with_environment(&environment))
        };
        let hook =
            |hook: Option<&String>| hook.map(|hook| line(hook, &self.hook_shell)).transpose();
        let command = MeasuredCommand {
            name: unused_name(&self.all, name, variant.tree),
            command_line: line(template, self.shell)?,
            prepare: hook(one_or_own(&templates.prepare, index))?,
            conclude: hook(one_or_own(&templates.conclude, index))?,
            setup: hook(templates.setup.as_ref())?,
            is_set_up_each_time: self.is_set_up_each_time,
            cleanup: hook(templates.cleanup.as_ref())?,
            parameters: variant.named.clone(),
            output: one_or_own(&templates.outputs, index).unwrap_or(&Output::Null),
            has_quiet_stderr: false,
            warmups: 0,
            tree: variant.tree,
            was_set_up: false,
            context: self.context,
            environment: environment.clone(),
        };
        self.all.push(command);
        Ok(())
    }
}

/// What is given for the command of this number, or for all; the reference is number 0.
fn one_or_own<T>(given: &[T], index: usize) -> Option<&T> {
    given.get(index).or(given.first())
}

/// One combination of parameters, in one tree.
#[derive(Default)]
struct Variant<'a> {
    parameters: Parameters,
    /// The same without the tree.
    named: Parameters,
    tree: Option<&'a CommandTree>,
}

impl Variant<'_> {
    /// A command of this variant.
    fn command_line(&self, template: &str, shell: &Shell) -> Result<CommandLine, Error> {
        CommandLine::new(&fill(template, &self.parameters), shell)
    }

    /// Its variables, of assignments in which parameters may be.
    fn environment(&self, assigned: Option<&String>) -> Result<Vec<(String, String)>, Error> {
        let assigned = assigned.map_or_else(|| Ok(Vec::new()), |text| assignments(text))?;
        let filled = |(name, value): (String, String)| (name, fill(&value, &self.parameters));
        Ok(assigned.into_iter().map(filled).collect())
    }
}

/// Every combination of parameters, in every tree.
fn variants<'a>(
    templates: &Templates,
    trees: &'a [CommandTree],
) -> Result<Vec<Variant<'a>>, Error> {
    let combinations = &templates.combinations;
    let is_taken = |parameters: &Parameters| parameters.contains_key(TREE);
    if combinations.iter().any(is_taken) && !trees.is_empty() {
        return Err(Error::usage(
            "with --base the parameter `tree` is the path of the tree, and cannot be another",
        ));
    }
    let is_used = |command: &String| command.contains("{tree}");
    if let Some(command) = templates.commands.iter().find(|c| !is_used(c))
        && !trees.is_empty()
    {
        let message = format!(
            "with --base, `{}` is the same in both trees",
            printable(command)
        );
        return Err(Error::usage(message).hint("write {tree} where the path of the tree belongs"));
    }
    let variant = |parameters: &Parameters, tree: Option<&'a CommandTree>| {
        let mut filled = parameters.clone();
        filled.extend(tree.map(|tree| (TREE.to_owned(), tree.path.clone())));
        Variant {
            parameters: filled,
            named: parameters.clone(),
            tree,
        }
    };
    let variants = combinations.iter().flat_map(|parameters| match trees {
        [] => vec![variant(parameters, None)],
        trees => trees
            .iter()
            .map(|tree| variant(parameters, Some(tree)))
            .collect(),
    });
    Ok(variants.collect())
}

fn check_counts(templates: &Templates, combinations: usize) -> Result<(), Error> {
    let commands = templates.commands.len();
    let of_all = templates.count();
    if commands * combinations > MOST_COMMANDS {
        return Err(Error::usage(format!(
            "{} commands are more than the {MOST_COMMANDS} that fit into one comparison",
            commands * combinations
        )));
    }
    for (flag, given) in [
        ("--prepare", templates.prepare.len()),
        ("--conclude", templates.conclude.len()),
        ("--output", templates.outputs.len()),
        ("--env", templates.environments.len()),
    ] {
        if given > 1 && given != of_all {
            return Err(Error::usage(format!(
                "{flag} is given {given} times for {of_all} commands: give it once for all, or once for each"
            )));
        }
    }
    let names = templates.names.len();
    if names > commands && names != commands * combinations {
        return Err(Error::usage(format!(
            "--name is given {names} times, and the number of commands is {}",
            commands * combinations
        )));
    }
    Ok(())
}

fn check_parameters_are_used(templates: &Templates) -> Result<(), Error> {
    let lists = [
        &templates.commands,
        &templates.prepare,
        &templates.conclude,
        &templates.environments,
    ];
    let texts: Vec<&String> = lists
        .into_iter()
        .flatten()
        .chain(&templates.setup)
        .chain(&templates.cleanup)
        .collect();
    let is_used = |name: &&String| {
        let reference = format!("{{{name}}}");
        texts.iter().any(|text| text.contains(&reference))
    };
    let names = templates.combinations.iter().flat_map(Parameters::keys);
    if let Some(reference) = &templates.reference
        && let Some(name) = names
            .clone()
            .into_iter()
            .find(|name| reference.command.contains(&format!("{{{name}}}")))
    {
        return Err(Error::usage(format!(
            "--reference has the parameter `{name}` in it, and is run without parameters"
        ))
        .hint("give it a value there, or name one of the commands with --baseline"));
    }
    match names.into_iter().find(|name| !is_used(name)) {
        None => Ok(()),
        Some(name) => Err(
            Error::usage(format!("the parameter `{name}` is in no command"))
                .hint(format!("write {{{name}}} where its value belongs")),
        ),
    }
}

/// Whether the setup is of one value of a parameter or variable, and not of another.
fn is_setup_of_one(templates: &Templates) -> bool {
    let Some(setup) = &templates.setup else {
        return false;
    };
    let none = [String::new()];
    let environments = match &templates.environments[..] {
        [] => &none[..],
        given => given,
    };
    let of = |values| {
        let filled = move |environment: &String| (fill(setup, values), fill(environment, values));
        environments.iter().map(filled)
    };
    let all: BTreeSet<_> = templates.combinations.iter().flat_map(of).collect();
    all.len() > 1
}

/// The name with its parameters in it; one that does not tell apart what is run with other
/// values is followed by them.
fn named_apart(name: &str, parameters: &Parameters, templates: &Templates) -> String {
    let filled = fill(name, parameters);
    if templates.names.len() > templates.commands.len() {
        return filled;
    }
    let varies = |parameter: &str, value: &str| {
        let mut all = templates.combinations.iter();
        all.any(|other| other.get(parameter).is_some_and(|other| other != value))
    };
    let untold = parameters.iter().filter(|(parameter, value)| {
        !name.contains(&format!("{{{parameter}}}")) && varies(parameter, value)
    });
    let untold: Vec<String> = untold
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    match untold.is_empty() {
        true => filled,
        false => format!("{filled} ({})", untold.join(", ")),
    }
}

/// The variables of a command that others run with others, as the end of its name.
fn own_variables(templates: &Templates, command: usize, parameters: &Parameters) -> String {
    let text = &templates.commands[command];
    let is_alone = templates.commands.iter().filter(|c| *c == text).count() < 2;
    let first = usize::from(templates.reference.is_some());
    let own = templates.environments.get(first + command);
    match own.filter(|own| !is_alone && !own.is_empty()) {
        Some(own) => format!(" ({})", fill(own, parameters)),
        None => String::new(),
    }
}

/// The name given for the command, or for its variant of this number.
fn name_template(templates: &Templates, command: usize, variant: usize) -> Option<&str> {
    let is_by_command = templates.names.len() <= templates.commands.len();
    let index = if is_by_command { command } else { variant };
    templates.names.get(index).map(String::as_str)
}

/// The name, with a number if it is taken: a command may run against itself.
/// The same command in another tree keeps it.
fn unused_name(taken: &[MeasuredCommand<'_>], name: String, tree: Option<&CommandTree>) -> String {
    let side = |tree: Option<&CommandTree>| tree.map(|tree| tree.side);
    let is_taken = |name: &str| {
        let mut here = taken.iter().filter(|t| side(t.tree) == side(tree));
        here.any(|other| other.name == name)
    };
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    numbered
        .into_iter()
        .find(|name| !is_taken(name))
        .unwrap_or(name)
}
