//! The last stages: the report into the run's folder, the model as the next version.

use nta_data::HYBRID;
use nta_ingest::LeftOut;
use nta_lstm::EpochReport;
use nta_metrics::Named;
use nta_model::{Model, Registry};
use nta_preprocess::PartitionSummary;
use nta_report::{
    DataFile, DataSection, DroppedColumn, Epoch, LstmView, MissingCells, Note, NoteLevel, PartRow, Provenance,
    RunReport, StageTime, TimesRow,
};

use super::RunOutcome;
use super::context::Context;
use super::importances::Importances;
use super::judge::Judged;
use super::members::LearningReport;
use super::profile;
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Remark, Stage, TimesRead};
use crate::traffic::{SourceReport, TrafficReport};
use crate::yaml::spelt;

/// What the stages left for the report.
pub(crate) struct Material<'a> {
    pub(crate) traffic: &'a TrafficReport,
    pub(crate) summary: &'a PartitionSummary,
    pub(crate) learning: &'a LearningReport,
    /// Earlier runs of this project that opened the same test rows.
    pub(crate) earlier_test_reads: usize,
}

/// Writes the report, then stores the model: a run that cannot tell what it measured leaves no version.
pub(crate) fn publish(
    ctx: &mut Context<'_>,
    model: &Model,
    judged: &Judged,
    material: &Material<'_>,
) -> Result<RunOutcome, PipelineError> {
    let report = ctx.stage(Stage::Report, |ctx| {
        let files = nta_report::render(&run_report(ctx, model, judged, material)).map_err(failed)?;
        for file in &files {
            ctx.log.dir.write(&file.path, &file.bytes).map_err(failed)?;
        }
        let figures = files.iter().filter(|f| f.path.ends_with(".png")).count();
        let path = ctx.log.dir.place("report.html").map_err(failed)?;
        Ok((path, Outcome::Report { figures: figures as u64 }))
    })?;
    let version = ctx.stage(Stage::Save, |ctx| {
        let registry = Registry::new(&ctx.project.home).in_contact(ctx.log.listener.contact());
        let version = registry.add(&ctx.config.name, model).map_err(failed)?;
        let title = version.title();
        ctx.log.dir.update(|record| record.model = Some(title.clone())).map_err(failed)?;
        let digest = judged.evaluation.digest.clone();
        Ok((title.clone(), Outcome::Save { model: title, digest }))
    })?;
    Ok(RunOutcome {
        run: ctx.log.dir.id().to_owned(),
        name: ctx.config.name.clone(),
        folder: ctx.log.dir.path().to_owned(),
        report,
        model: version,
        seconds: ctx.log.dir.record().seconds(),
        columns: ctx.columns.clone(),
        evaluation: judged.evaluation.clone(),
        tracking: None,
    })
}

fn run_report(ctx: &Context<'_>, model: &Model, judged: &Judged, material: &Material<'_>) -> RunReport {
    let epoch = |e: &EpochReport| Epoch {
        epoch: e.epoch as u32,
        train_loss: e.train_loss,
        validation_loss: Some(e.validation_loss),
        validation_average_precision: e.validation_average_precision,
        seconds: e.seconds,
        flows: e.flows,
        best: e.best,
    };
    let importances = material.learning.importances.clone().unwrap_or_else(Importances::of_no_member);
    RunReport {
        name: ctx.config.name.clone(),
        run: ctx.log.dir.id().to_owned(),
        seed: ctx.config.seed,
        evaluation: judged.evaluation.clone(),
        curves: judged.curves.iter().map(|(name, curves)| (name.as_str(), curves.clone())).collect(),
        epochs: material.learning.epochs.iter().map(epoch).collect(),
        importances: importances.features,
        permutation: importances.permutation,
        out_of_bag_auc: material.learning.out_of_bag_auc,
        lstm_view: lstm_view(model, ctx.config.lstm.sequence.length as u64),
        accepted: ctx.columns.accepted.clone(),
        strong: ctx.columns.strong.clone(),
        notes: notes(ctx, model, material),
        data: data_section(model, material),
        profile: model.profile.as_ref().map(profile::section),
        config: ctx.config.to_yaml(),
        provenance: provenance(ctx, judged),
    }
}

fn lstm_view(model: &Model, length: u64) -> LstmView {
    match &model.state {
        None => LstmView::SingleFlows,
        Some(state) => LstmView::Sequences { by: in_words(&state.by), length },
    }
}

/// A value's name as configs spell it.
fn in_words(value: &impl serde::Serialize) -> String {
    spelt(value).replace('_', " ")
}

fn notes(ctx: &Context<'_>, model: &Model, material: &Material<'_>) -> Vec<Note> {
    let note = |level, text: String| Note { level, text };
    let doubts = material.traffic.remarks().into_iter().filter_map(doubt_about_time);
    let mut notes: Vec<Note> = doubts.map(|text| note(NoteLevel::Warning, text)).collect();
    let settled = &ctx.log.dir.record().settled;
    if !settled.is_empty() {
        let became: Vec<String> = settled.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
        notes
            .push(note(NoteLevel::Info, format!("Left to the data by the config, and chosen: {}.", became.join(", "))));
    }
    // The hybrid's own reason is among the notes that the report derives.
    for threshold in model.thresholds.iter().filter(|t| t.name != HYBRID) {
        if let Some(reason) = &threshold.chosen.reason {
            notes.push(note(NoteLevel::Warning, format!("{}: {reason}", threshold.name)));
        }
    }
    notes.extend(
        material.traffic.sources.iter().filter_map(SourceReport::of_second_file).map(|t| note(NoteLevel::Info, t)),
    );
    notes
}

