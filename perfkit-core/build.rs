//! Tells the library which compiler and which optimisation it is built with,
//! because a report is read differently when it comes from an unoptimised build.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split_whitespace().nth(1).map(str::to_owned))
        .unwrap_or_default();
    println!("cargo::rustc-env=PERFKIT_RUSTC_VERSION={version}");
    for name in ["OPT_LEVEL", "TARGET"] {
        let value = env::var(name).unwrap_or_default();
        println!("cargo::rustc-env=PERFKIT_{name}={value}");
    }
}
