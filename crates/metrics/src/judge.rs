//! Labels, scores and frozen thresholds become an [`Evaluation`].

use nta_data::{Categories, Label};

use crate::error::{MetricsError, all_scores, same_length};
use crate::verdict::verdict;
use crate::{
    Baseline, ChosenThreshold, ConfusionMatrix, Evaluation, FamilyRecall, INTERVAL_CONFIDENCE, MemberEvaluation, Named,
    OperatingPoint, PartSize, Promise, Ranking, ThresholdRule, UnseenFamilies, WithoutCopies, brier, clopper_pearson,
    clustered_fpr, last_flow_baseline, log_loss,
};

/// The name under which the fused scores are judged.
pub const HYBRID: &str = "hybrid";

const HALF: f32 = 0.5;

/// What the frozen model said about the test part, and the truth. Rows stand in arrival order.
#[derive(Clone, Copy)]
pub struct JudgeInput<'a> {
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Attack families, `(n_rows)`, where the data names them.
    pub families: Option<&'a Categories>,
    /// Whether the training part holds attacks of this family.
    pub seen_in_training: &'a dyn Fn(&str) -> bool,
    /// Members in the model's order, then [`HYBRID`].
    pub members: &'a [JudgedMember<'a>],
    /// Entity of each row, `(n_rows)`; empty for data without order.
    pub entity: &'a [u64],
    /// Whether a row's exact copy stands in train, `(n_rows)`, where that is asked.
    pub copies: Option<&'a [bool]>,
    /// Sizes of the parts, as the report shows them.
    pub parts: &'a Named<PartSize>,
    /// Digest of the model.
    pub digest: &'a str,
}

/// One member's scores and flags on the test part.
#[derive(Debug, Clone, Copy)]
pub struct JudgedMember<'a> {
    /// `forest`, `lstm`, …, `hybrid`.
    pub name: &'a str,
    /// Probability of attack, `(n_rows)`.
    pub scores: &'a [f32],
    /// The threshold, chosen before the test part was opened.
    pub threshold: &'a ChosenThreshold,
    /// Whether the scorer flagged the row, `(n_rows)`; must equal `score > threshold`.
    pub flags: &'a [bool],
}

/// Measures everything. Refuses columns of different lengths, scores that are no probabilities, and flags that their
/// scores deny.
pub fn judge(input: &JudgeInput<'_>) -> Result<Evaluation, MetricsError> {
    check(input)?;
    let mut members = Named::new();
    for member in input.members {
        members.put(member.name, judge_member(input, member)?);
    }
    let promise = members.get(HYBRID).and_then(|m: &MemberEvaluation| m.promise.clone());
    let mut undefined = Named::new();
    if promise.is_none() {
        undefined.put("promise", no_promise(members.get(HYBRID)));
    }
    Ok(Evaluation {
        verdict: verdict(&members, HYBRID),
        members,
        promise,
        baselines: baselines(input)?,
        parts: input.parts.clone(),
        undefined,
        digest: input.digest.to_owned(),
    })
}

fn no_promise(hybrid: Option<&MemberEvaluation>) -> String {
    match hybrid {
        None => "there is no hybrid".to_owned(),
        Some(hybrid) => format!("the threshold was chosen without a budget: {}", hybrid.threshold.rule.describe()),
    }
}

fn check(input: &JudgeInput<'_>) -> Result<(), MetricsError> {
    let n = input.labels.len();
    if input.members.is_empty() {
        return Err(MetricsError::NoMembers);
    }
    if let Some(families) = input.families {
        same_length("the family column", n, families.codes.len())?;
    }
    if let Some(copies) = input.copies {
        same_length("the copies column", n, copies.len())?;
    }
    if !input.entity.is_empty() {
        same_length("the entity column", n, input.entity.len())?;
    }
    for member in input.members {
        same_length(&format!("{}'s scores column", member.name), n, member.scores.len())?;
        same_length(&format!("{}'s flags column", member.name), n, member.flags.len())?;
        all_scores(&format!("{}:", member.name), member.scores)?;
        let denied = member.scores.iter().zip(member.flags).position(|(s, f)| member.threshold.flags(*s) != *f);
        if let Some(row) = denied {
            let (score, flag) = (member.scores[row], member.flags[row]);
            let (member, threshold) = (member.name.to_owned(), member.threshold.value);
            return Err(MetricsError::FlagDiffers { member, row, score, threshold, flag });
        }
    }
    Ok(())
}

