//! The points of two samples, sorted by the values at which points are counted.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use super::columns::{Bits, Column, repeated};
use super::rank::independent;

/// The points of both samples that agree in every level and atom.
#[derive(Debug, Clone)]
pub(in super::super) struct Cell {
    /// Points of X and of Y in it, equal ones each by itself.
    pub(in super::super) in_x: usize,
    pub(in super::super) in_y: usize,
    /// Their other coordinates, of columns that neither are constant here nor follow from others; equal points once for each side.
    pub(in super::super) x: Vec<f64>,
    pub(in super::super) y: Vec<f64>,
    /// How many columns that are: 0 for an atom.
    pub(in super::super) dim: usize,
    /// One side alone lies in a subspace here: this cell holds the points of one side, and its twin those of the other.
    pub(super) apart: bool,
}

impl Cell {
    /// Whether it has points of X alone, or of Y alone.
    pub(super) fn is_of_one_side(&self) -> bool {
        self.in_x == 0 || self.in_y == 0
    }
}

/// Points beyond the dimension that show that a side lies in a subspace.
const SPARE: usize = 10;

/// The rows of X and of Y in one cell.
type Rows<'a> = (Vec<&'a [f64]>, Vec<&'a [f64]>);

/// Sorts rows into cells, by the codes of their columns; all rows of X and Y.
pub(super) fn cells(x: &[&[f64]], y: &[&[f64]], columns: &[Column]) -> Vec<Cell> {
    let counted: Vec<usize> = (0..columns.len()).filter(|&k| !columns[k].discrete().is_empty()).collect();
    let key = |row: &[f64]| -> Vec<u32> {
        counted.iter().map(|&k| columns[k].code(row[k]).map_or(0, |code| code + 1)).collect()
    };
    let mut sorted: BTreeMap<Vec<u32>, Rows> = BTreeMap::new();
    x.iter().for_each(|row| sorted.entry(key(row)).or_default().0.push(row));
    y.iter().for_each(|row| sorted.entry(key(row)).or_default().1.push(row));
    let free = |key: &[u32]| -> Vec<usize> {
        let is_free = |k: &usize| match &columns[*k] {
            Column::Constant | Column::Levels(_) => false,
            Column::Free => true,
            Column::Atoms(_) | Column::Rounded { .. } => {
                counted.iter().position(|c| c == k).is_none_or(|at| key[at] == 0)
            }
        };
        (0..columns.len()).filter(is_free).collect()
    };
    // Rounded numbers repeat, and each draw counts.
    let once = !columns.iter().any(|column| matches!(column, Column::Rounded { .. }));
    sorted.iter().flat_map(|(key, (x, y))| cell(x, y, &free(key), once)).collect()
}

/// One cell, equal points `once` or as often as they are; two where one of the sides lies in a subspace that the other leaves: they share no mass.
fn cell(x: &[&[f64]], y: &[&[f64]], free: &[usize], once: bool) -> Vec<Cell> {
    let both: Vec<&[f64]> = x.iter().chain(y).copied().collect();
    let kept = if free.is_empty() { Vec::new() } else { independent(&both, free) };
    let chosen = |rows: &[&[f64]]| -> Vec<f64> {
        let all: Vec<f64> = rows.iter().flat_map(|row| kept.iter().map(|&k| row[k])).collect();
        if kept.is_empty() || !once { all } else { distinct(&all, kept.len()) }
    };
    let whole = Cell { in_x: x.len(), in_y: y.len(), x: chosen(x), y: chosen(y), dim: kept.len(), apart: false };
    let flat = |rows: &[&[f64]]| {
        kept.len() > 1 && rows.len() > kept.len() + SPARE && independent(rows, &kept).len() < kept.len()
    };
    if x.is_empty() || y.is_empty() || !(flat(x) || flat(y)) {
        return vec![whole];
    }
    let (x, y) = (whole.x, whole.y);
    vec![
        Cell { in_x: whole.in_x, in_y: 0, x, y: Vec::new(), dim: whole.dim, apart: true },
        Cell { in_x: 0, in_y: whole.in_y, x: Vec::new(), y, dim: whole.dim, apart: true },
    ]
}

/// The points without repetitions, in order.
fn distinct(points: &[f64], dim: usize) -> Vec<f64> {
    if !repeats(points, dim) {
        return points.to_vec();
    }
    let mut seen: HashSet<Vec<u64>, BuildHasherDefault<Bits>> = HashSet::default();
    let new = |row: &&[f64]| seen.insert(row.iter().map(|v| (v + 0.0).to_bits()).collect());
    points.chunks_exact(dim).filter(new).flatten().copied().collect()
}

/// Whether two points may be equal: all that are, and hardly any others.
pub(super) fn repeats(points: &[f64], dim: usize) -> bool {
    repeated(points.chunks_exact(dim).map(row_hash))
}

/// A number that equal rows share.
pub(super) fn row_hash(row: &[f64]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = Bits::default();
    row.iter().for_each(|v| hasher.write_u64((v + 0.0).to_bits()));
    hasher.finish()
}
