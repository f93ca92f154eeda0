//! Counts the rows set aside in one pass over a source, and ends it where they are too many.

use crate::error::IngestError;
use crate::left_out::LeftOut;
use crate::rejects::reject::{BadRows, Reject};

/// Rows that may be set aside whatever the share: in a short file, or at the beginning of a long one, a share says
/// nothing yet.
const ALWAYS_ALLOWED: u64 = 10;
/// Rejects that an error tells of.
const TOLD: usize = 3;

/// What was set aside so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    bad_rows: BadRows,
    /// Rows met, those set aside among them.
    n_rows: u64,
    n_set_aside: u64,
    left_out: LeftOut,
    first: Vec<String>,
    /// Those that nobody has taken yet.
    waiting: Vec<Reject>,
}

impl Ledger {
    pub(crate) fn new(bad_rows: BadRows) -> Ledger {
        Ledger { bad_rows, ..Ledger::default() }
    }

    /// Adds a block: `n_good` rows that were read and those that were not. Refuses too many of these.
    pub(crate) fn add(&mut self, n_good: usize, rejects: Vec<Reject>, file: &str) -> Result<(), IngestError> {
        self.n_rows += n_good as u64 + rejects.len() as u64;
        self.n_set_aside += rejects.len() as u64;
        let room = TOLD.saturating_sub(self.first.len());
        self.first.extend(rejects.iter().take(room).map(Reject::in_words));
        self.waiting.extend(rejects);
        let BadRows::SetAside { share } = self.bad_rows else { return Ok(()) };
        let too_many = self.n_set_aside as f64 > share * self.n_rows as f64;
        if self.n_set_aside > ALWAYS_ALLOWED && too_many { Err(self.refusal(share, file)) } else { Ok(()) }
    }

    /// Refuses a source of which nothing is left.
    pub(crate) fn refuse_nothing_left(&self, file: &str) -> Result<(), IngestError> {
        match self.bad_rows {
            BadRows::SetAside { share } if self.n_rows > 0 && self.n_set_aside == self.n_rows => {
                Err(self.refusal(share, file))
            }
            _ => Ok(()),
        }
    }

    /// Rows set aside so far.
    pub(crate) fn n_set_aside(&self) -> u64 {
        self.n_set_aside
    }

    /// Counts lines that hold no flow.
    pub(crate) fn leave_out(&mut self, more: LeftOut) {
        self.left_out += more;
    }

    /// Lines so far that hold no flow.
    pub(crate) fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The rejects since they were last taken.
    pub(crate) fn take(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.waiting)
    }

    fn refusal(&self, share: f64, file: &str) -> IngestError {
        IngestError::TooManyBadRows {
            file: file.to_owned(),
            set_aside: self.n_set_aside,
            rows: self.n_rows,
            share,
            first: self.first.join("; "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Position;

    fn rejects(lines: std::ops::Range<u64>) -> Vec<Reject> {
        lines.map(|line| Reject::new("f.csv", Position::Line(line), "is odd".to_owned(), None)).collect()
    }

    #[test]
    fn more_than_the_share_is_refused_with_count_share_and_the_first_lines() {
        let mut ledger = Ledger::new(BadRows::SetAside { share: 0.02 });
        ledger.add(1_000, rejects(5..15), "f.csv").unwrap();
        ledger.add(0, rejects(20..30), "f.csv").unwrap();
        assert_eq!((ledger.n_set_aside(), ledger.take().len(), ledger.take().len()), (20, 20, 0));
        let message = ledger.add(0, rejects(30..31), "f.csv").unwrap_err().to_string();
        assert!(
            message.contains("21 of 1021 rows") && message.contains("2.06 %") && message.contains("2 %"),
            "{message}"
        );
        assert!(message.contains("line 5: is odd; line 6: is odd; line 7: is odd"), "{message}");
    }

    #[test]
    fn a_few_are_allowed_whatever_the_share_unless_nothing_is_left() {
        let mut ledger = Ledger::new(BadRows::SetAside { share: 0.001 });
        ledger.add(0, rejects(1..11), "f.csv").unwrap();
        assert!(ledger.refuse_nothing_left("f.csv").is_err());
        ledger.add(1, Vec::new(), "f.csv").unwrap();
        assert!(ledger.refuse_nothing_left("f.csv").is_ok());
    }
}
