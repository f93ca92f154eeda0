//! The evaluate stage: the seal comes off the test part, once, with the model frozen.

use std::collections::BTreeSet;
use std::sync::Arc;

use nta_data::{Dataset, Scores, Sealed, hex};
use nta_ingest::{Added, AddedValues, TableWriter};
use nta_metrics::{
    ChosenThreshold, Curves, Evaluation, JudgeInput, JudgedMember, LeaveOut, Named, PartSize, curves, judge,
};
use nta_model::Model;
use nta_preprocess::{Copies, Origin, PartitionSummary};
use sha2::{Digest, Sha256};

use super::beside::plain_average;
use super::context::Context;
use super::daily;
use super::moved::moved;
use super::scores::score_test;
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage};
use crate::score::{FLAGGED, PROBABILITY};

/// What the evaluation hands on.
pub(crate) struct Judged {
    pub(crate) evaluation: Evaluation,
    /// For each member, then the hybrid.
    pub(crate) curves: Vec<(String, Curves)>,
}

/// What judging needs beside model and test rows.
pub(crate) struct Judging<'a> {
    /// The host of each test row, whatever its segment.
    pub(crate) hosts: &'a [u64],
    /// What was learned from, and where all rows stood before they were dealt.
    pub(crate) learned: [&'a Dataset; 4],
    pub(crate) origins: Option<&'a [Origin; 5]>,
    pub(crate) copies: &'a Copies,
    pub(crate) summary: &'a PartitionSummary,
    /// Attack families of the training part.
    pub(crate) families: &'a BTreeSet<String>,
    /// What was found of families left out of training, where that was asked for.
    pub(crate) leave_out: Option<LeaveOut>,
    /// Benign rows that were learned from, for the question whether the test traffic is like them.
    pub(crate) benign: &'a Dataset,
}

/// Notes in run.json which test rows are about to be read, and answers how many earlier runs of this project read them.
pub(crate) fn note_reading(ctx: &mut Context<'_>, sealed: &Sealed) -> Result<usize, PipelineError> {
    let mut hasher = Sha256::new();
    for hash in sealed.feature_hashes() {
        hasher.update(hash.to_le_bytes());
    }
    let digest = hex(&hasher.finalize());
    let earlier = nta_tracking::times_test_was_read(&ctx.project.home, &digest, ctx.log.dir.id()).map_err(failed)?;
    ctx.log.dir.update(|record| record.test_digest = Some(digest)).map_err(failed)?;
    Ok(earlier)
}

/// Opens the test part and measures the frozen model on it; keeps every row's scores.
pub(crate) fn evaluate(
    ctx: &mut Context<'_>,
    sealed: Sealed,
    model: &Arc<Model>,
    judging: &Judging<'_>,
    earlier_test_reads: usize,
) -> Result<Judged, PipelineError> {
    ctx.stage(Stage::Evaluate, |ctx| {
        let (test, truth) = sealed.features();
        let scores = score_test(ctx, model, &test, judging.learned, judging.origins)?;
        let moved = moved(judging.benign, &test, &scores, model)?;
        let test = truth.open(test);
        let mut judged = measure(&test, &scores, model, judging, ctx.beside.as_ref())?;
        judged.evaluation.moved = moved;
        judged.evaluation.flows_per_day = daily(&test);
        judged.evaluation.cross_fitted = ctx.cross_fitted.clone();
        keep_predictions(ctx, &test, &scores, model)?;
        let text = serde_json::to_string_pretty(&judged.evaluation).map_err(failed)? + "\n";
        ctx.log.dir.write("evaluation.json", text.as_bytes()).map_err(failed)?;
        let (rows, earlier_test_reads) = (test.n_rows() as u64, earlier_test_reads as u64);
        let metrics = judged.evaluation.numbers().collect();
        Ok((judged, Outcome::Evaluate { rows, earlier_test_reads, metrics }))
    })
}

