//! A forest as tree ensembles whose sums are exact in f32, in whatever order a runtime adds.

use nta_forest::{Forest, LEAF_UNITS, Tree, TreeNode};

use crate::ExportError;
use crate::graph::fusion::sum;
use crate::graph::views::Views;
use crate::onnx::{Attribute, Element, GraphBuilder, ML, Value};

/// Trees of one ensemble. Leaves are whole multiples of 1 / [`LEAF_UNITS`] and f32 holds 24 bits: no partial sum of so
/// many of them is rounded. Ensembles are added in f64.
const TREES_TOGETHER: usize = (1 << 24) / LEAF_UNITS as usize;

/// The mean vote, `(rows, 1)`.
pub(crate) fn write(graph: &mut GraphBuilder, views: &mut Views<'_>, forest: &Forest) -> Result<Value, ExportError> {
    let names = views.tabular_names();
    let place = |name: &String| names.iter().position(|other| other == name).map(|place| place as i64);
    let places: Option<Vec<i64>> = forest.names().iter().map(place).collect();
    let places = places.ok_or_else(|| ExportError::unsayable("the forest asks for columns that are not there"))?;
    let rows = views.tabular(graph);
    let trees: Vec<Tree<'_>> = forest.trees().collect();
    let attack = graph.integers(vec![1], vec![1]);
    let mut sums = Vec::new();
    for trees in trees.chunks(TREES_TOGETHER) {
        let attributes = Ensemble::of(trees, &places).attributes();
        // The label is the first output, and wrong in some runtimes: it is not used.
        let votes = graph.nodes(ML, "TreeEnsembleClassifier", &[&rows], attributes, 2).remove(1);
        let votes = graph.gather(&votes, &attack, 1);
        sums.push(graph.cast(&votes, Element::Double));
    }
    let (sum, n) = (sum(graph, &sums), graph.doubles(vec![], &[forest.n_trees() as f64]));
    let mean = graph.node("Div", &[&sum, &n]);
    Ok(graph.cast(&mean, Element::Float))
}

/// The nodes and leaves of some trees, column by column as the operator takes them.
#[derive(Default)]
struct Ensemble {
    tree: Vec<i64>,
    node: Vec<i64>,
    feature: Vec<i64>,
    mode: Vec<Vec<u8>>,
    threshold: Vec<f32>,
    left: Vec<i64>,
    right: Vec<i64>,
    missing_left: Vec<i64>,
    leaf_tree: Vec<i64>,
    leaf_node: Vec<i64>,
    leaf_class: Vec<i64>,
    leaf_weight: Vec<f32>,
}

impl Ensemble {
    fn of(trees: &[Tree<'_>], places: &[i64]) -> Self {
        let mut ensemble = Ensemble::default();
        for (number, tree) in trees.iter().enumerate() {
            let number = number as i64;
            if let TreeNode::Leaf { share } = tree.node(0) {
                // A root that is a leaf fails in some runtimes: a split whose sides say the same stands for it.
                ensemble.split([number, 0], places.first().copied().unwrap_or(0), 0.0, [1, 2], false);
                ensemble.leaf([number, 1], share);
                ensemble.leaf([number, 2], share);
                continue;
            }
            for (at, node) in tree.nodes().enumerate() {
                match node {
                    TreeNode::Split { feature, threshold, missing_left, left, right } => {
                        let children = [left as i64, right as i64];
                        ensemble.split([number, at as i64], places[feature], threshold, children, missing_left);
                    }
                    TreeNode::Leaf { share } => ensemble.leaf([number, at as i64], share),
                }
            }
        }
        ensemble
    }

    fn split(&mut self, at: [i64; 2], feature: i64, threshold: f32, children: [i64; 2], missing_left: bool) {
        self.push(at, "BRANCH_LEQ", feature, threshold, children, missing_left);
    }

    fn leaf(&mut self, [tree, node]: [i64; 2], share: f32) {
        self.push([tree, node], "LEAF", 0, 0.0, [0, 0], false);
        // Votes for both classes: with one alone, runtimes make up the other each in its own way.
        for (class, weight) in [(0, 1.0 - share), (1, share)] {
            self.leaf_tree.push(tree);
            self.leaf_node.push(node);
            self.leaf_class.push(class);
            self.leaf_weight.push(weight);
        }
    }

    /// Node `[tree, node]`, with its children left and right.
    fn push(
        &mut self,
        [tree, node]: [i64; 2],
        mode: &str,
        feature: i64,
        threshold: f32,
        [left, right]: [i64; 2],
        missing_left: bool,
    ) {
        self.tree.push(tree);
        self.node.push(node);
        self.feature.push(feature);
        self.mode.push(mode.as_bytes().to_vec());
        self.threshold.push(threshold);
        self.left.push(left);
        self.right.push(right);
        self.missing_left.push(i64::from(missing_left));
    }

    fn attributes(self) -> Vec<(&'static str, Attribute)> {
        use Attribute::{Floats, Ints, Text, Texts};
        vec![
            ("nodes_treeids", Ints(self.tree)),
            ("nodes_nodeids", Ints(self.node)),
            ("nodes_featureids", Ints(self.feature)),
            ("nodes_modes", Texts(self.mode)),
            ("nodes_values", Floats(self.threshold)),
            ("nodes_truenodeids", Ints(self.left)),
            ("nodes_falsenodeids", Ints(self.right)),
            ("nodes_missing_value_tracks_true", Ints(self.missing_left)),
            ("class_treeids", Ints(self.leaf_tree)),
            ("class_nodeids", Ints(self.leaf_node)),
            ("class_ids", Ints(self.leaf_class)),
            ("class_weights", Floats(self.leaf_weight)),
            ("classlabels_int64s", Ints(vec![0, 1])),
            ("post_transform", Text("NONE")),
        ]
    }
}
