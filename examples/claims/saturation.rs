//! What a generator learns from a critic that is nearly perfect.

use earthwork::critic::net::{Architecture, GradientPenalty, Network, Optimiser, Rule};
use earthwork::gan::Objective;
use earthwork::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, concatenate};

use crate::{Effort, Verdict};

const N: usize = 128;

/// The mean length of the gradient of the generator's loss with respect to a generated point (times their number), where `steps` steps
/// of the critic leave it: real points on a segment, generated ones on a parallel segment at distance 1 that stand still.
fn pulls(objective: Objective, penalty: Option<GradientPenalty>, steps: &[u64], seed: u64) -> Result<Vec<f64>> {
    let segment = |at: f32| Array2::from_shape_fn((N, 2), |(i, k)| if k == 0 { at } else { i as f32 / N as f32 });
    let (real, made) = (segment(0.0), segment(1.0));
    let both = concatenate![Axis(0), real, made];
    let mut critic = Network::<f32>::new(Architecture::mlp(2, &[64; 3], 1), seed)?;
    let outputs = |critic: &Network<f32>, points: ArrayView2<'_, f32>| -> Vec<f64> {
        critic.values(points).iter().map(|&v| f64::from(v)).collect()
    };
    let mut adam = Optimiser::new(Rule::Adam { beta1: 0.5, beta2: 0.9, decay: 0.0 }, critic.parameters().len());
    let mut found = Vec::new();
    for step in 0..=steps[steps.len() - 1] {
        if steps.contains(&step) {
            let loss = objective.generator(&outputs(&critic, real.view()), &outputs(&critic, made.view()));
            let gradients = critic.gradients(made.view());
            let length = |g: ndarray::ArrayView1<'_, f32>| f64::from(g.dot(&g)).sqrt();
            found.push(loss.generated.iter().zip(gradients.rows()).map(|(d, g)| d.abs() * length(g)).sum());
        }
        let mut sink = vec![0.0; critic.parameters().len()];
        let trace = critic.forward(both.view());
        let values: Vec<f64> = trace.values.iter().map(|&v| f64::from(v)).collect();
        let loss = objective.critic(&values[..N], &values[N..]);
        let pulls: Vec<f32> = loss.real.iter().chain(&loss.generated).map(|&d| d as f32).collect();
        critic.backward(&trace, Array2::from_shape_fn((2 * N, 1), |(k, _)| pulls[k]), &mut sink);
        if let Some(penalty) = penalty {
            // Points between the two sides, evenly spread over the way.
            let part = |i: usize| (i * 37 % N) as f32 / N as f32;
            let between =
                Array2::from_shape_fn((N, 2), |(i, k)| real[[i, k]] + part(i) * (made[[i, k]] - real[[i, k]]));
            critic.penalise(between.view(), penalty, &mut sink);
        }
        adam.step(critic.parameters_mut(), &sink, 1e-3);
    }
    Ok(found)
}

pub(crate) fn run(effort: Effort) -> Result<Vec<Verdict>> {
    let steps = [0, 100, effort.steps(1000), effort.steps(4000)];
    let gp = Some(GradientPenalty::TwoSided { strength: 10.0 });
    let forms = [(Objective::Saturating, None), (Objective::NonSaturating, None), (Objective::Wasserstein, gp)];
    let mut worst = Vec::new();
    let mut said = Vec::new();
    for (objective, penalty) in forms {
        let runs = [1, 2, 3].map(|seed| pulls(objective, penalty, &steps, seed));
        let runs: Vec<Vec<f64>> = runs.into_iter().collect::<Result<_>>()?;
        let mean: Vec<String> =
            (0..steps.len()).map(|at| format!("{:.1e}", runs.iter().map(|run| run[at]).sum::<f64>() / 3.0)).collect();
        said.push(format!("{}: {}", objective.name(), mean.join(", ")));
        let last = runs.iter().map(|run| run[steps.len() - 1]);
        worst.push((last.clone().fold(f64::INFINITY, f64::min), last.fold(0.0, f64::max)));
    }
    Ok(vec![Verdict {
        claim: "under a well trained critic the saturating generator's gradient vanishes; the non-saturating form's and WGAN's do not",
        measured: format!(
            "gradient at a generated point after {} steps of the critic, mean of 3 seeds: {}",
            steps.map(|step| step.to_string()).join(", "),
            said.join("; ")
        ),
        holds: worst[0].1 < 1e-2 && worst[1].0 > 0.5 && worst[2].0 > 0.5,
    }])
}
