//! What reading left out or found missing, and where labels came from, as a run tells it.

use nta_ingest::{FileLabel, LeftOut, OddColumn, ReadSummary};

use nta_report::thousands;

use super::{REJECTS, SourceReport};
use crate::event::{GivenLabel, Remark};

impl SourceReport {
    /// The label that the config gives all rows of file number `i`.
    pub(crate) fn label_of_file(&self, i: usize) -> Option<&FileLabel> {
        self.summary.as_ref()?.files.get(i)?.label.as_ref()
    }

    /// Where labels came from a second file, a sentence for the report.
    pub(crate) fn of_second_file(&self) -> Option<String> {
        let joined = self.summary.as_ref()?.joined.as_ref()?;
        let without = joined.unmatched + joined.ambiguous;
        let left_out =
            if without > 0 { format!("; {} without one are left out", thousands(without)) } else { String::new() };
        let (rows, by) = (thousands(joined.labelled), joined.by.join(", "));
        Some(format!("{}: {rows} flows have their label from {}, found by {by}{left_out}.", self.role, joined.file))
    }

    /// What the reader left out or found missing.
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        let Some(summary) = &self.summary else { return Vec::new() };
        let role = || self.role.clone();
        let ignored =
            (summary.ignored_rows > 0).then(|| Remark::RowsIgnored { role: role(), rows: summary.ignored_rows });
        let joined = summary.joined.clone().map(|joined| Remark::LabelsJoined { role: role(), joined });
        let unlabelled = (joined.is_none() && !summary.unlabelled.is_empty())
            .then(|| Remark::RowsUnlabelled { role: role(), instead: summary.unlabelled.clone() });
        let labels = given_labels(summary);
        let labelled = (!labels.is_empty()).then(|| Remark::FilesLabelled { role: role(), labels });
        let set_aside = (summary.set_aside > 0).then(|| Remark::RowsSetAside {
            role: role(),
            rows: summary.set_aside,
            file: REJECTS.to_owned(),
        });
        let absent = (!summary.columns_absent.is_empty())
            .then(|| Remark::ColumnsAbsent { role: role(), columns: summary.columns_absent.clone() });
        let odd = of_odd_lines_and_columns(&self.role, summary.left_out, &summary.odd_columns);
        let truth = labelled.into_iter().chain(joined).chain(ignored).chain(unlabelled);
        truth.chain(set_aside).chain(odd).chain(absent).collect()
    }
}

/// Odd columns that are told of one by one.
const MOST_TOLD: usize = 5;

/// Lines that hold no flow, and columns that stand twice or are not read.
pub(crate) fn of_odd_lines_and_columns(role: &str, left_out: LeftOut, columns: &[OddColumn]) -> Vec<Remark> {
    let role = || role.to_owned();
    let lines = (left_out.total() > 0).then(|| Remark::LinesLeftOut { role: role(), left_out });
    let told = columns.iter().take(MOST_TOLD).map(|column| Remark::OddColumn { role: role(), column: column.clone() });
    let more = columns.len().saturating_sub(MOST_TOLD) as u64;
    let more = (more > 0).then(|| Remark::MoreOddColumns { role: role(), more });
    lines.into_iter().chain(told).chain(more).collect()
}

/// The labels that the config gives, with the files and rows of each.
fn given_labels(summary: &ReadSummary) -> Vec<GivenLabel> {
    let mut labels: Vec<GivenLabel> = Vec::new();
    for file in &summary.files {
        let Some(FileLabel { text, class }) = &file.label else { continue };
        let place = labels.iter().position(|l| l.label == *text).unwrap_or_else(|| {
            let class = if class.is_attack() { "attack" } else { "benign" }.to_owned();
            labels.push(GivenLabel { label: text.clone(), class, files: 0, rows: 0 });
            labels.len() - 1
        });
        labels[place].files += 1;
        labels[place].rows += file.rows;
    }
    labels
}
