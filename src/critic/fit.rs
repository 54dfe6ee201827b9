//! Training a critic on two samples.

use ndarray::Array2;

use crate::critic::batches::{Side, frame};
use crate::critic::duals::Dual;
use crate::critic::held::Held;
use crate::critic::method::Control;
use crate::critic::net::{Activation, Architecture, Network, Schedule};
use crate::critic::networks::Networks;
use crate::critic::trained::Critic;
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::estimate::{Discrepancy, Estimate};
use crate::measure::Samples;
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;
use crate::transport::{Interrupt, Observer, Progress, Silent, Status, Watch, limits};

/// What a training leaves.
struct Trained {
    network: Network<f32>,
    /// What knows the gradients, where it is not the network.
    mover: Option<Network<f32>>,
    /// Why it has seen fewer steps than asked for.
    ended: Option<Status>,
}

/// W₁ from below by a network: the dual problem max E_x f − E_y f over functions of Lipschitz constant 1, by stochastic gradients.
///
/// The answer is the value of the trained critic on the two samples, divided by a proven Lipschitz constant of it: never more than
/// the exact W₁ of the same samples, whatever the training did. In two dimensions the exact solver is the better critic
/// ([`exact::wasserstein`](crate::exact::wasserstein)); from about eight on, networks generalise better between the points.
///
/// Training computes in `f32`, one thread, and draws batches with the weights of the samples; the same seed gives the same bits.
///
/// ```
/// use earthwork::critic::{Control, NeuralCritic};
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0], [1.0], [2.0]])?;
/// let y = Samples::new([[5.0], [6.0], [7.0]])?;
/// let critic = NeuralCritic::new(Control::named("bjorck")?).with_steps(200);
/// let bound = critic.between(&x, &y)?;
/// let exact = wasserstein(&x, &y, 1.0)?;
/// assert!(bound.value <= exact.value && bound.value > 0.9 * exact.value);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NeuralCritic {
    /// How it is held to Lipschitz constant 1.
    pub control: Control,
    /// The widths of the hidden layers; three of 128 by default.
    pub hidden: Vec<usize>,
    /// What the critic is made of; a perceptron by default.
    pub networks: Networks,
    /// The activation; what suits the control by default.
    pub activation: Option<Activation>,
    /// How many steps; 2,000 by default.
    pub steps: u64,
    /// Points of each side in one step; 256 by default.
    pub batch: usize,
    /// The learning rate at the beginning; what suits the control by default.
    pub rate: Option<f64>,
    /// How the learning rate goes down; in a straight line by default.
    pub schedule: Schedule,
    /// The seed of the first parameters and of the batches.
    pub seed: u64,
    /// When to end early; an iteration is a step. The critic of the steps done is as valid a bound, and has
    /// [`Note::NotConverged`](crate::estimate::Note::NotConverged).
    pub interrupt: Interrupt,
}

impl NeuralCritic {
    /// A critic of that kind with default sizes.
    pub fn new(control: Control) -> Self {
        Self {
            control,
            hidden: vec![128; 3],
            networks: Networks::Mlp,
            activation: None,
            steps: 2_000,
            batch: 256,
            rate: None,
            schedule: Schedule::Linear,
            seed: 0,
            interrupt: Interrupt::default(),
        }
    }

    /// Sets the number of steps.
    #[must_use]
    pub fn with_steps(self, steps: u64) -> Self {
        Self { steps, ..self }
    }

    /// Sets the widths of the hidden layers.
    #[must_use]
    pub fn with_hidden(self, hidden: &[usize]) -> Self {
        Self { hidden: hidden.to_vec(), ..self }
    }

    /// Sets the architecture of the network, such as `resnet:DEPTH`.
    #[must_use]
    pub fn with_networks(self, networks: Networks) -> Self {
        Self { networks, ..self }
    }

    /// Sets the batch size.
    #[must_use]
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    limits!("steps", ", noted in what it returns");

    /// Trains on two samples.
    ///
    /// # Errors
    /// When the dimensions or total masses differ, or an option cannot be.
    pub fn fit(&self, x: &Samples, y: &Samples) -> Result<Critic> {
        self.fit_observed(x, y, &mut Silent)
    }

    /// [`fit`](Self::fit) with progress reports.
    ///
    /// # Errors
    /// As [`NeuralCritic::fit`].
    pub fn fit_observed(&self, x: &Samples, y: &Samples, observer: &mut dyn Observer) -> Result<Critic> {
        require_dimension("target", y.dim(), x.dim())?;
        x.weights().require_equal_total(y.weights())?;
        let (centre, scale) = frame(x, y);
        let sides = [Side::new(x, &centre, scale), Side::new(y, &centre, scale)];
        let draw = |side: usize, random: &mut ChaCha8Rng, out: &mut Array2<f32>| sides[side].draw(random, out);
        let trained = self.train(x.dim(), draw, observer)?;
        Ok(self.finished(trained, centre, scale))
    }

