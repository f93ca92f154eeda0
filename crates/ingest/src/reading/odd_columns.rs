//! Columns of files that are not read under the name, or not read at all, as their files hold them.

use serde::{Deserialize, Serialize};

use crate::assemble::plan::Plan;
use crate::schema::layout;

/// A column that needs a word to its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "odd", rename_all = "snake_case")]
pub enum OddColumn {
    /// Its name stands before it in the header.
    Doubled {
        /// The name.
        name: String,
        /// Its place in the header, from 1.
        place: usize,
        /// The name that it goes by instead.
        read_as: String,
        /// Rows at the front of the file that were compared; none in a stream.
        rows_compared: u64,
        /// Those of them in which its cell is that of the first column of the name.
        rows_equal: u64,
        /// Whether the schema gives the first column of the name a role, and does not know this one.
        is_passed_over: bool,
    },
    /// Its kind is not read (Parquet's lists, raw bytes and their like).
    Unread {
        /// The column.
        name: String,
        /// Its kind.
        kind: String,
    },
}

/// Those of all files of `plan`, each once.
pub(crate) fn odd_columns(plan: &Plan) -> Vec<OddColumn> {
    let (roles, known) = (plan.schema.role_columns(), layout::known_names(&plan.schema));
    let mut odd = Vec::new();
    for file in &plan.files {
        let has_role = |column: &str| roles.iter().any(|role| file.layout.column(role) == Some(column));
        let is_known = |column: &str| known.iter().any(|name| file.layout.column(name) == Some(column));
        let doubled = file.doubles.iter().map(|double| OddColumn::Doubled {
            name: double.name.clone(),
            place: double.place + 1,
            read_as: double.read_as.clone(),
            rows_compared: double.n_compared,
            rows_equal: double.n_equal,
            is_passed_over: has_role(&double.name) && !is_known(&double.read_as),
        });
        let unread =
            file.unread.iter().map(|(name, kind)| OddColumn::Unread { name: name.clone(), kind: kind.clone() });
        for column in doubled.chain(unread) {
            if !odd.contains(&column) {
                odd.push(column);
            }
        }
    }
    odd
}
