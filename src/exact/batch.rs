//! Many problems at once: in parallel, in order, the same bits at any number of threads.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use ndarray::Array2;

use crate::cost::GroundCost;
use crate::error::Result;
use crate::estimate::{Estimate, Evidence, Note};
use crate::exact::{refuse_underflow, solve_observed};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::transport::{Interrupt, Observer, Problem, Progress, Root, Silent, Solution, Status, Watch};

/// Solves all problems in parallel. Each solution is the one that [`solve`](crate::exact::solve) gives, to the last bit.
///
/// # Errors
/// As the solver chosen, for the first problem that has one.
///
/// # Panics
/// Never: without limits nothing is left out.
///
/// ```
/// use earthwork::exact::batch;
/// use earthwork::prelude::*;
///
/// let at = |shift: f64| Samples::new([[shift, 0.0], [1.0 + shift, 0.5]]);
/// let problems = (0..8)
///     .map(|k| Problem::between(&at(0.0)?, &at(f64::from(k))?, Euclidean))
///     .collect::<Result<Vec<_>>>()?;
/// let costs: Vec<f64> = batch(&problems)?.iter().map(|solution| solution.transport_cost).collect();
/// assert_eq!(costs, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn batch(problems: &[Problem]) -> Result<Vec<Solution>> {
    let Batch { solutions, .. } = batch_observed(problems, Interrupt::default(), &mut Silent)?;
    Ok(solutions.into_iter().map(|solution| solution.expect("nothing ended the batch")).collect())
}

/// [`batch`] with limits and progress reports. The time limit is for all problems together, the iteration limit for each. What was
/// finished before an early end is kept; the problems that were at work have plans and bounds, and a status that says why
/// they ended; the others are `None`.
///
/// # Errors
/// As [`batch`].
pub fn batch_observed(problems: &[Problem], interrupt: Interrupt, observer: &mut dyn Observer) -> Result<Batch> {
    let solve = |k: usize, rest: Interrupt| solve_observed(&problems[k], rest, &mut Silent);
    let (solutions, status) = in_parallel(problems.len(), interrupt, observer, solve, |solution| {
        (solution.report.iterations, solution.status)
    })?;
    Ok(Batch { solutions, status })
}

/// What [`batch_observed`] returns.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Batch {
    /// The solution of each problem; `None` for those that were not begun before an early end.
    pub solutions: Vec<Option<Solution>>,
    /// `Optimal` when every problem was solved; else why the first of the others was not.
    pub status: Status,
}

/// The optimal transport costs between all pairs of samples under a symmetric ground cost, each with its bounds. O(k²)
/// problems for k samples, in parallel; no plan is kept.
///
/// # Errors
/// As [`Problem::between`] for the first pair that has one: it names the pair.
///
/// ```
/// use earthwork::exact::pairwise;
/// use earthwork::prelude::*;
///
/// let clouds = [0.0, 1.0, 3.0].map(|x| Samples::new([[x, 0.0], [x, 2.0]]));
/// let clouds = clouds.into_iter().collect::<Result<Vec<_>>>()?;
/// let distances = pairwise(&clouds, Euclidean)?;
/// assert_eq!(distances.get(2, 1).unwrap().value, 2.0);
/// assert_eq!(distances.to_matrix().unwrap(), ndarray::array![[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]]);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn pairwise(samples: &[Samples], ground: impl GroundCost + 'static) -> Result<Pairwise> {
    pairwise_observed(samples, ground, Interrupt::default(), &mut Silent)
}

/// [`pairwise`] with limits and progress reports. The time limit is for all pairs together. What was finished before an early end is kept,
/// and [`Pairwise::missing`] says what was not.
///
/// # Errors
/// As [`pairwise`].
pub fn pairwise_observed(
    samples: &[Samples],
    ground: impl GroundCost + 'static,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
) -> Result<Pairwise> {
    let ground: Arc<dyn GroundCost> = Arc::new(ground);
    let pose = |x: &Samples, y: &Samples| Ok((Problem::between_shared(x, y, Arc::clone(&ground))?, None));
    between_pairs(samples, pose, interrupt, observer)
}

