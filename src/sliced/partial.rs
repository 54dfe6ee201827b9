//! Sliced transport between samples of different mass, or of a part of the mass.

use std::fmt;
use std::iter::repeat_n;
use std::time::{Duration, Instant};

use crate::cost::PNorm;
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note, Randomness};
use crate::exact;
use crate::exact::line::partial::{Held, PartialLine};
use crate::exact::line::sort::{Scratch, Sorted};
use crate::measure::{Points, Samples, Weights};
use crate::sliced::distance::{all_slices, done};
use crate::sliced::error_bars::mean;
use crate::sliced::method::{Directions, Method};
use crate::sliced::pair::placed;
use crate::transport::{Interrupt, Observer, Silent, Status, Watch, limits};

/// Masses that are no small multiples of one another are counted in this part of the larger total.
const COUNTS: f64 = (1_u64 << 60) as f64;
/// Units are sought among the first parts of the smallest mass,
const PARTS: u32 = 8;
/// of which a mass must be a whole number to this part of itself,
const WHOLE: f64 = 1e-13;
/// and there may be so many units for each point.
const COPIES: f64 = 32.0;

/// How much of the mass is to move in each slice.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Amount {
    /// This much, at most what the lighter side holds.
    Mass(f64),
    /// This part of what the lighter side holds, above 0 and at most 1.
    Share(f64),
    /// As much as is worth it: each unit of mass that is left out, on either side, costs this much, in units of |x − y|^p. Nothing
    /// moves farther than (2 λ)^(1/p).
    Penalty(f64),
}

/// The sliced *partial* Wasserstein distance: in each slice only a part of the mass moves, so that the two sides may hold
/// different totals, and outliers may stay where they are.
///
/// ```text
/// SPW_p(x, y)^p = ∫ min ⟨|θ·x − θ·y|^p, P⟩ dθ,    P 1 ≤ a, Pᵀ 1 ≤ b, Σ P = mass
/// ```
///
/// With [`Amount::Penalty`] the slices are min ⟨|θ·x − θ·y|^p, P⟩ + λ (Σ a + Σ b − 2 Σ P), total-variation penalties on both sides. What
/// is left out may differ from slice to slice.
///
/// # How a slice is solved
/// Exactly, for all amounts at once: the points that take part form intervals of the line that hold equal masses of both sides,
/// and those are found and priced in one walk.
///
/// # Complexity
/// For each direction, beside the sort: O(n + m) for p = 1; else O((n + m) h) with h the largest surplus of one side left of any
/// place, in points: about √n where the samples lie mixed, n where they lie apart (a penalty cuts that to what it lets reach). Masses that
/// are whole numbers of one unit, up to 32 for each point on average, count as so many points. So do n and m points of equal *totals*, which
/// are n m / gcd(n, m) units on either side: give every point mass 1 (`Samples::weighted`) where it is points that are to be counted.
/// Masses of any other kind take about √n times as long for p = 1, and one network simplex a slice for p > 1.
///
/// # References
/// Bonneel & Coeurjolly, "SPOT: Sliced partial optimal transport", ACM Trans. Graph. 38 (2019); Bai, Schmitzer, Thorpe, Kolouri,
/// "Sliced optimal partial transport", CVPR 2023; Chapel & Tavenard, "One for all and all for one: efficient computation of partial
/// Wasserstein distances on the line", ICLR 2025. The relaxation with Kullback-Leibler penalties (Séjourné et al., "Unbalanced optimal
/// transport meets sliced-Wasserstein", 2023) is not here.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::{Amount, PartialSliced};
///
/// // The same three points, and an outlier on one side.
/// let x = Samples::weighted([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [90.0, 80.0]], [1.0; 4])?;
/// let y = Samples::weighted([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1.0; 3])?;
/// assert_eq!(PartialSliced::new(2.0, Amount::Mass(3.0)).solve(&x, &y)?.value, 0.0);
/// // One unit is left out, at the price 0.25; the root is taken of the whole.
/// assert_eq!(PartialSliced::new(2.0, Amount::Penalty(0.25)).solve(&x, &y)?.value, 0.5);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PartialSliced {
    /// The order p ≥ 1.
    pub p: f64,
    /// How much moves.
    pub amount: Amount,
    /// How many directions; 500 by default.
    pub directions: usize,
    /// How they are chosen; by the dimension by default.
    pub method: Method,
    /// The seed of the random numbers; 0 by default.
    pub seed: u64,
    /// When to end early: iterations are directions. The value then rests on the directions done.
    pub interrupt: Interrupt,
}

