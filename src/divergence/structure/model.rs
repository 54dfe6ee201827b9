//! Log ratios over levels and numbers together, for tables whose cells hold too few points each.
//!
//! The log ratio is a sum of terms: monomials of the numbers, a number for each level of a column, and, where the points show that
//! they are needed, products of levels with numbers and with levels of other columns. Terms enter one block after the other, the
//! most significant first, by score tests that do not rely on the model.

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use super::super::logistic::{Features, Fit};
use super::super::sides::{Sides, shuffled};
use super::columns::Column;
use super::rank::independent;
use crate::numeric::normal::normal_cdf;

/// The significance at which a column enters by its levels alone, and by products with others.
const ALONE: f64 = 0.05;
const PRODUCT: f64 = 0.01;
/// Points for each feature, at least.
const PER_FEATURE: usize = 10;
/// Rows of either side that are asked which terms matter.
const ASKED: usize = 10_000;

/// Columns that divide the points, as one factor: a column of levels, the atoms of a column, or a group of one-hot columns.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    pub(super) columns: Vec<usize>,
    /// The values of `columns` at each level.
    levels: Vec<Vec<Option<u32>>>,
}

/// A block of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Levels(usize),
    LevelsByNumber(usize, usize),
    LevelsByLevels(usize, usize),
}

impl Block {
    fn factors(self) -> [usize; 2] {
        match self {
            Self::Levels(f) | Self::LevelsByNumber(f, _) => [f, f],
            Self::LevelsByLevels(f, g) => [f, g],
        }
    }
}

/// Which features the log ratio of two tables is made of.
pub(in super::super) struct Model {
    columns: Vec<Column>,
    factors: Vec<Factor>,
    /// Columns of numbers that do not follow from each other, with mean and one over deviation away from atoms.
    numbers: Vec<(usize, f64, f64)>,
    features: Features,
    blocks: Vec<Block>,
    /// A block that matters, but has more features than the points can carry.
    left_out: Option<Block>,
}

