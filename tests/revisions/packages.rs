//! Which benches are built of which packages, with which versions of what they depend on,
//! and whose fault it is where that fails. The programs are empty, so that they are built
//! quickly: that they were built is told where they are left out.

use std::path::Path;
use std::process::Command;

use crate::support::{Answer, Folder, git};

fn write(folder: &Folder, name: &str, text: &str) {
    std::fs::create_dir_all(folder.path(name).parent().unwrap()).unwrap();
    folder.write(name, text);
}

/// A package with benches of these names, in a folder of the workspace.
fn package(folder: &Folder, path: &str, name: &str, benches: &[&str], more: &str) {
    let at = |file: &str| Path::new(path).join(file).display().to_string();
    let mut manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    for bench in benches {
        manifest += &format!("[[bench]]\nname = \"{bench}\"\nharness = false\n");
        write(folder, &at(&format!("benches/{bench}.rs")), "fn main() {}");
    }
    write(folder, &at("Cargo.toml"), &format!("{manifest}{more}"));
    write(folder, &at("src/lib.rs"), "");
}

/// A crate as `cargo vendor` lays it down.
fn vendored(folder: &Folder, name: &str, version: &str, code: &str) {
    let at = |file: &str| format!("vendor/{name}-{version}/{file}");
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n");
    write(folder, &at("Cargo.toml"), &manifest);
    write(folder, &at("src/lib.rs"), code);
    write(folder, &at(".cargo-checksum.json"), "{\"files\":{}}");
    let sources =
        "[source.crates-io]\nreplace-with = \"vendor\"\n[source.vendor]\ndirectory = \"vendor\"\n";
    write(folder, ".cargo/config.toml", sources);
}

fn commit(folder: &Folder) {
    git(&folder.path(""), &["init", "-q"]);
    git(&folder.path(""), &["add", "-A"]);
    git(&folder.path(""), &["commit", "-q", "-m", "x"]);
}

fn in_folder(folder: &Folder, inside: &str, arguments: &[&str]) -> Answer {
    let mut command = folder.perfkit(arguments);
    command.current_dir(folder.path(inside));
    Answer::of(command)
}

/// The benches of this tree that were built, by what is said when they are left out.
fn built(answer: &Answer) -> Vec<&str> {
    let built = answer.stderr.lines().filter_map(|line| {
        let (name, why) = line
            .strip_prefix("warning: ")?
            .split_once(" (this tree) ")?;
        why.contains("no bench program of perfkit").then_some(name)
    });
    built.collect()
}

#[test]
fn packages_and_benches_are_those_that_are_asked_for() {
    let folder = Folder::new();
    let members = "[workspace]\nmembers = [\"crates/*\"]\n";
    package(&folder, "", "top", &["of-top"], members);
    let features =
        "required-features = [\"big\"]\n[features]\nbig = []\n[dependencies]\nclash = \"1\"\n";
    package(&folder, "crates/one", "one", &["first", "needy"], features);
    package(&folder, "crates/two", "clash", &["second"], "");
    package(&folder, "crates/none", "none", &[], "");
    // A bench of libtest's harness is none of perfkit's, and is not built: it would fail.
    write(&folder, "crates/two/benches/libtest.rs", "what is this");
    vendored(&folder, "clash", "1.0.0", "");
    let run = |inside: &str, arguments: &[&str]| {
        let line = [&["compare", "--bench"], arguments].concat();
        in_folder(&folder, inside, &line).exits_with(2)
    };
    assert_eq!(built(&run("", &[])), ["of-top"]);
    assert_eq!(built(&run("crates/one/src", &[])), ["first"]);
    let all = run("", &["--workspace"]);
    assert_eq!(built(&all), ["of-top", "first", "second"]);
    all.complains("libtest (this tree) is left out: its harness is libtest's")
        .complains("needy (this tree) is left out: it needs --features big");
    let needy = run("crates/one", &["--features", "big"]);
    assert_eq!(built(&needy), ["first", "needy"]);

    // `cargo bench -p clash` finds two, of which one is no member.
    let id = format!(
        "path+file://{}#clash@0.1.0",
        folder.path("crates/two").canonicalize().unwrap().display()
    );
    for named in ["clash", "clash@0.1.0", "cl*", "crates/two", &id] {
        let answer = run("", &["--package", named]);
        assert_eq!(built(&answer), ["second"], "{named}: {answer:#?}");
    }
    assert_eq!(
        built(&run("crates/one", &["--package", "../.."])),
        ["of-top"]
    );
    assert_eq!(built(&run("", &["--package", "none"])), [""; 0]);
    let only = run("", &["--workspace", "--bench-target", "f*"]);
    assert_eq!(built(&only), ["first"]);
    assert!(!only.stderr.contains("libtest"), "{only:#?}");
    run("", &["--package", "clsh"])
        .complains("--package clsh: the workspace has no such package")
        .complains("did you mean clash?");
    run("", &["--bench-target", "frist"]).complains("did you mean first?");
    run("", &["--package", "x", "--workspace"]).complains("cannot be used with");
    in_folder(&folder, "", &["compare", "true", "--workspace"])
        .exits_with(2)
        .complains("--workspace is for benchmarks");
}

