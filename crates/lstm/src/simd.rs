//! One body of code, compiled for the vector units a CPU may have and chosen when the program runs.
//!
//! Every element is computed by the same operations in the same order in each version, so on one CPU a result never
//! depends on how many rows were asked together. Between CPUs results differ by rounding: with AVX2 and AVX-512 a product
//! and its sum are rounded once, else twice.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

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
}

impl Simd {
    /// The widest one of this CPU; the answer is remembered by the standard library.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && Self::has_avx2() {
                return Simd(Unit::Avx512);
            }
            if Self::has_avx2() {
                return Simd(Unit::Avx2);
            }
        }
        Simd(Unit::Portable)
    }

    #[cfg(target_arch = "x86_64")]
    fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    /// All that this CPU has, the portable one first.
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

    fn splat(self, x: f32) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn subtract(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn multiply(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn divide(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b + c`
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `x` within ±`limit`; what is not a number stays so.
    fn clamp(self, x: Self::Vector, limit: f32) -> Self::Vector;

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

/// A vector unit of x86: its type, its numbers a vector, its rows, and the instructions in the order of [`Vectors`].
#[cfg(target_arch = "x86_64")]
macro_rules! x86 {
    ($(#[$meta:meta])* $unit:ident, $vector:ident, $lanes:literal, $rows:literal, $splat:ident, $add:ident, $subtract:ident,
     $multiply:ident, $divide:ident, $multiply_add:ident, $min:ident, $max:ident, $load:ident, $store:ident) => {
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
                match simd.unit() {
                    // SAFETY: a `Simd` is made by asking the CPU.
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
