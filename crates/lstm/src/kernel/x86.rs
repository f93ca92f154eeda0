//! The vector units of x86. A value of a unit's type is the proof that the CPU has it.

use core::arch::x86_64::*;
use core::mem::transmute;

use super::vectors::Vectors;

/// A vector unit of x86: its type, its numbers a vector, its rows, and the instructions in the order of [`Vectors`]; then
/// what its words are, where not f32.
macro_rules! x86 {
    ($(#[$meta:meta])* $unit:ident, $vector:ident, $lanes:literal, $rows:literal, $splat:ident, $add:ident, $subtract:ident,
     $multiply:ident, $divide:ident, $multiply_add:ident, $min:ident, $max:ident, $load:ident, $store:ident
     $(, { $($words:item)* })?) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub(crate) struct $unit(());

        impl $unit {
            /// # Safety
            /// This CPU has the unit.
            #[inline(always)]
            pub(crate) unsafe fn present() -> Self {
                $unit(())
            }
        }

        impl Vectors for $unit {
            type Vector = $vector;
            const LANES: usize = $lanes;
            const ROWS: usize = $rows;
            $($($words)*)?

            #[inline(always)]
            fn splat(self, x: f32) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            fn add(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            fn subtract(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $subtract(a, b) }
            }
            #[inline(always)]
            fn multiply(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $multiply(a, b) }
            }
            #[inline(always)]
            fn divide(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $divide(a, b) }
            }
            #[inline(always)]
            fn multiply_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $multiply_add(a, b, c) }
            }
            #[inline(always)]
            fn clamp(self, x: $vector, limit: f32) -> $vector {
                // Both give their second operand where one is not a number.
                // SAFETY: the value `self` exists only where the CPU has the unit.
                unsafe { $max($splat(-limit), $min($splat(limit), x)) }
            }
            #[inline(always)]
            unsafe fn load_at(self, from: *const f32) -> $vector {
                // SAFETY: the value `self` exists only where the CPU has the unit; the caller promises the memory.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store_at(self, x: $vector, to: *mut f32) {
                // SAFETY: the value `self` exists only where the CPU has the unit; the caller promises the memory.
                unsafe { $store(to, x) }
            }
        }
    };
}

x86!(
    /// 256-bit vectors with fused multiply-add.
    Avx2, __m256, 8, 3, _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_fmadd_ps,
    _mm256_min_ps, _mm256_max_ps, _mm256_loadu_ps, _mm256_storeu_ps
);

x86!(
    /// 512-bit vectors.
    Avx512, __m512, 16, 6, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_fmadd_ps,
    _mm512_min_ps, _mm512_max_ps, _mm512_loadu_ps, _mm512_storeu_ps
);

x86!(
    /// 512-bit vectors whose words are two bf16 numbers. Sums are f32; what enters a product is rounded to the nearest
    /// bf16, 8 bits of precision in the range of f32 (Intel, BFLOAT16 – Hardware Numerics Definition, 2018).
    Avx512Bf16, __m512, 16, 6, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps,
    _mm512_fmadd_ps, _mm512_min_ps, _mm512_max_ps, _mm512_loadu_ps, _mm512_storeu_ps,
    {
        const TERMS: usize = 2;

        #[inline(always)]
        fn add_terms(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: the value `self` exists only where the CPU has the unit; the vectors are the same 64 bytes by either name.
            unsafe { _mm512_dpbf16_ps(c, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
        }
        #[inline(always)]
        fn pair(self, a: __m512, b: __m512) -> __m512 {
            // The numbers of `a` before those of `b`, then each beside its partner.
            // SAFETY: the value `self` exists only where the CPU has the unit; all of these are 64 bytes.
            unsafe {
                let numbers = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(b, a));
                let order = transmute::<[u16; 32], __m512i>(PARTNERS);
                transmute::<__m512i, __m512>(_mm512_permutexvar_epi16(order, numbers))
            }
        }
        #[inline(always)]
        fn store_words(self, x: __m512, to: &mut [f32]) {
            assert!(to.len() >= Self::LANES / Self::TERMS);
            // SAFETY: the value `self` exists only where the CPU has the unit; half a vector fits, as asserted.
            unsafe { to.as_mut_ptr().cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(x)) }
        }
        #[inline(always)]
        fn load_some(self, from: &[f32]) -> __m512 {
            // Nothing is read where the mask is 0.
            let mask = if from.len() < Self::LANES { (1 << from.len()) - 1 } else { !0 };
            // SAFETY: the value `self` exists only where the CPU has the unit; the mask covers `from` at most.
            unsafe { _mm512_maskz_loadu_ps(mask, from.as_ptr()) }
        }
    }
);

/// 0, 16, 1, 17, …
const PARTNERS: [u16; 32] = {
    let mut order = [0; 32];
    let mut i = 0;
    while i < 32 {
        order[i] = (i / 2 + 16 * (i % 2)) as u16;
        i += 1;
    }
    order
};
