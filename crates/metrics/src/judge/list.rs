//! The one list of metrics, and every number of an evaluation under a flat name.

use super::evaluation::{Evaluation, PROBABILITY};
use super::member::{MemberEvaluation, RANKING, UNSEEN};
use super::metric::{Metric, values};
use super::operating_point::AT_THRESHOLD;
use super::promise::{PROMISE, Promise};
use super::without_copies::WithoutCopies;

/// Every metric there is, in the order in which tables show them. Names are unique.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    let ranking = RANKING.iter().chain(UNSEEN).map(|entry| &entry.metric);
    let at_threshold = AT_THRESHOLD.iter().map(|entry| &entry.metric);
    let promise = PROMISE.iter().map(|entry| &entry.metric);
    ranking.chain(at_threshold).chain(promise).chain(PROBABILITY.iter().map(|entry| &entry.metric))
}

/// The metric of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    metrics().find(|metric| metric.name == name)
}

impl Evaluation {
    /// Every number that is defined, under a name made of whose it is and its path in evaluation.json:
    /// `hybrid/roc_auc`, `hybrid/at_budget.recall`, `hybrid/families.neptune.recall_at_half`, `last_flow/answers.f1`;
    /// what belongs to the run alone has no owner: `promise.kept` (1 or 0), `parts.test.rows`. Counts stand beside the
    /// rates that are made of them (`hybrid/at_budget.fp`). Families keep the spelling of the data. Not listed:
    /// intervals, the report by class, and how a threshold came about.
    pub fn numbers(&self) -> impl Iterator<Item = (String, f64)> + use<> {
        let mut flat = Flat(Vec::new());
        for (name, member) in self.with_beside() {
            flat.member(&format!("{name}/"), member);
        }
        for (name, baseline) in self.baselines.iter() {
            flat.put(&format!("{name}/"), [("average_precision", baseline.average_precision)]);
            flat.metrics(&format!("{name}/answers."), baseline.answers.metrics());
        }
        flat.promise("", self.promise.as_ref());
        if let Some(probability) = &self.probability {
            flat.metrics("", values(PROBABILITY, probability));
        }
        for (name, part) in self.parts.iter() {
            let sizes = [("rows", part.rows), ("benign", part.benign), ("attacks", part.attacks)];
            flat.put(&format!("parts.{name}."), sizes.map(|(what, rows)| (what, Some(rows as f64))));
        }
        flat.0.into_iter()
    }
}

/// Numbers under their names, as they are gathered.
struct Flat(Vec<(String, f64)>);

impl Flat {
    fn put<'n>(&mut self, place: &str, numbers: impl IntoIterator<Item = (&'n str, Option<f64>)>) {
        let defined = numbers.into_iter().filter_map(|(name, value)| Some((format!("{place}{name}"), value?)));
        self.0.extend(defined);
    }

    fn metrics(&mut self, place: &str, numbers: impl Iterator<Item = (&'static Metric, Option<f64>)>) {
        self.put(place, numbers.map(|(metric, value)| (metric.name, value)));
    }

    fn member(&mut self, owner: &str, member: &MemberEvaluation) {
        self.metrics(owner, values(RANKING, member).chain(values(UNSEEN, member)));
        self.metrics(&format!("{owner}at_budget."), member.at_budget.metrics());
        self.metrics(&format!("{owner}at_half."), member.at_half.metrics());
        self.promise(owner, member.promise.as_ref());
        if let Some(fresh) = &member.without_copies {
            self.without_copies(&format!("{owner}without_copies."), fresh);
        }
        for (name, family) in member.families.iter() {
            let recalls = [("recall_at_budget", family.recall_at_budget), ("recall_at_half", family.recall_at_half)];
            let numbers = [("flows", family.flows as f64)].into_iter().chain(recalls);
            self.put(&format!("{owner}families.{name}."), numbers.map(|(what, value)| (what, Some(value))));
        }
    }

    fn without_copies(&mut self, place: &str, fresh: &WithoutCopies) {
        self.put(place, [("copies", Some(fresh.copies as f64))].into_iter().chain(fresh.ranking()));
        self.metrics(&format!("{place}at_budget."), fresh.at_budget.metrics());
        self.metrics(&format!("{place}at_half."), fresh.at_half.metrics());
    }

    fn promise(&mut self, owner: &str, promise: Option<&Promise>) {
        if let Some(promise) = promise {
            self.metrics(owner, values(PROMISE, promise));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Better, Unit};

    #[test]
    fn every_metric_has_a_name_of_its_own_and_says_what_it_tells() {
        let all: Vec<&Metric> = metrics().collect();
        for (i, metric) in all.iter().enumerate() {
            assert!(!all[i + 1..].iter().any(|other| other.name == metric.name), "{} stands twice", metric.name);
            assert!(metric.meaning.ends_with('.') && !metric.words.is_empty(), "{}", metric.name);
            assert!(metric.short.chars().count() <= metric.words.chars().count(), "{}", metric.name);
        }
    }

    #[test]
    fn a_metric_is_found_by_its_name() {
        let auc = metric("roc_auc").unwrap();
        assert_eq!((auc.words, auc.unit, auc.better), ("ROC-AUC", Unit::Index, Better::Higher));
        assert_eq!(metric("threshold").unwrap().better, Better::Neither);
        assert_eq!(metric("roc"), None);
    }
}
