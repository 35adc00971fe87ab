//! `perfkit baseline save` that is killed, that finds no room, that may not write, and that
//! is not alone: sessions are there whole or not at all.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Answer, Folder, copy_program, required, session};
use perfkit::Report;

/// A folder with so many sessions to save, `0.json` and so on.
fn with_sessions(count: usize) -> Folder {
    let folder = Folder::new();
    for index in 0..count {
        let path = folder.path(&format!("{index}.json"));
        session(1.0 + 0.001 * index as f64).save(path).unwrap();
    }
    folder
}

fn save(folder: &Folder, name: &str, index: usize) -> Command {
    let report = format!("{index}.json");
    let line = ["baseline", "save", name, &report, "--baselines", "kept"];
    let mut command = folder.perfkit(line);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// All that a baseline's folder has, and nothing where there is none.
fn files(folder: &Folder, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path("kept").join(name));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// How many saves are killed.
fn kills() -> usize {
    let named = std::env::var("PERFKIT_TEST_KILLS").ok();
    named.map_or(400, |number| number.parse().unwrap())
}

/// Shares from 0 to 1, in an order of no pattern.
fn shares() -> impl Iterator<Item = f64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as f64 / 2_f64.powi(32)
    })
}

/// Kills with SIGKILL; says whether the save was at its end before.
fn kill_after(mut child: Child, delay: Duration) -> bool {
    sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap().success()
}

#[test]
fn a_save_that_is_killed_leaves_a_whole_session_or_none() {
    const SESSIONS: usize = 20;
    let folder = with_sessions(SESSIONS + 1);
    let start = Instant::now();
    assert!(save(&folder, "warm", 0).status().unwrap().success());
    // It follows the machine, so that some are finished and some are not.
    let mut longest = start.elapsed();
    let mut shares = shares();
    let (mut whole, mut finished, mut left) = (0, 0, 0);
    let mut tried = 0;
    while tried < kills() {
        let name = format!("b{tried}");
        for index in 0..SESSIONS {
            let child = save(&folder, &name, index).spawn().unwrap();
            let is_finished = kill_after(child, longest.mul_f64(shares.next().unwrap()));
            finished += usize::from(is_finished);
            longest = longest.mul_f64(if is_finished { 0.8 } else { 1.1 });
            tried += 1;
            left += files(&folder, ".unfinished").len();
        }
        let kept = files(&folder, &name);
        for file in &kept {
            Report::load(file).unwrap();
        }
        whole += kept.len();
        // What is left is no session, and the next save clears it.
        let line = ["baseline", "list", "--baselines", "kept"];
        let list = folder.run(line).exits_with(0);
        assert!(!list.stdout.contains("cannot be read"), "{list:#?}");
        assert!(save(&folder, &name, SESSIONS).status().unwrap().success());
        assert_eq!(files(&folder, &name).len(), kept.len() + 1);
        assert!(files(&folder, ".unfinished").is_empty());
    }
    assert!(0 < finished && finished < tried, "{finished} of {tried}");
    // Those that said so have kept theirs.
    assert!(whole >= finished, "{whole} sessions of {finished}");
    println!("{tried} killed: {finished} were finished, {whole} sessions are whole, {left} left");
}

#[test]
fn saves_at_the_same_time_are_all_kept() {
    const SAVES: usize = 12;
    let folder = with_sessions(SAVES);
    let children: Vec<Child> = (0..SAVES)
        .map(|index| save(&folder, "main", index).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(files(&folder, "main").len(), SAVES);
    let line = ["baseline", "show", "main", "--baselines", "kept"];
    folder
        .run(line)
        .exits_with(0)
        .says(&format!("Baseline main: {SAVES} sessions\n"));
    // One session that two save at once is kept once.
    let twice = [0, 0].map(|index| save(&folder, "other", index).spawn().unwrap());
    let codes = twice.map(|mut child| child.wait().unwrap().code());
    assert!(codes == [Some(0), Some(2)] || codes == [Some(2), Some(0)]);
    assert_eq!(files(&folder, "other").len(), 1);
}

#[test]
fn whom_a_save_waits_for_it_says() {
    let folder = with_sessions(1);
    fs::create_dir(folder.path("kept")).unwrap();
    let lock = folder.path("kept/.lock");
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let quiet = save(&folder, "other", 0)
        .arg("--quiet")
        .stderr(Stdio::piped())
        .spawn();
    let mut child = save(&folder, "main", 0)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let stderr = child.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut said).unwrap();
    assert_eq!(
        said,
        "waiting for another program that has kept/.lock locked\n"
    );
    drop(held);
    assert!(child.wait().unwrap().success());
    let quiet = Answer::from(quiet.unwrap().wait_with_output().unwrap());
    assert_eq!((quiet.code, &*quiet.stderr), (Some(0), ""));
    // Of a pipe, nobody would ever let go.
    fs::remove_file(&lock).unwrap();
    let made = Command::new("mkfifo").arg(&lock).status();
    assert!(made.unwrap().success());
    let line = ["baseline", "save", "main", "0.json", "--baselines", "kept"];
    folder
        .run(line)
        .exits_with(4)
        .complains("kept/.lock is no regular file");
}

