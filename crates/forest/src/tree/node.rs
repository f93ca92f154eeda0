//! A tree's node in eight bytes, and the walk from the root to a leaf.

/// A leaf of a grown tree says a whole multiple of 1 / this: so do the sums of up to 256 leaves, exactly even in f32, in
/// whatever order another program adds them. Forests of before may hold other shares, and score as they did.
pub const LEAF_UNITS: u32 = 1 << 16;

/// A split or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// Threshold of a split, share of attacks of a leaf.
    pub(crate) value: f32,
    /// 0 for a leaf; else the pair of children, the feature and the way of missing values, see [`Links`].
    pub(crate) link: u32,
}

impl Node {
    pub(crate) fn leaf(share: f32) -> Node {
        Node { value: share, link: 0 }
    }

    pub(crate) fn is_leaf(self) -> bool {
        self.link == 0
    }
}

/// How a link is packed: `pair << shift | feature << 1 | missing_left`, with as many bits for the feature as the number
/// of features needs. Children stand side by side: those of pair `k` (from 1) are nodes `2k - 1` (left) and `2k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Links {
    shift: u32,
}

impl Links {
    /// The packing for that many features (below 2^31).
    pub(crate) fn for_features(n_features: usize) -> Links {
        let highest = n_features.saturating_sub(1);
        Links { shift: 1 + (usize::BITS - highest.leading_zeros()) }
    }

    /// Largest pair that fits.
    pub(crate) fn most_pairs(self) -> usize {
        (u32::MAX >> self.shift) as usize
    }

    /// `pair` is at least 1 and at most [`Links::most_pairs`].
    pub(crate) fn pack(self, pair: usize, feature: usize, missing_left: bool) -> u32 {
        (pair as u32) << self.shift | (feature as u32) << 1 | u32::from(missing_left)
    }

    #[inline(always)]
    pub(crate) fn pair(self, link: u32) -> usize {
        (link >> self.shift) as usize
    }

    #[inline(always)]
    pub(crate) fn feature(self, link: u32) -> usize {
        ((link & !(u32::MAX << self.shift)) >> 1) as usize
    }

    /// The node after `node` for a row whose feature is `value`. `node` is a split.
    #[inline(always)]
    pub(crate) fn child(self, node: Node, value: f32) -> usize {
        // No short circuit: which way a row goes is a coin toss for the processor, and a wrong guess costs a step.
        let goes_left = (value <= node.value) | (value.is_nan() & (node.link & 1 == 1));
        (self.pair(node.link) * 2).wrapping_sub(usize::from(goes_left))
    }
}

/// The share of attacks in the leaf of `tree` that `row`, `(n_features)`, falls into.
#[inline]
pub(crate) fn walk(tree: &[Node], links: Links, row: &[f32]) -> f32 {
    let mut node = tree[0];
    while !node.is_leaf() {
        node = tree[links.child(node, row[links.feature(node.link)])];
    }
    node.value
}

/// Rows walked side by side: a step waits for memory, and other rows' steps fill the wait.
const LANES: usize = 6;

/// Walks the rows `which` of a block `(n_rows, n_features)` and hands `take` the position in `which` and the share of
/// each, in order: the same shares as [`walk`].
pub(crate) fn walk_block(
    tree: &[Node],
    links: Links,
    block: &[f32],
    n_features: usize,
    which: &[u32],
    mut take: impl FnMut(usize, f32),
) {
    let (groups, rest) = which.as_chunks::<LANES>();
    for (i, group) in groups.iter().enumerate() {
        let starts = group.map(|row| row as usize * n_features);
        let mut at = [0usize; LANES];
        loop {
            let mut any_split = 0;
            for (at, start) in at.iter_mut().zip(starts) {
                let node = tree[*at];
                let value = block[start + links.feature(node.link)];
                any_split |= node.link;
                // A lane that has arrived stays; its link of 0 names feature 0, which every row has.
                *at = if node.is_leaf() { *at } else { links.child(node, value) };
            }
            if any_split == 0 {
                break;
            }
        }
        for (lane, at) in at.into_iter().enumerate() {
            take(i * LANES + lane, tree[at].value);
        }
    }
    let done = which.len() - rest.len();
    for (i, &row) in rest.iter().enumerate() {
        let row = &block[row as usize * n_features..][..n_features];
        take(done + i, walk(tree, links, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_gives_back_what_was_packed() {
        for n_features in [1, 2, 3, 41, 64, 65, 70_000] {
            let links = Links::for_features(n_features);
            for pair in [1, 2, links.most_pairs()] {
                for feature in [0, n_features / 2, n_features - 1] {
                    let link = links.pack(pair, feature, feature % 2 == 0);
                    assert_eq!((links.pair(link), links.feature(link)), (pair, feature));
                    assert_eq!(link & 1 == 1, feature % 2 == 0);
                }
            }
        }
        assert_eq!(Links::for_features(41).most_pairs(), (1 << 25) - 1);
    }

    #[test]
    fn a_walk_goes_left_up_to_the_threshold_and_missing_goes_its_way() {
        let links = Links::for_features(2);
        let tree = [
            Node { value: 1.5, link: links.pack(1, 1, false) },
            Node::leaf(0.25),
            Node { value: -2.0, link: links.pack(2, 0, true) },
            Node::leaf(0.5),
            Node::leaf(1.0),
        ];
        let share = |row: [f32; 2]| walk(&tree, links, &row);
        assert_eq!(share([0.0, 1.5]), 0.25);
        assert_eq!(share([0.0, 1.6]), 1.0);
        assert_eq!(share([-2.0, f32::NAN]), 0.5);
        assert_eq!(share([f32::NAN, 9.0]), 0.5);

        let values = [-3.0, 0.0, 1.5, 2.0, f32::NAN];
        let rows: Vec<[f32; 2]> = values.iter().flat_map(|&a| values.map(|b| [a, b])).collect();
        let which: Vec<u32> = (0..25).rev().collect();
        let mut found = Vec::new();
        walk_block(&tree, links, rows.as_flattened(), 2, &which, |i, share| found.push((i, share)));
        let expected: Vec<(usize, f32)> = rows.iter().rev().map(|&row| share(row)).enumerate().collect();
        assert_eq!(found, expected);
    }
}
