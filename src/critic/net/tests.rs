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

/// Networks of layers, each on images of 6 × 6 × 2 or the text of 7 × 3, most with curvature; whether with classes.
fn assembled() -> Vec<Architecture> {
    let images = [
        "conv2d:3:3:2:1 tanh conv2d:2:2 silu dense:1",
        "conv2d:3:4:2:1 layer-norm silu conv2d:4:3:1:1 instance-norm softplus dense:1",
        "conv2d:4:3:1:1 residual[ silu conv2d:4:3:1:1 silu conv2d:4:3:1:1 ] avg-pool:2 layer-norm tanh dense:1",
        "conv2d:2:3:1:1 residual[ tanh conv2d:4:4:2:1 | avg-pool:2 conv2d:4:1 ] maxmin dense:1",
        "dense:8 tanh reshape:2x2x2 conv-transpose2d:3:4:2:1 silu conv-transpose2d:1:3:1 upsample:2 dense:1",
        "conv2d:2:3:3 leaky-relu:0.3 softmax:0.7 dense:1",
    ];
    let texts = [
        "conv1d:4:3:1:1 residual[ silu conv1d:4:3:1:1 ] softmax dense:1",
        "conv1d:4:3:2 instance-norm tanh conv-transpose1d:2:3:2:1 silu dense:1",
        "dense:6 tanh reshape:1x3x2 upsample:2 conv1d:3:3 silu dense:1",
    ];
    let build = |shape, classes, layers: &str| Architecture::of(shape, classes, &Module::parse(layers).unwrap());
    let mut all: Vec<Architecture> = images.iter().map(|layers| build([6, 6, 2], 0, layers)).collect();
    all.extend(texts.iter().map(|layers| build([1, 7, 3], 0, layers)));
    all.push(build([3, 3, 1], 2, "embedding:1 conv2d:3:2 tanh dense:1"));
    all.push(build([1, 1, 4], 3, "dense:5 residual[ silu dense:5 silu dense:5 ] silu dense:1"));
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

/// Of networks of layers, batch normalisation among them: parameters, inputs, and a penalty on the gradients.
#[test]
fn layers_have_the_gradients_of_differences() {
    let mut all = assembled();
    all.push(Architecture::of(
        [4, 4, 1],
        0,
        &Module::parse("conv2d:3:2:2 batch-norm silu conv2d:2:2 batch-norm tanh dense:1").unwrap(),
    ));
    for architecture in all {
        let x = points(4, architecture.inputs, 1);
        let mut network = network(&architecture, 3);
        let count = network.parameters().len();
        network.parameters_mut()[count - 3..].iter_mut().for_each(|p| *p *= 4.0);
        let loss = |network: &Network<f64>, x: ArrayView2<'_, f64>| -> f64 {
            network.forward(x).values.iter().enumerate().map(|(k, v)| (k as f64 - 1.2) * v).sum()
        };
        let mut gradient = vec![0.0; count];
        let trace = network.forward(x.view());
        let pulled = Array2::from_shape_fn((4, 1), |(k, _)| k as f64 - 1.2);
        let inputs = network.backward(&trace, pulled, &mut gradient);
        let what = format!("{architecture:?}");
        assert_close(&gradient, &differences(&network, |network| loss(network, x.view())), &what);
        for k in 0..x.len() {
            let at = |shift: f64| {
                let mut moved = x.clone();
                moved.as_slice_mut().unwrap()[k] += shift;
                loss(&network, moved.view())
            };
            let difference = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
            let found = inputs.as_slice().unwrap()[k];
            assert!((found - difference).abs() < 1e-7, "{what}: {found} is not {difference}");
        }
        let penalty = GradientPenalty::TwoSided { strength: 10.0 };
        let seen = architecture.inputs - architecture.modules.as_ref().unwrap().classes;
        let of = |network: &Network<f64>| -> f64 {
            let trace = network.forward(x.view());
            let gradients = network.input_gradient(&trace, Array2::ones((4, 1)));
            let norm = |g: ndarray::ArrayView1<'_, f64>| g.iter().take(seen).map(|v| v * v).sum::<f64>().sqrt();
            gradients.rows().into_iter().map(|g| penalty.at(norm(g)).0).sum::<f64>() / 4.0
        };
        let mut gradient = vec![0.0; count];
        let (value, _) = network.penalise_along(x.view(), seen, penalty, &mut gradient);
        assert!((value - of(&network)).abs() <= 1e-13 * value.max(1.0));
        assert_close(&gradient, &differences(&network, of), &format!("penalty of {what}"));
    }
}

