//! Numbered lessons on perfkit. Each is a file beside this one and is run by
//! its name, such as `cargo run --example 01_function`.
