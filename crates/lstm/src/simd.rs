//! One body of code, compiled for the vector units a CPU may have and chosen when the program runs.
//!
//! Sums keep their order in every version, so on one CPU a result never depends on how many rows were asked together.
//! Between CPUs results differ by rounding: with AVX2 and AVX-512 a product and its sum are rounded once, else twice.

/// The widest vector unit of this CPU that the code was compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Simd {
    /// What every CPU of this architecture has.
    Baseline,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// Asks the CPU; the answer is remembered by the standard library.
    #[inline]
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Simd::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Simd::Avx2;
            }
        }
        Simd::Baseline
    }

    /// What `nta doctor` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Simd::Baseline => "baseline vectors",
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => "AVX2 and FMA",
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => "AVX-512",
        }
    }
}

/// `a · b + c`, rounded once where the vector unit can (`FUSED`), else twice: an emulated fusion would be slow.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Σ a·b in sixteen partial sums, so that it fills vectors and still has one order.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut lanes = [0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Defines `fn name(arguments)` that runs `body::<FUSED>(arguments)` compiled for this CPU's vector unit. `body` must be
/// `#[inline(always)]`.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $body:ident($($argument:ident: $type:ty),* $(,)?)) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                fn avx512($($argument: $type),*) {
                    $body::<true>($($argument),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) {
                    $body::<true>($($argument),*)
                }
                match $crate::simd::Simd::detect() {
                    // SAFETY: the features were found on this CPU just now.
                    $crate::simd::Simd::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    $crate::simd::Simd::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::simd::Simd::Baseline => {}
                }
            }
            $body::<false>($($argument),*)
        }
    };
}
pub(crate) use multiversion;
