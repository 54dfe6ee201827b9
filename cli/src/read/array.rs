//! Plain arrays of numbers: masses on a grid, weights, cost matrices.

use ndarray::{Array1, Array2, ArrayD, Ix2};

use crate::args::Header;
use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::columns::refuse;
use crate::read::image;
use crate::read::npy::Array;
use crate::read::source::{Kind, Source};
use crate::read::table::Table;
use crate::read::text;

/// Masses on a grid: any array, a table of numbers, or an image.
pub(crate) fn array(path: &str, header: Header) -> Outcome<ArrayD<f64>> {
    let source = Source::open(path)?;
    if source.kind == Kind::Png {
        return image::masses(source);
    }
    numbers(source, header)
}

/// A list of numbers, as weights are.
pub(crate) fn vector(path: &str) -> Outcome<Array1<f64>> {
    let source = Source::open(path)?;
    let name = source.name.clone();
    list(&name, &numbers(source, Header::Auto)?)
}

/// A list of numbers: an array or a table in which only one axis is longer than 1.
pub(super) fn list(name: &str, array: &ArrayD<f64>) -> Outcome<Array1<f64>> {
    let shape = array.shape();
    if shape.iter().filter(|&&axis| axis != 1).count() > 1 {
        return wrong_file(name, format_args!("one list of numbers is needed, and its shape is {shape:?}"));
    }
    Ok(array.iter().copied().collect())
}

/// A matrix.
pub(crate) fn matrix(path: &str) -> Outcome<Array2<f64>> {
    let array = numbers(Source::open(path)?, Header::Auto)?;
    let shape = array.shape().to_vec();
    array.into_dimensionality::<Ix2>().or_else(|_| {
        wrong_file(path, format_args!("a cost matrix has two axes, one row for each source; its shape is {shape:?}"))
    })
}

pub(super) fn numbers(source: Source, header: Header) -> Outcome<ArrayD<f64>> {
    match source.kind {
        Kind::Npy | Kind::Npz => {
            let array = Array::read(source)?;
            Ok(ArrayD::from_shape_vec(array.shape, array.values).expect("the shape counts the values"))
        }
        Kind::Png => wrong_file(&source.name, "an image is read only with --grid"),
        Kind::Text => of_table(&text::table(source, header)?),
    }
}

/// All cells of a table.
pub(super) fn of_table(table: &Table) -> Outcome<ArrayD<f64>> {
    for (k, column) in table.columns.iter().enumerate() {
        if let Some((row, cell)) = column.others.first() {
            return wrong(refuse(table, *row, k, cell, ""));
        }
    }
    let entries = (0..table.rows).flat_map(|row| table.columns.iter().map(move |column| column.numbers[row]));
    let shape = vec![table.rows, table.columns.len()];
    Ok(ArrayD::from_shape_vec(shape, entries.collect()).expect("every column has all rows"))
}
