//! The Python scripts of the repository; each makes the virtual environment that it needs.

use crate::examples::sources;
use crate::step::{Failure, Step};

/// Runs one script with the Python 3 on the path.
pub(crate) fn run(script: &str, arguments: &[String]) -> Result<(), Failure> {
    Step::new(script, "python3").arguments(&[script]).arguments(arguments).run()
}

/// Runs every script of a folder whose name begins so.
pub(crate) fn run_all(folder: &str, prefix: &str) -> Result<(), Failure> {
    sources(folder, prefix, "py")?.iter().try_for_each(|name| run(&format!("{folder}/{name}.py"), &[]))
}
