//! Passes over all pairs: the exact one, which computes powers, and the cheap one over what it stored.
//!
//! A pass treats a row of tiles at a time. It computes q_ij = b_j 2^(f_i + g_j − r c_ij), the share of the mass of row i that
//! goes to column j; sums its rows, which gives the new f; and sums the columns of the same numbers, scaled by what the rows
//! lacked. So one power serves both half-steps of a Sinkhorn iteration, and the column sums belong to the state (f new, g
//! old), whose rows are met. Potentials are in bits: f / (ε ln 2).
//!
//! Rows are cut into a fixed number of parts with their own column sums, which are added in order: the same bits at any
//! number of threads.

use std::ops::Range;
use std::sync::Arc;

use super::boxes::Search;
use super::geometry::Geometry;
use super::layout::{LANES, ROWS, Run, entries};
use super::parts::{PARTS, in_parts};
use super::powers::Exponents;
use super::priced::{Priced, Tiles};
use super::share::Share;
use super::square::Ask;
use super::tiles::{Keep, Shares, TimesShares, shares_times};
use crate::cost::GroundCost;
use crate::simd;

/// What the logarithm of no mass is, in bits.
const NOTHING: f64 = -1e300;

/// Masses of total 1 in the order of the solver, padded with zeros to whole blocks.
#[derive(Debug, Clone)]
pub(super) struct Masses {
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
    log_b: Vec<f64>,
}

impl Masses {
    pub(super) fn new(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> Self {
        let padded = |masses: Vec<f64>, block: usize| {
            let mut masses = masses;
            masses.resize(masses.len().next_multiple_of(block), 0.0);
            masses
        };
        let (a, b) = (padded(a.collect(), ROWS), padded(b.collect(), LANES));
        let log_b = b.iter().map(|&b| if b > 0.0 { b.log2() } else { NOTHING }).collect();
        Self { a, b, log_b }
    }
}

/// Potentials in bits, padded.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) f: Vec<f64>,
    pub(super) g: Vec<f64>,
}

/// What one solve passes over again and again.
pub(super) struct Field<'a> {
    pub(super) geometry: Geometry<'a>,
    pub(super) masses: Masses,
    pub(super) ground: Option<Arc<dyn GroundCost>>,
    /// Bytes for stored shares; rows of tiles beyond are computed anew in each pass.
    pub(super) memory: usize,
}

/// What an exact pass found.
pub(super) struct Exact {
    /// The potentials that meet the rows (or what the rows ask for instead).
    pub(super) f: Vec<f64>,
    /// The potentials that would meet the rows; the same as `f` where they must be met.
    pub(super) met: Vec<f64>,
    /// Σ_i a_i q_ij of the state (f new, g old).
    pub(super) columns: Vec<f64>,
    /// The mass that tiles left out can hold at most.
    pub(super) dropped: f64,
    /// Whether a row lost all its shares, or they overflowed: the potentials were too far off for this pass.
    pub(super) lost: bool,
    /// Σ a_i (f new − f old) in bits: what the dual objective gained.
    pub(super) gain: f64,
    pub(super) priced: Option<Priced>,
}

/// What an exact pass does besides.
pub(super) enum Also<'p> {
    Nothing,
    /// Keeps the shares, in this room. In single precision they take half the time, and sums are good to its last digit.
    Store(Room, Precision),
    /// Sums costs: for a pass that is expected to be the last.
    Price(&'p Asked),
}

/// How a pass computes shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Single,
    Double,
}

/// What a solve is to be told of its last pass.
pub(super) struct Asked {
    /// What each column is to be scaled down by to hold no more than its mass.
    pub(super) shrink: Vec<f64>,
    /// Whether bounds are asked for, not the cost alone.
    pub(super) bounds: bool,
}

/// Bits by which rounding of the bounds on tiles may be off.
const DOUBT: f64 = 10.0;

/// The shares of a state, in single precision, without tiles that hold next to nothing.
pub(super) struct Stored {
    parts: Vec<Part>,
    f: Vec<f64>,
    lift: Vec<f64>,
    rate: f64,
    precision: Precision,
    /// What the shares of each row sum to.
    pub(super) sums: Vec<f64>,
    pub(super) bytes: usize,
}

/// Memory of shares that are no longer needed: fresh pages cost more than the shares that are written to them.
#[derive(Default)]
pub(super) struct Room(Vec<Vec<f32>>);