#[test]
fn no_two_points_are_steeper_than_the_bound() {
    for architecture in assembled() {
        let network = network(&architecture, 5);
        let bound = network.lipschitz_bound();
        let seen = points(20, architecture.inputs, 6);
        for gradient in network.gradients(seen.view()).rows() {
            assert!(gradient.dot(&gradient).sqrt() <= bound, "{architecture:?}");
        }
        assert_eq!(network.lipschitz_in_box(&vec![-1.0; seen.ncols()], &vec![1.0; seen.ncols()], 4), bound);
    }
}

#[test]
fn running_moments_make_points_independent() {
    let layers = Module::parse("conv2d:3:2:2 batch-norm relu dense:1").unwrap();
    let architecture = Architecture::of([4, 4, 1], 0, &layers);
    assert!(architecture.mixes_points() && !Architecture::mlp(2, &[3], 1).with_layer_norm().mixes_points());
    let mut network = network(&architecture, 3);
    let x = points(64, 16, 1);
    for _ in 0..200 {
        let trace = network.forward(x.view());
        network.absorb(&trace);
    }
    // The same points again and again: the running moments are theirs, but for n − 1 in the place of n.
    let (batch, running) = (network.forward(x.view()).values.clone(), network.values(x.view()));
    for (a, b) in batch.iter().zip(&running) {
        assert!((a - b).abs() < 0.02 * a.abs().max(1.0), "{a} is not {b}");
    }
    let alone = network.values(x.slice(ndarray::s![3..4, ..]));
    assert_eq!(alone[[0, 0]], running[[3, 0]]);
    let back = Network::<f64>::from_safetensors(&network.to_safetensors()).unwrap();
    assert_eq!((back.values(x.view()), &back), (running, &network));
}

#[test]
fn networks_of_layers_come_back() {
    for architecture in assembled() {
        let network = network(&architecture, 3);
        let bytes = network.to_safetensors();
        let back = Network::<f64>::from_safetensors(&bytes).unwrap();
        assert_eq!((&back, back.to_safetensors()), (&network, bytes));
        assert_eq!(
            network.weights(network.parameters()).len(),
            network.activation_gradients(points(2, architecture.inputs, 1).view()).len()
        );
    }
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let message = |shape, classes, layers: &str| {
        let architecture = Architecture::of(shape, classes, &Module::parse(layers).unwrap());
        Network::<f64>::new(architecture, 0).unwrap_err().to_string()
    };
    assert_eq!(
        message([8, 8, 1], 0, "conv2d:4:3 conv2d:4:9"),
        "layers: `conv2d:4:9:1:0`: a kernel of 9 with stride 1 and padding 0 does not fit; strides are at least 1, and padding is smaller \
         than the kernel (what comes in is 6 × 6 × 4)"
    );
    assert!(message([8, 8, 1], 0, "conv1d:4:3").contains("conv2d"));
    assert!(message([8, 8, 1], 0, "conv2d:4:3:0").contains("strides are at least 1"));
    assert!(message([8, 8, 1], 0, "conv2d:0:3").contains("at least 1 of its channels"));
    assert!(message([8, 8, 1], 0, "reshape:4x4x5").contains("80 values cannot hold the 64"));
    assert!(message([8, 8, 1], 0, "residual[ conv2d:2:3 ]").contains("6 × 6 × 2 and 8 × 8 × 1"));
    assert!(message([8, 8, 1], 0, "embedding:1").contains("told no classes"));
    assert!(message([8, 8, 1], 3, "conv2d:2:3").contains("embedding:N"));
    assert!(message([8, 8, 1], 0, "avg-pool:9").contains("smaller"));
    assert!(message([8, 8, 1], 0, "softmax:0").contains("temperature"));
    assert!(message([8, 0, 1], 0, "relu").contains("one row"));
    assert!(message([1, 1, 3], 0, "dense:3 maxmin").contains("multiple"));
}

