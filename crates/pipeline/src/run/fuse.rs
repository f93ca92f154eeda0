//! The hybrid stage: fusion weights from the calibration part, thresholds from the threshold part, both from scores
//! that the one scorer gave, and the model put together.

use nta_data::{Dataset, MemberScores, Scores};
use nta_hybrid::{Fusion, Hybrid};
use nta_metrics::{ChosenThreshold, HYBRID, Isotonic, PartScores, ThresholdRule};
use nta_model::{DataDigest, Golden, Member, Model, NamedMember, NamedThreshold, Provenance, Scorer, StateRule};
use nta_preprocess::Partition;

use super::context::Context;
use super::fit::{Learned, uses_sequences, without_copies};
use crate::error::{PipelineError, failed};
use crate::event::{Event, Stage};
use crate::traffic::{SENSOR_KEY, TrafficReport, entity_key};

/// Names of the members, in the order of their scores.
pub(crate) const MEMBERS: [&str; 2] = ["forest", "lstm"];

/// Fuses the members and freezes the model.
pub(crate) fn fuse(
    ctx: &mut Context<'_>,
    learned: Learned,
    parts: &Partition,
    told: &TrafficReport,
) -> Result<Model, PipelineError> {
    let mut model = provisional(ctx, learned, parts, told)?;
    ctx.stage(Stage::Hybrid, |ctx| {
        let says = freeze(ctx, &mut model, parts)?;
        Ok(((), says))
    })?;
    Ok(model)
}

