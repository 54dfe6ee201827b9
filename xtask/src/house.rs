//! The structure of the code, held to two rules: no circle of files, and no import that runs up.
//!
//! A file imports another where a path in it leads there: through `use`, or written out after `crate::` or `super::`. A name that a module
//! hands on (`pub use`) is followed to the file that it comes from, and handing on is not an import. Tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Failure, root};

/// The floors of the library from the ground up, with what stands on each. A file imports only from its own room and from floors below.
const FLOORS: &[&[(&str, &str)]] = &[
    &[("error", "typed errors that name the argument, the place and the value")],
    &[
        ("numeric", "compensated sums, random streams, special functions, parallel loops"),
        ("simd", "vector loops; the only unsafe code"),
    ],
    &[("measure", "Samples, Histogram, Gaussian, Mixture")],
    &[("cost", "ground costs; cost matrices as tiles")],
    &[
        ("neighbors", "kd-trees with dual bounds, least slacks of all pairs, k nearest neighbours"),
        ("estimate", "Estimate: a value and its evidence; intervals and permutation tests"),
    ],
    &[("transport", "Problem, Plan, Potentials, Bounds, certificates, Solution, Status, Observer, Root")],
    &[("testing", "problems with known answers, an independent checker, laws of discrepancies")],
    &[("exact", "network simplex, grids, lines, circles, assignment, batches")],
    &[
        ("entropic", "Sinkhorn's algorithm and what is made of it"),
        ("divergence", "on one support, in closed form, estimated from samples"),
        ("closed_form", "Gaussians, mixtures, quantile functions"),
        ("sliced", "the mean and the largest over projections; plans and bounds from slices"),
    ],
    &[
        ("metrics", "FID, KID, precision and recall, nearest-neighbour tests, modes"),
        ("critic", "networks, Lipschitz control, dual lower bounds on W1"),
    ],
    &[("validate", "corruptions, and metrics held against exact distances under them")],
    &[
        ("compare", "every distance of two samples, columns, movements"),
        ("gan", "adversarial training with exact transport as the referee"),
    ],
];

/// What stands on all floors of the library.
const FACES: &[(&str, &str)] = &[
    ("cli", "the command: arguments, files, tables, plots"),
    ("python/src", "the compiled part of the Python package"),
    ("view", "what both show alike: numbers as people read them, pages"),
];

const PICTURE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- floors, by `cargo xtask house` -->";
const END: &str = "<!-- end of floors -->";

