//! Which columns are coordinates, which holds the weights, and the rows they give.

use std::collections::{HashMap, HashSet};

use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::dialect::is_missing;
use crate::read::table::{Holds, Table, is_rounded};

/// The part each column of a table plays.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    pub(crate) coordinates: Vec<usize>,
    pub(crate) weights: Option<usize>,
    pub(crate) group: Option<usize>,
    /// Columns left out, and why.
    pub(crate) unused: Vec<(String, &'static str)>,
}

/// What the user says about columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice<'a> {
    pub(crate) columns: &'a [String],
    pub(crate) weights: Option<&'a str>,
    pub(crate) group: Option<&'a str>,
}

/// Gives each column of `table` its part: those named, else all columns of numbers.
pub(crate) fn roles(table: &Table, choice: &Choice) -> Outcome<Roles> {
    let find = |name: Option<&str>| name.map(|name| table.find(name)).transpose();
    let (weights, group) = (find(choice.weights)?, find(choice.group)?);
    let mut roles = Roles { coordinates: Vec::new(), weights, group, unused: Vec::new() };
    if !choice.columns.is_empty() {
        let mut named = HashSet::new();
        for name in choice.columns {
            let at = table.find(name)?;
            let column = &table.columns[at];
            if !named.insert(at) {
                return wrong(format_args!("--columns names `{name}` twice"));
            }
            if column.holds() == Holds::Text {
                let (row, cell) = &column.others[0];
                return wrong(refuse(table, *row, at, cell, "; the column holds text"));
            }
            roles.coordinates.push(at);
        }
        return Ok(roles);
    }
    for (at, column) in table.columns.iter().enumerate() {
        if [weights, group].contains(&Some(at)) {
            continue;
        }
        match column.holds() {
            _ if table.has_names && column.name.is_empty() => roles.unused.push(((at + 1).to_string(), "no name")),
            Holds::Numbers => roles.coordinates.push(at),
            Holds::Text => roles.unused.push((column.name.clone(), "text")),
            Holds::Nothing => roles.unused.push((column.name.clone(), "empty")),
        }
    }
    if roles.coordinates.is_empty() {
        return wrong_file(&table.name, "there is no column of numbers in it to use as a coordinate");
    }
    Ok(roles)
}

/// Brings the coordinates of `b` into the order of `a`: by name where both files have names, else by position.
pub(crate) fn align(a: (&Table, &Roles), b: (&Table, &mut Roles)) -> Outcome<()> {
    let ((left, in_a), (right, in_b)) = (a, b);
    let names = |table: &Table, roles: &Roles| -> Vec<String> {
        roles.coordinates.iter().map(|&k| table.columns[k].name.clone()).collect()
    };
    let (of_a, of_b) = (names(left, in_a), names(right, in_b));
    if !(left.has_names && right.has_names) {
        if of_a.len() == of_b.len() {
            return Ok(());
        }
        let (n, m) = (of_a.len(), of_b.len());
        let (a, b) = (&left.name, &right.name);
        return wrong(format_args!("{a} has {n} columns of numbers and {b} has {m}; choose with --columns"));
    }
    let places = |names: &[String]| -> HashMap<String, usize> { names.iter().cloned().zip(0..).collect() };
    let (places_a, places_b) = (places(&of_a), places(&of_b));
    let only = |own: &[String], others: &HashMap<String, usize>| -> Vec<String> {
        own.iter().filter(|name| !others.contains_key(*name)).map(|name| format!("`{name}`")).collect()
    };
    let (only_a, only_b) = (only(&of_a, &places_b), only(&of_b, &places_a));
    if only_a.is_empty() && only_b.is_empty() {
        in_b.coordinates = of_a.iter().map(|name| in_b.coordinates[places_b[name]]).collect();
        return Ok(());
    }
    let sides = [(only_a, left), (only_b, right)].into_iter().filter(|(only, _)| !only.is_empty());
    let sides: Vec<String> = sides
        .map(|(only, table)| format!("{} only in {}", earthwork_view::format::list(&only, 6), table.name))
        .collect();
    let shared: Vec<&str> = of_a.iter().filter(|name| places_b.contains_key(*name)).map(String::as_str).collect();
    let advice = match shared.as_slice() {
        [] => "they share none".to_string(),
        _ if shared.len() > 40 => format!("choose among the {} shared ones with --columns", shared.len()),
        _ => format!("choose the shared ones with --columns {}", shared.join(",")),
    };
    wrong(format_args!("the two files have different columns of numbers: {}; {advice}", sides.join("; ")))
}

/// Rows of a table as points.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// The rows of the table that are used.
    pub(crate) kept: Vec<usize>,
    /// What is left out, as the user counts rows.
    pub(crate) dropped: Vec<u64>,
}

/// The rows in which every needed cell holds a number; the others are an error, or left out where the user says so.
pub(crate) fn rows(table: &Table, roles: &Roles, drop_missing: bool) -> Outcome<Rows> {
    let mut bad = vec![false; table.rows];
    let needed = roles.coordinates.iter().copied().chain(roles.weights);
    for at in needed {
        for (row, cell) in &table.columns[at].others {
            // Infinite, or a whole number that would be rounded: not missing.
            let is_number = cell.parse::<f64>().is_ok_and(|number| !number.is_nan());
            if is_number || !drop_missing {
                let advice = if is_number { "" } else { " (use --drop-missing to leave such rows out)" };
                return wrong(refuse(table, *row, at, cell, advice));
            }
            bad[*row] = true;
        }
    }
    if let Some(at) = roles.group {
        for (row, cell) in table.columns[at].others.iter().filter(|(_, cell)| is_missing(cell)) {
            if !drop_missing {
                let place = table.place(*row, at);
                let cell = if cell.is_empty() { "the cell is empty".into() } else { format!("`{cell}`") };
                return wrong(format_args!(
                    "{place}: {cell} names no group (use --drop-missing to leave such rows out)"
                ));
            }
            bad[*row] = true;
        }
    }
    let mut rows = Rows::default();
    for (row, bad) in bad.into_iter().enumerate() {
        if bad {
            rows.dropped.push(table.row_name(row));
        } else {
            rows.kept.push(row);
        }
    }
    if rows.kept.is_empty() {
        return wrong_file(&table.name, "no row has a number in every column; choose columns with --columns");
    }
    Ok(rows)
}

/// The message about a cell that is not a number.
pub(crate) fn refuse(table: &Table, row: usize, column: usize, cell: &str, advice: &str) -> String {
    let place = table.place(row, column);
    if cell.is_empty() {
        return format!("{place}: the cell is empty{advice}");
    }
    let number = cell.parse::<f64>();
    if number.as_ref().is_ok_and(|number| number.is_infinite()) {
        return format!("{place}: `{cell}` is not finite");
    }
    if number.as_ref().is_ok_and(|&number| is_rounded(cell, number)) {
        return format!(
            "{place}: `{cell}` is a whole number that a 64-bit float cannot hold; subtract the same number from all rows first"
        );
    }
    let comma = cell.replace(',', ".");
    if number.is_err() && cell.contains(',') && comma.parse::<f64>().is_ok() {
        return format!("{place}: `{cell}` is not a number (a decimal comma? write {comma})");
    }
    format!("{place}: `{cell}` is not a number{advice}")
}
