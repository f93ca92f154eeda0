//! Sets of 64 rows as bits, on whatever the processor has for it.

/// Rows of a set.
pub(crate) const LANES: usize = 64;

/// What the walk of a set asks of the processor; every implementation gives the same bits.
pub(crate) trait Lanes: Copy {
    /// Bit `i` is set where `codes[i] <= highest`.
    fn at_most(self, codes: &[u8; LANES], highest: u8) -> u64;

    /// Adds `share` to the sums of `rows`.
    fn add(self, sums: &mut [f64; LANES], rows: u64, share: f64);
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

    /// A processor with AVX2. Only made where it is there.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(());

    /// A processor with AVX-512 for bytes. Only made where it is there.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(());

    impl Avx2 {
        pub(crate) fn found() -> Option<Avx2> {
            is_x86_feature_detected!("avx2").then_some(Avx2(()))
        }
    }

    impl Avx512 {
        pub(crate) fn found() -> Option<Avx512> {
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Avx512(()))
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
    }
}
