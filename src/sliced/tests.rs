use super::*;
use crate::error::Result;
use crate::estimate::{Discrepancy, Evidence};
use crate::exact::wasserstein;
use crate::measure::{Gaussian, Points, Samples};
use crate::transport::{Interrupt, Status};

const DRAWN: [Method; 3] = [Method::MonteCarlo, Method::Orthogonal, Method::QuasiMonteCarlo];

fn cloud(n: usize, dim: usize, seed: u64, scale: f64, shift: f64) -> Samples {
    let normal = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
    changed(&normal, |_, v| v * scale + shift)
}

/// The same weights on points whose coordinate `v` number `k` has become `f(k, v)`.
fn changed(side: &Samples, f: impl Fn(usize, f64) -> f64) -> Samples {
    let dim = side.dim();
    let moved: Vec<f64> = side.points().as_slice().iter().enumerate().map(|(at, &v)| f(at % dim, v)).collect();
    Samples::with_weights(Points::from_rows(moved, dim).unwrap(), side.weights().clone()).unwrap()
}

fn weighted(side: &Samples, mass: impl Fn(usize) -> f64) -> Samples {
    Samples::weighted(side.points(), (0..side.len()).map(mass).collect::<Vec<_>>()).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} is not {expected}");
}

#[test]
fn on_a_line_it_is_the_exact_distance() -> Result<()> {
    let (x, y) = (cloud(300, 1, 1, 1.0, 0.0), cloud(300, 1, 2, 2.0, 0.5));
    let (a, b) = (weighted(&x, |i| (i % 7) as f64), weighted(&cloud(211, 1, 3, 1.0, 0.0), |i| 1.0 + (i % 3) as f64));
    let (a, b) = (a.normalised(), b.normalised());
    for p in [1.0, 1.5, 2.0, 3.0, 7.0] {
        for (x, y) in [(&x, &y), (&x, &cloud(211, 1, 3, 1.0, 0.0)), (&a, &b), (&x, &b)] {
            let found = Sliced::new(p).between(x, y)?;
            near(found.value, wasserstein(x, y, p)?.value, 1e-13);
            assert_eq!(found.evidence, Evidence::Exact);
        }
    }
    Ok(())
}

#[test]
fn a_translation_by_t_moves_every_slice_by_its_part() -> Result<()> {
    // |θ·t|^p over the sphere: |t|^p Γ(d/2) Γ((p+1)/2) / (√π Γ((d+p)/2)); for d = 3 that is |t|^p / (p + 1).
    let x = cloud(50, 3, 1, 1.0, 0.0);
    let y = changed(&x, |k, v| v + [2.0, -1.0, 2.0][k]);
    for method in DRAWN {
        for p in [1.0_f64, 2.0, 3.0] {
            let found = Sliced::new(p).with_method(method.clone()).with_directions(4000).solve(&x, &y)?;
            let expected = 3.0 * (1.0 / (p + 1.0)).powf(1.0 / p);
            let error = found.std_error.unwrap();
            assert!((found.value - expected).abs() <= 5.0 * error + 1e-12, "{method:?} p = {p}: {found}");
            assert!(error <= 0.02 * expected, "{found}");
        }
    }
    // A square of one inner product is quadratic in θ: the control variate knows it all.
    let found = Sliced::new(2.0).with_method(Method::MonteCarlo).with_directions(200).solve(&x, &y)?;
    near(found.value, 3.0_f64.sqrt(), 1e-12);
    assert!(found.variance_ratio < 1e-20);
    Ok(())
}

#[test]
fn gaussians_have_a_closed_form() -> Result<()> {
    // SW₂² = |m|² / d + (a − b)² for N(0, a² I) and N(m, b² I); the samples are large enough for 1 %.
    let (x, y) = (cloud(40_000, 2, 1, 1.0, 0.0), cloud(30_000, 2, 2, 2.0, 1.5));
    let found = Sliced::default().with_directions(64).solve(&x, &y)?;
    near(found.value, (2.25_f64 + 1.0).sqrt(), 0.01);
    Ok(())
}

