//! The laws that hold for every entry of the catalogue, whatever the data: ties, weights, flags, units, order, range, evidence. What
//! breaks one is listed in `breaks.rs` with the reason, and from there in `docs/laws.md`.
//!
//! (`discrepancies.rs` holds each distance to the laws of distances: the triangle inequality and its like.)

mod breaks;
mod cases;
mod entries;
mod laws;

use std::collections::BTreeMap;
use std::fmt::Write;

use rayon::prelude::*;

use breaks::BREAKS;
use cases::{Case, everyday, long};
use entries::{Entry, entries};
use laws::Law;

/// What broke, of all entries on these cases: by key and law the first counterexample.
fn broken(cases: &[Case]) -> BTreeMap<(String, Law), String> {
    let entries = entries();
    let pairs: Vec<(&Entry, Law)> =
        entries.iter().flat_map(|entry| Law::ALL.into_iter().map(move |law| (entry, law))).collect();
    let found = pairs.par_iter().filter_map(|(entry, law)| {
        let example = cases.iter().find_map(|case| {
            let found = law.broken(entry, case)?;
            Some(format!("on {}: {found}", case.name))
        })?;
        Some(((entry.key.clone(), *law), example))
    });
    found.collect::<Vec<_>>().into_iter().collect()
}

/// Entries that break what they are not listed for; with `strict` also entries that are listed and break nothing.
fn check(cases: &[Case], is_strict: bool) {
    let broken = broken(cases);
    let is_listed = |key: &str, law: Law| BREAKS.iter().any(|line| line.law == law && line.keys.contains(&key));
    let mut wrong: Vec<String> = broken
        .iter()
        .filter(|((key, law), _)| !is_listed(key, *law))
        .map(|((key, law), found)| format!("{key} breaks `{}` {found}", law.name()))
        .collect();
    if is_strict {
        let kept = BREAKS
            .iter()
            .filter(|line| line.law != Law::StandardError)
            .flat_map(|line| line.keys.iter().map(move |key| (*key, line.law)));
        let kept = kept.filter(|(key, law)| !broken.contains_key(&(key.to_string(), *law)));
        wrong.extend(kept.map(|(key, law)| format!("{key} keeps `{}`: take it off the list in breaks.rs", law.name())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_entry_keeps_the_laws_that_it_is_not_listed_for() {
    check(&everyday(), false);
}

#[test]
#[ignore = "more and larger cases: a minute"]
fn no_entry_is_listed_for_a_law_that_it_keeps() {
    check(&[everyday(), long()].concat(), true);
}

#[test]
fn every_entry_has_a_value_on_plain_numbers() {
    let case = &everyday()[0];
    for entry in entries() {
        let found = entry.discrepancy.between(&case.x.samples(), &case.y.samples());
        assert!(found.as_ref().is_ok_and(|found| !found.value.is_nan()), "{}: {found:?}", entry.key);
    }
}

/// Standard errors against the spread of so many draws, for every entry that states one about sampling.
fn errors_agree_with_spreads(n: usize, draws: u64, factor: f64) {
    let entries = entries();
    let wrong: Vec<String> =
        entries.par_iter().filter_map(|entry| laws::error_against_spread(entry, n, draws, factor)).collect();
    let is_listed = |line: &String| {
        let lines = BREAKS.iter().filter(|broken| broken.law == Law::StandardError);
        lines.flat_map(|broken| broken.keys).any(|key| line.starts_with(&format!("{key}: ")))
    };
    let wrong: Vec<&String> = wrong.iter().filter(|line| !is_listed(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn standard_errors_are_of_the_size_of_the_spread() {
    // Of 24 draws a spread is known to 15 %.
    errors_agree_with_spreads(60, 24, 2.6);
}

#[test]
#[ignore = "50 draws of 300 points for every entry: a minute"]
fn standard_errors_agree_with_the_spread_of_many_draws() {
    errors_agree_with_spreads(300, 50, 2.0);
}

/// The table of `docs/laws.md`.
fn table() -> String {
    let mut text = "| law | entries that break it | why |\n| --- | --- | --- |\n".to_string();
    for law in Law::ALL {
        for line in BREAKS.iter().filter(|line| line.law == law) {
            let keys: Vec<String> = line.keys.iter().map(|key| format!("`{key}`")).collect();
            writeln!(text, "| {} | {} | {} |", law.name(), keys.join(", "), line.why).expect("a string takes all");
        }
    }
    text
}

#[test]
fn the_table_of_the_documentation_is_the_list() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/laws.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- breaks -->\n", "<!-- end of breaks -->");
    let from = text.find(begin).unwrap() + begin.len();
    let to = from + text[from..].find(end).unwrap();
    if std::env::var_os("WRITE_LAWS").is_some() {
        std::fs::write(path, format!("{}{}{}", &text[..from], table(), &text[to..])).unwrap();
        return;
    }
    assert!(
        text[from..to] == table(),
        "docs/laws.md: write its table anew by WRITE_LAWS=1 cargo test --test catalogue_laws table"
    );
    for law in Law::ALL {
        assert!(text.contains(&format!("**{}**", law.name())), "docs/laws.md does not explain `{}`", law.name());
    }
}
