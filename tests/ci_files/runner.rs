//! What a runner of GitHub does with the steps of a job: expressions, variables, outputs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Folder, workspace};

/// A file of the repository.
pub(crate) fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(workspace().join(path)).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The steps of an action, or of every job of a workflow.
pub(crate) fn all_steps(file: &Value) -> impl Iterator<Item = &Value> {
    let jobs = file["jobs"].as_object().into_iter();
    let jobs = jobs.flat_map(|jobs| jobs.values());
    let steps = jobs.chain([&file["runs"]]).map(|holder| &holder["steps"]);
    steps.filter_map(Value::as_array).flatten()
}

/// Runs steps one after the other.
pub(crate) struct Runner {
    /// Where the checkout is.
    directory: PathBuf,
    /// Where the runner keeps what it needs.
    temporary: Folder,
    values: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    /// What an action makes of the outputs of its steps.
    outputs: Value,
    /// What the steps said on both streams.
    pub(crate) log: String,
    /// The exit code of the first step that failed, or 0.
    pub(crate) code: i32,
}

impl Runner {
    /// A runner with the default inputs of an action.
    pub(crate) fn of(checkout: &Folder, action: &str) -> Self {
        let temporary = Folder::new();
        let mut values = BTreeMap::new();
        let file = read(action);
        for (name, input) in file["inputs"].as_object().into_iter().flatten() {
            let default = input["default"].as_str().unwrap_or_default();
            values.insert(format!("inputs.{name}"), default.to_owned());
        }
        let place = temporary
            .path("")
            .to_str()
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        values.insert("runner.temp".to_owned(), place);
        let folder = workspace().join(action);
        let folder = folder.parent().unwrap().to_str().unwrap();
        values.insert("github.action_path".to_owned(), folder.to_owned());
        for of_no_event in ["github.event_name", "github.sha"] {
            values.insert(of_no_event.to_owned(), String::new());
        }
        Self {
            directory: checkout.path(""),
            temporary,
            values,
            variables: BTreeMap::new(),
            outputs: file["outputs"].clone(),
            log: String::new(),
            code: 0,
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// A variable of the environment of every step.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// What a job gives to every step.
    pub(crate) fn environment_of(&mut self, env: &Value) {
        for (name, value) in env.as_object().unwrap() {
            let value = self.evaluate(value.as_str().unwrap());
            self.variables.insert(name.clone(), value);
        }
    }

    pub(crate) fn get(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// An output of the action.
    pub(crate) fn output(&self, name: &str) -> String {
        self.evaluate(self.outputs[name]["value"].as_str().unwrap())
    }

    /// A file in the runner's own folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.temporary.path(name)
    }

    pub(crate) fn summary(&self) -> String {
        std::fs::read_to_string(self.file("summary")).unwrap_or_default()
    }

    /// Runs the scripts of steps until one fails.
    pub(crate) fn run_all(&mut self, steps: &[Value]) {
        for step in steps {
            let is_wanted = step["if"]
                .as_str()
                .is_none_or(|condition| self.holds(condition));
            if is_wanted && step["run"].is_string() && self.code == 0 {
                self.run(step);
            }
        }
    }

    fn run(&mut self, step: &Value) {
        assert_eq!(step["shell"], "bash", "{step}");
        self.temporary
            .write("script", step["run"].as_str().unwrap());
        self.temporary.write("output", "");
        let directory = match step["working-directory"].as_str() {
            None => self.directory.clone(),
            Some(folder) => self.directory.join(self.evaluate(folder)),
        };
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(self.temporary.path("script"))
            .current_dir(directory)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().into_owned();
            if ["PERFKIT", "GITHUB_"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                bash.env_remove(&name);
            }
        }
        bash.envs(&self.variables)
            .env("XDG_CACHE_HOME", self.directory.with_extension("cache"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", self.temporary.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.temporary.path("summary"));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            bash.env(name, self.evaluate(value.as_str().unwrap()));
        }
        let output = bash.output().unwrap();
        self.log += &String::from_utf8_lossy(&output.stdout);
        self.log += &String::from_utf8_lossy(&output.stderr);
        self.code = output.status.code().unwrap();
        let id = step["id"].as_str().unwrap_or("none");
        for line in self.temporary.read("output").lines() {
            let (name, value) = line.split_once('=').unwrap();
            self.set(&format!("steps.{id}.outputs.{name}"), value);
        }
    }

    /// A text with its expressions replaced by their values.
    fn evaluate(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut value = parts.next().unwrap().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").unwrap();
            let alternatives = expression.split("||").map(|name| self.value(name.trim()));
            value += &alternatives
                .into_iter()
                .find(|v| !v.is_empty())
                .unwrap_or_default();
            value += rest;
        }
        value
    }

    fn value(&self, name: &str) -> String {
        let is_absent = ["github.event.", "steps."];
        if let Some(text) = name.strip_prefix('\'') {
            return text.strip_suffix('\'').unwrap().to_owned();
        }
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if is_absent.iter().any(|prefix| name.starts_with(prefix)) => String::new(),
            None => panic!("nothing says what {name} is"),
        }
    }

    /// Whether a condition holds: terms of `==`, `!=` and `!cancelled()` joined by `&&`.
    fn holds(&self, condition: &str) -> bool {
        let condition = condition
            .trim()
            .trim_start_matches("${{")
            .trim_end_matches("}}");
        condition.split("&&").map(str::trim).all(|term| {
            if term == "!cancelled()" {
                return true;
            }
            let text = |text: &str| text.trim().trim_matches('\'').to_owned();
            match (term.split_once("=="), term.split_once("!=")) {
                (Some((name, value)), _) => self.value(name.trim()) == text(value),
                (_, Some((name, value))) => self.value(name.trim()) != text(value),
                _ => panic!("nobody knows what {term} means"),
            }
        })
    }
}
