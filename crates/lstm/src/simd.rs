//! One body of code, compiled for the vector units a CPU may have and chosen when the program runs.
//!
//! Every element is computed by the same operations in the same order in each version, so on one CPU a result never
//! depends on how many rows were asked together. Between CPUs results differ by rounding: with AVX2 and AVX-512 a product
//! and its sum are rounded once, else twice.
//!
//! Products are summed word by word. A *word* is one term of a sum, an f32; or, in the unit that multiplies bf16 numbers,
//! two neighbouring terms of a sum as bf16 in the 32 bits of one f32. The sum itself is f32 in both.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;
#[cfg(target_arch = "x86_64")]
use core::mem::transmute;

/// A vector unit that this CPU was found to have: nothing else makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Simd(pub(in crate::simd) Unit);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// What every CPU of this architecture has.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 512-bit vectors, products of bf16 numbers.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
}

impl Simd {
    /// The widest one of this CPU; the answer is remembered by the standard library.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if Self::has_avx512() {
                return Simd(Unit::Avx512);
            }
            if Self::has_avx2() {
                return Simd(Unit::Avx2);
            }
        }
        Simd(Unit::Portable)
    }

    /// The unit that multiplies bf16 numbers, if this CPU has one.
    pub(crate) fn bf16() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if Self::has_avx512() && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512bf16") {
            return Some(Simd(Unit::Avx512Bf16));
        }
        None
    }

    #[cfg(target_arch = "x86_64")]
    fn has_avx512() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && Self::has_avx2()
    }

    #[cfg(target_arch = "x86_64")]
    fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    /// All of this CPU whose words are f32, the portable one first.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Simd(Unit::Portable)];
        #[cfg(target_arch = "x86_64")]
        if Self::has_avx2() {
            all.push(Simd(Unit::Avx2));
        }
        if !all.contains(&Self::detect()) {
            all.push(Self::detect());
        }
        all
    }

    /// Says that a test of the unit that multiplies bf16 numbers does nothing on this CPU.
    #[cfg(test)]
    pub(crate) fn skip_bf16() {
        use std::io::Write;
        let _ = std::io::stderr().write_all(b"skipped: this CPU has no products of bf16 numbers (AVX512-BF16)\n");
    }

    pub(crate) fn unit(self) -> Unit {
        self.0
    }

    /// Numbers in one vector.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            Unit::Portable => Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2 => Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512 => Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => Avx512Bf16::LANES,
        }
    }

    /// Terms of a sum in one word.
    pub(crate) fn terms(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => Avx512Bf16::TERMS,
            _ => 1,
        }
    }

    /// What `nta doctor` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Unit::Portable => "baseline vectors",
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2 => "AVX2 and FMA",
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => "AVX512-BF16",
        }
    }
}

/// The operations of a vector unit. A value of the type is the proof that the CPU has the unit.
pub(crate) trait Vectors: Copy {
    /// [`Vectors::LANES`] numbers.
    type Vector: Copy;
    /// Numbers in one vector.
    const LANES: usize;
    /// Rows of four vectors whose sums fit the registers beside their operands.
    const ROWS: usize;
    /// Terms of a sum in one word.
    const TERMS: usize = 1;

