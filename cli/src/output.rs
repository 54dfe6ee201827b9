//! What leaves the program: standard output and files.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use earthwork::transport::{Plan, Potentials};

use crate::failure::{Failure, Outcome, plain, wrong_file};

/// Prints to standard output. A reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Input(format!("standard output: {}", plain(&error))))
        }
        _ => Ok(()),
    }
}

/// Refuses a file in a folder that does not exist.
pub(crate) fn check(path: &Path) -> Outcome<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            wrong_file(&path.display().to_string(), "cannot be written: its folder does not exist")
        }
        _ => Ok(()),
    }
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    fs::write(path, bytes)
        .map_err(|error| Failure::Input(format!("{}: cannot be written: {}", path.display(), plain(&error))))
}

/// Writes a plan as source,target,mass with indices from 0 and masses to the last digit.
pub(crate) fn write_plan(path: &Path, plan: &Plan) -> Outcome<()> {
    let mut text = String::from("source,target,mass\n");
    for flow in plan.flows() {
        writeln!(text, "{},{},{:e}", flow.source, flow.target, flow.mass).expect("writing to a string");
    }
    write(path, text.as_bytes())
}

/// Writes potentials as side,index,potential.
pub(crate) fn write_potentials(path: &Path, potentials: &Potentials) -> Outcome<()> {
    let mut text = String::from("side,index,potential\n");
    for (side, values) in [("source", &potentials.f), ("target", &potentials.g)] {
        for (index, value) in values.iter().enumerate() {
            writeln!(text, "{side},{index},{value:e}").expect("writing to a string");
        }
    }
    write(path, text.as_bytes())
}
