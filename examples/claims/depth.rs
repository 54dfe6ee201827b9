//! Gradients through a deep critic.

use earthwork::critic::Control;
use earthwork::critic::net::Activation;
use earthwork::gan::{Data, Gan, Objective, Toy};
use earthwork::prelude::*;

use crate::{Effort, Verdict};

/// The factor by which the critic's gradient grows from one matrix to the one before it, in a critic of 12 layers.
fn growth(control: Control, steps: u64) -> Result<f64> {
    let mut gan = Gan::new(Objective::Wasserstein, Some(control)).with_steps(steps);
    (gan.critic, gan.critic_activation) = (vec![64; 12], Some(Activation::Relu));
    (gan.referee.every, gan.referee.points) = (0, 200);
    let mut training = gan.start(Data::toy(Toy::SwissRoll))?;
    while !training.is_done() {
        training.step()?;
    }
    let sizes = training.judge()?.activation_gradients;
    let (first, last) = (sizes[0].max(1e-300), sizes[sizes.len() - 2].max(1e-300));
    Ok((first / last).powf(1.0 / (sizes.len() - 2) as f64))
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = effort.steps(300);
    let clipped = [0.5, 0.1, 0.01].map(|bound| growth(Control::Clip { bound }, steps));
    let clipped: Vec<f64> = clipped.into_iter().collect::<Result<_>>()?;
    let gp = growth(Control::named("gp")?, steps)?;
    Ok(vec![Verdict {
        claim: "with clipped weights gradients explode or vanish with depth as c goes, with a penalty they do neither",
        measured: format!(
            "growth for each layer towards the input, 12 layers of 64: c = 0.5: {:.3}, c = 0.1: {:.3}, c = 0.01: {:.3}; GP: {gp:.3}",
            clipped[0], clipped[1], clipped[2]
        ),
        holds: clipped[0] > 1.3 && clipped[2] < 0.7 && (0.75..1.35).contains(&gp),
    }])
}
