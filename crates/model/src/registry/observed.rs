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
        of(self) == of(other) && self.files == other.files && self.budget == other.budget
    }
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

    /// What was seen of the promises of `name`, oldest first.
    ///
    /// # Errors
    /// A damaged file.
    pub fn observed(&self, name: &str) -> Result<Vec<Observed>, ModelError> {
        lines::read(&self.folder(name).join(PROMISES))
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
        seen.files = vec!["tuesday.csv".into()];
        registry.observe("toy", &seen).unwrap();
        assert_eq!(registry.observed("toy").unwrap().len(), 2);
    }
}
