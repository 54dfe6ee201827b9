//! Questions to vectors that the compiler does not find the instructions for: which lanes are below a limit, as bits; the least
//! of some lanes; a number put into an ordered list. The answers are the same at each level of instructions.

/// Numbers of a vector, and of a list that is kept in order.
pub(crate) const SLOTS: usize = 8;
/// Numbers of two vectors.
pub(crate) const PAIR: usize = 2 * SLOTS;

/// A level of vector instructions, as a value that only the test for these instructions makes.
pub(crate) trait Vectors: Copy {
    /// Whether `mul_add` is one instruction.
    const FUSED: bool;

    /// The lanes where a value is at most its limit, as bits.
    #[inline(always)]
    fn at_most(self, values: &[f64; PAIR], limits: &[f64; PAIR]) -> u32 {
        let mut bits = 0;
        for l in 0..PAIR {
            bits |= u32::from(values[l] <= limits[l]) << l;
        }
        bits
    }

    /// The lanes where a value is below the limit, as bits.
    #[inline(always)]
    fn below(self, values: &[f64; PAIR], limit: f64) -> u32 {
        let mut bits = 0;
        for l in 0..PAIR {
            bits |= u32::from(values[l] < limit) << l;
        }
        bits
    }

    /// The largest value; none is NaN.
    #[inline(always)]
    fn largest(self, values: &[f64; PAIR]) -> f64 {
        values.iter().fold(f64::NEG_INFINITY, |most, &value| if value > most { value } else { most })
    }

    /// The least key above `floor`, or the largest integer.
    #[inline(always)]
    fn next_key(self, keys: &[i64; SLOTS], floor: i64) -> i64 {
        let mut least = i64::MAX;
        for &key in keys {
            least = least.min(if key > floor { key } else { i64::MAX });
        }
        least
    }

    /// Puts a value at least 0 and its name into an ordered list, behind those that are as large; the last falls out. `before`
    /// is what stands in front of the list.
    #[inline(always)]
    fn insert(
        self,
        (list, names): (&mut [f64; SLOTS], &mut [u64; SLOTS]),
        (value, name): (f64, u64),
        before: (f64, u64),
    ) {
        let (mut last, mut last_name) = before;
        for (slot, slot_name) in list.iter_mut().zip(names) {
            let (old, old_name) = (*slot, *slot_name);
            let (moved, moved_name) = if value < last { (last, last_name) } else { (value, name) };
            (*slot, *slot_name) = if value < old { (moved, moved_name) } else { (old, old_name) };
            (last, last_name) = (old, old_name);
        }
    }

    /// The same lane by lane: where a value is below that of a slot, it goes there, or that `before` does where it is below this
    /// too.
    #[inline(always)]
    fn insert_across(
        self,
        (slot, names): (&mut [f64; PAIR], &mut [u64; PAIR]),
        (values, name): (&[f64; PAIR], u64),
        (before, names_before): (&[f64; PAIR], &[u64; PAIR]),
    ) {
        for l in 0..PAIR {
            let (moved, moved_name) =
                if values[l] < before[l] { (before[l], names_before[l]) } else { (values[l], name) };
            if values[l] < slot[l] {
                (slot[l], names[l]) = (moved, moved_name);
            }
        }
    }
}

/// What every processor has.
#[derive(Clone, Copy)]
pub(crate) struct Baseline(());

