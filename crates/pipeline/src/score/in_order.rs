//! Scoring a file whose rows do not stand in arrival order: what scoring needs of each row is put in order of flow end on
//! disk, scored there, and the scores are put back into the file's order.

use std::io;
use std::path::Path;

use nta_data::{Dataset, Order, RowId, Scores};
use nta_model::{Model, PreparedRows, Scorer};

use super::input::Input;
use super::sink::ScoreSink;
use super::stages::overlap;
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
    let arrivals = by_arrival(input, &scorer, folder)?;
    let no_scores = scorer.model().no_scores().map_err(failed)?;
    let mut ordered = by_file_order(input, &mut scorer, arrivals, folder, no_scores.record_bytes())?;
    let mut record = Vec::with_capacity(no_scores.record_bytes());
    input.deliver(&mut sink, |rows| {
        let scores = take_scores(&mut ordered, rows, no_scores.clone(), &mut record).map_err(unsorted(folder))?;
        scores.ok_or_else(|| input.changed())
    })?;
    if ordered.next_into(&mut Vec::new()).map_err(unsorted(folder))? {
        return Err(input.changed());
    }
    sink.finish()
}

/// What scoring needs of the rows, in order of their ends.
fn by_arrival(input: &Input<'_>, scorer: &Scorer, folder: &Path) -> Result<Sorted, PipelineError> {
    let mut sort = ExternalSort::new(scorer.layout().record_bytes(), SORT_ROOM, folder).map_err(unsorted(folder))?;
    let mut record = Vec::new();
    let mut nth = 0i128;
    let mut batches = input.batches()?;
    let read = || {
        let batch = batches.next()?.map_err(refused);
        // They are kept in the pass that writes.
        drop(batches.take_rejects());
        Some(batch.map(|batch| batch.dataset))
    };
    let prepare = |rows: Dataset| scorer.prepare(&rows).map_err(refused);
    overlap(read, prepare, |rows| {
        for i in 0..rows.n_rows() {
            record.clear();
            rows.write_record(i, &mut record);
            // Ties by file order: the sort keeps the order of equal keys within a run, the count across runs.
            sort.push((i128::from(rows.end_time(i)) << 64) | nth, &record).map_err(unsorted(folder))?;
            nth += 1;
        }
        input.progress(nth as u64, Unit::FlowsSorted)
    })?;
    sort.finish().map_err(unsorted(folder))
}

/// Scores the rows as they arrive; their scores, in the order of the file.
fn by_file_order(
    input: &Input<'_>,
    scorer: &mut Scorer,
    mut arrivals: Sorted,
    folder: &Path,
    record_bytes: usize,
) -> Result<Sorted, PipelineError> {
    let layout = scorer.layout();
    let mut back = ExternalSort::new(record_bytes, BACK_ROOM, folder).map_err(unsorted(folder))?;
    let mut record = Vec::with_capacity(record_bytes);
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
    overlap(
        read,
        |rows| scorer.score_prepared(&rows).map_err(failed),
        |scores| {
            for (i, id) in scores.rows().iter().enumerate() {
                record.clear();
                scores.write_record(i, &mut record);
                back.push(place_in_files(*id), &record).map_err(unsorted(folder))?;
            }
            input.stopped()
        },
    )?;
    back.finish().map_err(unsorted(folder))
}

fn place_in_files(id: RowId) -> i128 {
    (i128::from(id.file) << 64) | i128::from(id.row)
}

/// The scores of the next rows of the file, put behind `scores`; `None` where there are fewer. `record` is room to work in.
fn take_scores(
    ordered: &mut Sorted,
    rows: &Dataset,
    mut scores: Scores,
    record: &mut Vec<u8>,
) -> io::Result<Option<Scores>> {
    scores.reserve(rows.n_rows());
    for &row in &rows.row {
        record.clear();
        if !ordered.next_into(record)? {
            return Ok(None);
        }
        scores.push_record(row, record).map_err(io::Error::other)?;
    }
    Ok(Some(scores))
}

/// The sorts' files have no names of their own; the folder says which disk is meant.
pub(crate) fn unsorted(folder: &Path) -> impl Fn(io::Error) -> PipelineError {
    move |source| {
        let doing = "put rows in order in";
        failed(nta_tracking::TrackingError::Io { doing, path: folder.to_owned(), source })
    }
}
