//! A critic that has been trained, and what its value proves.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::critic::Control;
use crate::critic::net::Network;
use crate::critic::net::saved::{Reader, Writer};
use crate::error::{Result, require_dimension};
use crate::estimate::{Estimate, Evidence, Kind, Note};
use crate::measure::Samples;
use crate::numeric::Sum;
use crate::transport::Status;

/// The dimension up to which the Lipschitz constant is bounded by cutting the box of the samples into pieces, and how many.
const FEW: usize = 3;
const BOXES: usize = 2000;

/// What the rounding of a pass through a network may add to a value, relative to the sizes that it adds up.
const ROUNDING: f64 = 1e-11;

/// A function f on R^d with a proven Lipschitz constant, so that for any two distributions
///
/// ```text
/// W₁(P, Q) ≥ (E_P f − E_Q f) / Lip(f)
/// ```
///
/// (Kantorovich & Rubinstein). The network reads points that were centred and scaled; all that is returned is in the units of the
/// caller.
#[derive(Debug, Clone)]
pub struct Critic {
    network: Network<f64>,
    /// What moves points in the direction of the gradients, where they are not those of the network.
    mover: Option<Network<f64>>,
    centre: Vec<f64>,
    scale: f64,
    lipschitz: f64,
    method: &'static str,
    seed: u64,
    ended: Option<Status>,
}

impl Critic {
    /// The trained network of points that were centred and scaled, with the constant that is proven of it.
    pub(crate) fn new(network: &Network<f32>, centre: Vec<f64>, scale: f64, method: &'static str, seed: u64) -> Self {
        let network = double(network);
        let lipschitz = network.lipschitz_bound().max(f64::MIN_POSITIVE);
        Self { network, mover: None, centre, scale, lipschitz, method, seed, ended: None }
    }

    /// The same with gradients by a network that moves points of the source.
    pub(super) fn with_mover(self, mover: Option<&Network<f32>>) -> Self {
        Self { mover: mover.map(double), ..self }
    }

    /// The same after a training that ended for this reason, if before its last step.
    pub(super) fn ended_by(self, ended: Option<Status>) -> Self {
        Self { ended, ..self }
    }

