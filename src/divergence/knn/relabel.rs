//! What an estimate by neighbours errs by on average, and by how much it varies: the same points with labels drawn anew.

use rand::RngExt;
use rayon::prelude::*;

use super::log_ratio::log_ratios;
use super::mean_and_variance;
use crate::divergence::kind::Base;
use crate::divergence::sides::{Sides, picked};
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::special::{digamma, ln_gamma};
use crate::numeric::stream;

/// Points of each side that are labelled anew; half as many of large samples, whose bias is small.
const POINTS: usize = 512;
const LARGE: usize = 10_000;
/// How often: a bit of a word each.
const DRAWS: usize = 64;
/// Neighbours of a point among both samples that are looked at first, and where they do not suffice.
const FEW: usize = 32;
const MANY: usize = 320;
/// Drawings that may go without enough neighbours.
const WITHOUT: u32 = 4;
/// Points of one task.
const TASK: usize = 128;
/// The part of the bias that is held for uncertain: what the smooth guess of the log ratio does not know.
const UNSURE: f64 = 0.25;

/// What is estimated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) base: Base,
    pub(super) k: usize,
    /// Counts in the larger of two balls, instead of radii.
    pub(super) ball: bool,
}

/// What labels drawn anew tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correction {
    /// The estimate less the truth, on average.
    pub(super) bias: f64,
    /// The standard deviation of the estimate without its bias, what is not known of the bias included.
    pub(super) error: f64,
}

/// Bias and spread of an estimate from these samples, from a part of their points: none where there are too few, or ties.
///
/// Given the points of both samples together, whose each one is, is independent with odds n p : m q. With a smooth guess of ln p / q
/// ([`log_ratios`]) labels are drawn anew, and the estimate of each drawing is compared with the mean of the influence function of the
/// divergence over the same labels, which has the truth of the guess as its expectation and no bias. What differs on average is the
/// bias, and how it varies is what the estimate varies by beyond the best that any estimate can do. All that the two densities have in
/// common (borders, tails, clusters) is in the points themselves; where P = Q this is a permutation test.
pub(super) fn correction(sides: &Sides, question: Question) -> Option<Correction> {
    let (n, m) = sides.sizes();
    let points = if n.min(m) >= LARGE { POINTS / 2 } else { POINTS };
    let (mut x, mut y) = (picked(&sides.x, sides.dim, points), picked(&sides.y, sides.dim, points));
    if question.base == Base::JensenShannon {
        let least = x.len().min(y.len()) / sides.dim;
        (x, y) = (picked(&x, sides.dim, least), picked(&y, sides.dim, least));
    }
    let cloud = Cloud::new(&x, &y, sides.dim, question.k)?;
    let all = cloud.drawn(question, 1)?;
    let (bias, beyond) = mean_and_variance(&all);
    // Sampled points stand for all.
    let (part_n, part_m) = ((x.len() / sides.dim) as f64, (y.len() / sides.dim) as f64);
    let fewer = ((n as f64 / part_n) * (m as f64 / part_m)).sqrt();
    let bias = if fewer > 1.0 {
        // How the bias falls with the number of points: from a quarter of them.
        let rate = cloud.drawn(question, 4).map_or(0.5, |quarter| {
            let ratio = mean_and_variance(&quarter).0 / bias;
            if ratio > 0.0 { ratio.ln() / 4_f64.ln() } else { 1.0 }
        });
        bias * fewer.powf(-rate.clamp((0.8 / sides.dim as f64).min(0.5), (2.0 / sides.dim as f64).min(1.0)))
    } else {
        bias
    };
    let influences = |own: bool, f: &dyn Fn(f64) -> f64| -> f64 {
        let points = cloud.log_ratios.iter().zip(&cloud.of_p).filter(|(_, of_p)| **of_p == own);
        mean_and_variance(&points.map(|(&t, _)| f(t)).collect::<Vec<_>>()).1
    };
    let best = influences(true, &|t| question.base.slope(t)) / n as f64
        + influences(false, &|t| question.base.conjugate(t)) / m as f64;
    let unsure = UNSURE * bias * (2.0 - 1.0 / fewer.max(1.0));
    Some(Correction { bias, error: (best + beyond / fewer + unsure * unsure).sqrt() })
}

