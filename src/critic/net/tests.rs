use ndarray::{Array2, ArrayView2};
use rand_distr::{Distribution, StandardNormal};

use super::differences::differences;
use super::*;
use crate::numeric::stream;

fn points(n: usize, dim: usize, seed: u64) -> Array2<f64> {
    let mut random = stream(seed, 0);
    Array2::from_shape_simple_fn((n, dim), || StandardNormal.sample(&mut random))
}

fn architectures() -> Vec<Architecture> {
    let activations = [
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.2 },
        Activation::Tanh,
        Activation::Softplus,
        Activation::Silu,
        Activation::MaxMin,
        Activation::GroupSort { size: 4 },
    ];
    let mut all = Vec::new();
    for activation in activations {
        let plain = Architecture::mlp(3, &[8, 8, 8], 1).with_activation(activation);
        all.extend([plain.clone().with_layer_norm(), plain.clone().with_residual()]);
        all.push(plain.clone().with_layer_norm().with_residual());
        all.push(plain);
    }
    all
}

/// Equal to 1e-7 of the largest.
fn assert_close(found: &[f64], expected: &[Option<f64>], what: &str) {
    let kinks = expected.iter().filter(|value| value.is_none()).count();
    assert!(20 * kinks <= expected.len(), "{what}: {kinks} kinks");
    let largest = expected.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        let Some(b) = b else { continue };
        assert!((a - b).abs() <= 1e-7 * largest.max(1e-3), "{what}, parameter {k}: {a} is not {b}");
    }
}

fn network(architecture: &Architecture, seed: u64) -> Network<f64> {
    let mut network = Network::new(architecture.clone().with_init(Init::Uniform), seed).unwrap();
    let mut random = stream(seed, 99);
    for p in network.parameters_mut() {
        let noise: f64 = StandardNormal.sample(&mut random);
        *p += 0.1 * noise;
    }
    network
}

#[test]
fn gradients_are_those_of_differences() {
    let x = points(5, 3, 1);
    for architecture in architectures() {
        let network = network(&architecture, 3);
        let mut gradient = vec![0.0; network.parameters().len()];
        let trace = network.forward(x.view());
        let inputs = network.backward(&trace, Array2::from_shape_fn((5, 1), |(k, _)| k as f64 - 1.5), &mut gradient);
        let loss = |network: &Network<f64>, x: ArrayView2<'_, f64>| -> f64 {
            network.values(x).iter().enumerate().map(|(k, v)| (k as f64 - 1.5) * v).sum()
        };
        assert_close(
            &gradient,
            &differences(&network, |network| loss(network, x.view())),
            &format!("{architecture:?}"),
        );
        for k in 0..x.len() {
            let at = |shift: f64| {
                let mut moved = x.clone();
                moved.as_slice_mut().unwrap()[k] += shift;
                loss(&network, moved.view())
            };
            let difference = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
            let found = inputs.as_slice().unwrap()[k];
            assert!((found - difference).abs() < 1e-7, "{architecture:?}: {found} is not {difference}");
        }
    }
}

#[test]
fn penalties_are_those_of_differences() {
    let x = points(6, 3, 2);
    let penalties = [
        GradientPenalty::TwoSided { strength: 10.0 },
        GradientPenalty::OneSided { strength: 10.0 },
        GradientPenalty::Power { strength: 2.0, power: 6.0 },
    ];
    for architecture in architectures() {
        let mut network = network(&architecture, 5);
        // Gradients above 1, so that the one-sided penalty has something to say.
        let count = network.parameters().len();
        network.parameters_mut()[count - 9..].iter_mut().for_each(|p| *p *= 4.0);
        for penalty in penalties {
            let mut gradient = vec![0.0; count];
            let (value, norms) = network.penalise(x.view(), penalty, &mut gradient);
            let of = |network: &Network<f64>| -> f64 {
                let norm = |g: ndarray::ArrayView1<'_, f64>| g.dot(&g).sqrt();
                network.gradients(x.view()).rows().into_iter().map(|g| penalty.at(norm(g)).0).sum::<f64>() / 6.0
            };
            assert!((value - of(&network)).abs() <= 1e-13 * value.max(1.0));
            assert_eq!(norms.len(), 6);
            assert_close(&gradient, &differences(&network, of), &format!("{architecture:?}, {penalty:?}"));
        }
    }
}

#[test]
fn single_precision_agrees_with_double() {
    let x = points(7, 3, 4);
    for architecture in architectures() {
        let double = network(&architecture, 8);
        let parameters = double.parameters().iter().map(|&p| p as f32).collect();
        let single = Network::with_parameters(architecture, parameters).unwrap();
        for (a, b) in double.values(x.view()).iter().zip(&single.values(x.mapv(|v| v as f32).view())) {
            assert!((a - f64::from(*b)).abs() < 1e-4, "{a} is not {b}");
        }
    }
}

#[test]
fn every_rule_goes_down() {
    let rules = [
        Rule::Sgd { momentum: 0.0 },
        Rule::Sgd { momentum: 0.9 },
        Rule::RmsProp { memory: 0.99 },
        Rule::Adam { beta1: 0.9, beta2: 0.999, decay: 0.0 },
        Rule::Adam { beta1: 0.0, beta2: 0.9, decay: 1e-3 },
    ];
    for rule in rules {
        let mut at = [3.0, -2.0];
        let mut optimiser = Optimiser::new(rule, 2);
        for step in 0..2000 {
            let gradient = [2.0 * at[0], 20.0 * at[1]];
            optimiser.step(&mut at, &gradient, 0.01 * Schedule::Cosine.factor(step, 2000));
        }
        assert!(at.iter().all(|v| v.abs() < 1e-2), "{rule:?}: {at:?}");
    }
}

#[test]
fn adam_takes_the_steps_of_the_paper() {
    // By hand from algorithm 1: with a constant gradient both corrected means are the gradient itself.
    let mut at = [1.0];
    let mut adam = Optimiser::new(Rule::Adam { beta1: 0.9, beta2: 0.999, decay: 0.0 }, 1);
    for _ in 0..3 {
        adam.step(&mut at, &[0.5], 0.1);
    }
    assert!((at[0] - 0.7_f64).abs() < 1e-8, "{at:?}");
}

#[test]
fn what_cannot_be_built_is_refused() {
    let message = |architecture| Network::<f64>::new(architecture, 0).unwrap_err().to_string();
    assert!(message(Architecture::mlp(0, &[4], 1)).contains("inputs"));
    assert!(message(Architecture::mlp(2, &[5], 1).with_activation(Activation::MaxMin)).contains("multiple"));
    assert!(message(Architecture::mlp(2, &[0], 1)).contains("hidden"));
    let short = Network::with_parameters(Architecture::mlp(2, &[3], 1), vec![0.0_f64; 3]).unwrap_err();
    assert_eq!(short.to_string(), "parameters: it has 3 parameters, but 13 are needed (the architecture has as many)");
    assert!(Activation::named("groupsort:1").is_err() && Activation::named("swish").is_err());
}
