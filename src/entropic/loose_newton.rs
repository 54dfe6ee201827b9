//! Newton steps on the semi-dual of unbalanced transport.
//!
//! In units of ε its Hessian is −(diag(c + d) − Σ_i s_i P_iᵀ P_i / r_i), with column sums c, row sums r, what prices add (d), and how far
//! rows follow (s). Columns at the end of their range stay there; where the mass to move is given, those that give all they may move with
//! λ, as one.

use super::kernel::{Also, State, Stored};
use super::layout::{LANES, ROWS, TILE};
use super::mesh::Mesh;
use super::semi_dual::{At, SemiDual};
use super::share::BITS;

/// Columns up to which the system is solved as a matrix ...
const MOST_COLUMNS: usize = 400;
/// ... and how much work it may be to set it up.
const MOST_WORK: usize = 1 << 26;
/// Conjugate gradients: the most products, and how much smaller the residual is to get.
const MOST_PRODUCTS: usize = 200;
const ACCURACY: f64 = 0.02;
/// How often columns that a step would take out of their range are put at its end: with a matrix, and with conjugate gradients.
const ROUNDS: [usize; 2] = [40, 6];
/// Columns that leave their range after this part of a step leave it together; before, the first of them alone.
const EARLY: f64 = 0.25;

/// What a column does in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    /// It moves by itself.
    Own,
    /// It moves by this much, to the end of its range.
    Fixed(f64),
    /// It moves by this much and then with λ.
    Level(f64),
}

/// A step of the columns and of λ, in bits.
pub(super) struct Newton {
    step: Vec<f64>,
    lambda: f64,
}

/// The Hessian, as a matrix or as passes over stored shares.
enum Hessian<'a> {
    Mesh(Mesh),
    Shares { stored: &'a Stored, weights: Vec<f64>, diagonal: Vec<f64> },
}

impl Newton {
    /// The step from `at`, unless there is none.
    pub(super) fn step(loose: &mut SemiDual, at: &At) -> Option<Self> {
        let m = loose.field.geometry.m;
        let work = loose.field.geometry.n.saturating_mul(m).saturating_mul(m);
        if m <= MOST_COLUMNS && work <= MOST_WORK {
            let mesh = mesh(loose, at);
            return Self::solve(loose, at, &Hessian::Mesh(mesh));
        }
        let (sides, rate) = (loose.sides, at.rate);
        let respond = |mass: f64, met: f64| sides.source.respond(mass, met, rate);
        let state = State { f: at.met.clone(), g: at.g.clone() };
        let also = Also::Store(std::mem::take(&mut loose.work.room), super::kernel::Precision::Double);
        let stored = loose.field.exact(&state, rate, loose.depth, &respond, also).1?;
        loose.work.tick();
        let (sums, _) = stored.pass(loose.field, &vec![1.0; at.g.len()], &|_, _| 0.0);
        let a = &loose.field.masses.a;
        let weight = |i: usize| {
            let row = a[i] * (at.f[i] - at.met[i]).exp2();
            let weight = sides.source.slope(a[i], at.met[i], at.f[i], rate) * row / (sums[i] * sums[i]);
            if a[i] > 0.0 && weight.is_finite() { weight } else { 0.0 }
        };
        let weights = (0..a.len()).map(weight).collect();
        let diagonal = at.columns.iter().zip(yielding(loose, at)).map(|(c, d)| c + d).collect();
        let found = Self::solve(loose, at, &Hessian::Shares { stored: &stored, weights, diagonal });
        loose.work.room = stored.into_room();
        found
    }

