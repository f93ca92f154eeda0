//! The hybrid stage: fusion weights from the calibration part, thresholds from the threshold part, both from scores
//! that the one scorer gave, and the model put together.

use std::sync::Arc;

use nta_data::{Dataset, HYBRID, Label};
use nta_hybrid::{Fusion, Hybrid};
use nta_metrics::{ChosenThreshold, CrossFitted, Folding, Isotonic, ThresholdRule};
use nta_model::{DataDigest, Golden, Model, NamedThreshold, Provenance, StateRule};
use nta_preprocess::{FittedRows, Partition};

use super::context::Context;
use super::fit::Learned;
use super::held_out::{Choosing, HeldOut, Unseen, fused, with_stretches};
use super::learning::{uses_sequences, without_copies};
use super::scores::score_held_out;
use super::{moved, profile};
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage};
use crate::traffic::{LABELS, SENSOR_KEY, TrafficReport, entity_key};

/// Fuses the members and freezes the model.
pub(crate) fn fuse(
    ctx: &mut Context<'_>,
    learned: Learned,
    parts: &Partition,
    told: &TrafficReport,
) -> Result<Arc<Model>, PipelineError> {
    let mut model = Arc::new(provisional(ctx, learned, parts, told)?);
    ctx.stage(Stage::Hybrid, |ctx| {
        let [calibration, threshold] = score_held_out(ctx.log.listener, &model, parts)?;
        let calibration =
            Unseen::of(&parts.calibration, calibration, &parts.copies.calibration, 0, &ctx.config.hybrid)?;
        let threshold = Unseen::of(&parts.threshold, threshold, &parts.copies.threshold, 0, &ctx.config.hybrid)?;
        let held_out = HeldOut { calibration, threshold, aside: Vec::new(), cross_fitted: None };
        let outcome = freeze(ctx, &mut model, held_out, &parts.train, parts)?;
        Ok(((), outcome))
    })?;
    Ok(model)
}

/// The members under an average that nothing is decided by yet: what the scorer needs to give members' scores.
pub(super) fn provisional(
    ctx: &Context<'_>,
    learned: Learned,
    parts: &Partition,
    told: &TrafficReport,
) -> Result<Model, PipelineError> {
    let names: Vec<String> = learned.members.iter().map(|m| m.name.clone()).collect();
    let state = uses_sequences(ctx, &parts.train).then(|| StateRule {
        by: ctx.config.lstm.sequence.by.settled(&parts.train.schema),
        entity_key: entity_key(ctx.config.seed),
        sensor_key: SENSOR_KEY,
        memory: ctx.config.lstm.memory.clone(),
    });
    let thresholds = names.iter().map(String::as_str).chain([HYBRID]).map(undecided).collect();
    Ok(Model {
        schema: (*parts.train.schema).clone(),
        state,
        preprocessor: learned.preprocessor,
        hybrid: Hybrid::new(names, Fusion::Average).map_err(failed)?,
        members: learned.members,
        thresholds,
        calibration: Isotonic::default(),
        profile: None,
        golden: Golden::default(),
        provenance: provenance(ctx, told),
    })
}

fn undecided(name: &str) -> NamedThreshold {
    let chosen = ChosenThreshold {
        value: 0.5,
        rule: ThresholdRule::Fixed(0.5),
        benign_rows: 0,
        attack_rows: 0,
        expected_fpr: None,
        expected_recall: None,
        rank: None,
        violation_bound: None,
        tied_benign_rows: 0,
        without_copies: None,
        reason: None,
    };
    NamedThreshold { name: name.to_owned(), chosen }
}

