//! How often the intervals of the library hold the truth: `cargo xtask coverage`.
//!
//! Each family of rows is a file beside this one, listed in `families.rs`. The tables go into `docs/benchmarks.md`, each between two
//! markers of its own. Everything is deterministic by seed: the same number of draws gives the same table.

// By its path, as `tests/coverage.rs` takes it, so that the files it lists are looked for beside it.
#[path = "families.rs"]
mod families;

use std::process::ExitCode;
use std::time::Instant;

use families::{FAMILIES, Family, Row, table};

const HELP: &str = "\
How often intervals hold the truth, into docs/benchmarks.md.

    --draws N        draws in each cell; 400 if left out. Cells of 1000 points take a quarter of that
    --only FAMILY    this family alone; the tables of the others stay as they are
    --show           prints the tables and leaves docs/benchmarks.md as it is";

struct Options {
    draws: usize,
    only: Option<String>,
    show: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { draws: 400, only: None, show: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                // `cargo bench` adds it.
                "--bench" => {}
                "--help" | "-h" => return Ok(None),
                "--show" => options.show = true,
                "--draws" => {
                    let found = words.next().and_then(|word| word.parse().ok()).filter(|&draws| draws >= 10);
                    options.draws = found.ok_or("--draws: it takes a number of at least 10")?;
                }
                "--only" => options.only = Some(words.next().ok_or("--only: it takes the name of a family")?),
                other => return Err(format!("`{other}` is not an option here\n\n{HELP}")),
            }
        }
        Ok(Some(options))
    }
}

fn run(options: &Options) -> Result<(), String> {
    let is_asked = |family: &&Family| options.only.as_ref().is_none_or(|only| only == family.name);
    let families: Vec<&Family> = FAMILIES.iter().filter(is_asked).collect();
    if families.is_empty() {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        return Err(format!("--only: there are {}", names.join(", ")));
    }
    for family in families {
        let start = Instant::now();
        println!("{}, {} draws", family.name, options.draws);
        let rows: Vec<Row> = (family.rows)(options.draws);
        let table = table(&rows);
        println!("{table}\n{:.0} s", start.elapsed().as_secs_f64());
        // Two standard errors: some of many good rows are named by chance.
        for short in rows.iter().filter_map(|row| row.shortfall(2.0)) {
            println!("falls short: {short}");
        }
        if !options.show {
            write(family.name, &table)?;
        }
    }
    Ok(())
}

/// Puts the table of a family between its markers.
fn write(family: &str, table: &str) -> Result<(), String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
    let text = std::fs::read_to_string(path).map_err(|error| format!("docs/benchmarks.md: {error}"))?;
    let (begin, end) = (format!("<!-- coverage of {family} -->\n"), format!("<!-- end of {family} -->"));
    let missing = || format!("docs/benchmarks.md: it lacks the lines `{}` and `{end}`", begin.trim());
    let from = text.find(&begin).ok_or_else(missing)? + begin.len();
    let to = from + text[from..].find(&end).ok_or_else(missing)?;
    let text = format!("{}\n{table}\n{}", &text[..from], &text[to..]);
    std::fs::write(path, text).map_err(|error| format!("docs/benchmarks.md: {error}"))
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(None) => println!("{HELP}"),
        Ok(Some(options)) => {
            if let Err(why) = run(&options) {
                eprintln!("{why}");
                return ExitCode::FAILURE;
            }
        }
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
