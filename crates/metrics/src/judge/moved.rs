//! Whether the judged traffic is like the training traffic, told from features alone; `nta-audit` measures it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a classifier tells the traffic from the training traffic (a classifier two-sample test; Lopez-Paz and Oquab
/// 2017), and what follows for the promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// Area under the ROC curve with which the classifier tells the one from the other, on rows that it was not fitted
    /// on: 0.5 where they are alike.
    pub auc: f64,
    /// The largest such area between stretches of the training traffic, dealt at random to two sides: what dependent rows
    /// make of no difference at all.
    pub own_auc: f64,
    /// The area from which on the traffic counts as moved.
    pub limit: f64,
    /// Whether it has moved: no promise made on the training traffic holds for it.
    pub moved: bool,
    /// The columns that tell them apart, the one that tells most first; few.
    pub columns: Vec<MovedColumn>,
    /// Benign training rows compared.
    pub trained_rows: u64,
    /// Rows of the traffic compared, of those that the model leaves unflagged.
    pub fresh_rows: u64,
}

/// A column that tells two bodies of traffic apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MovedColumn {
    /// Its name.
    pub name: String,
    /// Kolmogorov-Smirnov distance of its numbers, or total variation of its categories, from 0 to 1.
    pub distance: f64,
}

impl Moved {
    /// What the promise is worth here: `no promise for another site: the test traffic moved (AUC 0.79; columns service,
    /// flag)`.
    pub fn describe(&self) -> String {
        let auc = self.auc;
        if !self.moved {
            let limit = self.limit;
            return format!(
                "traffic like the training file's, and the test traffic is (told apart with AUC {auc:.2}, limit {limit:.2})"
            );
        }
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let columns = if columns.is_empty() { String::new() } else { format!("; columns {}", columns.join(", ")) };
        format!("no promise for another site: the test traffic moved (AUC {auc:.2}{columns})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_worded_for_what_it_is() {
        let column = MovedColumn { name: "service".into(), distance: 0.4 };
        let moved = Moved {
            auc: 0.786,
            own_auc: 0.51,
            limit: 0.7,
            moved: true,
            columns: vec![column],
            trained_rows: 5_000,
            fresh_rows: 5_000,
        };
        let said = "no promise for another site: the test traffic moved (AUC 0.79; columns service)";
        assert_eq!(moved.describe(), said);
        let like = Moved { auc: 0.52, moved: false, ..moved };
        assert!(like.describe().starts_with("traffic like the training file's, and the test traffic is"));
    }
}