impl Model {
    /// Finds the blocks that matter for telling the rows of X from those of Y.
    pub(super) fn chosen(x: &[f64], y: &[f64], columns: &[Column], features: Features) -> Self {
        let dim = columns.len();
        let rows: Vec<&[f64]> = x.chunks_exact(dim).chain(y.chunks_exact(dim)).collect();
        let number = |k: &usize| matches!(columns[*k], Column::Free | Column::Atoms(_) | Column::Rounded { .. });
        let numbers: Vec<usize> = (0..dim).filter(number).collect();
        let numbers = if numbers.is_empty() { numbers } else { independent(&rows, &numbers) };
        let scaled = |&k: &usize| {
            let off_atoms = || rows.iter().map(|row| row[k]).filter(|&v| columns[k].code(v).is_none());
            let count = off_atoms().count().max(1) as f64;
            let origin = off_atoms().next().unwrap_or(0.0);
            let mean = off_atoms().map(|v| v - origin).sum::<f64>() / count;
            let variance = off_atoms().map(|v| (v - origin - mean).powi(2)).sum::<f64>() / count;
            (k, origin + mean, if variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 })
        };
        let mut model = Self {
            columns: columns.to_vec(),
            factors: factors(&rows, columns),
            numbers: numbers.iter().map(scaled).collect(),
            features,
            blocks: Vec::new(),
            left_out: None,
        };
        model.choose(x, y);
        model
    }

    /// The columns of levels that tell nothing beyond the others.
    pub(super) fn useless(&self) -> Vec<usize> {
        let used = |f: usize| self.blocks.iter().chain(&self.left_out).any(|block| block.factors().contains(&f));
        let unused = (0..self.factors.len()).filter(|&f| !used(f));
        let levels = |k: &usize| matches!(self.columns[*k], Column::Levels(_));
        unused.flat_map(|f| self.factors[f].columns.iter().copied()).filter(levels).collect()
    }

    /// The features of both sides, which a linear fit is made on.
    pub(super) fn expanded(&self, x: &[f64], y: &[f64]) -> Sides {
        let dim = self.columns.len();
        let expand = |points: &[f64]| -> (Vec<f64>, usize) {
            let mut all = Vec::new();
            let mut row = Vec::new();
            for point in points.chunks_exact(dim) {
                row.clear();
                self.monomials(point, &mut row);
                self.blocks.iter().for_each(|&block| self.write(block, point, &mut row));
                all.extend_from_slice(&row);
            }
            (all, row.len())
        };
        let ((x, width), (y, _)) = (expand(x), expand(y));
        Sides { x, y, dim: width }
    }

    fn choose(&mut self, x: &[f64], y: &[f64]) {
        let dim = self.columns.len();
        // In an order that depends on the rows alone.
        let some = |points: &[f64], item: u64| -> Vec<f64> {
            let rows = shuffled(points, dim, 0, item);
            rows[..rows.len().min(ASKED)].concat()
        };
        let (x, y) = (some(x, 0), some(y, 1));
        let most = (x.len() + y.len()) / dim / PER_FEATURE;
        let mut candidates: Vec<Block> = (0..self.factors.len()).map(Block::Levels).collect();
        for f in 0..self.factors.len() {
            candidates.extend((0..self.numbers.len()).map(|k| Block::LevelsByNumber(f, k)));
            candidates.extend((f + 1..self.factors.len()).map(|g| Block::LevelsByLevels(f, g)));
        }
        while !candidates.is_empty() {
            let test = ScoreTest::new(&self.expanded(&x, &y));
            let tested = |&block: &Block| {
                let write = |points: &[f64]| {
                    let mut all = Vec::new();
                    points.chunks_exact(dim).for_each(|point| self.write(block, point, &mut all));
                    all
                };
                let chance = test.chance(&write(&x), &write(&y));
                let level = if matches!(block, Block::Levels(_)) { ALONE } else { PRODUCT };
                (chance / level, block)
            };
            let Some(best) = candidates.iter().map(tested).min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
            if best.0 >= 1.0 {
                break;
            }
            // A product comes with the levels of its factors.
            for f in best.1.factors() {
                if !self.blocks.contains(&Block::Levels(f)) {
                    self.blocks.push(Block::Levels(f));
                }
            }
            if !self.blocks.contains(&best.1) {
                self.blocks.push(best.1);
            }
            candidates.retain(|block| !self.blocks.contains(block));
            let width = |model: &Self| model.expanded(&x[..dim], &y[..dim]).dim;
            if width(self) > most {
                self.left_out = self.blocks.pop();
                break;
            }
        }
    }

    /// A number at a point, scaled; 0 at its atoms.
    fn number(&self, point: &[f64], (k, mean, inverse): (usize, f64, f64)) -> f64 {
        if self.columns[k].code(point[k]).is_some() { 0.0 } else { (point[k] - mean) * inverse }
    }

    fn monomials(&self, point: &[f64], out: &mut Vec<f64>) {
        let numbers: Vec<f64> = self.numbers.iter().map(|&number| self.number(point, number)).collect();
        if numbers.is_empty() {
            out.push(0.0);
        } else {
            let at = out.len();
            self.features.write(&numbers, out);
            // The constant belongs to the fit.
            out.remove(at);
        }
    }

    fn write(&self, block: Block, point: &[f64], out: &mut Vec<f64>) {
        let is = |f: usize, level: usize| f64::from(u8::from(self.level(f, point) == level));
        match block {
            Block::Levels(f) => out.extend((1..self.factors[f].levels.len()).map(|level| is(f, level))),
            Block::LevelsByNumber(f, k) => {
                let number = self.number(point, self.numbers[k]);
                for level in 1..self.factors[f].levels.len() {
                    let is = is(f, level);
                    out.push(is * number);
                    if self.features == Features::Quadratic {
                        out.push(is * number * number);
                    }
                }
            }
            Block::LevelsByLevels(f, g) => {
                for level in 1..self.factors[f].levels.len() {
                    out.extend((1..self.factors[g].levels.len()).map(|other| is(f, level) * is(g, other)));
                }
            }
        }
    }

    /// Which level of a factor a point has; 0 for one that was not seen.
    fn level(&self, f: usize, point: &[f64]) -> usize {
        let factor = &self.factors[f];
        let same = |level: &Vec<Option<u32>>| {
            level.iter().zip(&factor.columns).all(|(code, &k)| *code == self.columns[k].code(point[k]))
        };
        factor.levels.iter().position(same).unwrap_or(0)
    }
}

