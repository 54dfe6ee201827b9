//! Each law as a check of one case: what breaks it, if anything.

use crate::error::Result;
use crate::estimate::Discrepancy;

use super::{Case, Cloud, Law};

/// Exponents that units can have: of a squared length, a length, its root, and of what has no units.
const EXPONENTS: [f64; 4] = [1.0, 0.0, 2.0, 0.5];
/// The factor by which cases are scaled: no power of two, so that digits change.
const FACTOR: f64 = 3.0;
/// Of values for samples ten widths apart, so much counts like the values themselves.
const NEAR: f64 = 1e-3;

/// The exponent of the scaling law that one case shows; none where the value is 0 or no exponent fits.
pub(super) fn exponent<D: Discrepancy + ?Sized>(d: &D, case: &Case) -> Option<f64> {
    let value = |x: &Cloud, y: &Cloud| Some(d.between(&x.samples(), &y.samples()).ok()?.value);
    let (once, times) = (value(&case.x, &case.y)?, value(&scaled(&case.x, FACTOR), &scaled(&case.y, FACTOR))?);
    let found = (times / once).ln() / FACTOR.ln();
    EXPONENTS.into_iter().find(|k| (found - k).abs() < 1e-6)
}

/// What breaks the law in this case, or nothing.
///
/// # Errors
/// When `d` has no value there.
pub(super) fn broken<D: Discrepancy + ?Sized>(
    d: &D,
    law: Law,
    case: &Case,
    tolerance: f64,
    exponent: Option<f64>,
) -> Result<Option<String>> {
    let value = |x: &Cloud, y: &Cloud| -> Result<f64> { Ok(d.between(&x.samples(), &y.samples())?.value) };
    let Case { x, y, z } = case;
    let width = case.width();
    // A kernel distance is a difference of numbers of the size that it has for samples far apart, and so is its rounding.
    let far = value(x, &moved(y, 10.0 * width)).map_or(0.0, f64::abs);
    let near = if far.is_finite() { NEAR * far } else { 0.0 };
    let slack = |a: f64, b: f64| tolerance * a.abs().max(b.abs()).max(near);
    let equal = |a: f64, b: f64, words: &str| {
        let same = a == b || (a - b).abs() <= slack(a, b);
        (!same).then(|| two(a, words, b))
    };
    let at_most = |a: f64, b: f64, words: &str| (a > b + slack(a, b)).then(|| two(a, words, b));
    Ok(match law {
        Law::NonNegativity => at_most(0.0, value(x, y)?, "is more than d(x, y) ="),
        Law::Identity => {
            let mut reversed = x.clone();
            reversed.points.reverse();
            reversed.masses.reverse();
            equal(value(x, x)?, 0.0, "= d(x, x) is not").or(equal(
                value(x, &reversed)?,
                0.0,
                "= d(x, x reversed) is not",
            ))
        }
        Law::Symmetry => equal(value(x, y)?, value(y, x)?, "= d(x, y) is not d(y, x) ="),
        Law::Triangle => {
            let detour = value(x, y)? + value(y, z)?;
            at_most(value(x, z)?, detour, "= d(x, z) exceeds d(x, y) + d(y, z) =")
        }
        Law::Translation => {
            let t = 0.75 * width;
            equal(value(x, y)?, value(&moved(x, t), &moved(y, t))?, "= d(x, y) is not d(x + t, y + t) =")
        }
        Law::Scaling => {
            let (once, times) = (value(x, y)?, value(&scaled(x, FACTOR), &scaled(y, FACTOR))?);
            let expected = once * FACTOR.powf(exponent.unwrap_or(1.0));
            equal(times, expected, "= d(3x, 3y) is not a power of 3 times d(x, y), as elsewhere:")
        }
        Law::Rotation if x.points[0].len() == 1 => {
            let turned = |cloud: &Cloud| scaled(cloud, -1.0);
            equal(value(x, y)?, value(&turned(x), &turned(y))?, "= d(x, y) is not d(−x, −y) =")
        }
        Law::Rotation => equal(value(x, y)?, value(&rotated(x), &rotated(y))?, "= d(x, y) is not d(R x, R y) ="),
        Law::Permutation => {
            let turned = |cloud: &Cloud| {
                let (mut points, mut masses) = (cloud.points.clone(), cloud.masses.clone());
                points.rotate_left(1);
                masses.rotate_left(1);
                Cloud { points, masses }
            };
            equal(value(x, y)?, value(&turned(x), &turned(y))?, "= d(x, y) is not that of the points in another order,")
        }
        Law::Splitting => {
            let halves = x.mixed(0.5, x);
            equal(value(x, y)?, value(&halves, y)?, "= d(x, y) is not that with each point of x in two halves,")
        }
        Law::Convexity => {
            let share = 0.375;
            let mixed = value(&x.mixed(share, z), &y.mixed(share, x))?;
            let apart = share * value(x, y)? + (1.0 - share) * value(z, x)?;
            at_most(mixed, apart, "= d(3/8 x + 5/8 z, 3/8 y + 5/8 x) exceeds 3/8 d(x, y) + 5/8 d(z, x) =")
        }
        Law::Projection => {
            let flat = |cloud: &Cloud| {
                cloud.mapped(|point| {
                    let mut flat = point.to_vec();
                    *flat.last_mut().expect("a point has coordinates") = 0.0;
                    flat
                })
            };
            at_most(
                value(&flat(x), &flat(y))?,
                value(x, y)?,
                "= d of points without their last coordinate exceeds d(x, y) =",
            )
        }
        Law::SeesDistance => {
            let (near, far) = (value(x, &moved(x, 20.0 * width))?, value(x, &moved(x, 40.0 * width))?);
            let sees = near.is_finite() && far.is_finite() && far > 1.05 * near;
            (!sees).then(|| format!("d is {} at a distance of 20 widths and {} at 40", number(near), number(far)))
        }
    })
}

/// Two numbers that differ, with as many digits as show it, and what is said of them.
pub(super) fn two(a: f64, words: &str, b: f64) -> String {
    let (mut first, mut second) = (number(a), number(b));
    let mut digits = 6;
    while first == second && digits < 17 {
        digits += 1;
        (first, second) = (format!("{a:.digits$e}"), format!("{b:.digits$e}"));
    }
    format!("{first} {words} {second}")
}

/// Six decimals, or as many digits where those would say nothing.
pub(super) fn number(value: f64) -> String {
    let readable = value == 0.0 || (1e-3..1e6).contains(&value.abs());
    if readable { format!("{value:.6}") } else { format!("{value:.5e}") }
}

/// Moved along the first axis.
fn moved(cloud: &Cloud, by: f64) -> Cloud {
    cloud.mapped(|point| {
        let mut there = point.to_vec();
        there[0] += by;
        there
    })
}

fn scaled(cloud: &Cloud, factor: f64) -> Cloud {
    cloud.mapped(|point| point.iter().map(|v| factor * v).collect())
}

/// Turned by an angle of cosine 0.6 in the plane of the first two axes.
fn rotated(cloud: &Cloud) -> Cloud {
    cloud.mapped(|point| {
        let mut there = point.to_vec();
        there[0] = 0.6 * point[0] - 0.8 * point[1];
        there[1] = 0.8 * point[0] + 0.6 * point[1];
        there
    })
}
