//! One sample, with the class of each point where a column names it.

use earthwork::compare::standardised;
use earthwork::measure::{Points, Samples};

use crate::args::ValidateArgs;
use crate::failure::{Outcome, wrong_file};
use crate::read::columns::{self, Choice};
use crate::read::formats;
use crate::read::samples::require_squares;

/// One file of points.
pub(crate) struct Whole {
    pub(crate) samples: Samples,
    /// The class of each point, numbered in the order in which they first occur.
    pub(crate) labels: Option<Vec<usize>>,
    pub(crate) columns: usize,
}

/// Reads the file of `validate`.
pub(crate) fn whole(path: &str, options: &ValidateArgs) -> Outcome<Whole> {
    let table = formats::table(path, options.header)?;
    let choice = Choice { columns: &options.columns, weights: None, group: options.labels.as_deref() };
    let roles = columns::roles(&table, &choice)?;
    let rows = columns::rows(&table, &roles, options.drop_missing)?;
    let point = |&row: &usize| roles.coordinates.iter().map(move |&k| (k, row));
    let coordinates: Vec<f64> =
        rows.kept.iter().flat_map(point).map(|(k, row)| table.columns[k].numbers[row]).collect();
    let mut samples = Samples::new(Points::from_rows(coordinates, roles.coordinates.len())?)?;
    if options.standardise {
        samples = standardised(&[&samples])?.swap_remove(0);
    }
    require_squares(&[(&table.name, &samples)], "put all columns on one scale with --standardise")?;
    let labels = roles.group.map(|at| {
        let mut names: Vec<String> = Vec::new();
        let mut number = |row: usize| {
            let name = table.columns[at].label(row);
            names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        };
        rows.kept.iter().map(|&row| number(row)).collect::<Vec<usize>>()
    });
    let classes = labels.as_ref().and_then(|labels| labels.iter().max()).map_or(0, |most| most + 1);
    if classes > 1000 || 3 * classes > samples.len() {
        let column = options.labels.as_deref().unwrap_or_default();
        return wrong_file(&table.name, format_args!("column `{column}` has {classes} values; it names no classes"));
    }
    Ok(Whole { samples, labels, columns: roles.coordinates.len() })
}