/// The points of both samples, each with its neighbours among all.
struct Cloud {
    dim: usize,
    points: Vec<f64>,
    of_p: Vec<bool>,
    log_ratios: Vec<f64>,
    neighbours: usize,
    near: Vec<u32>,
    /// d times the logarithm of the distances.
    volumes: Vec<f64>,
    /// ψ of counts.
    digammas: Vec<f64>,
}

impl Cloud {
    /// In an order that does not depend on that of the rows.
    fn new(x: &[f64], y: &[f64], dim: usize, k: usize) -> Option<Self> {
        let norm = |z: &[f64]| z.iter().map(|v| v * v).sum::<f64>();
        let mut rows: Vec<(f64, bool, &[f64])> = Vec::with_capacity((x.len() + y.len()) / dim);
        rows.extend(x.chunks_exact(dim).map(|z| (norm(z), true, z)));
        rows.extend(y.chunks_exact(dim).map(|z| (norm(z), false, z)));
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        if rows.len() < 4 * k + 4 {
            return None;
        }
        let points: Vec<f64> = rows.iter().flat_map(|row| row.2.iter().copied()).collect();
        let of_p: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let neighbours = FEW.max(4 * k).min(rows.len() - 1);
        let tree = Tree::new(&points, dim);
        let lists = tree.nearest(&tree, neighbours, Norm::Euclidean);
        let order = tree.order();
        let (mut near, mut volumes) = (vec![0; rows.len() * neighbours], vec![0.0; rows.len() * neighbours]);
        for position in 0..rows.len() {
            let at = order[position] as usize * neighbours;
            if lists.distances(position)[k - 1] == 0.0 {
                return None;
            }
            for (to, &from) in near[at..][..neighbours].iter_mut().zip(lists.positions(position)) {
                *to = order[from as usize];
            }
            for (to, &square) in volumes[at..][..neighbours].iter_mut().zip(lists.distances(position)) {
                *to = volume(square, dim);
            }
        }
        let log_ratios = log_ratios(&points, dim, &of_p);
        let digammas = (0..=rows.len()).map(|count| digamma(count.max(1) as f64)).collect();
        Some(Self { dim, points, of_p, log_ratios, neighbours, near, volumes, digammas })
    }

    /// How far the estimate is from the mean of the influence function, for each drawing of the labels of every `step`-th point.
    fn drawn(&self, question: Question, step: usize) -> Option<Vec<f64>> {
        let total = self.of_p.len();
        let present = |i: usize| i.is_multiple_of(step);
        let count = |own: bool| (0..total).filter(|&i| self.of_p[i] == own && present(i)).count() as f64;
        let odds = count(true) / count(false);
        let mut random = stream(0x6b6e_6e00, step as u64);
        // Bit b of a point's word: whether drawing b gives it to P.
        let words: Vec<u64> = (0..total)
            .map(|i| {
                let chance = 1.0 / (1.0 + (-self.log_ratios[i]).exp() / odds);
                let limit = (chance * 2_f64.powi(32)) as u64;
                (0..DRAWS).fold(0, |word, b| word | u64::from(u64::from(random.random::<u32>()) < limit) << b)
            })
            .collect();
        let mut sizes = [[0_usize; DRAWS]; 2];
        for i in (0..total).filter(|&i| present(i)) {
            (0..DRAWS).for_each(|b| sizes[usize::from(words[i] >> b & 1 == 0)][b] += 1);
        }
        // What makes the mean over a side's draws a log ratio of densities, for each side.
        let mut levels = [[0.0; DRAWS]; 2];
        for (side, level) in
            [0, 1].into_iter().flat_map(|side| (0..DRAWS).map(move |b| (side, b))).zip(levels.as_flattened_mut())
        {
            let ((own, b), other) = (side, 1 - side.0);
            let (mine, others) = (sizes[own][b] as f64, sizes[other][b] as f64);
            let all = if question.base == Base::JensenShannon { mine + others - 1.0 } else { others };
            *level = (all / (mine - 1.0)).ln();
        }
        let chosen: Vec<usize> = (0..total).filter(|&i| present(i)).collect();
        let parts: Vec<[[f64; DRAWS]; 2]> = chosen
            .par_chunks(TASK)
            .map(|points| {
                let mut sums = [[0.0; DRAWS]; 2];
                points.iter().for_each(|&i| self.add(question, &words, step, &levels, i, &mut sums));
                sums
            })
            .collect();
        let gaps: Vec<f64> = (0..DRAWS)
            .filter(|&b| sizes[0][b].min(sizes[1][b]) > question.k)
            .map(|b| {
                let mean = |side: usize| parts.iter().map(|sums| sums[side][b]).sum::<f64>() / sizes[side][b] as f64;
                mean(0) + mean(1)
            })
            .collect();
        (gaps.len() > DRAWS / 2).then_some(gaps)
    }

