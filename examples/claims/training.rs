//! Whole trainings: whether the loss means anything, and what learns faster.

use earthwork::gan::{CriticSteps, Data, Gan, Record, Toy, rank_correlation};
use earthwork::prelude::*;
use earthwork::transport::Interrupt;

use crate::{Effort, Verdict};

const NAMES: [&str; 4] = ["wgan-lp", "wgan-gp", "wgan-clip", "ns"];

fn records(name: &str, steps: u64, seed: u64) -> Result<Vec<Record>> {
    let mut gan = Gan::named(name)?.with_steps(steps).with_seed(seed);
    gan.critic_steps = CriticSteps::always(5);
    (gan.referee.every, gan.referee.points) = (steps / 30, 256);
    let mut training = gan.start(Data::toy(Toy::Ring8))?;
    let mut records = Vec::new();
    training.run(Interrupt::default(), &mut |record| records.push(record.clone()))?;
    Ok(records)
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = effort.steps(1200).max(60);
    let mut runs = Vec::new();
    for name in NAMES {
        runs.push([1, 2].map(|seed| records(name, steps, seed)).into_iter().collect::<Result<Vec<_>>>()?);
    }
    // The worse of two seeds: rank correlation of minus the critic's loss with exact W1, after the first record.
    let tracks = |k: usize| {
        let of = |run: &Vec<Record>| {
            let (loss, exact): (Vec<f64>, Vec<f64>) = run[1..].iter().map(|r| (-r.critic_loss, r.w1.value)).unzip();
            rank_correlation(&loss, &exact).unwrap_or(0.0)
        };
        runs[k].iter().map(of).fold(1.0, f64::min)
    };
    let found = [0, 1, 2, 3].map(tracks);
    let mean_w1 = |k: usize, part: usize| {
        let at = |run: &Vec<Record>| run[(run.len() - 1) * part / 4].w1.value;
        runs[k].iter().map(at).sum::<f64>() / runs[k].len() as f64
    };
    let course = |k: usize| {
        let parts: Vec<String> = (1..=4).map(|part| format!("{:.3}", mean_w1(k, part))).collect();
        format!("{}: {}", NAMES[k], parts.join(", "))
    };
    let table: Vec<String> = NAMES.iter().zip(found).map(|(name, rho)| format!("{name} {rho:.2}")).collect();
    Ok(vec![
        Verdict {
            claim: "the loss of a WGAN's critic follows the distance (rank correlation with exact W1 at least 0.8, LP and GP)",
            measured: format!("the worse of two seeds: {}", table.join(", ")),
            holds: found[0] >= 0.8 && found[1] >= 0.8,
        },
        Verdict {
            claim: "that of a standard GAN does not",
            measured: format!("the worse of two seeds: {}", table[3]),
            holds: found[3] < 0.8,
        },
        Verdict {
            claim: "a gradient penalty trains faster than clipping",
            measured: format!("exact W1 at each quarter of {steps} steps: {}; {}", course(1), course(2)),
            holds: (3..=4).all(|part| mean_w1(1, part) < mean_w1(2, part)),
        },
        Verdict {
            claim: "a one-sided penalty trains no slower than a two-sided one",
            measured: format!("the same: {}; {}", course(0), course(1)),
            holds: mean_w1(0, 4) <= mean_w1(1, 4),
        },
    ])
}
