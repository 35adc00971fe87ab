//! What is seen of a running program, and how: functions of values, that a test can call
//! without a terminal and without a program.
//!
//! A report becomes a [`Frame`], frames become a [`Model`], which keys change, and a model of
//! some size is a picture: lines of text, each part of which has a tone.

mod columns;
mod detail;
mod frame;
mod keys;
mod line;
mod model;
mod overview;
mod picture;
mod reference;
mod session;
mod sparkline;

pub(crate) use columns::once_table;
pub(crate) use frame::{Frame, ProcessFigures};
pub(crate) use keys::{Key, keys};
pub(crate) use line::Tone;
pub(crate) use model::{Effect, Model, Playback, Seek};
pub(crate) use picture::picture;
pub(crate) use reference::Reference;
pub(crate) use session::{Moment, is_session};

#[cfg(test)]
mod tests;
