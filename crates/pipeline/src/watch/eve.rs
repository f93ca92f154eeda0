//! Alerts as lines of EVE, as Suricata writes them, so that what reads Suricata's alerts reads these.

use std::sync::Arc;

use nta_data::{HYBRID, Scores, hex};
use nta_ingest::Batch;
use nta_model::Model;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::carried::Carried;
use super::ready::Ready;
use super::timestamp::timestamp;
use crate::error::{PipelineError, failed};
use crate::score::{FLAGGED, REASONS, WhyFlagged};

/// Generator of these alerts: none of Snort's, Suricata's (1 and up to some hundreds) or a site's own rules.
const GID: u64 = 8_470;
/// The rule: the hybrid's score is above its threshold. Never given to another rule.
const HYBRID_RULE: u64 = 8_470_001;
/// The rule: several alerts of one host and kind within a window.
pub(crate) const GROUP_RULE: u64 = 8_470_002;

/// One alert.
pub(super) struct Alert {
    /// The same whenever this flow of this source is scored.
    pub(super) id: String,
    pub(super) line: String,
    pub(super) src: String,
    pub(super) dst: String,
    /// End of the flow, in microseconds since 1970.
    pub(super) micros: i64,
    /// The hybrid's.
    pub(super) score: f32,
    /// Names of the features that speak for an attack.
    pub(super) reasons: String,
    /// The flow's own columns with its scores, as [`EveWriter::flows`] has them; where that is asked for.
    pub(super) flow: Option<String>,
}

impl Alert {
    /// The feature that speaks loudest for an attack; nothing where the model names none.
    pub(super) fn kind(&self) -> &str {
        self.reasons.split([' ', ';']).next().unwrap_or_default()
    }
}

/// Writes alerts of one model.
pub(super) struct EveWriter {
    model: Arc<Model>,
    title: String,
    digest: String,
    threshold: f32,
    reasons: Option<WhyFlagged>,
    grouping: Grouping,
    beside: Flows,
}

/// What a line tells of a flow.
struct Told<'a> {
    id: &'a str,
    source: &'a str,
    /// End of the flow, in microseconds since 1970.
    micros: i64,
    carried: &'a Carried,
    /// Its place in `carried`.
    nth: usize,
    score: f32,
    /// By name.
    members: &'a [(&'a str, f32)],
    reasons: &'a str,
}

/// Flows of a scored table as alerts, as a watch would have written them.
pub(crate) struct ScoredEve(EveWriter);

impl ScoredEve {
    pub(crate) fn new(model: &Arc<Model>, title: &str) -> Result<ScoredEve, PipelineError> {
        EveWriter::new(model, title, 0, Grouping::Off, Flows::Left).map(ScoredEve)
    }

    /// The lines of the flagged ones among `rows`, which hold scores, flag and reasons as columns; `first` stood before them.
    pub(crate) fn lines(&self, source: &str, rows: &Batch, first: u64) -> Result<Vec<String>, PipelineError> {
        let is_flagged = |text: Option<String>| text.as_deref() == Some("true");
        let flags: Vec<bool> = rows.raw.texts(FLAGGED).unwrap_or_default().into_iter().map(is_flagged).collect();
        if !flags.contains(&true) {
            return Ok(Vec::new());
        }
        let flagged = rows.raw.filter(&flags).map_err(failed)?;
        let carried = Carried::of(&self.0.model, &flagged);
        let column = |name: &str| flagged.texts(name).unwrap_or_default();
        let number = |column: &[Option<String>], nth: usize| {
            column.get(nth).and_then(|text| text.as_deref()?.parse::<f32>().ok()).unwrap_or_default()
        };
        let (hybrid, reasons) = (column(HYBRID), column(REASONS));
        let members: Vec<(&str, Vec<Option<String>>)> =
            self.0.model.members.iter().map(|member| (member.name.as_str(), column(&member.name))).collect();
        let ends = rows.dataset.end_time.as_ref();
        let line = |(nth, i): (usize, usize)| {
            let members: Vec<(&str, f32)> = members.iter().map(|(name, scores)| (*name, number(scores, nth))).collect();
            self.0.line(&Told {
                id: &id(source, first + i as u64),
                source,
                micros: ends.map_or(0, |ends| ends[i]),
                carried: &carried,
                nth,
                score: number(&hybrid, nth),
                members: &members,
                reasons: reasons.get(nth).and_then(Option::as_deref).unwrap_or_default(),
            })
        };
        Ok((0..flags.len()).filter(|&i| flags[i]).enumerate().map(line).collect())
    }
}

/// Whether an alert may stand for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    Off,
    On,
}

/// Whether an alert's flow is told beside it, with its own columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flows {
    Left,
    Told,
}

impl EveWriter {
    /// Alerts name up to `most` reasons, where the model has any.
    pub(super) fn new(
        model: &Arc<Model>,
        title: &str,
        most: usize,
        grouping: Grouping,
        flows: Flows,
    ) -> Result<EveWriter, PipelineError> {
        let explains = most > 0 && model.members.iter().any(|m| m.member.forest().is_some());
        let reasons = if explains { Some(WhyFlagged::new(model, most)?) } else { None };
        Ok(EveWriter {
            model: Arc::clone(model),
            title: title.to_owned(),
            digest: model.digest().map_err(failed)?,
            threshold: model.threshold(HYBRID).map_err(failed)?.value,
            reasons,
            grouping,
            beside: flows,
        })
    }

