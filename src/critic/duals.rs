//! What a critic maximises on a batch: the dual problem of W₁ in its forms.
//!
//! All are written for f that is high on the source x and low on the target y, and as losses, which are minimised.

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use crate::critic::method::Control;
use crate::critic::net::{Architecture, Network, Optimiser, Rule, Scalar};
use crate::error::Result;

/// The form of the dual that a control stands for, with the second network that some of them train beside the critic.
#[derive(Debug)]
pub(super) enum Dual<T> {
    /// E f(x) − E f(y).
    Difference,
    /// E f(x) + E f^c(y), with the c-transform in the batch.
    Transform,
    /// The least of the first, the second, and the second with the sides exchanged.
    CoTransform,
    /// The c-transform by a network that moves points.
    Mover { mover: Second<T>, steps: u32 },
    /// E f(x) + E g(y), g free, with what f + g exceeds the cost by as a penalty.
    Slack { other: Second<T>, slack: Slack },
}

/// What f(x) + g(y) − |x − y| costs where the dual would have it at most 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slack {
    /// ε log E exp(s / ε).
    Entropic { epsilon: f64 },
    /// E max(s, 0)² / (4 ε).
    Quadratic { epsilon: f64 },
}

/// A second network and its optimiser.
#[derive(Debug)]
pub(super) struct Second<T> {
    network: Network<T>,
    optimiser: Optimiser<T>,
}

impl<T: Scalar> Second<T> {
    fn new(architecture: Architecture, rule: Rule, seed: u64) -> Result<Self> {
        let network = Network::new(architecture, seed)?;
        let optimiser = Optimiser::new(rule, network.parameters().len());
        Ok(Self { network, optimiser })
    }

    /// A step against the gradient that `add` leaves in its sink.
    fn step(&mut self, rate: f64, add: impl FnOnce(&Network<T>, &mut [T])) {
        let mut sink = vec![T::zero(); self.network.parameters().len()];
        add(&self.network, &mut sink);
        self.optimiser.step(self.network.parameters_mut(), &sink, rate);
    }
}

impl<T: Scalar> Dual<T> {
    /// The dual of a control, for critics of that architecture.
    pub(super) fn new(control: Control, critic: &Architecture, rule: Rule, seed: u64) -> Result<Self> {
        // Another seed: equal numbers in both networks would be a coincidence.
        let second = |outputs| Second::new(Architecture { outputs, ..critic.clone() }, rule, !seed);
        Ok(match control {
            Control::Transform => Self::Transform,
            Control::CoTransform => Self::CoTransform,
            Control::Mover { steps, .. } => Self::Mover { mover: second(critic.inputs)?, steps },
            Control::Entropic { epsilon } => Self::Slack { other: second(1)?, slack: Slack::Entropic { epsilon } },
            Control::Quadratic { epsilon } => Self::Slack { other: second(1)?, slack: Slack::Quadratic { epsilon } },
            _ => Self::Difference,
        })
    }

    /// Adds the gradient of the critic's loss on a batch to `sink`; the second network, where there is one, makes its steps.
    pub(super) fn step(
        &mut self,
        critic: &Network<T>,
        (x, y): (ArrayView2<'_, T>, ArrayView2<'_, T>),
        rate: f64,
        sink: &mut [T],
    ) {
        match self {
            Self::Difference => {
                difference(critic, x, y, sink);
            }
            Self::Transform => {
                transformed(critic, x, y, sink);
            }
            Self::CoTransform => {
                co_transformed(critic, x, y, sink);
            }
            Self::Mover { mover, steps } => {
                for _ in 0..*steps {
                    mover.step(rate, |mover, sink| {
                        moving(critic, mover, y, sink);
                    });
                }
                // What is left is the plain difference, with the moved points as the other side.
                let moved = moved(&mover.network, y);
                difference(critic, x, moved.view(), sink);
            }
            Self::Slack { other, slack } => {
                let slack = *slack;
                let mut own = vec![T::zero(); sink.len()];
                other.step(rate, |other, sink| {
                    slackened((critic, other), slack, (x, y), (&mut own, sink));
                });
                sink.iter_mut().zip(own).for_each(|(to, g)| *to += g);
            }
        }
    }

