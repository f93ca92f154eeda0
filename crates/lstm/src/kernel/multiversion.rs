//! One body of code, compiled for every vector unit that a CPU may have; the unit is chosen at each call.

/// Defines `fn name(simd, arguments)` that runs `body(vectors, arguments)` compiled for the vector unit `simd`. `body`
/// must be `#[inline(always)]` and free of closures, which would be compiled without the unit.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $body:ident($($argument:ident: $type:ty),* $(,)?)) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(simd: $crate::kernel::Simd, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                fn avx512($($argument: $type),*) {
                    // SAFETY: this function is called only where the features are.
                    $body(unsafe { $crate::kernel::Avx512::present() }, $($argument),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) {
                    // SAFETY: this function is called only where the features are.
                    $body(unsafe { $crate::kernel::Avx2::present() }, $($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512bf16,avx2,fma")]
                fn avx512_bf16($($argument: $type),*) {
                    // SAFETY: this function is called only where the features are.
                    $body(unsafe { $crate::kernel::Avx512Bf16::present() }, $($argument),*)
                }
                match simd.unit() {
                    // SAFETY: a `Simd` is made by asking the CPU.
                    $crate::kernel::Unit::Avx512Bf16 => return unsafe { avx512_bf16($($argument),*) },
                    // SAFETY: a `Simd` is made by asking the CPU.
                    $crate::kernel::Unit::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: a `Simd` is made by asking the CPU.
                    $crate::kernel::Unit::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::kernel::Unit::Portable => {}
                }
            }
            $body($crate::kernel::Portable, $($argument),*)
        }
    };
}
pub(crate) use multiversion;
