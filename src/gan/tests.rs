use ndarray::{Array2, Axis, concatenate};
use rand_distr::{Distribution, StandardNormal};

use super::passes::{critic_gradient, generator_gradient};
use super::*;
use crate::critic::Control;
use crate::critic::net::differences::differences;
use crate::critic::net::{Activation, Architecture, Network};
use crate::measure::Samples;
use crate::numeric::stream;
use crate::transport::{CancelToken, Interrupt, Status};

/// A training small enough for a test.
fn small(name: &str) -> Gan {
    let mut gan = Gan::named(name).unwrap().with_steps(12).with_seed(3);
    (gan.critic, gan.generator) = (vec![16, 16], vec![16, 16]);
    (gan.batch, gan.critic_steps) = (32, CriticSteps::always(2));
    gan.referee = Referee { every: 4, points: 48 };
    gan
}

fn records(training: &mut Training) -> Vec<Record> {
    let mut records = Vec::new();
    let status = training.run(Interrupt::default(), &mut |r| records.push(r.clone())).unwrap();
    // A few steps may well lead away at first.
    assert!(training.is_done() && matches!(status, Status::Converged | Status::Stalled), "{status}");
    records
}

const NAMES: [&str; 15] = [
    "wgan-clip",
    "wgan-gp",
    "wgan-lp",
    "wgan-finite-difference",
    "wgan-spectral",
    "wgan-bjorck",
    "wgan-div",
    "ns",
    "saturating",
    "lsgan",
    "hinge+spectral",
    "rsgan",
    "rasgan+gp",
    "ralsgan",
    "rahinge+dragan",
];

