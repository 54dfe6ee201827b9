//! Whole trainings: whether the loss means anything, and what learns faster.

use earthwork::gan::{CriticSteps, Data, Gan, Record, Toy, rank_correlation};
use earthwork::prelude::*;
use earthwork::transport::Interrupt;

use crate::{Effort, Verdict};

/// What is trained, and steps of the critic for each of the generator.
const RUNS: [(&str, u64); 5] = [("wgan-lp", 5), ("wgan-gp", 5), ("wgan-clip", 5), ("ns", 5), ("wgan-gp", 10)];
const SEEDS: [u64; 3] = [1, 2, 3];
/// Records of a training; the one before the first step is left out, whose critic knows nothing.
const RECORDS: u64 = 30;

fn records((name, critic_steps): (&str, u64), steps: u64, seed: u64) -> Result<Vec<Record>> {
    let mut gan = Gan::named(name)?.with_steps(steps).with_seed(seed);
    gan.critic_steps = CriticSteps::always(critic_steps);
    // The points that are judged are those of the generator that the critic has seen, not of a mean of it.
    gan.averaging = 0.0;
    (gan.referee.every, gan.referee.points) = (steps / RECORDS, 256);
    let mut training = gan.start(Data::toy(Toy::Ring8))?;
    let mut records = Vec::new();
    training.run(Interrupt::default(), &mut |record| records.push(record.clone()))?;
    Ok(records.split_off(1))
}

/// The middle one of three.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = effort.steps(1200).max(2 * RECORDS);
    let mut runs = Vec::new();
    for run in RUNS {
        runs.push(SEEDS.map(|seed| records(run, steps, seed)).into_iter().collect::<Result<Vec<_>>>()?);
    }
    // Rank correlation of minus the critic's loss with exact W1.
    let tracks = |k: usize| -> Vec<f64> {
        let of = |run: &Vec<Record>| {
            let (loss, exact): (Vec<f64>, Vec<f64>) = run.iter().map(|r| (-r.critic_loss, r.w1.value)).unzip();
            rank_correlation(&loss, &exact).unwrap_or(0.0)
        };
        runs[k].iter().map(of).collect()
    };
    let found = [0, 1, 2, 3, 4].map(tracks);
    let said = |k: usize| {
        let each: Vec<String> = found[k].iter().map(|rho| format!("{rho:.2}")).collect();
        format!("{} {}", RUNS[k].0, each.join(" "))
    };
    // Exact W1 of each seed at each quarter: the mean of the records of the last tenth before it.
    let at = |run: &Vec<Record>, part: usize| {
        let end = run.len() * part / 4;
        run[end - run.len() / 10..end].iter().map(|r| r.w1.value).sum::<f64>() / (run.len() / 10) as f64
    };
    let quarter = |k: usize, part: usize| -> Vec<f64> { runs[k].iter().map(|run| at(run, part)).collect() };
    let course = |k: usize| {
        let parts: Vec<String> = (1..=4).map(|part| format!("{:.3}", median(&quarter(k, part)))).collect();
        format!("{} {}", RUNS[k].0, parts.join(" "))
    };
    let below = |a: usize, b: usize| {
        let (a, b) = (quarter(a, 4), quarter(b, 4));
        a.iter().copied().fold(0.0, f64::max) < b.iter().copied().fold(f64::INFINITY, f64::min)
    };
    let follows = |k: usize| median(&found[k]) >= 0.8;
    Ok(vec![
        Verdict {
            claim: "the loss of a WGAN's critic follows the distance: LP (median rank correlation with exact W1 at least 0.8)",
            measured: format!("{RECORDS} records of {steps} steps, 5 critic steps each, three seeds: {}", said(0)),
            holds: follows(0),
        },
        Verdict {
            claim: "the same under the two-sided penalty, GP",
            measured: format!("the same: {}", said(1)),
            holds: follows(1),
        },
        Verdict {
            claim: "the same under GP with 10 critic steps",
            measured: format!("the same: {}", said(4)),
            holds: follows(4),
        },
        Verdict { claim: "the same under clipping", measured: format!("the same: {}", said(2)), holds: follows(2) },
        Verdict {
            claim: "the loss of a standard GAN does not follow it (median below 0.8)",
            measured: format!("the same: {}", said(3)),
            holds: !follows(3),
        },
        Verdict {
            claim: "a gradient penalty trains faster than clipping (every seed below every seed at the end)",
            measured: format!("exact W1 at each quarter, medians: {}; {}", course(1), course(2)),
            holds: below(1, 2),
        },
        Verdict {
            claim: "a one-sided penalty trains no slower than a two-sided one (within 5 % at each quarter)",
            measured: format!("the same: {}; {}", course(0), course(1)),
            holds: (1..=4).all(|part| median(&quarter(0, part)) <= 1.05 * median(&quarter(1, part))),
        },
    ])
}
