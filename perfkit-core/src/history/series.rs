//! What was measured again and again.

/// One measured value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where it stands in the history that all series share, such as the number of its run: by
    /// this, changes of several series are told to be one event. Ascends within a series.
    pub position: u64,
    /// The value, or its ratio to a reference measured in the same session.
    pub value: f64,
    /// Half the width of its 95 % interval over the value, such as 0.01, where there is one.
    pub half_width: Option<f64>,
    /// What it was measured on: points of different groups (machine, toolchain) are never
    /// compared. Ratios to a reference of the same session are all of one group.
    pub group: u64,
}

/// The points of one metric of one benchmark, in the order of their positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The points.
    pub points: Vec<Point>,
}