#[test]
fn whose_fault_it_is_that_nothing_is_built_the_exit_code_tells() {
    let folder = Folder::new();
    package(&folder, "", "top", &["it"], "[workspace]\n");
    folder.write(".gitignore", "/target\n");
    let bench = "benches/it.rs";
    folder.write(bench, "fn main() { nothing_like_it() }");
    commit(&folder);
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"5%\"\n";
    folder.write("perfkit.toml", rule);
    let verbs = ["compare", "gate"];
    let run = |verb: &str| folder.run([verb, "--base", "HEAD"]);
    for verb in verbs {
        run(verb)
            .exits_with(5)
            .complains("the benches of this tree cannot be built");
    }
    folder.write(bench, "fn main() {}");
    for verb in verbs {
        run(verb)
            .exits_with(4)
            .complains("the benches of HEAD cannot be built")
            .complains("compare with another revision");
    }
    // What cargo cannot even read is no other matter.
    folder.write("Cargo.toml", "[package]\nname = 1\n");
    run("compare")
        .exits_with(5)
        .complains("cargo cannot read its packages");
    commit(&folder);
    package(&folder, "", "top", &["it"], "[workspace]\n");
    run("compare")
        .exits_with(4)
        .complains("of HEAD cannot be built");
    // Without a package there is nothing to build, and all is new.
    std::fs::remove_file(folder.path("Cargo.toml")).unwrap();
    commit(&folder);
    package(&folder, "", "top", &["it"], "[workspace]\n");
    run("compare")
        .exits_with(2)
        .complains("no benchmark is in both");
}

/// The revision builds with this tree's versions, unless the change itself has others: the
/// newer version of what they depend on would not build.
#[test]
fn both_trees_have_the_same_versions() {
    let folder = Folder::new();
    let depends = "[dependencies]\ndep = \"1\"\n[workspace]\n";
    package(&folder, "", "top", &["it"], depends);
    vendored(&folder, "dep", "1.0.0", "");
    vendored(&folder, "dep", "1.0.1", "compile_error!(\"the newer\");");
    let lock = |version: &str| {
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        folder.write("Cargo.lock", &format!("version = 4\n[[package]]\nname = \"dep\"\nversion = \"{version}\"\nsource = \"{registry}\"\n"));
    };
    let run = || folder.run(["compare", "--base", "HEAD", "-v"]);
    // As a library: the lock file is no part of the repository.
    folder.write(".gitignore", "/target\n/Cargo.lock\n");
    commit(&folder);
    lock("1.0.0");
    let same = run().exits_with(2).complains("no benchmark is in both");
    let same = same.complains("HEAD: built in ").complains("which has ");
    assert_eq!(built(&same), ["it"]);
    lock("1.0.1");
    run().exits_with(5);

    // A link that a revision has in its place is not followed.
    let outside = folder.write("outside", "stays");
    std::fs::remove_file(folder.path("Cargo.lock")).unwrap();
    std::os::unix::fs::symlink(&outside, folder.path("Cargo.lock")).unwrap();
    git(&folder.path(""), &["add", "-f", "Cargo.lock"]);
    commit(&folder);
    git(&folder.path(""), &["tag", "linked"]);
    git(&folder.path(""), &["rm", "-q", "Cargo.lock"]);
    commit(&folder);
    lock("1.0.0");
    folder.run(["compare", "--base", "linked"]).exits_with(2);
    assert_eq!(folder.read("outside"), "stays");

    // As a program: committed, and the change is another version.
    folder.write(".gitignore", "/target\n");
    lock("1.0.0");
    commit(&folder);
    run().exits_with(2);
    // What is not committed yet takes part in the change.
    lock("1.0.1");
    run().exits_with(5);
    commit(&folder);
    lock("1.0.0");
    run().exits_with(4).complains("the newer");
    commit(&folder);
    lock("1.0.1");
    run().exits_with(5);
    let before = ["compare", "--base", "HEAD~1"];
    lock("1.0.0");
    folder.run(before).exits_with(4).complains("the newer");
}

