//! Plan and potential files for `verify`.

use earthwork::transport::{Flow, Plan};

use crate::args::Header;
use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::array::{list, numbers, of_table};
use crate::read::columns::refuse;
use crate::read::formats;
use crate::read::source::{Kind, Source};
use crate::read::table::Table;
use crate::read::text;

/// A plan as a table of source, target and mass.
pub(crate) fn plan(path: &str, shape: (usize, usize)) -> Outcome<Plan> {
    let table = formats::table(path, Header::Auto)?;
    let find = |name: &str, position: usize| match table.has_names {
        true => table.find(name),
        false if table.columns.len() == 3 => Ok(position),
        false => wrong_file(
            path,
            format_args!("a plan has three columns, source,target,mass; this has {}", table.columns.len()),
        ),
    };
    let at = [find("source", 0)?, find("target", 1)?, find("mass", 2)?];
    let mut flows = Vec::with_capacity(table.rows);
    for row in 0..table.rows {
        for &k in &at {
            if let Some(cell) = table.columns[k].other(row) {
                return wrong(refuse(&table, row, k, cell, ""));
            }
        }
        let index = |side: usize, sides: &str, len: usize| {
            let value = table.columns[at[side]].numbers[row];
            if value >= 0.0 && value.fract() == 0.0 && value < len as f64 {
                return Ok(value as usize);
            }
            let place = table.place(row, at[side]);
            wrong(format_args!("{place}: {value} is not a {sides}; they are numbered from 0 to {}", len - 1))
        };
        let (source, target) = (index(0, "source", shape.0)?, index(1, "target", shape.1)?);
        let mass = table.columns[at[2]].numbers[row];
        if mass < 0.0 {
            return wrong(format_args!("{}: the mass {mass} is negative", table.place(row, at[2])));
        }
        flows.push(Flow { source, target, mass });
    }
    Ok(Plan::new(shape, flows)?)
}

/// The potentials of the sources: from a table of side, index and potential, or a plain list of n (or n + m) numbers.
pub(crate) fn potentials(path: &str, (n, m): (usize, usize)) -> Outcome<Vec<f64>> {
    let source = Source::open(path)?;
    let array = if source.kind == Kind::Text {
        let table = text::table(source, Header::Auto)?;
        if table.has_names && table.columns.iter().any(|column| column.name == "side") {
            return of_sources(&table, n);
        }
        of_table(&table)?
    } else {
        numbers(source, Header::Auto)?
    };
    let values = list(path, &array)?;
    if values.len() != n && values.len() != n + m {
        let found = values.len();
        return wrong_file(path, format_args!("it holds {found} potentials; {n} are needed, one for each source"));
    }
    Ok(values.iter().take(n).copied().collect())
}

fn of_sources(table: &Table, n: usize) -> Outcome<Vec<f64>> {
    let (side, index, value) = (table.find("side")?, table.find("index")?, table.find("potential")?);
    let mut found = vec![None; n];
    for row in (0..table.rows).filter(|&row| table.columns[side].label(row) == "source") {
        let at = table.columns[index].numbers[row];
        if !(at >= 0.0 && at.fract() == 0.0 && at < n as f64) {
            let (place, cell) = (table.place(row, index), table.columns[index].label(row));
            return wrong(format_args!("{place}: {cell} is not a source; they are numbered from 0 to {}", n - 1));
        }
        if let Some(cell) = table.columns[value].other(row) {
            return wrong(refuse(table, row, value, cell, ""));
        }
        found[at as usize] = Some(table.columns[value].numbers[row]);
    }
    match found.iter().position(Option::is_none) {
        Some(missing) => wrong_file(&table.name, format_args!("there is no potential for source {missing}")),
        None => Ok(found.into_iter().flatten().collect()),
    }
}
