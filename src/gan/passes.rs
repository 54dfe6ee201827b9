//! The gradients of one step, in either number type.

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use crate::critic::Control;
use crate::critic::net::{Network, Scalar};
use crate::gan::objective::Objective;
use crate::numeric::random::ChaCha8Rng;

/// Adds the gradient of the critic's loss, with the penalty of its control, to `sink`. Rows of both sides are points with their
/// labels behind the first `dim` coordinates, equal in each pair of rows. The loss without and with its penalty.
pub(super) fn critic_gradient<T: Scalar>(
    (objective, control): (Objective, Option<Control>),
    critic: &Network<T>,
    (real, generated): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    dim: usize,
    random: &mut ChaCha8Rng,
    sink: &mut [T],
) -> (f64, f64) {
    let n = real.nrows();
    let trace = critic.forward(concatenate![Axis(0), real, generated].view());
    let values: Vec<f64> = trace.values.iter().map(|v| v.to_f64()).collect();
    let loss = objective.critic(&values[..n], &values[n..]);
    let pulls: Vec<T> = loss.real.iter().chain(&loss.generated).map(|&d| T::of(d)).collect();
    critic.backward(&trace, column(pulls), sink);
    let penalty = control.map_or(0.0, |control| control.penalise(critic, real, generated, dim, random, sink));
    (loss.value, loss.value + penalty)
}

/// Adds the gradient of the generator's loss to `sink`, and returns the loss. `latent` is noise with `labels` behind it, `labels` has no
/// column without conditions; `real` as above, for objectives that compare.
pub(super) fn generator_gradient<T: Scalar>(
    objective: Objective,
    (generator, critic): (&Network<T>, &Network<T>),
    (latent, labels): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    real: Option<ArrayView2<'_, T>>,
    sink: &mut [T],
) -> f64 {
    let made = generator.forward(latent);
    let seen = critic.forward(concatenate![Axis(1), made.values, labels].view());
    let outputs = |values: &Array2<T>| values.iter().map(|v| v.to_f64()).collect::<Vec<f64>>();
    // Objectives that don't look at real points get any of the right number.
    let real = real.map_or_else(|| vec![0.0; latent.nrows()], |real| outputs(&critic.values(real)));
    let loss = objective.generator(&real, &outputs(&seen.values));
    let pulls = loss.generated.iter().map(|&d| T::of(d)).collect();
    let back = critic.input_gradient(&seen, column(pulls));
    let dim = made.values.ncols();
    generator.backward(&made, back.slice(s![.., ..dim]).to_owned(), sink);
    loss.value
}

fn column<T>(values: Vec<T>) -> Array2<T> {
    Array2::from_shape_vec((values.len(), 1), values).expect("one column")
}