#[test]
fn single_precision_agrees_with_double() {
    for architecture in architectures().into_iter().chain(assembled()) {
        let x = points(7, architecture.inputs, 4);
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

/// What PyTorch says of the same parameters (`tests/fixtures/make_networks.py`).
#[test]
fn networks_are_those_of_pytorch() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../tests/fixtures/networks.json")).unwrap();
    for case in cases {
        let layers = case["layers"].as_str().unwrap();
        let list = |value: &serde_json::Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
        let rows = |value: &serde_json::Value| {
            let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
            Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
        };
        let shape: [usize; 3] = serde_json::from_value(case["shape"].clone()).unwrap();
        let classes = case["classes"].as_u64().unwrap() as usize;
        let architecture = Architecture::of(shape, classes, &Module::parse(layers).unwrap());
        let assembly = architecture.assembly().unwrap();
        let near = |found: &[f64], expected: &[f64], what: &str| {
            assert_eq!(found.len(), expected.len(), "{layers}: {what}");
            let largest = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() <= 1e-10 * largest, "{layers}, {what}: {a} is not {b}");
            }
        };
        // A flat vector of the parameters in the order of a file, and back.
        let filed = |flat: &[f64]| {
            let mut network = Network::<f64>::new(architecture.clone(), 0).unwrap();
            network.parameters_mut().copy_from_slice(flat);
            let bytes = network.to_safetensors();
            let reader = super::saved::Reader::new(&bytes).unwrap();
            assembly
                .tensors
                .iter()
                .map(|t| (t.name.clone(), reader.array(&t.name).unwrap()))
                .collect::<Vec<(_, Vec<f64>)>>()
        };
        let mut writer = super::saved::Writer::default();
        let template = Network::<f64>::new(architecture.clone(), 0).unwrap();
        writer.note("architecture", super::saved::describe(&architecture));
        for (name, values) in case["state"].as_object().unwrap() {
            let tensor = assembly.tensors.iter().find(|t| t.name == *name);
            let values = list(values);
            writer.array(name.clone(), &tensor.map_or_else(|| vec![values.len()], |t| t.shape.clone()), &values);
        }
        let mut network = Network::<f64>::from_safetensors(&writer.bytes()).unwrap();
        assert_eq!(network.parameters().len(), template.parameters().len());
        let x = rows(&case["points"]);
        let trace = network.forward(x.view());
        near(trace.values.as_slice().unwrap(), &list(&case["values"]), "values");
        let mut gradient = vec![0.0; network.parameters().len()];
        let pulls = Array2::from_shape_vec((x.nrows(), 1), list(&case["pulls"])).unwrap();
        let inputs = network.backward(&trace, pulls, &mut gradient);
        let seen = x.ncols() - classes;
        let along = inputs.slice(ndarray::s![.., ..seen]).to_owned();
        near(along.as_slice().unwrap(), rows(&case["input_gradient"]).as_slice().unwrap(), "inputs");
        for (name, found) in filed(&gradient) {
            near(&found, &list(&case["gradient"][&name]), &name);
        }
        let mut gradient = vec![0.0; network.parameters().len()];
        let penalty = GradientPenalty::TwoSided { strength: 10.0 };
        let (value, _) = network.penalise_along(x.view(), seen, penalty, &mut gradient);
        near(&[value], &[case["penalty"].as_f64().unwrap()], "penalty");
        for (name, found) in filed(&gradient) {
            near(&found, &list(&case["penalty_gradient"][&name]), &format!("penalty by {name}"));
        }
        network.absorb(&trace);
        let bytes = network.to_safetensors();
        let reader = super::saved::Reader::new(&bytes).unwrap();
        for (name, expected) in case["running"].as_object().unwrap() {
            near(&reader.array::<f64>(name).unwrap(), &list(expected), name);
        }
    }
}