/// What [`PartialSliced`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartialSlicedDistance {
    /// The p-th root of the mean of the slices.
    pub value: f64,
    /// Its standard error; 0 on a line; `None` where there are too few independent directions.
    pub std_error: Option<f64>,
    /// What each slice costs, penalties included, in the order of the directions.
    pub costs: Vec<f64>,
    /// How much mass moves in each slice.
    pub moved: Vec<f64>,
    /// `Converged`, or why there are fewer directions than asked for.
    pub status: Status,
    /// Wall-clock time.
    pub time: Duration,
    /// Number of points on the two sides.
    pub sizes: (usize, usize),
    /// The seed.
    pub seed: u64,
    /// Whether every direction gives the same: points on a line.
    exact: bool,
}

impl PartialSlicedDistance {
    /// The value with its evidence.
    pub fn estimate(&self) -> Estimate {
        let evidence = match self.std_error {
            _ if self.exact => Evidence::Exact,
            Some(error) => Evidence::StandardError(error),
            None => Evidence::Unstated,
        };
        let estimate = Estimate::new(self.value, evidence, "sliced partial", self.sizes)
            .with_randomness(Randomness::Directions)
            .with_seed(self.seed);
        if self.status.is_success() { estimate } else { estimate.with_note(Note::NotConverged) }
    }
}

impl fmt::Display for PartialSlicedDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} directions, {} ({:.2?})", self.estimate(), self.costs.len(), self.status, self.time)
    }
}

/// How the masses enter a slice.
enum Masses {
    /// Every point comes this often, and each time holds one unit: with the number of times, or once.
    Copies { unit: f64, times: Option<[Vec<u32>; 2]> },
    /// In whole numbers of a unit so small that they are the masses.
    Counts { unit: f64, counts: [Vec<i64>; 2] },
    /// As they are: for the network simplex.
    Any,
}

/// Memory of one thread.
#[derive(Default)]
struct Space {
    scratch: Scratch,
    places: [Vec<f64>; 2],
    counts: [Vec<i64>; 2],
}

impl PartialSliced {
    limits!("directions", ", the mean over them");

    /// The distance of order `p` with so much to move.
    pub fn new(p: f64, amount: Amount) -> Self {
        Self { p, amount, directions: 500, method: Method::Auto, seed: 0, interrupt: Interrupt::default() }
    }

    /// Sets the number of directions.
    #[must_use]
    pub fn with_directions(self, directions: usize) -> Self {
        Self { directions, ..self }
    }

    /// Sets how the directions are chosen.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The distance between `x` and `y`.
    ///
    /// # Errors
    /// When p is below 1 or not finite, there are no directions, the samples differ in dimension, the amount is not positive or is more
    /// than the lighter side holds, or points of unequal masses are so many that their pieces do not fit in memory.
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<PartialSlicedDistance> {
        self.solve_observed(x, y, &mut Silent)
    }

