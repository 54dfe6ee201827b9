//! The least slacks of one row of costs.

use crate::simd;

/// A point found: its slack and its index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) slack: f64,
    pub(crate) index: u32,
}

/// The `k` entries of least c − g below `limit` of one row, by index.
pub(crate) struct LeastOfRow<'a> {
    pub(crate) row: &'a [f64],
    pub(crate) g: &'a [f64],
    pub(crate) limit: f64,
    pub(crate) k: usize,
    pub(crate) found: &'a mut Vec<Found>,
}

impl simd::Kernel for LeastOfRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const LANES: usize = 16;
        let Self { row, g, mut limit, k, found } = self;
        found.clear();
        if limit == f64::INFINITY {
            limit = at_most(row, g, k);
        }
        for (block, (c, g)) in row.chunks(LANES).zip(g.chunks(LANES)).enumerate() {
            let mut any = false;
            for (c, g) in c.iter().zip(g) {
                any |= c - g < limit;
            }
            if !any {
                continue;
            }
            for (l, (c, g)) in c.iter().zip(g).enumerate() {
                let slack = c - g;
                if slack < limit {
                    keep(found, k, Found { slack, index: (block * LANES + l) as u32 }, |found| found.slack);
                    if let Some(worst) = found.get(k - 1) {
                        limit = worst.slack;
                    }
                }
            }
        }
        found.sort_unstable_by_key(|f| f.index);
    }
}

/// A limit that the `k` least c − g of a row lie below: the `k`-th least of the least of as many parts of the row as there are
/// lanes. It spares keeping most of what would be among the least for a while.
#[inline(always)]
fn at_most(row: &[f64], g: &[f64], k: usize) -> f64 {
    const PARTS: usize = 64;
    if !(3..=PARTS / 3).contains(&k) || row.len() < 4 * PARTS {
        return f64::INFINITY;
    }
    let mut least = [f64::INFINITY; PARTS];
    for (c, g) in row.as_chunks::<PARTS>().0.iter().zip(g.as_chunks::<PARTS>().0) {
        for l in 0..PARTS {
            let slack = c[l] - g[l];
            least[l] = if slack < least[l] { slack } else { least[l] };
        }
    }
    least.select_nth_unstable_by(k - 1, f64::total_cmp).1.next_up()
}

/// Keeps one more in its place among the `k` of least value, which are in order; of equal ones the first.
#[inline(always)]
pub(super) fn keep<T: Copy, V: PartialOrd>(least: &mut Vec<T>, k: usize, one: T, value: impl Fn(&T) -> V) {
    if least.len() < k {
        least.push(one);
    } else if value(&one) >= value(&least[k - 1]) {
        return;
    }
    let mut place = least.len() - 1;
    while place > 0 && value(&least[place - 1]) > value(&one) {
        least[place] = least[place - 1];
        place -= 1;
    }
    least[place] = one;
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::numeric::stream;

    #[test]
    fn the_least_of_a_row_are_those_of_a_sort() {
        let mut random = stream(1, 0);
        for (m, k, levels) in
            [(1000, 12, 1e9), (1000, 12, 5.0), (1000, 1, 1e9), (300, 21, 30.0), (70, 12, 1e9), (5, 8, 1e9)]
        {
            let mut numbers = || (0..m).map(|_| (random.random::<f64>() * levels).floor()).collect::<Vec<f64>>();
            let (row, g) = (numbers(), numbers());
            let mut found = Vec::new();
            simd::run(LeastOfRow { row: &row, g: &g, limit: f64::INFINITY, k, found: &mut found });
            let mut sorted: Vec<usize> = (0..m).collect();
            sorted.sort_by(|&i, &j| (row[i] - g[i]).total_cmp(&(row[j] - g[j])));
            sorted.truncate(k);
            sorted.sort_unstable();
            assert_eq!(found.iter().map(|found| found.index as usize).collect::<Vec<_>>(), sorted, "m = {m}, k = {k}");
        }
    }
}