/// Cargo as users call it.
fn cargo(directory: &Path, arguments: &[&str]) -> Answer {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .args(arguments)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS");
    Answer::of(command).exits_with(0)
}

#[test]
fn one_build_is_for_all_where_cargo_aligns_functions_as_well() {
    let folder = Folder::new();
    package(
        &folder,
        "",
        "top",
        &["it"],
        "[workspace]\n[profile.bench]\ndebug = true\n",
    );
    folder.write(".gitignore", "/target\n");
    let flag = "-Cllvm-args=-align-all-functions=6";
    let settings = format!("[build]\nrustflags = [\"{flag}\"]\n");
    write(&folder, ".cargo/config.toml", &settings);
    commit(&folder);
    let run = |arguments: &[&str]| {
        let mut command = folder.perfkit(arguments);
        command
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS");
        Answer::of(command).exits_with(2)
    };
    let built = |answer: &Answer| answer.stderr.matches("Compiling top").count();
    let of_cargo = || cargo(&folder.path(""), &["bench", "--no-run"]);
    assert_eq!(built(&of_cargo()), 1);
    assert_eq!(built(&run(&["compare", "--bench"])), 0);
    assert_eq!(
        built(&run(&["compare", "--base", "HEAD"])),
        1,
        "the revision"
    );
    assert_eq!(built(&run(&["compare", "--base", "HEAD"])), 0);
    // Otherwise perfkit has a build of its own for all that it does.
    std::fs::remove_dir_all(folder.path(".cargo")).unwrap();
    assert_eq!(built(&run(&["compare", "--bench"])), 1);
    assert_eq!(built(&run(&["compare", "--base", "HEAD"])), 0);
    assert!(folder.path("target/perfkit/build").is_dir());
}

