//! What a generator learns from a critic that is nearly perfect.

use earthwork::gan::{CriticSteps, Data, Gan};
use earthwork::prelude::*;

use crate::{Effort, Verdict};

/// The norm of the generator's gradient before and after the critic has been trained alone, against data far away.
fn gradients(name: &str, steps: u64) -> Result<(f64, f64)> {
    let far: Vec<[f64; 2]> = (0..400).map(|k| [6.0 + f64::from(k % 20) / 20.0, f64::from(k / 20) / 20.0]).collect();
    let mut gan = Gan::named(name)?.with_steps(steps);
    // A generator that stands still.
    gan.generator_rule.1 = 1e-300;
    gan.critic_steps = CriticSteps::always(5);
    (gan.averaging, gan.referee.every, gan.referee.points) = (0.0, 0, 100);
    let mut training = gan.start(Data::samples(&Samples::new(far)?, 1)?)?;
    let norm = |gradients: &[f64]| gradients.iter().map(|g| g * g).sum::<f64>().sqrt();
    let before = norm(&training.judge()?.generator_gradients);
    while !training.is_done() {
        training.step()?;
    }
    Ok((before, norm(&training.judge()?.generator_gradients)))
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = effort.steps(1000);
    let mut found = Vec::new();
    for name in ["saturating", "ns", "wgan-gp", "wgan-lp"] {
        let (before, after) = gradients(name, steps)?;
        found.push((name, before, after));
    }
    let said = found.iter().map(|(name, before, after)| format!("{name}: {before:.1e} to {after:.1e}"));
    let kept = |k: usize| found[k].2 / found[k].1;
    Ok(vec![Verdict {
        claim: "under a well trained critic the saturating generator's gradient vanishes; the other forms and WGAN's do not",
        measured: format!(
            "norm of the gradient, critic untrained and trained: {}",
            said.collect::<Vec<_>>().join("; ")
        ),
        holds: kept(0) < 1e-2 && (1..4).all(|k| kept(k) > 0.1),
    }])
}