fn judge_member(input: &JudgeInput<'_>, member: &JudgedMember<'_>) -> Result<MemberEvaluation, MetricsError> {
    let ranking = Ranking::new(member.scores, input.labels)?;
    let confusion = ConfusionMatrix::count(input.labels, member.flags)?;
    let at_half = ConfusionMatrix::at_threshold(input.labels, member.scores, HALF)?;
    let (families, unseen) = by_family(input, member);
    let mut evaluation = MemberEvaluation {
        roc_auc: ranking.roc_auc(),
        average_precision: ranking.average_precision(),
        brier: brier(member.scores, input.labels)?,
        log_loss: log_loss(member.scores, input.labels)?,
        detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
        detection_rate_at_fpr_0_001: ranking.detection_rate_at_fpr(0.001),
        at_budget: OperatingPoint::of(confusion, Some(member.threshold.value)),
        at_half: OperatingPoint::of(at_half, Some(HALF)),
        families,
        unseen,
        without_copies: input.copies.map(|copies| without_copies(input.labels, member, copies)).transpose()?,
        threshold: member.threshold.clone(),
        promise: promise(input, member, &confusion)?,
        undefined: Named::new(),
    };
    evaluation.undefined = undefined(&evaluation, &ranking);
    Ok(evaluation)
}

fn undefined(member: &MemberEvaluation, ranking: &Ranking) -> Named<String> {
    let no_class = match (ranking.benign(), ranking.attacks()) {
        (0, 0) => "there is no flow",
        (0, _) => "there is no benign flow",
        _ => "there is no attack",
    };
    let values = [
        ("roc_auc", member.roc_auc),
        ("average_precision", member.average_precision),
        ("brier", member.brier),
        ("log_loss", member.log_loss),
        ("detection_rate_at_fpr_0_01", member.detection_rate_at_fpr_0_01),
        ("detection_rate_at_fpr_0_001", member.detection_rate_at_fpr_0_001),
    ];
    let mut reasons: Named<String> =
        values.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name, no_class.to_owned())).collect();
    if member.unseen.flows == 0 {
        for name in ["unseen.recall_at_budget", "unseen.recall_at_half"] {
            reasons.put(name, "the test part holds no named family that is absent from training".to_owned());
        }
    }
    if member.promise.is_none() {
        reasons.put("promise", no_promise(Some(member)));
    }
    if member.without_copies.is_none() {
        reasons.put("without_copies", "copies of training rows were not looked for".to_owned());
    }
    reasons
}

/// Attacks and flags of one family.
#[derive(Clone, Copy, Default)]
struct FamilyCount {
    flows: u64,
    at_budget: u64,
    at_half: u64,
}

fn by_family(input: &JudgeInput<'_>, member: &JudgedMember<'_>) -> (Named<FamilyRecall>, UnseenFamilies) {
    let mut unseen = FamilyCount::default();
    let mut n_unseen = 0;
    let mut named: Vec<(&str, FamilyRecall)> = Vec::new();
    if let Some(families) = input.families {
        for (name, count) in families.values.iter().zip(count_families(input.labels, families, member)) {
            if count.flows == 0 {
                continue;
            }
            let seen_in_training = (input.seen_in_training)(name);
            let share = |hits: u64| hits as f64 / count.flows as f64;
            let (recall_at_budget, recall_at_half) = (share(count.at_budget), share(count.at_half));
            named.push((name, FamilyRecall { flows: count.flows, recall_at_budget, recall_at_half, seen_in_training }));
            if !seen_in_training {
                n_unseen += 1;
                unseen.flows += count.flows;
                unseen.at_budget += count.at_budget;
                unseen.at_half += count.at_half;
            }
        }
    }
    named.sort_by(|a, b| b.1.flows.cmp(&a.1.flows).then(a.0.cmp(b.0)));
    let share = |hits: u64| (unseen.flows > 0).then(|| hits as f64 / unseen.flows as f64);
    let (recall_at_budget, recall_at_half) = (share(unseen.at_budget), share(unseen.at_half));
    let unseen = UnseenFamilies { families: n_unseen, flows: unseen.flows, recall_at_budget, recall_at_half };
    (named.into_iter().collect(), unseen)
}

