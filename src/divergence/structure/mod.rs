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
mod model;
mod rank;

use std::collections::{HashMap, HashSet};

use rand::RngExt;

use super::cross_fit::modelled;
use super::kind::{Base, Divergence};
use super::logistic::Features;
use super::notes;
use super::sides::{Sides, by_coordinates, draws};
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::estimate::{Estimate, Evidence, Kind, Note};
use crate::measure::Samples;
use crate::numeric::stream;
pub(super) use cells::Cell;
use cells::{cells, repeats, row_hash};
use columns::Column;
use counts::{Counted, combined};
pub(super) use counts::{Inside, relative_chi_squared};
pub(super) use model::Model;

/// What an estimator does with points that fill their dimensions and do not repeat.
pub(super) trait Core: Sync {
    /// What it is called in an estimate.
    fn method(&self) -> &'static str;

    /// The divergence itself, of whole samples.
    fn whole(&self, sides: Sides) -> Result<Estimate>;

    /// Whether it gives this base inside cells.
    fn splits(&self, base: Base) -> bool;

    /// A base inside one cell. For JS its weights are those of the points: |X| to |Y|.
    fn inside(&self, base: Base, sides: Sides) -> Result<Inside>;

    /// Points that it needs of either side.
    fn least(&self) -> usize;

    /// Whether points may not repeat, so that rounded numbers are spread over their steps.
    fn needs_densities(&self) -> bool {
        true
    }
}

/// Points of either side, times the square of the dimension, from which a cell is estimated by itself.
const ENOUGH: usize = 150;
/// The share of points that may lie in cells with fewer.
const SMALL: f64 = 0.05;
/// Points of either side from which it is not an accident that the two have no value in common.
const FEW: usize = 5;
/// Points for each cell from which a table of counts is not a sparse one.
const POINTS_PER_CELL: usize = 8;

/// The estimate of `divergence` by `core`, for samples of any structure.
pub(super) fn estimate(x: &Samples, y: &Samples, divergence: Divergence, core: &dyn Core) -> Result<Estimate> {
    let table = if core.needs_densities() { Table::read(x, y)? } else { Table::as_given(x, y)? };
    table.answered(divergence, core.method(), |parts| match parts {
        Parts::Plain(sides) => {
            sides.require(core.least())?;
            core.whole(sides)
        }
        Parts::Cells(cells) => table.mixed(divergence, core, cells),
    })
}

/// Something of X, and the same of Y.
type Sided = (Vec<f64>, Vec<f64>);