    fn solve(loose: &mut SemiDual, at: &At, hessian: &Hessian) -> Option<Self> {
        let (sides, b, m) = (loose.sides, &loose.field.masses.b, loose.field.geometry.m);
        let lift = sides.lift + at.lambda;
        let ends = |j: usize| sides.target.range(b[j], at.rate);
        let gradient: Vec<f64> =
            (0..m).map(|j| sides.target.wanted(b[j], (at.g[j] - lift) / at.rate) - at.columns[j]).collect();
        // Where a sweep would leave a column at the end of its range, it is there.
        let end_of = |j: usize, to: f64, lambda: f64| {
            let (least, most) = ends(j);
            let place = to - sides.lift - lambda;
            (place >= most).then_some(most).or((place <= least).then_some(least))
        };
        let class = |j: usize| match (b[j] > 0.0, end_of(j, at.swept[j], at.swept_lambda)) {
            (false, _) => Class::Fixed(0.0),
            (true, None) => Class::Own,
            (true, Some(end)) if sides.mass.is_some() => Class::Level((end + lift - at.g[j]) / BITS),
            (true, Some(end)) => Class::Fixed((end + lift - at.g[j]) / BITS),
        };
        let mut classes: Vec<Class> = (0..m).map(class).collect();
        let rounds = ROUNDS[usize::from(!matches!(hessian, Hessian::Mesh(_)))];
        for round in 0.. {
            let (z, lambda) = reduced(loose, at, hessian, &gradient, &classes);
            // Which columns the step takes out of their range, where they then stay, and after which part of the step.
            let leaves = |j: usize| {
                let to = at.g[j] + BITS * z[j];
                let end =
                    end_of(j, to, at.lambda + BITS * lambda).filter(|_| classes[j] == Class::Own && !z[j].is_nan())?;
                let stays = (end + lift - at.g[j]) / BITS;
                Some((j, stays, if z[j] == 0.0 { 0.0 } else { (stays / z[j]).clamp(0.0, 1.0) }))
            };
            let leaving: Vec<(usize, f64, f64)> = (0..m).filter_map(leaves).collect();
            if leaving.is_empty() || round == rounds || loose.work.ended.is_some() {
                return Some(Self { step: z.iter().map(|z| BITS * z).collect(), lambda: BITS * lambda });
            }
            let first = leaving.iter().fold(1.0, |first: f64, (.., part)| first.min(*part));
            let until = if first < EARLY { 2.0 * first } else { 1.0 };
            for (j, stays, _) in leaving.into_iter().filter(|(.., part)| *part <= until) {
                classes[j] = if sides.mass.is_some() { Class::Level(stays) } else { Class::Fixed(stays) };
            }
        }
        None
    }

    /// The potentials and λ after this part of the step, no potential farther than `radius` bits beyond where a sweep would take it;
    /// and whether one was held back.
    pub(super) fn taken(&self, loose: &SemiDual, at: &At, length: f64, radius: f64) -> (Vec<f64>, f64, bool) {
        let mut held = false;
        let mut cut = |step: f64, swept: f64| {
            let most = radius + swept.abs();
            held |= (length * step).abs() > most;
            if step.is_nan() { swept } else { (length * step).clamp(-most, most) }
        };
        let lambda = at.lambda + cut(self.lambda, at.swept_lambda - at.lambda);
        let mut g = at.g.clone();
        for (j, step) in self.step.iter().enumerate() {
            g[j] += cut(*step, at.swept[j] - at.g[j]);
        }
        (loose.clamped(&g, lambda, at.rate), lambda, held)
    }
}

/// What prices add to the diagonal.
fn yielding(loose: &SemiDual, at: &At) -> Vec<f64> {
    let (target, lift) = (loose.sides.target, loose.sides.lift + at.lambda);
    let one = |(b, g): (&f64, &f64)| target.yielding(*b, (g - lift) / at.rate, BITS / at.rate);
    loose.field.masses.b.iter().zip(&at.g).map(one).collect()
}

/// The Hessian as a matrix, every entry to all its digits.
fn mesh(loose: &SemiDual, at: &At) -> Mesh {
    let (field, source) = (loose.field, loose.sides.source);
    let (geometry, a) = (&field.geometry, &field.masses.a);
    let mut mesh = Mesh::new(geometry.m);
    mesh.ground.copy_from_slice(&yielding(loose, at)[..geometry.m]);
    let lift = field.lift(&at.g);
    let all = [(0, geometry.column_blocks() as u32)];
    let mut costs = Vec::new();
    for block in 0..geometry.row_blocks() {
        geometry.costs_of(block, &all, &mut costs);
        for r in 0..ROWS {
            let i = block * ROWS + r;
            if a[i] <= 0.0 {
                continue;
            }
            let entry = |j: usize| {
                a[i] * (at.f[i] + lift[j] - at.rate * costs[j / LANES * TILE + r * LANES + j % LANES]).exp2()
            };
            let held: Vec<(usize, f64)> =
                (0..geometry.m).map(|j| (j, entry(j))).filter(|(_, p)| *p > 0.0 && p.is_finite()).collect();
            let total: f64 = held.iter().map(|(_, p)| p).sum();
            if total < f64::MIN_POSITIVE {
                continue;
            }
            let slope = source.slope(a[i], at.met[i], at.f[i], at.rate);
            for (k, &(j, p)) in held.iter().enumerate() {
                mesh.ground[j] += (1.0 - slope) * p;
                for &(other, q) in &held[..k] {
                    mesh.join(j, other, slope * p * (q / total));
                }
            }
        }
    }
    mesh
}

impl Hessian<'_> {
    /// The matrix times z.
    fn times(&self, loose: &mut SemiDual, z: &[f64]) -> Vec<f64> {
        match self {
            Self::Mesh(mesh) => mesh.times(z),
            Self::Shares { stored, weights, diagonal } => {
                let mut v = z.to_vec();
                v.resize(diagonal.len(), 0.0);
                let (_, through) = stored.pass(loose.field, &v, &|i, sum| weights[i] * sum);
                loose.work.tick();
                (0..z.len()).map(|j| diagonal[j] * z[j] - through[j]).collect()
            }
        }
    }
}