/// The members under an average that nothing is decided by yet: what the scorer needs to give members' scores.
fn provisional(
    ctx: &Context<'_>,
    learned: Learned,
    parts: &Partition,
    told: &TrafficReport,
) -> Result<Model, PipelineError> {
    let members = vec![
        NamedMember { name: MEMBERS[0].to_owned(), member: Member::Forest(Box::new(learned.forest)) },
        NamedMember { name: MEMBERS[1].to_owned(), member: Member::Lstm(Box::new(learned.lstm)) },
    ];
    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
    let state = uses_sequences(ctx, &parts.train).then(|| StateRule {
        by: ctx.config.lstm.sequence.by,
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
        members,
        thresholds,
        calibration: Isotonic::default(),
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
    let files = |source: &crate::traffic::SourceReport| {
        let role = source.role.clone();
        let of = move |(f, _): &(nta_ingest::FileDigest, u64)| DataDigest {
            role: role.clone(),
            name: f.name.clone(),
            bytes: f.bytes,
            sha256: f.sha256.clone(),
        };
        source.files.iter().map(of).collect::<Vec<_>>()
    };
    let record = ctx.dir.record();
    Provenance {
        name: ctx.config.name.clone(),
        created: record.started.to_string(),
        run: record.id.clone(),
        parent: None,
        seed: ctx.config.seed,
        config: ctx.config.to_yaml(),
        versions: [("nta".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        data: told.sources.iter().flat_map(files).collect(),
    }
}

fn freeze(ctx: &mut Context<'_>, model: &mut Model, parts: &Partition) -> Result<String, PipelineError> {
    let calibration = score_all(ctx, model, &parts.calibration, Stage::Hybrid)?;
    let threshold = score_all(ctx, model, &parts.threshold, Stage::Hybrid)?;
    let calibration_labels = parts.calibration.labels().map_err(failed)?;
    let threshold_labels = parts.threshold.labels().map_err(failed)?;

    // Fusion learns nothing from rows whose exact copy the members were trained on, unless no class would be left.
    let fresh = without_copies(calibration_labels, &parts.copies.calibration);
    let keep: Vec<usize> = match &fresh {
        Some(weights) => (0..weights.len()).filter(|&i| weights[i] > 0.0).collect(),
        None => (0..calibration_labels.len()).collect(),
    };
    let kept_members: Vec<MemberScores> = calibration
        .members
        .iter()
        .map(|m| MemberScores { name: m.name.clone(), p_attack: keep.iter().map(|&i| m.p_attack[i]).collect() })
        .collect();
    let kept_labels: Vec<_> = keep.iter().map(|&i| calibration_labels[i]).collect();
    model.hybrid = ctx.config.hybrid.fit(&kept_members, &kept_labels).map_err(failed)?;

    let fused_calibration = model.hybrid.combine(&calibration.members).map_err(failed)?;
    let fused_threshold = model.hybrid.combine(&threshold.members).map_err(failed)?;
    let members = calibration.members.iter().zip(&threshold.members);
    let columns = members.map(|(c, t)| (c.name.as_str(), c.p_attack.as_slice(), t.p_attack.as_slice())).chain([(
        HYBRID,
        fused_calibration.as_slice(),
        fused_threshold.as_slice(),
    )]);
    let mut thresholds = Vec::new();
    for (name, on_calibration, on_threshold) in columns {
        let calibration =
            PartScores { scores: on_calibration, labels: calibration_labels, copies: Some(&parts.copies.calibration) };
        let threshold =
            PartScores { scores: on_threshold, labels: threshold_labels, copies: Some(&parts.copies.threshold) };
        let chosen = ctx.config.hybrid.choose_threshold(&calibration, &threshold).map_err(failed)?;
        if let Some(reason) = &chosen.reason {
            ctx.note(&format!("{name}: {reason}"))?;
        }
        thresholds.push(NamedThreshold { name: name.to_owned(), chosen });
    }
    model.thresholds = thresholds;
    let kept_fused: Vec<f32> = keep.iter().map(|&i| fused_calibration[i]).collect();
    model.calibration = Isotonic::fit(&kept_fused, &kept_labels).map_err(failed)?;
    model.record_golden(&parts.calibration).map_err(failed)?;
    let chosen = &model.thresholds[model.thresholds.len() - 1].chosen;
    Ok(format!("{}, threshold {:.4} for {}", combined(ctx), chosen.value, chosen.rule.describe()))
}

fn combined(ctx: &Context<'_>) -> &'static str {
    use nta_hybrid::Combine;
    match ctx.config.hybrid.combine {
        Combine::Average => "average",
        Combine::Weighted(_) => "weighted average",
        Combine::TunedWeights => "tuned weights",
        Combine::Stacking => "stacking",
    }
}

/// Rows scored between two signs of progress.
const CHUNK: usize = 32_768;

/// A whole part, or test file, through the scorer, cold at its beginning; rows stand in arrival order.
pub(crate) fn score_all(
    ctx: &Context<'_>,
    model: &Model,
    part: &Dataset,
    stage: Stage,
) -> Result<Scores, PipelineError> {
    let mut scorer = Scorer::new(model).map_err(failed)?;
    let n = part.n_rows();
    let width = model.members.len() + 1;
    let mut all = Scores {
        rows: Vec::with_capacity(n),
        members: model
            .members
            .iter()
            .map(|m| MemberScores { name: m.name.clone(), p_attack: Vec::with_capacity(n) })
            .collect(),
        hybrid: Vec::with_capacity(n),
        flags: vec![Vec::with_capacity(n); width],
    };
    for start in (0..n).step_by(CHUNK) {
        let rows: Vec<u32> = (start as u32..n.min(start + CHUNK) as u32).collect();
        let scores = scorer.score(&part.take(&rows)).map_err(failed)?;
        all.rows.extend(scores.rows);
        all.hybrid.extend(scores.hybrid);
        all.members.iter_mut().zip(scores.members).for_each(|(to, from)| to.p_attack.extend(from.p_attack));
        all.flags.iter_mut().zip(scores.flags).for_each(|(to, from)| to.extend(from));
        let (done, total, note) = (all.rows.len() as u64, n as u64, "flows scored".to_owned());
        ctx.listener.hear(Event::Progress { stage, done, total, note });
        if ctx.listener.cancelled() {
            return Err(PipelineError::Interrupted("while scoring".to_owned()));
        }
    }
    Ok(all)
}
