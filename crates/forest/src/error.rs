//! What can be wrong with a forest's input, settings or file.

use crate::ConfigError;

/// A forest that could not be fitted, applied or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ForestError {
    /// A setting out of range.
    #[error("forest: {0}")]
    Config(#[from] ConfigError),
    /// Nothing to learn from.
    #[error("the forest got no rows to learn from")]
    NoRows,
    /// No column at all.
    #[error("the forest got no features to learn from")]
    NoFeatures,
    /// More rows than counts of 32 bits can hold.
    #[error("the forest got {rows} rows; at most {most} can be counted, take a sample")]
    TooManyRows { rows: usize, most: usize },
    /// A tree with more nodes than can be addressed beside that many features.
    #[error("a tree over {features} features grew beyond {nodes} nodes; set `max_depth` or raise `min_leaf`")]
    TreeTooLarge { features: usize, nodes: usize },
    /// Labels and rows do not go together.
    #[error("the forest got {rows} rows and {labels} labels; there must be one label a row")]
    LabelsDiffer { rows: usize, labels: usize },
    /// Weights and rows do not go together.
    #[error("the forest got {rows} rows and {weights} weights; there must be one weight a row")]
    WeightsDiffer { rows: usize, weights: usize },
    /// Rows that are drawn together, and nothing to draw them by.
    #[error(
        "the forest got {rows} rows and {numbers} numbers of rows to draw together; there must be one a row, and          `bootstrap: distinct`"
    )]
    Together { rows: usize, numbers: usize },
    /// Not a weight.
    #[error("the weight of row {row} is {value}; weights are finite and at least 0")]
    BadWeight { row: usize, value: f32 },
    /// A class that weighs nothing.
    #[error("no {class} have a weight above 0; the forest needs both classes")]
    NoWeight { class: &'static str },
    /// A setting that the other engine does not know.
    #[error("forest: with `engine: smartcore`, `{key}` has to be {wanted}, not {value}; or use `engine: native`")]
    EngineLacks { key: &'static str, value: String, wanted: &'static str },
    /// The other engine gave up.
    #[error("smartcore could not grow tree {tree}: {problem}")]
    Engine { tree: u32, problem: String },
    /// One class only.
    #[error("all {rows} training rows are {class}; the forest needs both classes")]
    OneClass { rows: usize, class: &'static str },
    /// Names and columns do not go together.
    #[error("the table has {columns} columns and {names} names")]
    NamesDiffer { columns: usize, names: usize },
    /// Two columns of one name.
    #[error("column `{column}` stands twice in the table; names must differ")]
    DuplicateName { column: String },
    /// A column of another length than the first.
    #[error("column `{column}` has {rows} rows, the first column has {expected}")]
    Ragged { column: String, rows: usize, expected: usize },
    /// An infinite value; NaN is the one mark of a missing value.
    #[error("column `{column}`, row {row} holds {value}; values are finite, or NaN where missing")]
    NotFinite { column: String, row: usize, value: f32 },
    /// The table's columns are not those of the training.
    #[error("the forest was trained on other columns:{}{}", listed(" missing here: ", .missing), listed(" unknown to it: ", .unknown))]
    FeaturesDiffer { missing: Vec<String>, unknown: Vec<String> },
    /// A row to be looked at that is not there.
    #[error("there is no row {row}: the table has {rows} rows, counted from 0")]
    NoSuchRow { row: u32, rows: usize },
    /// The measure of quality says nothing of these rows.
    #[error("the quality of the scores is undefined on a block of rows; each must hold both classes")]
    QualityUndefined,
    /// A forest file of before explanations.
    #[error(
        "the forest file is of revision 1, which does not tell how the training rows parted; fit the forest again to explain its scores"
    )]
    NoShares,
    /// Trees too deep for the working memory of an explanation.
    #[error("a tree has {depth} splits on a path; at most {most} can be explained, set `max_depth` and fit again")]
    TooDeep { depth: u32, most: u32 },
    /// The caller's [`nta_data::Watch`] asked to stop.
    #[error("work on the forest was cancelled")]
    Cancelled,
    /// A file written by a later version.
    #[error("the forest file is of revision {found}, this program reads up to {known}: update it")]
    NewerRevision { found: u32, known: u32 },
    /// A file that is not a forest, or is damaged.
    #[error("the forest file is damaged at byte {offset}: {problem}")]
    Damaged { offset: usize, problem: &'static str },
}

fn listed(title: &str, names: &[String]) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!("{title}{};", nta_data::listed(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_columns_are_listed() {
        let error = ForestError::FeaturesDiffer { missing: vec!["duration".into()], unknown: vec!["dur".into()] };
        let text = "the forest was trained on other columns: missing here: duration; unknown to it: dur;";
        assert_eq!(error.to_string(), text);
    }
}
