//! How networks are set against each other: the options of a training.

use crate::critic::net::{Activation, Architecture, GradientPenalty, Module, Rule, Schedule};
use crate::critic::{Control, Networks};
use crate::error::{Error, ErrorKind, Result, require};
use crate::gan::data::Data;
use crate::gan::objective::Objective;

/// Adversarial training of a generator against a critic (Goodfellow et al. 2014; Arjovsky, Chintala, Bottou 2017), with exact
/// transport as the referee.
///
/// The defaults are sized for points in the plane and one core: networks of three layers of 64, batches of 128, about a minute for 5,000
/// steps. [`Gan::published`] has the constants of the papers, with which the same takes hours.
///
/// ```
/// use earthwork::gan::{Data, Gan, Toy};
/// use earthwork::transport::Interrupt;
///
/// let mut gan = Gan::named("wgan-gp")?.with_steps(20).with_seed(1);
/// (gan.batch, gan.referee.points, gan.referee.every) = (32, 64, 10);
/// let mut training = gan.start(Data::toy(Toy::Ring8))?;
/// let mut records = Vec::new();
/// training.run(Interrupt::default(), &mut |record| records.push(record.clone()))?;
/// assert_eq!(records.iter().map(|record| record.step).collect::<Vec<_>>(), [0, 10, 20]);
/// for record in &records {
///     // What a critic proves never exceeds the exact distance of the same points.
///     assert!(record.certified.unwrap() <= record.w1.upper());
/// }
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Gan {
    /// What both networks minimise.
    pub objective: Objective,
    /// How the critic is held to a Lipschitz constant, if at all.
    pub control: Option<Control>,
    /// Whether both networks are told the class of a point, as a one-hot vector (Mirza & Osindero, "Conditional GANs", 2014).
    pub conditional: bool,
    /// The widths of the critic's hidden layers.
    pub critic: Vec<usize>,
    /// The activation of the critic; what suits the control if none.
    pub critic_activation: Option<Activation>,
    /// The widths of the generator's hidden layers (ReLU).
    pub generator: Vec<usize>,
    /// The dimension of the generator's normal noise.
    pub latent: usize,
    /// How many steps of the generator.
    pub steps: u64,
    /// Points of each side in one step.
    pub batch: usize,
    /// How many steps of the critic for each of the generator.
    pub critic_steps: CriticSteps,
    /// How gradients become steps of the critic, and its learning rate.
    pub critic_rule: (Rule, f64),
    /// The same for the generator.
    pub generator_rule: (Rule, f64),
    /// How both learning rates go down.
    pub schedule: Schedule,
    /// The memory of the running mean of the generator's parameters that points are generated with (Yazıcı et al., "The unusual
    /// effectiveness of averaging in GAN training", 2019); 0 for the parameters themselves.
    pub averaging: f64,
    /// What is looked at on the way.
    pub referee: Referee,
    /// The seed of the first parameters, of noise and batches.
    pub seed: u64,
    /// What both networks are made of; perceptrons by default.
    pub networks: Networks,
}

/// How many steps the critic makes for one of the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriticSteps {
    /// As a rule.
    pub usual: u64,
    /// Before each of the first `first` steps of the generator, and each `every`-th one (0 for never): a critic far from its best
    /// has no gradient to give.
    pub many: u64,
    /// How many first steps.
    pub first: u64,
    /// How often later.
    pub every: u64,
}

impl CriticSteps {
    /// Always as many.
    pub fn always(usual: u64) -> Self {
        Self { usual, many: usual, first: 0, every: 0 }
    }

    /// How many before step `step` of the generator, counted from 0.
    pub fn at(self, step: u64) -> u64 {
        let often = self.every > 0 && step.is_multiple_of(self.every);
        if step < self.first || often { self.many } else { self.usual }
    }
}

/// What the exact solver is asked on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referee {
    /// Every so many steps of the generator; 0 for the end alone.
    pub every: u64,
    /// The points of each side.
    pub points: usize,
}

impl Default for Referee {
    fn default() -> Self {
        Self { every: 250, points: 512 }
    }
}

