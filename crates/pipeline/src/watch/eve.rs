//! Alerts as lines of EVE, as Suricata writes them, so that what reads Suricata's alerts reads these.

use std::sync::Arc;

use nta_data::{HYBRID, Scores, hex};
use nta_ingest::{Batch, RawBatch};
use nta_model::Model;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::{PipelineError, failed};
use crate::score::WhyFlagged;

/// Generator of these alerts: none of Snort's, Suricata's (1 and up to some hundreds) or a site's own rules.
const GID: u64 = 8_470;
/// The rule: the hybrid's score is above its threshold. Never given to another rule.
const HYBRID_RULE: u64 = 8_470_001;

/// Names under which logs keep what an alert carries.
const SRC_PORT: [&str; 6] = ["id.orig_p", "id_orig_p", "src_port", "Sport", "sport", "Src Port"];
const DST_PORT: [&str; 7] = ["id.resp_p", "id_resp_p", "dest_port", "dst_port", "Dport", "dsport", "Dst Port"];
const PROTO: [&str; 3] = ["proto", "Proto", "Protocol"];

/// One alert.
pub(super) struct Alert {
    /// The same whenever this flow of this source is scored.
    pub(super) id: String,
    pub(super) line: String,
    pub(super) src: String,
    pub(super) dst: String,
    /// End of the flow, in microseconds since 1970.
    pub(super) micros: i64,
    /// Names of the features that speak for an attack.
    pub(super) reasons: String,
}

/// Writes alerts of one model.
pub(super) struct EveWriter {
    model: Arc<Model>,
    title: String,
    digest: String,
    threshold: f32,
    reasons: Option<WhyFlagged>,
}

impl EveWriter {
    /// Alerts name up to `most` reasons, where the model has any.
    pub(super) fn new(model: &Arc<Model>, title: &str, most: usize) -> Result<EveWriter, PipelineError> {
        let explains = most > 0 && model.members.iter().any(|m| m.member.forest().is_some());
        let reasons = if explains { Some(WhyFlagged::new(model, most)?) } else { None };
        Ok(EveWriter {
            model: Arc::clone(model),
            title: title.to_owned(),
            digest: model.digest().map_err(failed)?,
            threshold: model.threshold(HYBRID).map_err(failed)?.value,
            reasons,
        })
    }

