//! Alerts to take away: as the watch wrote them, and as the table that `nta verdicts` reads.

use std::io::{self, Write};

use serde_json::json;

use super::labels::verdict;
use super::mark::AlertState;
use super::query::{self, AlertQuery};
use super::{Inbox, held, told};

/// Alerts written under one look at the table.
const AT_A_TIME: usize = 1_000;

impl Inbox {
    /// The lines of the alerts asked for, the oldest first, as the watch wrote them.
    ///
    /// # Errors
    /// [`AlertQuery::through`] that is not held, and whatever writing says.
    pub fn write_eve(&self, query: &AlertQuery, out: &mut dyn Write) -> io::Result<()> {
        for rows in self.rows(query)?.chunks(AT_A_TIME) {
            let lines = self.look_at().lines.clone();
            for row in rows {
                if let Some(line) = lines.get(row.file, row.offset, row.length) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        Ok(())
    }

    /// The alerts asked for as `nta verdicts` reads them, a line of JSON each: the score, and the verdict where there is one.
    /// One that stands for several is told as often, with the highest score.
    ///
    /// # Errors
    /// [`AlertQuery::through`] that is not held, and whatever writing says.
    pub fn write_verdicts(&self, query: &AlertQuery, out: &mut dyn Write) -> io::Result<()> {
        for rows in self.rows(query)?.chunks(AT_A_TIME) {
            let alerts: Vec<_> = {
                let marks = held(&self.marks);
                let held = self.look_at();
                rows.iter().filter_map(|row| told(&held, &marks, row, None)).collect()
            };
            for alert in alerts {
                let verdict = verdict(alert.state, AlertState::New).unwrap_or_default();
                let line = json!({
                    "nta_id": alert.id, "nta_model": alert.model, "src": alert.src, "dst": alert.dst, "hybrid": alert.score,
                    "verdict": verdict,
                });
                for _ in 0..alert.count.max(1) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        Ok(())
    }

    fn rows(&self, query: &AlertQuery) -> io::Result<Vec<super::table::Row>> {
        let held = self.look_at();
        let places = query::all(&held.table, query).map_err(io::Error::other)?;
        Ok(places.into_iter().filter_map(|at| held.table.rows().get(at).copied()).collect())
    }
}