    /// Trains on fresh points of two distributions: `draw(side, random, out)` fills `out`, of shape (batch, dim), with points of
    /// the source (side 0) or the target (side 1), of about unit size.
    ///
    /// # Errors
    /// When an option cannot be.
    pub fn fit_streams(&self, dim: usize, draw: impl Fn(usize, &mut ChaCha8Rng, &mut Array2<f32>)) -> Result<Critic> {
        self.fit_streams_observed(dim, draw, &mut Silent)
    }

    /// [`fit_streams`](Self::fit_streams) with progress reports.
    ///
    /// # Errors
    /// As [`NeuralCritic::fit_streams`].
    pub fn fit_streams_observed(
        &self,
        dim: usize,
        draw: impl Fn(usize, &mut ChaCha8Rng, &mut Array2<f32>),
        observer: &mut dyn Observer,
    ) -> Result<Critic> {
        let trained = self.train(dim, draw, observer)?;
        Ok(self.finished(trained, vec![0.0; dim], 1.0))
    }

    fn finished(&self, trained: Trained, centre: Vec<f64>, scale: f64) -> Critic {
        let critic = Critic::new(&trained.network, centre, scale, self.control.name(), self.seed);
        critic.with_mover(trained.mover.as_ref()).ended_by(trained.ended)
    }

    fn architecture(&self, dim: usize, activation: Activation) -> Result<Architecture> {
        let shape = [1, 1, dim];
        let Some(layers) = self.networks.critic_layers(shape, false, activation)? else {
            return Ok(Architecture::mlp(dim, &self.hidden, 1).with_activation(activation));
        };
        let refuse = |why: &str| Err(Error::new("networks", ErrorKind::Unsupported(why.to_string().into())));
        let architecture = Architecture::of(shape, 0, &layers);
        architecture.require()?;
        if architecture.outputs != 1 {
            return refuse("the last layer of a critic has one output");
        }
        if matches!(self.control, Control::Mover { .. }) {
            return refuse("a mover is a perceptron like the critic; take mlp");
        }
        if architecture.mixes_points() && self.control.penalises_points() {
            return refuse(
                "batch normalisation ties the points of a batch together, so that a penalty on the gradient at each point has no meaning; \
                 take layer-norm",
            );
        }
        Ok(architecture)
    }

    fn train(
        &self,
        dim: usize,
        draw: impl Fn(usize, &mut ChaCha8Rng, &mut Array2<f32>),
        observer: &mut dyn Observer,
    ) -> Result<Trained> {
        self.control.check()?;
        let positive = |argument: &'static str, value: usize| {
            let kind = ErrorKind::Parameter { value: value as f64, requirement: "at least 1 is needed" };
            if value == 0 { Err(Error::new(argument, kind)) } else { Ok(()) }
        };
        positive("batch", self.batch)?;
        positive("steps", usize::try_from(self.steps).unwrap_or(usize::MAX))?;
        let (rule, usual_rate) = self.control.rule();
        let rate = self.rate.unwrap_or(usual_rate);
        crate::error::require("rate", rate, rate > 0.0 && rate.is_finite(), "a learning rate must be positive")?;
        let usual = match self.control {
            Control::Between(_) => Activation::Relu,
            control => control.activation(),
        };
        let activation = self.activation.unwrap_or(usual);
        let architecture = self.architecture(dim, activation)?;
        let mut dual = Dual::new(self.control, &architecture, rule, self.seed)?;
        // A mover of the source is one of the target with the sides exchanged, and so is its critic.
        let reversed = matches!(self.control, Control::Mover { reversed: true, .. });
        let mut held = Held::new(Network::<f32>::new(architecture, self.seed)?, Some(self.control), rule);
        let mut gradient = vec![0.0; held.network().parameters().len()];
        let shape = (self.batch, dim);
        let (mut x, mut y) = (Array2::zeros(shape), Array2::zeros(shape));
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let mut ended = None;
        for step in 0..self.steps {
            let progress = Progress { stage: "step", iterations: step, ..Progress::default() };
            ended = watch.check(&progress);
            if ended.is_some() {
                break;
            }
            let mut random = stream(self.seed, 1_000 + step);
            draw(usize::from(reversed), &mut random, &mut x);
            draw(usize::from(!reversed), &mut random, &mut y);
            gradient.fill(0.0);
            let rate = rate * self.schedule.factor(step, self.steps);
            dual.step(held.network(), (x.view(), y.view()), rate, &mut gradient);
            self.control.penalise(held.network(), x.view(), y.view(), dim, &mut random, &mut gradient);
            held.step(&mut gradient, rate);
        }
        let mut network = held.into_network();
        if reversed {
            // The last matrix and its bias: −f is high where f is low.
            let last = self.hidden.last().unwrap_or(&dim) + 1;
            let first = network.parameters().len() - last;
            network.parameters_mut()[first..].iter_mut().for_each(|p| *p = -*p);
        }
        Ok(Trained { network, mover: dual.into_mover().filter(|_| reversed), ended })
    }
}

impl Discrepancy for NeuralCritic {
    fn name(&self) -> String {
        format!("W1 ≥ ({})", self.control.name())
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.fit(x, y)?.bound(x, y)
    }
}