    /// An alert for each flagged row; `first` flows of the source came before.
    pub(super) fn alerts(
        &self,
        source: &str,
        first: u64,
        batch: &Batch,
        scores: &Scores,
    ) -> Result<Vec<Alert>, PipelineError> {
        let flags = &scores.hybrid().flags;
        let flagged: Vec<u32> = (0..flags.len() as u32).filter(|&i| flags[i as usize]).collect();
        if flagged.is_empty() {
            return Ok(Vec::new());
        }
        let reasons = match &self.reasons {
            Some(finder) => finder.of(&batch.dataset, &flagged)?,
            None => vec![String::new(); flagged.len()],
        };
        let carried = Carried::of(&self.model, &batch.raw.filter(flags).map_err(failed)?);
        let alert = |(nth, (&i, reasons)): (usize, (&u32, String))| {
            let i = i as usize;
            let id = id(source, first + i as u64);
            let micros = batch.dataset.end_time.as_ref().map_or(0, |ends| ends[i]);
            let line = self.line(&id, source, micros, &carried, nth, scores, i, &reasons);
            let (src, dst) = (carried.src.get(nth), carried.dst.get(nth));
            Alert { id, line, src, dst, micros, reasons }
        };
        Ok(flagged.iter().zip(reasons).enumerate().map(alert).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "each is one part of the line")]
    fn line(
        &self,
        id: &str,
        source: &str,
        micros: i64,
        carried: &Carried,
        nth: usize,
        scores: &Scores,
        i: usize,
        reasons: &str,
    ) -> String {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), timestamp(micros).into());
        let number = |text: String| text.parse::<u64>().ok();
        let flow_id = number(carried.flow_id.get(nth)).unwrap_or_else(|| {
            // 53 bits, so that readers that keep numbers as doubles keep it.
            u64::from_str_radix(&id[..13], 16).unwrap_or_default()
        });
        line.insert("flow_id".to_owned(), flow_id.into());
        line.insert("event_type".to_owned(), "alert".into());
        let texts = [("src_ip", &carried.src), ("dest_ip", &carried.dst), ("community_id", &carried.community_id)];
        for (name, column) in texts {
            let text = column.get(nth);
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
        let score = scores.hybrid().p_attack[i];
        let mut told = Map::new();
        let mut tell = |name: &str, text: String| drop(told.insert(name.to_owned(), json!([text])));
        tell("nta_id", id.to_owned());
        tell("nta_sensor", source.to_owned());
        tell("nta_model", self.title.clone());
        tell("nta_digest", self.digest.clone());
        tell("nta_score", score.to_string());
        tell("nta_threshold", self.threshold.to_string());
        for column in scores.members() {
            tell(&format!("nta_score_{}", column.name), column.p_attack[i].to_string());
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
    pub(super) fn flows(&self, source: &str, first: u64, batch: &Batch, scores: &Scores) -> Vec<(String, String)> {
        let members = batch.raw.json_members();
        let line = |(i, members): (usize, String)| {
            let id = id(source, first + i as u64);
            let comma = if members.is_empty() { "" } else { "," };
            let score = |column: &nta_data::ScoreColumn| format!(",{}:{}", json!(column.name), column.p_attack[i]);
            let columns: String = scores.columns().map(score).collect();
            let flag = scores.hybrid().flags[i];
            let line = format!(
                "{{\"nta_id\":\"{id}\",\"nta_sensor\":{}{comma}{members}{columns},\"flagged\":{flag}}}",
                json!(source)
            );
            (id, line)
        };
        members.into_iter().enumerate().map(line).collect()
    }
}

/// What tells the `n`th flow of a source from all others: 128 bits in hexadecimal.
fn id(source: &str, n: u64) -> String {
    let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(n.to_le_bytes()).finalize();
    hex(&digest[..16])
}

/// A column of text, or nothing.
struct Texts(Vec<Option<String>>);

impl Texts {
    fn of(raw: &RawBatch, names: &[&str]) -> Texts {
        Texts(names.iter().find_map(|name| raw.texts(name)).unwrap_or_default())
    }

    fn get(&self, i: usize) -> String {
        self.0.get(i).cloned().flatten().unwrap_or_default()
    }
}

/// What an alert carries of its flow.
struct Carried {
    src: Texts,
    dst: Texts,
    src_port: Texts,
    dst_port: Texts,
    proto: Texts,
    uid: Texts,
    flow_id: Texts,
    community_id: Texts,
}

impl Carried {
    fn of(model: &Model, raw: &RawBatch) -> Carried {
        let entity = &model.schema.entity;
        let host = |column: &Option<String>| {
            let names = column.iter().flat_map(|name| {
                let aliases = model.schema.aliases.get(name).into_iter().flatten();
                std::iter::once(name.as_str()).chain(aliases.map(String::as_str))
            });
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.extend(names.clone().iter().map(|name| name.replace('.', "_")));
            Texts::of(raw, &names.iter().map(String::as_str).collect::<Vec<_>>())
        };
        Carried {
            src: host(&entity.src),
            dst: host(&entity.dst),
            src_port: Texts::of(raw, &SRC_PORT),
            dst_port: Texts::of(raw, &DST_PORT),
            proto: Texts::of(raw, &PROTO),
            uid: Texts::of(raw, &["uid"]),
            flow_id: Texts::of(raw, &["flow_id"]),
            community_id: Texts::of(raw, &["community_id"]),
        }
    }
}

/// `2026-11-28T06:30:00.000000+0000`
pub fn timestamp(micros: i64) -> String {
    let (days, in_day) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    // Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (seconds, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_suricata_writes_them() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000+0000");
        assert_eq!(timestamp(1_709_210_096_000_007), "2024-02-29T12:34:56.000007+0000");
    }
}