/// The rows of two samples, and what their columns are.
pub(super) struct Table {
    x: Vec<f64>,
    y: Vec<f64>,
    dim: usize,
    columns: Vec<Column>,
    /// Whether it is known that no row is there twice.
    distinct: bool,
    /// The names of the columns, where they have some.
    names: Option<Vec<String>>,
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

/// What there is to estimate from.
pub(super) enum Parts {
    /// Points that fill their dimensions.
    Plain(Sides),
    /// Points in cells, some of which may be atoms.
    Cells(Vec<Cell>),
}

impl Parts {
    /// Whether the sides share no mass.
    fn are_disjoint(&self) -> bool {
        matches!(self, Self::Cells(cells) if cells.iter().all(Cell::is_of_one_side))
    }
}

impl Table {
    /// Looks at both samples, and leaves rounded numbers as they are: for estimators that need no densities.
    ///
    /// # Errors
    /// When the dimensions differ or a sample has weights of several sizes.
    pub(super) fn as_given(x: &Samples, y: &Samples) -> Result<Self> {
        require_dimension("y", y.dim(), x.dim())?;
        let dim = x.dim();
        let names = x.columns().or(y.columns()).map(<[String]>::to_vec);
        let (x, y) = (draws("x", x, 1)?, draws("y", y, 1)?);
        let sizes = (x.len() / dim, y.len() / dim);
        let read = |x: &[f64], y: &[f64]| -> Vec<_> {
            let mut values = Vec::with_capacity((x.len() + y.len()) / dim);
            let mut column = |k: usize| {
                values.clear();
                [x, y].iter().for_each(|rows| values.extend(rows.iter().skip(k).step_by(dim)));
                Column::read(&values, x.len() / dim)
            };
            (0..dim).map(&mut column).collect()
        };
        let mut read_columns = read(&x, &y);
        // Where a column holds no value twice, no row is there twice.
        let distinct = read_columns.iter().any(|(_, values)| values.is_empty());
        let same = !distinct && same_rows(&x, &y, dim);
        let ((x, of_x), (y, of_y)) = if distinct { ((x, 1), (y, 1)) } else { (divided(x, dim), divided(y, dim)) };
        if of_x > 1 || of_y > 1 {
            read_columns = read(&x, &y);
        }
        let (columns, values): (Vec<_>, Vec<_>) = read_columns.into_iter().unzip();
        let (n, m) = (x.len() / dim, y.len() / dim);
        let mut table = Self {
            x,
            y,
            dim,
            columns,
            distinct,
            names,
            sizes,
            times: (of_x, of_y),
            alone: (0.0, 0.0),
            counted: 0,
            same,
        };
        let alone: Vec<_> = table.columns.iter().zip(&values).map(|(c, v)| columns::alone(c, v, n, m)).collect();
        if alone.iter().any(|(of_x, of_y)| !of_x.is_empty() || !of_y.is_empty()) {
            let share = |rows: &[f64], side: fn(&Sided) -> &Vec<f64>| {
                let outside = |row: &[f64]| row.iter().zip(&alone).any(|(v, values)| side(values).contains(&(v + 0.0)));
                rows.chunks_exact(dim).filter(|row| outside(row)).count() as f64 / (rows.len() / dim) as f64
            };
            table.alone = (share(&table.x, |a| &a.0), share(&table.y, |a| &a.1));
        }
        // Whole numbers beside other numbers are numbers, and so they are where the rows take many values.
        let is_number = |c: &Column| matches!(c, Column::Free | Column::Atoms(_) | Column::Rounded { .. });
        if table.columns.iter().any(is_number) || !columns::few(table.different(), n + m) {
            let columns = std::mem::take(&mut table.columns);
            table.columns = columns.into_iter().zip(&values).map(|(column, values)| column.rounded(values)).collect();
        }
        table.leave_out_dependent();
        let on_atom = |row: &[f64]| row.iter().zip(&table.columns).any(|(&v, column)| column.code(v).is_some());
        if table.columns.iter().any(|column| !column.discrete().is_empty()) {
            table.counted = table.x.chunks_exact(dim).filter(|row| on_atom(row)).count();
        }
        Ok(table)
    }

    /// Looks at both samples, for estimators that need densities.
    ///
    /// # Errors
    /// As [`Table::as_given`].
    pub(super) fn read(x: &Samples, y: &Samples) -> Result<Self> {
        let mut table = Self::as_given(x, y)?;
        table.spread();
        Ok(table)
    }

    /// How many different rows there are.
    fn different(&self) -> usize {
        let rows = self.x.chunks_exact(self.dim).chain(self.y.chunks_exact(self.dim));
        rows.map(row_hash).collect::<HashSet<u64>>().len()
    }