#[test]
fn scaling_rotation_and_offsets_are_respected() -> Result<()> {
    let (x, y) = (cloud(60, 2, 1, 1.0, 0.0), cloud(45, 2, 2, 1.5, 0.3));
    let sliced = Sliced::new(2.0).with_method(Method::MonteCarlo).with_directions(300);
    let plain = sliced.solve(&x, &y)?;
    for scale in [1e-150, 1e-12, 3.0, 1e12, 1e150] {
        let found = sliced.solve(&changed(&x, |_, v| v * scale), &changed(&y, |_, v| v * scale))?;
        near(found.value, scale * plain.value, 1e-12);
        near(found.std_error.unwrap(), scale * plain.std_error.unwrap(), 1e-9);
    }
    let far = sliced.solve(&changed(&x, |_, v| v + 1e8), &changed(&y, |_, v| v + 1e8))?;
    // The offset itself rounds coordinates to 1e-8.
    near(far.value, plain.value, 1e-7);
    // Turned by a right angle: the same set of slices under directions turned likewise.
    let turned = |side: &Samples| {
        let rows: Vec<f64> = side.points().iter().flat_map(|point| [-point[1], point[0]]).collect();
        Samples::with_weights(Points::from_rows(rows, 2).unwrap(), side.weights().clone()).unwrap()
    };
    let circle: Vec<f64> =
        (0..90).flat_map(|k| [f64::from(k).to_radians().cos(), f64::from(k).to_radians().sin()]).collect();
    let quarter = Sliced::new(2.0).with_method(Method::Given(Points::from_rows(circle.clone(), 2)?));
    let next: Vec<f64> = circle.chunks_exact(2).flat_map(|v| [-v[1], v[0]]).collect();
    let next = Sliced::new(2.0).with_method(Method::Given(Points::from_rows(next, 2)?));
    near(quarter.solve(&x, &y)?.value, next.solve(&turned(&x), &turned(&y))?.value, 1e-13);
    Ok(())
}

#[test]
fn masses_of_any_total_count_as_in_the_exact_distance() -> Result<()> {
    let (x, y) = (cloud(30, 2, 1, 1.0, 0.0), cloud(20, 2, 2, 1.0, 1.0));
    let sliced = Sliced::new(2.0).with_directions(200);
    let plain = sliced.solve(&x, &y)?;
    for total in [1e-12, 4.0, 1e12] {
        let (heavy_x, heavy_y) = (weighted(&x, |_| total / 30.0), weighted(&y, |_| total / 20.0));
        near(sliced.solve(&heavy_x, &heavy_y)?.value, plain.value * total.sqrt(), 1e-12);
        assert!(sliced.solve(&heavy_x, &heavy_y)?.value <= wasserstein(&heavy_x, &heavy_y, 2.0)?.value);
    }
    Ok(())
}

#[test]
fn weights_are_points_that_come_several_times() -> Result<()> {
    let (x, y) = (cloud(25, 3, 1, 1.0, 0.0), cloud(31, 3, 2, 1.0, 0.4));
    let times = |i: usize| 1 + i * 7 % 4;
    let repeated: Vec<f64> = x.points().iter().enumerate().flat_map(|(i, point)| point.repeat(times(i))).collect();
    let repeated = Samples::new(Points::from_rows(repeated, 3)?)?;
    let heavy = weighted(&x, |i| times(i) as f64).normalised();
    // Weights of zero change nothing; one below 2⁻³² of the total makes the counts wide.
    let with_zero = weighted(&y, |j| if j % 5 == 0 { 0.0 } else { 1.0 }).normalised();
    let without: Vec<f64> =
        y.points().iter().enumerate().filter(|(j, _)| j % 5 != 0).flat_map(|(_, v)| v.to_vec()).collect();
    let without = Samples::new(Points::from_rows(without, 3)?)?;
    let with_tiny = weighted(&y, |j| if j % 5 == 0 { 1e-20 } else { 1.0 }).normalised();
    for p in [1.0, 2.0, 3.5] {
        let sliced = Sliced::new(p).with_directions(50);
        near(sliced.solve(&heavy, &y)?.value, sliced.solve(&repeated, &y)?.value, 1e-12);
        near(sliced.solve(&heavy, &with_zero)?.value, sliced.solve(&repeated, &without)?.value, 1e-12);
        near(sliced.solve(&heavy, &with_tiny)?.value, sliced.solve(&repeated, &without)?.value, 1e-12);
    }
    Ok(())
}