/// Most levels of a factor.
const MOST_LEVELS: usize = 100;

/// The factors of a table. Columns of two levels that are one-hot together are one, and a column that another determines is left out.
fn factors(rows: &[&[f64]], columns: &[Column]) -> Vec<Factor> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut at = 0;
    while at < columns.len() {
        if columns[at].discrete().is_empty() {
            at += 1;
            continue;
        }
        let group = one_hot(rows, columns, at);
        at = group.last().map_or(at + 1, |last| last + 1);
        groups.push(group);
    }
    let mut factors: Vec<Factor> = Vec::new();
    for columns_of in groups {
        let code = |row: &&[f64]| -> Vec<Option<u32>> { columns_of.iter().map(|&k| columns[k].code(row[k])).collect() };
        let mut counts: std::collections::BTreeMap<Vec<Option<u32>>, usize> = std::collections::BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(code(row)).or_default() += 1);
        let mut levels: Vec<(Vec<Option<u32>>, usize)> = counts.into_iter().collect();
        // The most frequent level stands for all that the others are held against.
        levels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        levels.truncate(MOST_LEVELS);
        let factor = Factor { columns: columns_of, levels: levels.into_iter().map(|(level, _)| level).collect() };
        if !factors.iter().any(|other| determines(rows, columns, other, &factor)) {
            factors.push(factor);
        }
    }
    factors
}

/// The columns from `first` on of which exactly one is at its larger level in each row; `first` alone where there are none.
fn one_hot(rows: &[&[f64]], columns: &[Column], first: usize) -> Vec<usize> {
    let mut sums = vec![0_u32; rows.len()];
    let mut group = Vec::new();
    for k in first..columns.len() {
        let Column::Levels(levels) = &columns[k] else { break };
        if levels.len() != 2 {
            break;
        }
        let large = |row: &[f64]| u32::from(row[k] == levels[1]);
        if rows.iter().zip(&sums).any(|(row, sum)| sum + large(row) > 1) {
            break;
        }
        rows.iter().zip(&mut sums).for_each(|(row, sum)| *sum += large(row));
        group.push(k);
        if group.len() > 1 && sums.iter().all(|&sum| sum == 1) {
            return group;
        }
    }
    vec![first]
}

/// Whether the levels of one factor give those of another.
fn determines(rows: &[&[f64]], columns: &[Column], one: &Factor, other: &Factor) -> bool {
    let code = |factor: &Factor, row: &[f64]| -> Vec<Option<u32>> {
        factor.columns.iter().map(|&k| columns[k].code(row[k])).collect()
    };
    let mut seen = std::collections::HashMap::new();
    rows.iter().all(|row| {
        let own = code(other, row);
        *seen.entry(code(one, row)).or_insert_with(|| own.clone()) == own
    })
}

/// A fit, ready to be asked whether features that it lacks would better it.
struct ScoreTest {
    /// The constant and the features, row by row, those of X first.
    rows: Vec<f64>,
    width: usize,
    /// What each row pulls the log ratio by, and how stiff it is there.
    pulls: Vec<f64>,
    stiffness: Vec<f64>,
    factor: Option<Cholesky<f64, nalgebra::Dyn>>,
}