/// What lies around the repository counts for the revision too, which is built elsewhere.
#[test]
fn the_revision_is_built_with_the_same_settings_and_toolchain() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    package(&folder, "repository", "top", &["it"], "[workspace]\n");
    let code = "fn main() {}\n#[cfg(not(around))]\ncompile_error!(\"other settings\");";
    write(&folder, "repository/benches/it.rs", code);
    write(&folder, "repository/.gitignore", "/target\n");
    let repository = folder.path("repository");
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "x"],
    ] {
        git(&repository, arguments);
    }
    let settings = "[target.'cfg(unix)']\nrustflags = [\"--cfg\", \"around\"]\n";
    write(&folder, ".cargo/config.toml", settings);
    write(
        &folder,
        "programs/rustup",
        "#!/bin/sh\necho chosen-there '(by a test)'\n",
    );
    let path = std::env::var("PATH").unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let log = folder.path("log").display().to_string();
    let script = format!(
        "#!/bin/sh\necho \"$PWD: $RUSTUP_TOOLCHAIN\" >> '{log}'\nunset RUSTUP_TOOLCHAIN\nPATH='{path}'\nexec '{cargo}' \"$@\"\n"
    );
    write(&folder, "programs/cargo", &script);
    let flags = folder.path("flags");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nexec \"$@\"\n",
        flags.display()
    );
    write(&folder, "programs/wrapper", &script);
    let script = format!("#!/bin/sh\nunset RUSTUP_TOOLCHAIN\nPATH='{path}'\nexec rustc \"$@\"\n");
    write(&folder, "programs/rustc", &script);
    for name in ["rustup", "cargo", "rustc", "wrapper"].map(|name| format!("programs/{name}")) {
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(&name), executable).unwrap();
    }
    let mut command = folder.perfkit(["compare", "--base", "HEAD"]);
    let programs = folder.path("programs");
    command
        .current_dir(&repository)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("CARGO", programs.join("cargo"))
        .env("RUSTC_WRAPPER", programs.join("wrapper"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS");
    Answer::of(command)
        .exits_with(2)
        .complains("it (HEAD) is left out: ");
    let log = folder.read("log");
    let (own, base): (Vec<&str>, Vec<&str>) =
        log.lines().partition(|line| line.contains("/repository: "));
    assert!(own.iter().all(|line| line.ends_with(": ")), "{log}");
    assert!(
        base.iter().all(|line| line.ends_with(": chosen-there")),
        "{log}"
    );
    assert!(!own.is_empty() && !base.is_empty(), "{log}");
    // Flags of the user's and those of perfkit reach the compiler.
    let flags = folder.read("flags");
    let of_bench: Vec<&str> = flags
        .lines()
        .filter(|line| line.contains("--crate-name it "))
        .collect();
    assert_eq!(of_bench.len(), 2, "{flags}");
    for line in of_bench {
        assert!(
            line.contains("--cfg around") && line.contains("-align-all-functions=6"),
            "{line}"
        );
    }
}

/// No flags of the user's are lost for those of perfkit, and none of perfkit's for them.
#[test]
fn flags_of_the_user_and_of_perfkit_reach_the_compiler() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    package(&folder, "", "top", &["it"], "[workspace]\n");
    let wrapper = folder.script("wrapper", "echo \"$*\" >> flags\nexec \"$@\"");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&wrapper, executable).unwrap();
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.unwrap();
    let name = host.replace(['-', '.'], "_").to_uppercase();
    let of_host = format!("CARGO_TARGET_{name}_RUSTFLAGS");
    let build = "[build]\nrustflags = ['--cfg', 'mine']\n";
    let other = "[target.'cfg(windows)']\nrustflags = ['--cfg', 'other']\n";
    let included = format!("[target.{host}]\nrustflags = '--cfg mine'\n");
    write(&folder, ".cargo/included.toml", &included);
    let further = "[build]\ntarget = 'no-such-machine'\n";
    write(&folder, ".cargo/further.toml", further);
    let target = format!("[build]\ntarget = '{host}'\n[target.'cfg(windows)']\nrustflags = ''\n");
    let flags = |settings: &str, variables: &[(&str, &str)]| {
        write(&folder, ".cargo/config.toml", settings);
        let _ = std::fs::remove_dir_all(folder.path("target"));
        let mut command = folder.perfkit(["compare", "--bench"]);
        command
            .env("RUSTC_WRAPPER", &wrapper)
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .envs(variables.iter().copied());
        Answer::of(command)
            .exits_with(2)
            .complains("it (this tree) is left out: ");
        let flags = folder.read("flags");
        std::fs::remove_file(folder.path("flags")).unwrap();
        let mut lines = flags.lines();
        let line = lines.find(|line| line.contains("--crate-name it "));
        line.unwrap().to_owned()
    };
    for (settings, variables) in [
        (format!("{build}{other}"), &[][..]),
        (format!("[build]\nrustflags = '--cfg mine'\n{other}"), &[]),
        (other.to_owned(), &[(&*of_host, "--cfg mine")]),
        (build.replace("mine", "hidden"), &[(&of_host, "--cfg mine")]),
        (other.to_owned(), &[("CARGO_BUILD_RUSTFLAGS", "--cfg mine")]),
        ("include = ['included.toml']\n".to_owned(), &[]),
        (target.clone(), &[(&of_host, "--cfg mine")]),
        // The nearer file names what is built for.
        (
            format!("include = ['further.toml']\n{target}"),
            &[(&of_host, "--cfg mine")],
        ),
    ] {
        let line = flags(&settings, variables);
        let has_both = line.contains("--cfg mine") && line.contains("-align-all-functions=6");
        assert!(has_both, "{settings}{variables:?}: {line}");
        assert!(
            !line.contains("hidden") && !line.contains("other"),
            "{line}"
        );
    }
    let two = format!("[build]\ntarget = ['{host}', 'no-such-machine']\n{other}");
    let one = format!("[build]\ntarget = ['{host}']\n{other}");
    // Cargo adds the variable to a list.
    for (settings, variable) in [(&two, host), (&one, "no-such-machine")] {
        write(&folder, ".cargo/config.toml", settings);
        let mut command = folder.perfkit(["compare", "--bench"]);
        command
            .env_remove("RUSTFLAGS")
            .env("CARGO_BUILD_TARGET", variable);
        Answer::of(command)
            .exits_with(5)
            .complains("name one target in build.target");
    }
}