    /// [`solve`](Self::solve) with progress reports.
    ///
    /// # Errors
    /// As [`PartialSliced::solve`].
    pub fn solve_observed(
        &self,
        x: &Samples,
        y: &Samples,
        observer: &mut dyn Observer,
    ) -> Result<PartialSlicedDistance> {
        let started = Instant::now();
        let amount = self.check(x, y)?;
        let (sides, unit) = placed(x, y, self.p)?;
        let dim = x.dim();
        let power = unit.powf(self.p);
        let count = if dim == 1 { 1 } else { self.directions };
        let directions = Directions::new(&self.method.chosen(dim), dim, count, self.seed)?;
        let totals = x.total() + y.total();

        let masses = Masses::new(x.weights(), y.weights(), self.p);
        // Costs and moved mass, in the units of length of the sides.
        let reach = match amount {
            Amount::Penalty(price) => (2.0 * price).powf(1.0 / self.p) / unit,
            _ => f64::INFINITY,
        };
        let slice = |space: &mut Space, direction: &[f64]| -> Result<(f64, f64)> {
            let places = sides.each_ref().map(|side| side.projected(direction));
            let Some((mut line, held)) = masses.line(self.p, &places, reach, space)? else {
                let side = |of: &Samples, places: &[f64]| {
                    Samples::with_weights(Points::from_rows(places.to_vec(), 1)?, of.weights().clone())
                };
                let (x, y, ground) = (side(x, &places[0])?, side(y, &places[1])?, PNorm::wasserstein(self.p)?);
                return Ok(match amount {
                    Amount::Penalty(price) => {
                        let (cost, moved) = exact::penalised(&x, &y, ground, price / power)?;
                        (cost * power, moved)
                    }
                    Amount::Mass(mass) | Amount::Share(mass) => {
                        (exact::partial(&x, &y, ground, mass)?.transport_cost * power, mass)
                    }
                });
            };
            Ok(match amount {
                Amount::Penalty(price) => {
                    let found = line.with_gain(2.0 * price / power);
                    let moved = found.mass as f64 * held;
                    (found.cost * held * power + price * (totals - 2.0 * moved).max(0.0), moved)
                }
                Amount::Mass(mass) | Amount::Share(mass) => (line.cost_of(mass / held) * held * power, mass),
            })
        };
        let mut slices: Vec<Result<(f64, f64)>> = Vec::with_capacity(directions.len());
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let ended = all_slices(&directions, 1, &mut slices, &mut watch, |space: &mut Space, direction, out| {
            out.push(slice(space, direction));
        });
        let slices = slices.into_iter().collect::<Result<Vec<_>>>()?;
        let (costs, moved): (Vec<f64>, Vec<f64>) = slices.into_iter().unzip();
        let found = mean(&costs, &done(&directions.groups(), costs.len()));
        if !found.value.is_finite() {
            let why = "the p-th powers of the distances overflow; lower p, or scale the points down";
            return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
        }
        let value = found.value.powf(1.0 / self.p);
        let rooted = |error: f64| if error == 0.0 { 0.0 } else { value * (error / found.value) / self.p };
        let exact = dim == 1;
        Ok(PartialSlicedDistance {
            value,
            std_error: if exact { Some(0.0) } else { found.std_error.map(rooted) },
            costs,
            moved,
            status: ended.unwrap_or(Status::Converged),
            time: started.elapsed(),
            sizes: (x.len(), y.len()),
            seed: self.seed,
            exact,
        })
    }

    /// Checks the options; a share becomes a mass.
    fn check(&self, x: &Samples, y: &Samples) -> Result<Amount> {
        let order = "the order of a Wasserstein distance must be finite and at least 1";
        require("p", self.p, self.p >= 1.0 && self.p.is_finite(), order)?;
        require("directions", self.directions as f64, self.directions > 0, "at least one direction is needed")?;
        let most = x.total().min(y.total());
        match self.amount {
            Amount::Mass(mass) => {
                let fits = mass > 0.0 && mass <= most * (1.0 + 1e-12);
                require("mass", mass, fits, "the mass to move must be positive and at most what each side has")?;
                Ok(Amount::Mass(mass.min(most)))
            }
            Amount::Share(share) => {
                require("share", share, share > 0.0 && share <= 1.0, "a share lies above 0 and is at most 1")?;
                Ok(Amount::Mass(share * most))
            }
            Amount::Penalty(price) => {
                let fits = price > 0.0 && price.is_finite();
                require("penalty", price, fits, "the price of mass left out must be positive and finite")?;
                Ok(self.amount)
            }
        }
    }
}