    /// The network that moves points, where there is one.
    pub(super) fn into_mover(self) -> Option<Network<T>> {
        match self {
            Self::Mover { mover, .. } => Some(mover.network),
            _ => None,
        }
    }
}

/// −E f(x) + E f(y).
fn difference<T: Scalar>(critic: &Network<T>, x: ArrayView2<'_, T>, y: ArrayView2<'_, T>, sink: &mut [T]) -> f64 {
    weighted(critic, x, y, sink, |_, x, y| even(x.nrows(), y.nrows()))
}

/// The derivatives of [`difference`] by the values of f at n and at m points.
fn even<T: Scalar>(n: usize, m: usize) -> Vec<T> {
    let mut pulls = vec![T::of(-1.0 / n as f64); n];
    pulls.resize(n + m, T::of(1.0 / m as f64));
    pulls
}

/// −E f(x) − E f^c(y) with f^c(y) = min over the x of the batch of |y − x| − f(x): each x gains by its own weight and loses by those of
/// the y that are nearest to it.
fn transformed<T: Scalar>(critic: &Network<T>, x: ArrayView2<'_, T>, y: ArrayView2<'_, T>, sink: &mut [T]) -> f64 {
    let mut gaps = 0.0;
    let loss = weighted(critic, x, y, sink, |values, x, y| {
        let (pulls, distance) = from_source(values, x, y);
        gaps = distance;
        pulls
    });
    loss - gaps
}

/// The largest of the losses of −E f(x) + E f(y), of [`transformed`], and of that with the sides exchanged, which is
/// E f(y) − E min over y of (|x − y| + f(y)): the step is on the estimate that is least, as long as the first is not.
fn co_transformed<T: Scalar>(critic: &Network<T>, x: ArrayView2<'_, T>, y: ArrayView2<'_, T>, sink: &mut [T]) -> f64 {
    let mut gaps = 0.0;
    let loss = weighted(critic, x, y, sink, |values, x, y| {
        let n = x.nrows();
        let plain = even(n, y.nrows());
        // f → −f with the sides exchanged is the same dual.
        let exchanged: Vec<T> = values[n..].iter().chain(&values[..n]).map(|&v| -v).collect();
        let (back, distance) = from_source(&exchanged, y, x);
        let other: Vec<T> = back[y.nrows()..].iter().chain(&back[..y.nrows()]).map(|&g| -g).collect();
        let forms = [from_source(values, x, y), (other, distance)];
        let estimate = |pulls: &[T], distance: f64| distance - product(pulls, values);
        let first = estimate(&plain, 0.0);
        for (pulls, distance) in forms {
            if estimate(&pulls, distance) < first {
                gaps = distance;
                return pulls;
            }
        }
        plain
    });
    loss - gaps
}

/// The derivatives of [`transformed`] by the values of f at x and y, and the mean distance of each y to its nearest x.
fn from_source<T: Scalar>(values: &[T], x: ArrayView2<'_, T>, y: ArrayView2<'_, T>) -> (Vec<T>, f64) {
    let weight = T::of(1.0 / y.nrows() as f64);
    let mut pulls = vec![T::of(-1.0 / x.nrows() as f64); x.nrows()];
    pulls.resize(values.len(), T::zero());
    let mut total = 0.0;
    for y in y.rows() {
        let costs = x.rows().into_iter().zip(values).enumerate().map(|(at, (x, &f))| {
            let gap = gap(x.iter().zip(y).map(|(&x, &y)| (x, y)));
            (at, gap - f, gap)
        });
        let nearest = costs.reduce(|best, found| if found.1 < best.1 { found } else { best });
        let (at, _, gap) = nearest.expect("a batch has points");
        pulls[at] += weight;
        total += gap.to_f64();
    }
    (pulls, total / y.nrows() as f64)
}