impl ScoreTest {
    fn new(sides: &Sides) -> Self {
        let (x, y): (Vec<&[f64]>, Vec<&[f64]>) =
            (sides.x.chunks_exact(sides.dim).collect(), sides.y.chunks_exact(sides.dim).collect());
        let fit = Fit::new(&x, &y, Features::Linear);
        let width = 1 + sides.dim;
        let total = (x.len() + y.len()) as f64;
        let (mut rows, mut pulls, mut stiffness) = (Vec::new(), Vec::new(), Vec::new());
        for (side, sign) in [(&x, 1.0), (&y, -1.0)] {
            let mass = 0.5 * total / side.len() as f64;
            for row in side {
                let chance = 1.0 / (1.0 + fit.log_ratio(row).exp());
                pulls.push(mass * if sign > 0.0 { chance } else { chance - 1.0 });
                stiffness.push(mass * chance * (1.0 - chance));
                rows.push(1.0);
                rows.extend_from_slice(row);
            }
        }
        let mut matrix = DMatrix::zeros(width, width);
        for (row, stiff) in rows.chunks_exact(width).zip(&stiffness) {
            for (a, &v) in row.iter().enumerate() {
                for (h, &w) in matrix.column_mut(a).as_mut_slice()[a..].iter_mut().zip(&row[a..]) {
                    *h += stiff * v * w;
                }
            }
        }
        for k in 0..width {
            matrix[(k, k)] *= 1.0 + 1e-9;
            matrix[(k, k)] += 1e-9;
        }
        Self { rows, width, pulls, stiffness, factor: Cholesky::new(matrix) }
    }

    /// The probability of a score as large as that of the given features (of X and of Y), were their weights 0.
    fn chance(&self, of_x: &[f64], of_y: &[f64]) -> f64 {
        let count = self.pulls.len();
        let width = (of_x.len() + of_y.len()) / count;
        let Some(factor) = self.factor.as_ref().filter(|_| width > 0) else { return 1.0 };
        let new: Vec<&[f64]> = of_x.chunks_exact(width).chain(of_y.chunks_exact(width)).collect();
        let mut cross = DMatrix::zeros(self.width, width);
        for (i, row) in self.rows.chunks_exact(self.width).enumerate() {
            for (b, &v) in new[i].iter().enumerate().filter(|(_, v)| **v != 0.0) {
                let scaled = self.stiffness[i] * v;
                cross.column_mut(b).iter_mut().zip(row).for_each(|(to, w)| *to += scaled * w);
            }
        }
        let solved = factor.solve(&cross);
        let (mut score, mut spread) = (DVector::<f64>::zeros(width), DMatrix::<f64>::zeros(width, width));
        let mut own = DVector::<f64>::zeros(width);
        for (i, row) in self.rows.chunks_exact(self.width).enumerate() {
            for b in 0..width {
                let known: f64 = row.iter().zip(solved.column(b).iter()).map(|(v, w)| v * w).sum();
                own[b] = self.pulls[i] * (new[i][b] - known);
            }
            score += &own;
            spread.ger(1.0, &own, &own, 1.0);
        }
        let eigen = SymmetricEigen::new(spread);
        let largest = eigen.eigenvalues.max();
        let (mut statistic, mut freedom) = (0.0, 0.0);
        for (value, direction) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            // Directions in which the new features say nothing new, or that hang on a handful of points.
            if *value > 1e-6 * largest && *value > 1.0 {
                statistic += direction.dot(&score).powi(2) / value;
                freedom += 1.0;
            }
        }
        if freedom > 0.0 { exceeds(statistic, freedom) } else { 1.0 }
    }
}

/// The probability that χ² with so many degrees of freedom is larger. Wilson & Hilferty 1931.
fn exceeds(statistic: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    normal_cdf(-((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt())
}
