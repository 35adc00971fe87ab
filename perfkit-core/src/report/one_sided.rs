//! A benchmark that only one side of a comparison has.

use serde::{Deserialize, Serialize};

/// A benchmark, or an operation, that only one side of a comparison has.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
#[non_exhaustive]
pub struct OneSided {
    /// Its name.
    pub name: String,
    /// The bench program that it is of, where that is known: others may have one of this name,
    /// on both sides.
    pub program: Option<String>,
}

impl OneSided {
    /// What has this name, in a program or anywhere.
    #[must_use]
    pub fn new(name: impl Into<String>, program: Option<&str>) -> Self {
        Self {
            name: name.into(),
            program: program.map(str::to_owned),
        }
    }

    /// Its name, with its program where that is known and needed.
    #[must_use]
    pub fn label(&self, is_shared: bool) -> String {
        match &self.program {
            Some(program) if is_shared => format!("{} ({program})", self.name),
            _ => self.name.clone(),
        }
    }
}

/// How it stands in a file: its name alone where that is all.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Name(String),
    OfProgram { name: String, program: String },
}

impl From<Form> for OneSided {
    fn from(form: Form) -> Self {
        match form {
            Form::Name(name) => Self::new(name, None),
            Form::OfProgram { name, program } => Self::new(name, Some(&program)),
        }
    }
}

impl From<OneSided> for Form {
    fn from(one: OneSided) -> Self {
        let OneSided { name, program } = one;
        match program {
            Some(program) => Self::OfProgram { name, program },
            None => Self::Name(name),
        }
    }
}
