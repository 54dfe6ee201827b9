//! Trainings of images and of text.

use super::*;
use crate::critic::net::Module;
use crate::measure::{Points, Samples};
use crate::transport::Interrupt;

/// Bars of 6 × 6, upright or flat at one of six places, with noise; the class is the direction.
fn bars(n: usize) -> (Samples, Vec<usize>) {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for k in 0..n {
        let (class, at) = (k % 2, k / 2 % 6);
        for p in 0..36 {
            let on = if class == 0 { p / 6 == at } else { p % 6 == at };
            values.push(if on { 9.0 } else { 0.0 } + ((k * 37 + p * 11) % 7) as f64 / 7.0);
        }
        labels.push(class);
    }
    (Samples::new(Points::from_rows(values, 36).unwrap()).unwrap(), labels)
}

fn images() -> Data {
    let (samples, labels) = bars(120);
    Data::labelled(&samples, &labels, 1).unwrap().as_images([6, 6, 1]).unwrap()
}

fn words() -> Data {
    let lines: Vec<String> = (0..60).map(|k| "abcd".chars().cycle().skip(k % 4).take(1 + k % 5).collect()).collect();
    Data::text(&lines, Some(6), None, 1).unwrap()
}

fn small(name: &str, networks: &str, steps: u64) -> Gan {
    let mut gan =
        Gan::named(name).unwrap().with_networks(Networks::named(networks).unwrap()).with_steps(steps).with_seed(2);
    (gan.batch, gan.latent, gan.critic_steps) = (8, 4, CriticSteps::always(2));
    gan.referee = Referee { every: 2, points: 24 };
    gan
}

fn records(training: &mut Training) -> Vec<Record> {
    let mut records = Vec::new();
    training.run(Interrupt::default(), &mut |record| records.push(record.clone())).unwrap();
    records
}

#[test]
fn images_and_text_are_judged() {
    let cases = [
        ("wgan-gp", "dcgan:4"),
        ("wgan-spectral", "dcgan:4"),
        ("ns", "resnet:3"),
        ("wgan-bjorck", "resnet:2"),
        ("wgan-clip", "mlp"),
    ];
    for (name, networks) in cases {
        for conditional in [false, true] {
            let mut gan = small(name, networks, 4);
            gan.conditional = conditional;
            let mut training = gan.start(images()).unwrap();
            for record in records(&mut training) {
                assert!(record.certified.is_none_or(|proven| proven <= record.w1.upper()), "{name} {networks}");
                let classes = record.classes.unwrap();
                assert!(classes.accuracy > 0.9 && classes.agreement.is_some() == conditional, "{classes:?}");
                assert!((classes.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let copies = record.copies.unwrap();
                assert!(copies.generated > 0.0 && copies.held_out > 0.0);
            }
            let made = training.generate(3, 1).unwrap();
            let nearest = training.nearest_real(&made).unwrap();
            assert_eq!((made.dim(), nearest.len()), (36, 3));
            // What a hyperbolic tangent makes lies among the pixels that there are.
            assert!(networks == "mlp" || made.points().as_slice().iter().all(|v| (-1e-6..9.9).contains(v)));
        }
    }
    let mut training = small("wgan-lp", "text:4", 4).start(words()).unwrap();
    for record in records(&mut training) {
        let text = record.text.unwrap();
        assert!(text.js.iter().all(|js| (0.0..=std::f64::consts::LN_2 + 1e-12).contains(js)), "{text:?}");
        assert!(text.new <= text.real && record.certified.unwrap() <= record.w1.upper());
    }
    let made = training.generate(5, 1).unwrap();
    assert!(
        made.points().iter().all(|point| point.chunks(5).all(|letter| (letter.iter().sum::<f64>() - 1.0).abs() < 1e-6))
    );
    let lines = training.data().decode(&made).unwrap();
    assert!(lines.len() == 5 && lines.iter().all(|line| line.chars().all(|letter| " abcd".contains(letter))));
    assert!(training.floor().unwrap().js.unwrap()[0] < 0.2);
}

#[test]
fn trainings_of_images_go_on_to_the_same_bits() {
    let layers = |critic: &str, generator: &str| Networks::Layers {
        critic: Module::parse(critic).unwrap(),
        generator: Module::parse(generator).unwrap(),
    };
    // Batch normalisation in both networks, where nothing is asked of single points.
    let normalised = layers(
        "conv2d:4:4:2:1 batch-norm leaky-relu dense:1",
        "dense:36 reshape:3x3x4 batch-norm relu conv-transpose2d:1:4:2:1 tanh",
    );
    for (gan, data) in [
        (small("wgan-gp", "dcgan:4", 6), images()),
        (small("wgan-spectral", "dcgan:4", 6), images()),
        (Gan { networks: normalised, ..small("ns", "dcgan:4", 6) }, images()),
        (small("wgan-gp", "text:4", 6), words()),
    ] {
        let mut whole = gan.start(data.clone()).unwrap();
        let all = records(&mut whole);
        let mut first = gan.start(data.clone()).unwrap();
        (0..3).for_each(|_| drop(first.step().unwrap()));
        let mut second = gan.resume(data.clone(), &first.checkpoint()).unwrap();
        let last = records(&mut second).pop().unwrap();
        assert_eq!((Some(&last), whole.checkpoint()), (all.last(), second.checkpoint()));
        let other = small("wgan-gp", "resnet:2", 6).resume(data, &first.checkpoint()).unwrap_err().to_string();
        assert!(other.contains("another training"), "{other}");
    }
}

#[test]
fn networks_that_do_not_fit_are_refused() {
    let message = |name: &str, critic: &str, generator: &str| {
        let (critic, generator) = (Module::parse(critic).unwrap(), Module::parse(generator).unwrap());
        let gan = Gan { networks: Networks::Layers { critic, generator }, ..small(name, "mlp", 2) };
        gan.start(images()).unwrap_err().to_string()
    };
    let generator = "dense:36 reshape:6x6x1 tanh";
    let tied = message("wgan-gp", "conv2d:2:3 batch-norm relu dense:1", generator);
    assert!(tied.starts_with("critic: batch normalisation") && tied.contains("layer-norm or instance-norm"), "{tied}");
    assert!(message("ns", "dense:2", generator).contains("makes 2 values, and 1 are needed"));
    assert!(message("ns", "dense:1", "dense:30").contains("makes 30 values, and 36 are needed"));
    assert!(message("ns", "conv2d:2:9 dense:1", generator).starts_with("critic: `conv2d:2:9:1:0`"));
    let dcgan = small("ns", "dcgan", 2);
    assert!(dcgan.start(Data::toy(Toy::Ring8)).unwrap_err().to_string().contains("of which shape"));
    assert!(small("ns", "text", 2).start(images()).unwrap_err().to_string().contains("one row"));
    assert!(images().as_images([4, 4, 1]).unwrap_err().to_string().contains("4 x 4 x 1"));
    assert!(Data::toy(Toy::Ring8).as_images([1, 2, 1]).is_err());
}

/// A deep residual critic of points, beside one that told no more.
#[test]
fn residual_networks_see_points() {
    let mut gan = small("wgan-lp", "resnet:21", 3);
    gan.batch = 32;
    let mut training = gan.start(Data::toy(Toy::Ring8)).unwrap();
    let record = records(&mut training).pop().unwrap();
    assert_eq!((record.activation_gradients.len(), record.critic_gradients.len()), (23, 23));
    assert!(record.classes.is_none() && record.copies.is_none() && record.text.is_none());
}
