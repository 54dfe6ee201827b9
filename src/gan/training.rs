//! Step by step.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use rand_distr::{Distribution, StandardNormal};

use crate::critic::Critic;
use crate::critic::held::{Held, HeldMemory};
use crate::critic::net::saved::{Reader, Writer};
use crate::critic::net::{Network, Optimiser};
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::exact::wasserstein;
use crate::gan::classifier::Classifier;
use crate::gan::data::Data;
use crate::gan::method::Gan;
use crate::gan::passes::{critic_gradient, generator_gradient};
use crate::gan::record::Record;
use crate::measure::{Points, Samples};
use crate::metrics::Metric;
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;
use crate::transport::{Interrupt, Progress, Silent, Status, Watch};

/// What random streams are for; the number of the step is added.
const CRITIC: u64 = 1 << 56;
const GENERATOR: u64 = 2 << 56;
const GENERATED: u64 = 3 << 56;
pub(super) const JUDGE: u64 = 4 << 56;
const REFEREE: u64 = 5 << 56;

/// An adversarial training on its way: see [`Gan::start`].
#[derive(Debug)]
pub struct Training {
    pub(super) gan: Gan,
    pub(super) data: Data,
    pub(super) generator: Network<f32>,
    optimiser: Optimiser<f32>,
    /// The running mean of the generator's parameters, where it is wanted.
    average: Option<Network<f32>>,
    pub(super) critic: Held<f32>,
    pub(super) step: u64,
    pub(super) critic_steps: u64,
    /// The referee's real points and their classes.
    pub(super) held_out: (Samples, Vec<usize>),
    /// What is measured beside the exact distances.
    pub(super) metrics: Vec<Metric>,
    /// What finds classes among images, where they have any.
    pub(super) classifier: Option<Classifier>,
}

impl Gan {
    /// A training that has made no step.
    ///
    /// # Errors
    /// When an option cannot be, or classes are wanted and the data has none.
    pub fn start(&self, data: Data) -> Result<Training> {
        self.check(&data)?;
        Training::new(self.clone(), data)?.with_classifier()
    }

    /// A training that goes on where [`Training::checkpoint`] was written, to the same bits as one that was never interrupted.
    ///
    /// Options and data must be those of the checkpoint, but for the number of steps and how often the referee is asked. A training can
    /// go on beyond the steps first asked for: its learning rate then goes down over all of them, and is above 0 again from here on.
    ///
    /// # Errors
    /// As [`Gan::start`], and when the checkpoint is damaged, of other data, or of other options.
    pub fn resume(&self, data: Data, checkpoint: &[u8]) -> Result<Training> {
        let mut training = self.start(data)?;
        training.restore(checkpoint)?;
        Ok(training)
    }
}

impl Training {
    pub(super) fn new(gan: Gan, data: Data) -> Result<Self> {
        let generator = Network::new(gan.generator_architecture(&data)?, gan.seed)?;
        // Another seed: equal numbers in both networks would be a coincidence.
        let critic = Network::new(gan.critic_architecture(&data)?, !gan.seed)?;
        let critic = Held::new(critic, gan.control, gan.critic_rule.0);
        let optimiser = Optimiser::new(gan.generator_rule.0, generator.parameters().len());
        let average = (gan.averaging > 0.0).then(|| generator.clone());
        let held_out = data.held_out_scaled(gan.referee.points, gan.seed ^ REFEREE)?;
        Ok(Self {
            gan,
            data,
            generator,
            optimiser,
            average,
            critic,
            step: 0,
            critic_steps: 0,
            held_out,
            metrics: Vec::new(),
            classifier: None,
        })
    }

    /// The same with a classifier for the referee, where the data has images of several classes.
    pub(super) fn with_classifier(mut self) -> Result<Self> {
        let parts = self.data.image_parts().filter(|_| self.data.classes() > 1);
        if let (Some(((train, labels), (held_out, held_out_labels))), Some(shape)) = (parts, self.data.image()) {
            let (train, held_out) = (self.networks_see(train), self.networks_see(held_out));
            let classes = self.data.classes();
            let held_out = (held_out.view(), held_out_labels);
            self.classifier = Some(Classifier::train(shape, (train.view(), labels), held_out, classes)?);
        }
        Ok(self)
    }

    /// Points in the units of the referee, centred and scaled as networks see them.
    pub(super) fn networks_see(&self, samples: &Samples) -> Array2<f32> {
        let (centre, scale) = (self.data.centre(), self.data.scale());
        Array2::from_shape_fn((samples.len(), self.data.dim()), |(i, k)| {
            ((samples.point(i)[k] - centre[k]) / scale) as f32
        })
    }