    fn splat(self, x: f32) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn subtract(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn multiply(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn divide(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b + c`
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `x` within ±`limit`; what is not a number stays so.
    fn clamp(self, x: Self::Vector, limit: f32) -> Self::Vector;

    /// Lane by lane: the terms of the word in `a` times those in `b`, added to `c`.
    #[inline(always)]
    fn add_terms(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        self.multiply_add(a, b, c)
    }
    /// Words of two terms, the lanes of `a` and of `b`; there are none where a word is one term.
    #[inline(always)]
    fn pair(self, a: Self::Vector, _b: Self::Vector) -> Self::Vector {
        a
    }
    /// The numbers of `x`, neighbours in one word, to the first [`Vectors::LANES`] / [`Vectors::TERMS`] words of `to`.
    #[inline(always)]
    fn store_words(self, x: Self::Vector, to: &mut [f32]) {
        self.store(x, to);
    }

    /// # Safety
    /// [`Vectors::LANES`] numbers can be read there.
    unsafe fn load_at(self, from: *const f32) -> Self::Vector;
    /// # Safety
    /// [`Vectors::LANES`] numbers can be written there.
    unsafe fn store_at(self, x: Self::Vector, to: *mut f32);

    /// The first numbers of `from`.
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::Vector {
        assert!(from.len() >= Self::LANES);
        // SAFETY: as asserted.
        unsafe { self.load_at(from.as_ptr()) }
    }

    /// The first numbers of `from`, or all there are, then 0.
    #[inline(always)]
    fn load_some(self, from: &[f32]) -> Self::Vector {
        let (mut some, n) = ([0.0; 16], Self::LANES.min(from.len()));
        some[..n].copy_from_slice(&from[..n]);
        self.load(&some)
    }

    /// To the first numbers of `to`.
    #[inline(always)]
    fn store(self, x: Self::Vector, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES);
        // SAFETY: as asserted.
        unsafe { self.store_at(x, to.as_mut_ptr()) }
    }
}

/// What every CPU has: four numbers at a time, which compilers put into vectors where there are any.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

/// Lane by lane.
macro_rules! each_lane {
    (|$lane:ident| $value:expr) => {{
        let mut result = [0f32; Portable::LANES];
        for $lane in 0..Portable::LANES {
            result[$lane] = $value;
        }
        result
    }};
}

impl Vectors for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;
    const ROWS: usize = 3;

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each_lane!(|l| a[l] + b[l])
    }
    #[inline(always)]
    fn subtract(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each_lane!(|l| a[l] - b[l])
    }
    #[inline(always)]
    fn multiply(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each_lane!(|l| a[l] * b[l])
    }
    #[inline(always)]
    fn divide(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each_lane!(|l| a[l] / b[l])
    }
    #[inline(always)]
    fn multiply_add(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        // An emulated fusion would be slow.
        each_lane!(|l| a[l] * b[l] + c[l])
    }
    #[inline(always)]
    fn clamp(self, x: [f32; 4], limit: f32) -> [f32; 4] {
        // Comparisons that are false for NaN keep NaN, so that a broken weight shows.
        let x = each_lane!(|l| if x[l] > limit { limit } else { x[l] });
        each_lane!(|l| if x[l] < -limit { -limit } else { x[l] })
    }
    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> [f32; 4] {
        // SAFETY: as the caller promises; an array of numbers needs their alignment only.
        unsafe { from.cast::<[f32; 4]>().read() }
    }
    #[inline(always)]
    unsafe fn store_at(self, x: [f32; 4], to: *mut f32) {
        // SAFETY: as the caller promises.
        unsafe { to.cast::<[f32; 4]>().write(x) }
    }
}

/// A vector unit of x86: its type, its numbers a vector, its rows, and the instructions in the order of [`Vectors`]; then
/// what its words are, where not f32.
#[cfg(target_arch = "x86_64")]
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

        // SAFETY of every block below: the value `self` exists only where the CPU has these instructions.
        impl Vectors for $unit {
            type Vector = $vector;
            const LANES: usize = $lanes;
            const ROWS: usize = $rows;
            $($($words)*)?

            #[inline(always)]
            fn splat(self, x: f32) -> $vector {
                unsafe { $splat(x) }
            }
            #[inline(always)]
            fn add(self, a: $vector, b: $vector) -> $vector {
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            fn subtract(self, a: $vector, b: $vector) -> $vector {
                unsafe { $subtract(a, b) }
            }
            #[inline(always)]
            fn multiply(self, a: $vector, b: $vector) -> $vector {
                unsafe { $multiply(a, b) }
            }
            #[inline(always)]
            fn divide(self, a: $vector, b: $vector) -> $vector {
                unsafe { $divide(a, b) }
            }
            #[inline(always)]
            fn multiply_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                unsafe { $multiply_add(a, b, c) }
            }
            #[inline(always)]
            fn clamp(self, x: $vector, limit: f32) -> $vector {
                // Both give their second operand where one is not a number.
                unsafe { $max($splat(-limit), $min($splat(limit), x)) }
            }
            #[inline(always)]
            unsafe fn load_at(self, from: *const f32) -> $vector {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store_at(self, x: $vector, to: *mut f32) {
                unsafe { $store(to, x) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
x86!(
    /// 256-bit vectors with fused multiply-add.
    Avx2, __m256, 8, 3, _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_fmadd_ps,
    _mm256_min_ps, _mm256_max_ps, _mm256_loadu_ps, _mm256_storeu_ps
);

#[cfg(target_arch = "x86_64")]
x86!(
    /// 512-bit vectors.
    Avx512, __m512, 16, 6, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_fmadd_ps,
    _mm512_min_ps, _mm512_max_ps, _mm512_loadu_ps, _mm512_storeu_ps
);

#[cfg(target_arch = "x86_64")]
x86!(
    /// 512-bit vectors whose words are two bf16 numbers. Sums are f32; what enters a product is rounded to the nearest
    /// bf16, 8 bits of precision in the range of f32 (Intel, BFLOAT16 – Hardware Numerics Definition, 2018).
    Avx512Bf16, __m512, 16, 6, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps,
    _mm512_fmadd_ps, _mm512_min_ps, _mm512_max_ps, _mm512_loadu_ps, _mm512_storeu_ps,
    {
        const TERMS: usize = 2;

        #[inline(always)]
        fn add_terms(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            unsafe { _mm512_dpbf16_ps(c, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
        }
        #[inline(always)]
        fn pair(self, a: __m512, b: __m512) -> __m512 {
            // The numbers of `a` before those of `b`, then each beside its partner.
            unsafe {
                let numbers = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(b, a));
                let order = transmute::<[u16; 32], __m512i>(PARTNERS);
                transmute::<__m512i, __m512>(_mm512_permutexvar_epi16(order, numbers))
            }
        }
        #[inline(always)]
        fn store_words(self, x: __m512, to: &mut [f32]) {
            assert!(to.len() >= Self::LANES / Self::TERMS);
            unsafe { to.as_mut_ptr().cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(x)) }
        }
        #[inline(always)]
        fn load_some(self, from: &[f32]) -> __m512 {
            // Nothing is read where the mask is 0.
            let mask = if from.len() < Self::LANES { (1 << from.len()) - 1 } else { !0 };
            unsafe { _mm512_maskz_loadu_ps(mask, from.as_ptr()) }
        }
    }
);

/// 0, 16, 1, 17, …
#[cfg(target_arch = "x86_64")]
const PARTNERS: [u16; 32] = {
    let mut order = [0; 32];
    let mut i = 0;
    while i < 32 {
        order[i] = (i / 2 + 16 * (i % 2)) as u16;
        i += 1;
    }
    order
};

/// Defines `fn name(simd, arguments)` that runs `body(vectors, arguments)` compiled for the vector unit `simd`. `body`
/// must be `#[inline(always)]` and free of closures, which would be compiled without the unit.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $body:ident($($argument:ident: $type:ty),* $(,)?)) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(simd: $crate::simd::Simd, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                fn avx512($($argument: $type),*) {
                    // SAFETY: this function is called only where the features are.
                    $body(unsafe { $crate::simd::Avx512::present() }, $($argument),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) {
                    // SAFETY: as above.
                    $body(unsafe { $crate::simd::Avx2::present() }, $($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512bf16,avx2,fma")]
                fn avx512_bf16($($argument: $type),*) {
                    // SAFETY: as above.
                    $body(unsafe { $crate::simd::Avx512Bf16::present() }, $($argument),*)
                }
                match simd.unit() {
                    // SAFETY: a `Simd` is made by asking the CPU.
                    $crate::simd::Unit::Avx512Bf16 => return unsafe { avx512_bf16($($argument),*) },
                    // SAFETY: as above.
                    $crate::simd::Unit::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    $crate::simd::Unit::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::simd::Unit::Portable => {}
                }
            }
            $body($crate::simd::Portable, $($argument),*)
        }
    };
}
pub(crate) use multiversion;
