//! Tables: columns of numbers and text, with the place of every cell in its file.

use crate::failure::{Outcome, wrong_file};
use crate::read::dialect::is_missing;
use crate::read::npy::Array;

/// A table in memory.
pub(crate) struct Table {
    /// What errors call the file.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    /// Whether the columns have names of their own.
    pub(crate) has_names: bool,
    /// For each row the line in the file, from 1; none for arrays.
    pub(super) lines: Option<Vec<u64>>,
    /// Lines that hold no row.
    pub(crate) passed: Passed,
}

/// Lines of a text that were read over, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Those that begin with `#` above the first row of data, but for one that holds the names.
    pub(crate) comments: Vec<u64>,
    /// Blank lines between rows.
    pub(crate) blank: Vec<u64>,
}

impl Passed {
    /// All of them, in order.
    pub(crate) fn lines(&self) -> Vec<u64> {
        let mut lines: Vec<u64> = self.comments.iter().chain(&self.blank).copied().collect();
        lines.sort_unstable();
        lines
    }
}

/// One column.
pub(crate) struct Column {
    pub(crate) name: String,
    /// One number for each row, NaN where the cell is not a finite number, or a whole one that a float rounds.
    pub(crate) numbers: Vec<f64>,
    /// Those cells, with their rows, in order.
    pub(crate) others: Vec<(usize, Box<str>)>,
}

/// Whether a cell is a whole number that a 64-bit float cannot hold.
pub(crate) fn is_rounded(cell: &str, number: f64) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let digits = || cell.strip_prefix(['-', '+']).unwrap_or(cell);
    number.abs() >= EXACT
        && digits().bytes().all(|byte| byte.is_ascii_digit())
        && !cell.parse::<i128>().is_ok_and(|whole| number as i128 == whole)
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Numbers,
    Text,
    Nothing,
}

impl Column {
    pub(super) fn new(name: String) -> Self {
        Self { name, numbers: Vec::new(), others: Vec::new() }
    }

    pub(super) fn push(&mut self, cell: &str) {
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() && !is_rounded(cell, number) => self.numbers.push(number),
            _ => {
                self.others.push((self.numbers.len(), cell.into()));
                self.numbers.push(f64::NAN);
            }
        }
    }

    /// Numbers, if at least half of the cells that say something are.
    pub(crate) fn holds(&self) -> Holds {
        let said: Vec<&str> = self.others.iter().map(|(_, cell)| &**cell).filter(|cell| !is_missing(cell)).collect();
        let numbers = self.numbers.len() - self.others.len();
        let infinite = said.iter().filter(|cell| cell.parse::<f64>().is_ok()).count();
        match (numbers + infinite, said.len() - infinite) {
            (0, 0) => Holds::Nothing,
            (numbers, text) if numbers >= text => Holds::Numbers,
            _ => Holds::Text,
        }
    }

    /// The cell of a row, where it is not a finite number.
    pub(crate) fn other(&self, row: usize) -> Option<&str> {
        self.others.binary_search_by_key(&row, |(at, _)| *at).ok().map(|at| &*self.others[at].1)
    }

    /// The cell of a row as text.
    pub(crate) fn label(&self, row: usize) -> String {
        self.other(row).map_or_else(|| self.numbers[row].to_string(), str::to_string)
    }
}

impl Table {
    /// Points of shape (n, d), or (n) on a line.
    pub(super) fn from_array(array: Array) -> Outcome<Self> {
        let (rows, width) = match array.shape[..] {
            [n] => (n, 1),
            [n, d] => (n, d),
            _ => {
                let axes = array.shape.len();
                return wrong_file(
                    &array.name,
                    format_args!("it has {axes} axes; points are an array of shape (n, d) (--grid reads masses)"),
                );
            }
        };
        if rows * width == 0 {
            return wrong_file(&array.name, format_args!("it is empty: its shape is ({rows}, {width})"));
        }
        let mut columns: Vec<Column> = (1..=width).map(|k| Column::new(k.to_string())).collect();
        for (row, point) in array.values.chunks_exact(width).enumerate() {
            for (column, &value) in columns.iter_mut().zip(point) {
                let finite = value.is_finite();
                column.numbers.push(if finite { value } else { f64::NAN });
                if !finite {
                    column.others.push((row, value.to_string().into()));
                }
            }
        }
        Ok(Self { name: array.name, columns, rows, has_names: false, lines: None, passed: Passed::default() })
    }

    /// Where a cell is, as a person would look for it.
    pub(crate) fn place(&self, row: usize, column: usize) -> String {
        match &self.lines {
            Some(lines) => format!("{}, row {}, column `{}`", self.name, lines[row], self.columns[column].name),
            None => format!("{}, element [{row}, {column}]", self.name),
        }
    }

    /// What a row is called: its line in the file, or its index in an array.
    pub(crate) fn row_name(&self, row: usize) -> u64 {
        self.lines.as_ref().map_or(row as u64, |lines| lines[row])
    }

    /// The column of that name, or of that number from 1.
    pub(crate) fn find(&self, name: &str) -> Outcome<usize> {
        let by_name = self.columns.iter().position(|column| column.name == name);
        let by_number = || name.parse::<usize>().ok().filter(|k| (1..=self.columns.len()).contains(k)).map(|k| k - 1);
        by_name.or_else(by_number).map_or_else(
            || {
                let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
                let names = earthwork_view::format::list(&names, 12);
                wrong_file(&self.name, format_args!("there is no column `{name}`; its columns are {names}"))
            },
            Ok,
        )
    }
}