    /// Adds metrics that every [`Record`] has in addition to the exact distances: those of
    /// [`metrics::catalogue`](crate::metrics::catalogue), of [`compare::metrics`](crate::compare::metrics) by name, or your own.
    /// (`w1` and `w2` are left out: they are there already.) The training itself is not changed by what is measured.
    #[must_use]
    pub fn with_metrics(mut self, metrics: impl IntoIterator<Item = Metric>) -> Self {
        self.metrics = metrics.into_iter().filter(|metric| !["w1", "w2"].contains(&metric.key.as_str())).collect();
        self
    }

    /// The metrics that records have.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The options it was started with.
    pub fn options(&self) -> &Gan {
        &self.gan
    }

    /// The real side.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Steps of the generator so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Whether all steps are made.
    pub fn is_done(&self) -> bool {
        self.step >= self.gan.steps
    }

    /// One step of the generator, after those of the critic that belong to it. A record where the referee is due. Nothing when
    /// the training is done.
    ///
    /// # Errors
    /// When the training has diverged: a loss is no longer finite.
    pub fn step(&mut self) -> Result<Option<Record>> {
        if self.is_done() {
            return Ok(None);
        }
        let part = self.gan.schedule.factor(self.step, self.gan.steps);
        for _ in 0..self.gan.critic_steps.at(self.step) {
            self.step_critic(part)?;
        }
        self.step_generator(part)?;
        self.step += 1;
        let every = self.gan.referee.every;
        let due = self.is_done() || (every > 0 && self.step.is_multiple_of(every));
        if due { self.judge().map(Some) } else { Ok(None) }
    }

    /// Goes on to the end or to a limit (`iterations` are steps of the generator, counted from the very beginning), and hands over
    /// each record; a training that begins has one before its first step.
    ///
    /// `Converged` where all steps are made and the generated points are nearer to the real ones, by exact W₁, than those of the first
    /// parameters were; `Stalled` where all steps are made and they are not.
    ///
    /// # Errors
    /// As [`Training::step`].
    pub fn run(&mut self, interrupt: Interrupt, receive: &mut dyn FnMut(&Record)) -> Result<Status> {
        let mut silent = Silent;
        let mut watch = Watch::new(interrupt, &mut silent);
        if self.step == 0 {
            receive(&self.judge()?);
        }
        while !self.is_done() {
            if let Some(status) = watch.check(&Progress { iterations: self.step, ..Progress::default() }) {
                return Ok(status);
            }
            if let Some(record) = self.step()? {
                receive(&record);
            }
        }
        Ok(if self.has_learned()? { Status::Converged } else { Status::Stalled })
    }

    /// Whether generated points are nearer to the held-out real ones, by exact W₁, than those of the parameters that the training began
    /// with.
    ///
    /// # Errors
    /// When the training has diverged.
    pub fn has_learned(&self) -> Result<bool> {
        let distance = |training: &Self| -> Result<f64> {
            Ok(wasserstein(&training.referees_points()?.0, &self.held_out.0, 1.0)?.value)
        };
        let begun = Self::new(self.gan.clone(), self.data.clone())?;
        Ok(distance(self)? < distance(&begun)?)
    }

    /// `n` generated points in the units of the data, with uniform weights.
    ///
    /// # Errors
    /// When `n` is 0, or the training has diverged.
    pub fn generate(&self, n: usize, seed: u64) -> Result<Samples> {
        Ok(self.generate_labelled(n, seed)?.0)
    }

    /// Generates points with the class that was asked for, drawn as the data draws it; 0 where the generator is not conditional.
    ///
    /// # Errors
    /// As [`Training::generate`].
    pub fn generate_labelled(&self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        require("n", n as f64, n > 0, "at least 1 is needed")?;
        let (generated, labels) = self.generate_labelled_scaled(n, seed)?;
        Ok((self.data.restored(generated)?, labels))
    }

    pub(super) fn generate_labelled_scaled(&self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        let mut random = stream(seed, GENERATED);
        let labels: Vec<usize> =
            if self.gan.conditional { (0..n).map(|_| self.data.draw_class(&mut random)).collect() } else { vec![0; n] };
        Ok((self.generate_scaled(&labels, &mut random)?, labels))
    }

