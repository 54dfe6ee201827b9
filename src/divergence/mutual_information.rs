//! Mutual information from nearest neighbours.

use super::notes;
use super::sides::{by_coordinates, draws};
use super::structure::is_rounded;
use crate::numeric::sum::mean_and_variance;
use rand::RngExt;

use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Estimate, Evidence};
use crate::measure::Samples;
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::normal::normal_quantile;
use crate::numeric::special::digamma;
use crate::numeric::stream;

/// The mutual information of paired samples: KL between their joint distribution and the product of its marginals.
///
/// With ε the distance (maximum norm) from the i-th pair to its k-th neighbour in the joint space, and n_x, n_y the numbers of other
/// points nearer than ε in each marginal, I is ψ(k) + ψ(n) − mean(ψ(n_x + 1) + ψ(n_y + 1)) (Kraskov, Stögbauer & Grassberger
/// 2004, eq. 8). The errors of the three densities largely cancel, so that independent samples come out at 0. Where ε is 0,
/// for k or more equal pairs, the points at distance 0 take the place of k (Gao, Kannan, Oh & Viswanath 2017): atoms are counted, and
/// noted as ties. It cannot show more than about ψ(n) − ψ(k) nats.
///
/// Each column is first replaced by the normal scores of its ranks, so that the result has no unit: no increasing map of a column, and
/// no factor on it, changes it. Equal values keep one score; numbers rounded to a grid of many steps are first drawn into an order
/// within each step. Constant columns change nothing. The standard error is that of the mean.
/// O(n log n) in few dimensions.
///
/// ```
/// use earthwork::divergence::Ksg;
/// use earthwork::prelude::*;
///
/// // Correlation 0.8: I = −½ ln(1 − 0.64).
/// let joint = Gaussian::new([0.0, 0.0], ndarray::array![[1.0, 0.8], [0.8, 1.0]].view())?.sample(2000, 1)?;
/// let column = |k| Samples::new(joint.points().view().column(k));
/// let information = Ksg::default().of_pairs(&column(0)?, &column(1)?)?;
/// assert!((information.value + 0.5 * 0.36_f64.ln()).abs() < 0.06);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ksg {
    /// Which neighbour; 5 by default.
    pub k: usize,
}

impl Default for Ksg {
    fn default() -> Self {
        Self { k: 5 }
    }
}

impl Ksg {
    /// Sets k, the number of neighbors.
    #[must_use]
    pub fn with_k(self, k: usize) -> Self {
        Self { k }
    }

    /// The mutual information of x and y, where point i of one belongs to point i of the other.
    ///
    /// # Errors
    /// When the numbers of points differ or are at most k, k is 0, or a sample has weights that differ.
    pub fn of_pairs(self, x: &Samples, y: &Samples) -> Result<Estimate> {
        require("k", self.k as f64, self.k >= 1, "it must be at least 1")?;
        if x.len() != y.len() {
            let (expected, found) = (x.len(), y.len());
            let kind = ErrorKind::Length { what: "points", expected, found, reason: "one for each point of x" };
            return Err(Error::new("y", kind));
        }
        for (name, side) in [("x", x), ("y", y)] {
            if !side.weights().is_uniform() {
                let why = "pairs are independent draws, which weigh the same";
                return Err(Error::new(name, ErrorKind::Unsupported(why.into())));
            }
        }
        let (of_x, of_y) = (x.dim(), y.dim());
        let (x, y) = (draws("x", x, self.k + 1)?, draws("y", y, self.k + 1)?);
        let n = x.len() / of_x;
        let dim = of_x + of_y;
        let rows = x.chunks_exact(of_x).zip(y.chunks_exact(of_y));
        let joint = scores(&rows.flat_map(|(a, b)| a.iter().chain(b).copied()).collect::<Vec<f64>>(), dim);
        let columns = |from: usize, to: usize| -> Vec<f64> {
            joint.chunks_exact(dim).flat_map(|row| row[from..to].iter().copied()).collect()
        };
        let (x, y) = (columns(0, of_x), columns(of_x, dim));
        let joint = Tree::new(&joint, dim);
        let nearest = joint.nearest(&joint, self.k, Norm::Maximum);
        let radii: Vec<f64> = (0..n).map(|position| nearest.farthest(position)).collect();
        let tied = radii.contains(&0.0);
        // Radii are by position in the joint tree; each marginal asks in its own order.
        let mut by_index = vec![0.0; n];
        joint.order().iter().zip(&radii).for_each(|(&i, &radius)| by_index[i as usize] = radius);
        let counts = |points: &[f64], dim: usize| -> Vec<f64> {
            let tree = Tree::new(points, dim);
            let radii: Vec<f64> = tree.order().iter().map(|&i| by_index[i as usize]).collect();
            let inside = tree.count_within(&tree, &radii, false, Norm::Maximum);
            let equal = if tied { tree.count_within(&tree, &radii, true, Norm::Maximum) } else { Vec::new() };
            let mut counts = vec![0.0; n];
            for (position, &i) in tree.order().iter().enumerate() {
                let atom = radii[position] == 0.0;
                counts[i as usize] = f64::from(if atom { equal[position] } else { inside[position] });
            }
            counts
        };
        let (near_x, near_y) = (counts(&x, of_x), counts(&y, of_y));
        let mut own = vec![self.k as f64; n];
        if tied {
            let equal = joint.count_within(&joint, &radii, true, Norm::Maximum);
            for (position, &i) in joint.order().iter().enumerate() {
                if radii[position] == 0.0 {
                    own[i as usize] = f64::from(equal[position]);
                }
            }
        }
        let level = digamma(n as f64);
        let terms: Vec<f64> = (0..n)
            .map(|i| {
                // An atom of c equal pairs has c − 1 others, and its own point among the c.
                let k = if by_index[i] == 0.0 { own[i] + 1.0 } else { own[i] };
                digamma(k) + level - digamma(near_x[i] + 1.0) - digamma(near_y[i] + 1.0)
            })
            .collect();
        let (mean, variance) = mean_and_variance(&terms);
        let estimate =
            Estimate::new(mean, Evidence::StandardError((variance / n as f64).sqrt()), "KSG neighbours", (n, n));
        let ties = (0..n).filter(|&position| nearest.distances(position)[0] == 0.0).count();
        let ceiling = level - digamma(self.k as f64);
        let estimate = notes::ties(estimate, ties);
        Ok(if mean > 0.8 * ceiling {
            estimate.with_note(crate::estimate::Note::Saturated { ceiling })
        } else {
            estimate
        })
    }
}