impl Masses {
    fn new(a: &Weights, b: &Weights, p: f64) -> Self {
        let smallest =
            a.as_slice().iter().chain(b.as_slice()).copied().filter(|&w| w > 0.0).fold(f64::INFINITY, f64::min);
        let (n, m) = (a.len() as f64, b.len() as f64);
        // Equal totals on n and m points are m and n units each, over their common divisor.
        let common = gcd(a.len(), b.len()) as f64;
        let uniform = (a.is_uniform() && b.is_uniform()).then_some(a.total() * common / (n * m));
        let units = (1..=PARTS).map(|parts| smallest / f64::from(parts)).chain(uniform);
        for unit in units {
            if let (Some(x), Some(y)) = (times(a, unit), times(b, unit)) {
                let total: f64 = x.iter().chain(&y).map(|&times| f64::from(times)).sum();
                if total <= COPIES * (n + m) {
                    let once = x.iter().chain(&y).all(|&times| times == 1);
                    return Self::Copies { unit, times: (!once).then_some([x, y]) };
                }
            }
        }
        if p > 1.0 {
            return Self::Any;
        }
        let unit = a.total().max(b.total()) / COUNTS;
        let counts = |weights: &Weights| weights.as_slice().iter().map(|w| (w / unit).round() as i64).collect();
        Self::Counts { unit, counts: [counts(a), counts(b)] }
    }

    /// One slice made ready, with its unit of mass; none where that takes the network simplex.
    fn line(
        &self,
        p: f64,
        places: &[Vec<f64>; 2],
        reach: f64,
        space: &mut Space,
    ) -> Result<Option<(PartialLine, f64)>> {
        let unit = match self {
            Self::Any => return Ok(None),
            Self::Copies { unit, .. } | Self::Counts { unit, .. } => *unit,
        };
        let Space { scratch, places: ordered, counts: held } = space;
        for side in 0..2 {
            let sorted = Sorted::new(&places[side], scratch);
            ordered[side].clear();
            held[side].clear();
            match self {
                Self::Copies { times: Some(times), .. } => {
                    let copies = |(&at, &place): (&u32, &f64)| repeat_n(place, times[side][at as usize] as usize);
                    ordered[side].extend(sorted.order.iter().zip(&sorted.values).flat_map(copies));
                }
                Self::Counts { counts, .. } => {
                    held[side].extend(sorted.order.iter().map(|&at| counts[side][at as usize]));
                    ordered[side].extend(sorted.values);
                }
                _ => ordered[side].extend(sorted.values),
            }
        }
        let counts = |side: usize| matches!(self, Self::Counts { .. }).then_some(held[side].as_slice());
        let held = |side: usize| Held { places: &ordered[side], counts: counts(side) };
        Ok(Some((PartialLine::new(p, held(0), held(1), reach)?, unit)))
    }
}