/// Fails where a rule is broken, or where the picture is not the one of these floors.
pub(crate) fn check() -> Result<(), Failure> {
    println!("\n== structure");
    let mut faults = Vec::new();
    for (folder, is_library) in [("src", true), ("cli/src", false), ("view/src", false), ("python/src", false)] {
        let house = House::read(folder)?;
        faults.extend(house.circles().into_iter().map(|files| format!("a circle of files: {}", files.join(" -> "))));
        if is_library {
            faults.extend(house.upwards());
        }
    }
    let text = fs::read_to_string(root().join(PICTURE)).map_err(|why| unreadable(Path::new(PICTURE), &why))?;
    if with_picture(&text)? != text {
        faults.push(format!("the picture of {PICTURE} is not that of the code; `cargo xtask house` draws it"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n       "))) }
}

/// Draws the picture of the floors into the documentation.
pub(crate) fn draw() -> Result<(), Failure> {
    let path = root().join(PICTURE);
    let text = fs::read_to_string(&path).map_err(|why| unreadable(&path, &why))?;
    let new = with_picture(&text)?;
    fs::write(&path, new).map_err(|why| Failure::new(format!("cannot write {PICTURE}: {why}")))?;
    print!("{}", picture()?);
    Ok(())
}

fn unreadable(path: &Path, why: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {why}", path.display()))
}

fn with_picture(text: &str) -> Result<String, Failure> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| Failure::new(format!("{PICTURE} lacks `{BEGIN}` and `{END}`")))?;
    Ok(format!("{before}{BEGIN}\n\n```text\n{}```\n\n{END}{after}", picture()?))
}

/// The floors from the top down: each room with its lines and what it holds.
fn picture() -> Result<String, Failure> {
    let line = "-".repeat(100);
    let mut out = String::new();
    let mut floor = |rooms: &[(&str, &str)], prefix: &str| -> Result<(), Failure> {
        for (room, what) in rooms {
            let lines = lines_of(&format!("{prefix}{room}"))?;
            let _ = writeln!(out, "{:<18} {lines:>6}  {what}", format!("{prefix}{room}"));
        }
        let _ = writeln!(out, "{line}");
        Ok(())
    };
    floor(FACES, "")?;
    for rooms in FLOORS.iter().rev() {
        floor(rooms, "src/")?;
    }
    out.truncate(out.len() - line.len() - 1);
    Ok(out)
}

/// Lines of Rust in a folder or a file, in hundreds, so that the picture does not change every day.
fn lines_of(place: &str) -> Result<String, Failure> {
    let folder = root().join(place);
    let files = if folder.is_dir() { sources(&folder)? } else { vec![folder.with_extension("rs")] };
    let mut lines = 0;
    for file in files {
        lines += fs::read_to_string(&file).map_err(|why| unreadable(&file, &why))?.lines().count();
    }
    Ok(format!("{:.1}k", lines as f64 / 1000.0))
}

/// All Rust files below a folder, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|why| unreadable(folder, &why))? {
        let path = entry.map_err(|why| unreadable(folder, &why))?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A path from the root of the crate, as its segments.
type Module = Vec<String>;

/// The files of a crate and what they import.
struct House {
    /// The file of each module, from the root of the repository.
    files: BTreeMap<Module, String>,
    /// The imports of each module, by file.
    imports: BTreeMap<Module, BTreeSet<Module>>,
}

impl House {
    fn read(folder: &str) -> Result<Self, Failure> {
        let top = root().join(folder);
        let mut texts = BTreeMap::new();
        let mut files = BTreeMap::new();
        for path in sources(&top)? {
            let inside = path.strip_prefix(&top).expect("a file of this folder").with_extension("");
            let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            let text = fs::read_to_string(&path).map_err(|why| unreadable(&path, &why))?;
            texts.insert(module.clone(), Source::of(&text));
            files.insert(module, format!("{folder}/{}.rs", inside.display()));
        }
        let mut imports: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, source) in &texts {
            let found = imports.entry(module.clone()).or_default();
            for path in &source.paths {
                if let Some(to) = resolve(&texts, module, path, 0).filter(|to| to != module) {
                    found.insert(to);
                }
            }
        }
        Ok(Self { files, imports })
    }

    /// One circle for each group of files that import each other.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<String>> = Vec::new();
        let mut seen = BTreeSet::new();
        for start in self.files.keys() {
            if let Some(circle) = self.way_back(start).filter(|circle| circle.iter().all(|at| !seen.contains(at))) {
                seen.extend(circle.iter().cloned());
                found.push(circle.iter().chain([start]).map(|at| self.files[at].clone()).collect());
            }
        }
        found
    }

    /// The shortest circle through a file.
    fn way_back(&self, start: &Module) -> Option<Vec<Module>> {
        let mut from: BTreeMap<&Module, &Module> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for to in &self.imports[at] {
                if to == start {
                    let mut way = vec![at.clone()];
                    while let Some(before) = from.get(way.last().expect("not empty")) {
                        way.push((*before).clone());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !from.contains_key(to) {
                    from.insert(to, at);
                    queue.push_back(to);
                }
            }
        }
        None
    }

    /// The imports from a floor to one above it or to a room beside.
    fn upwards(&self) -> Vec<String> {
        let floor = |module: &Module| {
            let room = module.first()?;
            FLOORS.iter().position(|rooms| rooms.iter().any(|(name, _)| name == room))
        };
        let mut found = Vec::new();
        for (module, imports) in &self.imports {
            let named = |module: &Module| !module.is_empty() && module[0] != "prelude";
            if named(module) && floor(module).is_none() {
                found.push(format!("{} stands on no floor; name its room in xtask/src/house.rs", self.files[module]));
            }
            for to in imports {
                if let (Some(own), Some(other)) = (floor(module), floor(to))
                    && own <= other
                    && (own < other || module[0] != to[0])
                {
                    found.push(format!(
                        "{} imports {}, which does not stand below it",
                        self.files[module], self.files[to]
                    ));
                }
            }
        }
        found
    }
}

/// What the structure needs to know of a file.
struct Source {
    /// The paths of its imports, and those written out.
    paths: BTreeSet<Vec<String>>,
    /// Where the names come from that it hands on: the name, and the path as written.
    handed_on: BTreeMap<String, Vec<String>>,
}

impl Source {
    fn of(text: &str) -> Self {
        let code = bare(text);
        let (mut paths, mut handed_on) = (BTreeSet::new(), BTreeMap::new());
        let mut rest = String::new();
        let mut at = code.as_str();
        while let Some(k) = next_use(at) {
            let (before, tail) = at.split_at(k);
            let Some((statement, after)) = tail.split_once(';') else { break };
            rest.push_str(before);
            let public = before.trim_end().ends_with("pub")
                || before.trim_end().ends_with(')') && {
                    let opening = before.rfind('(').unwrap_or(0);
                    before[..opening].trim_end().ends_with("pub")
                };
            let mut leaves = Vec::new();
            flatten(statement["use".len()..].trim(), &[], &mut leaves);
            for (path, name) in leaves {
                if public {
                    handed_on.insert(name, path);
                } else {
                    paths.insert(path);
                }
            }
            at = after;
        }
        rest.push_str(at);
        for start in ["crate::", "super::"] {
            for (k, _) in rest.match_indices(start) {
                let begins = !rest[..k].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$');
                let path: String =
                    rest[k..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
                if begins {
                    paths.insert(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
                }
            }
        }
        Self { paths, handed_on }
    }
}

/// Where the next `use` statement begins.
fn next_use(code: &str) -> Option<usize> {
    code.match_indices("use ").map(|(k, _)| k).find(|&k| {
        let before = code[..k].trim_end_matches(' ');
        before.is_empty() || before.ends_with(['\n', ';', '}', '{', ')']) || before.ends_with("pub")
    })
}

/// The leaves of a tree of imports: the path, and the name that it has here.
fn flatten(tree: &str, prefix: &[String], out: &mut Vec<(Vec<String>, String)>) {
    let Some((head, group)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim())));
        let mut full = prefix.to_vec();
        full.extend(path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()));
        if full.len() > 1 && full.last().is_some_and(|last| last == "self") {
            full.pop();
        }
        let last = full.last().cloned().unwrap_or_default();
        out.push((full, name.map_or(last, str::to_owned)));
        return;
    };
    let mut prefix = prefix.to_vec();
    prefix.extend(head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()));
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut from) = (0, 0);
    for (k, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[from..k].trim();
                if !part.is_empty() {
                    flatten(part, &prefix, out);
                }
                from = k + 1;
            }
            _ => {}
        }
    }
}