    /// `n` generated points of one class.
    ///
    /// # Errors
    /// As [`Training::generate`], and when there is no such class or the training is not conditional.
    pub fn generate_class(&self, n: usize, class: usize, seed: u64) -> Result<Samples> {
        require("n", n as f64, n > 0, "at least 1 is needed")?;
        let classes = self.gan.labels(&self.data);
        require(
            "class",
            class as f64,
            class < classes,
            "it must be below the number of classes of a conditional training",
        )?;
        self.generate_from(&vec![class; n], &mut stream(seed, GENERATED))
    }

    fn generate_from(&self, labels: &[usize], random: &mut ChaCha8Rng) -> Result<Samples> {
        self.data.restored(self.generate_scaled(labels, random)?)
    }

    /// Generated points in the units in which the referee measures.
    fn generate_scaled(&self, labels: &[usize], random: &mut ChaCha8Rng) -> Result<Samples> {
        let noise = self.noise(labels.len(), random);
        self.placed(&self.made(self.generator_network(), &noise, labels))
    }

    /// The training image nearest to each of `images`, in the units of the data; none where the data has no images.
    pub fn nearest_real(&self, images: &Samples) -> Option<Samples> {
        let ((train, _), _) = self.data.image_parts().filter(|_| images.dim() == self.data.dim())?;
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let nearest = |image: &[f64]| {
            let far = train.points().iter().map(|point| distance(image, point)).enumerate();
            far.fold((0, f64::INFINITY), |best, found| if found.1 < best.1 { found } else { best }).0
        };
        let rows: Vec<f64> = images.points().iter().flat_map(|image| train.point(nearest(image))).copied().collect();
        Samples::new(Points::from_rows(rows, train.dim()).ok()?).ok()
    }

    /// The critic as a function on R^d with a proven Lipschitz constant, of points in [`Data::units`] where there are some; none where it
    /// is told classes.
    pub fn critic(&self) -> Option<Critic> {
        let (centre, scale) = (self.data.centre().to_vec(), self.data.scale());
        let method = self.gan.control.map_or("critic, not controlled", |control| control.name());
        (!self.gan.conditional).then(|| Critic::new(self.critic.network(), centre, scale, method, self.gan.seed))
    }