#[test]
fn no_critic_proves_more_than_the_exact_distance() {
    for name in NAMES {
        for toy in [Toy::Ring8, Toy::Segments] {
            let mut training = small(name).start(Data::toy(toy)).unwrap();
            let records = records(&mut training);
            assert_eq!(records.iter().map(|r| r.step).collect::<Vec<_>>(), [0, 4, 8, 12]);
            for r in records {
                let certified = r.certified.unwrap();
                assert!(certified <= r.w1.upper(), "{name}: {certified} exceeds {}", r.w1);
                assert!(certified <= (r.critic_value / r.lipschitz).max(0.0) * (1.0 + 1e-5) + 1e-7, "{name}: {r:?}");
                assert!(
                    r.w1.value <= r.w2.value && r.slopes.0 <= r.slopes.1 && r.slopes.1 <= r.lipschitz * (1.0 + 1e-4)
                );
                assert_eq!((r.critic_gradients.len(), r.generator_gradients.len()), (3, 3));
                assert_eq!(r.activation_gradients.len(), 3);
                assert_eq!(r.at_bound.is_some(), name == "wgan-clip");
                assert_eq!(r.modes.is_some(), toy == Toy::Ring8);
                assert!(r.critic_loss.is_finite() && r.generator_loss.is_finite());
            }
        }
    }
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one() {
    for (k, name) in NAMES.into_iter().enumerate() {
        let mut gan = small(name);
        gan.averaging = if k % 2 == 0 { 0.9 } else { 0.0 };
        gan.conditional = k % 3 == 0;
        let whole = {
            let mut training = gan.start(Data::toy(Toy::Pinwheel)).unwrap();
            (records(&mut training), training.checkpoint())
        };
        let mut first = gan.start(Data::toy(Toy::Pinwheel)).unwrap();
        let mut seen = Vec::new();
        let limit = Interrupt { iterations: Some(7), ..Interrupt::default() };
        let status = first.run(limit, &mut |r| seen.push(r.clone())).unwrap();
        assert_eq!((status, first.steps()), (Status::IterationLimit, 7));
        let saved = first.checkpoint();
        drop(first);
        let mut second = gan.resume(Data::toy(Toy::Pinwheel), &saved).unwrap();
        assert_eq!(second.checkpoint(), saved, "{name}");
        seen.extend(records(&mut second));
        assert_eq!(seen, whole.0, "{name}");
        assert_eq!(second.checkpoint(), whole.1, "{name}");
    }
}

#[test]
fn a_training_goes_on_beyond_the_steps_first_asked_for() {
    let gan = small("wgan-lp");
    let mut first = gan.start(Data::toy(Toy::Ring8)).unwrap();
    records(&mut first);
    let saved = first.checkpoint();
    let longer = gan.clone().with_steps(30);
    let mut more = longer.resume(Data::toy(Toy::Ring8), &saved).unwrap();
    assert!(!more.is_done() && more.checkpoint() == saved);
    assert_eq!(records(&mut more).iter().map(|record| record.step).collect::<Vec<_>>(), [16, 20, 24, 28, 30]);
    assert_ne!(more.generator_network().parameters(), first.generator_network().parameters());
    // Interrupted on the way: the same bits.
    let mut parts = longer.resume(Data::toy(Toy::Ring8), &saved).unwrap();
    let limit = Interrupt { iterations: Some(19), ..Interrupt::default() };
    parts.run(limit, &mut |_| {}).unwrap();
    let mut parts = longer.resume(Data::toy(Toy::Ring8), &parts.checkpoint()).unwrap();
    records(&mut parts);
    assert_eq!(parts.checkpoint(), more.checkpoint());
}

#[test]
fn one_column_is_not_trained_with_a_penalty_that_cannot_learn() {
    let points: Vec<[f64; 1]> = (0..40).map(|k| [f64::from(k)]).collect();
    let data = Data::samples(&Samples::new(points).unwrap(), 1).unwrap();
    for name in ["wgan-gp", "ns+gp", "hinge+dragan", "wgan-finite-difference"] {
        let message = small(name).start(data.clone()).unwrap_err().to_string();
        assert!(message.contains("one column") && message.contains("wgan-lp"), "{message}");
    }
    for name in ["wgan-lp", "wgan-bjorck", "ns", "wgan-div"] {
        assert!(small(name).start(data.clone()).is_ok(), "{name}");
    }
}

#[test]
fn a_training_that_leads_away_has_not_converged() {
    // A generator that is driven up the loss of a critic that never learns: its points drift off.
    let mut gan = small("wgan-lp").with_steps(60);
    (gan.critic_rule.1, gan.generator_rule.1, gan.averaging) = (1e-12, 0.05, 0.0);
    let mut training = gan.start(Data::toy(Toy::Ring8)).unwrap();
    let mut records = Vec::new();
    let status = training.run(Interrupt::default(), &mut |r| records.push(r.w1.value)).unwrap();
    assert!(records.last() > records.first(), "{records:?}");
    assert_eq!(status, Status::Stalled);
    assert!(!training.has_learned().unwrap());
}

#[test]
fn columns_of_different_spread_are_all_learned() {
    let cloud = crate::measure::Gaussian::standard(2).unwrap().sample(800, 1).unwrap();
    let rows: Vec<[f64; 2]> = cloud.points().iter().map(|p| [0.5 * p[0] + 7.0, 2_000.0 * p[1] - 300.0]).collect();
    let mut gan = small("wgan-lp").with_steps(250);
    (gan.critic_steps, gan.averaging, gan.batch) = (CriticSteps::always(4), 0.95, 64);
    gan.referee = Referee { every: 0, points: 100 };
    let mut training = gan.start(Data::samples(&Samples::new(rows).unwrap(), 1).unwrap()).unwrap();
    let records = records(&mut training);
    let floor = training.floor().unwrap();
    assert!(records[1].w1.value < 2.5 * floor.w1.value, "{} floor {}", records[1].w1, floor.w1);
    assert!(records[1].certified.unwrap() <= records[1].w1.upper());
    let made = training.generate(500, 9).unwrap();
    let mean = made.mean();
    assert!((mean[0] - 7.0).abs() < 0.3 && (mean[1] + 300.0).abs() < 1_000.0, "{mean:?}");
    let spread = |k: usize| (made.points().iter().map(|p| (p[k] - mean[k]).powi(2)).sum::<f64>() / 500.0).sqrt();
    assert!((0.25..0.8).contains(&spread(0)) && (1_000.0..3_200.0).contains(&spread(1)), "{} {}", spread(0), spread(1));
}

#[test]
fn threads_do_not_matter() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut training = small("wgan-gp").start(Data::toy(Toy::Moons)).unwrap();
            (records(&mut training), training.checkpoint(), training.floor().unwrap())
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn other_trainings_are_not_resumed() {
    let gan = small("wgan-gp");
    let saved = gan.start(Data::toy(Toy::Ring8)).unwrap().checkpoint();
    let message = |gan: &Gan, toy: Toy, bytes: &[u8]| gan.resume(Data::toy(toy), bytes).unwrap_err().to_string();
    assert!(message(&gan, Toy::Grid25, &saved).contains("of another training"));
    assert!(message(&small("wgan-lp"), Toy::Ring8, &saved).contains("of another training"));
    assert!(message(&gan, Toy::Ring8, &saved[..saved.len() / 2]).starts_with("checkpoint: "));
    // How often the referee is asked, and how many steps there are in all, may change.
    let mut rarer = gan.clone().with_steps(24);
    rarer.referee.every = 0;
    assert!(rarer.resume(Data::toy(Toy::Ring8), &saved).is_ok());
    // Another sample of the same size is another training.
    let data = |shift: f64| {
        let points: Vec<[f64; 1]> = (0..20).map(|k| [f64::from(k) + shift]).collect();
        Data::samples(&Samples::new(points).unwrap(), 1).unwrap()
    };
    let gan = small("wgan-lp");
    let saved = gan.start(data(0.0)).unwrap().checkpoint();
    assert!(gan.resume(data(0.0), &saved).is_ok() && gan.resume(data(0.5), &saved).is_err());
}

fn assert_close(found: &[f64], expected: &[Option<f64>], what: &str) {
    let kinks = expected.iter().filter(|value| value.is_none()).count();
    assert!(10 * kinks <= expected.len(), "{what}: {kinks} kinks of {}", expected.len());
    let largest = expected.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        let Some(b) = b else { continue };
        assert!((a - b).abs() <= 1e-7 * largest.max(1e-3), "{what}, parameter {k}: {a} is not {b}");
    }
}