/// What limits the numbers because of the order of times.
fn doubt_about_time(remark: Remark) -> Option<String> {
    match remark {
        Remark::TimesShuffled { role, file } => Some(format!(
            "{role}: the times in {file} neither rise nor fall, and its rows were taken in the order of the file."
        )),
        Remark::FilesListedLate { role, file, after } => {
            Some(format!("{role}: {file} ends before {after} begins, and was read after it."))
        }
        Remark::TestIsOlder => Some("All test flows are older than the training flows.".to_owned()),
        _ => None,
    }
}

fn data_section(model: &Model, material: &Material<'_>) -> DataSection {
    let sources = &material.traffic.sources;
    let summaries = || sources.iter().filter_map(|s| s.summary.as_ref());
    let file = |source: &SourceReport, i: usize| {
        let ((digest, rows), label) = (&source.files[i], source.label_of_file(i));
        let part = source.role.clone();
        DataFile {
            name: digest.name.clone(),
            part: label.map_or(part.clone(), |label| format!("{part}, all {}", label.text)),
            rows: *rows,
            bytes: source.summary.as_ref().map(|_| digest.bytes),
            sha256: source.summary.as_ref().map(|_| digest.sha256.clone()),
        }
    };
    let files = sources.iter().flat_map(|source| (0..source.files.len()).map(move |i| file(source, i)));
    let summary = material.summary;
    let strategy = match summary.inside {
        Some(inside) => format!("{}, {inside} inside", summary.strategy),
        None => summary.strategy.to_string(),
    };
    let dropped = model.preprocessor.dropped().iter();
    DataSection {
        schema: model.schema.name.clone(),
        order: match model.schema.order {
            nta_data::Order::File => "as in the file",
            nta_data::Order::EndTime => "by the flows' ends",
            nta_data::Order::None => "none",
        }
        .to_owned(),
        times: material.traffic.times().into_iter().map(times_row).collect(),
        files: files.collect(),
        ignored_rows: summaries().map(|s| s.ignored_rows).sum(),
        unlabelled_rows: summaries().flat_map(|s| s.unlabelled.values()).sum(),
        set_aside_rows: summaries().map(|s| s.set_aside).sum(),
        lines_without_flow: lines_without_flow(summaries().map(|s| s.left_out)),
        strategy,
        partition_note: summary.note.clone(),
        seam_rows: summary.dropped_rows as u64,
        parts: summary.parts.iter().map(part_row).collect(),
        dropped_columns: dropped.map(|(name, why)| DroppedColumn { name: name.clone(), why: why.clone() }).collect(),
        missing: missing(material),
        absent_columns: distinct(summaries().flat_map(|s| s.columns_absent.clone())),
        unused_columns: distinct(summaries().flat_map(|s| s.columns_present_unused.clone())),
        earlier_test_reads: Some(material.earlier_test_reads as u64),
    }
}

fn times_row(times: TimesRead) -> TimesRow {
    let TimesRead { role, read } = times;
    TimesRow { part: role, column: read.column, read_as: read.read_as, from: read.from, until: read.until }
}

fn lines_without_flow(counts: impl Iterator<Item = LeftOut>) -> Vec<(u64, String)> {
    let mut total = LeftOut::default();
    counts.for_each(|count| total += count);
    total.kinds().map(|(n, what)| (n, what.to_owned())).collect()
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

fn part_row(part: &nta_preprocess::PartSummary) -> PartRow {
    PartRow {
        name: part.part.to_string(),
        rows: part.rows as u64,
        benign: part.benign as u64,
        attacks: part.attacks as u64,
        copies: part.copies as u64,
        families: part.families.iter().map(|(name, n)| (name.as_str(), *n as u64)).collect(),
    }
}

fn missing(material: &Material<'_>) -> Vec<MissingCells> {
    let rows = material.traffic.rows();
    let mut columns: Named<u64> = Named::new();
    for summary in material.traffic.sources.iter().filter_map(|s| s.summary.as_ref()) {
        for column in &summary.missing {
            let before = columns.get(&column.column).copied().unwrap_or(0);
            columns.put(column.column.as_str(), before + column.missing);
        }
    }
    let cells = |(name, missing): (&str, &u64)| MissingCells { name: name.to_owned(), missing: *missing, rows };
    let mut found: Vec<MissingCells> = columns.iter().filter(|(_, n)| **n > 0).map(cells).collect();
    found.sort_by(|a, b| b.missing.cmp(&a.missing).then_with(|| a.name.cmp(&b.name)));
    found
}

fn provenance(ctx: &Context<'_>, judged: &Judged) -> Provenance {
    let record = ctx.log.dir.record();
    let host = &record.host;
    let memory = host.memory_bytes.map(|b| format!(", {:.0} GB", b as f64 / 1e9)).unwrap_or_default();
    let cpu = host.cpu.clone().unwrap_or_else(|| host.arch.clone());
    let mut digests: Named<String> = Named::new();
    digests.put("model", judged.evaluation.digest.clone());
    digests.put("config", record.config_digest.clone());
    if let Some(test) = &record.test_digest {
        digests.put("test rows", test.clone());
    }
    Provenance {
        version: record.version.clone(),
        started: record.started.to_string(),
        ended: None,
        parent: record.parent.clone(),
        model: record.model.clone(),
        machine: format!("{}, {cpu}, {} threads{memory}", host.os, rayon::current_num_threads()),
        digests,
        stages: record.stages.iter().map(|s| StageTime { name: s.name.clone(), seconds: s.seconds }).collect(),
    }
}
