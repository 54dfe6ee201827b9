//! From corruptions and metrics to a report.

use std::time::{Duration, Instant};

use super::correlation::Correlation;
use super::corruption::Corruption;
use super::population::Population;
use super::report::{Curve, Floor, Follows, MetricInfo, Report, SizePoint, Sweep};
use super::verdict::{Verdict, rises};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::Discrepancy;
use crate::exact::{Wasserstein, in_parallel};
use crate::measure::Samples;
use crate::metrics::{Metric, Reading};
use crate::transport::{Interrupt, Observer, Silent, Status};

/// Severity sweeps of corruptions, with exact W₁ and W₂ beside every value of every metric.
///
/// Each value has samples of its own: nothing is paired, as nothing is where metrics are used. A metric is judged against W₁ where
/// W₁ itself follows the severity of the corruption, else against the severity: see [`Verdict::of`].
///
/// Evaluations run in parallel; the same seed gives the same values at any number of threads (times differ).
///
/// # Complexity
/// (corruptions · severities · repeats + floor + 2 · sizes · repeats) times one evaluation of each metric and two exact solves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Validation {
    /// What goes wrong; all of [`Corruption::all`] by default.
    pub corruptions: Vec<Corruption>,
    /// How badly, in increasing order from 0; six even steps by default.
    pub severities: Vec<f64>,
    /// Values at each severity; 3 by default.
    pub repeats: usize,
    /// Points of either sample; 400 by default, or half of the points that there are.
    pub points: usize,
    /// Real against real samples for the noise floor; 12 by default.
    pub floor: usize,
    /// The sample sizes of the size sweep; 50, 100, 200, 400 and 800 by default. Those that a population cannot deal are left out.
    pub sizes: Vec<usize>,
    /// The corruption of the size sweep and its severity; the first of those asked for at ⅖ by default.
    pub size_severity: f64,
    /// The seed; 0 by default.
    pub seed: u64,
    /// When to end early: by time or from outside. What is finished is reported.
    pub interrupt: Interrupt,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            corruptions: Corruption::all(),
            severities: (0..6).map(|k| 0.2 * f64::from(k)).collect(),
            repeats: 3,
            points: 400,
            floor: 12,
            sizes: vec![50, 100, 200, 400, 800],
            size_severity: 0.4,
            seed: 0,
            interrupt: Interrupt::default(),
        }
    }
}

/// One scene and what is done to it.
#[derive(Clone, Copy)]
struct Task {
    points: usize,
    corruption: Option<(Corruption, f64)>,
    seed: u64,
}

/// The values of W₁, W₂ and the metrics, in this order, and how long each took.
type Row = Vec<(std::result::Result<f64, String>, Duration)>;

/// Corruptions that do not fit a population, and why.
type Refused = Vec<(Corruption, String)>;

impl Validation {
    /// Sets the corruptions.
    #[must_use]
    pub fn with_corruptions(self, corruptions: impl Into<Vec<Corruption>>) -> Self {
        Self { corruptions: corruptions.into(), ..self }
    }

    /// Sets the number of points of each sample.
    #[must_use]
    pub fn with_points(self, points: usize) -> Self {
        Self { points, ..self }
    }

