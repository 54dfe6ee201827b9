use super::*;

fn cloud(n: usize, dim: usize, seed: usize) -> Vec<f64> {
    (0..n * dim).map(|k| ((k * 7919 + seed * 104_729) as f64 * 0.618).sin() * 3.0 + seed as f64 * 0.1).collect()
}

fn distance(x: &[f64], y: &[f64], norm: Norm) -> f64 {
    let gaps = x.iter().zip(y).map(|(x, y)| x - y);
    match norm {
        Norm::Euclidean => gaps.map(|gap| gap * gap).sum(),
        Norm::Maximum => gaps.map(f64::abs).fold(0.0, f64::max),
    }
}

/// All distances from one point, sorted, itself left out where it is one of them.
fn by_hand(x: usize, from: &[f64], to: &[f64], dim: usize, norm: Norm) -> Vec<f64> {
    let itself = std::ptr::eq(from, to);
    let point = &from[x * dim..][..dim];
    let others = to.chunks_exact(dim).enumerate().filter(|(j, _)| !(itself && *j == x));
    let mut all: Vec<f64> = others.map(|(_, y)| distance(point, y, norm)).collect();
    all.sort_by(f64::total_cmp);
    all
}

#[track_caller]
fn check(from: &[f64], to: &[f64], dim: usize, k: usize, norm: Norm) {
    let one = std::ptr::eq(from, to);
    let tree = Tree::new(to, dim);
    let other = (!one).then(|| Tree::new(from, dim));
    let queries = other.as_ref().unwrap_or(&tree);
    let found = tree.nearest(queries, k, norm);
    let radii: Vec<f64> = (0..queries.len()).map(|i| found.farthest(i)).collect();
    let closed = tree.count_within(queries, &radii, true, norm);
    let opened = tree.count_within(queries, &radii, false, norm);
    if !one {
        // Each point of the tree has the radius of the query at its own position, or none.
        let own: Vec<f64> = (0..tree.len()).map(|j| radii.get(j).copied().unwrap_or(0.0)).collect();
        for (position, &covered) in tree.covers(queries, &own, norm).iter().enumerate() {
            let query = &from[queries.order()[position] as usize * dim..][..dim];
            let ball = |(j, &radius): (usize, &f64)| {
                distance(query, &to[tree.order()[j] as usize * dim..][..dim], norm) / radius.max(f64::MIN_POSITIVE)
            };
            let nearest = own.iter().enumerate().map(ball).fold(f64::INFINITY, f64::min);
            let doubtful = (nearest - 1.0).abs() <= 4.0 * dim as f64 * f64::EPSILON;
            assert!(doubtful || covered == (nearest <= 1.0), "{nearest} of a radius away: {covered}");
        }
    }
    for (position, &x) in queries.order().iter().enumerate() {
        let all = by_hand(x as usize, from, to, dim, norm);
        for (near, right) in found.distances(position).iter().zip(&all) {
            // Fused or not, d sums of squares.
            assert!((near - right).abs() <= 2.0 * dim as f64 * f64::EPSILON * right, "{near} is not {right}");
        }
        let radius = radii[position];
        let doubtful = |d: f64| (d - radius).abs() <= 4.0 * dim as f64 * f64::EPSILON * radius;
        let sure = all.iter().filter(|&&d| d < radius && !doubtful(d)).count();
        let most = all.iter().filter(|&&d| d <= radius || doubtful(d)).count();
        assert!((k..=most).contains(&(closed[position] as usize)), "closed ball");
        assert!((sure..k).contains(&(opened[position] as usize)), "open ball");
        for &name in found.positions(position) {
            assert!(!(one && name as usize == position), "a point is its own neighbour");
        }
    }
}

#[test]
fn neighbours_are_those_of_a_plain_scan() {
    for dim in [1, 2, 3, 4, 5, 6, 9, 17] {
        for (n, m) in [(2, 7), (17, 16), (100, 333), (350, 40)] {
            let (x, y) = (cloud(n, dim, 1), cloud(m, dim, 2));
            for norm in [Norm::Euclidean, Norm::Maximum] {
                check(&x, &y, dim, 5.min(m), norm);
                check(&y, &y, dim, 5.min(m - 1), norm);
            }
        }
    }
}

#[test]
fn ties_duplicates_and_points_on_a_line_are_all_the_same_to_it() {
    let grid: Vec<f64> = (0..400).flat_map(|i| [f64::from(i % 20), f64::from(i / 20)]).collect();
    check(&grid, &grid, 2, 4, Norm::Euclidean);
    let one: Vec<f64> = vec![1.5; 3 * 100];
    check(&one, &one, 3, 7, Norm::Euclidean);
    let line: Vec<f64> = (0..200).flat_map(|i| [f64::from(i), 2.0 * f64::from(i), 0.0]).collect();
    check(&line, &line, 3, 3, Norm::Maximum);
    let far: Vec<f64> = cloud(150, 2, 3).iter().map(|v| v + 1e8).collect();
    check(&far, &cloud(120, 2, 1), 2, 5, Norm::Euclidean);
}

#[test]
fn fewer_points_than_asked_for_are_infinitely_far() {
    let tree = Tree::new(&[0.0, 1.0], 1);
    let found = tree.nearest(&tree, 3, Norm::Euclidean);
    assert_eq!(found.distances(0), [1.0, f64::INFINITY, f64::INFINITY]);
}