#[test]
fn it_is_below_the_exact_distance_and_a_distance_itself() -> Result<()> {
    for (dim, p) in [(2, 1.0), (2, 2.0), (5, 2.0), (3, 4.0)] {
        let (x, y, z) = (cloud(40, dim, 1, 1.0, 0.0), cloud(40, dim, 2, 1.3, 0.5), cloud(33, dim, 3, 0.5, -1.0));
        let sliced = Sliced { control_variates: false, ..Sliced::new(p).with_directions(128) };
        let distance = |u: &Samples, v: &Samples| sliced.solve(u, v).unwrap().value;
        assert!(distance(&x, &y) <= wasserstein(&x, &y, p)?.value);
        near(distance(&x, &y), distance(&y, &x), 1e-13);
        assert_eq!(distance(&x, &x), 0.0);
        assert!(distance(&x, &z) <= distance(&x, &y) + distance(&y, &z) + 1e-12);
    }
    Ok(())
}

#[test]
fn in_the_plane_it_is_an_integral_over_half_a_circle() -> Result<()> {
    let (x, y) = (cloud(9, 2, 1, 1.0, 0.0), weighted(&cloud(5, 2, 2, 2.0, 0.3), |j| 1.0 + j as f64).normalised());
    let turns = 20_000;
    let rule: Vec<f64> = (0..turns)
        .flat_map(|k| {
            let (sine, cosine) = (std::f64::consts::PI * (f64::from(k) + 0.5) / f64::from(turns)).sin_cos();
            [cosine, sine]
        })
        .collect();
    let sliced = |method| Sliced { control_variates: false, ..Sliced::new(2.0).with_method(method) };
    let integral = sliced(Method::Given(Points::from_rows(rule, 2)?)).solve(&x, &y)?.value;
    // The integrand has corners, so the rule's own error is about 1 / turns²; ours is asked for.
    for method in DRAWN {
        let found = Sliced::new(2.0).with_method(method.clone()).to_precision(1e-3).solve(&x, &y)?;
        assert!(found.status == Status::Converged && found.std_error.unwrap() <= 1e-3 * found.value);
        assert!(
            (found.value - integral).abs() <= 5.0 * found.std_error.unwrap(),
            "{method:?}: {found}, not {integral}"
        );
    }
    Ok(())
}

#[test]
fn evenly_spread_directions_need_a_twentieth() -> Result<()> {
    let (x, y) =
        (cloud(150, 3, 1, 1.0, 0.0), changed(&cloud(150, 3, 2, 1.0, 0.0), |k, v| v * [1.0, 2.0, 0.5][k] + 0.3));
    let needed = |method, control_variates| -> Result<usize> {
        let sliced = Sliced { control_variates, ..Sliced::new(2.0).with_method(method).with_directions(64) };
        let found = sliced.to_precision(1e-3).solve(&x, &y)?;
        assert_eq!(found.status, Status::Converged);
        Ok(found.directions())
    };
    let (random, even) = (needed(Method::MonteCarlo, false)?, needed(Method::QuasiMonteCarlo, true)?);
    assert!(random >= 20 * even, "{random} and {even}");
    Ok(())
}