#[derive(Default)]
struct Part {
    first: usize,
    /// Runs of row block k are `runs[starts[k]..starts[k + 1]]`.
    starts: Vec<usize>,
    runs: Vec<Run>,
    /// Row blocks whose shares are in `data`; the others are computed anew.
    held: usize,
    data: Vec<f32>,
    /// What the shares of each row sum to.
    sums: Vec<f64>,
}

impl Part {
    /// After the runs of a row block, and its shares if they are held.
    fn close(&mut self, held: bool, sums: [f64; ROWS]) {
        self.starts.push(self.runs.len());
        self.held += usize::from(held);
        self.sums.extend_from_slice(&sums);
    }
}

/// How far shares are kept: to 2^−bits of a row's mass over m, or of a column's over n.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth(pub(super) f64);

impl Field<'_> {
    /// Masses times these factors.
    pub(super) fn rescale(&mut self, source: f64, target: f64) {
        let a = self.masses.a.iter().map(|a| a * source);
        self.masses = Masses::new(a, self.masses.b.iter().map(|b| b * target));
    }

    pub(super) fn zeros(&self) -> State {
        State { f: vec![0.0; self.masses.a.len()], g: vec![0.0; self.masses.b.len()] }
    }

    /// Where shares above 2^−bits of a row over m, or of a column over n, may be: where f + g − c exceeds −bits and more for
    /// small masses, but for no more than `most`.
    pub(super) fn search(&self, state: &State, rate: f64, bits: f64, most: f64) -> Search {
        let (n, m) = (self.geometry.n, self.geometry.m);
        let cuts = |masses: &[f64], block: usize, of: usize| -> Vec<f64> {
            let heaviest = |chunk: &[f64]| chunk.iter().fold(0.0_f64, |m, v| m.max(*v));
            let cut = |chunk| -(heaviest(chunk) * of as f64).max(f64::MIN_POSITIVE).log2();
            masses.chunks(block).map(|chunk| cut(chunk).min(most)).collect()
        };
        let cuts = (cuts(&self.masses.a, ROWS, n), cuts(&self.masses.b, LANES, m));
        self.geometry.search(self.ground.clone(), (&state.f, &state.g), cuts, rate, -bits)
    }

    pub(super) fn lift(&self, g: &[f64]) -> Vec<f64> {
        g.iter().zip(&self.masses.log_b).map(|(g, log)| if *log == NOTHING { NOTHING } else { g + log }).collect()
    }

    /// An exact pass at `rate` (bits per unit of cost) from `state`. `respond` turns the mass of a row and the potential
    /// that meets it into the one that the problem asks for (that one itself, where rows must be met).
    pub(super) fn exact(
        &self,
        state: &State,
        rate: f64,
        Depth(bits): Depth,
        respond: &(impl Fn(f64, f64) -> f64 + Sync),
        also: Also,
    ) -> (Exact, Option<Stored>) {
        let (n, m) = (self.geometry.n, self.geometry.m);
        let (room, precision, asked) = match also {
            Also::Nothing => (None, Precision::Double, None),
            Also::Store(room, precision) => (Some(room), precision, None),
            Also::Price(asked) => (None, Precision::Double, Some(asked)),
        };
        // (A light point bounds potentials as much as a heavy one.)
        let search = self.search(state, rate, bits, if asked.is_some() { 0.0 } else { f64::INFINITY });
        let (lack, shift) = asked.map_or((Vec::new(), 0.0), |asked| {
            (
                asked.shrink.iter().map(|shrink| 1.0 - shrink).collect(),
                to_balance(&self.masses.a, &self.masses.b, state),
            )
        });
        let inverse_b = self.masses.b.iter().map(|&b| if b > 0.0 { (1.0 / b).min(1e300) } else { 0.0 }).collect();
        let (lift, store) = (self.lift(&state.g), room.is_some());
        let sift = self.geometry.is_ordered();
        let pass = Pass { state, rate, bits, lift, search, inverse_b, store, sift, precision, asked, lack, shift };
        let blocks = self.geometry.row_blocks();
        let step = blocks.div_ceil(PARTS).max(1);
        let mut buffers = room.unwrap_or_default().0;
        if store && buffers.is_empty() {
            warm_up(4 * n.saturating_mul(m).min(self.memory / 4));
        }
        buffers.resize_with(blocks.div_ceil(step), Vec::new);
        let parts = in_parts(buffers, |scratch: &mut Scratch, (part, data)| {
            self.part(&pass, part * step..((part + 1) * step).min(blocks), data, respond, scratch)
        });

        let Pass { lift, .. } = pass;
        let mut exact = Exact {
            f: Vec::with_capacity(self.masses.a.len()),
            met: Vec::with_capacity(self.masses.a.len()),
            columns: vec![0.0; lift.len()],
            dropped: 0.0,
            lost: false,
            gain: 0.0,
            priced: asked.map(|asked| Priced::new(lift.len(), asked.bounds)),
        };
        let mut most_moved = 0.0_f64;
        let mut kept = Vec::with_capacity(parts.len());
        for part in parts {
            let PartOut { answers, columns, kept: part_kept, priced } = part;
            exact.f.extend_from_slice(&answers.f);
            exact.met.extend_from_slice(&answers.met);
            add(&mut exact.columns, &columns);
            if self.geometry.is_boxed() {
                exact.dropped += answers.dropped * (-bits).exp2();
            }
            exact.lost |= answers.lost;
            exact.gain += answers.gain;
            if let (Some(priced), Some(part)) = (&mut exact.priced, priced) {
                priced.append(part);
            }
            most_moved = most_moved.max(answers.most_moved);
            kept.push(part_kept);
        }
        if let (Some(priced), Some(asked)) = (&mut exact.priced, asked) {
            let beyond = if self.geometry.is_boxed() { bits - DOUBT - most_moved } else { f64::INFINITY };
            (priced.beyond, priced.shrink, priced.shift) = (beyond, asked.shrink.clone(), shift);
        }
        let stored = store.then(|| {
            let bytes = kept.iter().map(|part| 4 * part.data.len() + 8 * part.runs.len()).sum();
            let sums = kept.iter().flat_map(|part| part.sums.iter().copied()).collect();
            Stored { parts: kept, f: exact.f.clone(), lift, rate, precision, sums, bytes }
        });
        (exact, stored)
    }

    /// The row blocks `range` of an exact pass.
    fn part(
        &self,
        pass: &Pass,
        range: Range<usize>,
        mut data: Vec<f32>,
        respond: &impl Fn(f64, f64) -> f64,
        scratch: &mut Scratch,
    ) -> PartOut {
        data.clear();
        let mut out = PartOut {
            answers: Answers { f: Vec::with_capacity(range.len() * ROWS), ..Answers::default() },
            columns: vec![0.0; pass.lift.len()],
            kept: Part { first: range.start, starts: vec![0], data, ..Part::default() },
            priced: pass.asked.map(|asked| Priced::new(pass.lift.len(), asked.bounds)),
        };
        for block in range.clone() {
            self.geometry.candidates(block, &pass.search, &mut scratch.runs, &mut scratch.tops);
            match (pass.asked, pass.precision) {
                (Some(asked), _) => self.price(pass, asked, block, &mut out, respond, scratch),
                (None, Precision::Double) => {
                    let Scratch { runs, costs, shares, .. } = scratch;
                    self.share(pass, (block, range.len()), &mut out, respond, (runs, costs, shares));
                }
                (None, Precision::Single) => {
                    let Scratch { runs, costs, single, .. } = scratch;
                    self.share(pass, (block, range.len()), &mut out, respond, (runs, costs, single));
                }
            }
        }
        out
    }

    /// One row of tiles of a pass that prices.
    fn price(
        &self,
        pass: &Pass,
        asked: &Asked,
        block: usize,
        out: &mut PartOut,
        respond: &impl Fn(f64, f64) -> f64,
        Scratch { runs, costs, shares, .. }: &mut Scratch,
    ) {
        shares.resize(entries(runs), 0.0);
        let exponents = pass.exponents(block);
        let (sums, costs) = self.geometry.powers_of((block, runs), exponents, Ask::PowersAndCosts, costs, shares);
        let (masses, _, weight) = self.answered(pass, block, &sums, &mut out.answers, respond);
        let met = &out.answers.f;
        let f = std::array::from_fn(|r| (met[met.len() - ROWS + r] + pass.shift) / pass.rate);
        let tiles = Tiles { runs, costs, shares, masses, weight };
        let priced = out.priced.as_mut().expect("made for a pass that prices");
        priced.add(&tiles, &mut out.columns, asked.bounds.then_some((&pass.lack, f)));
    }

    /// One row of tiles of a pass that stores shares, or only sums them.
    fn share<T: Share>(
        &self,
        pass: &Pass,
        (block, of): (usize, usize),
        out: &mut PartOut,
        respond: &impl Fn(f64, f64) -> f64,
        (runs, costs, shares): (&[Run], &mut Vec<f64>, &mut Vec<T>),
    ) {
        let entries = entries(runs);
        let room = self.memory / PARTS / size_of::<f32>();
        let PartOut { kept, answers, columns, .. } = out;
        let begin = kept.data.len();
        let hold = pass.store && begin + entries <= room && kept.held + kept.first == block;
        if hold && kept.data.capacity() < begin + entries {
            // As much as the rows so far let expect: vectors that double leave holes as large as themselves.
            let (done, due) = (block - kept.first + 1, begin + entries);
            kept.data.reserve_exact((due * of / done).clamp(due, room) - begin);
        }
        let (tiles, exponents) = ((block, runs), pass.exponents(block));
        let kept_at_once = if hold && !pass.sift { T::store(&mut kept.data) } else { None };
        if let Some(store) = kept_at_once {
            store.resize(begin + entries, T::default());
            let (sums, _) = self.geometry.powers_of(tiles, exponents, Ask::Powers, costs, &mut store[begin..]);
            let (.., weight) = self.answered(pass, block, &sums, answers, respond);
            simd::run(TimesShares { tiles: &store[begin..], runs, t: weight, out: columns });
            kept.runs.extend_from_slice(runs);
            kept.close(true, sums);
            return;
        }
        shares.resize(entries, T::default());
        let (sums, _) = self.geometry.powers_of(tiles, exponents, Ask::Powers, costs, shares);
        let (_, scale, weight) = self.answered(pass, block, &sums, answers, respond);
        simd::run(TimesShares { tiles: shares, runs, t: weight, out: columns });
        if !pass.store {
            return;
        }
        let keep = Keep {
            cut: (-pass.bits).exp2() / self.geometry.m as f64,
            column_cut: (-pass.bits).exp2() / self.geometry.n as f64,
            inverse_b: &pass.inverse_b,
            runs: &mut kept.runs,
            from: *kept.starts.last().expect("starts with 0"),
            data: hold.then_some(&mut kept.data),
        };
        simd::run(Shares { tiles: shares, runs, scale, weight, keep });
        kept.close(hold, [1.0; ROWS]);
    }

    /// What 8 rows of these sums hold, what their shares are to be scaled by, and both together.
    fn answered(
        &self,
        pass: &Pass,
        block: usize,
        sums: &[f64; ROWS],
        answers: &mut Answers,
        respond: &impl Fn(f64, f64) -> f64,
    ) -> ([f64; ROWS], [f64; ROWS], [f64; ROWS]) {
        let first = block * ROWS;
        let masses: [f64; ROWS] = std::array::from_fn(|r| self.masses.a[first + r]);
        let scale = answers.take(&masses, &pass.state.f[first..first + ROWS], sums, respond, self.geometry.n - first);
        let weight = std::array::from_fn(|r| if masses[r] > 0.0 { masses[r] * scale[r] } else { 0.0 });
        (masses, scale, weight)
    }
}

