//! The least and the largest of many numbers.

/// How many items are compared side by side, so that the comparisons become vector instructions.
const ABREAST: usize = 16;

/// The least and the largest value of each of `dim` coordinates of at least one point, row by row, without NaN.
pub(crate) fn ranges(values: &[f64], dim: usize) -> Vec<(f64, f64)> {
    let width = ABREAST.min(values.len() / dim) * dim;
    let (mut least, mut most) = (values[..width].to_vec(), values[..width].to_vec());
    for block in values.chunks(width) {
        for ((least, most), &x) in least.iter_mut().zip(&mut most).zip(block) {
            *least = if x < *least { x } else { *least };
            *most = if x > *most { x } else { *most };
        }
    }
    let of = |values: &[f64], k: usize, fold: fn(f64, f64) -> f64| {
        values[k..].iter().step_by(dim).copied().fold(values[k], fold)
    };
    (0..dim).map(|k| (of(&least, k, f64::min), of(&most, k, f64::max))).collect()
}

/// The least and the largest of at least one number, none of them NaN.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let (mut least, mut most) = ([values[0]; ABREAST], [values[0]; ABREAST]);
    let (blocks, rest) = values.as_chunks::<ABREAST>();
    for block in blocks {
        for k in 0..ABREAST {
            least[k] = if block[k] < least[k] { block[k] } else { least[k] };
            most[k] = if block[k] > most[k] { block[k] } else { most[k] };
        }
    }
    let all = |lanes: [f64; ABREAST], fold: fn(f64, f64) -> f64| rest.iter().copied().chain(lanes).fold(lanes[0], fold);
    (all(least, f64::min), all(most, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_each_coordinate() {
        for n in [1, 2, 15, 16, 17, 40] {
            for dim in [1, 2, 3] {
                let values: Vec<f64> = (0..n * dim).map(|k| ((k * 7919) % 101) as f64 - 50.0).collect();
                for (k, found) in ranges(&values, dim).into_iter().enumerate() {
                    let column: Vec<f64> = values[k..].iter().step_by(dim).copied().collect();
                    let least = column.iter().copied().fold(f64::INFINITY, f64::min);
                    let most = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    assert_eq!((found, range(&column)), ((least, most), (least, most)));
                }
            }
        }
    }
}
