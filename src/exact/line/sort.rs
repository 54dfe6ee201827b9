//! Sorting points on a line, in about linear time.
//!
//! A monotone map of the values onto whole keys, ⌊(x − min) · 2ᵏ / (max − min)⌉, leaves few values that share a key. One pass
//! over the high bits of the key cuts the input into pieces that fit the cache; two radix passes order each piece by keys
//! of its own range; what still shares a key is sorted by comparison. Equal values keep their order.

use crate::numeric::range;
use crate::simd::{Kernel, run};

/// Below this a comparison sort is faster than filling counters.
const FEW: usize = 256;
/// A piece has at most so many values: they are numbered in 13 bits.
const PIECE: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 13;
/// Inside a piece keys and places share 32 bits.
const KEY_BITS: u32 = 32 - PLACE_BITS;
/// The keys are ordered by two digits of so many bits.
const DIGIT: u32 = KEY_BITS.div_ceil(2);
const BUCKETS: usize = 1 << DIGIT;
/// The most pieces that one pass cuts.
const PIECES: usize = 1 << 10;
/// How often pieces that are still too large are cut again before comparisons take over.
const DEPTH: u32 = 6;

/// Values in increasing order, and the index of each in the input.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub(crate) values: Vec<f64>,
    pub(crate) order: Vec<u32>,
}

impl Sorted {
    /// Sorts at most 2³² − 1 finite values; equal ones stay in the order of their indices.
    pub(crate) fn new(values: &[f64], scratch: &mut Scratch) -> Self {
        let mut out = Self { values: vec![0.0; values.len()], order: vec![0; values.len()] };
        sort_into(values, None, &mut out.values, &mut out.order, scratch, DEPTH);
        out
    }

    /// Writes the values back to where `order` found them, into the memory of `out`.
    pub(crate) fn restored(&self, mut out: Vec<f64>) -> Vec<f64> {
        out.resize(self.values.len(), 0.0);
        for (&i, &value) in self.order.iter().zip(&self.values) {
            out[i as usize] = value;
        }
        out
    }
}

/// Memory for [`Sorted::new`], to be used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) values: Vec<f64>,
    pub(crate) indices: Vec<u32>,
    records: [Vec<u32>; 2],
}

/// Writes `from` in increasing order to `values`, and the index of each (its place, where there are no `indices`) to `order`.
fn sort_into(
    from: &[f64],
    indices: Option<&[u32]>,
    values: &mut [f64],
    order: &mut [u32],
    scratch: &mut Scratch,
    depth: u32,
) {
    let n = from.len();
    if n <= PIECE {
        return sort_piece(from, indices, values, order, &mut scratch.records);
    }
    let pieces = (2 * n / PIECE).next_power_of_two().min(PIECES);
    let Some(keys) = Keys::new(from, pieces.ilog2()).filter(|_| depth > 0) else {
        let mut places: Vec<u32> = (0..n as u32).collect();
        places.sort_by(|&i, &j| from[i as usize].total_cmp(&from[j as usize]));
        return write(from, places.into_iter().map(|i| i as usize), indices, values, order);
    };
    let mut ends = [0; PIECES];
    for &x in from {
        ends[keys.of(x) as usize % PIECES] += 1;
    }
    running_total(&mut ends);
    // Taken, not borrowed: a piece that is cut again takes memory of its own.
    let (mut cut, mut cut_indices) = (std::mem::take(&mut scratch.values), std::mem::take(&mut scratch.indices));
    cut.resize(n, 0.0);
    cut_indices.resize(n, 0);
    for (place, &x) in from.iter().enumerate() {
        let end = &mut ends[keys.of(x) as usize % PIECES];
        cut[*end as usize] = x;
        cut_indices[*end as usize] = indices.map_or(place as u32, |indices| indices[place]);
        *end += 1;
    }
    let mut start = 0;
    for &end in &ends[..pieces] {
        let piece = start..end as usize;
        let (values, order) = (&mut values[piece.clone()], &mut order[piece.clone()]);
        sort_into(&cut[piece.clone()], Some(&cut_indices[piece]), values, order, scratch, depth - 1);
        start = end as usize;
    }
    (scratch.values, scratch.indices) = (cut, cut_indices);
}

