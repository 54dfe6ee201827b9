//! Developer commands: `cargo xtask` lists them.

mod examples;
mod house;
mod python;
mod step;

use std::process::ExitCode;
use std::time::Instant;

use step::{Failure, Step};

const HELP: &str = "\
Developer commands of earthwork. Run them anywhere inside the repository.

    cargo xtask check              formatting, lints, documentation and structure, all without a warning
    cargo xtask house              draws the floors of the library into docs/architecture.md
    cargo xtask test               unit and integration tests, doc tests, every file of examples/, and the Python package
    cargo xtask test --all         the same with the slow tests, those marked #[ignore]
    cargo xtask python             the Python package alone: installed, tested, type-checked, and the notebooks run
    cargo xtask pot [ARGS]         the tests that POT ships: with POT as it is, accelerated, and with earthwork.pot alone (half an hour);
                                   ARGS are files of it or options of python/tests/pot_suite.py
    cargo xtask bench NAME [ARGS]  earthwork against its peers in one run: benches/peers/NAME.py, `exact` if left out;
                                   ARGS go on, --help lists them
    cargo xtask coverage [ARGS]    how often intervals hold the truth, into docs/benchmarks.md; --draws N, --only FAMILY,
                                   --show (prints and writes nothing)
    cargo xtask fixtures           writes tests/fixtures/*.json anew from POT and SciPy

`check` and `coverage` need Rust alone; the others also need Python 3 and make virtual environments under target/.
`cargo bench` runs the criterion benches.";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
enum Task {
    Help,
    Check,
    House,
    Test { ignored_too: bool },
    Python,
    Pot(Vec<String>),
    Bench(Vec<String>),
    Coverage(Vec<String>),
    Fixtures,
}

impl Task {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] | ["help" | "--help" | "-h"] => Ok(Self::Help),
            ["check"] => Ok(Self::Check),
            ["house"] => Ok(Self::House),
            ["test"] => Ok(Self::Test { ignored_too: false }),
            ["test", "--all"] => Ok(Self::Test { ignored_too: true }),
            ["python"] => Ok(Self::Python),
            ["pot", ..] => Ok(Self::Pot(arguments[1..].to_vec())),
            ["bench", ..] => Ok(Self::Bench(arguments[1..].to_vec())),
            ["coverage", ..] => Ok(Self::Coverage(arguments[1..].to_vec())),
            ["fixtures"] => Ok(Self::Fixtures),
            _ => Err(Failure::new(format!("`{}` is not a command here; `cargo xtask` lists them", words.join(" ")))),
        }
    }

    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Help => {
                println!("{HELP}");
                Ok(())
            }
            Self::Check => check(),
            Self::House => house::draw(),
            Self::Test { ignored_too } => test(ignored_too),
            Self::Python => python::test(),
            Self::Pot(arguments) => python::pot(&arguments),
            Self::Bench(arguments) => {
                let named = arguments.first().filter(|word| !word.starts_with('-'));
                let name = named.map_or("exact", String::as_str);
                python::run(&format!("benches/peers/{name}.py"), &arguments[usize::from(named.is_some())..])
            }
            Self::Coverage(arguments) => {
                Step::cargo("coverage", &["bench", "--bench", "coverage", "--"]).arguments(&arguments).run()
            }
            Self::Fixtures => python::run_all("tests/fixtures", "make_"),
        }
    }
}

fn check() -> Result<(), Failure> {
    house::check()?;
    Step::cargo("formatting", &["fmt", "--all", "--check"]).run()?;
    Step::cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    Step::cargo("documentation", &["doc", "--workspace", "--no-deps"]).variable("RUSTDOCFLAGS", "-D warnings").run()
}

fn test(ignored_too: bool) -> Result<(), Failure> {
    let runner: &[&str] = if ignored_too { &["--", "--quiet", "--include-ignored"] } else { &["--", "--quiet"] };
    let tests = Step::cargo("unit and integration tests", &["test", "--workspace", "--tests", "--no-fail-fast"]);
    // The everyday run repeats its random cases, so that a failure is one of the change; the long run draws new ones.
    let tests = if ignored_too { tests } else { tests.variable("PROPTEST_RNG_SEED", "20261122") };
    tests.arguments(runner).run()?;
    Step::cargo("doc tests", &["test", "--workspace", "--doc", "--", "--quiet"]).run()?;
    examples::run_all()?;
    python::test()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let start = Instant::now();
    let outcome = Task::parse(&arguments).and_then(|task| {
        let silent = task == Task::Help;
        task.run().map(|()| silent)
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            println!("\n`cargo xtask {}` passed in {:.1} s", arguments.join(" "), start.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, Failure> {
        Task::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_command_of_the_help_is_understood() {
        for line in HELP.lines().filter_map(|line| line.strip_prefix("    cargo xtask ")) {
            let words = line.split("  ").next().unwrap().replace("NAME [ARGS]", "exact").replace(" [ARGS]", "");
            assert!(parse(&words).is_ok(), "{words}");
        }
    }

    #[test]
    fn the_bench_gets_its_arguments() {
        let Ok(Task::Bench(arguments)) = parse("bench --table scale") else { panic!() };
        assert_eq!(arguments, ["--table", "scale"]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let Err(failure) = parse("test --everything") else { panic!() };
        assert!(failure.to_string().contains("test --everything"));
    }
}
