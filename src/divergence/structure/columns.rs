//! What a column of two samples is: constant, continuous, rounded, a list of levels, or continuous with atoms.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What the values of a column are, both samples together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    /// All values are equal.
    Constant,
    /// Continuous: values do not repeat, or only as rows do.
    Free,
    /// Few values, each repeated: these, ascending. A category, a flag, a code, or small whole numbers.
    Levels(Vec<f64>),
    /// Whole multiples of `step`, too many to be levels; `atoms` stand out among them.
    Rounded { atoms: Vec<f64>, step: f64 },
    /// Continuous, with atoms: values that many points share.
    Atoms(Vec<f64>),
}

/// A value, and how many points of X and of Y have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    pub(super) number: f64,
    pub(super) in_x: usize,
    pub(super) in_y: usize,
}

impl Value {
    fn both(&self) -> usize {
        self.in_x + self.in_y
    }

    fn most(&self) -> usize {
        self.in_x.max(self.in_y)
    }
}

/// Points for each level, from which a column of repeated values is a list of levels.
const PER_LEVEL: usize = 5;
/// Whole numbers with at least this many levels are read as rounded numbers where there are other numbers beside them, or where the rows
/// take too many values ([`few`]).
pub(super) const ORDINAL: usize = 8;
/// More levels than this on a grid are rounded numbers, however often each is repeated.
const MOST_LEVELS: usize = 40;

impl Column {
    /// Looks at the values of a column: those of X, `in_x` of them, before those of Y. What each value is counted as is empty where none
    /// occurs twice.
    pub(super) fn read(values: &[f64], in_x: usize) -> (Self, Vec<Value>) {
        if !repeats(values) {
            return (Self::Free, Vec::new());
        }
        let values = counted(values, in_x);
        (Self::of(&values), values)
    }

    fn of(values: &[Value]) -> Self {
        if values.len() == 1 {
            return Self::Constant;
        }
        let points: usize = values.iter().map(Value::both).sum();
        let tied: usize = values.iter().map(Value::both).filter(|&count| count > 1).sum();
        let single = points - tied;
        let step = step(values, points);
        let repeated =
            points >= PER_LEVEL * values.len() && (single as f64 <= 0.35 * values.len() as f64 || values.len() <= 4);
        let small = values.len() <= 6 && points >= 2 * values.len() && 5 * tied >= 4 * points;
        let all = || values.iter().map(|v| v.number).collect();
        if (repeated || small) && values.len() <= MOST_LEVELS {
            return Self::Levels(all());
        }
        match step {
            Some(step) => Self::Rounded { atoms: spikes(values, points), step },
            None => match atoms(values) {
                atoms if atoms.is_empty() => Self::Free,
                atoms => Self::Atoms(atoms),
            },
        }
    }

    /// The values at which points are counted.
    pub(super) fn discrete(&self) -> &[f64] {
        match self {
            Self::Levels(values) | Self::Atoms(values) | Self::Rounded { atoms: values, .. } => values,
            Self::Constant | Self::Free => &[],
        }
    }

    /// The number of the level or atom that a value is.
    pub(super) fn code(&self, value: f64) -> Option<u32> {
        let values = self.discrete();
        values.binary_search_by(|v| v.total_cmp(&(value + 0.0))).ok().map(|at| at as u32)
    }

    /// Whether its values are numbers with distances that mean something: all but levels, and levels that are whole multiples.
    pub(super) fn rounded(self, values: &[Value]) -> Self {
        if let Self::Levels(levels) = &self
            && levels.len() >= ORDINAL
        {
            let points = values.iter().map(Value::both).sum();
            if let Some(step) = step(values, points) {
                return Self::Rounded { atoms: Vec::new(), step };
            }
        }
        self
    }
}

/// Whether so many points take so few values that they are levels: of one column, or of whole rows, of which there are as many whatever
/// invertible map the rows went through.
pub(super) fn few(values: usize, points: usize) -> bool {
    values <= MOST_LEVELS && points >= PER_LEVEL * values
}

/// Whether any value occurs twice.
fn repeats(values: &[f64]) -> bool {
    repeated(values.iter().map(|value| {
        let mut hasher = Bits::default();
        hasher.write_u64((value + 0.0).to_bits());
        hasher.finish()
    }))
}

/// Bits of the filter for each number.
const FILTER: usize = 16;