/// The Wasserstein distances of order `p` ≥ 1 between all pairs of samples, with the Euclidean ground distance, each with its bounds: those
/// of [`wasserstein`](crate::exact::wasserstein), in parallel.
///
/// # Errors
/// As [`wasserstein`](crate::exact::wasserstein) for the first pair that has one: it names the pair.
///
/// ```
/// use earthwork::exact::pairwise_distances;
/// use earthwork::prelude::*;
///
/// let clouds = [0.0, 3.0].map(|x| Samples::new([[x, 0.0], [x, 2.0]]));
/// let clouds = clouds.into_iter().collect::<Result<Vec<_>>>()?;
/// assert_eq!(pairwise_distances(&clouds, 2.0)?.get(0, 1).unwrap().value, 3.0);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn pairwise_distances(samples: &[Samples], p: f64) -> Result<Pairwise> {
    pairwise_distances_observed(samples, p, Interrupt::default(), &mut Silent)
}

/// [`pairwise_distances`] with limits and progress reports, as [`pairwise_observed`].
///
/// # Errors
/// As [`pairwise_distances`].
pub fn pairwise_distances_observed(
    samples: &[Samples],
    p: f64,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
) -> Result<Pairwise> {
    let pose = |x: &Samples, y: &Samples| Root::pose(x, y, p).map(|(problem, root)| (problem, Some(root)));
    between_pairs(samples, pose, interrupt, observer)
}

/// All pairs, each as it is posed: costs, or what a root makes of them.
fn between_pairs(
    samples: &[Samples],
    pose: impl Fn(&Samples, &Samples) -> Result<(Problem<'static>, Option<Root>)> + Sync,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
) -> Result<Pairwise> {
    let count = samples.len();
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j))).collect();
    let estimate = |k: usize, rest: Interrupt| {
        let (i, j) = pairs[k];
        let solved = pose(&samples[i], &samples[j]).and_then(|(problem, root)| {
            let solution = solve_observed(&problem, rest, &mut Silent)?;
            if root.is_some() {
                refuse_underflow(&problem, &solution)?;
            }
            Ok((solution, root))
        });
        let (solution, root) = solved.map_err(|error| {
            let argument = format!("samples {i} and {j}, {}", error.argument());
            error.about(argument)
        })?;
        let (value, report) = (solution.transport_cost, &solution.report);
        let evidence = solution
            .bounds
            .map_or(Evidence::Unstated, |bounds| Evidence::Bounds { lower: bounds.lower, upper: bounds.upper });
        let estimate = match root {
            None => Estimate::new(value, evidence, report.method, solution.plan.shape()),
            Some(root) => root.estimate(&solution.summary()),
        };
        let ended = !solution.status.is_success();
        let estimate = if ended { estimate.with_note(Note::NotConverged) } else { estimate };
        Ok((estimate, report.iterations, solution.status))
    };
    let (found, status) =
        in_parallel(pairs.len(), interrupt, observer, estimate, |(_, pivots, status)| (*pivots, *status))?;
    let condensed = found.into_iter().map(|found| found.map(|(estimate, ..)| estimate)).collect();
    Ok(Pairwise { count, condensed, status })
}

/// The symmetric matrix that [`pairwise`] and [`pairwise_distances`] return.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairwise {
    count: usize,
    condensed: Vec<Option<Estimate>>,
    status: Status,
}

impl Pairwise {
    /// The cost, or the distance, between samples i ≠ j; `None` on the diagonal, beyond the last sample, and for a pair that was not begun.
    pub fn get(&self, i: usize, j: usize) -> Option<&Estimate> {
        let (i, j) = (i.min(j), i.max(j));
        let within = i < j && j < self.count;
        within.then(|| self.condensed[i * (2 * self.count - i - 1) / 2 + j - i - 1].as_ref()).flatten()
    }

    /// The entries above the diagonal, row by row: (0, 1), (0, 2), …, (1, 2), …, as SciPy's `squareform` reads them.
    pub fn condensed(&self) -> &[Option<Estimate>] {
        &self.condensed
    }

