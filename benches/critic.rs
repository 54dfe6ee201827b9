//! Times of what critics and trainings are made of: a gradient penalty, a step of either side, the referee, the steepest gradient.
//!
//! `cargo bench --bench critic -- penalty` runs one group.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::critic::net::{Architecture, GradientPenalty, Network};
use earthwork::gan::{Data, Gan, Toy, Training};
use ndarray::Array2;

const BATCH: usize = 256;

fn network(width: usize) -> Network<f32> {
    Network::new(Architecture::mlp(2, &[width; 3], 1), 1).expect("an architecture")
}

fn points() -> Array2<f32> {
    Array2::from_shape_fn((BATCH, 2), |(i, k)| ((i * 7 + k * 3) as f32).sin())
}

/// The exact gradient of a gradient penalty, beside an ordinary one.
fn penalty(c: &mut Criterion) {
    let mut group = c.benchmark_group("penalty");
    let points = points();
    for width in [64, 128, 512] {
        let network = network(width);
        let mut sink = vec![0.0; network.parameters().len()];
        group.bench_function(BenchmarkId::new("penalty", width), |b| {
            let penalty = GradientPenalty::OneSided { strength: 10.0 };
            b.iter(|| network.penalise(black_box(points.view()), penalty, &mut sink));
        });
        group.bench_function(BenchmarkId::new("gradient", width), |b| {
            b.iter(|| {
                let trace = network.forward(black_box(points.view()));
                network.backward(&trace, Array2::ones((BATCH, 1)), &mut sink)
            });
        });
    }
    group.finish();
}

fn training(width: usize) -> Training {
    let mut gan = Gan::named("wgan-gp").expect("a name").with_steps(u64::MAX);
    (gan.critic, gan.generator, gan.batch, gan.referee.every) = (vec![width; 3], vec![width; 3], BATCH, 0);
    gan.start(Data::toy(Toy::Ring8)).expect("options that can be")
}

/// One step of the generator after five of the critic; one record of the referee.
fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("training");
    for width in [64, 128] {
        let mut training = training(width);
        group.bench_function(BenchmarkId::new("step", width), |b| b.iter(|| training.step()));
        group.bench_function(BenchmarkId::new("record", width), |b| b.iter(|| training.judge()));
    }
    group.finish();
}

/// Branch and bound.
fn steepest(c: &mut Criterion) {
    let mut parameters = network(64);
    parameters.parameters_mut().iter_mut().for_each(|p| *p *= 0.7);
    c.bench_function("steepest in a box, 2000 pieces", |b| {
        b.iter(|| parameters.lipschitz_in_box(black_box(&[-2.0; 2]), &[2.0; 2], 2000));
    });
}

criterion_group! {
    name = critic;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = penalty, step, steepest
}
criterion_main!(critic);
