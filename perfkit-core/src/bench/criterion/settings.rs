//! What a suite says of its benchmarks beside what they call.

/// How much an iteration processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Throughput {
    /// So many bits; as whole bytes.
    Bits(u64),
    /// So many bytes.
    Bytes(u64),
    /// The same.
    BytesDecimal(u64),
    /// So many elements.
    Elements(u64),
    /// Both.
    ElementsAndBytes {
        /// So many elements.
        elements: u64,
        /// So many bytes.
        bytes: u64,
    },
}

impl Throughput {
    /// Elements and bytes.
    pub(super) fn amounts(&self) -> (Option<u64>, Option<u64>) {
        match *self {
            Self::Bits(bits) => (None, Some(bits.div_ceil(8))),
            Self::Bytes(bytes) | Self::BytesDecimal(bytes) => (None, Some(bytes)),
            Self::Elements(elements) => (Some(elements), None),
            Self::ElementsAndBytes { elements, bytes } => (Some(elements), Some(bytes)),
        }
    }
}

/// How many inputs may exist at a time: what they take of memory and cache is not taken by the
/// function itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchSize {
    /// At most 1000.
    #[default]
    SmallInput,
    /// At most 10.
    LargeInput,
    /// One.
    PerIteration,
    /// As many iterations as a sample has, in so many batches; at most 1000 in each.
    NumBatches(u64),
    /// So many, at most 1000.
    NumIterations(u64),
}

impl BatchSize {
    /// The most inputs of a sample that exist at a time.
    pub(super) fn of_sample(self, iterations: u64) -> u64 {
        match self {
            Self::SmallInput => u64::MAX,
            Self::LargeInput => 10,
            Self::PerIteration => 1,
            Self::NumBatches(batches) => iterations.div_ceil(batches.max(1)),
            Self::NumIterations(size) => size.max(1),
        }
    }
}

/// Means nothing here: how often a function is called follows from how long a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplingMode {
    /// The default.
    Auto,
    /// Growing samples.
    Linear,
    /// Equal samples.
    Flat,
}

/// Means nothing here: charts have their scale from their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisScale {
    /// Of equal steps.
    Linear,
    /// Of equal factors.
    Logarithmic,
}

/// Means nothing here; see [`AxisScale`].
#[derive(Clone, Debug, Default)]
pub struct PlotConfiguration {}

impl PlotConfiguration {
    /// Means nothing here.
    #[must_use]
    pub fn summary_scale(self, _scale: AxisScale) -> Self {
        self
    }
}

/// Means nothing here: `perfkit report` plots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlottingBackend {
    /// Another program.
    Gnuplot,
    /// A library.
    Plotters,
    /// No charts.
    None,
}
