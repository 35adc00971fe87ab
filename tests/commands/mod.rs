//! `perfkit compare` with commands, as people type it: what is measured, what is run around them,
//! how few runs are enough, what is meant by flags, mistakes, and Ctrl-C.

mod around_runs;
mod compare;
mod few_runs;
mod habits;
mod interrupt;
mod mistakes;
mod scenarios;
mod spawning;