    /// Sets the number of repeats at each severity.
    #[must_use]
    pub fn with_repeats(self, repeats: usize) -> Self {
        Self { repeats, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Judges metrics on a population.
    ///
    /// # Errors
    /// When there is no metric, no corruption fits the population, or an option is out of range. A metric that fails on some
    /// samples is reported with the reason.
    pub fn run(&self, population: &Population, metrics: &[Metric]) -> Result<Report> {
        self.run_observed(population, metrics, &mut Silent)
    }

    /// [`run`](Self::run) with progress reports: `done` of `total` pairs of samples.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed(
        &self,
        population: &Population,
        metrics: &[Metric],
        observer: &mut dyn Observer,
    ) -> Result<Report> {
        let started = Instant::now();
        self.check(metrics)?;
        let points = self.points.min(population.most());
        let (corruptions, left_out) = self.that_apply(population, points)?;
        let tasks = self.tasks(population, points, &corruptions);
        let (found, status) = in_parallel(
            tasks.len(),
            self.interrupt.clone(),
            observer,
            |k, _| evaluate(population, metrics, tasks[k]),
            |_| (0, Status::Optimal),
        )?;
        let per_sweep = self.severities.len() * self.repeats;
        let mut infos = self.infos(metrics, &found, points, per_sweep * corruptions.len(), &tasks);
        let (mut sweeps, mut unfinished) = (Vec::new(), Vec::new());
        for (at, &corruption) in corruptions.iter().enumerate() {
            let rows: Option<Vec<&Row>> = found[at * per_sweep..][..per_sweep].iter().map(Option::as_ref).collect();
            match rows {
                Some(rows) => sweeps.push(self.sweep(corruption, &rows, &infos)),
                None => unfinished.push(corruption),
            }
        }
        pool(&mut infos, &sweeps);
        let metrics = infos.split_off(2);
        let [w1, w2] = <[MetricInfo; 2]>::try_from(infos).unwrap_or_else(|_| unreachable!("two are left"));
        Ok(Report {
            severities: self.severities.clone(),
            points,
            repeats: self.repeats,
            size_severity: self.size_severity,
            seed: self.seed,
            metrics,
            exact: [w1, w2],
            sweeps,
            left_out,
            unfinished,
            status,
            time: started.elapsed(),
        })
    }

    fn check(&self, metrics: &[Metric]) -> Result<()> {
        if metrics.is_empty() {
            return Err(Error::new("metrics", ErrorKind::Empty("metric")));
        }
        if self.corruptions.is_empty() {
            return Err(Error::new("corruptions", ErrorKind::Empty("corruption")));
        }
        require("repeats", self.repeats as f64, self.repeats >= 1, "at least 1 is needed")?;
        require("floor", self.floor as f64, self.floor >= 2, "at least 2 are needed for a deviation")?;
        require("points", self.points as f64, self.points >= 8, "at least 8 are needed")?;
        require("severities", self.severities.len() as f64, self.severities.len() >= 2, "at least 2 are needed")?;
        let rising = self.severities.windows(2).find(|pair| pair[0] >= pair[1]);
        if let Some(pair) = rising {
            return require("severities", pair[1], false, "they must increase");
        }
        let outside = self.severities.iter().chain([&self.size_severity]).find(|s| !(0.0..=1.0).contains(*s));
        outside.map_or(Ok(()), |&severity| require("severities", severity, false, "each must lie between 0 and 1"))
    }

    /// The corruptions that this population can suffer, and why it cannot the others.
    fn that_apply(&self, population: &Population, points: usize) -> Result<(Vec<Corruption>, Refused)> {
        let scene = population.draw(points, self.seed)?;
        let (mut kept, mut left_out) = (Vec::new(), Vec::new());
        for &corruption in &self.corruptions {
            match corruption.apply(&scene, 1.0, 0) {
                Ok(_) => kept.push(corruption),
                Err(why) => left_out.push((corruption, why.to_string())),
            }
        }
        match left_out.first() {
            Some((_, why)) if kept.is_empty() => {
                Err(Error::new("corruptions", ErrorKind::Unsupported(why.clone().into())))
            }
            _ => Ok((kept, left_out)),
        }
    }

    /// The sweeps, then the noise floor, then the sizes.
    fn tasks(&self, population: &Population, points: usize, corruptions: &[Corruption]) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut add = |points, corruption, times: usize| {
            for _ in 0..times {
                // Each scene has a seed of its own.
                let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(tasks.len() as u64);
                tasks.push(Task { points, corruption, seed });
            }
        };
        for &corruption in corruptions {
            self.severities.iter().for_each(|&severity| add(points, Some((corruption, severity)), self.repeats));
        }
        add(points, None, self.floor);
        for &size in self.sizes.iter().filter(|&&size| size <= population.most()) {
            add(size, None, self.repeats.max(2));
            add(size, Some((corruptions[0], self.size_severity)), self.repeats.max(2));
        }
        tasks
    }

