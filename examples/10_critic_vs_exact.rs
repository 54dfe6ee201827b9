//! What a critic's value says about W1: eight ways to train one, beside the exact distance of the same samples.
//!
//! ```text
//! cargo run --release --example 10_critic_vs_exact
//! cargo run --release --example 10_critic_vs_exact -- 2000      # steps of training
//! ```

use earthwork::critic::{Control, ExactDual, Funnels, NeuralCritic};
use earthwork::prelude::*;

const METHODS: [&str; 8] = ["lp", "gp", "bjorck", "spectral", "clip", "finite-difference", "dragan", "div"];

fn main() -> Result<()> {
    let steps = std::env::args().nth(1).map_or(150, |steps| steps.parse().expect("a number of steps"));
    // Two distributions whose W1 and optimal critic are known.
    let pair = Funnels::new(2, 4, 1)?;
    let truth = pair.distance(100_000, 2)?;
    let (x, y) = (pair.source(1000, 3)?, pair.target(1000, 4)?);
    let fresh = pair.source(1000, 5)?;
    let exact = wasserstein(&x, &y, 1.0)?;
    println!("W1 of the distributions  {:.4} ± {:.4}", truth.value, truth.std_error().expect("it is a mean"));
    println!("W1 of 1000 points each   {:.4}, proven\n", exact.value);

    println!("{:<18} {:>9} {:>10} {:>13} {:>7}", "critic", "raw value", "Lip f <=", "proven bound", "cosine");
    for name in METHODS {
        let critic = NeuralCritic::new(Control::named(name)?).with_steps(steps).fit(&x, &y)?;
        let bound = critic.bound(&x, &y)?;
        // Whatever the training did, this holds.
        assert!(bound.value <= exact.value);
        let gradients = critic.gradients(fresh.points().view())?;
        let score = pair.score(fresh.points().view(), gradients.view());
        let raw = critic.raw(&x, &y)?;
        println!("{name:<18} {raw:>9.4} {:>10.3} {:>13.4} {:>7.3}", critic.lipschitz(), bound.value, score.cosine);
    }

    // The optimal potentials of the samples are a critic too, and in the plane the best one.
    let dual = ExactDual::fit(&x, &y)?;
    let gradients = dual.gradients(fresh.points().view())?;
    let score = pair.score(fresh.points().view(), gradients.view());
    println!("{:<18} {:>9.4} {:>10.3} {:>13.4} {:>7.3}", "exact dual", exact.value, 1.0, exact.lower(), score.cosine);
    Ok(())
}
