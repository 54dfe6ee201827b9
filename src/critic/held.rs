//! A network on its way, held by a control.

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::critic::method::Control;
use crate::critic::net::{Matrices, Network, Optimiser, Reparametrisation, Rule, Scalar};
use crate::error::Result;
use crate::numeric::random::ChaCha8Rng;

/// A network that is being trained under a control, or under none.
#[derive(Debug)]
pub(crate) struct Held<T> {
    control: Option<Control>,
    /// What is trained; the matrices of the network come from it.
    raw: Vec<T>,
    network: Network<T>,
    matrices: Matrices<T>,
    optimiser: Optimiser<T>,
}

/// What a [`Held`] goes on from.
#[derive(Debug)]
pub(crate) struct HeldMemory<T> {
    pub(crate) raw: Vec<T>,
    pub(crate) matrices: Vec<T>,
    pub(crate) steps: u64,
    pub(crate) first: Vec<T>,
    pub(crate) second: Vec<T>,
}

impl<T: Scalar> Held<T> {
    pub(crate) fn new(mut network: Network<T>, control: Option<Control>, rule: Rule) -> Self {
        let mut raw = network.parameters().to_vec();
        let kind = control.map_or(Reparametrisation::None, Control::reparametrisation);
        let mut matrices = Matrices::new(kind, &network);
        matrices.begin(&mut raw);
        matrices.write(&raw, &mut network);
        let optimiser = Optimiser::new(rule, raw.len());
        Self { control, raw, network, matrices, optimiser }
    }

    pub(crate) fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The network, for what is not a parameter of it.
    pub(crate) fn network_mut(&mut self) -> &mut Network<T> {
        &mut self.network
    }

    pub(crate) fn into_network(self) -> Network<T> {
        self.network
    }

    /// One step against `gradient`, that with respect to the parameters of the network; it is spoilt.
    pub(crate) fn step(&mut self, gradient: &mut [T], rate: f64) {
        self.matrices.pull_back(&self.network, gradient);
        self.matrices.retract(&mut self.raw, &self.network);
        self.optimiser.step(&mut self.raw, gradient, rate);
        if let Some(Control::Clip { bound }) = self.control {
            let bound = T::of(bound);
            self.raw.iter_mut().for_each(|p| *p = if *p > bound { bound } else { p.larger(-bound) });
        }
        self.matrices.write(&self.raw, &mut self.network);
    }

    pub(crate) fn memory(&self) -> HeldMemory<T> {
        let (steps, first, second) = self.optimiser.memory();
        HeldMemory {
            raw: self.raw.clone(),
            matrices: self.matrices.memory(),
            steps,
            first: first.to_vec(),
            second: second.to_vec(),
        }
    }

    /// Goes on as the one whose memory it was would have.
    pub(crate) fn recall(&mut self, memory: HeldMemory<T>) -> Result<()> {
        self.optimiser = self.optimiser.clone().with_memory(memory.steps, memory.first, memory.second)?;
        self.raw = memory.raw;
        self.matrices.recall(&memory.matrices, &self.raw, &mut self.network);
        Ok(())
    }
}

impl Control {
    /// The mean of what the control holds against a network between the points `x` and `y`, row by row; adds its gradient to
    /// `gradient`. Coordinates from `dim` on are labels: equal on both sides, and nothing is asked of the gradient along them.
    pub(crate) fn penalise<T: Scalar>(
        self,
        network: &Network<T>,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dim: usize,
        random: &mut ChaCha8Rng,
        gradient: &mut [T],
    ) -> f64 {
        match self {
            Self::Between(penalty) => network.penalise_along(between(x, y, random).view(), dim, penalty, gradient).0,
            Self::Around { penalty, spread } => {
                let deviation = T::of(spread) * deviation(x.slice(s![.., ..dim]));
                let mut around = x.to_owned();
                around.slice_mut(s![.., ..dim]).mapv_inplace(|v| {
                    let noise: f64 = StandardNormal.sample(random);
                    v + deviation * T::of(noise)
                });
                network.penalise_along(around.view(), dim, penalty, gradient).0
            }
            Self::Differences { strength } => {
                let n = x.nrows();
                let (u, v) = (between(x, y, random), between(x, y, random));
                let trace = network.forward(concatenate![Axis(0), u, v].view());
                let mut weights = Array2::zeros((2 * n, 1));
                let mut total = 0.0;
                for k in 0..n {
                    let gap = &u.row(k) - &v.row(k);
                    let distance = gap.dot(&gap).sqrt().larger(T::of(1e-6));
                    let rise = trace.values[[k, 0]] - trace.values[[n + k, 0]];
                    let over = rise.abs() / distance - T::one();
                    total += strength * over.to_f64().powi(2);
                    let sign = if rise < T::zero() { -T::one() } else { T::one() };
                    let weight = T::of(2.0 * strength / n as f64) * over * sign / distance;
                    weights[[k, 0]] = weight;
                    weights[[n + k, 0]] = -weight;
                }
                network.backward(&trace, weights, gradient);
                total / n as f64
            }
            _ => 0.0,
        }
    }
}

/// The standard deviation of some numbers.
fn deviation<T: Scalar>(values: ArrayView2<'_, T>) -> T {
    let n = T::of(values.len() as f64);
    let mean = values.sum() / n;
    (values.fold(T::zero(), |sum, &v| sum + (v - mean) * (v - mean)) / n).sqrt()
}

/// A random point on each segment from a row of `x` to the same row of `y`.
fn between<T: Scalar>(x: ArrayView2<'_, T>, y: ArrayView2<'_, T>, random: &mut ChaCha8Rng) -> Array2<T> {
    let mut out = x.to_owned();
    for (mut out, y) in out.rows_mut().into_iter().zip(y.rows()) {
        let part: f32 = random.random();
        let part = T::of(f64::from(part));
        out.iter_mut().zip(y).for_each(|(x, &y)| *x += part * (y - *x));
    }
    out
}
