//! Memory that growing uses again, from tree to tree and from node to node. It carries nothing over.

use super::bootstrap::DrawScratch;
use super::drawn::Drawn;
use super::histogram::Histogram;
use super::tally::Tally;
use super::view::Excerpt;

/// Memory that a thread uses again for each of its trees.
pub(crate) struct Scratch<T> {
    pub(super) draw: DrawScratch,
    pub(super) bag: Vec<Drawn>,
    /// [`Drawn::tally`] by distinct row, for the rows in the bag.
    pub(super) tallies: Vec<u32>,
    pub(super) work: Work<T>,
}

impl<T: Tally> Scratch<T> {
    pub(crate) fn new() -> Self {
        Scratch { draw: DrawScratch::default(), bag: Vec::new(), tallies: Vec::new(), work: Work::new() }
    }
}

/// Memory for the nodes that a thread works on.
pub(crate) struct Work<T> {
    pub(super) right: Vec<Drawn>,
    pub(crate) histogram: Histogram<T>,
    pub(crate) features: Vec<u32>,
    /// Features to look at in a node, with the roll of the dice for a random split.
    pub(crate) drawn: Vec<(usize, f64)>,
    /// The features known to be constant in the node.
    pub(crate) constant: Vec<u64>,
    /// One bit a distinct row, set for those of the node.
    pub(crate) inside: Vec<u64>,
    /// Excerpts not in use.
    pub(super) excerpts: Vec<Excerpt>,
}

impl<T: Tally> Work<T> {
    pub(super) fn new() -> Self {
        Work {
            right: Vec::new(),
            histogram: Histogram::new(),
            features: Vec::new(),
            drawn: Vec::new(),
            constant: Vec::new(),
            inside: Vec::new(),
            excerpts: Vec::new(),
        }
    }

    /// Puts all features back among those to be drawn from.
    pub(super) fn begin_draw(&mut self, n_features: usize) {
        self.features.clear();
        self.features.extend(0..n_features as u32);
    }
}