/// The code without comments, texts and tests.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            // A module of tests stands at the end of a file; what is declared in one line is left out by itself.
            if lines.next().is_none_or(|item| !item.ends_with(';')) {
                break;
            }
            continue;
        }
        let code = line.split("//").next().unwrap_or_default();
        let mut inside = false;
        let mut escaped = false;
        for c in code.chars() {
            if c == '"' && !escaped {
                inside = !inside;
            } else if !inside {
                out.push(c);
            }
            escaped = c == '\\' && !escaped;
        }
        out.push('\n');
    }
    out
}

/// The module that a path leads to, seen from `here`; `None` where it leads out of the crate.
fn resolve(texts: &BTreeMap<Module, Source>, here: &Module, path: &[String], depth: usize) -> Option<Module> {
    let mut at: Module = here.clone();
    let mut parts = path.iter().peekable();
    match parts.peek()?.as_str() {
        "crate" => {
            at.clear();
            parts.next();
        }
        "self" => {
            parts.next();
        }
        "super" => {
            while parts.next_if(|part| *part == "super").is_some() {
                at.pop()?;
            }
        }
        first => {
            let mut child = at.clone();
            child.push(first.to_owned());
            if !texts.contains_key(&child) {
                return None;
            }
        }
    }
    while let Some(part) = parts.next() {
        let mut child = at.clone();
        child.push(part.clone());
        if texts.contains_key(&child) {
            at = child;
        } else if let Some(from) = texts.get(&at)?.handed_on.get(part).filter(|_| depth < 8) {
            let through: Vec<String> = from.iter().chain(parts).cloned().collect();
            return resolve(texts, &at, &through, depth + 1).or(Some(at));
        } else {
            break;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str) -> Vec<String> {
        path.split("::").map(str::to_owned).collect()
    }

    #[test]
    fn imports_are_read_through_braces_and_names() {
        let source = Source::of(
            "use std::fmt;\nuse crate::a::{self, b::{C, D as E}, f};\npub(crate) use g::H;\n// use crate::no;\nlet x = crate::i::j();\n",
        );
        let expected = ["std::fmt", "crate::a", "crate::a::b::C", "crate::a::b::D", "crate::a::f", "crate::i::j"];
        assert_eq!(source.paths, expected.map(words).into_iter().collect());
        assert_eq!(source.handed_on["H"], words("g::H"));
    }

    #[test]
    fn tests_are_left_out_and_what_follows_their_declaration_is_read() {
        let source =
            Source::of("#[cfg(test)]\nmod tests;\npub use a::B;\n#[cfg(test)]\nmod more {\n    use super::C;\n}\n");
        assert_eq!(source.handed_on["B"], words("a::B"));
        assert!(source.paths.is_empty());
    }

    #[test]
    fn names_handed_on_are_followed_to_their_file() {
        let texts: BTreeMap<Module, Source> = [
            (vec![], Source::of("mod a;")),
            (words("a"), Source::of("mod b;\npub use b::Name;\n")),
            (words("a::b"), Source::of("pub struct Name;\n")),
        ]
        .into();
        assert_eq!(resolve(&texts, &words("a"), &words("crate::a::Name"), 0), Some(words("a::b")));
        assert_eq!(resolve(&texts, &words("a::b"), &words("super::other"), 0), Some(words("a")));
        assert_eq!(resolve(&texts, &words("a"), &words("std::fmt"), 0), None);
    }

    #[test]
    fn circles_and_imports_that_run_up_are_found() {
        let files = |names: &[&str]| names.iter().map(|name| (words(name), format!("src/{name}.rs"))).collect();
        let imports = |pairs: &[(&str, &[&str])]| {
            pairs.iter().map(|(from, to)| (words(from), to.iter().map(|to| words(to)).collect())).collect()
        };
        let house = House {
            files: files(&["numeric", "exact", "cost"]),
            imports: imports(&[("numeric", &["exact"]), ("exact", &["cost", "numeric"]), ("cost", &[])]),
        };
        assert_eq!(house.circles(), [["src/exact.rs", "src/numeric.rs", "src/exact.rs"].map(String::from)]);
        assert_eq!(house.upwards(), ["src/numeric.rs imports src/exact.rs, which does not stand below it"]);
    }
}