#[test]
fn gradients_of_both_sides_are_those_of_differences() {
    let points = |n: usize, dim: usize, seed: u64| -> Array2<f64> {
        let mut random = stream(seed, 0);
        Array2::from_shape_simple_fn((n, dim), || StandardNormal.sample(&mut random))
    };
    // Two coordinates and a class out of two, told to both networks.
    let classes = Array2::from_shape_fn((6, 2), |(i, k)| f64::from(u8::from(i % 2 == k)));
    let real = concatenate![Axis(1), points(6, 2, 1), classes];
    let made = concatenate![Axis(1), points(6, 2, 2) * 2.0, classes];
    let latent = concatenate![Axis(1), points(6, 3, 3), classes];
    let architecture = |inputs, outputs| Architecture::mlp(inputs, &[6, 6], outputs).with_activation(Activation::Tanh);
    let critic = Network::<f64>::new(architecture(4, 1), 5).unwrap();
    let generator = Network::<f64>::new(architecture(5, 2), 6).unwrap();
    let controls = [None, Some("gp"), Some("lp"), Some("div"), Some("dragan"), Some("finite-difference")];
    for objective in Objective::all() {
        for control in controls.map(|name| name.map(|name| Control::named(name).unwrap())) {
            let of = |network: &Network<f64>, sink: &mut [f64]| {
                let sides = (real.view(), made.view());
                critic_gradient((objective, control), network, sides, 2, &mut stream(4, 4), sink).1
            };
            let count = critic.parameters().len();
            let mut gradient = vec![0.0; count];
            of(&critic, &mut gradient);
            let expected = differences(&critic, |network| of(network, &mut vec![0.0; count]));
            assert_close(&gradient, &expected, &format!("{objective:?}, {control:?}"));
        }
        let of = |network: &Network<f64>, sink: &mut [f64]| {
            let noise = (latent.view(), classes.view());
            generator_gradient(objective, (network, &critic), noise, Some(real.view()), sink)
        };
        let count = generator.parameters().len();
        let mut gradient = vec![0.0; count];
        of(&generator, &mut gradient);
        let expected = differences(&generator, |network| of(network, &mut vec![0.0; count]));
        assert_close(&gradient, &expected, &format!("generator, {objective:?}"));
    }
}

