//! The row loops in vectors of eight, the last with a mask.

use std::arch::x86_64::{
    __m512d, __mmask8, _CMP_EQ_OQ, _CMP_LT_OQ, _mm256_mask_storeu_epi32, _mm256_set1_epi32, _mm512_add_pd,
    _mm512_cmp_pd_mask, _mm512_loadu_pd, _mm512_mask_mov_pd, _mm512_mask_reduce_min_pd, _mm512_mask_storeu_pd,
    _mm512_mask_sub_pd, _mm512_maskz_loadu_pd, _mm512_max_pd, _mm512_min_pd, _mm512_reduce_min_pd, _mm512_set1_pd,
    _mm512_setr_pd, _mm512_sub_pd,
};

use super::TwoLeast;

const LANES: usize = 8;

/// The least number of each lane, and its first column.
struct Least {
    value: __m512d,
    column: __m512d,
    /// The columns of the vector that comes next.
    next: __m512d,
}

impl Least {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn none() -> Self {
        let infinite = _mm512_set1_pd(f64::INFINITY);
        Self { value: infinite, column: infinite, next: _mm512_setr_pd(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn take(&mut self, numbers: __m512d) {
        let less = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(numbers, self.value);
        self.value = _mm512_min_pd(numbers, self.value);
        self.column = _mm512_mask_mov_pd(self.column, less, self.next);
        self.next = _mm512_add_pd(self.next, _mm512_set1_pd(LANES as f64));
    }

    /// The least of all lanes, and its first column; 0 where all are infinite.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn first(&self) -> (f64, usize) {
        let least = _mm512_reduce_min_pd(self.value);
        let equal = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.value, _mm512_set1_pd(least));
        let column = _mm512_mask_reduce_min_pd(equal, self.column);
        (least, if column < f64::INFINITY { column as usize } else { 0 })
    }
}

/// The lanes of the last vector of a row that has `left` columns more, fewer than a vector.
fn mask(left: usize) -> __mmask8 {
    debug_assert!(left < LANES);
    (1 << left) - 1
}

#[target_feature(enable = "avx512f")]
pub(super) fn two_least(costs: &[f64], offsets: &[f64]) -> TwoLeast {
    let n = costs.len().min(offsets.len());
    let infinite = _mm512_set1_pd(f64::INFINITY);
    let (mut first, mut second) = (Least::none(), infinite);
    let mut take = |numbers: __m512d| {
        second = _mm512_min_pd(second, _mm512_max_pd(numbers, first.value));
        first.take(numbers);
    };
    let whole = n - n % LANES;
    for at in (0..whole).step_by(LANES) {
        // SAFETY: `at + LANES` is at most n, the length of the shorter slice.
        let (c, o) = unsafe { (_mm512_loadu_pd(costs.as_ptr().add(at)), _mm512_loadu_pd(offsets.as_ptr().add(at))) };
        take(_mm512_sub_pd(c, o));
    }
    if whole < n {
        let mask = mask(n - whole);
        // SAFETY: the mask ends at n; lanes outside of it are not read.
        let (c, o) = unsafe {
            let (costs, offsets) = (costs.as_ptr().add(whole), offsets.as_ptr().add(whole));
            (_mm512_maskz_loadu_pd(mask, costs), _mm512_maskz_loadu_pd(mask, offsets))
        };
        take(_mm512_mask_sub_pd(infinite, mask, c, o));
    }
    let (least, at) = first.first();
    // What was least in the other lanes may be the second.
    let own = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(first.column, _mm512_set1_pd(at as f64));
    let others = _mm512_mask_mov_pd(first.value, own, infinite);
    TwoLeast { least, at, second: _mm512_reduce_min_pd(_mm512_min_pd(second, others)) }
}

#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn relax(
    costs: &[f64],
    offsets: &[f64],
    shift: f64,
    row: u32,
    distances: &mut [f64],
    before: &mut [u32],
) -> (f64, usize) {
    let n = costs.len().min(offsets.len()).min(distances.len()).min(before.len());
    let (shift, row) = (_mm512_set1_pd(shift), _mm256_set1_epi32(row.cast_signed()));
    let (infinite, done) = (_mm512_set1_pd(f64::INFINITY), _mm512_set1_pd(f64::NEG_INFINITY));
    let mut open = Least::none();
    for at in (0..n).step_by(LANES) {
        let mask = if at + LANES <= n { __mmask8::MAX } else { mask(n - at) };
        // SAFETY: the mask ends at n, the length of the shortest slice; lanes outside of it are neither read nor written.
        unsafe {
            let c = _mm512_maskz_loadu_pd(mask, costs.as_ptr().add(at));
            let o = _mm512_maskz_loadu_pd(mask, offsets.as_ptr().add(at));
            let through = _mm512_add_pd(_mm512_sub_pd(c, o), shift);
            let distance = _mm512_maskz_loadu_pd(mask, distances.as_ptr().add(at));
            let shorter = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(through, distance) & mask;
            let distance = _mm512_mask_mov_pd(distance, shorter, through);
            _mm512_mask_storeu_pd(distances.as_mut_ptr().add(at), shorter, distance);
            _mm256_mask_storeu_epi32(before.as_mut_ptr().add(at).cast(), shorter, row);
            let closed = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(distance, done) | !mask;
            open.take(_mm512_mask_mov_pd(distance, closed, infinite));
        }
    }
    open.first()
}
