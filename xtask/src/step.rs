//! One program run under a heading, with its time, and a failure that says which it was.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The root of the repository: every step runs there.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the repository")
}

/// Why a task stopped, in one line.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A named program call.
pub(crate) struct Step {
    name: String,
    command: Command,
}

impl Step {
    pub(crate) fn new(name: impl Into<String>, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root());
        Self { name: name.into(), command }
    }

    /// A call of the cargo that started this program.
    pub(crate) fn cargo(name: impl Into<String>, arguments: &[&str]) -> Self {
        Self::new(name, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).arguments(arguments)
    }

    pub(crate) fn arguments<S: AsRef<OsStr>>(mut self, arguments: &[S]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with its output shown as it comes.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        println!("\n== {}", self.name);
        let start = Instant::now();
        let status = self.command.status().map_err(|why| self.failed(&why.to_string()))?;
        println!("== {}: {:.1} s", self.name, start.elapsed().as_secs_f64());
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string())) }
    }

    /// Runs it in silence, with one closing line; what it printed is shown only when it fails.
    pub(crate) fn run_quietly(mut self) -> Result<(), Failure> {
        let start = Instant::now();
        let output = self.command.output().map_err(|why| self.failed(&why.to_string()))?;
        if output.status.success() {
            println!("{} ... ok ({:.1} s)", self.name, start.elapsed().as_secs_f64());
            return Ok(());
        }
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Err(self.failed(&output.status.to_string()))
    }

    fn failed(&self, why: &str) -> Failure {
        let program = Path::new(self.command.get_program()).file_stem().unwrap_or_default();
        let words = std::iter::once(program).chain(self.command.get_args());
        let line = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        Failure::new(format!("step `{}` failed: {why}, from `{line}`", self.name))
    }
}
