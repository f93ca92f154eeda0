//! Numbers in memory that begins at a cache line, so that no vector of them straddles two: a straddling load costs two.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Numbers in a cache line.
const LINE: usize = 16;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A run of numbers; used as a slice.
#[derive(Clone, Default)]
pub(crate) struct Aligned {
    lines: Vec<Line>,
    /// Numbers in use; the lines may hold more.
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        Aligned { lines: vec![Line([0.0; LINE]); len.div_ceil(LINE)], len }
    }

    /// Makes it so many numbers; which of them are 0 and which stay as they were is not said.
    pub(crate) fn resize(&mut self, len: usize) {
        self.lines.resize(len.div_ceil(LINE), Line([0.0; LINE]));
        self.len = len;
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of f32 without padding, and `len` is at most the numbers that they hold.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: lines are arrays of f32 without padding, and `len` is at most the numbers that they hold.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_line_and_is_as_long_as_asked() {
        let mut values = Aligned::zeros(3);
        for len in [0, 5, 16, 1_000, 17] {
            values.resize(len);
            assert_eq!(values.len(), len);
            assert_eq!(values.as_ptr() as usize % 64, 0);
        }
        values.fill(2.0);
        assert_eq!(values.iter().sum::<f32>(), 34.0);
        assert_eq!(values, values.clone());
        assert_ne!(values, Aligned::zeros(17));
    }
}