/// How many units each weight is, where all are whole numbers of them.
fn times(weights: &Weights, unit: f64) -> Option<Vec<u32>> {
    let whole = |w: &f64| {
        let times = (w / unit).round();
        (times <= f64::from(u32::MAX) && (w - times * unit).abs() <= WHOLE * w).then_some(times as u32)
    };
    weights.as_slice().iter().map(whole).collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Discrepancy for PartialSliced {
    fn name(&self) -> String {
        let amount = match self.amount {
            Amount::Mass(mass) => format!("mass {mass}"),
            Amount::Share(share) => format!("{} % of the mass", 100.0 * share),
            Amount::Penalty(price) => format!("λ = {price}"),
        };
        format!("partial SW{} ({amount})", self.p)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.solve(x, y)?.estimate())
    }

    crate::estimate::distance!(|d| d.p);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;
    use crate::sliced::Sliced;

    fn cloud(n: usize, dim: usize, seed: u64, mass: impl Fn(usize) -> f64) -> Samples {
        let draws = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
        Samples::weighted(draws.points(), (0..n).map(mass).collect::<Vec<_>>()).unwrap()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-10 * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn on_a_line_it_is_exact_partial_transport() {
        let masses: [fn(usize) -> f64; 3] = [|_| 1.0, |_| 0.25, |i| 0.3 + (i % 5) as f64 * 0.171];
        for of_x in masses {
            for of_y in masses {
                let (x, y) = (cloud(30, 1, 1, of_x), cloud(23, 1, 2, of_y));
                for (p, share) in [(1.0, 0.6), (2.0, 0.3), (2.0, 1.0), (3.0, 0.9)] {
                    let found = PartialSliced::new(p, Amount::Share(share)).solve(&x, &y).unwrap();
                    let mass = share * x.total().min(y.total());
                    let expected = exact::partial(&x, &y, PNorm::wasserstein(p).unwrap(), mass).unwrap();
                    near(found.value.powf(p), expected.transport_cost);
                    assert_eq!(
                        (found.estimate().evidence, found.moved.as_slice()),
                        (Evidence::Exact, [mass].as_slice())
                    );
                    // The price of the last unit makes the penalised problem stop there, or at a solution as good.
                    let price = 0.5 * expected.price;
                    let penalised = PartialSliced::new(p, Amount::Penalty(price)).solve(&x, &y).unwrap();
                    let left = x.total() + y.total() - 2.0 * mass;
                    near(penalised.value.powf(p), expected.transport_cost + price * left);
                }
            }
        }
    }

    #[test]
    fn all_of_the_mass_is_the_sliced_distance() {
        // One point each, counted points, and masses of any kind.
        for (n, m, of_x) in [(40, 40, (|_| 0.5) as fn(usize) -> f64), (40, 25, |_| 0.5), (40, 25, |i| 1.0 + i as f64)] {
            let (x, y) = (cloud(n, 3, 1, of_x).normalised(), cloud(m, 3, 2, |_| 1.0).normalised());
            for p in [1.0, 2.0] {
                let mut sliced = Sliced::new(p).with_method(Method::MonteCarlo).with_directions(60);
                sliced.control_variates = false;
                let whole = sliced.solve(&x, &y).unwrap();
                let partial = PartialSliced::new(p, Amount::Share(1.0)).with_method(Method::MonteCarlo);
                let found = partial.with_directions(60).solve(&x, &y).unwrap();
                near(found.value, whole.value);
                near(found.std_error.unwrap(), whole.std_error.unwrap());
            }
        }
    }

    #[test]
    fn units_of_length_and_mass_are_respected() {
        let (x, y) = (cloud(30, 2, 1, |_| 1.0), cloud(20, 2, 2, |_| 1.0));
        let changed = |side: &Samples, length: f64, offset: f64, mass: f64| {
            let moved = side.points().view().mapv(|v| v * length + offset);
            Samples::weighted(moved, side.weights().as_slice().iter().map(|w| w * mass).collect::<Vec<_>>()).unwrap()
        };
        for p in [1.0, 2.0] {
            let one = PartialSliced::new(p, Amount::Mass(11.0)).solve(&x, &y).unwrap();
            let fined = PartialSliced::new(p, Amount::Penalty(0.1)).solve(&x, &y).unwrap();
            assert!(fined.moved.iter().all(|&moved| 0.0 < moved && moved <= 20.0), "{:?}", fined.moved);
            for (length, offset, mass) in [(1e12, 0.0, 1.0), (1e-100, 0.0, 1e-12), (1e140, 0.0, 1e12), (1.0, 1e8, 1.0)]
            {
                let (x, y) = (changed(&x, length, offset, mass), changed(&y, length, offset, mass));
                let tolerance = if offset > 0.0 { 1e-6 } else { 1e-11 };
                let other = PartialSliced::new(p, Amount::Mass(11.0 * mass)).solve(&x, &y).unwrap();
                let expected = one.value * length * mass.powf(1.0 / p);
                assert!((other.value / expected - 1.0).abs() < tolerance, "{} is not {expected}", other.value);
                let price = 0.1 * length.powf(p);
                if price.is_normal() {
                    let other = PartialSliced::new(p, Amount::Penalty(price)).solve(&x, &y).unwrap();
                    let expected = fined.value * length * mass.powf(1.0 / p);
                    assert!((other.value / expected - 1.0).abs() < tolerance, "{} is not {expected}", other.value);
                }
            }
        }
    }

    #[test]
    fn wrong_amounts_are_named() {
        let (x, y) = (cloud(3, 2, 1, |_| 1.0), cloud(2, 2, 2, |_| 1.0));
        let message = |amount| PartialSliced::new(2.0, amount).solve(&x, &y).unwrap_err().to_string();
        assert!(message(Amount::Mass(2.5)).starts_with("mass: it is 2.5"));
        assert!(message(Amount::Share(f64::NAN)).starts_with("share: it is NaN"));
        assert!(message(Amount::Penalty(0.0)).starts_with("penalty: it is 0"));
    }
}
