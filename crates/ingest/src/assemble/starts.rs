//! The time column: the start of each flow, and how it was written.

use nta_data::{TimeRole, TimeUnit};

use crate::assemble::columns::{Kept, is_kept};
use crate::assemble::fault::Fault;
use crate::assemble::plan::Plan;
use crate::values::cell::{CellValue, TypedColumn};
use crate::values::time::TimeReader;

/// The starts of flows in the making.
pub(crate) struct TimeBuilder<'p> {
    plan: &'p Plan,
    reader: TimeReader,
    pub(crate) micros: Vec<i64>,
    /// Of the first cell.
    spelling: Option<Spelling>,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Number,
    Text,
    /// As a kind of the file's own (Parquet).
    Typed,
}

impl<'p> TimeBuilder<'p> {
    pub(crate) fn new(plan: &'p Plan, role: &TimeRole) -> Self {
        TimeBuilder { plan, reader: TimeReader::new(role), micros: Vec::new(), spelling: None }
    }

    pub(crate) fn push(&mut self, cells: &TypedColumn<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (reader, micros, start) = (&self.reader, &mut self.micros, self.plan.start());
        let spelling = &mut self.spelling;
        cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                micros.push(start(cell, reader).map_err(|kind| Fault::new(row, cell, kind))?);
                spelling.get_or_insert_with(|| Spelling::of(cell));
            }
            Ok(())
        })
    }

    /// How the cells were read, in a few words.
    pub(crate) fn read_as(&self, role: &TimeRole) -> String {
        match (self.spelling, &role.format) {
            (Some(Spelling::Typed), _) => "dates of the file's own kind".to_owned(),
            (_, Some(format)) => {
                let clock = role.twelve_hour_from.filter(|from| *from > 0);
                let clock = clock.map(|from| format!(", 12-hour clock from {from}")).unwrap_or_default();
                format!("`{format}`{}{clock}", offset(role.utc_offset_minutes))
            }
            (Some(Spelling::Text), None) => format!("ISO 8601{}", offset(role.utc_offset_minutes)),
            (_, None) if role.relative => format!("{} since the start of the capture", role.unit.name()),
            (_, None) if role.unit == TimeUnit::ExcelDays => "days of a spreadsheet".to_owned(),
            (_, None) => format!("{} since 1970-01-01 UTC", role.unit.name()),
        }
    }
}

impl Spelling {
    fn of(cell: CellValue<'_>) -> Spelling {
        match cell {
            // A date has more than one of these between its digits, or a letter.
            CellValue::Text(text) if text.trim().contains(['-', ':', '/', 'T']) => Spelling::Text,
            CellValue::Time(_) => Spelling::Typed,
            _ => Spelling::Number,
        }
    }
}

fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    match minutes.unsigned_abs() {
        0 => String::new(),
        minutes => format!(", UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}