    /// An alert for each flagged row, and the row.
    pub(super) fn alerts(
        &self,
        source: &str,
        ready: &Ready,
        scores: &Scores,
    ) -> Result<Vec<(usize, Alert)>, PipelineError> {
        let flags = &scores.hybrid().flags;
        let flagged: Vec<u32> = (0..flags.len() as u32).filter(|&i| flags[i as usize]).collect();
        if flagged.is_empty() {
            return Ok(Vec::new());
        }
        let reasons = match &self.reasons {
            Some(finder) => finder.of(&ready.dataset, &flagged)?,
            None => vec![String::new(); flagged.len()],
        };
        let flagged_rows = ready.raw.filter(flags).map_err(failed)?;
        let carried = Carried::of(&self.model, &flagged_rows);
        let columns = (self.beside == Flows::Told).then(|| flagged_rows.json_members());
        let alert = |(nth, (&i, reasons)): (usize, (&u32, String))| {
            let i = i as usize;
            let id = id(source, ready.numbers[i]);
            let micros = ready.dataset.end_time.as_ref().map_or(0, |ends| ends[i]);
            let score = scores.hybrid().p_attack[i];
            let members: Vec<_> =
                scores.members().iter().map(|member| (member.name.as_str(), member.p_attack[i])).collect();
            let told =
                Told { id: &id, source, micros, carried: &carried, nth, score, members: &members, reasons: &reasons };
            let line = self.line(&told);
            let (src, dst) = (carried.src.get(nth), carried.dst.get(nth));
            let flow = columns.as_ref().map(|columns| flow_line(&id, source, micros, &columns[nth], scores, i));
            (i, Alert { id, line, src, dst, micros, score, reasons, flow })
        };
        Ok(flagged.iter().zip(reasons).enumerate().map(alert).collect())
    }

    fn line(&self, told: &Told<'_>) -> String {
        let &Told { id, source, micros, carried, nth, score, members, reasons } = told;
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), timestamp(micros).into());
        let number = |text: String| text.parse::<u64>().ok();
        let flow_id = number(carried.flow_id.get(nth)).unwrap_or_else(|| {
            // 53 bits, so that readers that keep numbers as doubles keep it.
            u64::from_str_radix(&id[..13], 16).unwrap_or_default()
        });
        line.insert("flow_id".to_owned(), flow_id.into());
        line.insert("event_type".to_owned(), "alert".into());
        let texts = [
            ("src_ip", carried.src.get(nth)),
            ("dest_ip", carried.dst.get(nth)),
            ("community_id", carried.community_id(nth)),
        ];
        for (name, text) in texts {
            if !text.is_empty() {
                line.insert(name.to_owned(), text.into());
            }
        }
        for (name, column) in [("src_port", &carried.src_port), ("dest_port", &carried.dst_port)] {
            if let Some(port) = number(column.get(nth)) {
                line.insert(name.to_owned(), port.into());
            }
        }
        line.insert("proto".to_owned(), carried.proto.get(nth).to_uppercase().into());
        let mut told = Map::new();
        let mut tell = |name: &str, text: String| drop(told.insert(name.to_owned(), json!([text])));
        tell("nta_id", id.to_owned());
        if self.grouping == Grouping::On {
            tell("nta_group", id.to_owned());
        }
        tell("nta_sensor", source.to_owned());
        tell("nta_model", self.title.clone());
        tell("nta_digest", self.digest.clone());
        tell("nta_score", score.to_string());
        tell("nta_threshold", self.threshold.to_string());
        for (name, score) in members {
            tell(&format!("nta_score_{name}"), score.to_string());
        }
        if !reasons.is_empty() {
            told.insert("nta_reasons".to_owned(), reasons.split("; ").collect::<Vec<_>>().into());
        }
        if !carried.uid.get(nth).is_empty() {
            told.insert("zeek_uid".to_owned(), json!([carried.uid.get(nth)]));
        }
        let alert = json!({
            "action": "allowed",
            "gid": GID,
            "signature_id": HYBRID_RULE,
            "rev": 1,
            "signature": "NTA flow scored as an attack",
            "category": "Misc Attack",
            "severity": 2,
            "metadata": Value::Object(told),
        });
        line.insert("alert".to_owned(), alert);
        Value::Object(line).to_string()
    }

    /// Every row with its scores, as an id and a line.
    pub(super) fn flows(&self, source: &str, ready: &Ready, scores: &Scores) -> Vec<(String, String)> {
        let ends = ready.dataset.end_time.as_ref();
        let line = |(i, members): (usize, String)| {
            let id = id(source, ready.numbers[i]);
            let line = flow_line(&id, source, ends.map_or(0, |ends| ends[i]), &members, scores, i);
            (id, line)
        };
        ready.raw.json_members().into_iter().enumerate().map(line).collect()
    }
}

/// A flow with its own columns, `members`, its scores and flag. `nta_end` is its end in microseconds since 1970.
fn flow_line(id: &str, source: &str, micros: i64, members: &str, scores: &Scores, i: usize) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    let score = |column: &nta_data::ScoreColumn| format!(",{}:{}", json!(column.name), column.p_attack[i]);
    let columns: String = scores.columns().map(score).collect();
    let (sensor, flag) = (json!(source), scores.hybrid().flags[i]);
    format!(
        "{{\"nta_id\":\"{id}\",\"nta_sensor\":{sensor},\"nta_end\":{micros}{comma}{members}{columns},\"flagged\":{flag}}}"
    )
}

/// What tells the `n`th flow of a source from all others: 128 bits in hexadecimal.
fn id(source: &str, n: u64) -> String {
    let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(n.to_le_bytes()).finalize();
    hex(&digest[..16])
}

/// The id of a line that is made of the alert `id`.
pub(super) fn derived_id(id: &str, what: &str) -> String {
    hex(&Sha256::new().chain_update(id).chain_update([0]).chain_update(what).finalize()[..16])
}