/// E (|y − H(y)| − f(H(y))) with H(y) = y + h(y), the loss of the mover h; adds its gradient to `sink`.
fn moving<T: Scalar>(critic: &Network<T>, mover: &Network<T>, y: ArrayView2<'_, T>, sink: &mut [T]) -> f64 {
    let trace = mover.forward(y);
    let weight = T::of(1.0 / y.nrows() as f64);
    let moved = &trace.values + &y;
    let seen = critic.forward(moved.view());
    let mut total = -seen.values.sum().to_f64();
    let mut back = critic.input_gradient(&seen, Array2::from_elem((y.nrows(), 1), -weight));
    for (mut back, way) in back.rows_mut().into_iter().zip(trace.values.rows()) {
        let length = way.dot(&way).sqrt();
        total += length.to_f64();
        if length > T::zero() {
            back.iter_mut().zip(way).for_each(|(back, &way)| *back += weight * way / length);
        }
    }
    mover.backward(&trace, back, sink);
    total / y.nrows() as f64
}

/// Where a mover takes points.
fn moved<T: Scalar>(mover: &Network<T>, points: ArrayView2<'_, T>) -> Array2<T> {
    mover.values(points) + points
}

/// −E f(x) − E g(y) plus what all pairs of the batch cost; adds its gradients by the parameters of f and of g to the two sinks.
fn slackened<T: Scalar>(
    (f, g): (&Network<T>, &Network<T>),
    slack: Slack,
    (x, y): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    sinks: (&mut [T], &mut [T]),
) -> f64 {
    let (n, m) = (x.nrows(), y.nrows());
    let (at_x, at_y) = (f.forward(x), g.forward(y));
    let mut excess = Array2::<f64>::zeros((n, m));
    for (i, x) in x.rows().into_iter().enumerate() {
        for (j, y) in y.rows().into_iter().enumerate() {
            let gap = gap(x.iter().zip(y).map(|(&x, &y)| (x, y)));
            excess[[i, j]] = (at_x.values[[i, 0]] + at_y.values[[j, 0]] - gap).to_f64();
        }
    }
    let pairs = (n * m) as f64;
    let cost = match slack {
        Slack::Quadratic { epsilon } => {
            let cost = excess.iter().map(|s| s.max(0.0).powi(2)).sum::<f64>() / (4.0 * epsilon * pairs);
            excess.mapv_inplace(|s| s.max(0.0) / (2.0 * epsilon * pairs));
            cost
        }
        Slack::Entropic { epsilon } => {
            let largest = excess.fold(f64::NEG_INFINITY, |a, &s| a.max(s));
            excess.mapv_inplace(|s| ((s - largest) / epsilon).exp());
            let total = excess.sum();
            excess /= total;
            largest + epsilon * (total / pairs).ln()
        }
    };
    let pulls = |sums: Vec<f64>| {
        let even = 1.0 / sums.len() as f64;
        Array2::from_shape_fn((sums.len(), 1), |(k, _)| T::of(sums[k] - even))
    };
    f.backward(&at_x, pulls(excess.sum_axis(Axis(1)).to_vec()), sinks.0);
    g.backward(&at_y, pulls(excess.sum_axis(Axis(0)).to_vec()), sinks.1);
    let mean = |values: &Array2<T>| values.sum().to_f64() / values.len() as f64;
    cost - mean(&at_x.values) - mean(&at_y.values)
}

/// Σ w f over x and y, with weights that `weigh` makes of the values of f there and that count as constants; adds its gradient to `sink`.
fn weighted<T: Scalar>(
    critic: &Network<T>,
    x: ArrayView2<'_, T>,
    y: ArrayView2<'_, T>,
    sink: &mut [T],
    weigh: impl FnOnce(&[T], ArrayView2<'_, T>, ArrayView2<'_, T>) -> Vec<T>,
) -> f64 {
    let both = concatenate![Axis(0), x, y];
    let trace = critic.forward(both.view());
    let values = trace.values.slice(s![.., 0]).to_vec();
    let pulls = weigh(&values, x, y);
    let loss = product(&pulls, &values);
    critic.backward(&trace, Array2::from_shape_fn((values.len(), 1), |(k, _)| pulls[k]), sink);
    loss
}

fn product<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