    fn infos(
        &self,
        metrics: &[Metric],
        found: &[Option<Row>],
        points: usize,
        first: usize,
        tasks: &[Task],
    ) -> Vec<MetricInfo> {
        let exact = [Metric::distance("w1", Wasserstein { p: 1.0 }), Metric::distance("w2", Wasserstein { p: 2.0 })];
        let times = self.repeats.max(2);
        let of = |at: usize, metric: &Metric| {
            let values = |range: std::ops::Range<usize>| -> std::result::Result<Floor, Option<String>> {
                let rows: Option<Vec<&Row>> = found[range].iter().map(Option::as_ref).collect();
                let values: std::result::Result<Vec<f64>, String> =
                    rows.ok_or(None)?.iter().map(|row| row[at].0.clone()).collect();
                Ok(Floor::of(&values.map_err(Some)?))
            };
            let floor = values(first..first + self.floor);
            let sizes = (first + self.floor..tasks.len()).step_by(2 * times).filter_map(|k| {
                let (floor, corrupted) = (values(k..k + times).ok()?, values(k + times..k + 2 * times).ok()?);
                Some(SizePoint { points: tasks[k].points, floor, corrupted })
            });
            let timed = tasks.iter().zip(found).filter(|(task, _)| task.points == points);
            let times: Vec<Duration> = timed.filter_map(|(_, row)| Some(row.as_ref()?[at].1)).collect();
            MetricInfo {
                key: metric.key.clone(),
                name: metric.discrepancy.name(),
                reading: metric.reading,
                failure: floor.as_ref().err().cloned().flatten(),
                floor: floor.ok(),
                sizes: sizes.collect(),
                cost: times.iter().sum::<Duration>() / times.len().max(1) as u32,
                pooled: None,
            }
        };
        exact.iter().chain(metrics).enumerate().map(|(at, metric)| of(at, metric)).collect()
    }

    fn sweep(&self, corruption: Corruption, rows: &[&Row], infos: &[MetricInfo]) -> Sweep {
        let severity = |k: usize| self.severities[k / self.repeats];
        let severities: Vec<f64> = (0..rows.len()).map(severity).collect();
        let column =
            |at: usize| -> std::result::Result<Vec<f64>, String> { rows.iter().map(|row| row[at].0.clone()).collect() };
        let exact = [column(0).unwrap_or_default(), column(1).unwrap_or_default()];
        let truth = Correlation::spearman(&exact[0], &severities[..exact[0].len()]);
        let by_distance = rises(&truth);
        let mut curves: Vec<Curve> = infos
            .iter()
            .enumerate()
            .map(|(at, info)| match column(at) {
                Ok(values) => self.curve(&values, info, &severities, &exact, (by_distance, at == 0)),
                Err(failure) => {
                    let (values, is_truth) = (Vec::new(), at == 0);
                    Curve { values, failure: Some(failure), follows: None, by_distance, is_truth, verdict: None }
                }
            })
            .collect();
        let metrics = curves.split_off(2);
        let exact = <[Curve; 2]>::try_from(curves).unwrap_or_else(|_| unreachable!("two are left"));
        Sweep { corruption, exact, curves: metrics }
    }

