//! What two samples are made of, before anything is estimated from them.
//!
//! Estimators for densities need points that fill as many dimensions as they have coordinates and do not repeat. This layer makes
//! such points of tables as people have them, and gives each estimator what it can read:
//!
//! - constant columns, and columns that are affine functions of others, are left out: no divergence depends on them;
//! - rows that are all repeated equally often stand for one draw each, and a sample that equals the other is at divergence 0;
//! - rounded numbers are spread over their rounding step, which is a channel that loses nothing of what was rounded;
//! - levels (categories, flags, codes, one-hot columns) and atoms (values that many points share) divide the points into cells. The
//!   masses of cells are counted, the laws inside are estimated in the columns that are free there, and both are put together by
//!   the chain rule (`counts.rs`);
//! - where one side has mass on levels or atoms that the other never shows, divergences that ask for p / q are infinite.

mod cells;
mod columns;
mod counts;
mod rank;

use std::collections::HashMap;

use rand::RngExt;

use super::kind::{Base, Divergence};
use super::notes;
use super::sides::{Sides, by_coordinates, draws};
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::estimate::{Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::numeric::stream;
use cells::{Cell, cells, repeats, row_hash};
use columns::Column;
pub(super) use counts::Inside;
use counts::{Counted, combined};

/// What an estimator does with points that fill their dimensions and do not repeat.
pub(super) trait Core: Sync {
    /// What it is called in an estimate.
    fn method(&self) -> &'static str;

    /// The divergence itself, of whole samples.
    fn whole(&self, sides: Sides) -> Result<Estimate>;

    /// A base inside one cell. For JS its weights are those of the points: |X| to |Y|.
    fn inside(&self, base: Base, sides: Sides) -> Result<Inside>;

    /// Points that it needs of either side.
    fn least(&self) -> usize;
}

/// Points of either side from which a cell is estimated by itself.
const ENOUGH: usize = 40;

/// The estimate of `divergence` by `core`, for samples of any structure.
pub(super) fn estimate(x: &Samples, y: &Samples, divergence: Divergence, core: &dyn Core) -> Result<Estimate> {
    let table = Table::read(x, y)?;
    let sizes = table.sizes;
    let mut found = match table.parts() {
        Parts::Same => {
            let same = Estimate::new(0.0, Evidence::Unstated, core.method(), sizes);
            return Ok(same.with_note(Note::SameSample));
        }
        Parts::Plain(sides) => {
            let (n, m) = sides.sizes();
            for (name, found) in [("x", n), ("y", m)] {
                if found < core.least() {
                    let (expected, reason) = (core.least(), "what this estimator needs at least");
                    return Err(Error::new(name, ErrorKind::Length { what: "points", expected, found, reason }));
                }
            }
            core.whole(sides)?
        }
        Parts::Cells(cells) => table.mixed(divergence, core, &cells)?,
    };
    found.sizes = sizes;
    Ok(table.noted(found))
}

/// The rows of two samples, and what their columns are.
struct Table {
    x: Vec<f64>,
    y: Vec<f64>,
    dim: usize,
    columns: Vec<Column>,
    /// Points as given.
    sizes: (usize, usize),
    /// How often each row of X and of Y was given.
    times: (usize, usize),
    /// The shares of X and of Y on levels and atoms that the other side never shows.
    alone: (f64, f64),
    /// Points of X on levels and atoms.
    counted: usize,
    same: bool,
}

enum Parts {
    Same,
    Plain(Sides),
    Cells(Vec<Cell>),
}

impl Table {
    fn read(x: &Samples, y: &Samples) -> Result<Self> {
        require_dimension("y", y.dim(), x.dim())?;
        let dim = x.dim();
        let (x, y) = (draws("x", x, 1)?, draws("y", y, 1)?);
        let sizes = (x.len() / dim, y.len() / dim);
        let same = same_rows(&x, &y, dim);
        let ((x, of_x), (y, of_y)) = (divided(x, dim), divided(y, dim));
        let (n, m) = (x.len() / dim, y.len() / dim);
        let mut table = Self {
            x,
            y,
            dim,
            columns: Vec::with_capacity(dim),
            sizes,
            times: (of_x, of_y),
            alone: (0.0, 0.0),
            counted: 0,
            same,
        };
        let mut values = Vec::with_capacity(dim);
        for k in 0..dim {
            let (column, counts) = Column::read(
                table.x.iter().skip(k).step_by(dim).copied(),
                table.y.iter().skip(k).step_by(dim).copied(),
            );
            table.columns.push(column);
            values.push(counts);
        }
        let alone: Vec<_> = table.columns.iter().zip(&values).map(|(c, v)| columns::alone(c, v, n, m)).collect();
        if alone.iter().any(|(of_x, of_y)| !of_x.is_empty() || !of_y.is_empty()) {
            let share = |rows: &[f64], side: fn(&(Vec<f64>, Vec<f64>)) -> &Vec<f64>| {
                let outside = |row: &[f64]| row.iter().zip(&alone).any(|(v, values)| side(values).contains(&(v + 0.0)));
                rows.chunks_exact(dim).filter(|row| outside(row)).count() as f64 / (rows.len() / dim) as f64
            };
            table.alone = (share(&table.x, |a| &a.0), share(&table.y, |a| &a.1));
        }
        // Whole numbers beside other numbers are numbers.
        if table.columns.iter().any(|c| matches!(c, Column::Free | Column::Atoms(_) | Column::Rounded { .. })) {
            let columns = std::mem::take(&mut table.columns);
            table.columns = columns.into_iter().zip(&values).map(|(column, values)| column.rounded(values)).collect();
        }
        let on_atom = |row: &[f64]| row.iter().zip(&table.columns).any(|(&v, column)| column.code(v).is_some());
        if table.columns.iter().any(|column| !column.discrete().is_empty()) {
            table.counted = table.x.chunks_exact(dim).filter(|row| on_atom(row)).count();
        }
        table.spread();
        Ok(table)
    }

    /// Moves rounded numbers within their rounding step, evenly: the law of what was rounded is read off the result without loss.
    /// The draws go by the order of the rows, so that the order in which they were given does not matter.
    fn spread(&mut self) {
        let steps: Vec<(usize, f64)> = (0..self.dim)
            .filter_map(|k| if let Column::Rounded { step, .. } = self.columns[k] { Some((k, step)) } else { None })
            .collect();
        if steps.is_empty() {
            return;
        }
        let (columns, dim) = (&self.columns, self.dim);
        for (item, rows) in [&mut self.x, &mut self.y].into_iter().enumerate() {
            let mut order: Vec<usize> = (0..rows.len() / dim).collect();
            order.sort_by(|&a, &b| by_coordinates(&rows[a * dim..][..dim], &rows[b * dim..][..dim]));
            let mut random = stream(0, item as u64);
            for i in order {
                for &(k, step) in &steps {
                    let within: f64 = random.random();
                    let value = &mut rows[i * dim + k];
                    if columns[k].code(*value).is_none() {
                        *value += (within - 0.5) * step;
                    }
                }
            }
        }
    }

    fn parts(&self) -> Parts {
        let rows = |points: &[f64]| -> bool { repeats(points, self.dim) };
        if self.same && self.columns.iter().any(|c| !matches!(c, Column::Constant | Column::Levels(_))) {
            return Parts::Same;
        }
        let (x, y): (Vec<&[f64]>, Vec<&[f64]>) =
            (self.x.chunks_exact(self.dim).collect(), self.y.chunks_exact(self.dim).collect());
        if self.columns.iter().all(|c| matches!(c, Column::Free)) && !rows(&self.x) && !rows(&self.y) {
            let all: Vec<usize> = (0..self.dim).collect();
            let both: Vec<&[f64]> = x.iter().chain(&y).copied().collect();
            if rank::independent(&both, &all).len() == self.dim && !one_is_flat(&x, &y, &all) {
                return Parts::Plain(Sides::of(self.x.clone(), self.y.clone(), self.dim));
            }
        }
        let mut cells = cells(&x, &y, &self.columns);
        match cells.as_mut_slice() {
            [only] if only.dim > 0 => {
                let (x, y) = (std::mem::take(&mut only.x), std::mem::take(&mut only.y));
                Parts::Plain(Sides::of(x, y, only.dim))
            }
            _ => Parts::Cells(cells),
        }
    }

    /// The estimate over cells.
    fn mixed(&self, divergence: Divergence, core: &dyn Core, cells: &[Cell]) -> Result<Estimate> {
        let Some((base, swapped)) = divergence.base() else {
            let why = "there is no maximum of p / q; choose a finite order";
            return Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        };
        let alone = if swapped { self.alone.1 } else { self.alone.0 };
        let infinite = matches!(base, Base::Power(a) if a >= 1.0);
        if infinite && alone > 0.0 {
            let estimate = Estimate::new(f64::INFINITY, Evidence::Unstated, core.method(), self.sizes);
            return Ok(estimate.with_note(Note::Alone { share: alone }));
        }
        let enough = core.least().max(ENOUGH);
        let estimated =
            |cell: &Cell| cell.dim > 0 && cell.x.len() >= enough * cell.dim && cell.y.len() >= enough * cell.dim;
        let mut counted = Vec::with_capacity(cells.len());
        for cell in cells {
            let mut inside = Inside::default();
            if estimated(cell) {
                let (x, y) = (cell.x.clone(), cell.y.clone());
                let sides = Sides::of(x, y, cell.dim);
                inside = core.inside(base, if swapped { sides.swapped() } else { sides })?;
            }
            let (in_x, in_y) = if swapped { (cell.in_y, cell.in_x) } else { (cell.in_x, cell.in_y) };
            counted.push(Counted { in_x, in_y, inside });
        }
        let (value, error) = combined(base, &counted);
        Ok(finished(divergence, value, error, core.method(), self.sizes))
    }

    /// With what is to be said about the table.
    fn noted(&self, estimate: Estimate) -> Estimate {
        let mut estimate = notes::ties(estimate, self.counted);
        let share = self.alone.0.max(self.alone.1);
        if share > 0.0 && estimate.value.is_finite() {
            estimate = estimate.with_note(Note::SupportMismatch { share });
        }
        let times = self.times.0.max(self.times.1);
        if times > 1 { estimate.with_note(Note::RepeatedRows { times }) } else { estimate }
    }
}

/// The estimate of a divergence from that of its base, which is moved into its range: the nearest value that it can have.
pub(super) fn finished(
    divergence: Divergence,
    base: f64,
    error: f64,
    method: &'static str,
    sizes: (usize, usize),
) -> Estimate {
    let most = match divergence.base() {
        Some((Base::Power(a), _)) if a < 1.0 => 1.0 / (1.0 - a),
        Some((Base::JensenShannon, _)) => std::f64::consts::LN_2,
        Some((Base::TotalVariation, _)) => 1.0,
        _ => f64::INFINITY,
    };
    let base = base.clamp(0.0, most);
    let error = divergence.carried(base, error);
    let evidence = if error.is_finite() { Evidence::StandardError(error) } else { Evidence::Unstated };
    Estimate::new(divergence.finish(base), evidence, method, sizes)
}

fn one_is_flat(x: &[&[f64]], y: &[&[f64]], columns: &[usize]) -> bool {
    columns.len() > 1
        && [x, y]
            .iter()
            .any(|rows| rows.len() > columns.len() + 10 && rank::independent(rows, columns).len() < columns.len())
}

/// Whether two samples hold the same rows, in any order.
fn same_rows(x: &[f64], y: &[f64], dim: usize) -> bool {
    if x.len() != y.len() {
        return false;
    }
    let total = |rows: &[f64]| rows.chunks_exact(dim).fold(0_u64, |sum, row| sum.wrapping_add(row_hash(row)));
    if total(x) != total(y) {
        return false;
    }
    let sorted = |rows: &[f64]| {
        let mut rows: Vec<Vec<f64>> = rows.chunks_exact(dim).map(<[f64]>::to_vec).collect();
        rows.sort_by(|a, b| by_coordinates(a, b));
        rows
    };
    sorted(x) == sorted(y)
}

/// Distinct rows from which their equal counts are no accident.
const DISTINCT: usize = 20;

/// Rows that are all repeated k times, or multiples of k times, with one of each k; and k.
fn divided(rows: Vec<f64>, dim: usize) -> (Vec<f64>, usize) {
    if !repeats(&rows, dim) {
        return (rows, 1);
    }
    let bits = |row: &[f64]| -> Vec<u64> { row.iter().map(|v| (v + 0.0).to_bits()).collect() };
    let mut counts: HashMap<Vec<u64>, usize> = HashMap::new();
    rows.chunks_exact(dim).for_each(|row| *counts.entry(bits(row)).or_default() += 1);
    let times = counts.values().fold(0, |a, &b| gcd(a, b));
    if times < 2 || counts.len() < DISTINCT {
        return (rows, 1);
    }
    let mut seen: HashMap<Vec<u64>, usize> = HashMap::new();
    let first = |row: &&[f64]| {
        let count = seen.entry(bits(row)).or_default();
        *count += 1;
        (*count - 1) % times == 0
    };
    let kept = rows.chunks_exact(dim).filter(first).flatten().copied().collect();
    (kept, times)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
