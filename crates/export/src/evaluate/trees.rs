//! `TreeEnsembleClassifier` with `BRANCH_LEQ` and votes for two classes.

use std::collections::HashMap;

use super::tensor::Tensor;
use crate::onnx::Element;

/// The attributes that decide votes, column by column.
pub(crate) struct Columns<'a> {
    pub(crate) tree: &'a [i64],
    pub(crate) node: &'a [i64],
    pub(crate) feature: &'a [i64],
    pub(crate) is_leaf: Vec<bool>,
    pub(crate) threshold: &'a [f32],
    pub(crate) left: &'a [i64],
    pub(crate) right: &'a [i64],
    pub(crate) missing_left: &'a [i64],
    pub(crate) leaf_tree: &'a [i64],
    pub(crate) leaf_node: &'a [i64],
    pub(crate) leaf_class: &'a [i64],
    pub(crate) leaf_weight: &'a [f32],
}

/// An ensemble whose nodes find each other.
pub(crate) struct Trees {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    n_features: usize,
}

struct Node {
    feature: usize,
    threshold: f32,
    missing_left: bool,
    /// Left and right; `None` for a leaf.
    children: Option<[usize; 2]>,
    votes: [f32; 2],
}

impl Trees {
    /// The ensemble of these attributes, if every walk through it ends.
    pub(crate) fn of(columns: &Columns<'_>) -> Result<Self, String> {
        let n = columns.tree.len();
        let lengths = [
            columns.node.len(),
            columns.feature.len(),
            columns.is_leaf.len(),
            columns.threshold.len(),
            columns.left.len(),
            columns.right.len(),
            columns.missing_left.len(),
        ];
        let n_votes = columns.leaf_tree.len();
        let vote_lengths = [columns.leaf_node.len(), columns.leaf_class.len(), columns.leaf_weight.len()];
        if lengths != [n; 7] || vote_lengths != [n_votes; 3] {
            return Err("its attributes are of different lengths".to_owned());
        }
        let place: HashMap<(i64, i64), usize> = (0..n).map(|i| ((columns.tree[i], columns.node[i]), i)).collect();
        let find = |tree: i64, node: i64| {
            place.get(&(tree, node)).copied().ok_or_else(|| format!("tree {tree} has no node {node}"))
        };
        let mut nodes = Vec::with_capacity(n);
        for i in 0..n {
            let children = match columns.is_leaf[i] {
                true => None,
                false => Some([find(columns.tree[i], columns.left[i])?, find(columns.tree[i], columns.right[i])?]),
            };
            if children.is_some_and(|children| children.iter().any(|&child| child <= i)) {
                return Err(format!("node {} of tree {} leads back", columns.node[i], columns.tree[i]));
            }
            nodes.push(Node {
                feature: usize::try_from(columns.feature[i]).map_err(|_| "a negative feature")?,
                threshold: columns.threshold[i],
                missing_left: columns.missing_left[i] != 0,
                children,
                votes: [0.0; 2],
            });
        }
        for v in 0..n_votes {
            let node = &mut nodes[find(columns.leaf_tree[v], columns.leaf_node[v])?];
            let class = usize::try_from(columns.leaf_class[v]).ok().filter(|class| *class < 2);
            node.votes[class.ok_or("a class that is neither 0 nor 1")?] += columns.leaf_weight[v];
        }
        let roots = (0..n).filter(|&i| i == 0 || columns.tree[i] != columns.tree[i - 1]).collect();
        let n_features = nodes.iter().map(|node| node.feature + 1).max().unwrap_or(0);
        Ok(Trees { nodes, roots, n_features })
    }

    /// Label, which is not made here, and votes `(rows, 2)`, summed in f32.
    pub(crate) fn run(&self, x: &Tensor) -> Result<Vec<Tensor>, String> {
        let ([n_rows, width], values) = x.table()?;
        if width < self.n_features {
            return Err(format!("it asks for {} features of {width}", self.n_features));
        }
        let mut votes = Vec::with_capacity(2 * n_rows);
        for row in values.chunks_exact(width).take(n_rows) {
            let mut sums = [0f32; 2];
            for &root in &self.roots {
                let leaf = self.walk(root, row);
                sums = [sums[0] + leaf[0], sums[1] + leaf[1]];
            }
            votes.extend(sums.map(f64::from));
        }
        let labels = Tensor::rounded(Element::Int64, vec![0], Vec::new());
        Ok(vec![labels, Tensor::rounded(Element::Float, vec![n_rows, 2], votes)])
    }

    fn walk(&self, root: usize, row: &[f64]) -> [f32; 2] {
        let mut node = &self.nodes[root];
        while let Some([left, right]) = node.children {
            let x = row[node.feature];
            let goes_left = if x.is_nan() { node.missing_left } else { x as f32 <= node.threshold };
            node = &self.nodes[if goes_left { left } else { right }];
        }
        node.votes
    }
}