/// The answer of a shell script that runs `$PERFKIT`, in the folder.
fn shell(folder: &Folder, program: &str, arguments: &[&str], script: &str) -> Answer {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["sh", "-c", script])
        .env("PERFKIT", env!("CARGO_BIN_EXE_perfkit"))
        .current_dir(folder.path(""));
    Answer::of(command)
}

#[test]
fn where_there_is_no_room_the_baseline_is_as_it_was() {
    let folder = with_sessions(2);
    assert!(save(&folder, "main", 0).status().unwrap().success());
    let kept = |folder: &Folder| fs::read(&files(folder, "main")[0]).unwrap();
    let before = kept(&folder);
    let script =
        "trap '' XFSZ; ulimit -f 1; exec \"$PERFKIT\" baseline save main 1.json --baselines kept";
    shell(&folder, "env", &[], script)
        .exits_with(4)
        .complains("cannot write kept/main/")
        .complains("File too large")
        .complains("what was kept is unchanged; --baselines DIR");
    assert_eq!(files(&folder, "main").len(), 1);
    assert!(files(&folder, ".unfinished").is_empty());
    assert!(kept(&folder) == before);
    assert!(save(&folder, "main", 1).status().unwrap().success());
}

fn can_run(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn on_a_full_disk_the_baseline_is_as_it_was() {
    let folder = with_sessions(2);
    let mounted = "mkdir full && mount -t tmpfs -o size=64k none full";
    let unshare = ["--user", "--map-root-user", "--mount"];
    // Not every system lets everybody mount; the limit on files has the same end.
    if !can_run("unshare") || shell(&folder, "unshare", &unshare, mounted).code != Some(0) {
        return required::skip(
            "user namespaces, to mount a small disk in; on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        );
    }
    fs::remove_dir(folder.path("full")).unwrap();
    let script = format!(
        "{mounted} && \"$PERFKIT\" baseline save main 0.json --baselines full && \
         cp full/main/* before && \
         {{ dd if=/dev/zero of=full/filler bs=1k 2>/dev/null; \
         \"$PERFKIT\" baseline save main 1.json --baselines full; code=$?; \
         cmp before full/main/* && rm full/filler && \
         \"$PERFKIT\" baseline list --baselines full && exit $code; }}"
    );
    shell(&folder, "unshare", &unshare, &script)
        .exits_with(4)
        .says("main  1 session")
        .complains("No space left on device")
        .complains("what was kept is unchanged");
}

#[test]
fn where_nothing_may_be_written_the_baseline_is_as_it_was() {
    let folder = with_sessions(2);
    assert!(save(&folder, "main", 0).status().unwrap().success());
    // For root nothing is forbidden.
    let program = folder.path("perfkit");
    copy_program(Path::new(env!("CARGO_BIN_EXE_perfkit")), &program);
    let as_nobody = |line: &[&str]| {
        let mut command = Command::new(&program);
        command.args(line).current_dir(folder.path(""));
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        Answer::of(command)
    };
    let forbid = |mode| {
        for part in ["kept", "kept/main", "kept/.unfinished", "kept/.lock"] {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path(part), permissions).unwrap();
        }
    };
    forbid(0o555);
    let line = ["baseline", "save", "main", "1.json", "--baselines", "kept"];
    as_nobody(&line)
        .exits_with(4)
        .complains("cannot lock kept/.lock: Permission denied")
        .complains("what was kept is unchanged; --baselines DIR");
    let line = ["baseline", "rm", "main", "--baselines", "kept"];
    as_nobody(&line)
        .exits_with(4)
        .complains("Permission denied");
    // What only reads needs no lock.
    let line = ["baseline", "list", "--baselines", "kept"];
    as_nobody(&line).exits_with(0).says("main  1 session");
    forbid(0o755);
    assert_eq!(files(&folder, "main").len(), 1);
    Report::load(&files(&folder, "main")[0]).unwrap();
}
