//! How much of a known mixture a generator found.

use nalgebra::DVector;

use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind, Note};
use crate::measure::{Mixture, Samples};
use crate::numeric::sum::sum;

/// What a sample makes of a known mixture: which modes it found, how many points are good, and how evenly they fall.
///
/// A point belongs to the mode that is nearest in standard deviations (the Mahalanobis distance), and is of high quality within
/// `deviations` of them. A mode is captured if it has a point of high quality. Shares of modes are those of the points of high
/// quality; without one, the reverse KL is infinite. Modes of weight 0 are none.
///
/// # References
/// Srivastava et al., "VEEGAN", NeurIPS 2017; Lin et al., "PacGAN", NeurIPS 2018, for the definitions on rings and grids.
///
/// # Example
/// ```
/// use earthwork::measure::Mixture;
/// use earthwork::metrics::Modes;
///
/// let ring = Mixture::ring(8, 1.0, 0.01)?;
/// let half = ring.with_weights([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0])?;
/// let report = Modes::new(ring).report(&half.sample(2500, 1)?)?;
/// assert_eq!((report.captured, report.modes), (4, 8));
/// assert!((report.reverse_kl.value - 2_f64.ln()).abs() < 0.01);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Modes {
    /// The mixture that real points come from.
    pub mixture: Mixture,
    /// How many standard deviations from a mode points are of high quality; 3 by default.
    pub deviations: f64,
}

/// What [`Modes`] finds in a sample.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModeReport {
    /// How many modes have a point of high quality.
    pub captured: usize,
    /// How many modes there are.
    pub modes: usize,
    /// The share of points of high quality.
    pub high_quality: Estimate,
    /// KL(modes of the good points ‖ weights of the mixture), in nats; at most ln of the number of equal modes, or infinite where
    /// there is no good point.
    pub reverse_kl: Estimate,
    /// JS between the modes of the good points and the weights of the mixture, in nats; at most ln 2.
    pub jensen_shannon: f64,
    /// Points of high quality of each component.
    pub counts: Vec<usize>,
}

/// One of the numbers of a [`ModeReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModeScore {
    /// The share of modes that are captured.
    Captured,
    /// The share of points of high quality.
    HighQuality,
    /// KL(modes of the good points ‖ weights of the mixture).
    ReverseKl,
}

impl Modes {
    /// The modes of this mixture, with points of high quality within 3 standard deviations.
    pub fn new(mixture: Mixture) -> Self {
        Self { mixture, deviations: 3.0 }
    }

    /// The mode of each point (the nearest in standard deviations), and how many standard deviations away it is.
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn assign(&self, samples: &Samples) -> Result<Vec<(usize, f64)>> {
        require_dimension("samples", samples.dim(), self.mixture.dim())?;
        let weights = self.mixture.weights().as_slice();
        let of_point = |point: &[f64]| {
            let modes = self.mixture.components().iter().enumerate().filter(|(k, _)| weights[*k] > 0.0);
            let distance = |(k, mode): (usize, &crate::measure::Gaussian)| {
                let gap = DVector::from_iterator(point.len(), point.iter().zip(mode.mean()).map(|(x, m)| x - m));
                let white = mode.cholesky().solve_lower_triangular(&gap).unwrap_or(gap);
                (k, white.norm())
            };
            modes.map(distance).fold((0, f64::INFINITY), |best, found| if found.1 < best.1 { found } else { best })
        };
        Ok(samples.points().iter().map(of_point).collect())
    }

    /// What the sample makes of the mixture.
    ///
    /// # Errors
    /// When the dimensions differ, `deviations` is not above 0, or the weights of the points differ.
    pub fn report(&self, samples: &Samples) -> Result<ModeReport> {
        require("deviations", self.deviations, self.deviations > 0.0, "it must be above 0")?;
        if !samples.weights().is_uniform() {
            let why = "its points differ in weight, and modes are counted in points";
            return Err(Error::new("samples", ErrorKind::Unsupported(why.into())));
        }
        let weights = self.mixture.weights().as_slice();
        let mut counts = vec![0_usize; weights.len()];
        for (mode, distance) in self.assign(samples)? {
            counts[mode] += usize::from(distance <= self.deviations);
        }
        let (n, good) = (samples.len() as f64, counts.iter().sum::<usize>() as f64);
        let sizes = (samples.len(), samples.len());
        let modes = weights.iter().filter(|&&w| w > 0.0).count();
        let shares: Vec<f64> = counts.iter().map(|&count| count as f64 / good.max(1.0)).collect();
        let term = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
        let both = || shares.iter().zip(weights);
        let kl = sum(both().map(|(p, q)| term(*p, *q))).max(0.0);
        // The influence of a point in mode k is ln p_k / q_k.
        let squares = sum(both().filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln().powi(2)));
        let reverse_kl = if good > 0.0 {
            let error = Evidence::StandardError(((squares - kl * kl).max(0.0) / good).sqrt());
            Estimate::new(kl, error, "counts of the modes", sizes).with_note(Note::Biased(Kind::UpperBound))
        } else {
            Estimate::new(f64::INFINITY, Evidence::Exact, "counts of the modes", sizes)
        };
        let middle = |p: f64, q: f64| 0.5 * (p + q);
        let js = both().map(|(p, q)| 0.5 * (term(*p, middle(*p, *q)) + term(*q, middle(*p, *q))));
        let (share, share_error) = super::share(good, n);
        let evidence = Evidence::StandardError(share_error);
        Ok(ModeReport {
            captured: counts.iter().filter(|&&count| count > 0).count(),
            modes,
            high_quality: Estimate::new(share, evidence, "points near a mode", sizes),
            reverse_kl,
            jensen_shannon: if good > 0.0 { sum(js).max(0.0) } else { std::f64::consts::LN_2 },
            counts,
        })
    }

    /// One number of the report, as a discrepancy that looks at the second sample alone.
    pub fn score(self, score: ModeScore) -> impl Discrepancy {
        ModeDiscrepancy { modes: self, score }
    }
}

struct ModeDiscrepancy {
    modes: Modes,
    score: ModeScore,
}

impl Discrepancy for ModeDiscrepancy {
    fn name(&self) -> String {
        match self.score {
            ModeScore::Captured => "modes captured".into(),
            ModeScore::HighQuality => "high quality".into(),
            ModeScore::ReverseKl => "reverse KL of modes".into(),
        }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let report = self.modes.report(y)?;
        let sizes = (x.len(), y.len());
        let estimate = match self.score {
            ModeScore::Captured => {
                let value = report.captured as f64 / report.modes as f64;
                Estimate::new(value, Evidence::Exact, "modes with a point near them", sizes)
            }
            ModeScore::HighQuality => report.high_quality,
            ModeScore::ReverseKl => report.reverse_kl,
        };
        Ok(Estimate { sizes, ..estimate })
    }
}