    /// The critic's values at some points, in units of length; the mean over all classes where it is told one. Of length n.
    ///
    /// # Errors
    /// When the points have another dimension than the data.
    pub fn critic_values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        require_dimension("points", points.ncols(), self.data.dim())?;
        let given = Samples::new(Points::from_rows(points.iter().copied().collect::<Vec<f64>>(), self.data.dim())?)?;
        let scaled = self.data.scaled(&given)?;
        let points = scaled.points().view();
        let (centre, scale) = (self.data.centre(), self.data.scale());
        let seen = Array2::from_shape_fn(points.dim(), |(i, k)| ((points[[i, k]] - centre[k]) / scale) as f32);
        let classes = self.gan.labels(&self.data);
        let mut total = Array1::zeros(points.nrows());
        for class in 0..classes.max(1) {
            let labels = one_hot(&vec![class; points.nrows()], classes);
            let values = self.critic.network().values(concatenate![Axis(1), seen, labels].view());
            total += &values.column(0).mapv(|v| f64::from(v) * scale / classes.max(1) as f64);
        }
        Ok(total)
    }

    /// The critic's network. It reads (x − centre) / scale, then the class where it is told one.
    pub fn critic_network(&self) -> &Network<f32> {
        self.critic.network()
    }

    /// The generator's network, or the running mean of its parameters where that is kept. It reads noise, then the class.
    pub fn generator_network(&self) -> &Network<f32> {
        self.average.as_ref().unwrap_or(&self.generator)
    }

    /// The whole state as a safetensors file, for [`Gan::resume`]: both networks (`generator.0.weight`, ...), what the optimisers
    /// remember, and the step, which is the position of all random streams.
    pub fn checkpoint(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.note("kind", "gan");
        writer.note("training", self.gan.mark(&self.data));
        writer.note("step", self.step);
        writer.note("critic_steps", self.critic_steps);
        writer.network("generator.", &self.generator);
        if let Some(average) = &self.average {
            writer.network("average.", average);
        }
        let (steps, first, second) = self.optimiser.memory();
        writer.note("generator.optimiser.steps", steps);
        writer.array("generator.optimiser.first", &[first.len()], first);
        writer.array("generator.optimiser.second", &[second.len()], second);
        let held = self.critic.memory();
        writer.network("critic.", self.critic.network());
        writer.note("critic.optimiser.steps", held.steps);
        for (name, values) in [
            ("critic.raw", &held.raw),
            ("critic.matrices", &held.matrices),
            ("critic.optimiser.first", &held.first),
            ("critic.optimiser.second", &held.second),
        ] {
            writer.array(name, &[values.len()], values);
        }
        writer.bytes()
    }

    pub(super) fn restore(&mut self, checkpoint: &[u8]) -> Result<()> {
        let damaged = |error: Error| error.about("checkpoint");
        let reader = Reader::new(checkpoint).map_err(damaged)?;
        let (found, expected) = (reader.note("training").map_err(damaged)?, self.gan.mark(&self.data));
        if found != expected {
            let why = format!("it is of another training: `{found}`, and this is `{expected}`");
            return Err(Error::new("checkpoint", ErrorKind::Unsupported(why.into())));
        }
        self.take(&reader).map_err(damaged)
    }

    fn take(&mut self, reader: &Reader<'_>) -> Result<()> {
        let network = |prefix: &str, like: &Network<f32>| {
            let network: Network<f32> = reader.network(prefix)?;
            let (found, expected) = (network.parameters().len(), like.parameters().len());
            let reason = "the networks have as many";
            let kind = ErrorKind::Length { what: "parameters", expected, found, reason };
            if found == expected { Ok(network) } else { Err(Error::new(prefix.to_string(), kind)) }
        };
        let generator = network("generator.", &self.generator)?;
        let average = if self.average.is_some() { Some(network("average.", &self.generator)?) } else { None };
        let optimiser = self.optimiser.clone().with_memory(
            reader.number("generator.optimiser.steps")?,
            reader.array("generator.optimiser.first")?,
            reader.array("generator.optimiser.second")?,
        )?;
        self.critic.recall(HeldMemory {
            raw: reader.array("critic.raw")?,
            matrices: reader.array("critic.matrices")?,
            steps: reader.number("critic.optimiser.steps")?,
            first: reader.array("critic.optimiser.first")?,
            second: reader.array("critic.optimiser.second")?,
        })?;
        if !self.critic.network().statistics().is_empty() {
            let critic: Network<f32> = network("critic.", self.critic.network())?;
            self.critic.network_mut().statistics_mut().copy_from_slice(critic.statistics());
        }
        (self.step, self.critic_steps) = (reader.number("step")?, reader.number("critic_steps")?);
        (self.generator, self.average, self.optimiser) = (generator, average, optimiser);
        Ok(())
    }

    fn step_critic(&mut self, part: f64) -> Result<()> {
        let mut random = self.random(CRITIC, self.critic_steps);
        let (real, labels) = self.real(&mut random);
        let noise = self.noise(self.gan.batch, &mut random);
        let made = self.made_in_training(&noise, &labels);
        let classes = one_hot(&labels, self.gan.labels(&self.data));
        let (x, y) = (concatenate![Axis(1), real, classes], concatenate![Axis(1), made, classes]);
        let network = self.critic.network();
        let mut sink = vec![0.0; network.parameters().len()];
        let rules = (self.gan.objective, self.gan.control);
        let (_, loss) = critic_gradient(rules, network, (x.view(), y.view()), self.data.dim(), &mut random, &mut sink);
        self.require_finite(loss, "critic")?;
        if !network.statistics().is_empty() {
            let trace = network.forward(concatenate![Axis(0), x, y].view());
            self.critic.network_mut().absorb(&trace);
        }
        self.critic.step(&mut sink, self.gan.critic_rule.1 * part);
        self.critic_steps += 1;
        Ok(())
    }

    fn step_generator(&mut self, part: f64) -> Result<()> {
        let mut random = self.random(GENERATOR, self.step);
        let (real, labels) = if self.gan.objective.compares() {
            let (real, labels) = self.real(&mut random);
            (Some(real), labels)
        } else {
            (None, (0..self.gan.batch).map(|_| self.data.draw_class(&mut random)).collect())
        };
        let classes = one_hot(&labels, self.gan.labels(&self.data));
        let latent = concatenate![Axis(1), self.noise(self.gan.batch, &mut random), classes];
        let real = real.map(|real| concatenate![Axis(1), real, classes]);
        let mut sink = vec![0.0; self.generator.parameters().len()];
        let loss = generator_gradient(
            self.gan.objective,
            (&self.generator, self.critic.network()),
            (latent.view(), classes.view()),
            real.as_ref().map(|real| real.view()),
            &mut sink,
        );
        self.require_finite(loss, "generator")?;
        if !self.generator.statistics().is_empty() {
            let trace = self.generator.forward(latent.view());
            self.generator.absorb(&trace);
        }
        self.optimiser.step(self.generator.parameters_mut(), &sink, self.gan.generator_rule.1 * part);
        if let Some(average) = &mut self.average {
            // A short memory at first, so that the random beginning is forgotten.
            let memory = self.gan.averaging.min((1.0 + self.step as f64) / (10.0 + self.step as f64)) as f32;
            for (mean, &now) in average.parameters_mut().iter_mut().zip(self.generator.parameters()) {
                *mean = memory * *mean + (1.0 - memory) * now;
            }
            average.statistics_mut().copy_from_slice(self.generator.statistics());
        }
        Ok(())
    }

    /// A batch of real points, and their classes.
    fn real(&self, random: &mut ChaCha8Rng) -> (Array2<f32>, Vec<usize>) {
        let mut points = Array2::zeros((self.gan.batch, self.data.dim()));
        let mut labels = Vec::with_capacity(self.gan.batch);
        self.data.draw(random, &mut points, &mut labels);
        (points, labels)
    }

    pub(super) fn noise(&self, n: usize, random: &mut ChaCha8Rng) -> Array2<f32> {
        Array2::from_shape_simple_fn((n, self.gan.latent), || StandardNormal.sample(random))
    }

    /// What a generator makes of noise, as networks see it.
    fn made(&self, generator: &Network<f32>, noise: &Array2<f32>, labels: &[usize]) -> Array2<f32> {
        generator.values(concatenate![Axis(1), *noise, one_hot(labels, self.gan.labels(&self.data))].view())
    }

    /// The same for a step of the critic: with the moments of the batch, where the generator normalises over batches.
    fn made_in_training(&self, noise: &Array2<f32>, labels: &[usize]) -> Array2<f32> {
        if self.generator.statistics().is_empty() {
            return self.made(&self.generator, noise, labels);
        }
        let classes = one_hot(labels, self.gan.labels(&self.data));
        self.generator.forward(concatenate![Axis(1), *noise, classes].view()).values.clone()
    }

    /// Points as networks see them, in the units in which the referee measures.
    fn placed(&self, made: &Array2<f32>) -> Result<Samples> {
        let (centre, scale) = (self.data.centre(), self.data.scale());
        let rows: Vec<f64> = made.indexed_iter().map(|((_, k), &v)| f64::from(v) * scale + centre[k]).collect();
        if rows.iter().any(|v| !v.is_finite()) {
            return Err(self.diverged("a generated point"));
        }
        Samples::new(Points::from_rows(rows, self.data.dim())?)
    }

    /// The generated points that the referee looks at: always from the same noise, so that records differ by the training alone, and
    /// of the classes of the real points.
    pub(super) fn referees_points(&self) -> Result<(Samples, Vec<usize>)> {
        let (n, seed) = (self.gan.referee.points, self.referee_seed(0));
        let (real, classes) = &self.held_out;
        if !self.gan.conditional || !real.weights().is_uniform() {
            return self.generate_labelled_scaled(n, seed);
        }
        let classes: Vec<usize> = classes.iter().copied().cycle().take(n).collect();
        Ok((self.generate_scaled(&classes, &mut stream(seed, GENERATED))?, classes))
    }

    pub(super) fn referee_seed(&self, k: u64) -> u64 {
        self.gan.seed ^ (REFEREE + (k + 1) * (1 << 40))
    }

    pub(super) fn random(&self, purpose: u64, step: u64) -> ChaCha8Rng {
        stream(self.gan.seed, purpose + step)
    }

    fn require_finite(&self, loss: f64, whose: &str) -> Result<()> {
        if loss.is_finite() { Ok(()) } else { Err(self.diverged(&format!("the loss of the {whose}"))) }
    }

    fn diverged(&self, what: &str) -> Error {
        let why = format!(
            "it has diverged at step {}: {what} is no longer finite; lower the learning rates, or hold the critic by a control",
            self.step
        );
        Error::new("training", ErrorKind::Unsupported(why.into()))
    }
}

/// One row for each label with a 1 at its place; no columns for no classes.
pub(super) fn one_hot(labels: &[usize], classes: usize) -> Array2<f32> {
    Array2::from_shape_fn((labels.len(), classes), |(i, k)| if labels[i] == k { 1.0 } else { 0.0 })
}
