//! Which vector unit this CPU has: found when the program runs.

use super::vectors::{Portable, Vectors};
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, Avx512Bf16};

/// A vector unit that this CPU was found to have: nothing else makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Simd(Unit);

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
