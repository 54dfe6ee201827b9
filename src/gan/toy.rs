//! Small distributions that adversarial training is tried on.

use std::f64::consts::PI;

use ndarray::Array2;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Mixture, Samples};
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;

/// A distribution in the plane, as coded where it is known from.
///
/// ```
/// use earthwork::gan::Toy;
///
/// let ring = Toy::named("ring8")?;
/// let points = ring.sample(500, 1)?;
/// assert_eq!((points.len(), points.dim(), ring.classes()), (500, 2, 8));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Toy {
    /// `ring8`: 8 Gaussians on a circle, centres 2 (cos, sin)(k π/4), deviation 0.02, all over 1.414 (`gan_toy.py` of Gulrajani et al.
    /// 2017).
    Ring8,
    /// `grid25`: 25 Gaussians, centres 2 {−2, ..., 2}², deviation 0.05, all over 2.828 (the same).
    Grid25,
    /// `ring2d`: 8 Gaussians on the unit circle, deviation 0.01 (VEEGAN, PacGAN).
    Ring2d,
    /// `grid2d`: 25 Gaussians, centres {−4, −2, 0, 2, 4}², deviation 0.05 (VEEGAN, PacGAN).
    Grid2d,
    /// `swiss-roll`: t (cos t, sin t) with t uniform on 1.5 π [1, 3], noise 0.25, over 7.5 (scikit-learn; Gulrajani et al.).
    SwissRoll,
    /// `moons`: two half circles, noise 0.1 (scikit-learn).
    Moons,
    /// `pinwheel`: 5 arms, radial deviation 0.3, tangential 0.05, twist 0.25 (Johnson et al. 2016).
    Pinwheel,
    /// `checkerboard`: uniform on the dark squares of side 2 of [−4, 4]² (FFJORD, Grathwohl et al. 2019).
    Checkerboard,
    /// `segments`: two parallel segments {−1, 1} × [−1, 1], of dimension 1: densities do not exist, and supports of a generator and
    /// of the data seldom meet (Arjovsky, Chintala, Bottou 2017, example 1).
    Segments,
}