/// What f is to grow by, and g to fall by, for Σ a f = Σ b g.
pub(super) fn to_balance(a: &[f64], b: &[f64], state: &State) -> f64 {
    let sum = |masses: &[f64], bits: &[f64]| masses.iter().zip(bits).map(|(a, f)| a * f).sum::<f64>();
    0.5 * (sum(b, &state.g) - sum(a, &state.f)) / a.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// Pages for that many bytes are asked for once and given back, untouched: allocators that learn from the sizes given back
/// (glibc) then keep what the parts give back later, from pass to pass and from solve to solve. Fresh pages cost as much as the
/// shares that are written to them. (Where shares take many times that, so does the work on them, and holes would only be kept.)
fn warm_up(bytes: usize) {
    if bytes <= MOST_WARM {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
    }
}

/// What allocators may learn to keep.
const MOST_WARM: usize = 16 << 20;

#[derive(Default)]
struct PartOut {
    answers: Answers,
    columns: Vec<f64>,
    kept: Part,
    priced: Option<Priced>,
}

/// Sums from here on have powers in them that were cut off: they stop at 2^1023.
const OVERFLOWN: f64 = 1e300;

/// What rows answer to their sums.
#[derive(Default)]
struct Answers {
    f: Vec<f64>,
    met: Vec<f64>,
    dropped: f64,
    lost: bool,
    gain: f64,
    /// The most that a potential of a row grew by.
    most_moved: f64,
}

impl Answers {
    /// Takes in the sums of 8 rows, of which `real` are rows of the problem. Returns what their shares are to be scaled by.
    fn take(
        &mut self,
        masses: &[f64; ROWS],
        old: &[f64],
        sums: &[f64; ROWS],
        respond: &impl Fn(f64, f64) -> f64,
        real: usize,
    ) -> [f64; ROWS] {
        std::array::from_fn(|r| {
            let (old, sum) = (old[r], sums[r]);
            let sound = sum > 0.0 && sum < OVERFLOWN;
            self.lost |= r < real && !sound;
            if r >= real || !sound {
                self.f.push(old);
                self.met.push(old);
                return 0.0;
            }
            let met = old - sum.log2();
            let new = respond(masses[r], met);
            self.f.push(new);
            self.met.push(met);
            let scale = if new == met { 1.0 / sum } else { (new - old).exp2() };
            self.gain += masses[r] * (new - old);
            self.most_moved = self.most_moved.max(new - old);
            self.dropped += (masses[r] * scale).min(1e300);
            scale
        })
    }
}

/// What all rows of an exact pass need.
struct Pass<'p> {
    state: &'p State,
    rate: f64,
    bits: f64,
    lift: Vec<f64>,
    search: Search,
    inverse_b: Vec<f64>,
    store: bool,
    /// Whether to leave out tiles that hold next to nothing.
    sift: bool,
    precision: Precision,
    asked: Option<&'p Asked>,
    /// 1 − shrink of the columns, if bounds are asked for.
    lack: Vec<f64>,
    shift: f64,
}