fn provenance(ctx: &Context<'_>, told: &TrafficReport) -> Provenance {
    let digest = |role: &str, file: &nta_ingest::FileDigest| DataDigest {
        role: role.to_owned(),
        name: file.name.clone(),
        bytes: file.bytes,
        sha256: file.sha256.clone(),
    };
    let sources =
        told.sources.iter().flat_map(|source| source.files.iter().map(move |(file, _)| digest(&source.role, file)));
    let labels = told.labels.iter().map(|file| digest(LABELS, file));
    let record = ctx.log.dir.record();
    Provenance {
        name: ctx.config.name.clone(),
        created: record.started.to_string(),
        run: record.id.clone(),
        parent: ctx.parent.clone(),
        seed: ctx.config.seed,
        config: ctx.config.to_yaml(),
        versions: [("nta".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        data: sources.chain(labels).collect(),
        accepted: ctx.columns.accepted.clone(),
        site: None,
        verdicts: None,
    }
}

/// Learns the fusion and chooses the thresholds of `model`, whose members were fitted on `train`.
pub(super) fn freeze(
    ctx: &mut Context<'_>,
    model: &mut Arc<Model>,
    held_out: HeldOut,
    train: &Dataset,
    parts: &Partition,
) -> Result<Outcome, PipelineError> {
    let HeldOut { calibration, threshold, aside, cross_fitted } = held_out;
    let fresh = uncopied(&calibration.labels, &calibration.copies);
    let fresh_labels: Vec<Label> = fresh.iter().map(|&i| calibration.labels[i]).collect();
    let fresh = calibration.scores.select(&fresh);
    // Not copied: the scorers are gone, so nobody else holds it.
    let frozen = Arc::make_mut(model);
    frozen.hybrid = ctx.config.hybrid.fit(fresh.members(), &fresh_labels).map_err(failed)?;

    let fresh = fused(fresh, &frozen.hybrid)?;
    frozen.calibration = Isotonic::fit(&fresh.hybrid().p_attack, &fresh_labels).map_err(failed)?;
    let (calibration, threshold) = (calibration.fused(&frozen.hybrid)?, threshold.fused(&frozen.hybrid)?);
    let by = |fitted: &CrossFitted| if fitted.in_time { Folding::InTime } else { Folding::Dealt };
    let folding = cross_fitted.as_ref().map(by);
    let aside = (!aside.is_empty()).then(|| (aside, threshold.of_parts()));
    let choose = Choosing { rule: &ctx.config.hybrid, folding, calibration, threshold, aside };
    frozen.thresholds = choose.all(ctx)?;
    ctx.beside = choose.plain_average(&frozen.hybrid)?;
    let chosen = frozen.threshold(HYBRID).map_err(failed)?.clone();
    let Choosing { threshold, aside, .. } = choose;
    ctx.cross_fitted = cross_fitted.map(|fitted| with_stretches(fitted, &threshold, &chosen));
    let scores = aside.map_or(threshold.scores, |(_, of_parts)| of_parts.scores);
    frozen.profile = Some(profile::fit(train, &moved::benign(parts)?, scores, &chosen)?);
    model.record_golden(&parts.calibration).map_err(failed)?;
    let combine = ctx.config.hybrid.combine.name().to_owned();
    Ok(Outcome::Hybrid { combine, threshold: chosen.value, rule: chosen.rule })
}

/// Rows of the calibration part that something is learned from: none whose exact copy the members were trained on, unless
/// no class would be left.
fn uncopied(labels: &[Label], copies: &[bool]) -> Vec<usize> {
    match without_copies(labels, copies) {
        Some(weights) => (0..weights.len()).filter(|&i| weights[i] > 0.0).collect(),
        None => (0..labels.len()).collect(),
    }
}

/// Probability, profile and golden rows of a model whose members or fusion have changed since it was frozen. `benign` rows
/// are those that its promise is for.
pub(crate) fn recalibrate(
    ctx: &Context<'_>,
    model: &mut Arc<Model>,
    parts: &Partition,
    benign: &Dataset,
) -> Result<(), PipelineError> {
    let [calibration, threshold] = score_held_out(ctx.log.listener, model, parts)?;
    let labels = parts.calibration.labels().map_err(failed)?;
    let chosen = model.threshold(HYBRID).map_err(failed)?.clone();
    let changed = Arc::make_mut(model);
    // Members fitted on all rows have learned these: the probability stays as cross-fitted scores gave it.
    if ctx.config.split.fit == FittedRows::Parts {
        let fresh = uncopied(labels, &parts.copies.calibration);
        let fresh_labels: Vec<Label> = fresh.iter().map(|&i| labels[i]).collect();
        let scores = calibration.select(&fresh);
        changed.calibration = Isotonic::fit(&scores.hybrid().p_attack, &fresh_labels).map_err(failed)?;
    }
    changed.profile = Some(profile::fit(&parts.train, benign, threshold, &chosen)?);
    model.record_golden(&parts.calibration).map_err(failed)
}