impl Vectors for Baseline {
    const FUSED: bool = cfg!(target_arch = "aarch64");
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m512d, __m512i, _CMP_LE_OQ, _CMP_LT_OQ, _mm256_cmp_pd, _mm256_loadu_pd, _mm256_movemask_pd, _mm256_set1_pd,
        _mm512_alignr_epi64, _mm512_castpd_si512, _mm512_castsi512_pd, _mm512_cmp_pd_mask, _mm512_cmpgt_epi64_mask,
        _mm512_loadu_epi64, _mm512_loadu_pd, _mm512_mask_mov_epi64, _mm512_mask_reduce_min_epi64, _mm512_max_pd,
        _mm512_min_pd, _mm512_reduce_max_pd, _mm512_set1_epi64, _mm512_set1_pd, _mm512_storeu_epi64, _mm512_storeu_pd,
    };

    use super::{PAIR, SLOTS, Vectors};

    /// Vectors of four.
    #[derive(Clone, Copy)]
    pub(crate) struct Medium(pub(super) ());

    impl Vectors for Medium {
        const FUSED: bool = true;

        #[inline(always)]
        fn at_most(self, values: &[f64; PAIR], limits: &[f64; PAIR]) -> u32 {
            let mut bits = 0;
            for at in (0..PAIR).step_by(4) {
                // SAFETY: `self` is made where the processor has AVX2; four numbers from `at` on are in the arrays.
                let four = unsafe {
                    let (v, l) = (_mm256_loadu_pd(values.as_ptr().add(at)), _mm256_loadu_pd(limits.as_ptr().add(at)));
                    _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LE_OQ>(v, l))
                };
                bits |= (four as u32) << at;
            }
            bits
        }

        #[inline(always)]
        fn below(self, values: &[f64; PAIR], limit: f64) -> u32 {
            let mut bits = 0;
            for at in (0..PAIR).step_by(4) {
                // SAFETY: as above.
                let four = unsafe {
                    let v = _mm256_loadu_pd(values.as_ptr().add(at));
                    _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(v, _mm256_set1_pd(limit)))
                };
                bits |= (four as u32) << at;
            }
            bits
        }
    }

    /// Vectors of eight.
    #[derive(Clone, Copy)]
    pub(crate) struct Wide(pub(super) ());

    impl Vectors for Wide {
        const FUSED: bool = true;

        #[inline(always)]
        fn at_most(self, values: &[f64; PAIR], limits: &[f64; PAIR]) -> u32 {
            // SAFETY: `self` is made where the processor has AVX-512; the arrays hold two vectors.
            unsafe {
                let (v, l) = (values.as_ptr(), limits.as_ptr());
                let low = _mm512_cmp_pd_mask::<_CMP_LE_OQ>(_mm512_loadu_pd(v), _mm512_loadu_pd(l));
                let high =
                    _mm512_cmp_pd_mask::<_CMP_LE_OQ>(_mm512_loadu_pd(v.add(SLOTS)), _mm512_loadu_pd(l.add(SLOTS)));
                u32::from(low) | u32::from(high) << SLOTS
            }
        }

        #[inline(always)]
        fn below(self, values: &[f64; PAIR], limit: f64) -> u32 {
            // SAFETY: as above.
            unsafe {
                let (v, l) = (values.as_ptr(), _mm512_set1_pd(limit));
                let low = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(_mm512_loadu_pd(v), l);
                let high = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(_mm512_loadu_pd(v.add(SLOTS)), l);
                u32::from(low) | u32::from(high) << SLOTS
            }
        }

        #[inline(always)]
        fn largest(self, values: &[f64; PAIR]) -> f64 {
            // SAFETY: as above.
            unsafe {
                let (low, high) = (_mm512_loadu_pd(values.as_ptr()), _mm512_loadu_pd(values.as_ptr().add(SLOTS)));
                _mm512_reduce_max_pd(_mm512_max_pd(low, high))
            }
        }

        #[inline(always)]
        fn next_key(self, keys: &[i64; SLOTS], floor: i64) -> i64 {
            // SAFETY: as above, one vector.
            unsafe {
                let keys = _mm512_loadu_epi64(keys.as_ptr());
                _mm512_mask_reduce_min_epi64(_mm512_cmpgt_epi64_mask(keys, _mm512_set1_epi64(floor)), keys)
            }
        }

        #[inline(always)]
        fn insert(
            self,
            (list, names): (&mut [f64; SLOTS], &mut [u64; SLOTS]),
            (value, name): (f64, u64),
            (last, last_name): (f64, u64),
        ) {
            // SAFETY: as above.
            unsafe {
                let old = _mm512_loadu_pd(list.as_ptr());
                let old_names = _mm512_loadu_epi64(names.as_ptr().cast());
                let before = _mm512_castsi512_pd(_mm512_alignr_epi64::<7>(
                    _mm512_castpd_si512(old),
                    _mm512_castpd_si512(_mm512_set1_pd(last)),
                ));
                let names_before = _mm512_alignr_epi64::<7>(old_names, _mm512_set1_epi64(last_name as i64));
                put(list.as_mut_ptr(), names.as_mut_ptr(), (_mm512_set1_pd(value), name), (before, names_before));
            }
        }

        #[inline(always)]
        fn insert_across(
            self,
            (slot, names): (&mut [f64; PAIR], &mut [u64; PAIR]),
            (values, name): (&[f64; PAIR], u64),
            (before, names_before): (&[f64; PAIR], &[u64; PAIR]),
        ) {
            for at in [0, SLOTS] {
                // SAFETY: as above, a vector from 0 and one from `SLOTS` on.
                unsafe {
                    let before = _mm512_loadu_pd(before.as_ptr().add(at));
                    let names_before = _mm512_loadu_epi64(names_before.as_ptr().add(at).cast());
                    let value = _mm512_loadu_pd(values.as_ptr().add(at));
                    put(slot.as_mut_ptr().add(at), names.as_mut_ptr().add(at), (value, name), (before, names_before));
                }
            }
        }
    }

    /// Puts values and their name into eight slots, where they are below what stands there; what stands `before` a slot moves into
    /// it where they are below this too.
    ///
    /// # Safety
    /// The processor has AVX-512, and both pointers lead to eight numbers.
    #[inline(always)]
    unsafe fn put(
        slots: *mut f64,
        names: *mut u64,
        (value, name): (__m512d, u64),
        (before, names_before): (__m512d, __m512i),
    ) {
        // SAFETY: as the caller says.
        unsafe {
            let (old, old_names) = (_mm512_loadu_pd(slots), _mm512_loadu_epi64(names.cast()));
            let here = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(value, old);
            let moved = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(value, before);
            let with_new = _mm512_mask_mov_epi64(old_names, here, _mm512_set1_epi64(name as i64));
            _mm512_storeu_pd(slots, _mm512_min_pd(old, _mm512_max_pd(before, value)));
            _mm512_storeu_epi64(names.cast(), _mm512_mask_mov_epi64(with_new, moved, names_before));
        }
    }
}