    /// Calls columns of numbers constant that are affine functions of others, before anything is drawn within their steps.
    fn leave_out_dependent(&mut self) {
        let numbers = self.numeric();
        if !self.columns.iter().any(|column| matches!(column, Column::Rounded { .. })) || numbers.len() < 2 {
            return;
        }
        let kept = self.independent(&numbers);
        numbers.into_iter().filter(|k| !kept.contains(k)).for_each(|k| self.columns[k] = Column::Constant);
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

    /// What `estimated` makes of the parts, unless the samples hold the same rows or mass of P lies where Q has none; with notes.
    pub(super) fn answered(
        &self,
        divergence: Divergence,
        method: &'static str,
        estimated: impl Fn(Parts) -> Result<Estimate>,
    ) -> Result<Estimate> {
        if self.same && self.columns.iter().any(|c| !matches!(c, Column::Constant | Column::Levels(_))) {
            return Ok(Estimate::new(0.0, Evidence::Unstated, method, self.sizes).with_note(Note::SameSample));
        }
        let parts = self.parts(&self.columns);
        let (in_x, in_y) = self.apart(&parts);
        let is_disjoint = parts.are_disjoint();
        if let Some((base, swapped)) = divergence.base() {
            let share = if swapped { self.alone.1.max(in_y) } else { self.alone.0.max(in_x) };
            let share = if is_disjoint && !self.is_of_counts() { 1.0 } else { share };
            if matches!(base, Base::Power(order) if order >= 1.0) && share > 0.0 {
                let infinite = Estimate::new(f64::INFINITY, Evidence::Unstated, method, self.sizes);
                return Ok(notes::ties(infinite.with_note(Note::Alone { share }), self.counted));
            }
            if is_disjoint {
                let (n, m) = (self.x.len() / self.dim, self.y.len() / self.dim);
                let (value, error) = Self::of_counts(base, &[(n, 0), (0, m)]);
                return Ok(self.noted(finished(divergence, value, error, method, self.sizes)?));
            }
        }
        let mut found = estimated(parts)?;
        found.sizes = self.sizes;
        Ok(self.noted(found))
    }

    /// Whether there is a column of whole numbers, which may have tails where no point was drawn, or hardly a point to tell by.
    fn is_of_counts(&self) -> bool {
        let few = self.x.len().min(self.y.len()) < FEW * self.dim;
        few || self
            .columns
            .iter()
            .any(|column| matches!(column, Column::Levels(levels) if levels.len() >= columns::ORDINAL))
    }

    /// The shares of X and of Y in cells where one side lies in a subspace that the other leaves.
    fn apart(&self, parts: &Parts) -> (f64, f64) {
        let Parts::Cells(cells) = parts else { return (0.0, 0.0) };
        let apart = || cells.iter().filter(|cell| cell.apart);
        let share = |count: usize, points: &[f64]| count as f64 * self.dim as f64 / points.len() as f64;
        (share(apart().map(|c| c.in_x).sum(), &self.x), share(apart().map(|c| c.in_y).sum(), &self.y))
    }

    /// An estimate from the points of X and of Y in each cell by `estimated` (a value and its error), where nothing inside the cells
    /// tells the sides apart: all are atoms, or have points of one side alone.
    pub(super) fn of_cells(
        &self,
        method: &'static str,
        estimated: impl Fn(&[(usize, usize)]) -> (f64, f64),
    ) -> Option<Estimate> {
        let Parts::Cells(cells) = self.parts(&self.columns) else { return None };
        let counts: Vec<(usize, usize)> = cells.iter().map(|cell| (cell.in_x, cell.in_y)).collect();
        cells.iter().all(|cell| cell.dim == 0 || cell.is_of_one_side()).then(|| {
            let (value, error) = estimated(&counts);
            self.noted(Estimate::new(value, Evidence::StandardError(error), method, self.sizes))
        })
    }

    /// How many dimensions the numbers fill: columns that are neither constant nor levels, less those that follow from others.
    pub(super) fn numbers(&self) -> usize {
        let numbers = self.numeric();
        if numbers.is_empty() { 0 } else { self.independent(&numbers).len() }
    }

    /// The columns of numbers.
    fn numeric(&self) -> Vec<usize> {
        let number = |k: &usize| !matches!(self.columns[*k], Column::Constant | Column::Levels(_));
        (0..self.dim).filter(number).collect()
    }

    /// Those of some columns that do not follow from the others.
    fn independent(&self, columns: &[usize]) -> Vec<usize> {
        let rows: Vec<&[f64]> = self.x.chunks_exact(self.dim).chain(self.y.chunks_exact(self.dim)).collect();
        rank::independent(&rows, columns)
    }

    /// The parts, were the columns what they are said to be.
    fn parts(&self, columns: &[Column]) -> Parts {
        let are_free = columns.iter().all(|c| matches!(c, Column::Free));
        let plain = || Parts::Plain(Sides::of(self.x.clone(), self.y.clone(), self.dim));
        if are_free && self.distinct && rank::shown_by_few(&self.x, self.dim) && rank::shown_by_few(&self.y, self.dim) {
            return plain();
        }
        let (x, y): (Vec<&[f64]>, Vec<&[f64]>) =
            (self.x.chunks_exact(self.dim).collect(), self.y.chunks_exact(self.dim).collect());
        if are_free && (self.distinct || !repeats(&self.x, self.dim) && !repeats(&self.y, self.dim)) {
            let all: Vec<usize> = (0..self.dim).collect();
            let both: Vec<&[f64]> = x.iter().chain(&y).copied().collect();
            if rank::independent(&both, &all).len() == self.dim && !one_is_flat(&x, &y, &all) {
                return plain();
            }
        }
        let mut cells = cells(&x, &y, columns);
        match cells.as_mut_slice() {
            [only] if only.dim > 0 => {
                let (x, y) = (std::mem::take(&mut only.x), std::mem::take(&mut only.y));
                Parts::Plain(Sides::of(x, y, only.dim))
            }
            _ => Parts::Cells(cells),
        }
    }

    /// Terms that tell the sides apart.
    pub(super) fn model(&self, features: Features) -> Model {
        Model::chosen(&self.x, &self.y, &self.columns, features)
    }

    /// The estimate over cells.
    ///
    /// Columns of levels that tell nothing beyond the others divide the points for nothing and are left out. What is left is
    /// estimated cell by cell, or, where that leaves too few points in too many cells, by a model of the log ratio.
    fn mixed(&self, divergence: Divergence, core: &dyn Core, cells: Vec<Cell>) -> Result<Estimate> {
        let Some((base, swapped)) = divergence.base() else {
            let why = "there is no maximum of p / q; choose a finite order";
            return Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        };
        let levels = self.columns.iter().filter(|c| matches!(c, Column::Levels(_))).count();
        let numbers = cells.iter().any(|cell| cell.dim > 0);
        let several = levels > 1;
        let sparse = several && cells.len() * POINTS_PER_CELL > (self.x.len() + self.y.len()) / self.dim;
        let mut cells = cells;
        let mut model = None;
        if levels > 0 && numbers || sparse {
            let chosen = self.model(Features::Quadratic);
            let mut columns = self.columns.clone();
            chosen.useless().into_iter().for_each(|k| columns[k] = Column::Constant);
            match self.parts(&columns) {
                Parts::Plain(sides) => {
                    sides.require(core.least())?;
                    return core.whole(sides);
                }
                Parts::Cells(left) => cells = left,
            }
            model = Some(chosen);
        }
        let full = |cell: &Cell| {
            cell.dim == 0
                || cell.in_x == 0
                || cell.in_y == 0
                || cell.x.len().min(cell.y.len()) / cell.dim >= core.least().max(ENOUGH * cell.dim)
        };
        let (n, m) = (self.x.len() / self.dim, self.y.len() / self.dim);
        let share = |cell: &Cell| 0.5 * (cell.in_x as f64 / n as f64 + cell.in_y as f64 / m as f64);
        let small: f64 = cells.iter().filter(|cell| !full(cell)).map(share).sum();
        let wanting = small > SMALL || !numbers && several && cells.len() * POINTS_PER_CELL > n + m;
        if wanting {
            let model = model.unwrap_or_else(|| self.model(Features::Quadratic));
            let sides = model.expanded_in(self);
            let sides = if swapped { sides.swapped() } else { sides };
            let (value, error) = modelled(base, &sides);
            return finished(divergence, value, error, "logistic ratio over levels", self.sizes);
        }
        let (mut counted, mut shares) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
        for cell in &cells {
            let mut inside = Inside::default();
            let estimated = cell.dim > 0 && full(cell) && cell.in_x > 0 && cell.in_y > 0;
            if estimated {
                self.require_splits(core, base)?;
                let sides = Sides::of(cell.x.clone(), cell.y.clone(), cell.dim);
                inside = core.inside(base, if swapped { sides.swapped() } else { sides })?;
            }
            let (in_x, in_y) = if swapped { (cell.in_y, cell.in_x) } else { (cell.in_x, cell.in_y) };
            counted.push(Counted { in_x, in_y, inside });
            shares.push(if estimated { share(cell) } else { 0.0 });
        }
        // Cells of few points are held for what the others are on average.
        let total: f64 = shares.iter().sum();
        if total > 0.0 {
            let mean = counted.iter().zip(&shares).map(|(c, share)| share * c.inside.value).sum::<f64>() / total;
            for (counted, _) in counted.iter_mut().zip(&cells).filter(|(_, cell)| !full(cell)) {
                counted.inside = Inside { value: mean, error: mean.abs(), ..Inside::default() };
            }
        }
        let (value, error) = combined(base, &counted);
        let estimate = finished(divergence, value, error, core.method(), self.sizes)?;
        // What is seen inside one cell is a part of what there is, and so it is in all of them.
        let points: usize = counted.iter().map(|cell| cell.in_x).sum();
        let outside = counted.iter().map(|cell| cell.inside.outside * cell.in_x as f64).sum::<f64>() / points as f64;
        if outside == 0.0 {
            return Ok(estimate);
        }
        let of_base = if swapped { (self.sizes.1, self.sizes.0) } else { self.sizes };
        let estimate = notes::proven(estimate.of_kind(Kind::LowerBound), divergence, of_base);
        Ok(notes::mismatch(estimate, outside))
    }

    /// Refuses a base that an estimator does not give inside cells, with the columns that make them.
    fn require_splits(&self, core: &dyn Core, base: Base) -> Result<()> {
        if core.splits(base) {
            return Ok(());
        }
        let discrete: Vec<usize> = (0..self.dim).filter(|&k| !self.columns[k].discrete().is_empty()).collect();
        let why = format!(
            "many points share a value in {}, and this estimator gives only KL and powers of p / q there; use nearest neighbours or \
             a classifier, or leave such columns out",
            self.called(&discrete)
        );
        Err(Error::new("x", ErrorKind::Unsupported(why.into())))
    }

    /// Columns as a sentence calls them: by name, or by number from 0.
    fn called(&self, columns: &[usize]) -> String {
        let one = if columns.len() == 1 { "column" } else { "columns" };
        if let Some(names) = &self.names {
            let quoted: Vec<String> = columns.iter().map(|&k| format!("`{}`", names[k])).collect();
            format!("{one} {}", quoted.join(", "))
        } else {
            let numbers: Vec<String> = columns.iter().map(ToString::to_string).collect();
            format!("{one} {} (counted from 0)", numbers.join(", "))
        }
    }

    /// A base of counts of X and of Y, and its standard error.
    pub(super) fn of_counts(base: Base, counts: &[(usize, usize)]) -> (f64, f64) {
        let inside = Inside::default();
        combined(base, &counts.iter().map(|&(in_x, in_y)| Counted { in_x, in_y, inside }).collect::<Vec<_>>())
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

impl Model {
    /// The features of the rows of a table.
    pub(super) fn expanded_in(&self, table: &Table) -> Sides {
        self.expanded(&table.x, &table.y)
    }
}

/// The estimate of a divergence from that of its base. A base outside its range by no more than chance is moved to the nearest value that it
/// can have; one farther out is refused: moved into the range it would hide that the method does not fit.
pub(super) fn finished(
    divergence: Divergence,
    base: f64,
    error: f64,
    method: &'static str,
    sizes: (usize, usize),
) -> Result<Estimate> {
    let most = match divergence.base() {
        Some((Base::Power(a), _)) if a < 1.0 => 1.0 / (1.0 - a),
        Some((Base::JensenShannon, _)) => std::f64::consts::LN_2,
        Some((Base::TotalVariation, _)) => 1.0,
        _ => f64::INFINITY,
    };
    let moved = base.clamp(0.0, most);
    if (base - moved).abs() > TOO_FAR * error + ROUNDING {
        let (lower, upper) = (base - TOO_FAR * error, base + TOO_FAR * error);
        let why = format!(
            "{method} give a value between {lower:.3} and {upper:.3}, which is none that there can be: the method does not fit these \
             samples; choose another"
        );
        return Err(Error::new("x", ErrorKind::Unsupported(why.into())));
    }
    let error = divergence.carried(moved, error);
    let evidence = if error.is_finite() { Evidence::StandardError(error) } else { Evidence::Unstated };
    Ok(Estimate::new(divergence.finish(moved), evidence, method, sizes))
}

/// Standard errors from the range of a sum from which a value outside is not an accident.
const TOO_FAR: f64 = 4.0;
/// What rounding may put a sum outside of its range by.
const ROUNDING: f64 = 1e-9;

fn one_is_flat(x: &[&[f64]], y: &[&[f64]], columns: &[usize]) -> bool {
    columns.len() > 1
        && [x, y]
            .iter()
            .any(|rows| rows.len() > columns.len() + 10 && rank::independent(rows, columns).len() < columns.len())
}

/// Whether the values of a column are rounded numbers on a grid of many steps.
pub(super) fn is_rounded(values: impl Iterator<Item = f64>) -> bool {
    let values: Vec<f64> = values.collect();
    matches!(Column::read(&values, values.len()).0, Column::Rounded { .. })
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
const DISTINCT: usize = 12;

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
        (*count - 1).is_multiple_of(times)
    };
    let kept = rows.chunks_exact(dim).filter(first).flatten().copied().collect();
    (kept, times)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
