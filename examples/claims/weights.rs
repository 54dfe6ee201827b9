//! Where the weights of a critic end up.

use earthwork::gan::{Data, Gan, Toy};
use earthwork::prelude::*;

use crate::{Effort, Verdict};

/// The share of weights beyond 97.5 % of the bound (of the largest one where there is no bound).
fn share(name: &str, steps: u64) -> Result<f64> {
    let mut gan = Gan::named(name)?.with_steps(steps);
    (gan.referee.every, gan.referee.points) = (0, 100);
    let mut training = gan.start(Data::toy(Toy::Ring8))?;
    while !training.is_done() {
        training.step()?;
    }
    if let Some(share) = training.judge()?.at_bound {
        return Ok(share);
    }
    let network = training.critic_network();
    let weights = network.weights(network.parameters()).concat();
    let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    Ok(weights.iter().filter(|w| w.abs() > 0.975 * largest).count() as f64 / weights.len() as f64)
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = effort.steps(1000);
    let (clip, gp) = (share("wgan-clip", steps)?, share("wgan-gp", steps)?);
    Ok(vec![Verdict {
        claim: "clipped weights pile up at the bounds ±c, those under a gradient penalty do not",
        measured: format!(
            "|w| > 0.975 c: {:.0} % of weights; beyond 97.5 % of the largest under GP: {:.2} %",
            100.0 * clip,
            100.0 * gp
        ),
        holds: clip > 0.3 && gp < 0.02,
    }])
}