/// The same for at most [`PIECE`] values.
fn sort_piece(
    from: &[f64],
    indices: Option<&[u32]>,
    values: &mut [f64],
    order: &mut [u32],
    [records, spare]: &mut [Vec<u32>; 2],
) {
    let n = from.len();
    let place = |record: u32| record as usize % PIECE;
    let compare = |a: &u32, b: &u32| from[place(*a)].total_cmp(&from[place(*b)]);
    records.clear();
    if n >= FEW
        && let Some(keys) = Keys::new(from, KEY_BITS)
    {
        records.extend((0..).zip(from).map(|(place, &x)| keys.of(x) << PLACE_BITS | place));
        spare.resize(n, 0);
        let low = |record: u32| (record >> PLACE_BITS) as usize;
        let high = |record: u32| (record >> (PLACE_BITS + DIGIT)) as usize;
        order_by_digits(records, spare, low, high);
        for_each_run(records, |record| record >> PLACE_BITS, |run| run.sort_by(compare));
    } else {
        records.extend(0..n as u32);
        records.sort_by(compare);
    }
    write(from, records.iter().map(|&record| place(record)), indices, values, order);
}

/// Writes the values at `places`, and their indices.
#[inline]
fn write(
    from: &[f64],
    places: impl Iterator<Item = usize>,
    indices: Option<&[u32]>,
    values: &mut [f64],
    order: &mut [u32],
) {
    for ((place, value), order) in places.zip(values).zip(order) {
        *value = from[place];
        *order = indices.map_or(place as u32, |indices| indices[place]);
    }
}

/// Sorts finite values in place, without their indices; `spare` is scratch of at least that length.
pub(crate) fn sort_values(values: &mut [f64], spare: &mut [f64]) {
    sort_values_to_depth(values, spare, DEPTH);
}

fn sort_values_to_depth(values: &mut [f64], spare: &mut [f64], depth: u32) {
    let n = values.len();
    let piece_bits = if n <= WHOLE { 0 } else { (2 * n / PIECE).next_power_of_two().min(PIECES).ilog2() };
    let digits = 2 * DIGIT;
    if n < FEW || depth == 0 {
        return values.sort_unstable_by(f64::total_cmp);
    }
    let Some(keys) = Keys::new(values, piece_bits + digits) else {
        return values.sort_unstable_by(f64::total_cmp);
    };
    let spare = &mut spare[..n];
    if piece_bits == 0 {
        if run(ByKeys { keys: &keys, values: &mut *values, spare: &mut *spare }) {
            return;
        }
    } else {
        let (low, high) = (|x| keys.of(x) as usize, |x| (keys.of(x) >> DIGIT) as usize);
        let mut ends = [0; PIECES];
        let piece = |x| (keys.of(x) >> digits) as usize;
        for &x in &*values {
            ends[piece(x) % PIECES] += 1;
        }
        running_total(&mut ends);
        scatter(values, spare, &mut ends, piece);
        let mut start = 0;
        for &end in &ends[..1 << piece_bits] {
            let (from, to) = (&mut spare[start..end as usize], &mut values[start..end as usize]);
            if from.len() < FEW {
                from.sort_unstable_by(f64::total_cmp);
            } else {
                order_by_digits(from, to, low, high);
            }
            to.copy_from_slice(from);
            start = end as usize;
        }
    }
    for_each_run(values, |x| keys.of(x), |run| sort_values_to_depth(run, spare, depth - 1));
}

/// Up to so many values are not cut into pieces when they travel without indices.
const WHOLE: usize = 1 << 18;
/// Keys are computed for so many values at a time, by vector instructions.
const CHUNK: usize = 256;

/// Two radix passes over values, then insertions among those that share a key. Says whether that was cheap; if not, the values
/// are ordered by key alone.
struct ByKeys<'a> {
    keys: &'a Keys,
    values: &'a mut [f64],
    spare: &'a mut [f64],
}

impl Kernel for ByKeys<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> bool {
        let Self { keys, values, spare } = self;
        let (mut lows, mut highs) = ([0; BUCKETS], [0; BUCKETS]);
        for chunk in values.chunks(CHUNK) {
            for key in &keys.of_chunk(chunk)[..chunk.len()] {
                lows[*key as usize % BUCKETS] += 1;
                highs[(*key >> DIGIT) as usize % BUCKETS] += 1;
            }
        }
        running_total(&mut lows);
        running_total(&mut highs);
        scatter_chunks(values, spare, &mut lows, keys, 0);
        scatter_chunks(spare, values, &mut highs, keys, DIGIT);
        insert(values)
    }
}