    /// How many samples there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `Optimal` when every pair was solved; else why the first of the others was not.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The pairs that were not begun before an early end. (One that was ended at work has an entry with wide bounds and the
    /// note [`Note::NotConverged`].)
    pub fn missing(&self) -> impl Iterator<Item = (usize, usize)> {
        let pairs = (0..self.count).flat_map(|i| (i + 1..self.count).map(move |j| (i, j)));
        pairs.zip(&self.condensed).filter(|(_, entry)| entry.is_none()).map(|(pair, _)| pair)
    }

    /// The values as a square array with zeros on the diagonal; `None` where a pair is missing.
    pub fn to_matrix(&self) -> Option<Array2<f64>> {
        let mut matrix = Array2::zeros((self.count, self.count));
        for i in 0..self.count {
            for j in i + 1..self.count {
                let value = self.get(i, j)?.value;
                matrix[[i, j]] = value;
                matrix[[j, i]] = value;
            }
        }
        Some(matrix)
    }
}

/// Runs jobs in parallel until all are done or something ends them, and tells the observer, on this thread, how far they
/// are. `told` says how many pivots a result took, and how it ended. A result is `None` where its job was not begun.
pub(crate) fn in_parallel<T: Send>(
    jobs: usize,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
    job: impl Fn(usize, Interrupt) -> Result<T> + Sync,
    told: impl Fn(&T) -> (u64, Status),
) -> Result<(Vec<Option<T>>, Status)> {
    let (started, limits) = (Instant::now(), interrupt.clone());
    let begin = |k: usize| {
        let rest = limits.clone().after(started.elapsed());
        (!rest.is_over()).then(|| job(k, rest))
    };
    let mut watch = Watch::new(Interrupt { iterations: None, ..interrupt }, observer);
    let mut progress = Progress { stage: "batch", total: jobs, ..Progress::default() };
    let mut results: Vec<Option<Result<T>>> = (0..jobs).map(|_| None).collect();
    let (mut first_ended, mut ended) = (jobs, None);

    let (send, receive) = mpsc::channel();
    // Short jobs are told together: a message that wakes the receiver takes some microseconds.
    let together = (jobs / (MESSAGES * rayon::current_num_threads())).clamp(1, MOST_TOGETHER);
    rayon::in_place_scope(|scope| {
        let begin = &begin;
        scope.spawn(move |_| {
            parallel::map(jobs.div_ceil(together), |block| {
                let (mut done, mut told) = (Vec::with_capacity(together), Instant::now());
                for k in block * together..jobs.min((block + 1) * together) {
                    done.push((k, begin(k)));
                    if told.elapsed() >= PATIENCE {
                        // The receiver outlives the scope.
                        drop(send.send(std::mem::take(&mut done)));
                        told = Instant::now();
                    }
                }
                drop(send.send(done));
            });
        });
        while let Some(done) = next(&receive, || _ = watch.check(&progress)) {
            for (k, result) in done {
                if let Some(Ok(result)) = &result {
                    let (pivots, status) = told(result);
                    progress.done += 1;
                    progress.iterations += pivots;
                    if !status.is_success() && k < first_ended {
                        (first_ended, ended) = (k, Some(status));
                    }
                }
                results[k] = result;
            }
        }
    });
    let status = ended.or_else(|| {
        let missing = results.iter().any(Option::is_none);
        missing.then(|| watch.check(&progress).unwrap_or(Status::Cancelled))
    });
    let results = results.into_iter().map(Option::transpose).collect::<Result<Vec<_>>>()?;
    Ok((results, status.unwrap_or(Status::Optimal)))
}

/// Messages of each thread that are few enough to cost nothing, and jobs that are told together at most.
const MESSAGES: usize = 64;
const MOST_TOGETHER: usize = 64;
/// How long nothing is told.
const PATIENCE: Duration = Duration::from_millis(20);

/// The next message, or `None` when there are no more. While it waits, it works for the pool if this is one of its threads, and
/// calls `meanwhile` now and then.
fn next<T>(receive: &mpsc::Receiver<T>, mut meanwhile: impl FnMut()) -> Option<T> {
    loop {
        match receive.try_recv() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        meanwhile();
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            continue;
        }
        match receive.recv_timeout(PATIENCE) {
            Ok(message) => return Some(message),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
