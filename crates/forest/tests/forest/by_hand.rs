//! Trees that no fit would grow, written as a file and read back.

use nta_data::Rng;
use nta_forest::Forest;
use rand_core::RngCore;

/// A tree as the file has it, with the meaning of its links beside them.
pub(crate) struct ByHand {
    nodes: Vec<(f32, u32)>,
    shares: Vec<f32>,
    n_features: usize,
}

fn feature_bits(n_features: usize) -> u32 {
    usize::BITS - (n_features - 1).leading_zeros()
}

impl ByHand {
    /// Feature, threshold, way of missing values, left child (the right one is the next node), share that went left.
    pub(crate) fn split(&self, node: usize) -> Option<(usize, f32, bool, usize, f64)> {
        let (threshold, link) = self.nodes[node];
        let bits = feature_bits(self.n_features);
        let pair = (link >> (bits + 1)) as usize;
        let feature = (link >> 1) as usize & ((1 << bits) - 1);
        (link != 0).then(|| (feature, threshold, link & 1 == 1, 2 * pair - 1, f64::from(self.shares[pair - 1])))
    }

    pub(crate) fn value(&self, node: usize) -> f32 {
        self.nodes[node].0
    }

    /// The share of the leaf that `row` falls into.
    pub(crate) fn walk(&self, row: &[f32]) -> f32 {
        let mut node = 0;
        while let Some((feature, threshold, missing_left, left, _)) = self.split(node) {
            let goes_left = if row[feature].is_nan() { missing_left } else { row[feature] <= threshold };
            node = if goes_left { left } else { left + 1 };
        }
        self.value(node)
    }

    fn depth(&self, node: usize) -> u32 {
        self.split(node).map_or(0, |(.., left, _)| 1 + self.depth(left).max(self.depth(left + 1)))
    }

    /// Thresholds are whole and half numbers, thousands of others and both zeros; some shares are 0 or 1.
    fn random(random: &mut Rng, n_features: usize, n_splits: usize) -> ByHand {
        let bits = feature_bits(n_features);
        let mut tree = ByHand { nodes: vec![(0.0, 0)], shares: Vec::new(), n_features };
        let mut leaves = vec![0];
        for pair in 1..=n_splits {
            let at = leaves.swap_remove(random.next_u32() as usize % leaves.len());
            // Children stand behind their parent, as the format wants it.
            let feature = random.next_u32() % n_features as u32;
            let (near, far) = (random.next_u32() % 17, random.next_u32() % 4_000);
            let thresholds = [-0.0, 0.0, near as f32 / 2.0 - 4.0, far as f32 / 4.0 - 500.0];
            let threshold = thresholds[random.next_u32() as usize % 4];
            tree.nodes[at] = (threshold, (pair as u32) << (bits + 1) | feature << 1 | (random.next_u32() % 2));
            tree.shares.push((random.next_u32() % 11) as f32 / 10.0);
            for _ in 0..2 {
                leaves.push(tree.nodes.len());
                tree.nodes.push(((random.next_u32() % 5) as f32 / 4.0, 0));
            }
        }
        tree
    }
}

/// Some trees of up to `most_splits` splits, and the forest that they are.
pub(crate) fn random_forest(
    random: &mut Rng,
    n_features: usize,
    n_trees: usize,
    most_splits: usize,
) -> (Vec<ByHand>, Forest) {
    let mut tree = || {
        let n_splits = random.next_u32() as usize % (most_splits + 1);
        ByHand::random(random, n_features, n_splits)
    };
    let trees: Vec<ByHand> = (0..n_trees).map(|_| tree()).collect();
    let mut bytes = b"NTAFORST".to_vec();
    let depth = trees.iter().map(|t| t.depth(0)).max().unwrap();
    for number in [2, n_features as u32, n_trees as u32, depth] {
        bytes.extend(number.to_le_bytes());
    }
    for j in 0..n_features {
        let name = format!("f{j}");
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes.extend(vec![0; n_features * 8]);
    trees.iter().for_each(|t| bytes.extend((t.nodes.len() as u32).to_le_bytes()));
    for (value, link) in trees.iter().flat_map(|t| &t.nodes) {
        bytes.extend(value.to_le_bytes());
        bytes.extend(link.to_le_bytes());
    }
    trees.iter().flat_map(|t| &t.shares).for_each(|share| bytes.extend(share.to_le_bytes()));
    (trees, Forest::from_bytes(&bytes).unwrap())
}

/// The file of `forest` as the first revision had it.
pub(crate) fn as_revision_1(forest: &Forest) -> Vec<u8> {
    let mut bytes = forest.to_bytes();
    bytes[8] = 1;
    bytes.truncate(bytes.len() - (forest.n_nodes() - forest.n_trees()) / 2 * 4);
    bytes
}
