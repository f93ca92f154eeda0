//! What went in, how it was dealt, and where the run comes from.

use nta_plots::{share, thousands};
use serde::Serialize;

use crate::{DataFile, LstmView, PartRow, RunReport};

#[derive(Serialize)]
pub(crate) struct DataView<'a> {
    /// In pieces, the odd ones names of keys.
    partition_note: Vec<&'a str>,
    started: String,
    ended: Option<String>,
    files: Vec<FileRow>,
    parts: Vec<PartView>,
    has_copies: bool,
    families: Vec<FamilyCounts>,
    missing: Vec<[String; 3]>,
    /// Rows that no part holds, in words.
    left_out: Vec<String>,
    lstm: String,
    stages: Vec<[String; 2]>,
    total: String,
    digests: Vec<[String; 2]>,
    out_of_bag: Option<String>,
}

#[derive(Serialize)]
struct FileRow {
    name: String,
    part: String,
    rows: String,
    size: String,
    sha256: Option<String>,
}

#[derive(Serialize)]
struct PartView {
    name: String,
    rows: String,
    benign: String,
    attacks: String,
    prevalence: String,
    copies: String,
}

/// Attacks of one family in each part.
#[derive(Serialize)]
struct FamilyCounts {
    name: String,
    counts: Vec<String>,
}

/// Rows on the page of tables that have no end.
const SHOWN: usize = 40;

pub(crate) fn data_view(run: &RunReport) -> DataView<'_> {
    let data = &run.data;
    let missing = data.missing.iter().filter(|m| m.missing > 0).take(SHOWN);
    let stages = &run.provenance.stages;
    DataView {
        partition_note: data.partition_note.split('`').collect(),
        started: moment(&run.provenance.started),
        ended: run.provenance.ended.as_deref().map(moment),
        files: data.files.iter().map(file_row).collect(),
        parts: data.parts.iter().map(part_row).collect(),
        has_copies: data.parts.iter().any(|part| part.copies > 0),
        families: family_counts(run),
        missing: missing.map(|m| [m.name.clone(), thousands(m.missing), share(m.missing, m.rows)]).collect(),
        left_out: left_out(run),
        lstm: match &run.lstm_view {
            LstmView::SingleFlows => "single flows".into(),
            LstmView::Sequences { by, length } => {
                format!("sequences by {by}, trained in pieces of {length}, scored with carried state")
            }
        },
        stages: stages.iter().map(|stage| [stage.name.clone(), seconds(stage.seconds)]).collect(),
        total: seconds(stages.iter().map(|stage| stage.seconds).sum()),
        digests: run.provenance.digests.iter().map(|(name, digest)| [name.to_owned(), digest.clone()]).collect(),
        out_of_bag: run.out_of_bag_auc.map(|auc| format!("{auc:.4}")),
    }
}

fn file_row(file: &DataFile) -> FileRow {
    FileRow {
        name: file.name.clone(),
        part: file.part.clone(),
        rows: thousands(file.rows),
        size: file.bytes.map_or("–".into(), size),
        sha256: file.sha256.clone(),
    }
}

fn part_row(part: &PartRow) -> PartView {
    PartView {
        name: part.name.clone(),
        rows: thousands(part.rows),
        benign: thousands(part.benign),
        attacks: thousands(part.attacks),
        prevalence: share(part.attacks, part.rows),
        copies: thousands(part.copies),
    }
}

fn left_out(run: &RunReport) -> Vec<String> {
    let rows = [
        (run.data.ignored_rows, "left out because the schema ignores their label"),
        (run.data.unlabelled_rows, "left out for want of a label"),
        (run.data.set_aside_rows, "set aside because they cannot be read (rejects.jsonl)"),
        (run.data.seam_rows, "dropped at the seams between parts"),
    ];
    let told = rows.into_iter().filter(|(rows, _)| *rows > 0);
    let told = told.map(|(rows, why)| format!("{} {why}", crate::names::counted(rows, "row", "rows")));
    let without_flow = run.data.lines_without_flow.iter().map(|(n, what)| format!("{} {what}", thousands(*n)));
    told.chain(without_flow).collect()
}

/// Families in the order in which the parts name them, each with its count in every part.
fn family_counts(run: &RunReport) -> Vec<FamilyCounts> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in run.data.parts.iter().flat_map(|part| part.families.iter()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let count = |name: &str, part: &PartRow| part.families.get(name).map_or("–".into(), |&n| thousands(n));
    let row = |name: &str| FamilyCounts {
        name: name.to_owned(),
        counts: run.data.parts.iter().map(|part| count(name, part)).collect(),
    };
    names.into_iter().take(SHOWN).map(row).collect()
}

/// `2026-11-22T10:15:03.179092Z` as `2026-11-22 10:15:03 UTC`; any other text as it stands.
fn moment(text: &str) -> String {
    match text.strip_suffix('Z').and_then(|text| text.split_once('T')) {
        Some((day, time)) => format!("{day} {} UTC", time.split('.').next().unwrap_or(time)),
        None => text.to_owned(),
    }
}

fn size(bytes: u64) -> String {
    for (unit, name) in [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit {
            return format!("{:.1} {name}", bytes as f64 / unit as f64);
        }
    }
    format!("{bytes} B")
}

fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{} min {:02} s", s as u64 / 60, s as u64 % 60),
        s => format!("{} h {:02} min", s as u64 / 3600, s as u64 / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(moment("2026-11-22T10:15:03.179092Z"), "2026-11-22 10:15:03 UTC");
        assert_eq!(moment("yesterday"), "yesterday");
    }

    #[test]
    fn sizes_and_times_are_told_in_fitting_units() {
        assert_eq!([size(17), size(2_048), size(5 << 20)], ["17 B", "2.0 KiB", "5.0 MiB"]);
        assert_eq!(
            [seconds(0.5), seconds(61.0), seconds(150.0), seconds(7_300.0)],
            ["0.50 s", "61.0 s", "2 min 30 s", "2 h 01 min"]
        );
    }
}
