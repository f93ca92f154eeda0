//! `promises.jsonl` beside the log: what versions promised, and what was seen of it in traffic after their training.

use serde::{Deserialize, Serialize};

use super::{Registry, lines};
use crate::ModelError;

const PROMISES: &str = "promises.jsonl";

/// What looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// `nta drift`, at labelled traffic.
    Drift,
    /// `nta retrain`, at the champion on fresh traffic.
    Retrain,
    /// `nta verdicts`, at what analysts say of all alerts.
    Verdicts,
}

/// False alarms of one version on one look at labelled traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// The version.
    pub version: u32,
    /// What looked.
    pub by: Look,
    /// The traffic.
    pub files: Vec<String>,
    /// SHA-256 of each file, ascending; empty where the traffic was a stream, and in lines of before it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sha256: Vec<String>,
    /// Largest share of benign flows that may be flagged.
    pub budget: f64,
    /// Benign flows.
    pub benign: u64,
    /// Those flagged.
    pub false_alarms: u64,
    /// 95 % interval of the share, where there is traffic enough for one.
    pub interval: Option<(f64, f64)>,
}

impl Observed {
    fn is_same_look(&self, other: &Observed) -> bool {
        let of = |o: &Observed| (o.version, o.by, o.benign, o.false_alarms);
        of(self) == of(other) && self.files == other.files && self.sha256 == other.sha256 && self.budget == other.budget
    }

    /// Whether all of this look's traffic is in `other`'s, whatever looked and by whatever name.
    fn is_within(&self, other: &Observed) -> bool {
        self.version == other.version
            && !self.sha256.is_empty()
            && self.sha256.iter().all(|file| other.sha256.contains(file))
    }
}

/// The looks that no other holds, in their order: of two at the same files the later one. Traffic that two looks share in part
/// is in both.
fn without_repeats(looks: Vec<Observed>) -> Vec<Observed> {
    let is_held = |(i, look): (usize, &Observed)| {
        let holds =
            |(j, other): (usize, &Observed)| j != i && look.is_within(other) && (j > i || !other.is_within(look));
        looks.iter().enumerate().any(holds)
    };
    let held: Vec<bool> = looks.iter().enumerate().map(is_held).collect();
    looks.into_iter().zip(held).filter(|(_, held)| !held).map(|(look, _)| look).collect()
}

impl Registry {
    /// Keeps what was seen of a promise of `name`'s. The same look at the same traffic is kept once.
    ///
    /// # Errors
    /// A name that is not there, a damaged file, whatever the system refuses.
    pub fn observe(&self, name: &str, seen: &Observed) -> Result<(), ModelError> {
        self.known_numbers(name, name)?;
        let folder = self.folder(name);
        let _lock = self.lock(&folder)?;
        let path = folder.join(PROMISES);
        if lines::read::<Observed>(&path)?.iter().any(|known| known.is_same_look(seen)) {
            return Ok(());
        }
        lines::append(&path, std::slice::from_ref(seen)).map(drop)
    }

    /// What was seen of the promises of `name`, oldest first, no file counted by two looks of which one holds the other's.
    ///
    /// # Errors
    /// A damaged file.
    pub fn observed(&self, name: &str) -> Result<Vec<Observed>, ModelError> {
        lines::read(&self.folder(name).join(PROMISES)).map(without_repeats)
    }
}

#[cfg(test)]
mod tests {
    use nta_data::Order;

    use super::*;
    use crate::fixture::model;

    #[test]
    fn a_look_is_kept_once_and_another_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        let mut seen = Observed {
            time: "2026-11-27T10:00:00Z".into(),
            version: 1,
            by: Look::Drift,
            files: vec!["monday.csv".into()],
            sha256: vec!["aa".into()],
            budget: 0.01,
            benign: 10_000,
            false_alarms: 70,
            interval: Some((0.005, 0.009)),
        };
        assert!(registry.observe("toy", &seen).is_err(), "there is no such name");
        registry.add("toy", &model(Order::None)).unwrap();
        assert_eq!(registry.observed("toy").unwrap(), []);
        registry.observe("toy", &seen).unwrap();
        registry.observe("toy", &Observed { time: "later".into(), ..seen.clone() }).unwrap();
        assert_eq!(registry.observed("toy").unwrap(), [seen.clone()]);
        (seen.files, seen.sha256) = (vec!["tuesday.csv".into()], vec!["bb".into()]);
        registry.observe("toy", &seen).unwrap();
        assert_eq!(registry.observed("toy").unwrap().len(), 2);

        let again = Observed {
            by: Look::Retrain,
            files: vec!["fresh/monday.csv".into()],
            sha256: vec!["aa".into()],
            ..seen.clone()
        };
        registry.observe("toy", &again).unwrap();
        assert_eq!(
            registry.observed("toy").unwrap(),
            [seen.clone(), again.clone()],
            "the later look at the same traffic stays"
        );
        let both = Observed { sha256: vec!["aa".into(), "bb".into()], ..again.clone() };
        registry.observe("toy", &both).unwrap();
        registry.observe("toy", &Observed { time: "last".into(), ..again.clone() }).unwrap();
        let stream = Observed { sha256: Vec::new(), ..seen };
        registry.observe("toy", &stream).unwrap();
        registry.observe("toy", &Observed { version: 2, ..again.clone() }).unwrap();
        let of_another = Observed { version: 2, ..again };
        assert_eq!(registry.observed("toy").unwrap(), [both, stream, of_another]);
    }
}