impl Gan {
    /// An objective under a control, with the sizes of this library.
    pub fn new(objective: Objective, control: Option<Control>) -> Self {
        let adam = |beta1, beta2| Rule::Adam { beta1, beta2, decay: 0.0 };
        let critic_rule = match control {
            Some(Control::Clip { .. }) => (Rule::RmsProp { memory: 0.99 }, 1e-3),
            Some(Control::Orthonormal { .. }) => (adam(0.5, 0.99), 5e-3),
            Some(Control::Between(GradientPenalty::TwoSided { .. })) => (adam(0.5, 0.9), 3e-3),
            _ => (adam(0.5, 0.9), 2e-3),
        };
        let wasserstein = objective == Objective::Wasserstein;
        Self {
            objective,
            control,
            conditional: false,
            critic: vec![64; 3],
            critic_activation: None,
            generator: vec![64; 3],
            latent: 2,
            steps: 5_000,
            batch: 128,
            critic_steps: CriticSteps::always(if wasserstein { 5 } else { 1 }),
            critic_rule,
            generator_rule: (adam(0.5, 0.9), 1e-3),
            schedule: Schedule::Linear,
            averaging: 0.99,
            referee: Referee::default(),
            seed: 0,
            networks: Networks::Mlp,
        }
    }

    /// By a name made of an objective and, behind a `+` or (for `wgan`) a `-`, a control: `wgan-gp`, `wgan-lp`, `wgan-clip`,
    /// `wgan-spectral`, `wgan-bjorck`, `wgan-finite-difference`, `wgan-div`, `ns`, `saturating`, `lsgan`, `hinge+spectral`, `rasgan`,
    /// `ralsgan+gp`, `ns+dragan`. `wgan` is `wgan-clip`, `sgan` is `ns`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        let (objective, control) = parts(name)?;
        Ok(Self::new(objective, control))
    }

    /// Sets the constants of the paper that introduced the method, where there is one: `wgan` (Arjovsky et al. 2017 and their code), `wgan-gp`
    /// (Gulrajani et al. 2017, `gan_toy.py`), `wgan-lp` (Petzka et al. 2018), `wgan-div` (Wu et al. 2018), `hinge+spectral` (Miyato et
    /// al. 2018), `ns+dragan` (Kodali et al. 2017); for all others Adam 2e-4 (0.5, 0.999) and one step of the critic
    /// (Jolicoeur-Martineau 2019, appendix).
    ///
    /// # Errors
    /// As [`Gan::named`].
    pub fn published(name: &str) -> Result<Self> {
        let mut gan = Self::named(name)?;
        let adam = |beta1, beta2, rate| (Rule::Adam { beta1, beta2, decay: 0.0 }, rate);
        let both = |gan: &mut Self, rule| (gan.critic_rule, gan.generator_rule) = (rule, rule);
        (gan.critic, gan.generator) = (vec![512; 3], vec![512; 3]);
        (gan.schedule, gan.averaging) = (Schedule::Constant, 0.0);
        (gan.steps, gan.batch) = (100_000, 256);
        match (&mut gan.control, gan.objective) {
            (Some(Control::Clip { bound }), Objective::Wasserstein) => {
                *bound = 0.01;
                both(&mut gan, (Rule::RmsProp { memory: 0.99 }, 5e-5));
                gan.batch = 64;
                gan.critic_steps = CriticSteps { usual: 5, many: 100, first: 25, every: 500 };
            }
            (Some(Control::Between(GradientPenalty::TwoSided { strength })), Objective::Wasserstein) => {
                *strength = 0.1;
                both(&mut gan, adam(0.5, 0.9, 1e-4));
                gan.critic_activation = Some(Activation::Relu);
            }
            (Some(Control::Between(GradientPenalty::OneSided { strength })), Objective::Wasserstein) => {
                *strength = 5.0;
                both(&mut gan, (Rule::RmsProp { memory: 0.9 }, 5e-5));
                gan.critic_steps = CriticSteps { usual: 10, many: 100, first: 25, every: 0 };
                gan.steps = 20_000;
            }
            (Some(Control::Spectral { .. }), Objective::Hinge) => {
                both(&mut gan, adam(0.0, 0.9, 2e-4));
                gan.critic_steps = CriticSteps::always(5);
            }
            (Some(Control::Around { .. }), _) => both(&mut gan, adam(0.5, 0.9, 1e-4)),
            _ => both(&mut gan, adam(0.5, 0.999, 2e-4)),
        }
        Ok(gan)
    }

    /// Sets the number of generator steps.
    #[must_use]
    pub fn with_steps(self, steps: u64) -> Self {
        Self { steps, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the architecture of the networks, with the sizes and rates that suit it: noise of dimension 32, batches of 64, and Adam
    /// at 5e-4 (for networks of points nothing is changed but the rate).
    #[must_use]
    pub fn with_networks(self, networks: Networks) -> Self {
        let rate = |(rule, rate): (Rule, f64)| match rule {
            Rule::Adam { decay, .. } => (Rule::Adam { beta1: 0.5, beta2: 0.9, decay }, 5e-4),
            _ => (rule, 0.25 * rate),
        };
        match networks {
            Networks::Mlp => Self { networks, ..self },
            Networks::Resnet { .. } => Self {
                networks,
                critic_rule: rate(self.critic_rule),
                generator_rule: rate(self.generator_rule),
                ..self
            },
            _ => Self {
                networks,
                latent: 32,
                batch: 64,
                critic_rule: rate(self.critic_rule),
                generator_rule: rate(self.generator_rule),
                ..self
            },
        }
    }

    /// Conditions both networks on the class.
    #[must_use]
    pub fn conditional(self) -> Self {
        Self { conditional: true, ..self }
    }

    /// The name, as [`Gan::named`] reads it.
    pub fn name(&self) -> String {
        let objective = self.objective.name();
        match self.control {
            None => objective.to_string(),
            Some(control) if self.objective == Objective::Wasserstein => format!("{objective}-{}", control.key()),
            Some(control) => format!("{objective}+{}", control.key()),
        }
    }

    /// What must be equal for a training to be resumed.
    pub(super) fn mark(&self, data: &Data) -> String {
        let gan = Self { steps: 0, referee: Referee { every: 0, ..self.referee }, ..self.clone() };
        // Trainings of perceptrons are marked as they were before there were others.
        let options = format!("{gan:?}").replace(", networks: Mlp", "");
        format!("{options} on {}", data.name())
    }

    pub(super) fn critic_architecture(&self, data: &Data) -> Result<Architecture> {
        let activation = self.control.map_or(Activation::LeakyRelu { slope: 0.2 }, Control::activation);
        let activation = self.critic_activation.unwrap_or(activation);
        let (shape, classes) = (shape(data), self.labels(data));
        let Some(layers) = self.networks.critic_layers(shape, classes > 0, activation)? else {
            return Ok(Architecture::mlp(data.dim() + classes, &self.critic, 1).with_activation(activation));
        };
        built("critic", Architecture::of(shape, classes, &layers), 1)
    }

    pub(super) fn generator_architecture(&self, data: &Data) -> Result<Architecture> {
        let last = match (data.letters(), data.image()) {
            (Some(_), _) => Some(Module::Softmax { temperature: 1.0 }),
            (None, Some(_)) => Some(Module::Activation(Activation::Tanh)),
            (None, None) => None,
        };
        let classes = self.labels(data);
        let Some(layers) = self.networks.generator_layers(shape(data), last)? else {
            return Ok(
                Architecture::mlp(self.latent + classes, &self.generator, data.dim()).with_activation(Activation::Relu)
            );
        };
        built("generator", Architecture::of([1, 1, self.latent], classes, &layers), data.dim())
    }

    /// How many inputs tell the class.
    pub(super) fn labels(&self, data: &Data) -> usize {
        if self.conditional { data.classes() } else { 0 }
    }

    pub(super) fn check(&self, data: &Data) -> Result<()> {
        let counts = [
            ("steps", self.steps),
            ("batch", self.batch as u64),
            ("latent", self.latent as u64),
            ("referee points", self.referee.points as u64),
            ("critic steps", self.critic_steps.usual),
        ];
        for (argument, count) in counts {
            require(argument, count as f64, count > 0, "at least 1 is needed")?;
        }
        for (argument, (_, rate)) in [("critic rate", self.critic_rule), ("generator rate", self.generator_rule)] {
            require(argument, rate, rate > 0.0 && rate.is_finite(), "a learning rate must be positive")?;
        }
        let averaging = self.averaging;
        require("averaging", averaging, (0.0..1.0).contains(&averaging), "a memory is at least 0 and below 1")?;
        if let Some(control) = self.control.filter(|control| control.is_dual()) {
            let why = format!(
                "{} is a form of the dual of its own, for a `NeuralCritic`; take gp, lp, bjorck or another",
                control.key()
            );
            return Err(Error::new("control", ErrorKind::Unsupported(why.into())));
        }
        if let Some(control) = self.control {
            control.check()?;
        } else if self.objective == Objective::Wasserstein {
            let why = "the Wasserstein objective has no bound without a control; take gp, lp, bjorck or another";
            return Err(Error::new("control", ErrorKind::Unsupported(why.into())));
        }
        let critic = self.critic_architecture(data)?;
        self.generator_architecture(data)?;
        if critic.mixes_points() && self.control.is_some_and(Control::penalises_points) {
            let why = "batch normalisation in the critic ties the points of a batch together, so that a penalty on the gradient at each \
                       point has no meaning (Gulrajani et al. 2017, §4); take layer-norm or instance-norm";
            return Err(Error::new("critic", ErrorKind::Unsupported(why.into())));
        }
        if data.dim() == 1 && self.control.is_some_and(Control::asks_for_slope_one) {
            let why = "a two-sided gradient penalty asks for slope 1 at every point, so that on one column the critic becomes a straight \
                       line and the generator learns no more than a shift; take the one-sided penalty, wgan-lp (or +lp)";
            return Err(Error::new("control", ErrorKind::Unsupported(why.into())));
        }
        if self.conditional && data.classes() < 2 {
            let why = "conditional training needs data of at least two classes";
            return Err(Error::new("conditional", ErrorKind::Unsupported(why.into())));
        }
        Ok(())
    }
}

/// What a point is to a network.
fn shape(data: &Data) -> [usize; 3] {
    data.image().unwrap_or([1, 1, data.dim()])
}

/// Refuses layers that do not fit, or end in another number of values.
fn built(argument: &'static str, architecture: Architecture, outputs: usize) -> Result<Architecture> {
    architecture.require().map_err(|error| error.about(argument))?;
    if architecture.outputs != outputs {
        let why = format!("its last layer makes {} values, and {outputs} are needed", architecture.outputs);
        return Err(Error::new(argument, ErrorKind::Unsupported(why.into())));
    }
    Ok(architecture)
}

/// Objective and control of a name.
fn parts(name: &str) -> Result<(Objective, Option<Control>)> {
    if name == "wgan" {
        return Ok((Objective::Wasserstein, Some(control("clip")?)));
    }
    if let Some((objective, held)) = name.split_once('+').or_else(|| name.split_once('-').filter(|(o, _)| *o == "wgan"))
    {
        return Ok((Objective::named(if objective == "sgan" { "ns" } else { objective })?, Some(control(held)?)));
    }
    Ok((Objective::named(if name == "sgan" { "ns" } else { name })?, None))
}

/// A control by name. A critic that drives a generator is asked for directions and not for a value: 10, as in the papers.
fn control(name: &str) -> Result<Control> {
    Ok(match Control::named(name)? {
        Control::Between(GradientPenalty::OneSided { .. }) => {
            Control::Between(GradientPenalty::OneSided { strength: 10.0 })
        }
        control => control,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gan::Toy;

    #[test]
    fn names_lead_back() {
        for name in [
            "wgan-gp",
            "wgan-lp",
            "wgan-clip",
            "wgan-finite-difference",
            "ns",
            "rasgan",
            "ralsgan+gp",
            "hinge+spectral",
        ] {
            assert_eq!(Gan::named(name).unwrap().name(), name);
            assert!(Gan::published(name).unwrap().critic[0] == 512);
        }
        assert_eq!(Gan::named("wgan").unwrap().name(), "wgan-clip");
        assert_eq!(Gan::named("sgan+dragan").unwrap().name(), "ns+dragan");
        for name in ["wgan-", "gan", "wgan+x", ""] {
            assert!(Gan::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_critic_has_its_steps() {
        let steps = CriticSteps { usual: 5, many: 100, first: 25, every: 500 };
        assert_eq!([0, 24, 25, 499, 500, 501].map(|k| steps.at(k)), [100, 100, 5, 5, 100, 5]);
        assert_eq!([0, 24, 25].map(|k| CriticSteps::always(3).at(k)), [3; 3]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let message = |change: fn(&mut Gan)| {
            let mut gan = Gan::named("wgan-gp").unwrap();
            change(&mut gan);
            gan.start(Data::toy(Toy::SwissRoll)).unwrap_err().to_string()
        };
        assert!(message(|gan| gan.steps = 0).starts_with("steps"));
        assert!(message(|gan| gan.batch = 0).starts_with("batch"));
        assert!(message(|gan| gan.latent = 0).starts_with("latent"));
        assert!(message(|gan| gan.referee.points = 0).starts_with("referee points"));
        assert!(message(|gan| gan.averaging = 1.0).starts_with("averaging"));
        assert!(message(|gan| gan.control = None).contains("no bound without a control"));
        assert!(message(|gan| gan.control = Some(Control::Transform)).contains("qp is a form of the dual"));
        assert!(message(|gan| gan.conditional = true).contains("two classes"));
        assert!(message(|gan| gan.generator_rule.1 = f64::NAN).starts_with("generator rate"));
        assert!(message(|gan| gan.critic = vec![0]).starts_with("hidden"));
    }
}