fn measure(
    test: &Dataset,
    scores: &Scores,
    model: &Model,
    judging: &Judging<'_>,
    beside: Option<&ChosenThreshold>,
) -> Result<Judged, PipelineError> {
    let labels = test.labels().map_err(failed)?;
    let members = scores.columns().map(|column| {
        let threshold = model.threshold(&column.name).map_err(failed)?;
        Ok(JudgedMember { name: &column.name, scores: &column.p_attack, threshold, flags: &column.flags })
    });
    let members: Vec<JudgedMember<'_>> = members.collect::<Result<_, PipelineError>>()?;
    let parts: Named<PartSize> = judging.summary.parts.iter().map(|p| (p.part.to_string(), size(p))).collect();
    let digest = model.digest().map_err(failed)?;
    let probability = model.probability(&scores.hybrid().p_attack);
    let input = JudgeInput {
        labels,
        families: test.family.as_ref(),
        seen_in_training: &|family| judging.families.contains(family),
        members: &members,
        entity: &test.entity,
        host: judging.hosts,
        copies: Some(&judging.copies.test),
        parts: &parts,
        probability: Some(&probability),
        digest: &digest,
    };
    let mut evaluation = judge(&input).map_err(failed)?;
    if let (Some(threshold), Some(average)) = (beside, plain_average(&model.hybrid, scores)?) {
        let flags: Vec<bool> = average.p_attack.iter().map(|score| threshold.flags(*score)).collect();
        let average = [JudgedMember { name: &average.name, scores: &average.p_attack, threshold, flags: &flags }];
        evaluation.beside = judge(&JudgeInput { members: &average, ..input }).map_err(failed)?.members;
    }
    evaluation.leave_out = judging.leave_out.clone();
    let curves = scores
        .columns()
        .map(|column| Ok((column.name.clone(), curves(&column.p_attack, labels).map_err(failed)?)))
        .collect::<Result<Vec<_>, PipelineError>>()?;
    Ok(Judged { evaluation, curves })
}

fn size(part: &nta_preprocess::PartSummary) -> PartSize {
    PartSize { rows: part.rows as u64, benign: part.benign as u64, attacks: part.attacks as u64 }
}

/// Attack families of a part.
pub(crate) fn attack_families(part: &Dataset) -> BTreeSet<String> {
    let labels = part.label.as_deref().unwrap_or_default();
    let attacks = (0..part.n_rows()).filter(|&i| labels.get(i).is_some_and(|l| l.is_attack()));
    attacks.filter_map(|i| part.family_of(i)).map(str::to_owned).collect()
}

/// predictions.parquet: every test row in file order, with its truth, the scores and the flag.
fn keep_predictions(ctx: &Context<'_>, test: &Dataset, scores: &Scores, model: &Model) -> Result<(), PipelineError> {
    let mut order: Vec<usize> = (0..test.n_rows()).collect();
    order.sort_unstable_by_key(|&i| test.row[i]);
    let labels = test.labels().map_err(failed)?;
    let file: Vec<&str> =
        order.iter().map(|&i| test.files.get(test.row[i].file as usize).map_or("", String::as_str)).collect();
    let row: Vec<i64> = order.iter().map(|&i| test.row[i].row as i64).collect();
    let attack: Vec<bool> = order.iter().map(|&i| labels[i].is_attack()).collect();
    let family: Vec<&str> = order.iter().map(|&i| test.family_of(i).unwrap_or("")).collect();
    let scores = scores.select(&order);
    let probability = model.probability(&scores.hybrid().p_attack);
    let mut added = vec![
        Added { name: "file", values: AddedValues::Text(&file) },
        Added { name: "row", values: AddedValues::Integer(&row) },
        Added { name: "attack", values: AddedValues::Flag(&attack) },
        Added { name: "family", values: AddedValues::Text(&family) },
    ];
    added.extend(scores.columns().map(|c| Added { name: &c.name, values: AddedValues::Float(&c.p_attack) }));
    added.push(Added { name: PROBABILITY, values: AddedValues::Float(&probability) });
    added.push(Added { name: FLAGGED, values: AddedValues::Flag(&scores.hybrid().flags) });
    let path = ctx.log.dir.place("predictions.parquet").map_err(failed)?;
    let mut writer = TableWriter::create(&path, None).map_err(failed)?;
    writer.write_columns(&added).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(())
}
