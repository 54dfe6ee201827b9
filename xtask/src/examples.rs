//! Builds and runs every file of `examples/`: an example that ends with an error is a failed test.

use std::path::PathBuf;

use crate::step::{Failure, Step, root};

/// Runs the examples one after the other.
///
/// They are built in the profile of the tests and for the whole workspace: a choice of packages is a choice of features, and with
/// another one the library would be compiled once more.
pub(crate) fn run_all() -> Result<(), Failure> {
    let names = sources("examples", "", "rs")?;
    Step::cargo("examples", &["build", "--profile", "test", "--workspace", "--examples"]).run()?;
    let built = built()?;
    for name in names {
        let program = built.join("examples").join(&name).with_extension(std::env::consts::EXE_EXTENSION);
        Step::new(format!("example {name}"), program).run_quietly()?;
    }
    Ok(())
}

/// The folder that holds this program, and what the profile of the tests makes.
fn built() -> Result<PathBuf, Failure> {
    let unknown = |why: std::io::Error| Failure::new(format!("cannot tell where this program lies: {why}"));
    let program = std::env::current_exe().map_err(unknown)?;
    Ok(program.parent().map(PathBuf::from).unwrap_or_default())
}

/// Names without extension of the files in a folder of the repository, in order.
pub(crate) fn sources(folder: &str, prefix: &str, extension: &str) -> Result<Vec<String>, Failure> {
    let unreadable = |why: std::io::Error| Failure::new(format!("cannot read the folder {folder}: {why}"));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|found| found == extension) && name.starts_with(prefix) {
            names.push(name.into_owned());
        }
    }
    names.sort();
    Ok(names)
}
