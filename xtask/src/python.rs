//! The Python scripts of the repository, and the tests of the Python package.

use std::path::PathBuf;

use crate::examples::sources;
use crate::step::{Failure, Step, root};

/// Runs one script with the Python 3 on the path; it makes the virtual environment that it needs.
pub(crate) fn run(script: &str, arguments: &[String]) -> Result<(), Failure> {
    Step::new(script, "python3").arguments(&[script]).arguments(arguments).run()
}

/// Runs every script of a folder whose name begins so.
pub(crate) fn run_all(folder: &str, prefix: &str) -> Result<(), Failure> {
    sources(folder, prefix, "py")?.iter().try_for_each(|name| run(&format!("{folder}/{name}.py"), &[]))
}

/// Installs the package as a user would, into a virtual environment under target/, and holds it to its tests, its types, the
/// examples of its documentation and the claims of the notebooks.
pub(crate) fn test() -> Result<(), Failure> {
    let python = Environment::made()?;
    python.install_package()?;
    // Nothing is written beside the sources, and the package that is tested is the installed one.
    let pytest = |name: &str| {
        python.module(name, "pytest").arguments(&["-c", "python/pyproject.toml", "-p", "no:cacheprovider"])
    };
    // Files of tests side by side: they hardly use more than one core each.
    pytest("python tests").arguments(&["--numprocesses", "auto", "--dist", "loadfile", "python/tests"]).run()?;
    pytest("python documentation")
        .arguments(&["--doctest-modules", "--doctest-ignore-import-errors", "--pyargs", "earthwork"])
        .run()?;
    let cache = root().join("target/mypy");
    let mypy = |name: &str, module: &str| python.module(name, module).variable("MYPY_CACHE_DIR", &cache);
    mypy("python types", "mypy").arguments(&["--config-file", "python/pyproject.toml", "-p", "earthwork"]).run()?;
    mypy("python stubs", "mypy.stubtest")
        .arguments(&["earthwork._earthwork", "--mypy-config-file", "python/pyproject.toml"])
        .run()?;
    Step::new("notebooks", &python.program).arguments(&["notebooks/run.py"]).run()
}

/// Runs the tests that POT ships against the installed package: plain, accelerated and with earthwork.pot alone.
pub(crate) fn pot(arguments: &[String]) -> Result<(), Failure> {
    let python = Environment::made()?;
    python.install_package()?;
    Step::new("tests of POT", &python.program).arguments(&["python/tests/pot_suite.py"]).arguments(arguments).run()
}

/// A virtual environment with what the tests need.
struct Environment {
    program: PathBuf,
}

impl Environment {
    const REQUIREMENTS: &str = "python/requirements-test.txt";

    /// Makes it, or leaves it as it is where the requirements are those it was made with.
    fn made() -> Result<Self, Failure> {
        let folder = root().join("target/python-venv");
        let program = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        let environment = Self { program };
        let unreadable = |why: std::io::Error| Failure::new(format!("cannot read {}: {why}", Self::REQUIREMENTS));
        let wanted = std::fs::read_to_string(root().join(Self::REQUIREMENTS)).map_err(unreadable)?;
        let stamp = folder.join("requirements-test.txt");
        if environment.program.exists() && std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(environment);
        }
        let system = if cfg!(windows) { "python" } else { "python3" };
        Step::new("virtual environment", system).arguments(&["-m", "venv", "target/python-venv"]).run()?;
        environment
            .module("python requirements", "pip")
            .arguments(&["install", "--quiet", "--disable-pip-version-check", "--requirement", Self::REQUIREMENTS])
            .run()?;
        let unwritable = |why: std::io::Error| Failure::new(format!("cannot write {}: {why}", stamp.display()));
        std::fs::write(&stamp, wanted).map_err(unwritable)?;
        Ok(environment)
    }

    /// Installs the package as a user would.
    fn install_package(&self) -> Result<(), Failure> {
        self.module("python package", "pip")
            .arguments(&["install", "--quiet", "--no-build-isolation", "--no-deps", "--force-reinstall", "./python"])
            .run()
    }

    /// `python -m module`, with the programs of the environment first on the path.
    fn module(&self, name: &str, module: &str) -> Step {
        let own = self.program.parent().map(PathBuf::from);
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&others))).unwrap_or(others);
        Step::new(name, &self.program).arguments(&["-m", module]).variable("PATH", path)
    }
}
