//! `perfkit gate` and the sessions that it holds results against.

mod baseline;
mod baseline_atomic;
mod decisions;
mod numbers;
mod rules;
mod selftest;
