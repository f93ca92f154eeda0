//! Sets of 64 rows as bits, on whatever the processor has for it.

use super::ladder::Ladder;

/// Rows of a set.
pub(crate) const LANES: usize = 64;

/// What the walk of a set asks of the processor; every implementation gives the same bits.
pub(crate) trait Lanes: Copy {
    /// Bit `i` is set where `codes[i] <= highest`.
    fn at_most(self, codes: &[u8; LANES], highest: u8) -> u64;

    /// Adds `share` to the sums of `rows`.
    fn add(self, sums: &mut [f64; LANES], rows: u64, share: f64);

    /// See [`Ladder::encode`].
    #[inline(always)]
    fn encode(self, ladder: &Ladder, values: &[f32], columns: &mut [u8]) -> bool {
        ladder.encode(values, columns)
    }
}

/// Any processor.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl Lanes for Plain {
    #[inline(always)]
    fn at_most(self, codes: &[u8; LANES], highest: u8) -> u64 {
        codes.iter().enumerate().fold(0, |set, (i, &code)| set | u64::from(code <= highest) << i)
    }

    #[inline(always)]
    fn add(self, sums: &mut [f64; LANES], rows: u64, share: f64) {
        add_one_by_one(sums, rows, share);
    }
}

#[inline(always)]
fn add_one_by_one(sums: &mut [f64; LANES], mut rows: u64, share: f64) {
    while rows != 0 {
        sums[rows.trailing_zeros() as usize] += share;
        rows &= rows - 1;
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    use std::arch::x86_64::*;

    use super::{LANES, Lanes, add_one_by_one};
    use crate::score::ladder::{Ladder, PIVOTS, RUNGS};

    /// A processor with AVX2. Only made where it is there.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(());

    /// A processor with AVX-512 for bytes. Only made where it is there.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(());

    impl Avx2 {
        pub(crate) fn found() -> Option<Avx2> {
            (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1")).then_some(Avx2(()))
        }
    }

    impl Avx512 {
        pub(crate) fn found() -> Option<Avx512> {
            let found = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            found.then_some(Avx512(()))
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn at_most(self, codes: &[u8; LANES], highest: u8) -> u64 {
            // SAFETY: AVX2 is there, and the loads stay inside the 64 bytes.
            unsafe {
                let highest = _mm256_set1_epi8(highest as i8);
                let half = |at: usize| {
                    let codes = _mm256_loadu_si256(codes.as_ptr().add(at).cast());
                    _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(codes, highest), codes)) as u32
                };
                u64::from(half(0)) | u64::from(half(32)) << 32
            }
        }

        #[inline(always)]
        fn add(self, sums: &mut [f64; LANES], rows: u64, share: f64) {
            add_one_by_one(sums, rows, share);
        }
    }

    impl Lanes for Avx512 {
        #[inline(always)]
        fn at_most(self, codes: &[u8; LANES], highest: u8) -> u64 {
            // SAFETY: AVX-512 is there, and the load is of the 64 bytes.
            unsafe {
                let codes = _mm512_loadu_si512(codes.as_ptr().cast());
                _mm512_cmple_epu8_mask(codes, _mm512_set1_epi8(highest as i8))
            }
        }

        #[inline(always)]
        fn add(self, sums: &mut [f64; LANES], rows: u64, share: f64) {
            for (i, sums) in sums.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                // SAFETY: AVX-512 is there, and the load and the store are of the eight sums.
                unsafe {
                    let old = _mm512_loadu_pd(sums.as_ptr());
                    let new = _mm512_mask_add_pd(old, (rows >> (8 * i)) as u8, old, _mm512_set1_pd(share));
                    _mm512_storeu_pd(sums.as_mut_ptr(), new);
                }
            }
        }

        #[inline(always)]
        fn encode(self, ladder: &Ladder, values: &[f32], columns: &mut [u8]) -> bool {
            let (lines, n_rows, mut any_missing) = (values.chunks(16), values.len(), 0);
            for (line, values) in lines.enumerate() {
                // SAFETY: AVX-512 is there. `these` covers what is left of the row's values and codes; a rank is below
                // the number of thresholds, a power of two, at each of its steps.
                unsafe {
                    let these = u16::MAX >> (16 - values.len());
                    let values = _mm512_maskz_loadu_ps(these, values.as_ptr());
                    let missing = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(values, values);
                    any_missing |= missing;
                    let rank = rank(ladder, values);
                    for (i, column) in columns.chunks_exact_mut(n_rows).enumerate() {
                        let below = _mm512_sub_epi32(rank, _mm512_set1_epi32((i * RUNGS) as i32 - 1));
                        let rung = _mm512_max_epi32(below, _mm512_set1_epi32(1));
                        let code = _mm512_maskz_min_epi32(!missing, rung, _mm512_set1_epi32(RUNGS as i32 + 1));
                        let place = column[line * 16..].as_mut_ptr().cast();
                        _mm512_mask_cvtepi32_storeu_epi8(place, these, code);
                    }
                }
            }
            any_missing != 0
        }
    }

    /// Number of thresholds below each value.
    ///
    /// # Safety
    /// AVX-512 is there.
    #[inline(always)]
    unsafe fn rank(ladder: &Ladder, values: __m512) -> __m512i {
        // SAFETY: as the caller says; see `Ladder::thresholds` for their number.
        unsafe {
            let low = _mm512_loadu_ps(ladder.pivots.as_ptr());
            let high = _mm512_loadu_ps(ladder.pivots.as_ptr().add(16));
            let mut rank = _mm512_setzero_si512();
            for step in [16, 8, 4, 2, 1] {
                let at = _mm512_add_epi32(rank, _mm512_set1_epi32(step - 1));
                let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_permutex2var_ps(low, at, high), values);
                rank = _mm512_mask_add_epi32(rank, below, rank, _mm512_set1_epi32(step));
            }
            let mut step = (ladder.thresholds.len() / PIVOTS) as i32;
            rank = _mm512_mullo_epi32(rank, _mm512_set1_epi32(step));
            step /= 2;
            while step > 0 {
                let at = _mm512_add_epi32(rank, _mm512_set1_epi32(step - 1));
                let pivots = _mm512_i32gather_ps::<4>(at, ladder.thresholds.as_ptr().cast());
                let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(pivots, values);
                rank = _mm512_mask_add_epi32(rank, below, rank, _mm512_set1_epi32(step));
                step /= 2;
            }
            rank
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::x86::{Avx2, Avx512};
    use super::*;

    fn assert_like_plain<L: Lanes>(lanes: L) {
        let mut random = rng(3, Purpose::Shuffle, 0, 0);
        for n_thresholds in [1, 2, 31, 32, 33, 254, 255, 900] {
            let thresholds: Vec<f32> = (0..n_thresholds).map(|i| i as f32 * 0.5 - 20.0).collect();
            let ladder = Ladder::new(0, 0, thresholds);
            let mut value = || match random.next_u32() % 9 {
                0 => f32::NAN,
                1 => f32::INFINITY,
                2 => f32::NEG_INFINITY,
                3 => -0.0,
                _ => (random.next_u32() % 2_000) as f32 / 4.0 - 40.0,
            };
            for n_rows in [1, 15, 16, 17, 100] {
                let values: Vec<f32> = (0..n_rows).map(|_| value()).collect();
                let (mut plain, mut ours) = (vec![9; n_rows * ladder.n_codes()], vec![7; n_rows * ladder.n_codes()]);
                let missing = Plain.encode(&ladder, &values, &mut plain);
                assert_eq!((lanes.encode(&ladder, &values, &mut ours), &ours), (missing, &plain));
                assert_eq!(missing, values.iter().any(|v| v.is_nan()));
            }
        }
        let codes: [u8; LANES] = std::array::from_fn(|_| random.next_u32() as u8);
        for highest in 0..=255 {
            assert_eq!(lanes.at_most(&codes, highest), Plain.at_most(&codes, highest));
        }
        let (mut plain, mut ours) = ([0.25; LANES], [0.25; LANES]);
        for share in [0.1, 1.0, 1e-30] {
            let rows = random.next_u64();
            Plain.add(&mut plain, rows, share);
            lanes.add(&mut ours, rows, share);
        }
        assert_eq!(ours, plain);
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        assert_like_plain(Plain);
        if let Some(lanes) = Avx2::found() {
            assert_like_plain(lanes);
        }
        if let Some(lanes) = Avx512::found() {
            assert_like_plain(lanes);
        }
    }
}
