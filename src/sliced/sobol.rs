//! Sobol' points of up to 32 dimensions, scrambled.
//!
//! Direction numbers of Joe & Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci.
//! Comput. 30 (2008), as SciPy ships them. Scrambling by the hash of Burley, "Practical hash-based Owen scrambling", J.
//! Computer Graphics Techniques 9 (2020), listing 2: each digit is flipped or not depending on all higher ones, so that every
//! point is uniform and the error falls as N^(−3/2) for smooth functions (Owen 1997).

/// The most dimensions.
pub(super) const DIMENSIONS: usize = 32;
const BITS: usize = 32;

/// The inner coefficients of the primitive polynomial of each dimension from the second on, and its first direction numbers.
#[rustfmt::skip]
const PRIMITIVES: [(u32, &[u32]); DIMENSIONS - 1] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
    (19, &[1, 1, 1, 15, 7, 5]),
    (22, &[1, 3, 1, 15, 13, 25]),
    (25, &[1, 1, 5, 5, 19, 61]),
    (1, &[1, 3, 7, 11, 23, 15, 103]),
    (4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, &[1, 1, 3, 13, 7, 35, 63]),
    (8, &[1, 3, 5, 9, 1, 25, 53]),
    (14, &[1, 3, 1, 13, 9, 35, 107]),
    (19, &[1, 3, 1, 5, 27, 61, 31]),
    (21, &[1, 1, 5, 11, 19, 41, 61]),
    (28, &[1, 3, 5, 3, 3, 13, 69]),
    (31, &[1, 1, 7, 13, 1, 19, 1]),
    (32, &[1, 3, 7, 5, 13, 19, 59]),
    (37, &[1, 1, 3, 9, 25, 29, 41]),
    (41, &[1, 3, 5, 13, 23, 1, 55]),
    (42, &[1, 3, 7, 3, 13, 59, 17]),
];

/// The sequence.
#[derive(Debug)]
pub(super) struct Sobol {
    /// For each dimension the direction numbers, from the highest binary digit of the point down.
    directions: Vec<[u32; BITS]>,
}

impl Sobol {
    /// Of at most [`DIMENSIONS`] dimensions.
    pub(super) fn new(dimensions: usize) -> Self {
        let mut directions = vec![std::array::from_fn(|bit| 1 << (BITS - 1 - bit))];
        directions.extend(PRIMITIVES.iter().map(|&(inner, first)| {
            let degree = first.len();
            let mut numbers = [0; BITS];
            for bit in 0..BITS {
                numbers[bit] = if bit < degree {
                    first[bit] << (BITS - 1 - bit)
                } else {
                    // Bratley & Fox, ACM TOMS 14 (1988), equation 2, in numbers that are shifted to the left.
                    let oldest: u32 = numbers[bit - degree];
                    let taps = (1..degree).filter(|tap| inner >> (degree - 1 - tap) & 1 == 1);
                    taps.fold(oldest ^ oldest >> degree, |sum, tap| sum ^ numbers[bit - tap])
                };
            }
            numbers
        }));
        directions.truncate(dimensions);
        Self { directions }
    }

    /// Coordinate `dimension` of point `index`, scrambled by `seed`, in (0, 1).
    pub(super) fn coordinate(&self, dimension: usize, index: u32, seed: u32) -> f64 {
        let numbers = &self.directions[dimension];
        let digits = (0..BITS).filter(|bit| index >> bit & 1 == 1).fold(0, |sum, bit| sum ^ numbers[bit]);
        (f64::from(scrambled(digits, seed)) + 0.5) / f64::from(BITS as u32).exp2()
    }
}

/// Owen's scrambling by a hash that lets a bit depend on higher ones only.
fn scrambled(digits: u32, seed: u32) -> u32 {
    let mut x = digits.reverse_bits().wrapping_add(seed);
    for factor in [0x6c50_b47c, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6] {
        x ^= x.wrapping_mul(factor);
    }
    x.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_of_a_power_of_two_is_stratified_in_every_dimension() {
        let sobol = Sobol::new(DIMENSIONS);
        for dimension in 0..DIMENSIONS {
            for (seed, start) in [(0, 0_u32), (1, 64), (0xdead_beef, 128)] {
                let mut cells = [0; 64];
                for index in start..start + 64 {
                    cells[(sobol.coordinate(dimension, index, seed) * 64.0) as usize] += 1;
                }
                assert_eq!(cells, [1; 64], "dimension {dimension}");
            }
        }
    }

    #[test]
    fn the_first_two_dimensions_are_a_net() {
        // A (0, 2)-sequence: every elementary box of area 1/64 holds one of 64 points, scrambled or not.
        let sobol = Sobol::new(2);
        for power in 0..=6 {
            let mut boxes = [0; 64];
            for index in 0..64 {
                let (u, v) = (sobol.coordinate(0, index, 77), sobol.coordinate(1, index, 99));
                let (rows, columns) = (1 << power, 64 >> power);
                boxes[(u * f64::from(rows)) as usize * columns as usize + (v * f64::from(columns)) as usize] += 1;
            }
            assert_eq!(boxes, [1; 64]);
        }
    }
}
