//! A row as a tree drew it: which, how often, and of which class.

use nta_data::Label;

/// A distinct row in a tree's bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// Distinct row of the [`TrainingTable`](super::training_table::TrainingTable).
    pub(crate) row: u32,
    /// Times drawn, shifted left by one; the lowest bit is set for an attack.
    tally: u32,
}

impl Drawn {
    pub(crate) fn new(row: u32, times: u32, label: Label) -> Self {
        Drawn { row, tally: times << 1 | label as u32 }
    }

    /// The other way round of [`Drawn::tally`].
    #[inline(always)]
    pub(crate) fn from_tally(row: u32, tally: u32) -> Self {
        Drawn { row, tally }
    }

    /// Times drawn and label in one number.
    pub(crate) fn tally(self) -> u32 {
        self.tally
    }

    #[inline(always)]
    pub(crate) fn times(self) -> u32 {
        self.tally >> 1
    }

    /// 1 for an attack.
    #[inline(always)]
    pub(crate) fn class(self) -> u32 {
        self.tally & 1
    }
}
