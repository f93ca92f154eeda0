//! Scoring a file whose rows do not stand in arrival order: what scoring needs of each row is put in order of flow end on
//! disk, scored there, and the scores are put back into the file's order.

use std::io;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Dataset, Order, RowId, Scores};
use nta_model::{Model, PreparedRows, Scorer};

use super::input::Input;
use super::kept::{Kept, Of};
use super::sink::ScoreSink;
use super::stages::overlap;
use super::{STATES_ROOM, take_scores};
use crate::error::{PipelineError, failed, refused};
use crate::event::Unit;
use crate::external_sort::{ExternalSort, Sorted};

/// Bytes of records that the sort into arrival order holds in memory.
const SORT_ROOM: usize = 16 << 20;

/// Bytes of scores that the sort back into the file's order holds in memory: a record is some 30 bytes.
const BACK_ROOM: usize = 4 << 20;

/// Records scored at a time.
const RECORDS: usize = 8_192;

/// Whether rows must be put in arrival order before `model` can score them.
pub(crate) fn needs_sorting(model: &Model) -> bool {
    model.state.is_some() && model.schema.order == Order::EndTime
}

/// The folder of `output`, where the sorts have their files.
pub(super) fn folder_beside(output: &Path) -> &Path {
    output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Scores the whole input and gives it to `sink` in its own order. The sorts' files stand in `folder`.
pub(super) fn score<S: ScoreSink>(
    input: &Input<'_>,
    mut scorer: Scorer,
    folder: &Path,
    mut sink: S,
) -> Result<S::Output, PipelineError> {
    let arrivals = by_arrival(input, &scorer, folder, None)?;
    let no_scores = scorer.model().no_scores().map_err(failed)?;
    let ordered = by_file_order(input, &mut scorer, arrivals, folder, no_scores.record_bytes(), None)?;
    in_file_order(input, ordered, folder, no_scores, &mut sink, || false, |_| Ok(()))?;
    sink.finish()
}

/// The same, from where an interrupted call was.
pub(super) fn score_keeping<S: ScoreSink>(
    input: &Input<'_>,
    model: &Arc<Model>,
    folder: &Path,
    mut sink: S,
    kept: &mut Kept,
) -> Result<S::Output, PipelineError> {
    let mut scorer = kept.scorer(model)?.with_disk(folder, STATES_ROOM);
    let no_scores = model.no_scores().map_err(failed)?;
    let record_bytes = no_scores.record_bytes();
    let arrivals = match kept.saved.all_scored {
        true => None,
        false => Some(by_arrival(input, &scorer, folder, Some(kept))?),
    };
    let ordered = match arrivals {
        Some(arrivals) => by_file_order(input, &mut scorer, arrivals, folder, record_bytes, Some(kept))?,
        None => kept_scores(kept, folder, record_bytes)?.finish().map_err(unsorted(folder))?,
    };
    drop(scorer);
    let pace = kept.pace();
    in_file_order(
        input,
        ordered,
        folder,
        no_scores,
        &mut sink,
        || pace.is_due(),
        |sink| {
            kept.saved.table = sink.settle()?;
            kept.save(&[])
        },
    )?;
    sink.finish()
}

/// Gives the rows to `sink` in the input's order, with their scores; `keep` is called behind those at which `is_due` says so.
fn in_file_order<S: ScoreSink>(
    input: &Input<'_>,
    mut ordered: Sorted,
    folder: &Path,
    no_scores: Scores,
    sink: &mut S,
    is_due: impl Fn() -> bool + Sync,
    mut keep: impl FnMut(&mut S) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let mut record = Vec::with_capacity(no_scores.record_bytes());
    let score = |rows: &Dataset| {
        let scores = take_scores(|record| ordered.next_into(record), rows, no_scores.clone(), &mut record);
        let scores = scores.map_err(unsorted(folder))?.ok_or_else(|| input.changed())?;
        Ok((scores, is_due()))
    };
    input.deliver(sink, score, |sink, _, due| if due { keep(sink) } else { Ok(()) })?;
    match ordered.next_into(&mut Vec::new()).map_err(unsorted(folder))? {
        true => Err(input.changed()),
        false => Ok(()),
    }
}

/// What scoring needs of the rows, in order of their ends.
fn by_arrival(
    input: &Input<'_>,
    scorer: &Scorer,
    folder: &Path,
    mut kept: Option<&mut Kept>,
) -> Result<Sorted, PipelineError> {
    let layout = scorer.layout();
    let mut sort = ExternalSort::new(layout.record_bytes(), SORT_ROOM, folder).map_err(unsorted(folder))?;
    let mut record = Vec::new();
    let mut nth = 0i128;
    // Ties by file order: the sort keeps the order of equal keys within a run, the count across runs.
    let mut push = |end: i64, record: &[u8]| {
        nth += 1;
        sort.push((i128::from(end) << 64) | (nth - 1), record).map_err(unsorted(folder))?;
        Ok::<_, PipelineError>(nth as u64)
    };
    let mut journal = None;
    let mut known = 0;
    if let Some(kept) = kept.as_deref() {
        journal = Some(kept.journal(Of::Prepared, layout.record_bytes())?);
        let mut settled = kept.settled(Of::Prepared, layout.record_bytes())?;
        known = settled.left();
        while settled.next_into(&mut record).map_err(kept.unkept())? {
            let row = PreparedRows::from_bytes(layout, &record).map_err(failed)?;
            push(row.end_time(0), &record)?;
            record.clear();
        }
    }
    if kept.as_ref().is_none_or(|kept| !kept.saved.all_prepared) {
        let mut batches = input.batches()?;
        let read = || {
            let batch = batches.next()?.map_err(refused);
            // They are kept in the pass that writes.
            drop(batches.take_rejects());
            Some(batch.map(|batch| batch.dataset))
        };
        let prepare = |rows: Dataset| {
            let n_rows = rows.n_rows() as u64;
            if known > 0 {
                known = known.checked_sub(n_rows).ok_or_else(|| input.changed())?;
                return Ok(None);
            }
            scorer.prepare(&rows).map(Some).map_err(refused)
        };
        overlap(read, prepare, |rows| {
            let Some(rows) = rows else { return input.stopped() };
            let mut done = 0;
            for i in 0..rows.n_rows() {
                record.clear();
                rows.write_record(i, &mut record);
                done = push(rows.end_time(i), &record)?;
                if let (Some(journal), Some(kept)) = (&mut journal, &kept) {
                    journal.push(&record).map_err(kept.unkept())?;
                }
            }
            if let (Some(journal), Some(kept)) = (&mut journal, kept.as_deref_mut())
                && kept.pace().is_due()
            {
                kept.saved.prepared = journal.settle().map_err(kept.unkept())?;
                kept.save(&[])?;
            }
            input.progress(done, Unit::FlowsSorted)
        })?;
        if let (Some(journal), Some(kept)) = (&mut journal, kept) {
            kept.saved.prepared = journal.settle().map_err(kept.unkept())?;
            kept.saved.all_prepared = true;
            kept.save(&[])?;
        }
    }
    sort.finish().map_err(unsorted(folder))
}

/// Bytes of the place in front of scores that are kept in another order than the input's.
const PLACE_BYTES: usize = size_of::<i128>();

/// The scores that are kept, to be sorted back.
fn kept_scores(kept: &Kept, folder: &Path, record_bytes: usize) -> Result<ExternalSort, PipelineError> {
    let mut back = ExternalSort::new(record_bytes, BACK_ROOM, folder).map_err(unsorted(folder))?;
    let mut settled = kept.settled(Of::Scores, PLACE_BYTES + record_bytes)?;
    let mut record = Vec::with_capacity(PLACE_BYTES + record_bytes);
    while settled.next_into(&mut record).map_err(kept.unkept())? {
        if let Some((place, scores)) = record.split_first_chunk() {
            back.push(i128::from_le_bytes(*place), scores).map_err(unsorted(folder))?;
        }
        record.clear();
    }
    Ok(back)
}

/// Scores the rows as they arrive; their scores, in the order of the file.
fn by_file_order(
    input: &Input<'_>,
    scorer: &mut Scorer,
    mut arrivals: Sorted,
    folder: &Path,
    record_bytes: usize,
    mut kept: Option<&mut Kept>,
) -> Result<Sorted, PipelineError> {
    let layout = scorer.layout();
    let (mut back, mut journal) = match kept.as_deref() {
        None => (ExternalSort::new(record_bytes, BACK_ROOM, folder).map_err(unsorted(folder))?, None),
        Some(kept) => {
            let journal = kept.journal(Of::Scores, PLACE_BYTES + record_bytes)?;
            (kept_scores(kept, folder, record_bytes)?, Some(journal))
        }
    };
    let mut record = Vec::with_capacity(PLACE_BYTES + record_bytes);
    for _ in 0..kept.as_ref().map_or(0, |kept| kept.saved.scored) {
        record.clear();
        arrivals.next_into(&mut record).map_err(unsorted(folder))?;
    }
    let mut more = true;
    let read = || {
        more.then(|| {
            let mut bytes = Vec::with_capacity(RECORDS * layout.record_bytes());
            while more && bytes.len() < RECORDS * layout.record_bytes() {
                more = arrivals.next_into(&mut bytes).map_err(unsorted(folder))?;
            }
            PreparedRows::from_bytes(layout, &bytes).map_err(failed)
        })
    };
    let pace = kept.as_ref().map(|kept| kept.pace());
    let score = |rows: PreparedRows| {
        let scores = scorer.score_prepared(&rows).map_err(failed)?;
        let is_due = pace.as_ref().is_some_and(|pace| pace.is_due());
        let memory = is_due.then(|| scorer.snapshot(&[])).transpose().map_err(failed)?;
        Ok((scores, memory))
    };
    overlap(read, score, |(scores, memory)| {
        for (i, id) in scores.rows().iter().enumerate() {
            let place = place_in_files(*id);
            record.clear();
            record.extend_from_slice(&place.to_le_bytes());
            scores.write_record(i, &mut record);
            back.push(place, &record[PLACE_BYTES..]).map_err(unsorted(folder))?;
            if let (Some(journal), Some(kept)) = (&mut journal, &kept) {
                journal.push(&record).map_err(kept.unkept())?;
            }
        }
        if let (Some(memory), Some(journal), Some(kept)) = (memory, &mut journal, kept.as_deref_mut()) {
            kept.saved.scored = journal.settle().map_err(kept.unkept())?;
            kept.save(&memory)?;
        }
        input.stopped()
    })?;
    if let (Some(journal), Some(kept)) = (&mut journal, kept) {
        kept.saved.scored = journal.settle().map_err(kept.unkept())?;
        kept.saved.all_scored = true;
        kept.save(&[])?;
    }
    back.finish().map_err(unsorted(folder))
}

fn place_in_files(id: RowId) -> i128 {
    (i128::from(id.file) << 64) | i128::from(id.row)
}

/// The sorts' files have no names of their own; the folder says which disk is meant.
pub(crate) fn unsorted(folder: &Path) -> impl Fn(io::Error) -> PipelineError {
    move |source| {
        let doing = "put rows in order in";
        failed(nta_tracking::TrackingError::Io { doing, path: folder.to_owned(), source })
    }
}
