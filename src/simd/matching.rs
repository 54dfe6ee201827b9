//! Row loops of the assignment solver.
//!
//! A row of a small problem is a few vectors long, and compilers make much of what is left of it: AVX-512 is written out, with masks
//! for the last vector. All levels give the same answers.

#[cfg(target_arch = "x86_64")]
mod avx512;

use super::dispatch;

const LANES: usize = 32;

/// The two least entries of a row of reduced costs, and where they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TwoLeast {
    pub(crate) least: f64,
    /// The first column of the least.
    pub(crate) at: usize,
    /// The least of the other columns: infinite when there is none.
    pub(crate) second: f64,
}

/// The two least of `costs[j] - offsets[j]`. Both slices have one length ≥ 1.
#[inline]
pub(crate) fn two_least(costs: &[f64], offsets: &[f64]) -> TwoLeast {
    #[cfg(target_arch = "x86_64")]
    if super::level() == super::Level::Avx512 {
        // SAFETY: `level` found these instructions on this processor.
        return unsafe { avx512::two_least(costs, offsets) };
    }
    two_least_in_lanes(costs, offsets)
}

dispatch! {
    /// [`two_least`] without masks.
    fn two_least_in_lanes(costs: &[f64], offsets: &[f64]) -> TwoLeast = two_least_lanes
}

#[inline(always)]
fn two_least_lanes<const FUSED: bool>(costs: &[f64], offsets: &[f64]) -> TwoLeast {
    let n = costs.len().min(offsets.len());
    let (costs, offsets) = (&costs[..n], &offsets[..n]);
    let (mut first, mut second) = ([f64::INFINITY; LANES], [f64::INFINITY; LANES]);
    let mut at = 0;
    while at + LANES <= n {
        let (c, o) = (&costs[at..at + LANES], &offsets[at..at + LANES]);
        for k in 0..LANES {
            let s = c[k] - o[k];
            let larger = if s > first[k] { s } else { first[k] };
            second[k] = if larger < second[k] { larger } else { second[k] };
            first[k] = if s < first[k] { s } else { first[k] };
        }
        at += LANES;
    }
    let (mut least, mut next) = (f64::INFINITY, f64::INFINITY);
    let mut take = |s: f64| {
        let larger = if s > least { s } else { least };
        next = if larger < next { larger } else { next };
        least = if s < least { s } else { least };
    };
    first.into_iter().chain(second).for_each(&mut take);
    for k in at..n {
        take(costs[k] - offsets[k]);
    }
    TwoLeast { least, at: first_at(n, |j| costs[j] - offsets[j] == least), second: next }
}

/// One step of a shortest path search: lowers each `distances[j]` to `costs[j] - offsets[j] + shift` where that is less
/// and notes `row` in `before[j]`. Returns the least distance and the first column that has it. A column that is done
/// has the distance −∞ and is left alone.
#[inline]
pub(crate) fn relax(
    costs: &[f64],
    offsets: &[f64],
    shift: f64,
    row: u32,
    distances: &mut [f64],
    before: &mut [u32],
) -> (f64, usize) {
    #[cfg(target_arch = "x86_64")]
    if super::level() == super::Level::Avx512 {
        // SAFETY: `level` found these instructions on this processor.
        return unsafe { avx512::relax(costs, offsets, shift, row, distances, before) };
    }
    relax_in_lanes(costs, offsets, shift, row, distances, before)
}

dispatch! {
    /// [`relax`] without masks.
    fn relax_in_lanes(costs: &[f64], offsets: &[f64], shift: f64, row: u32, distances: &mut [f64], before: &mut [u32]) -> (f64, usize) = relax_lanes
}

#[inline(always)]
fn relax_lanes<const FUSED: bool>(
    costs: &[f64],
    offsets: &[f64],
    shift: f64,
    row: u32,
    distances: &mut [f64],
    before: &mut [u32],
) -> (f64, usize) {
    let n = costs.len().min(offsets.len()).min(distances.len()).min(before.len());
    let (costs, offsets, distances, before) = (&costs[..n], &offsets[..n], &mut distances[..n], &mut before[..n]);
    let step = |c: f64, o: f64, distance: &mut f64, before: &mut u32| {
        let through = c - o + shift;
        let shorter = through < *distance;
        *distance = if shorter { through } else { *distance };
        *before = if shorter { row } else { *before };
        if *distance == f64::NEG_INFINITY { f64::INFINITY } else { *distance }
    };
    let mut least = [f64::INFINITY; LANES];
    let mut at = 0;
    while at + LANES <= n {
        let (c, o) = (&costs[at..at + LANES], &offsets[at..at + LANES]);
        let (d, b) = (&mut distances[at..at + LANES], &mut before[at..at + LANES]);
        for k in 0..LANES {
            let open = step(c[k], o[k], &mut d[k], &mut b[k]);
            least[k] = if open < least[k] { open } else { least[k] };
        }
        at += LANES;
    }
    for k in at..n {
        let open = step(costs[k], offsets[k], &mut distances[k], &mut before[k]);
        least[0] = if open < least[0] { open } else { least[0] };
    }
    let minimum = least.into_iter().fold(f64::INFINITY, |m, d| if d < m { d } else { m });
    (minimum, first_at(n, |j| distances[j] == minimum))
}

/// The first of n columns for which `is` holds, tested in blocks so that the test is vectorised.
#[inline(always)]
fn first_at(n: usize, is: impl Fn(usize) -> bool) -> usize {
    let mut at = 0;
    while at + LANES <= n {
        let mut found = false;
        for k in at..at + LANES {
            found |= is(k);
        }
        if found {
            break;
        }
        at += LANES;
    }
    (at..n).find(|&j| is(j)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(k: usize) -> f64 {
        ((k * 73 % 127) as f64 * 0.37).sin()
    }

    #[test]
    fn the_two_least_agree_with_a_sort_at_every_length() {
        for n in 1..140 {
            let costs: Vec<f64> = (0..n).map(|k| (wave(k) * 8.0).round()).collect();
            let offsets: Vec<f64> = (n..2 * n).map(|k| (wave(k) * 2.0).round()).collect();
            let found = two_least(&costs, &offsets);
            let mut all: Vec<(f64, usize)> = (0..n).map(|j| (costs[j] - offsets[j], j)).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            assert_eq!((found.least, found.at), all[0], "n = {n}");
            assert_eq!(found.second, all.get(1).map_or(f64::INFINITY, |second| second.0), "n = {n}");
            assert_eq!(two_least_in_lanes(&costs, &offsets), found, "n = {n}");
        }
    }

    #[test]
    fn the_wide_step_agrees_with_the_scalar_twin() {
        for n in 1..140 {
            let costs: Vec<f64> = (0..n).map(wave).collect();
            let offsets: Vec<f64> = (n..2 * n).map(wave).collect();
            let mut distances: Vec<f64> = (2 * n..3 * n).map(wave).collect();
            distances[n / 2] = f64::NEG_INFINITY;
            let (mut twin, mut before, mut twin_before) = (distances.clone(), vec![7; n], vec![7; n]);
            let wide = relax(&costs, &offsets, 0.25, 3, &mut distances, &mut before);
            let scalar = relax_lanes::<false>(&costs, &offsets, 0.25, 3, &mut twin, &mut twin_before);
            assert_eq!((wide, distances, before), (scalar, twin, twin_before), "n = {n}");
        }
    }
}
