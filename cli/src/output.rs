//! What leaves the program: standard output and files.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use earthwork::transport::{Plan, Potentials};

use crate::failure::{Failure, Outcome, plain, wrong};

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

/// Refuses outputs before any work is done: a file in a folder that does not exist, a folder, and a file that is also read, or standard
/// output, or another output. `writes` are options with the files they name.
pub(crate) fn check(reads: &[&str], writes: &[(&str, &Path)]) -> Outcome<()> {
    let mut taken: Vec<(Place, String)> = Vec::new();
    for &read in reads {
        let file = read.split_once(".npz:").map_or_else(|| read.to_string(), |(stem, _)| format!("{stem}.npz"));
        let (path, name) = if read == "-" { ("/dev/stdin", "standard input") } else { (file.as_str(), read) };
        taken.extend(place(Path::new(path)).map(|place| (place, format!("the input {name}"))));
    }
    // Where the shell has sent standard output.
    let printed = place(Path::new("/dev/stdout"));
    if let Some((_, name)) = taken.iter().find(|(place, _)| Some(place) == printed.as_ref()) {
        return wrong(format_args!(
            "standard output goes to {name}, which it would overwrite; send it to another file"
        ));
    }
    taken.extend(printed.map(|place| (place, "standard output".to_string())));
    for &(option, path) in writes {
        let shown = path.display();
        if path.is_dir() {
            return wrong(format_args!("{option} {shown}: it cannot be written: it is a folder"));
        }
        if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return wrong(format_args!("{option} {shown}: it cannot be written: its folder does not exist"));
        }
        let Some(place) = place(path) else { continue };
        if let Some((_, name)) = taken.iter().find(|(other, _)| *other == place) {
            return wrong(format_args!("{option} {shown}: this would overwrite {name}; name another file"));
        }
        taken.push((place, format!("what {option} writes")));
    }
    Ok(())
}

/// What makes two names one file.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Device and number of a file that exists: the same for hard links.
    #[cfg(unix)]
    Node(u64, u64),
    /// Where a file would be.
    Path(PathBuf),
}

/// The file that a name stands for; none for devices and pipes, which nothing overwrites.
fn place(path: &Path) -> Option<Place> {
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => None,
        #[cfg(unix)]
        Ok(about) => {
            use std::os::unix::fs::MetadataExt;
            Some(Place::Node(about.dev(), about.ino()))
        }
        _ => Some(Place::Path(resolved(path, 40))),
    }
}

/// The path behind symbolic links, also where they lead to nothing yet.
fn resolved(path: &Path, links: usize) -> PathBuf {
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::read_link(path) {
        Ok(target) if links > 0 => resolved(&folder.join(target), links - 1),
        _ => {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
            path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
        }
    }
}

/// Writes a file so that it is whole or as it was before: under another name beside it first.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    whole(path, bytes)
        .map_err(|error| Failure::Input(format!("{}: cannot be written: {}", path.display(), plain(&error))))
}

fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = fs::metadata(path);
    if before.as_ref().is_ok_and(|about| !about.is_file()) {
        // A device or a pipe.
        return fs::write(path, bytes);
    }
    let target = resolved(path, 40);
    let name = target.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let new = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = (|| {
        fs::write(&new, bytes)?;
        if let Ok(about) = before {
            fs::set_permissions(&new, about.permissions())?;
        }
        fs::rename(&new, &target)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
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
