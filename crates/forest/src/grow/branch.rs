//! The nodes of a tree, or of a part of it, as they are made, and what each split gained.

use crate::tree::{Links, Node};

/// Nodes with the root first and children in pairs, see [`Links`].
pub(crate) struct Branch {
    pub(crate) nodes: Vec<Node>,
    /// Feature and impurity taken away, a split in the order of the splits.
    gains: Vec<(u32, f64)>,
    /// Share of the drawn rows of each split's node that went left, in the order of the pairs of children.
    pub(crate) left_shares: Vec<f32>,
}

impl Branch {
    /// A lone leaf.
    pub(crate) fn new(share: f32) -> Branch {
        Branch { nodes: vec![Node::leaf(share)], gains: Vec::new(), left_shares: Vec::new() }
    }

    /// Turns leaf `node` into a split `(feature, threshold, missing_left)` with two leaves below, and returns their
    /// pair. It took `gain` of impurity away and sent `left_share` of the drawn rows left. The error is the number of
    /// nodes that can be addressed.
    pub(crate) fn split(
        &mut self,
        node: usize,
        (feature, threshold, missing_left): (usize, f32, bool),
        shares: [f32; 2],
        (gain, left_share): (f64, f32),
        links: Links,
    ) -> Result<usize, usize> {
        let pair = checked(self.nodes.len().div_ceil(2), links)?;
        self.nodes[node] = Node { value: threshold, link: links.pack(pair, feature, missing_left) };
        self.nodes.extend(shares.map(Node::leaf));
        self.gains.push((feature as u32, gain));
        self.left_shares.push(left_share);
        Ok(pair)
    }

    /// Puts `other` in the place of leaf `node`.
    pub(crate) fn graft(&mut self, node: usize, other: Branch, links: Links) -> Result<(), usize> {
        let by = self.nodes.len() / 2;
        checked(by + other.nodes.len() / 2, links)?;
        let moved = |node: Node| match node.is_leaf() {
            true => node,
            false => {
                let (pair, feature) = (links.pair(node.link) + by, links.feature(node.link));
                Node { link: links.pack(pair, feature, node.link & 1 == 1), ..node }
            }
        };
        let mut others = other.nodes.into_iter().map(moved);
        if let Some(root) = others.next() {
            self.nodes[node] = root;
        }
        self.nodes.extend(others);
        self.gains.extend(other.gains);
        self.left_shares.extend(other.left_shares);
        Ok(())
    }

    /// Each feature's share of the impurity taken away; all 0 for a lone leaf. `(n_features)`.
    pub(crate) fn importances(&self, n_features: usize) -> Vec<f64> {
        let mut shares = vec![0.0; n_features];
        self.gains.iter().for_each(|&(feature, gain)| shares[feature as usize] += gain);
        normalise(&mut shares);
        shares
    }
}

/// `pair`, if it can be addressed.
fn checked(pair: usize, links: Links) -> Result<usize, usize> {
    if pair > links.most_pairs() { Err(links.most_pairs() * 2) } else { Ok(pair) }
}

/// Divides by the sum, where there is one.
pub(crate) fn normalise(shares: &mut [f64]) {
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 {
        shares.iter_mut().for_each(|s| *s /= sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grafted_branch_equals_one_grown_in_place() {
        let links = Links::for_features(3);
        let shares = [0.25, 0.75];
        let split = |branch: &mut Branch, node, feature| {
            branch
                .split(
                    node,
                    (feature, feature as f32, feature == 1),
                    shares,
                    (feature as f64, 0.1 * feature as f32),
                    links,
                )
                .unwrap();
        };
        let mut whole = Branch::new(0.5);
        [(0, 2), (1, 1), (3, 0), (2, 2), (8, 1)].iter().for_each(|&(node, feature)| split(&mut whole, node, feature));

        let (mut trunk, mut left, mut right) = (Branch::new(0.5), Branch::new(0.25), Branch::new(0.75));
        split(&mut trunk, 0, 2);
        [(0, 1), (1, 0)].iter().for_each(|&(node, feature)| split(&mut left, node, feature));
        [(0, 2), (2, 1)].iter().for_each(|&(node, feature)| split(&mut right, node, feature));
        trunk.graft(1, left, links).unwrap();
        trunk.graft(2, right, links).unwrap();
        assert_eq!((trunk.nodes, &trunk.gains), (whole.nodes.clone(), &whole.gains));
        assert_eq!(trunk.left_shares, whole.left_shares);
        assert_eq!(whole.importances(3), [0.0, 2.0 / 6.0, 4.0 / 6.0]);
    }

    #[test]
    fn importances_sum_to_one_or_stay_zero() {
        let mut shares = [1.0, 3.0];
        normalise(&mut shares);
        assert_eq!(shares, [0.25, 0.75]);
        assert_eq!(Branch::new(0.5).importances(2), [0.0, 0.0]);
    }
}