    /// Adds what point i adds to the estimate of each drawing, less its influence.
    fn add(
        &self,
        question: Question,
        words: &[u64],
        step: usize,
        levels: &[[f64; DRAWS]; 2],
        i: usize,
        sums: &mut [[f64; DRAWS]; 2],
    ) {
        let (base, k) = (question.base, question.k);
        let at = i * self.neighbours;
        let near = &self.near[at..][..self.neighbours];
        let mut reached = Reached::new(k, words, step, near.iter().copied());
        // For JS only the own side matters.
        let missing = |reached: &Reached| {
            let open = if base == Base::JensenShannon {
                (!reached.done[0] & words[i]) | (!reached.done[1] & !words[i])
            } else {
                (!reached.done[0] | !reached.done[1]) & words[i]
            };
            open.count_ones() > WITHOUT
        };
        if missing(&reached) && self.neighbours < MANY {
            let longer = self.longer(i);
            reached = Reached::new(k, words, step, longer.iter().map(|entry| entry.1));
            let volumes: Vec<f64> = longer.iter().map(|entry| volume(entry.0, self.dim)).collect();
            self.terms(question, &reached, &volumes, words[i], levels, i, sums);
        } else {
            self.terms(question, &reached, &self.volumes[at..][..self.neighbours], words[i], levels, i, sums);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a loop")]
    fn terms(
        &self,
        question: Question,
        reached: &Reached,
        volumes: &[f64],
        word: u64,
        levels: &[[f64; DRAWS]; 2],
        i: usize,
        sums: &mut [[f64; DRAWS]; 2],
    ) {
        let (base, k) = (question.base, question.k);
        let (slope, conjugate) = (base.slope(self.log_ratios[i]), base.conjugate(self.log_ratios[i]));
        let last = volumes[volumes.len() - 1];
        // The volume at the k-th of a side, and its rank among all: beyond the list as if the points went on as densely.
        let volume = |side: usize, b: usize| match reached.place[side][b] {
            Reached::NEVER => last + (k as f64 / f64::from(reached.seen(side, b)).max(0.5)).ln(),
            place => volumes[place as usize],
        };
        let rank = |side: usize, b: usize| match reached.place[side][b] {
            Reached::NEVER => (reached.length as usize * k) / (reached.seen(side, b) as usize).max(1),
            place => reached.ranks[place as usize] as usize,
        };
        let digamma = |count: usize| self.digammas.get(count).copied().unwrap_or_else(|| digamma(count as f64));
        let gamma = if let Base::Power(a) = base { factor(k, a) } else { 0.0 };
        for b in 0..DRAWS {
            let own = usize::from(word >> b & 1 == 0);
            let level = levels[own][b];
            let term = match base {
                Base::JensenShannon => 0.5 * (digamma(k) - digamma(rank(own, b)) + level),
                _ if own == 1 => 0.0,
                _ => {
                    let t = if question.ball {
                        let (first, second) = (rank(0, b), rank(1, b));
                        let more = digamma((first.max(second) - k).max(k)) - digamma(k);
                        level + if first > second { -more } else { more }
                    } else {
                        volume(1, b) - volume(0, b) + level
                    };
                    match base {
                        Base::Power(a) if a != 1.0 => (((a - 1.0) * t + gamma).exp() - 1.0) / (a - 1.0),
                        _ => t,
                    }
                }
            };
            sums[own][b] += term + if own == 0 { -slope } else { conjugate };
        }
    }

    /// More neighbours of a point, with their squared distances.
    fn longer(&self, i: usize) -> Vec<(f64, u32)> {
        let point = &self.points[i * self.dim..][..self.dim];
        let square = |z: &[f64]| z.iter().zip(point).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let others = self.points.chunks_exact(self.dim).zip(0..).filter(|(_, j)| *j != i as u32);
        let mut all: Vec<(f64, u32)> = others.map(|(z, j)| (square(z), j)).collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if all.len() > MANY {
            all.select_nth_unstable_by(MANY, order);
            all.truncate(MANY);
        }
        all.sort_unstable_by(order);
        all
    }
}

fn volume(square: f64, dim: usize) -> f64 {
    0.5 * dim as f64 * square.max(f64::MIN_POSITIVE).ln()
}

/// Where in a list of neighbours each drawing has its k-th point of P, and its k-th of Q: all drawings at once, as binary numbers
/// whose digits are words.
struct Reached {
    done: [u64; 2],
    place: [[u16; DRAWS]; 2],
    /// How many points that take part there are up to each place.
    ranks: Vec<u32>,
    digits: [[u64; Self::DIGITS]; 2],
    length: u32,
}

impl Reached {
    const NEVER: u16 = u16::MAX;
    /// Enough for a k of thousands.
    const DIGITS: usize = 14;

    fn new(k: usize, words: &[u64], step: usize, near: impl Iterator<Item = u32>) -> Self {
        let used = (usize::BITS - k.leading_zeros()) as usize;
        let mut found = Self {
            done: [0; 2],
            place: [[Self::NEVER; DRAWS]; 2],
            ranks: Vec::new(),
            digits: [[0; Self::DIGITS]; 2],
            length: 0,
        };
        for (place, j) in near.enumerate() {
            if !(j as usize).is_multiple_of(step) {
                found.ranks.push(found.length);
                continue;
            }
            found.length += 1;
            found.ranks.push(found.length);
            let word = words[j as usize];
            for (side, word) in [word, !word].into_iter().enumerate() {
                let digits = &mut found.digits[side];
                // Add one where the drawing is not done; the count stays at k.
                let mut carry = word & !found.done[side];
                let mut equal = carry;
                for (digit, sum) in digits[..used].iter_mut().enumerate() {
                    (*sum, carry) = (*sum ^ carry, *sum & carry);
                    equal &= if k >> digit & 1 == 1 { *sum } else { !*sum };
                }
                found.done[side] |= equal;
                while equal != 0 {
                    found.place[side][equal.trailing_zeros() as usize] = place as u16;
                    equal &= equal - 1;
                }
            }
            if found.done[0] & found.done[1] == u64::MAX {
                break;
            }
        }
        found
    }

    /// How many of a side there are, at most k.
    fn seen(&self, side: usize, b: usize) -> u32 {
        self.digits[side].iter().enumerate().map(|(digit, word)| ((word >> b & 1) as u32) << digit).sum()
    }
}

/// The logarithm of Γ(k)² / (Γ(k − a + 1) Γ(k + a − 1)).
pub(super) fn factor(k: usize, a: f64) -> f64 {
    let k = k as f64;
    2.0 * ln_gamma(k) - ln_gamma(k - a + 1.0) - ln_gamma(k + a - 1.0)
}