fn gap<T: Scalar>(pairs: impl Iterator<Item = (T, T)>) -> T {
    pairs.fold(T::zero(), |sum, (x, y)| sum + (x - y) * (x - y)).sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::critic::net::Activation;
    use crate::critic::net::differences::differences;
    use crate::numeric::stream;

    fn points(n: usize, seed: u64, shift: f64) -> Array2<f64> {
        let mut random = stream(seed, 0);
        Array2::from_shape_simple_fn((n, 2), || {
            let normal: f64 = StandardNormal.sample(&mut random);
            normal + shift
        })
    }

    fn network(outputs: usize, seed: u64) -> Network<f64> {
        Network::new(Architecture::mlp(2, &[6, 6], outputs).with_activation(Activation::Tanh), seed).unwrap()
    }

    fn check(network: &Network<f64>, loss: impl Fn(&Network<f64>, &mut [f64]) -> f64) {
        let count = network.parameters().len();
        let mut gradient = vec![0.0; count];
        loss(network, &mut gradient);
        let expected = differences(network, |network| loss(network, &mut vec![0.0; count]));
        let largest = gradient.iter().fold(1e-3_f64, |most, g| most.max(g.abs()));
        assert!(expected.iter().flatten().count() * 10 >= 9 * count);
        for (found, expected) in gradient.iter().zip(expected) {
            let Some(expected) = expected else { continue };
            assert!((found - expected).abs() <= 1e-7 * largest, "{found} is not {expected}");
        }
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (x, y) = (points(7, 1, 0.0), points(5, 2, 0.5));
        let (x, y) = (x.view(), y.view());
        let (critic, other, mover) = (network(1, 3), network(1, 4), network(2, 5));
        check(&critic, |f, sink| difference(f, x, y, sink));
        check(&critic, |f, sink| transformed(f, x, y, sink));
        for seed in 0..6 {
            check(&network(1, seed), |f, sink| co_transformed(f, x, y, sink));
        }
        check(&mover, |h, sink| moving(&critic, h, y, sink));
        for slack in [Slack::Quadratic { epsilon: 0.3 }, Slack::Entropic { epsilon: 0.3 }] {
            let nothing = || vec![0.0; critic.parameters().len()];
            check(&critic, |f, sink| slackened((f, &other), slack, (x, y), (sink, &mut nothing())));
            check(&other, |g, sink| slackened((&critic, g), slack, (x, y), (&mut nothing(), sink)));
        }
    }

    #[test]
    fn the_step_is_on_the_least_estimate() {
        let (x, y) = (points(7, 1, 0.0), points(5, 2, 0.5));
        let (x, y) = (x.view(), y.view());
        let mut seen = [false; 2];
        for seed in 0..20 {
            let critic = network(1, seed);
            let nothing = || vec![0.0; critic.parameters().len()];
            let [plain, forward] = [difference, transformed].map(|loss| -loss(&critic, x, y, &mut nothing()));
            let chosen = -co_transformed(&critic, x, y, &mut nothing());
            // A c-transform in the batch is a valid dual value of it, which no plain difference need be.
            assert!(chosen <= plain + 1e-12, "{chosen} {plain}");
            seen[usize::from(forward < plain)] = true;
            if forward < plain {
                assert!((chosen - forward).abs() < 1e-12);
            }
        }
        assert!(seen[1]);
    }

    #[test]
    fn transforms_never_exceed_the_distance_of_the_batch() {
        let (x, y) = (points(40, 1, 0.0), points(40, 2, 0.5));
        let samples = |points: &Array2<f64>| {
            let rows: Vec<[f64; 2]> = points.rows().into_iter().map(|row| [row[0], row[1]]).collect();
            crate::measure::Samples::new(rows).unwrap()
        };
        let exact = crate::exact::wasserstein(&samples(&x), &samples(&y), 1.0).unwrap().value;
        for seed in 0..10 {
            let critic = network(1, seed);
            let mut sink = vec![0.0; critic.parameters().len()];
            let value = -transformed(&critic, x.view(), y.view(), &mut sink);
            assert!(value <= exact + 1e-12, "{value} exceeds {exact}");
        }
    }
}