/// Moves each value to the next place of the bucket that the digit from bit `shift` on names.
#[inline(always)]
fn scatter_chunks(from: &[f64], to: &mut [f64], places: &mut [u32; BUCKETS], keys: &Keys, shift: u32) {
    for chunk in from.chunks(CHUNK) {
        for (&value, key) in chunk.iter().zip(&keys.of_chunk(chunk)) {
            let place = &mut places[(*key >> shift) as usize % BUCKETS];
            to[*place as usize] = value;
            *place += 1;
        }
    }
}

/// Insertion sort of values that are nearly in order; gives up, and says so, when that takes more than some steps a value.
#[inline(always)]
fn insert(values: &mut [f64]) -> bool {
    let mut steps = 4 * values.len();
    for i in 1..values.len() {
        let value = values[i];
        if value < values[i - 1] {
            let mut j = i;
            while j > 0 && values[j - 1] > value {
                values[j] = values[j - 1];
                j -= 1;
            }
            values[j] = value;
            if i - j > steps {
                return false;
            }
            steps -= i - j;
        }
    }
    true
}

/// The map from values to keys.
struct Keys {
    least: f64,
    scale: f64,
}

impl Keys {
    /// Keys of so many bits; `None` when they cannot tell the values apart: all are equal, or the range over- or underflows.
    fn new(values: &[f64], bits: u32) -> Option<Self> {
        let (least, most) = range(values);
        let scale = f64::from((1u32 << bits) - 1) / (most - least);
        (scale > 0.0 && scale.is_finite()).then_some(Self { least, scale })
    }

    /// Never less for a larger value: every operation rounds monotonically. Adding 2⁵² leaves the whole part in the low bits.
    #[inline]
    fn of(&self, value: f64) -> u32 {
        ((value - self.least) * self.scale + 4_503_599_627_370_496.0).to_bits() as u32
    }

    /// The keys of at most [`CHUNK`] values.
    #[inline(always)]
    fn of_chunk(&self, values: &[f64]) -> [u32; CHUNK] {
        let mut keys = [0; CHUNK];
        for (key, &value) in keys.iter_mut().zip(values) {
            *key = ((value - self.least) * self.scale + 4_503_599_627_370_496.0).to_bits() as u32;
        }
        keys
    }
}

/// Orders `items` by the digit `high`, then the digit `low` (of which the low [`DIGIT`] bits count); stable.
#[inline]
fn order_by_digits<T: Copy>(items: &mut [T], spare: &mut [T], low: impl Fn(T) -> usize, high: impl Fn(T) -> usize) {
    let (mut lows, mut highs) = ([0; BUCKETS], [0; BUCKETS]);
    for &item in &*items {
        lows[low(item) % BUCKETS] += 1;
        highs[high(item) % BUCKETS] += 1;
    }
    running_total(&mut lows);
    running_total(&mut highs);
    scatter(items, spare, &mut lows, low);
    scatter(spare, items, &mut highs, high);
}

/// Turns the sizes of buckets into the places where they start.
fn running_total(counts: &mut [u32]) {
    let mut total = 0;
    for count in counts {
        total += std::mem::replace(count, total);
    }
}

/// Moves each item to the next place of its bucket.
#[inline]
fn scatter<T: Copy, const N: usize>(from: &[T], to: &mut [T], places: &mut [u32; N], bucket: impl Fn(T) -> usize) {
    for &item in from {
        let place = &mut places[bucket(item) % N];
        to[*place as usize] = item;
        *place += 1;
    }
}

/// Calls `sort` on each maximal run of two or more items that share a key.
#[inline]
fn for_each_run<T: Copy>(items: &mut [T], key: impl Fn(T) -> u32, mut sort: impl FnMut(&mut [T])) {
    let mut start = 0;
    while start + 1 < items.len() {
        let shared = key(items[start]);
        let mut end = start + 1;
        while end < items.len() && key(items[end]) == shared {
            end += 1;
        }
        if end - start > 1 {
            sort(&mut items[start..end]);
        }
        start = end;
    }
}
