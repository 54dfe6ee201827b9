//! A penalty on slopes between far points.

use earthwork::critic::{Control, Funnels, NeuralCritic};
use earthwork::prelude::*;

use crate::{Effort, Verdict};

/// The raw value over the true W1, and the largest gradient at fresh points.
fn critic(name: &str, pair: &Funnels, steps: u64) -> Result<(f64, f64)> {
    let critic = NeuralCritic::new(Control::named(name)?).with_steps(steps);
    let critic = critic.fit_streams(pair.dim(), |side, random, out| pair.draw(side, random, out))?;
    let marks = pair.examine(&critic, 2000, 5)?;
    let gradients = critic.gradients(pair.source(2000, 6)?.points().view())?;
    let steepest = gradients.rows().into_iter().map(|g| g.dot(&g).sqrt()).fold(0.0, f64::max);
    Ok((marks.raw / marks.truth.value, steepest))
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let pair = Funnels::new(8, 16, 2)?;
    let steps = effort.steps(1500);
    let (differences, penalty) = (critic("finite-difference", &pair, steps)?, critic("gp", &pair, steps)?);
    Ok(vec![Verdict {
        claim: "a penalty on finite differences between points on the way does what a gradient penalty does",
        measured: format!(
            "dimension 8: raw value {:.2} x the true W1 and gradients up to {:.1}; gradient penalty {:.2} x and {:.1}",
            differences.0, differences.1, penalty.0, penalty.1
        ),
        holds: (differences.0 / penalty.0 - 1.0).abs() < 0.1 && differences.1 < 1.3 * penalty.1,
    }])
}