/// A loop with its data, which asks such questions. As with [`Kernel`](super::Kernel), all that is hot in it is `#[inline(always)]`.
pub(crate) trait VectorKernel {
    /// What the loop returns.
    type Output;

    /// The loop.
    fn run<V: Vectors>(self, vectors: V) -> Self::Output;
}

/// Runs a loop compiled for the best instructions at hand.
#[inline]
pub(crate) fn run_vectors<K: VectorKernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn wide<K: VectorKernel>(kernel: K) -> K::Output {
            kernel.run(x86::Wide(()))
        }
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn medium<K: VectorKernel>(kernel: K) -> K::Output {
            kernel.run(x86::Medium(()))
        }
        match super::level() {
            // SAFETY: `level` found these instructions on this processor.
            super::Level::Avx512 => return unsafe { wide(kernel) },
            // SAFETY: as above.
            super::Level::Avx2 => return unsafe { medium(kernel) },
            super::Level::Baseline => {}
        }
    }
    kernel.run(Baseline(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All answers to one set of values, one after the other.
    struct Asked;

    impl VectorKernel for Asked {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run<V: Vectors>(self, vectors: V) -> Vec<u64> {
            let mut answers = Vec::new();
            let (mut list, mut names) = ([f64::INFINITY; SLOTS], [0; SLOTS]);
            let mut across = [([f64::INFINITY; PAIR], [0; PAIR]); 2];
            for round in 0..40_u64 {
                // Few different values, so that many are equal.
                let value = |l: usize| ((round as usize * 7 + l * l * 5) % 23) as f64;
                let values: [f64; PAIR] = std::array::from_fn(value);
                let limits: [f64; PAIR] = std::array::from_fn(|l| value(l + 3));
                let keys: [i64; SLOTS] = std::array::from_fn(|l| values[l] as i64);
                answers.push(u64::from(vectors.at_most(&values, &limits)));
                answers.push(u64::from(vectors.below(&values, limits[0])));
                answers.push(vectors.largest(&values).to_bits());
                answers.push(vectors.next_key(&keys, keys[2]) as u64);
                vectors.insert((&mut list, &mut names), (values[0], round + 1), (f64::NEG_INFINITY, 0));
                let (front, behind) = across.split_at_mut(1);
                let (front, behind) = (&mut front[0], &mut behind[0]);
                vectors.insert_across((&mut behind.0, &mut behind.1), (&values, round), (&front.0, &front.1));
                let nothing = (&[f64::NEG_INFINITY; PAIR], &[0; PAIR]);
                vectors.insert_across((&mut front.0, &mut front.1), (&values, round), nothing);
            }
            assert!(list.is_sorted() && list[SLOTS - 1] <= 4.0, "{list:?}");
            answers.extend(list.iter().map(|v| v.to_bits()).chain(names));
            for (slots, names) in across {
                answers.extend(slots.iter().map(|v| v.to_bits()).chain(names));
            }
            answers
        }
    }

    #[test]
    fn every_level_answers_alike() {
        let right = Asked.run(Baseline(()));
        assert_eq!(run_vectors(Asked), right);
        #[cfg(target_arch = "x86_64")]
        if crate::simd::level() != crate::simd::Level::Baseline {
            // The loop itself is compiled for the baseline: slow here, and the same.
            assert_eq!(Asked.run(x86::Medium(())), right);
        }
    }
}
