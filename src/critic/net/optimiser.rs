//! From a gradient to a step.

use crate::critic::net::Scalar;
use crate::error::{Error, ErrorKind, Result};

/// How a gradient becomes a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// v ← μ v + g, θ ← θ − η v.
    Sgd {
        /// μ; 0 for none.
        momentum: f64,
    },
    /// θ ← θ − η g / (√v + 1e-8), v the running mean of g² with the given memory: Tieleman & Hinton 2012. WGAN uses it.
    RmsProp {
        /// The memory of v; 0.99 in PyTorch, 0.9 in TensorFlow.
        memory: f64,
    },
    /// Kingma & Ba, "Adam", 2015, algorithm 1, with decoupled weight decay: Loshchilov & Hutter, "AdamW", 2019.
    Adam {
        /// The memory of the mean; 0 or 0.5 for adversarial training.
        beta1: f64,
        /// The memory of the mean square.
        beta2: f64,
        /// How much of η θ is taken off in each step; 0 for Adam.
        decay: f64,
    },
}

/// How the learning rate goes down over a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// In a straight line to 0 at the last step.
    Linear,
    /// Along half a cosine to 0 at the last step.
    Cosine,
}

impl Schedule {
    /// The factor at step `step` of `steps`.
    pub fn factor(self, step: u64, steps: u64) -> f64 {
        let part = step as f64 / steps.max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - part,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * part).cos()),
        }
    }
}

/// A rule, and what it remembers of the gradients so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimiser<T> {
    rule: Rule,
    steps: u64,
    first: Vec<T>,
    second: Vec<T>,
}

impl<T: Scalar> Optimiser<T> {
    /// An optimiser of so many parameters that has seen nothing.
    pub fn new(rule: Rule, parameters: usize) -> Self {
        let memory = |wanted: bool| vec![T::zero(); if wanted { parameters } else { 0 }];
        let first = matches!(rule, Rule::Sgd { momentum } if momentum != 0.0) || matches!(rule, Rule::Adam { .. });
        let second = !matches!(rule, Rule::Sgd { .. });
        Self { rule, steps: 0, first: memory(first), second: memory(second) }
    }

    /// How many steps it has made, and what it remembers: the running means of gradients and of their squares, each empty where
    /// the rule has none.
    pub fn memory(&self) -> (u64, &[T], &[T]) {
        (self.steps, &self.first, &self.second)
    }

    /// An optimiser that goes on from what [`Optimiser::memory`] gave.
    ///
    /// # Errors
    /// When the lengths are not those of this rule.
    pub fn with_memory(self, steps: u64, first: Vec<T>, second: Vec<T>) -> Result<Self> {
        for (expected, found) in [(self.first.len(), first.len()), (self.second.len(), second.len())] {
            if expected != found {
                let reason = "the optimiser remembers as many";
                return Err(Error::new("memory", ErrorKind::Length { what: "numbers", expected, found, reason }));
            }
        }
        Ok(Self { steps, first, second, ..self })
    }

    /// Moves `parameters` against `gradient` at learning rate `rate`.
    ///
    /// # Panics
    /// When the lengths differ from that given at the beginning.
    pub fn step(&mut self, parameters: &mut [T], gradient: &[T], rate: f64) {
        assert_eq!(parameters.len(), gradient.len(), "one derivative for each parameter");
        self.steps += 1;
        match self.rule {
            Rule::Sgd { momentum: 0.0 } => {
                let rate = T::of(rate);
                parameters.iter_mut().zip(gradient).for_each(|(p, &g)| *p -= rate * g);
            }
            Rule::Sgd { momentum } => {
                let (rate, momentum) = (T::of(rate), T::of(momentum));
                for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(&mut self.first) {
                    *v = momentum * *v + g;
                    *p -= rate * *v;
                }
            }
            Rule::RmsProp { memory } => {
                let (rate, memory, new, tiny) = (T::of(rate), T::of(memory), T::of(1.0 - memory), T::of(1e-8));
                for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(&mut self.second) {
                    *v = memory * *v + new * g * g;
                    *p -= rate * g / (v.sqrt() + tiny);
                }
            }
            Rule::Adam { beta1, beta2, decay } => {
                let unbias = |beta: f64| 1.0 - beta.powi(self.steps.min(i32::MAX as u64) as i32);
                let (rate_now, root) = (T::of(rate / unbias(beta1)), T::of(1.0 / unbias(beta2).sqrt()));
                let (b1, n1, b2, n2) = (T::of(beta1), T::of(1.0 - beta1), T::of(beta2), T::of(1.0 - beta2));
                let (kept, tiny) = (T::of(1.0 - rate * decay), T::of(1e-8));
                for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(&mut self.first).zip(&mut self.second)
                {
                    *m = b1 * *m + n1 * g;
                    *v = b2 * *v + n2 * g * g;
                    *p = *p * kept - rate_now * *m / (v.sqrt() * root + tiny);
                }
            }
        }
    }
}
