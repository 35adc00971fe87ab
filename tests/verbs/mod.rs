//! The commands around measuring: `doctor`, `init`, `run`, and what `-v` says of settings.

mod doctor;
mod init;
mod run;
mod sources;
