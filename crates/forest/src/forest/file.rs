//! A forest as bytes, and back, in the format of `docs/forest-format.md`.
//!
//! Whatever the bytes, reading ends in a forest that keeps to all its rules or in an error, and takes memory in proportion
//! to their number.

use std::collections::HashSet;

use crate::tree::{Links, Node, Trees};
use crate::{Forest, ForestError};

const MAGIC: &[u8; 8] = b"NTAFORST";
const REVISION: u32 = 2;
/// The last revision without the shares of rows that went left.
const WITHOUT_SHARES: u32 = 1;
const NODE_BYTES: usize = 8;

impl Forest {
    /// The forest in the format of `docs/forest-format.md`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.n_nodes() * (NODE_BYTES + 2) + self.names.len() * 48 + 64);
        let put = |bytes: &mut Vec<u8>, number: usize| bytes.extend_from_slice(&(number as u32).to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        let revision = if self.trees.left_shares.is_some() { REVISION } else { WITHOUT_SHARES };
        put(&mut bytes, revision as usize);
        put(&mut bytes, self.n_features());
        put(&mut bytes, self.n_trees());
        put(&mut bytes, self.depth as usize);
        for name in &self.names {
            put(&mut bytes, name.len());
            bytes.extend_from_slice(name.as_bytes());
        }
        for importance in &self.importances {
            bytes.extend_from_slice(&importance.to_le_bytes());
        }
        for tree in self.trees.iter() {
            put(&mut bytes, tree.len());
        }
        for node in &self.trees.nodes {
            bytes.extend_from_slice(&node.value.to_le_bytes());
            bytes.extend_from_slice(&node.link.to_le_bytes());
        }
        for share in self.trees.left_shares.iter().flatten() {
            bytes.extend_from_slice(&share.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Forest::to_bytes`] wrote.
    ///
    /// # Errors
    /// A newer revision, or bytes that are no valid forest, with the place of the first fault. Never panics.
    pub fn from_bytes(bytes: &[u8]) -> Result<Forest, ForestError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(damaged(0, "it does not begin with NTAFORST"));
        }
        let revision = reader.u32()?;
        match revision {
            0 => return Err(damaged(MAGIC.len(), "revision 0 never existed")),
            WITHOUT_SHARES..=REVISION => {}
            found => return Err(ForestError::NewerRevision { found, known: REVISION }),
        }
        let n_features = reader.count(12, "more features than the file can hold, or none")?;
        let n_trees = reader.count(4 + NODE_BYTES, "more trees than the file can hold, or none")?;
        let depth_at = reader.at;
        let depth = reader.u32()?;
        let names = reader.names(n_features)?;
        let importances = (0..n_features).map(|_| reader.importance()).collect::<Result<_, _>>()?;
        let links = Links::for_features(n_features);
        let (nodes, bounds) = reader.trees(n_trees, n_features, links)?;
        let left_shares = match revision {
            WITHOUT_SHARES => None,
            _ => Some(reader.left_shares((nodes.len() - n_trees) / 2)?),
        };
        if reader.at != bytes.len() {
            return Err(damaged(reader.at, "there is more after the last tree"));
        }
        let forest = Forest::new(names, importances, Trees { nodes, bounds, left_shares });
        if forest.depth != depth {
            return Err(damaged(depth_at, "the depth is not that of the trees"));
        }
        Ok(forest)
    }
}

fn damaged(offset: usize, problem: &'static str) -> ForestError {
    ForestError::Damaged { offset, problem }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], ForestError> {
        let rest = &self.bytes[self.at..];
        match rest.get(..n) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => Err(damaged(self.bytes.len(), "it ends too early")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ForestError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, ForestError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A number of things of at least `size` bytes each, at least one.
    fn count(&mut self, size: usize, problem: &'static str) -> Result<usize, ForestError> {
        let (at, count) = (self.at, self.u32()? as usize);
        match count >= 1 && count <= (self.bytes.len() - self.at) / size {
            true => Ok(count),
            false => Err(damaged(at, problem)),
        }
    }

    fn names(&mut self, n_features: usize) -> Result<Vec<String>, ForestError> {
        let mut seen = HashSet::new();
        (0..n_features)
            .map(|_| {
                let length = self.u32()? as usize;
                let at = self.at;
                let name = std::str::from_utf8(self.take(length)?).map_err(|_| damaged(at, "a name is not UTF-8"))?;
                match seen.insert(name) {
                    true => Ok(name.to_owned()),
                    false => Err(damaged(at, "a name stands twice")),
                }
            })
            .collect()
    }

    fn importance(&mut self) -> Result<f64, ForestError> {
        let at = self.at;
        let importance = f64::from_le_bytes(self.array()?);
        match (0.0..=1.0).contains(&importance) {
            true => Ok(importance),
            false => Err(damaged(at, "an importance is not in [0, 1]")),
        }
    }

    fn left_shares(&mut self, n_pairs: usize) -> Result<Vec<f32>, ForestError> {
        let at = self.at;
        let shares: Vec<f32> =
            self.take(n_pairs * 4)?.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        match shares.iter().position(|share| !(0.0..=1.0).contains(share)) {
            None => Ok(shares),
            Some(i) => Err(damaged(at + i * 4, "a share of rows is not in [0, 1]")),
        }
    }

    /// All trees' nodes and bounds.
    fn trees(
        &mut self,
        n_trees: usize,
        n_features: usize,
        links: Links,
    ) -> Result<(Vec<Node>, Vec<usize>), ForestError> {
        let mut bounds = vec![0usize];
        let mut n_nodes = 0usize;
        for _ in 0..n_trees {
            let at = self.at;
            let length = self.u32()? as usize;
            if length.is_multiple_of(2) {
                return Err(damaged(at, "a tree has an even number of nodes"));
            }
            n_nodes = n_nodes.saturating_add(length);
            bounds.push(n_nodes);
        }
        if n_nodes > (self.bytes.len() - self.at) / NODE_BYTES {
            return Err(damaged(self.bytes.len(), "it ends too early"));
        }
        let mut nodes = Vec::with_capacity(n_nodes);
        for tree in bounds.windows(2) {
            self.tree(tree[1] - tree[0], n_features, links, &mut nodes)?;
        }
        Ok((nodes, bounds))
    }

    /// Appends a tree's nodes. Every pair of children stands behind its parent and has one parent, so every walk ends.
    fn tree(
        &mut self,
        length: usize,
        n_features: usize,
        links: Links,
        nodes: &mut Vec<Node>,
    ) -> Result<(), ForestError> {
        let mut has_parent = vec![false; length / 2 + 1];
        let mut n_splits = 0;
        for i in 0..length {
            let at = self.at;
            let value = f32::from_le_bytes(self.array()?);
            let link = self.u32()?;
            if link == 0 {
                if !(0.0..=1.0).contains(&value) {
                    return Err(damaged(at, "a leaf's share is not in [0, 1]"));
                }
            } else {
                let pair = links.pair(link);
                if !value.is_finite() {
                    return Err(damaged(at, "a threshold is not finite"));
                }
                if links.feature(link) >= n_features {
                    return Err(damaged(at, "a split is on a feature that is not there"));
                }
                if pair == 0 || pair * 2 >= length || pair * 2 - 1 <= i || has_parent[pair] {
                    return Err(damaged(at, "a split's children are not its own nodes further down"));
                }
                has_parent[pair] = true;
                n_splits += 1;
            }
            nodes.push(Node { value, link });
        }
        match n_splits == length / 2 {
            true => Ok(()),
            false => Err(damaged(self.at, "a tree has nodes without a parent")),
        }
    }
}