impl Toy {
    /// Every variant.
    pub fn all() -> [Self; 9] {
        [
            Self::Ring8,
            Self::Grid25,
            Self::Ring2d,
            Self::Grid2d,
            Self::SwissRoll,
            Self::Moons,
            Self::Pinwheel,
            Self::Checkerboard,
            Self::Segments,
        ]
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ring8 => "ring8",
            Self::Grid25 => "grid25",
            Self::Ring2d => "ring2d",
            Self::Grid2d => "grid2d",
            Self::SwissRoll => "swiss-roll",
            Self::Moons => "moons",
            Self::Pinwheel => "pinwheel",
            Self::Checkerboard => "checkerboard",
            Self::Segments => "segments",
        }
    }

    /// By its name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        Self::all().into_iter().find(|toy| toy.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::all().iter().map(|toy| toy.name()).collect();
            let why = format!("unknown toy distribution `{name}`; expected one of {}", names.join(", "));
            Error::new("data", ErrorKind::Unsupported(why.into()))
        })
    }

    /// `n` points with uniform weights.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn sample(self, n: usize, seed: u64) -> Result<Samples> {
        Ok(self.labelled(n, seed)?.0)
    }

    /// `n` points, and the class (mode, moon, arm, segment) of each.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn labelled(self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        let mut random = stream(seed, 0);
        let mut points = Array2::zeros((n, 2));
        let labels = points.rows_mut().into_iter().map(|mut row| {
            let ([x, y], label) = self.draw(&mut random);
            (row[0], row[1]) = (x, y);
            label
        });
        let labels = labels.collect();
        Ok((Samples::new(points)?, labels))
    }

    /// How many classes its points fall into; 1 where they don't.
    pub fn classes(self) -> usize {
        match self {
            Self::Ring8 | Self::Ring2d => 8,
            Self::Grid25 | Self::Grid2d => 25,
            Self::Moons | Self::Segments => 2,
            Self::Pinwheel => 5,
            Self::SwissRoll | Self::Checkerboard => 1,
        }
    }

    /// The mixture, of those that are mixtures of Gaussians; component k is class k.
    ///
    /// # Panics
    /// Never: the constants make mixtures.
    pub fn mixture(self) -> Option<Mixture> {
        let mixture = match self {
            Self::Ring8 => Mixture::ring(8, 2.0 / 1.414, 0.02 / 1.414),
            Self::Ring2d => Mixture::ring(8, 1.0, 0.01),
            Self::Grid25 => Mixture::grid(5, 2.0 / 2.828, 0.05 / 2.828),
            Self::Grid2d => Mixture::grid(5, 2.0, 0.05),
            _ => return None,
        };
        Some(mixture.expect("these constants make a mixture"))
    }

    /// One point, and its class.
    pub(super) fn draw(self, random: &mut ChaCha8Rng) -> ([f64; 2], usize) {
        let normal = |random: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(random) };
        if let Some(deviation) = self.gaussians() {
            let class = random.random_range(0..self.classes());
            let [x, y] = self.centre(class);
            return ([x + deviation * normal(random), y + deviation * normal(random)], class);
        }
        match self {
            Self::SwissRoll => {
                let u: f64 = random.random();
                let t = 1.5 * PI * (1.0 + 2.0 * u);
                let point = [t * t.cos() + 0.25 * normal(random), t * t.sin() + 0.25 * normal(random)];
                (point.map(|v| v / 7.5), 0)
            }
            Self::Moons => {
                let (class, u): (usize, f64) = (random.random_range(0..2), random.random());
                let (sin, cos) = (PI * u).sin_cos();
                let [x, y] = if class == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
                ([x + 0.1 * normal(random), y + 0.1 * normal(random)], class)
            }
            Self::Pinwheel => {
                let class = random.random_range(0..5_usize);
                let (radial, tangential) = (1.0 + 0.3 * normal(random), 0.05 * normal(random));
                let (sin, cos) = (2.0 * PI * class as f64 / 5.0 + 0.25 * radial.exp()).sin_cos();
                ([radial * cos + tangential * sin, tangential * cos - radial * sin], class)
            }
            Self::Checkerboard => {
                let (u, v): (f64, f64) = (random.random(), random.random());
                let x = 4.0 * u - 2.0;
                let y = v - 2.0 * f64::from(random.random_range(0..2_u8)) + x.floor().rem_euclid(2.0);
                ([2.0 * x, 2.0 * y], 0)
            }
            _ => {
                let (class, u): (usize, f64) = (random.random_range(0..2), random.random());
                ([2.0 * class as f64 - 1.0, 2.0 * u - 1.0], class)
            }
        }
    }

    /// The deviation of each mode, of those that are mixtures of Gaussians.
    fn gaussians(self) -> Option<f64> {
        match self {
            Self::Ring8 => Some(0.02 / 1.414),
            Self::Grid25 => Some(0.05 / 2.828),
            Self::Ring2d => Some(0.01),
            Self::Grid2d => Some(0.05),
            _ => None,
        }
    }

    fn centre(self, k: usize) -> [f64; 2] {
        let (sin, cos) = (PI * k as f64 / 4.0).sin_cos();
        let (row, column) = ((k / 5) as f64 - 2.0, (k % 5) as f64 - 2.0);
        match self {
            Self::Ring8 => [2.0 * cos / 1.414, 2.0 * sin / 1.414],
            Self::Ring2d => [cos, sin],
            Self::Grid25 => [2.0 * column / 2.828, 2.0 * row / 2.828],
            _ => [2.0 * column, 2.0 * row],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Modes;

    #[test]
    fn all_are_drawn_from_their_seed() {
        for toy in Toy::all() {
            let (points, labels) = toy.labelled(4000, 3).unwrap();
            assert_eq!(toy.labelled(4000, 3).unwrap(), (points.clone(), labels.clone()));
            assert_ne!(toy.sample(4000, 4).unwrap(), points);
            assert_eq!(Toy::named(toy.name()).unwrap(), toy);
            let mut counts = vec![0_usize; toy.classes()];
            labels.iter().for_each(|&k| counts[k] += 1);
            let share = 4000.0 / toy.classes() as f64;
            // Six standard errors of a count.
            assert!(counts.iter().all(|&c| (c as f64 - share).abs() < 6.0 * share.sqrt() + 1.0), "{toy:?}: {counts:?}");
            assert!(points.points().iter().flatten().all(|v| v.abs() < 6.0));
        }
        assert!(Toy::named("mnist").is_err() && Toy::Moons.sample(0, 1).is_err());
    }

    #[test]
    fn modes_hold_their_points() {
        for toy in [Toy::Ring8, Toy::Grid25, Toy::Ring2d, Toy::Grid2d] {
            let modes = Modes::new(toy.mixture().unwrap());
            let (points, labels) = toy.labelled(4000, 5).unwrap();
            assert!(modes.assign(&points).unwrap().iter().zip(&labels).all(|((mode, _), label)| mode == label));
            // 1 − exp(−9/2) of a Gaussian in the plane lies within three deviations.
            let share = modes.report(&points).unwrap().high_quality.value;
            assert!((share - 0.98889).abs() < 0.01, "{toy:?}: {share}");
        }
        assert!(Toy::Moons.mixture().is_none());
    }

    #[test]
    fn shapes_are_where_they_should_be() {
        for p in Toy::Checkerboard.sample(2000, 1).unwrap().points().iter() {
            assert!(p.iter().all(|v| v.abs() <= 4.0));
            assert_eq!(
                ((p[0] / 2.0).floor() + (p[1] / 2.0).floor()).rem_euclid(2.0),
                0.0,
                "{p:?} is on a light square"
            );
        }
        for p in Toy::Segments.sample(200, 1).unwrap().points().iter() {
            assert!(p[0].abs() == 1.0 && p[1].abs() <= 1.0);
        }
        let radius = |toy: Toy| {
            let points = toy.sample(2000, 2).unwrap();
            points.points().iter().map(|p| p[0].hypot(p[1])).fold((f64::MAX, 0.0_f64), |(a, b), r| (a.min(r), b.max(r)))
        };
        let (inner, outer) = radius(Toy::SwissRoll);
        assert!(inner > 0.45 && outer < 2.1, "{inner} {outer}");
        let (inner, outer) = radius(Toy::Ring2d);
        assert!(inner > 0.9 && outer < 1.1);
    }
}
