//! The gallery on the command line: `cargo run --release -p perfkit-patterns -- all`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
#[cfg(feature = "servers")]
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use perfkit::report::{Note, NoteCode, save_atomically};
use perfkit_patterns::budgets::BUDGETS;
use perfkit_patterns::offline_queue::Queue;
#[cfg(feature = "servers")]
use perfkit_patterns::servers::Servers;
use perfkit_patterns::{Effort, Error, LESSONS, Lab, Lesson, claims, page, table};

/// Performance patterns, wrong and right, measured with perfkit
#[derive(Parser)]
#[command(name = "perfkit-patterns")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Name the lessons
    List,
    /// Measure some lessons, and tell what they are about
    Run {
        /// Names or numbers of lessons
        #[arg(required = true)]
        lessons: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Measure all lessons: at most ten minutes
    All {
        #[command(flatten)]
        output: Output,
        /// Also write the page of documentation with everything that was found
        #[arg(long, value_name = "FILE")]
        docs: Option<PathBuf>,
    },
    /// Hold reports to the budgets of lesson 21, with the options of `perfkit gate`
    Gate {
        /// Report files of the gallery and of other tools, and options
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Fill the queue of lesson 20 until killed, and name what is in it: for its test
    #[command(hide = true)]
    FillQueue {
        /// The queue's database
        file: PathBuf,
    },
}

#[derive(Args)]
struct Output {
    /// The folder for the report file and its page [default: patterns, in cargo's target folder]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Run each form a few times only, which shows that it runs and decides nothing
    #[arg(long)]
    quick: bool,
    /// What the network to PostgreSQL and Redis takes in each direction, where a question has
    /// one; 0 to 1000
    #[cfg(feature = "servers")]
    #[arg(long, value_name = "MS", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=1000))]
    delay: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.task {
        Task::List => list(),
        Task::Run { lessons, output } => chosen(&lessons).and_then(|lessons| {
            for lesson in &lessons {
                tell(lesson)?;
            }
            measure(&lessons, &output, None)
        }),
        Task::Gate { words } => gate(words),
        Task::FillQueue { file } => fill_queue(&file),
        Task::All { output, docs } => measure(LESSONS, &output, docs.as_deref()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to tell it to if standard error is gone.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

/// `perfkit gate`, with the file of budgets that this program was built with.
fn gate(words: Vec<OsString>) -> Result<ExitCode, Error> {
    let folder = tempfile::tempdir()?;
    let budgets = folder.path().join("perfkit.toml");
    std::fs::write(&budgets, BUDGETS)?;
    let first = ["perfkit", "gate", "--config"].map(OsString::from);
    let first = first.into_iter().chain([budgets.into_os_string()]);
    Ok(perfkit_cli::run(&first.chain(words).collect::<Vec<_>>()))
}

/// Says of each write that it is in the queue, once it is.
fn fill_queue(file: &Path) -> Result<ExitCode, Error> {
    let queue = Queue::new(rusqlite::Connection::open(file)?)?;
    // Whoever forgets to kill it finds an end all the same.
    for note in 0..1_000_000 {
        let key = queue.add(note, 0, "a text")?;
        writeln!(io::stdout(), "{key}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lessons by their names or numbers.
fn chosen(names: &[String]) -> Result<Vec<Lesson>, Error> {
    let find = |name: &String| {
        let is_meant = |lesson: &&Lesson| lesson.name == name || name.parse() == Ok(lesson.number);
        let found: Vec<Lesson> = LESSONS.iter().filter(is_meant).copied().collect();
        match found.is_empty() {
            false => Ok(found),
            true => Err(format!(
                "there is no lesson `{}`: `list` names them",
                name.escape_debug()
            )),
        }
    };
    let found: Vec<Vec<Lesson>> = names.iter().map(find).collect::<Result<_, _>>()?;
    Ok(found.concat())
}

fn list() -> Result<ExitCode, Error> {
    let mut out = io::stdout().lock();
    for lesson in LESSONS {
        writeln!(
            out,
            "{:2} {:18} {}",
            lesson.number, lesson.name, lesson.title
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(lesson: &Lesson) -> io::Result<()> {
    let (number, title, text) = (lesson.number, lesson.title, lesson.text());
    writeln!(io::stdout(), "{number} {title}\n\n{text}\n")
}

/// Measures lessons, shows what was found, and saves it. A lesson that fails does not keep
/// the others from being measured.
fn measure(lessons: &[Lesson], output: &Output, docs: Option<&Path>) -> Result<ExitCode, Error> {
    let effort = if output.quick {
        Effort::Quick
    } else {
        Effort::Full
    };
    let mut lab = Lab::new(effort, |what| {
        let _ = writeln!(io::stderr(), "{what}");
    });
    #[cfg(feature = "servers")]
    let servers = Servers::find(Duration::from_millis(output.delay), |missing| {
        let _ = writeln!(io::stderr(), "warning: {missing}");
    });
    let mut code = ExitCode::SUCCESS;
    for lesson in lessons {
        let done = lab.run(lesson);
        #[cfg(feature = "servers")]
        let done = done.and_then(|()| servers.measure(&mut lab, lesson));
        if let Err(error) = done {
            writeln!(io::stderr(), "error: lesson {}: {error}", lesson.name)?;
            code = ExitCode::FAILURE;
        }
    }
    warn(&mut lab, output.quick)?;
    let width = terminal_size::terminal_size().map_or(140, |(width, _)| width.0);
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n", table(&lab.findings, width.max(80)))?;
    writeln!(out, "{}", claims(&lab.findings))?;
    let folder = match &output.output {
        Some(folder) => folder.clone(),
        None => default_folder()?,
    };
    std::fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    let file = folder.join("patterns.json");
    let report = lab.report();
    report.save(&file)?;
    writeln!(out, "report: {}", file.display())?;
    write(
        &folder.join("patterns.html"),
        &perfkit_cli::html_page(&report)?,
    )?;
    writeln!(out, "page: {}", folder.join("patterns.html").display())?;
    if let Some(docs) = docs {
        write(docs, &page(&lab, lessons))?;
        writeln!(out, "documentation: {}", docs.display())?;
    }
    Ok(code)
}

/// Says what of these figures decides nothing, on the screen and in the report.
fn warn(lab: &mut Lab, is_quick: bool) -> io::Result<()> {
    let unoptimised = "built without optimisation, which decides much here: cargo run --release";
    let quick = "measured with --quick, a few runs each: no time and no verdict on one is to be \
                 relied on; what is counted is exact";
    for (is_so, code, message) in [
        (cfg!(debug_assertions), NoteCode::NotOptimized, unoptimised),
        (is_quick, NoteCode::TooFewRuns, quick),
    ] {
        if is_so {
            let note = Note::warning(code, message);
            writeln!(io::stderr(), "warning: {}", note.message)?;
            lab.note(note);
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    save_atomically(path, text.as_bytes()).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &io::Error) -> Error {
    format!("{}: {error}", path.display()).into()
}

/// Beside the folder that cargo built this program in.
fn default_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.unwrap_or(Path::new(".")).join("patterns"))
}
