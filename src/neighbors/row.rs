//! The least slacks of one row of costs.

use super::Found;
use crate::simd;

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
                    let place = found.partition_point(|f| f.slack <= slack);
                    found.insert(place, Found { slack, index: (block * LANES + l) as u32 });
                    if found.len() >= k {
                        found.truncate(k);
                        limit = found[k - 1].slack;
                    }
                }
            }
        }
        found.sort_unstable_by_key(|f| f.index);
    }
}