impl Pass<'_> {
    /// The exponents of one row of tiles.
    fn exponents(&self, block: usize) -> Exponents<'_> {
        Exponents { shift: &self.state.f[block * ROWS..(block + 1) * ROWS], lift: &self.lift, rate: self.rate }
    }
}

/// What a thread hands from one row of tiles to the next.
#[derive(Default)]
struct Scratch {
    runs: Vec<Run>,
    tops: Vec<f64>,
    costs: Vec<f64>,
    shares: Vec<f64>,
    single: Vec<f32>,
}

impl Stored {
    /// Its memory, to be used again.
    pub(super) fn into_room(self) -> Room {
        Room(self.parts.into_iter().map(|part| part.data).collect())
    }

    /// One pass over the stored shares: s_i = Σ_j q_ij v_j for each row, t_i = `row`(i, s_i), and Σ_i q_ij t_i for each
    /// column. Returns s and the column sums.
    pub(super) fn pass(
        &self,
        field: &Field,
        v: &[f64],
        row: &(impl Fn(usize, f64) -> f64 + Sync),
    ) -> (Vec<f64>, Vec<f64>) {
        match self.precision {
            Precision::Single => self.pass_in::<f32>(field, v, row),
            Precision::Double => self.pass_in::<f64>(field, v, row),
        }
    }

