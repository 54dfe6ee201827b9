use super::*;
use crate::cost::{Euclidean, PNorm, SquaredEuclidean};
use crate::exact::NetworkSimplex;
use crate::testing::{check, check_bounds};
use crate::transport::{CancelToken, Status};
use ndarray::{ArrayD, IxDyn, array};

/// Masses on a grid: a few shapes that are hard in different ways.
fn masses(kind: usize, shape: &[usize], seed: usize) -> ArrayD<f64> {
    let cells: usize = shape.iter().product();
    let wave = |k: usize| ((k * 7919 + seed * 104_729 + 13) as f64 * 0.754_877).fract().abs();
    let of = |k: usize| match kind {
        0 => 0.1 + wave(k),
        1 => {
            if wave(k) < 0.7 {
                0.0
            } else {
                wave(k)
            }
        }
        2 => 1.0,
        3 => ((k + seed) % 2) as f64,
        4 => f64::from(u8::from(k == (seed * 31 + 5) % cells)),
        _ => (wave(k) * 4.0).floor(),
    };
    let mut all: Vec<f64> = (0..cells).map(of).collect();
    if all.iter().sum::<f64>() == 0.0 {
        all[0] = 1.0;
    }
    ArrayD::from_shape_vec(IxDyn(shape), all).unwrap()
}

fn grid(kind: usize, shape: &[usize], seed: usize) -> Histogram {
    Histogram::grid(masses(kind, shape, seed)).unwrap().normalised()
}

/// Solves on the grid and by the dense simplex, checks both and compares them; returns which way the grid went.
fn assert_agrees(p: &Histogram, q: &Histogram, ground: impl GroundCost + Copy + 'static) -> &'static str {
    let problem = Problem::between(&p.to_samples().unwrap(), &q.to_samples().unwrap(), ground).unwrap();
    let found = Grid::default().solve(p, q, ground).unwrap();
    check(&problem, &found).unwrap_or_else(|why| panic!("{} {:?} {:?}: {why}", ground.name(), p.shape(), q.shape()));
    let dense = NetworkSimplex::dense().solve(&problem).unwrap();
    let (x, y) = (found.transport_cost, dense.transport_cost);
    assert!((x - y).abs() <= 1e-11 * y.abs(), "{} {:?} {:?}: {x} is not {y}", ground.name(), p.shape(), q.shape());
    found.report.method
}

#[test]
fn every_shape_and_kind_agrees_with_the_dense_simplex() {
    let shapes: [&[usize]; 6] = [&[7], &[1, 1], &[5, 4], &[1, 9], &[3, 4, 2], &[9, 11]];
    for (seed, shape) in shapes.into_iter().enumerate() {
        for kind in 0..6 {
            for other in [kind, (kind + 1) % 6] {
                let (p, q) = (grid(kind, shape, seed), grid(other, shape, seed + 1));
                assert_agrees(&p, &q, PNorm::cityblock());
                assert_agrees(&p, &q, PNorm::chebyshev());
                assert_agrees(&p, &q, SquaredEuclidean);
                assert_agrees(&p, &q, Euclidean);
            }
        }
    }
}

#[test]
fn distances_between_neighbours_go_by_flow() {
    let (p, q) = (grid(0, &[12, 10], 1), grid(5, &[12, 10], 2));
    assert_eq!(assert_agrees(&p, &q, PNorm::cityblock()), "grid flow");
    assert_eq!(assert_agrees(&p, &q, PNorm::chebyshev()), "grid flow");
    assert_eq!(assert_agrees(&p, &q, SquaredEuclidean), "network simplex");
    assert_eq!(assert_agrees(&p, &p, PNorm::cityblock()), "grid flow");
    // The problem of the same samples is recognised.
    let problem = Problem::between(&p.to_samples().unwrap(), &q.to_samples().unwrap(), PNorm::cityblock()).unwrap();
    assert_eq!(crate::exact::solve(&problem).unwrap().report.method, "grid flow");
}

#[test]
fn spacing_origin_and_scale_of_masses_do_not_matter() {
    for scale in [1e-12, 1.0, 1e12] {
        for spacing in [1e-9, 0.1, 1.0, 1e7] {
            let side = |kind, seed| {
                let all = masses(kind, &[8, 7], seed);
                let all = &all * (scale / all.sum());
                Histogram::grid(all).unwrap().with_spacing(spacing).unwrap().with_origin([3.0 * spacing, 0.0]).unwrap()
            };
            let (p, q) = (side(0, 3), side(1, 4));
            assert_eq!(assert_agrees(&p, &q, PNorm::cityblock()), "grid flow");
            assert_eq!(assert_agrees(&p, &q, PNorm::chebyshev()), "grid flow");
            assert_agrees(&p, &q, SquaredEuclidean);
        }
    }
}

#[test]
fn grids_may_differ() {
    let p = grid(0, &[6, 5], 1).with_spacing(0.5).unwrap();
    for (shape, spacing, origin) in
        [([6, 5], 0.5, [0.5, 1.0]), ([3, 4], 1.0, [0.0, 0.0]), ([4, 4], 0.3, [0.1, 7.0]), ([2, 9], 0.5, [1e8, -1e8])]
    {
        let q = grid(0, &shape, 2).with_spacing(spacing).unwrap().with_origin(origin).unwrap();
        assert_agrees(&p, &q, PNorm::cityblock());
        assert_agrees(&p, &q, PNorm::chebyshev());
        assert_agrees(&p, &q, SquaredEuclidean);
    }
}

#[test]
fn equal_images_cost_nothing() {
    let p = grid(5, &[9, 9], 1);
    for solution in [
        Grid::default().solve(&p, &p, PNorm::cityblock()).unwrap(),
        Grid::default().solve(&p, &p, SquaredEuclidean).unwrap(),
    ] {
        assert_eq!(solution.transport_cost, 0.0);
        assert_eq!(solution.bounds.unwrap().lower, 0.0);
    }
}

#[test]
fn a_flow_that_ends_early_keeps_its_promises() {
    let (p, q) = (grid(0, &[20, 20], 1), grid(0, &[20, 20], 2));
    let ground = PNorm::cityblock();
    let problem = Problem::between(&p.to_samples().unwrap(), &q.to_samples().unwrap(), ground).unwrap();
    for limit in [0, 1, 30, 200] {
        let solution = Grid::default().with_iteration_limit(limit).solve(&p, &q, ground).unwrap();
        assert_eq!(solution.status, Status::IterationLimit, "{limit}");
        check_bounds(&problem, &solution).unwrap();
    }
    let token = CancelToken::default();
    token.cancel();
    let solution = Grid::default().with_cancel(token).solve(&p, &q, ground).unwrap();
    check_bounds(&problem, &solution).unwrap();
    let plain = Grid::default().without_certificate().solve(&p, &q, ground).unwrap();
    assert!(plain.bounds.is_none() && plain.status == Status::Optimal);
}

#[test]
fn wrong_input_is_named() {
    let image = Histogram::grid(array![[1.0, 2.0]]).unwrap();
    let categories = Histogram::categories([1.0, 2.0]).unwrap();
    let message = |p: &Histogram, q: &Histogram| Grid::default().solve(p, q, Euclidean).unwrap_err().to_string();
    assert!(message(&image, &categories).starts_with("target: categories have no coordinates"));
    assert!(message(&image, &Histogram::grid(array![3.0]).unwrap()).contains("dimension"));
    assert!(message(&image, &Histogram::grid(array![[3.5]]).unwrap()).contains("totals differ"));
}