fn count_families(labels: &[Label], families: &Categories, member: &JudgedMember<'_>) -> Vec<FamilyCount> {
    let mut counts = vec![FamilyCount::default(); families.values.len()];
    let rows = labels.iter().zip(&families.codes).zip(member.scores.iter().zip(member.flags));
    for ((label, &code), (&score, &flag)) in rows {
        if label.is_attack() && code != Categories::MISSING {
            let count = &mut counts[code as usize];
            count.flows += 1;
            count.at_budget += u64::from(flag);
            count.at_half += u64::from(score > HALF);
        }
    }
    counts
}

fn promise(
    input: &JudgeInput<'_>,
    member: &JudgedMember<'_>,
    confusion: &ConfusionMatrix,
) -> Result<Option<Promise>, MetricsError> {
    let ThresholdRule::Budget(budget) = member.threshold.rule else { return Ok(None) };
    Ok(Some(Promise {
        budget: budget.false_positive_rate,
        confidence: budget.confidence,
        observed_fpr: confusion.fpr(),
        kept: confusion.fpr().map(|observed| observed <= budget.false_positive_rate),
        false_alarms: confusion.fp,
        benign_rows: confusion.benign(),
        interval: clopper_pearson(confusion.fp, confusion.benign(), INTERVAL_CONFIDENCE),
        clustered: clustered_fpr(input.labels, member.flags, input.entity)?,
    }))
}

fn without_copies(labels: &[Label], member: &JudgedMember<'_>, copies: &[bool]) -> Result<WithoutCopies, MetricsError> {
    let fresh = labels.iter().zip(member.scores).zip(copies).filter(|(_, copy)| !**copy);
    let (labels, scores): (Vec<Label>, Vec<f32>) = fresh.map(|((label, score), _)| (*label, *score)).unzip();
    let ranking = Ranking::new(&scores, &labels)?;
    let at = |threshold: f32| {
        ConfusionMatrix::at_threshold(&labels, &scores, threshold).map(|m| OperatingPoint::of(m, Some(threshold)))
    };
    Ok(WithoutCopies {
        copies: copies.iter().filter(|copy| **copy).count() as u64,
        roc_auc: ranking.roc_auc(),
        average_precision: ranking.average_precision(),
        detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
        at_budget: at(member.threshold.value)?,
        at_half: at(HALF)?,
    })
}

fn baselines(input: &JudgeInput<'_>) -> Result<Named<Baseline>, MetricsError> {
    let mut named = Named::new();
    let never = vec![false; input.labels.len()];
    named.put("always_benign", baseline("no flow is an attack", input.labels, &never)?);
    if !input.entity.is_empty() {
        let flags = last_flow_baseline(input.labels, input.entity)?;
        let rule = "same as the true label of the entity's last flow, which no detector knows; a first flow is benign";
        named.put("last_flow", baseline(rule, input.labels, &flags)?);
    }
    Ok(named)
}

fn baseline(rule: &str, labels: &[Label], flags: &[bool]) -> Result<Baseline, MetricsError> {
    let scores: Vec<f32> = flags.iter().map(|&flag| f32::from(u8::from(flag))).collect();
    Ok(Baseline {
        rule: rule.to_owned(),
        average_precision: Ranking::new(&scores, labels)?.average_precision(),
        answers: OperatingPoint::of(ConfusionMatrix::count(labels, flags)?, None),
    })
}
