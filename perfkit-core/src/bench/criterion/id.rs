//! What a benchmark is called within its group.

use std::fmt::Display;

/// A function's name, a parameter's value, or both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenchmarkId {
    pub(super) function: Option<String>,
    pub(super) parameter: Option<String>,
}

impl BenchmarkId {
    /// The function's name and the value that it is called with: `name/value`.
    pub fn new(function_name: impl Into<String>, parameter: impl Display) -> Self {
        Self {
            function: Some(function_name.into()),
            parameter: Some(parameter.to_string()),
        }
    }

    /// The value alone, where the group says which function it is.
    pub fn from_parameter(parameter: impl Display) -> Self {
        Self {
            function: None,
            parameter: Some(parameter.to_string()),
        }
    }

    /// Its name within a group.
    pub(super) fn name(&self) -> String {
        let parts = [&self.function, &self.parameter].into_iter().flatten();
        parts.map(String::as_str).collect::<Vec<_>>().join("/")
    }
}

/// What a benchmark can be called by.
pub trait IntoBenchmarkId {
    /// As an id.
    fn into_benchmark_id(self) -> BenchmarkId;
}

impl IntoBenchmarkId for BenchmarkId {
    fn into_benchmark_id(self) -> BenchmarkId {
        self
    }
}

impl<S: Into<String>> IntoBenchmarkId for S {
    fn into_benchmark_id(self) -> BenchmarkId {
        BenchmarkId {
            function: Some(self.into()),
            parameter: None,
        }
    }
}