    /// What the values of one metric say; judged by W₁ or by the severity.
    fn curve(
        &self,
        values: &[f64],
        info: &MetricInfo,
        severities: &[f64],
        exact: &[Vec<f64>; 2],
        (by_distance, is_truth): (bool, bool),
    ) -> Curve {
        let badness: Vec<f64> = values.iter().map(|&value| info.reading.badness(value)).collect();
        let against = |truth: &[f64]| {
            let known = truth.len() == badness.len();
            let truth = if known { truth } else { severities };
            (Correlation::spearman(&badness, truth), Correlation::kendall(&badness, truth))
        };
        let (spearman_severity, kendall_severity) = against(severities);
        let (spearman_w1, kendall_w1) = against(&exact[0]);
        let (spearman_w2, _) = against(&exact[1]);
        let mean = |repeats: &[f64]| repeats.iter().sum::<f64>() / repeats.len() as f64;
        let means: Vec<f64> = badness.chunks_exact(self.repeats).map(mean).collect();
        let follows = Follows {
            spearman_severity,
            kendall_severity,
            spearman_w1,
            kendall_w1,
            spearman_w2,
            violations: means.windows(2).filter(|pair| pair[1] <= pair[0]).count(),
            sees_from: info.floor.and_then(|floor| self.sees_from(values, info.reading, &floor)),
        };
        let truth = if by_distance && !is_truth { &spearman_w1 } else { &spearman_severity };
        let before_last = self.severities[self.severities.len() - 2];
        let above_noise = follows.sees_from.is_some_and(|from| from <= before_last);
        let verdict = Verdict::of(truth, &spearman_severity, above_noise);
        let values = values.chunks_exact(self.repeats).map(<[f64]>::to_vec).collect();
        Curve { values, failure: None, follows: Some(follows), by_distance, is_truth, verdict: Some(verdict) }
    }

    /// The least severity from which on every mean is outside the noise floor, on the worse side.
    fn sees_from(&self, values: &[f64], reading: Reading, floor: &Floor) -> Option<f64> {
        let outside = |repeats: &[f64]| {
            let gap = repeats.iter().sum::<f64>() / repeats.len() as f64 - floor.mean;
            let worse = match reading {
                Reading::Distance => gap,
                Reading::Score => -gap,
                Reading::Half => gap.abs(),
            };
            worse > 2.0 * floor.deviation
        };
        let seen: Vec<bool> = values.chunks_exact(self.repeats).map(outside).collect();
        let first = seen.iter().rposition(|seen| !seen).map_or(0, |last| last + 1);
        self.severities.get(first).copied()
    }
}

/// The exact distances and every metric on one scene.
fn evaluate(population: &Population, metrics: &[Metric], task: Task) -> Result<Row> {
    let scene = population.draw(task.points, task.seed)?;
    let fake = match task.corruption {
        Some((corruption, severity)) => corruption.apply(&scene, severity, task.seed)?,
        None => scene.fake.samples.clone(),
    };
    let timed = |discrepancy: &dyn Discrepancy| {
        let start = Instant::now();
        let value = value(discrepancy, &scene.real, &fake);
        (value, start.elapsed())
    };
    let exact = [1.0, 2.0].map(|p| timed(&Wasserstein { p }));
    Ok(exact.into_iter().chain(metrics.iter().map(|metric| timed(&*metric.discrepancy))).collect())
}

fn value(discrepancy: &dyn Discrepancy, real: &Samples, fake: &Samples) -> std::result::Result<f64, String> {
    let found = discrepancy.between(real, fake).map_err(|error| error.to_string())?.value;
    if found.is_nan() { Err("the value is not a number".to_string()) } else { Ok(found) }
}

/// The correlation of each metric with W₁ over all sweeps.
fn pool(infos: &mut [MetricInfo], sweeps: &[Sweep]) {
    let all = |at: usize| -> Option<Vec<f64>> {
        let mut values = Vec::new();
        for sweep in sweeps {
            let curve = if at < 2 { &sweep.exact[at] } else { &sweep.curves[at - 2] };
            if curve.values.is_empty() {
                return None;
            }
            values.extend(curve.values.iter().flatten());
        }
        Some(values).filter(|values| !values.is_empty())
    };
    let Some(truth) = all(0) else { return };
    for (at, info) in infos.iter_mut().enumerate() {
        info.pooled = all(at).map(|values| {
            let badness: Vec<f64> = values.iter().map(|&value| info.reading.badness(value)).collect();
            Correlation::spearman(&badness, &truth)
        });
    }
}
