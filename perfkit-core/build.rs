//! Tells the library which compiler and which optimisation it is built with,
//! because a report is read differently when it comes from an unoptimised build; and compiles
//! the program that starts commands.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    compile_spawner(&compiler);
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

/// Compiles the program that starts commands, where it is asked for and the system has what it
/// needs. Where it cannot be compiled, the library does without.
fn compile_spawner(compiler: &OsString) {
    const FOLDER: &str = "src/process/spawner";
    println!("cargo::rustc-check-cfg=cfg(perfkit_spawner)");
    println!("cargo::rerun-if-changed={FOLDER}");
    let setting = |name: &str| env::var(format!("CARGO_CFG_{name}")).unwrap_or_default();
    let is_known = setting("TARGET_OS") == "linux"
        && ["x86_64", "aarch64"].contains(&setting("TARGET_ARCH").as_str())
        && setting("TARGET_POINTER_WIDTH") == "64"
        && setting("TARGET_ENDIAN") == "little";
    let is_wanted = env::var_os("CARGO_FEATURE_SPAWNER").is_some();
    let (Some(folder), Some(target)) = (env::var_os("OUT_DIR"), env::var_os("TARGET")) else {
        return;
    };
    if !is_known || !is_wanted || env::var_os("CARGO_CFG_MIRI").is_some() {
        return;
    }
    let mut command = Command::new(compiler);
    command
        .args(["--edition", "2024", "--crate-type", "bin"])
        .args(["--crate-name", "perfkit_spawner", "--target"])
        .arg(target);
    // Without libraries, start code, relocations and tables for panics: as few pages as can be.
    for option in [
        "opt-level=s",
        "panic=abort",
        "lto=fat",
        "codegen-units=1",
        "strip=symbols",
        "relocation-model=static",
        "target-feature=+crt-static",
        "link-arg=-nostartfiles",
        "link-arg=-nostdlib",
        "link-arg=-static",
        "link-arg=-no-pie",
    ] {
        command.args(["-C", option]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = OsString::from("linker=");
        option.push(linker);
        command.arg("-C").arg(option);
    }
    command
        .arg("-o")
        .arg(Path::new(&folder).join("perfkit-spawner"))
        .arg(Path::new(FOLDER).join("program/main.rs"));
    match command.output() {
        Ok(output) if output.status.success() => println!("cargo::rustc-cfg=perfkit_spawner"),
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            let why = why.lines().next().unwrap_or_default();
            println!("cargo::warning=commands are started by perfkit itself: {why}");
        }
        Err(error) => {
            println!("cargo::warning=commands are started by perfkit itself: {error}");
        }
    }
}