/// Whether any of some well-mixed numbers occurs twice.
///
/// A filter of one bit for each leading part of a number stays in the cache, where a set of all numbers does not; only numbers whose bit
/// was taken go into a set.
pub(super) fn repeated(mut numbers: impl Iterator<Item = u64> + Clone) -> bool {
    let count = numbers.size_hint().0;
    let bits = (FILTER * count).next_power_of_two().max(64);
    let mut taken = vec![0_u64; bits / 64];
    let shift = 64 - bits.trailing_zeros();
    let mut suspects: HashMap<u64, usize, BuildHasherDefault<Bits>> = HashMap::default();
    for number in numbers.clone() {
        let at = (number >> shift) as usize;
        let (word, bit) = (&mut taken[at / 64], 1 << (at % 64));
        if *word & bit != 0 && suspects.insert(number, 0).is_some() {
            return true;
        }
        *word |= bit;
    }
    if suspects.is_empty() {
        return false;
    }
    let mut is_second = |number: u64| {
        suspects.get_mut(&number).is_some_and(|count| {
            *count += 1;
            *count == 2
        })
    };
    numbers.any(&mut is_second)
}

/// Spreads the bits of one number.
#[derive(Default)]
pub(super) struct Bits(u64);

impl Hasher for Bits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, bits: u64) {
        let mixed = (self.0.rotate_left(23) ^ bits).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// The distinct values in ascending order with their counts. −0 is 0.
fn counted(values: &[f64], in_x: usize) -> Vec<Value> {
    let mut all: Vec<(f64, bool)> = values.iter().enumerate().map(|(i, value)| (value + 0.0, i < in_x)).collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut values: Vec<Value> = Vec::new();
    for (value, in_x) in all {
        if values.last().is_none_or(|last| last.number != value) {
            values.push(Value { number: value, in_x: 0, in_y: 0 });
        }
        if let Some(last) = values.last_mut() {
            *(if in_x { &mut last.in_x } else { &mut last.in_y }) += 1;
        }
    }
    values
}

/// The step of which all gaps between values are whole multiples, where there is one and it is no finer than the points can show.
pub(super) fn step(values: &[Value], points: usize) -> Option<f64> {
    let gaps = values.windows(2).map(|pair| pair[1].number - pair[0].number);
    let least = gaps.fold(f64::INFINITY, f64::min);
    let first = values.first()?.number;
    let range = values.last()?.number - first;
    let steps = (range / least).round();
    if !steps.is_finite() || steps < 1.0 || steps > 50.0 * points as f64 {
        return None;
    }
    let step = range / steps;
    // Numbers that were rounded to decimals miss their multiples by rounding of their own size.
    let scale = first.abs().max((first + range).abs());
    let off = (1e-6_f64).max(8.0 * f64::EPSILON * scale / step);
    let on_grid = values.iter().all(|v| {
        let at = (v.number - first) / step;
        (at - at.round()).abs() <= off
    });
    (on_grid && off < 0.1).then_some(step)
}

/// Atoms of a column without a grid: values that more points share than repeated rows explain.
fn atoms(values: &[Value]) -> Vec<f64> {
    let light = || values.iter().filter(|v| v.most() <= 9);
    let (count, points) = (light().count().max(1), light().map(Value::most).sum::<usize>());
    let again = light().filter(|v| v.most() > 1).count();
    // Where hardly any value is repeated, three equal draws of a continuous law do not happen; two of a value with few digits
    // neither, but two equal rows of a table do.
    let rare = 50 * again < count;
    let least = if rare { 3 } else { (10 * points).div_ceil(count).max(10) };
    let atom = |v: &&Value| v.most() >= least || (rare && v.most() == 2 && short(v.number));
    values.iter().filter(atom).map(|v| v.number).collect()
}

/// Whether a number has so few digits that a continuous law would not draw it twice.
fn short(value: f64) -> bool {
    value == 0.0 || value.to_bits().trailing_zeros() >= 30
}

/// Atoms among rounded numbers: values with eight times the points of any of their neighbours, and at least 1 % of all.
fn spikes(values: &[Value], points: usize) -> Vec<f64> {
    let stands_out = |&at: &usize| {
        let count = values[at].both();
        let near = at.saturating_sub(3)..values.len().min(at + 4);
        let next = near.filter(|&other| other != at).map(|other| values[other].both()).max().unwrap_or(0);
        values[at].most() >= 10 && 100 * count >= points && count >= 8 * next
    };
    (0..values.len()).filter(stands_out).map(|at| values[at].number).collect()
}

/// The points of a side that lie on values which the other side never takes and, by its size, would show: (of X, of Y).
///
/// A level counts from three draws on (an atom among continuous values from two), if the other side is large enough to show it. Levels
/// of a grid are no evidence where the other side is thin next to them: a sample of a Poisson law has its largest value somewhere.
pub(super) fn alone(column: &Column, values: &[Value], n: usize, m: usize) -> (Vec<f64>, Vec<f64>) {
    let discrete = column.discrete();
    let of = |own: fn(&Value) -> usize, other: fn(&Value) -> usize, ours: usize, theirs: usize| -> Vec<f64> {
        let shown = |v: &Value| {
            let expected = own(v) as f64 * theirs as f64 / ours as f64;
            other(v) == 0 && own(v) >= if matches!(column, Column::Atoms(_)) { 2 } else { 3 } && expected >= 2.0
        };
        let thinning = thins_out(values, other);
        (0..values.len())
            .filter(|&at| shown(&values[at]) && !thinning[at] && column.code(values[at].number).is_some())
            .map(|at| values[at].number)
            .collect()
    };
    if discrete.is_empty() {
        return (Vec::new(), Vec::new());
    }
    (of(|v| v.in_x, |v| v.in_y, n, m), of(|v| v.in_y, |v| v.in_x, m, n))
}

/// Points at the last level of a side from which it does not thin out but stops.
const STOPS: usize = 20;

/// Whether the lack of a value on a side is not evidence: steps of the grid lead from it to values that the side has, and that side is
/// thin there.
fn thins_out(values: &[Value], side: fn(&Value) -> usize) -> Vec<bool> {
    let points = values.iter().map(Value::both).sum();
    let Some(step) = step(values, points).filter(|_| values.len() >= ORDINAL - 2) else {
        return vec![false; values.len()];
    };
    let joined = |a: usize, b: usize| (values[b].number - values[a].number).abs() < 1.5 * step;
    // The count at the next value that the side has, if one is joined.
    let up = |at: usize| {
        let path = (at + 1..values.len()).take_while(|&to| joined(to - 1, to));
        path.map(|to| side(&values[to])).find(|&count| count > 0)
    };
    let down = |at: usize| {
        let path = (0..at).rev().take_while(|&to| joined(to, to + 1));
        path.map(|to| side(&values[to])).find(|&count| count > 0)
    };
    let thin = |at: usize| up(at).into_iter().chain(down(at)).max().is_some_and(|count| count < STOPS);
    (0..values.len()).map(|at| side(&values[at]) == 0 && thin(at)).collect()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::numeric::stream;

    fn read(x: &[f64], y: &[f64]) -> Column {
        Column::read(&[x, y].concat(), x.len()).0
    }

    /// Numbers that do not repeat.
    fn spread(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.618_033_988_749).fract().sqrt() + 0.1).collect()
    }

    #[test]
    fn columns_are_what_people_call_them() {
        assert_eq!(read(&[2.0; 5], &[2.0; 3]), Column::Constant);
        assert_eq!(read(&spread(50), &spread(90)[50..]), Column::Free);
        assert_eq!(read(&[3.0; 50], &[4.0; 50]), Column::Levels(vec![3.0, 4.0]));
        let zeros = |n: usize, of: usize| (0..n).map(|i| if i < of { 0.0 } else { spread(n)[i] }).collect::<Vec<f64>>();
        assert_eq!(read(&zeros(200, 2), &spread(300)[200..]), Column::Atoms(vec![0.0]));
        assert_eq!(read(&zeros(200, 180), &zeros(200, 190)), Column::Atoms(vec![0.0]));
        let rounded = |n: usize| spread(n).iter().map(|v| (v * 100.0).round() / 100.0).collect::<Vec<f64>>();
        assert!(
            matches!(read(&rounded(200), &rounded(150)), Column::Rounded { atoms, step } if atoms.is_empty() && (step - 0.01).abs() < 1e-9)
        );
        let whole = |n: usize| spread(n).iter().map(|v| (v * 10.0).round()).collect::<Vec<f64>>();
        assert!(matches!(read(&whole(500), &whole(500)), Column::Levels(levels) if levels.len() == 11));
    }

    #[test]
    fn repeated_rows_make_no_atoms() {
        let six: Vec<f64> = spread(300).iter().flat_map(|&v| [v; 6]).collect();
        assert_eq!(read(&six, &six), Column::Free);
        // Drawn with replacement, as a bootstrap does.
        let mut random = stream(0, 0);
        let drawn: Vec<f64> = (0..300).map(|_| spread(300)[random.random_range(0..300)]).collect();
        assert_eq!(read(&drawn, &spread(300)), Column::Free);
    }
}
