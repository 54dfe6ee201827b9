//! Builds and runs every file of `examples/`: an example that ends with an error is a failed test.

use crate::step::{Failure, Step, root};

/// Runs the examples one after the other, in the profile of the tests, so that they share what the tests have built.
pub(crate) fn run_all() -> Result<(), Failure> {
    let names = sources("examples", "", "rs")?;
    Step::cargo("examples", &["build", "--profile", "test", "--examples"]).run()?;
    for name in names {
        Step::cargo(format!("example {name}"), &["run", "--quiet", "--profile", "test", "--example", &name])
            .run_quietly()?;
    }
    Ok(())
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
