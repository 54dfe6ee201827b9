//! Metrics beside the exact distances of a record.

use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Discrepancy, Estimate, Evidence};
use crate::exact::wasserstein;
use crate::measure::Samples;
use crate::metrics::{Metric, Reading, catalogue};
use crate::transport::Interrupt;

fn small() -> Gan {
    let mut gan = Gan::named("wgan-lp").unwrap().with_steps(8).with_seed(5);
    (gan.critic, gan.generator) = (vec![16], vec![16]);
    (gan.batch, gan.critic_steps) = (32, CriticSteps::always(1));
    gan.referee = Referee { every: 4, points: 64 };
    gan
}

fn records(training: &mut Training, steps: Option<u64>) -> Vec<Record> {
    let mut records = Vec::new();
    let limit = Interrupt { iterations: steps, ..Interrupt::default() };
    training.run(limit, &mut |record| records.push(record.clone())).unwrap();
    records
}

/// A metric of the user's own: how far the first point of each side is from the other's.
struct First;

impl Discrepancy for First {
    fn name(&self) -> String {
        "first".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let value = x.point(0)[0] - y.point(0)[0];
        Ok(Estimate::new(value, Evidence::Unstated, "difference", (x.len(), y.len())))
    }
}

/// A metric that has no value for anything.
struct Never;

impl Discrepancy for Never {
    fn name(&self) -> String {
        "never".into()
    }

    fn between(&self, _: &Samples, _: &Samples) -> Result<Estimate> {
        Err(Error::new("x", ErrorKind::Empty("reason")))
    }
}

#[test]
fn every_metric_stands_in_every_record() {
    let own = [Metric::score("first", First), Metric::distance("never", Never)];
    let mut training = small().start(Data::toy(Toy::Ring8)).unwrap().with_metrics(catalogue().into_iter().chain(own));
    let found = records(&mut training, None);
    assert_eq!(found.len(), 3);
    for record in &found {
        let keys: Vec<&str> = record.metrics.iter().map(|metric| metric.key.as_str()).collect();
        assert!(!keys.contains(&"w1") && !keys.contains(&"w2"), "each record has the exact distances");
        assert_eq!(keys.len(), catalogue().len() - 2 + 2);
        for metric in &record.metrics {
            match (metric.key.as_str(), &metric.outcome) {
                ("never", outcome) => assert!(outcome.is_err()),
                (key, Ok(found)) => assert!(found.value.is_finite() && found.sizes == (64, 64), "{key}: {found}"),
                (key, Err(why)) => panic!("{key}: {why}"),
            }
        }
        let of = |key: &str| record.metrics.iter().find(|metric| metric.key == key).unwrap();
        assert_eq!((of("first").reading, of("one_nn").reading), (Reading::Score, Reading::Half));
        // What the inequalities between them promise: energy ≤ 2 W₁, SW₁ ≤ W₁.
        assert!(of("energy").outcome.as_ref().unwrap().value <= 2.0 * record.w1.upper());
        assert!(of("sw1").outcome.as_ref().unwrap().value <= record.w1.upper());
    }
    let floor = training.floor().unwrap();
    assert_eq!(floor.metrics.len(), found[0].metrics.len());
    let energy = floor.metrics.iter().find(|metric| metric.key == "energy").unwrap().outcome.clone().unwrap();
    let untrained = found[0].metrics.iter().find(|metric| metric.key == "energy").unwrap().outcome.clone().unwrap();
    assert!(energy.value < 0.1 * untrained.value && energy.std_error().is_some(), "{energy} {untrained}");
    assert!(floor.metrics.iter().find(|metric| metric.key == "never").unwrap().outcome.is_err());
}

#[test]
fn the_real_side_is_first() {
    let training = small().start(Data::toy(Toy::Moons)).unwrap().with_metrics([Metric::score("first", First)]);
    let (record, real) = (training.judge().unwrap(), &training.held_out.0);
    let generated = training.referees_points().unwrap().0;
    assert_eq!(record.metrics[0].outcome.as_ref().unwrap().value, real.point(0)[0] - generated.point(0)[0]);
    assert_eq!(record.w1, wasserstein(&generated, real, 1.0).unwrap());
}

#[test]
fn what_is_measured_changes_nothing_and_goes_on_to_the_same_bits() {
    let data = || Data::toy(Toy::Ring8);
    let mut plain = small().start(data()).unwrap();
    let mut whole = small().start(data()).unwrap().with_metrics(catalogue());
    let (without, with) = (records(&mut plain, None), records(&mut whole, None));
    assert_eq!(plain.checkpoint(), whole.checkpoint());
    for (a, b) in without.into_iter().zip(&with) {
        assert_eq!(Record { metrics: b.metrics.clone(), ..a }, *b);
    }
    let mut first = small().start(data()).unwrap().with_metrics(catalogue());
    let mut seen = records(&mut first, Some(5));
    let mut second = small().resume(data(), &first.checkpoint()).unwrap().with_metrics(catalogue());
    seen.extend(records(&mut second, None));
    assert_eq!(seen, with);
    assert_eq!(second.floor().unwrap(), whole.floor().unwrap());
}
