//! The public types may cross threads.

use earthwork::cost::{Cosine, CostFn, DenseCost, Euclidean, PNorm, PointCost, SquaredEuclidean};
use earthwork::error::{Error, ErrorKind};
use earthwork::estimate::{Estimate, Evidence};
use earthwork::exact::NetworkSimplex;
use earthwork::measure::{Gaussian, Histogram, Mixture, Points, Samples, Weights};
use earthwork::numeric::Sum;
use earthwork::transport::{
    Bounds, CancelToken, Certificate, Flow, Interrupt, Plan, Potentials, Problem, Progress, Report, Silent, Solution,
    Status,
};

fn crosses<T: Send + Sync + Unpin>() {}

#[test]
fn public_types_are_send_sync_and_unpin() {
    crosses::<(Points, Samples, Weights, Histogram, Gaussian, Mixture)>();
    crosses::<(SquaredEuclidean, Euclidean, PNorm, Cosine, CostFn<fn(&[f64], &[f64]) -> f64>)>();
    crosses::<(DenseCost<'static>, PointCost, Problem<'static>, Plan, Flow, Potentials, Bounds, Certificate)>();
    crosses::<(Solution, Report, Status, Progress, Interrupt, CancelToken, Silent)>();
    crosses::<(NetworkSimplex, Estimate, Evidence, Error, ErrorKind, Sum)>();
}

#[test]
fn results_are_values() {
    fn value<T: Clone + PartialEq + std::fmt::Debug>() {}
    value::<(Samples, Histogram, Gaussian, Mixture, Plan, Potentials, Bounds, Solution, Estimate, Error)>();
}