/// In how many of `seeds` runs the 95 % interval holds the truth.
fn covered(method: &Method, dim: usize, p: f64, directions: usize, seeds: u64) -> Result<f64> {
    let (x, y) = (cloud(40, dim, 1, 1.0, 0.0), changed(&cloud(40, dim, 2, 1.4, 0.2), |k, v| v * (1.0 + k as f64)));
    let sliced = Sliced::new(p).with_method(method.clone()).with_directions(directions);
    let reference = Sliced { control_variates: false, ..sliced.clone().with_seed(1 << 40) };
    let truth = reference.with_method(Method::QuasiMonteCarlo).with_directions(100_000).solve(&x, &y)?.value;
    let mut inside = 0;
    for seed in 0..seeds {
        let found = sliced.clone().with_seed(seed).between(&x, &y)?;
        inside += usize::from(found.lower() <= truth && truth <= found.upper());
    }
    Ok(inside as f64 / seeds as f64)
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() -> Result<()> {
    for (method, dim, p) in [
        (Method::MonteCarlo, 3, 2.0),
        (Method::MonteCarlo, 2, 1.0),
        (Method::Orthogonal, 4, 2.0),
        (Method::QuasiMonteCarlo, 3, 2.0),
        (Method::QuasiMonteCarlo, 6, 2.0),
    ] {
        let share = covered(&method, dim, p, 200, 200)?;
        assert!((0.92..=0.98).contains(&share), "{method:?}, d = {dim}, p = {p}: {share}");
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() -> Result<()> {
    let (x, y) =
        (cloud(500, 7, 1, 1.0, 0.0), weighted(&cloud(300, 7, 2, 1.0, 0.1), |j| 1.0 + (j % 3) as f64).normalised());
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for method in DRAWN {
        let sliced = Sliced::new(2.0).with_method(method).with_directions(77);
        let run = |threads: usize| pool(threads).install(|| sliced.solve(&x, &y).unwrap());
        let (one, three) = (run(1), run(3));
        assert_eq!((one.value, one.std_error, one.costs), (three.value, three.std_error, three.costs));
        assert_ne!(one.value, sliced.clone().with_seed(1).solve(&x, &y)?.value);
    }
    Ok(())
}

#[test]
fn a_limit_leaves_the_slices_done() -> Result<()> {
    let (x, y) = (cloud(100, 2, 1, 1.0, 0.0), cloud(100, 2, 2, 1.0, 1.0));
    let interrupt = Interrupt { iterations: Some(1), ..Interrupt::default() };
    let found = Sliced { interrupt, ..Sliced::new(2.0).with_directions(10_000) }.solve(&x, &y)?;
    assert_eq!(found.status, Status::IterationLimit);
    assert!(found.directions() < 10_000 && found.value > 0.0);
    assert!(found.estimate().to_string().contains("not converged"));
    let capped = Sliced { most_directions: 200, ..Sliced::new(2.0).with_method(Method::MonteCarlo) };
    let capped = Sliced { control_variates: false, ..capped.with_directions(100).to_precision(1e-9) }.solve(&x, &y)?;
    assert_eq!((capped.status, capped.directions()), (Status::IterationLimit, 200));
    Ok(())
}

#[test]
fn wrong_input_is_named() {
    let (x, y) = (cloud(5, 2, 1, 1.0, 0.0), cloud(5, 3, 2, 1.0, 0.0));
    let message = |sliced: Sliced, y: &Samples| sliced.solve(&x, y).unwrap_err().to_string();
    assert_eq!(message(Sliced::default(), &y), "y: it has dimension 3, but the other sample has dimension 2");
    assert!(message(Sliced::new(0.5), &x).starts_with("p: it is 0.5"));
    assert!(message(Sliced::new(f64::NAN), &x).starts_with("p: it is NaN"));
    assert!(message(Sliced::default().with_directions(0), &x).starts_with("directions: it is 0"));
    assert!(message(Sliced::default().to_precision(0.0), &x).starts_with("precision: it is 0"));
    let heavy = weighted(&x, |_| 1.0);
    assert!(message(Sliced::default(), &heavy).contains("the two totals differ"));
    let given = Method::Given(Points::from_rows([1.0, 0.0, 0.0], 3).unwrap());
    assert!(message(Sliced::default().with_method(given), &x).starts_with("directions: it has dimension 3"));
    let near = changed(&x, |_, v| v + 1e-9);
    assert!(message(Sliced::new(60.0), &near).contains("underflow"));
    let huge = Samples::new([[-1e308, 1e308], [1e308, -1e308]]).unwrap();
    assert!(Sliced::default().solve(&huge, &huge).is_ok_and(|found| found.value == 0.0));
}

#[test]
fn one_point_one_direction_and_equal_points() -> Result<()> {
    let (one, other) = (Samples::new([[1.0, 2.0]])?, Samples::new([[1.0, 5.0]])?);
    let found = Sliced::default().with_directions(1).solve(&one, &other)?;
    assert!(found.value <= 3.0 && found.std_error.is_none());
    assert_eq!(found.estimate().evidence, Evidence::Unstated);
    let many = Samples::new(vec![[1.0, 2.0]; 400])?;
    assert_eq!(Sliced::default().solve(&one, &many)?.value, 0.0);
    let found = Sliced::default().solve(&many, &other)?;
    near(found.value, 4.5_f64.sqrt(), 1e-12);
    Ok(())
}

#[test]
fn the_largest_slice_is_found_in_fifty_dimensions() -> Result<()> {
    let x = cloud(300, 50, 1, 1.0, 0.0);
    let y = changed(&x, |k, v| if k == 0 { v + 1.0 } else { v });
    for p in [1.0, 2.0, 3.0] {
        let found = MaxSliced::new(p).solve(&x, &y)?;
        assert!(found.value >= 0.999 && found.value <= 1.0 + 1e-12, "p = {p}: {found:?}");
        assert!(found.estimate().lower() <= wasserstein(&x, &y, p)?.value);
    }
    // A change of spread alone: neither means nor single random directions tell.
    let (x, y) =
        (cloud(2000, 20, 3, 1.0, 0.0), changed(&cloud(2000, 20, 4, 1.0, 0.0), |k, v| if k == 3 { 3.0 * v } else { v }));
    let found = MaxSliced::default().solve(&x, &y)?;
    assert!(found.direction[3].abs() > 0.99 && found.value > 1.9, "{found:?}");
    Ok(())
}

#[test]
fn a_climb_ends_where_no_direction_shows_more() -> Result<()> {
    let (x, y) =
        (cloud(60, 3, 1, 1.0, 0.0), weighted(&cloud(45, 3, 2, 1.6, 0.4), |j| 1.0 + (j % 4) as f64).normalised());
    for p in [1.0, 2.0, 4.0] {
        let found = MaxSliced::new(p).solve(&x, &y)?;
        let many = Sliced { control_variates: false, ..Sliced::new(p).with_directions(20_000) }.solve(&x, &y)?;
        let largest = many.costs.iter().copied().fold(0.0, f64::max).powf(1.0 / p);
        assert!(found.value >= largest * (1.0 - 1e-3), "p = {p}: {} is below {largest}", found.value);
        assert!(found.value <= wasserstein(&x, &y, p)?.value * (1.0 + 1e-12));
        assert!(found.stationarity < 0.1 && matches!(found.status, Status::Converged | Status::Stalled), "{found:?}");
    }
    Ok(())
}

#[test]
fn slices_bound_the_exact_distance_on_both_sides() -> Result<()> {
    for (dim, p) in [(1, 2.0), (2, 1.0), (2, 2.0), (4, 1.5), (3, 3.0)] {
        let (x, y) = (cloud(40, dim, 1, 1.0, 0.0), cloud(30, dim, 2, 1.3, 2.0));
        let heavy = weighted(&x, |i| 1.0 + (i % 3) as f64);
        let heavy_y = weighted(&y, |_| heavy.total() / 30.0);
        for (x, y) in [(&x, &y), (&heavy, &heavy_y)] {
            let exact = wasserstein(x, y, p)?.value;
            let bounds = Sliced::new(p).with_directions(60).bounds(x, y)?;
            assert!(
                bounds.lower() <= exact * (1.0 + 1e-12) && exact <= bounds.upper() * (1.0 + 1e-12),
                "{dim} {p}: {bounds}"
            );
            let best = Sliced::new(p).with_directions(60).best_plan(x, y)?;
            assert!(best.estimate().value >= exact * (1.0 - 1e-12), "{dim} {p}");
            let problem = crate::transport::Problem::between(x, y, crate::cost::PNorm::wasserstein(p)?)?;
            near(best.plan.transport_cost(&problem), best.transport_cost, 1e-12);
            crate::testing::check_plan(&problem, &best.plan, false).unwrap();
            for sharpness in [0.0, 1.0, 1e6] {
                let mean = Sliced::new(p).with_directions(20).expected_plan(x, y, sharpness)?;
                assert!(mean.transport_cost >= exact.powf(p) * (1.0 - 1e-12));
                crate::testing::check_plan(&problem, &mean.plan, false).unwrap();
            }
        }
    }
    // A translation is tight from both sides for p = 2.
    let x = cloud(30, 3, 5, 1.0, 0.0);
    let y = changed(&x, |_, v| v + 4.0);
    let bounds = Sliced::new(2.0).with_directions(30).bounds(&x, &y)?;
    near(bounds.lower(), 48_f64.sqrt(), 1e-12);
    near(bounds.upper(), 48_f64.sqrt(), 1e-12);
    assert!(Sliced::new(2.0).expected_plan(&x, &y, -1.0).is_err());
    Ok(())
}

#[test]
fn gradients_are_differences() -> Result<()> {
    for (p, method) in [(1.0, Method::MonteCarlo), (2.0, Method::QuasiMonteCarlo), (2.5, Method::Orthogonal)] {
        let (x, y) =
            (cloud(12, 3, 1, 1.0, 0.0), weighted(&cloud(9, 3, 2, 1.5, 0.4), |j| 1.0 + (j % 2) as f64).normalised());
        let sliced = Sliced::new(p).with_method(method).with_directions(40);
        let gradient = sliced.gradient(&x, &y)?;
        let plain = Sliced { control_variates: false, ..sliced.clone() };
        near(gradient.cost, plain.solve(&x, &y)?.value.powf(p), 1e-12);
        let step = 1e-6;
        for (i, k) in [(0, 0), (5, 2), (8, 1)] {
            let moved = |side: &Samples, by: f64| {
                let mut points = side.points().view().to_owned();
                points[[i, k]] += by;
                Samples::with_weights(points, side.weights().clone()).unwrap()
            };
            let slope_x = (sliced.gradient(&moved(&x, step), &y)?.cost - sliced.gradient(&moved(&x, -step), &y)?.cost)
                / (2.0 * step);
            let slope_y = (sliced.gradient(&x, &moved(&y, step))?.cost - sliced.gradient(&x, &moved(&y, -step))?.cost)
                / (2.0 * step);
            assert!((slope_x - gradient.x[[i, k]]).abs() < 1e-7, "p = {p}: {slope_x} and {}", gradient.x[[i, k]]);
            assert!((slope_y - gradient.y[[i, k]]).abs() < 1e-7, "p = {p}: {slope_y} and {}", gradient.y[[i, k]]);
        }
    }
    Ok(())
}

#[test]
fn the_subspace_holds_what_differs() -> Result<()> {
    let x = cloud(60, 4, 1, 1.0, 0.0);
    let y = changed(&cloud(50, 4, 2, 1.0, 0.0), |k, v| if k < 2 { 1.5 * v + 1.0 } else { v });
    let full = wasserstein(&x, &y, 2.0)?.value;
    let mut last = 0.0;
    for k in 1..=4 {
        let found = SubspaceRobust::new(k).solve(&x, &y)?;
        assert!(
            found.lower <= found.value && found.value <= found.upper && found.lower <= full * (1.0 + 1e-12),
            "{found:?}"
        );
        assert!(found.lower >= last * (1.0 - 1e-12), "more dimensions show more");
        assert!(found.upper - found.lower <= 0.05 * found.upper, "k = {k}: {} to {}", found.lower, found.upper);
        let trace: f64 = found.omega.diag().sum();
        near(trace, k as f64, 1e-10);
        last = found.lower;
    }
    near(SubspaceRobust::new(4).solve(&x, &y)?.value, full, 1e-10);
    let max = MaxSliced::default().solve(&x, &y)?.value;
    assert!(max <= SubspaceRobust::new(1).solve(&x, &y)?.upper);
    assert!(SubspaceRobust::new(5).solve(&x, &y).is_err() && SubspaceRobust::new(0).solve(&x, &y).is_err());
    Ok(())
}

#[test]
fn spheres_and_functions_have_slices_too() -> Result<()> {
    let on_sphere = |side: &Samples| {
        let rows: Vec<f64> = side
            .points()
            .iter()
            .flat_map(|point| {
                let length = point.iter().map(|v| v * v).sum::<f64>().sqrt();
                point.iter().map(move |v| v / length).collect::<Vec<_>>()
            })
            .collect();
        Samples::with_weights(Points::from_rows(rows, side.dim()).unwrap(), side.weights().clone()).unwrap()
    };
    let (x, y) = (on_sphere(&cloud(50, 3, 1, 1.0, 0.0)), on_sphere(&cloud(40, 3, 2, 1.0, 1.0)));
    let spherical = SphericalSliced::new(2.0).with_circles(100);
    let found = spherical.between(&x, &y)?;
    assert!(found.value > 0.0 && found.std_error().unwrap() < 0.1 * found.value);
    assert_eq!(spherical.between(&x, &x)?.value, 0.0);
    let other = spherical.with_seed(9).between(&x, &y)?;
    let error = found.std_error().unwrap().hypot(other.std_error().unwrap());
    assert!((found.value - other.value).abs() <= 5.0 * error);
    let off = Samples::new([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])?;
    assert!(spherical.between(&off, &y).unwrap_err().to_string().starts_with("x: point 1 is not on the unit sphere"));

    // Linear functions are the linear slices.
    let directions = Points::from_rows(vec![1.0, 0.0, 0.0, 0.0, 0.6, 0.8], 3)?;
    let given = Sliced { control_variates: false, ..Sliced::new(1.5).with_method(Method::Given(directions.clone())) };
    let along = GeneralisedSliced::new(1.5, 2, move |k: usize, point: &[f64]| {
        point.iter().zip(directions.point(k)).map(|(x, t)| x * t).sum()
    });
    near(along.between(&x, &y)?.value, given.between(&x, &y)?.value, 1e-13);
    let bad = GeneralisedSliced::new(1.0, 1, |_, point: &[f64]| if point[0] > 0.0 { f64::NAN } else { 0.0 });
    assert!(bad.between(&x, &y).unwrap_err().to_string().starts_with("function: slice 0 is NaN"));
    Ok(())
}

#[test]
fn a_stream_of_few_points_is_exact_and_of_many_is_bounded() -> Result<()> {
    let (x, y) =
        (changed(&cloud(3000, 2, 1, 1.0, 0.0), |_, v| v + 1e6), changed(&cloud(2111, 2, 2, 1.5, 1.0), |_, v| v + 1e6));
    for (p, capacity) in [(1.0, 4096), (2.0, 4096), (2.0, 128), (3.0, 50)] {
        let sliced = Sliced { control_variates: false, ..Sliced::new(p).with_directions(24) };
        let mut stream = SlicedStream::new(&sliced, 2, capacity)?;
        assert!(stream.distance().unwrap_err().to_string().starts_with("x: it is empty"));
        for (first, side) in [(true, &x), (false, &y)] {
            for chunk in side.points().as_slice().chunks(2 * 700) {
                let chunk = Points::from_rows(chunk, 2)?;
                if first { stream.push_x(chunk)? } else { stream.push_y(chunk)? }
            }
        }
        let (found, whole) = (stream.distance()?, sliced.solve(&x, &y)?);
        assert_eq!(found.sizes, (3000, 2111));
        assert!((found.value - whole.value).abs() <= found.compression + 1e-9, "{found:?}, not {}", whole.value);
        assert_eq!(found.compression == 0.0, capacity >= 3000);
        assert!(capacity < 100 || found.compression < whole.value, "{found:?}");
    }
    assert!(SlicedStream::new(&Sliced::default().to_precision(0.1), 2, 10).is_err());
    assert!(SlicedStream::new(&Sliced::default(), 2, 10)?.push_x(Points::from_rows([1.0], 1)?).is_err());
    Ok(())
}
