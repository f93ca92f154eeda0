//! The operations of a vector unit, and four plain numbers as the one that every CPU has.
//!
//! Every element is computed by the same operations in the same order in each unit, so on one CPU a result never
//! depends on how many rows were asked together. Between CPUs results differ by rounding: with AVX2 and AVX-512 a product
//! and its sum are rounded once, else twice.
//!
//! Products are summed word by word. A *word* is one term of a sum, an f32; or, in the unit that multiplies bf16 numbers,
//! two neighbouring terms of a sum as bf16 in the 32 bits of one f32. The sum itself is f32 in both.

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
        // SAFETY: there are that many numbers, as asserted.
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
        // SAFETY: there is room for that many numbers, as asserted.
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
        // SAFETY: as the caller promises; an array of numbers needs their alignment only.
        unsafe { to.cast::<[f32; 4]>().write(x) }
    }
}
