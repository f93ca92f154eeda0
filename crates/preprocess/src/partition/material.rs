//! What the strategies look at: the rows' order, labels, families, hosts, captures and copies. Never their features,
//! other than whether two rows are the same.

use std::collections::HashMap;
use std::hash::Hash;

use nta_data::{Categories, DataError, Dataset, Label, Order};

use super::config::GroupBy;
use super::lots::Scarce;
use super::part::{Part, PerPart};

/// The rows to be dealt.
pub(crate) struct Material<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) labels: &'a [Label],
    /// Row indices in arrival order.
    pub(crate) arrival: Vec<u32>,
    /// The parts' shares; 0 for a test part that has a file of its own.
    pub(crate) shares: PerPart<f64>,
    /// Kind of each row with attack families apart. 0 is benign.
    families: Vec<u32>,
    /// Kind of each row where only the two classes count. 0 is benign.
    classes: Vec<u32>,
}

impl<'a> Material<'a> {
    pub(crate) fn new(dataset: &'a Dataset, shares: PerPart<f64>) -> Result<Self, DataError> {
        let labels = dataset.labels()?;
        let classes: Vec<u32> = labels.iter().map(|l| *l as u32).collect();
        let families = match &dataset.family {
            Some(family) => labels.iter().zip(&family.codes).map(|(l, &code)| kind_of(*l, code)).collect(),
            None => classes.clone(),
        };
        let arrival = dataset.arrival_order();
        Ok(Material { dataset, labels, arrival, shares, families, classes })
    }

    /// By which kinds to deal, and how, the best first: families apart; only the two classes, where that leaves a part
    /// without one; and at last every part before the training part.
    pub(crate) fn kinds_to_balance(&self) -> [(&[u32], Scarce); 3] {
        [(&self.families, Scarce::ByShare), (&self.classes, Scarce::ByShare), (&self.classes, Scarce::EveryPartFirst)]
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.labels.len()
    }

    pub(crate) fn has_order(&self) -> bool {
        self.dataset.schema.order != Order::None
    }

    /// The parts to be filled.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        Part::ALL.into_iter().filter(|&p| self.shares[p as usize] > 0.0)
    }

    /// The number of its host or capture for each row, counted from 0 by first appearance.
    pub(crate) fn groups(&self, by: GroupBy) -> Vec<u32> {
        match by {
            GroupBy::Entity => numbered(self.dataset.entity.iter()),
            GroupBy::Capture => numbered(self.dataset.row.iter().map(|r| r.file)),
        }
    }

    /// The number of its features for each row, counted from 0 by first appearance: the same for identical rows.
    pub(crate) fn identical_rows(&self) -> Vec<u32> {
        numbered(self.dataset.feature_hashes().into_iter())
    }
}

/// A missing family is one more family.
fn kind_of(label: Label, family: u32) -> u32 {
    match (label, family) {
        (Label::Benign, _) => 0,
        (Label::Attack, Categories::MISSING) => 1,
        (Label::Attack, code) => code + 2,
    }
}

pub(super) fn numbered<T: Hash + Eq>(keys: impl Iterator<Item = T>) -> Vec<u32> {
    let mut number_of: HashMap<T, u32> = HashMap::new();
    keys.map(|key| {
        let next = number_of.len() as u32;
        *number_of.entry(key).or_insert(next)
    })
    .collect()
}