    /// The critic as a safetensors file: the arrays of its network (`weight`, `bias`), and what turns its values into those of the
    /// critic.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.note("kind", "critic");
        writer.note("method", self.method);
        writer.note("seed", self.seed);
        writer.note("scale", self.scale);
        writer.note("lipschitz", self.lipschitz);
        writer.note("ended", self.ended.map_or_else(|| "no".to_string(), |status| status.to_string()));
        writer.array("centre", &[self.centre.len()], &self.centre);
        writer.network("", &self.network);
        if let Some(mover) = &self.mover {
            writer.network("mover.", mover);
        }
        writer.bytes()
    }

    /// Reads what [`Critic::to_safetensors`] wrote.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self> {
        let reader = Reader::new(bytes)?;
        let method = reader.note("method")?;
        Ok(Self {
            network: reader.network("")?,
            mover: reader.note("mover.architecture").is_ok().then(|| reader.network("mover.")).transpose()?,
            centre: reader.array("centre")?,
            scale: reader.number("scale")?,
            lipschitz: reader.number("lipschitz")?,
            method: Control::NAMES
                .into_iter()
                .filter_map(|name| Some(Control::named(name).ok()?.name()))
                .find(|name| *name == method)
                .unwrap_or("critic"),
            seed: reader.number("seed")?,
            ended: Status::named(reader.note("ended")?),
        })
    }

    /// f at each point; of length n.
    ///
    /// # Errors
    /// When the points have another dimension than the critic.
    pub fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        let values = self.network.values(self.placed(points)?.view());
        Ok(values.index_axis(Axis(1), 0).mapv(|v| v * self.scale))
    }

    /// ∇f at each point; of shape (n, d). Where a second network moves the source ([`Control::Mover`] reversed), the unit vectors
    /// from where it takes the points, which the gradient of an optimal f is: f falls at unit rate on the way.
    ///
    /// # Errors
    /// As [`Critic::values`].
    ///
    /// [`Control::Mover`]: crate::critic::Control::Mover
    pub fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let placed = self.placed(points)?;
        let Some(mover) = &self.mover else { return Ok(self.network.gradients(placed.view())) };
        let mut ways = mover.values(placed.view());
        for mut way in ways.rows_mut() {
            let length = way.dot(&way).sqrt();
            way.mapv_inplace(|v| if length > 0.0 { -v / length } else { 0.0 });
        }
        Ok(ways)
    }

    /// The proven upper bound on its Lipschitz constant; see [`Network::lipschitz_bound`].
    pub fn lipschitz(&self) -> f64 {
        self.lipschitz
    }

    /// A proven bound on its Lipschitz constant between any two points of the smallest box that holds both samples, which is all that a
    /// bound on their W₁ needs. In up to three dimensions far below [`Critic::lipschitz`]: see [`Network::lipschitz_in_box`].
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn lipschitz_between(&self, x: &Samples, y: &Samples) -> Result<f64> {
        let dim = self.centre.len();
        let sides = [self.placed(x.points().view())?, self.placed(y.points().view())?];
        if dim > FEW {
            return Ok(self.lipschitz);
        }
        let end = |k: usize, of: fn(f64, f64) -> f64| {
            sides.iter().flat_map(|side| side.column(k).to_vec()).fold(sides[0][[0, k]], of)
        };
        let low: Vec<f64> = (0..dim).map(|k| end(k, f64::min)).collect();
        let high: Vec<f64> = (0..dim).map(|k| end(k, f64::max)).collect();
        Ok(self.network.lipschitz_in_box(&low, &high, BOXES).clamp(f64::MIN_POSITIVE, self.lipschitz))
    }

    /// Why the training ended before all steps were done; none when they were.
    pub fn ended(&self) -> Option<Status> {
        self.ended
    }

    /// The network itself. It reads (x − centre) / scale, and its value times scale is f.
    pub fn network(&self) -> &Network<f64> {
        &self.network
    }

    /// E_x f − E_y f, the training objective without its penalty. No bound on anything by itself.
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn raw(&self, x: &Samples, y: &Samples) -> Result<f64> {
        Ok(self.means(x)?.0 - self.means(y)?.0)
    }

    /// A lower bound on W₁ between the two samples: the raw value divided by [`Critic::lipschitz_between`] them, less what rounding may
    /// have added; at least 0. For a sample that the critic was not trained on it is as valid.
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn bound(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let ((mean_x, size_x), (mean_y, size_y)) = (self.means(x)?, self.means(y)?);
        let slack = ROUNDING * (size_x + size_y);
        let value = ((mean_x - mean_y - slack) / self.lipschitz_between(x, y)?).max(0.0);
        // A network that overflowed proves nothing.
        let value = if value.is_finite() { value } else { 0.0 };
        let evidence = Evidence::Bounds { lower: value, upper: f64::INFINITY };
        let estimate = Estimate::new(value, evidence, self.method, (x.len(), y.len()));
        Ok(self.noted(estimate))
    }

    /// The standard error of [`Critic::raw`] as an estimate of E_P f − E_Q f from held-out samples: √(Var_x f / n + Var_y f / m),
    /// with n and m the effective sizes (Σ w)² / Σ w².
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn held_out(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let (a, b) = (self.moments(x)?, self.moments(y)?);
        let error = (a.1 + b.1).sqrt() / self.lipschitz;
        let value = (a.0 - b.0) / self.lipschitz;
        let estimate = Estimate::new(value, Evidence::StandardError(error), self.method, (x.len(), y.len()));
        Ok(self.noted(estimate))
    }

    fn noted(&self, estimate: Estimate) -> Estimate {
        let estimate = estimate.of_kind(Kind::LowerBound).with_seed(self.seed);
        if self.ended.is_some() { estimate.with_note(Note::NotConverged) } else { estimate }
    }

    /// The mean of f, and of |f|.
    fn means(&self, samples: &Samples) -> Result<(f64, f64)> {
        let values = self.values(samples.points().view())?;
        let (mut mean, mut size) = (Sum::default(), Sum::default());
        for (value, weight) in values.iter().zip(samples.weights().as_slice()) {
            mean.add_product(*value, *weight);
            size.add_product(value.abs(), *weight);
        }
        Ok((mean.value() / samples.total(), size.value() / samples.total()))
    }

    /// The mean of f, and its variance over the effective size.
    fn moments(&self, samples: &Samples) -> Result<(f64, f64)> {
        let values = self.values(samples.points().view())?;
        let mean = self.means(samples)?.0;
        let total = samples.total();
        let (mut variance, mut squares) = (Sum::default(), Sum::default());
        for (value, weight) in values.iter().zip(samples.weights().as_slice()) {
            let part = weight / total;
            variance.add_product(part, (value - mean).powi(2));
            squares.add_product(part, part);
        }
        let squares = squares.value();
        Ok((mean, if squares < 1.0 { variance.value() * squares / (1.0 - squares) } else { f64::INFINITY }))
    }

    fn placed(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        require_dimension("points", points.ncols(), self.centre.len())?;
        let mut placed = points.to_owned();
        for mut row in placed.rows_mut() {
            row.iter_mut().zip(&self.centre).for_each(|(v, c)| *v = (*v - c) / self.scale);
        }
        Ok(placed)
    }
}

/// The same network in double precision. Parameters that overflowed make a critic that proves nothing; 0 is what it proves.
fn double(network: &Network<f32>) -> Network<f64> {
    let architecture = network.architecture().clone();
    let parameters = network.parameters().iter().map(|&p| f64::from(p)).collect();
    let mut double = Network::with_parameters(architecture.clone(), parameters).unwrap_or_else(|_| {
        let zeros = vec![0.0; architecture.parameters()];
        Network::with_parameters(architecture, zeros).expect("the architecture was built before")
    });
    double.statistics_mut().iter_mut().zip(network.statistics()).for_each(|(to, &v)| *to = f64::from(v));
    double
}