/// Solves with columns that move as their classes say. Returns the steps of all columns and of λ.
fn reduced(loose: &mut SemiDual, at: &At, hessian: &Hessian, gradient: &[f64], classes: &[Class]) -> (Vec<f64>, f64) {
    let own: Vec<usize> = (0..classes.len()).filter(|&j| classes[j] == Class::Own).collect();
    let level: Vec<usize> = (0..classes.len()).filter(|&j| matches!(classes[j], Class::Level(_))).collect();
    let stays: Vec<f64> = classes
        .iter()
        .map(|class| match class {
            Class::Own => 0.0,
            Class::Fixed(step) | Class::Level(step) => *step,
        })
        .collect();
    let pulled =
        if stays.iter().any(|step| *step != 0.0) { hessian.times(loose, &stays) } else { vec![0.0; stays.len()] };
    let b = &loose.field.masses.b;
    let mut right: Vec<f64> = own.iter().map(|&j| gradient[j] - pulled[j]).collect();
    if let (Some(mass), false) = (loose.sides.mass, level.is_empty()) {
        let due = mass - own.iter().map(|&j| b[j]).sum::<f64>();
        right.push(due - level.iter().map(|&j| at.columns[j] + pulled[j]).sum::<f64>());
    }
    let spread = |u: &[f64]| {
        let mut z = vec![0.0; classes.len()];
        own.iter().zip(u).for_each(|(&j, u)| z[j] = *u);
        if u.len() > own.len() {
            level.iter().for_each(|&j| z[j] = u[own.len()]);
        }
        z
    };
    let u = match hessian {
        Hessian::Mesh(mesh) => gathered(mesh, &own, &level, classes).solve(right.clone()),
        Hessian::Shares { diagonal, .. } => {
            let gather = |z: &[f64]| -> Vec<f64> {
                let mut u: Vec<f64> = own.iter().map(|&j| z[j]).collect();
                if !level.is_empty() {
                    u.push(level.iter().map(|&j| z[j]).sum());
                }
                u
            };
            let scale = gather(diagonal);
            conjugate(&right, &scale, |u| gather(&hessian.times(loose, &spread(u))))
        }
    };
    let z: Vec<f64> = spread(&u).iter().zip(&stays).map(|(z, stays)| z + stays).collect();
    (z, u.get(own.len()).copied().unwrap_or(0.0))
}

/// The mesh of the columns that move by themselves and of those that move together.
fn gathered(mesh: &Mesh, own: &[usize], level: &[usize], classes: &[Class]) -> Mesh {
    let size = own.len() + usize::from(!level.is_empty());
    let mut out = Mesh::new(size);
    let mut place = vec![None; classes.len()];
    own.iter().enumerate().for_each(|(k, &j)| place[j] = Some(k));
    level.iter().for_each(|&j| place[j] = Some(own.len()));
    for j in 0..classes.len() {
        let Some(k) = place[j] else { continue };
        out.ground[k] += mesh.ground[j];
        for other in 0..classes.len() {
            match place[other] {
                None => out.ground[k] += mesh.between(j, other),
                Some(place) if other < j => out.join(k, place, mesh.between(j, other)),
                Some(_) => {}
            }
        }
    }
    out
}

/// Conjugate gradients, preconditioned by `scale`.
fn conjugate(right: &[f64], scale: &[f64], mut times: impl FnMut(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let eased =
        |r: &[f64]| -> Vec<f64> { r.iter().zip(scale).map(|(r, s)| if *s > 0.0 { r / s } else { 0.0 }).collect() };
    let (mut u, mut residual) = (vec![0.0; right.len()], right.to_vec());
    let mut search = eased(&residual);
    let mut rho = dot(&residual, &search);
    let goal = rho * ACCURACY * ACCURACY;
    for _ in 0..MOST_PRODUCTS {
        if rho <= goal || rho <= 0.0 || !rho.is_finite() {
            break;
        }
        let image = times(&search);
        let curvature = dot(&search, &image);
        if curvature <= 0.0 || curvature.is_nan() {
            break;
        }
        let alpha = rho / curvature;
        u.iter_mut().zip(&search).for_each(|(u, p)| *u += alpha * p);
        residual.iter_mut().zip(&image).for_each(|(r, q)| *r -= alpha * q);
        let next = eased(&residual);
        let fresh = dot(&residual, &next);
        search.iter_mut().zip(&next).for_each(|(p, s)| *p = s + fresh / rho * *p);
        rho = fresh;
    }
    u
}
