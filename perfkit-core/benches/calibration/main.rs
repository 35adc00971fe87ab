#![doc = include_str!("README.md")]

mod arguments;
mod commands;
mod plan;
mod report;
mod results;
mod roles;
mod sides;
mod tools;
mod workload;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use arguments::{Arguments, Mode};
use commands::Costs;
use plan::{Kind, Turn};
use roles::Neighbour;
use results::Made;
use tools::{Places, Tool};
use workload::Data;

fn main() -> ExitCode {
    let done = match roles::play() {
        Some(played) => played,
        None => match Arguments::read(std::env::args().skip(1)) {
            Ok(arguments) => calibrate(&arguments),
            Err(error) => {
                eprintln!("{error}\n{}", arguments::USAGE);
                return ExitCode::from(2);
            }
        },
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn calibrate(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_millis() as u64;
    let seed = arguments.seed.unwrap_or(now % 1_000_000);
    let places = places(arguments, std::process::id())?;
    println!("seed {seed}, load {}", load());
    if arguments.has_functions {
        print!("{}", linearity());
    }
    let costs = arguments.has_commands.then(Costs::measure).transpose()?;
    if let Some(Costs { start_ms, .. }) = costs {
        println!("start of a command: {start_ms:.2} ms");
    }
    let turns = plan::turns(arguments, costs, seed);
    let mut made = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        eprint!("\r{index} of {} ", turns.len());
        made.extend(take(turn, &places)?);
    }
    eprintln!();
    let _ = std::fs::remove_dir_all(&places.folder);
    println!("load {}\n\n{}", load(), results::LEGEND);
    for kind in [Kind::Functions, Kind::Commands] {
        if made.iter().any(|made| made.kind == kind) {
            println!("{}", results::table(kind, &Tool::ALL, &made));
        }
    }
    let saved = report::save(&made, &results(), seed)?;
    println!("saved: {}", saved.display());
    let is_bad = |made: &Made| made.outcome.is_err();
    Ok(match arguments.mode {
        Mode::Test if made.iter().any(is_bad) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// All comparisons of a turn. What is worth a look is printed at once.
fn take(turn: &Turn, places: &Places) -> Result<Vec<Made>, Box<dyn Error>> {
    let mut all = Vec::new();
    for tool in &turn.tools {
        let neighbour = turn.has_neighbour.then(Neighbour::start).transpose()?;
        let start = Instant::now();
        let outcome = tools::compare(*tool, &turn.sides, places, turn.seed);
        let seconds = start.elapsed().as_secs_f64();
        drop(neighbour);
        let made = Made {
            kind: turn.kind,
            tool: *tool,
            subject: turn.sides.name().to_owned(),
            slowdown: turn.slowdown,
            has_neighbour: turn.has_neighbour,
            seconds,
            outcome,
        };
        tell(&made, turn.seed);
        all.push(made);
    }
    Ok(all)
}

/// One line for what came out.
fn tell(made: &Made, seed: u64) {
    let (tool, subject, slowdown) = (made.tool.name(), &made.subject, made.slowdown);
    let said = match &made.outcome {
        Err(error) => format!("FAILED: {error}"),
        Ok(outcome) => {
            let percent = (outcome.ratio - 1.0) * 100.0;
            let remark = outcome.remark.as_ref();
            let remark = remark.map_or(String::new(), |remark| format!(" ({remark})"));
            format!("{:?} {percent:+.2} %{remark}", outcome.says)
        }
    };
    let mark = if made.is_right() { "" } else { " <- wrong" };
    let neighbour = if made.has_neighbour { " busy" } else { "" };
    let seconds = made.seconds;
    println!("{tool} {subject} {slowdown} %{neighbour}: {said}, {seconds:.2} s, seed {seed}{mark}");
}

/// By how much less than the units the times of the functions grow.
fn linearity() -> String {
    let data = Data::new();
    let line = |workload: &workload::Workload| {
        let ns = workload.time_ns(&data, workload.units, 1000);
        let share = workload.fixed_share(&data) * 100.0;
        format!(
            "{}: {ns:.0} ns, of which {share:.1} % do not grow\n",
            workload.name
        )
    };
    workload::ALL.iter().map(line).collect()
}

/// Where results are kept: in the target folder.
fn results() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    target.parent().unwrap_or(target).join("perfkit")
}

fn places(arguments: &Arguments, process: u32) -> Result<Places, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    let built = root
        .unwrap_or(Path::new("."))
        .join("target/release/perfkit");
    let places = Places {
        perfkit: arguments.perfkit.clone().unwrap_or(built),
        hyperfine: "hyperfine".into(),
        folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join(process.to_string()),
    };
    std::fs::create_dir_all(&places.folder)?;
    Ok(places)
}

/// The load of the machine, where the system tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let one_minute = text.split(' ').next().unwrap_or_default();
    match one_minute {
        "" => "unknown".to_owned(),
        load => load.to_owned(),
    }
}