#[test]
fn labels_do_not_feel_the_penalty() {
    // A critic that is steep along the label alone pays nothing under a one-sided penalty.
    let mut critic = Network::<f64>::new(Architecture::mlp(3, &[], 1), 1).unwrap();
    critic.parameters_mut().copy_from_slice(&[0.6, 0.0, 50.0, 0.0]);
    let x = Array2::from_shape_fn((4, 3), |(i, k)| (i * 3 + k) as f64);
    let lp = Control::named("lp").unwrap();
    let mut sink = vec![0.0; 4];
    assert_eq!(lp.penalise(&critic, x.view(), x.view(), 2, &mut stream(1, 1), &mut sink), 0.0);
    assert!(lp.penalise(&critic, x.view(), x.view(), 3, &mut stream(1, 1), &mut sink) > 1e3);
}

#[test]
fn a_shift_is_learned() {
    // The easiest real thing: one Gaussian, far from where the generator begins.
    let cloud = crate::measure::Gaussian::standard(2).unwrap().sample(800, 1).unwrap();
    let rows: Vec<[f64; 2]> = cloud.points().iter().map(|p| [0.5 * p[0] + 7.0, 2.0 * p[1] - 300.0]).collect();
    let mut gan = small("wgan-lp").with_steps(250);
    (gan.critic_steps, gan.averaging, gan.batch) = (CriticSteps::always(4), 0.95, 64);
    gan.referee = Referee { every: 0, points: 100 };
    let mut training = gan.start(Data::samples(&Samples::new(rows).unwrap(), 1).unwrap()).unwrap();
    let records = records(&mut training);
    let floor = training.floor().unwrap();
    let [before, after] = records.as_slice() else { panic!("{records:?}") };
    assert!(after.w1.value < 0.5 * before.w1.value, "{} {} floor {}", before.w1, after.w1, floor.w1);
    assert!(after.w1.value < 2.5 * floor.w1.value, "{} floor {}", after.w1, floor.w1);
    let mean = training.generate(500, 9).unwrap().mean();
    assert!((mean[0] - 7.0).abs() < 0.5 && (mean[1] + 300.0).abs() < 1.0, "{mean:?}");
}

#[test]
fn classes_are_asked_for() {
    let mut gan = small("wgan-lp").conditional().with_steps(600);
    (gan.critic, gan.generator) = (vec![32, 32], vec![32, 32]);
    (gan.critic_steps, gan.averaging, gan.batch) = (CriticSteps::always(3), 0.95, 64);
    gan.referee = Referee { every: 0, points: 200 };
    let mut training = gan.start(Data::toy(Toy::Ring8)).unwrap();
    let records = records(&mut training);
    let (before, after) = (records[0].label_accuracy.unwrap(), records[1].label_accuracy.unwrap());
    assert!(before < 0.5 && after > 0.85, "{before} {after}");
    assert!(training.critic().is_none() && records[1].certified.is_none());
    let third = training.generate_class(50, 2, 1).unwrap().mean();
    assert!(third[1] > 0.7 && third[0].abs() < 0.7, "{third:?}");
    assert!(training.generate_class(5, 8, 1).is_err());
    assert_eq!(training.critic_values(Array2::zeros((3, 2)).view()).unwrap().len(), 3);
}

#[test]
fn a_limit_ends_a_training_where_it_stands() {
    let mut training = small("lsgan").start(Data::toy(Toy::Checkerboard)).unwrap();
    let token = CancelToken::default();
    token.cancel();
    let interrupt = Interrupt { cancel: Some(token), ..Interrupt::default() };
    assert_eq!(training.run(interrupt, &mut |_| {}).unwrap(), Status::Cancelled);
    assert_eq!(training.steps(), 0);
    records(&mut training);
    assert!(training.is_done() && training.step().unwrap().is_none());
    assert_eq!(training.generate(7, 1).unwrap(), training.generate(7, 1).unwrap());
    assert_ne!(training.generate(7, 1).unwrap(), training.generate(7, 2).unwrap());
}

#[test]
fn a_diverged_training_says_so() {
    let mut gan = small("ralsgan").with_steps(400);
    gan.critic_rule = (crate::critic::net::Rule::Sgd { momentum: 0.0 }, 1e6);
    let mut training = gan.start(Data::toy(Toy::Ring8)).unwrap();
    let error = training.run(Interrupt::default(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("training: it has diverged at step"), "{error}");
}
