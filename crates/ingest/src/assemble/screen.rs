//! Takes the rows with cells that cannot be read out of a block before it is assembled, where bad rows are set aside.

use std::collections::BTreeMap;

use polars_core::prelude::{BooleanChunked, NewChunkedArray, PlSmallStr};

use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::labels::Verdict;
use crate::assemble::plan::Plan;
use crate::assemble::planned_file::{PlannedFile, hosts_needed};
use crate::assemble::refusal::in_words;
use crate::assemble::role::{self, Written};
use crate::assemble::truth::label_text;
use crate::block::{Block, Places};
use crate::error::IngestError;
use crate::framing::quoting;
use crate::options::Truth;
use crate::rejects::reject::{BadRows, Reject};
use crate::values::cell::{CellValue, TypedColumn};
use crate::values::time::TimeReader;

/// The first fault of each bad row, and the column it stands in.
type Faults = BTreeMap<usize, (String, Fault)>;

/// The block of file number `index` without its bad rows, and these with the lines that gave no row, in file order.
/// Where bad rows are refused the block stays as it is: the assembler tells of the first.
pub(crate) fn screen(plan: &Plan, index: usize, mut block: Block) -> Result<(Block, Vec<Reject>), IngestError> {
    let mut rejects = std::mem::take(&mut block.rejects);
    if plan.bad_rows == BadRows::Refuse {
        return Ok((block, rejects));
    }
    let file = &plan.files[index];
    let mut faults = find_faults(plan, file, &block)?;
    leave_out_ignored(plan, file, &block, &mut faults)?;
    if faults.is_empty() {
        return Ok((block, rejects));
    }
    for (row, (column, fault)) in &faults {
        let (problem, _) = in_words(&fault.kind, plan);
        let reason = format!("column `{column}`: {} {problem}", fault.value);
        let text = block.texts.as_ref().map(|texts| quoting::text(texts.get(*row)).into_owned());
        rejects.push(Reject::new(&file.file, block.position(*row), reason, text));
    }
    rejects.sort_by_key(|reject| (reject.line, reject.row));
    Ok((without(block, &faults, &file.file)?, rejects))
}

fn find_faults(plan: &Plan, file: &PlannedFile, block: &Block) -> Result<Faults, IngestError> {
    let schema = &plan.schema;
    let mut faults = Faults::new();
    let mut look = |name: &str, check: &mut dyn FnMut(CellValue<'_>) -> Result<(), FaultKind>| {
        let column = file.layout.column(name).unwrap_or(name);
        let cells = file.typed_column(&block.frame, column)?;
        let _: Result<(), ()> = cells.try_each(|row, cell| {
            if let Err(kind) = check(cell) {
                faults.entry(row).or_insert_with(|| (column.to_owned(), Fault::new(row, cell, kind)));
            }
            Ok(())
        });
        Ok::<(), IngestError>(())
    };
    if let Some(time) = &plan.read_by.time {
        let reader = TimeReader::new(time);
        let start = plan.start();
        look(&time.column, &mut |cell| start(cell, &reader).map(drop))?;
        if let Some(duration) = &schema.duration {
            let written = Written::of(schema, duration);
            look(duration, &mut |cell| role::duration(cell, plan.read_by.duration_unit, written).map(drop))?;
        }
    }
    let capture = plan.by.and(schema.capture.as_deref());
    for host in capture.into_iter().chain(hosts_needed(schema, plan.by)) {
        let mut scratch = String::new();
        look(host, &mut |cell| role::identifier(cell, &mut scratch).map(drop))?;
    }
    for column in &schema.numeric {
        look(&column.name, &mut |cell| role::feature(cell, column.into(), 1.0).map(drop))?;
    }
    Ok(faults)
}

/// Rows that are left out by their label, or for want of one, are left out whatever else is in them.
fn leave_out_ignored(plan: &Plan, file: &PlannedFile, block: &Block, faults: &mut Faults) -> Result<(), IngestError> {
    let (Truth::Required, Some(rule), Some(role)) = (plan.truth, &plan.label, &plan.schema.label) else {
        return Ok(());
    };
    if faults.is_empty() {
        return Ok(());
    }
    let Some(column) = file.layout.column(&role.column).filter(|_| file.label.is_none() && file.join.is_none()) else {
        return Ok(());
    };
    let labels: TypedColumn<'_> = file.typed_column(&block.frame, column)?;
    let mut scratch = String::new();
    let _: Result<(), ()> = labels.try_each(|row, cell| {
        let is_out = |text: &str| matches!(rule.judge(text), Verdict::Ignored | Verdict::Unlabelled);
        if faults.contains_key(&row) && is_out(label_text(cell, &mut scratch)) {
            faults.remove(&row);
        }
        Ok(())
    });
    Ok(())
}

fn without(block: Block, faults: &Faults, file: &str) -> Result<Block, IngestError> {
    let good: Vec<bool> = (0..block.rows.len()).map(|row| !faults.contains_key(&row)).collect();
    let mask = BooleanChunked::from_slice(PlSmallStr::EMPTY, &good);
    let frame = block.frame.filter(&mask).map_err(|e| IngestError::internal(file, e))?;
    let keep = |values: Vec<u64>| values.into_iter().zip(&good).filter(|(_, g)| **g).map(|(v, _)| v).collect();
    let places = match block.places {
        Places::Lines(lines) => Places::Lines(keep(lines)),
        Places::Rows => Places::Rows,
    };
    // The texts were for the bad rows, which are told by now.
    Ok(Block { frame, lines: None, rows: keep(block.rows), places, texts: None, ..block })
}