/// Each column as normal scores of its ranks: what any increasing map of it leaves as it is. Equal values have one score, the normal
/// quantile of their mean rank; equal rounded numbers are drawn into some order first.
fn scores(rows: &[f64], dim: usize) -> Vec<f64> {
    let n = rows.len() / dim;
    // Draws go by the order of the rows, not by that in which they were given.
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| by_coordinates(&rows[a * dim..][..dim], &rows[b * dim..][..dim]));
    let mut random = stream(0, 0);
    let mut scores = vec![0.0; rows.len()];
    for k in 0..dim {
        let value = |i: usize| rows[i * dim + k] + 0.0;
        let rounded = is_rounded((0..n).map(value));
        let mut by_value: Vec<(f64, f64, usize)> = order.iter().map(|&i| (value(i), random.random(), i)).collect();
        by_value.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for equal in chunks(&by_value, |a, b| !rounded && a.0 == b.0) {
            let (from, to) = equal;
            let mean = 0.5 * (from + to) as f64;
            let score = normal_quantile(mean / n as f64);
            by_value[from..to].iter().for_each(|&(_, _, i)| scores[i * dim + k] = score);
        }
    }
    scores
}

/// The ranges of a list whose members are equal.
fn chunks<T>(list: &[T], equal: impl Fn(&T, &T) -> bool) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut from = 0;
    for to in 1..=list.len() {
        if to == list.len() || !equal(&list[to - 1], &list[to]) {
            ranges.push((from, to));
            from = to;
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;
    use ndarray::{Array2, array};

    fn halves(joint: &Samples, of_x: usize) -> (Samples, Samples) {
        let view = joint.points().view();
        let (x, y) = view.split_at(ndarray::Axis(1), of_x);
        (Samples::new(x).unwrap(), Samples::new(y).unwrap())
    }

    #[test]
    fn gaussians_have_the_information_of_their_determinants() {
        for (correlation, truth) in [(0.0, 0.0), (0.5, -0.5 * 0.75_f64.ln()), (0.9, -0.5 * 0.19_f64.ln())] {
            let joint = Gaussian::new([0.0, 0.0], array![[1.0, correlation], [correlation, 1.0]].view()).unwrap();
            let (x, y) = halves(&joint.sample(3000, 1).unwrap(), 1);
            let found = Ksg::default().of_pairs(&x, &y).unwrap();
            assert!((found.value - truth).abs() < 4.0 * found.std_error().unwrap().max(0.005), "{truth}: {found}");
        }
        // Two coordinates against one: ½ ln(det Σ_x det Σ_y / det Σ).
        let mut covariance = Array2::eye(3);
        covariance[[0, 2]] = 0.6;
        covariance[[2, 0]] = 0.6;
        let joint = Gaussian::new([0.0; 3], covariance.view()).unwrap().sample(4000, 2).unwrap();
        let (x, y) = halves(&joint, 2);
        let found = Ksg::default().of_pairs(&x, &y).unwrap();
        assert!((found.value + 0.5 * 0.64_f64.ln()).abs() < 0.05, "{found}");
    }

    #[test]
    fn atoms_are_counted() {
        // Fair bits: equal ones share ln 2, independent ones nothing.
        let bit = |i: usize, seed: usize| f64::from(((i * 7919 + seed * 31) as f64 * 0.618).sin() > 0.0);
        let x = Samples::new((0..1000).map(|i| [bit(i, 0)]).collect::<Vec<_>>()).unwrap();
        let y = Samples::new((0..1000).map(|i| [bit(i, 17)]).collect::<Vec<_>>()).unwrap();
        let same = Ksg::default().of_pairs(&x, &x).unwrap();
        assert!((same.value - 2_f64.ln()).abs() < 0.01, "{same}");
        assert!(!same.notes.is_empty());
        let other = Ksg::default().of_pairs(&x, &y).unwrap();
        let mut table = [[0.0_f64; 2]; 2];
        for i in 0..1000 {
            table[bit(i, 0) as usize][bit(i, 17) as usize] += 1e-3;
        }
        let marginal =
            |row: bool, at: usize| if row { table[at][0] + table[at][1] } else { table[0][at] + table[1][at] };
        let cell = |a: usize, b: usize| {
            if table[a][b] > 0.0 {
                table[a][b] * (table[a][b] / (marginal(true, a) * marginal(false, b))).ln()
            } else {
                0.0
            }
        };
        let truth = cell(0, 0) + cell(0, 1) + cell(1, 0) + cell(1, 1);
        assert!((other.value - truth).abs() < 0.01, "{truth}: {other}");
        assert!(Ksg::default().of_pairs(&x, &Samples::new([[0.0]]).unwrap()).is_err());
        assert!(Ksg::default().with_k(0).of_pairs(&x, &y).is_err());
    }
}