    /// The same, shares that are not held computed in this precision.
    fn pass_in<T: Share>(
        &self,
        field: &Field,
        v: &[f64],
        row: &(impl Fn(usize, f64) -> f64 + Sync),
    ) -> (Vec<f64>, Vec<f64>) {
        let job = |(costs, shares): &mut (Vec<f64>, Vec<T>), (_, part): (usize, &Part)| {
            let mut rows = Vec::with_capacity((part.starts.len() - 1) * ROWS);
            let mut columns = vec![0.0; v.len()];
            let mut at = 0;
            for (k, ends) in part.starts.windows(2).enumerate() {
                let block = part.first + k;
                let runs = &part.runs[ends[0]..ends[1]];
                let first = block * ROWS;
                let mut turn = |sums: [f64; ROWS]| {
                    rows.extend_from_slice(&sums);
                    std::array::from_fn(|r| row(first + r, sums[r]))
                };
                if k < part.held {
                    let len = entries(runs);
                    let tiles = &part.data[at..at + len];
                    at += len;
                    let t = turn(shares_times(tiles, runs, v));
                    simd::run(TimesShares { tiles, runs, t, out: &mut columns });
                } else {
                    let exponents =
                        Exponents { shift: &self.f[first..first + ROWS], lift: &self.lift, rate: self.rate };
                    shares.resize(entries(runs), T::default());
                    field.geometry.powers_of((block, runs), exponents, Ask::Powers, costs, shares);
                    let t = turn(shares_times(shares, runs, v));
                    simd::run(TimesShares { tiles: shares, runs, t, out: &mut columns });
                }
            }
            (rows, columns)
        };
        let (mut rows, mut columns) = (Vec::with_capacity(self.f.len()), vec![0.0; v.len()]);
        for (part_rows, part_columns) in in_parts(self.parts.iter().collect(), job) {
            rows.extend(part_rows);
            add(&mut columns, &part_columns);
        }
        (rows, columns)
    }
}

fn add(total: &mut [f64], part: &[f64]) {
    total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
}
