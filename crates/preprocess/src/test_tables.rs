//! Small tables for tests.

use std::sync::Arc;

use nta_data::{CategoricalColumn, Categories, Dataset, Label, NumericColumn, Order, RowId, Schema};

/// A schema with these number and text columns.
pub(crate) fn schema(order: Order, numeric: &[&str], categorical: &[&str]) -> Schema {
    Schema {
        name: "tiny".to_owned(),
        description: String::new(),
        header: Vec::new(),
        optional: Vec::new(),
        delimiter: None,
        aliases: Default::default(),
        label: None,
        family: None,
        capture: None,
        time: None,
        duration: None,
        duration_unit: Default::default(),
        entity: Default::default(),
        order,
        categorical: categorical.iter().map(|n| CategoricalColumn { name: (*n).to_owned() }).collect(),
        numeric: numeric.iter().map(|n| NumericColumn::plain(*n)).collect(),
        ignored: Vec::new(),
        accepted: Vec::new(),
    }
}

/// A table of one number column `x` that counts the rows, with a label a row; benign rows are of family `normal`.
pub(crate) fn counted(order: Order, families: &[&str]) -> Dataset {
    let n = families.len();
    let label = |f: &&str| if *f == "normal" { Label::Benign } else { Label::Attack };
    let mut table = Dataset::empty(Arc::new(schema(order, &["x"], &[])));
    table.numeric = vec![(0..n).map(|i| i as f32).collect()];
    table.label = Some(families.iter().map(label).collect());
    table.family = Some(Categories::from_texts(families.iter().map(|f| Some(*f))));
    table.row = (0..n as u64).map(|row| RowId { file: 0, row }).collect();
    table.files = vec!["a.csv".to_owned()];
    if order != Order::None {
        table.entity = (0..n as u64).map(|i| ((i % 7) << 58) | (i % 7)).collect();
    }
    if order == Order::EndTime {
        table.end_time = Some((0..n as i64).collect());
    }
    table
}

/// `n` families: an attack in the last row of every `every`, by turns of the kinds in `attacks`.
pub(crate) fn mixed<'a>(n: usize, every: usize, attacks: &[&'a str]) -> Vec<&'a str> {
    let family = |i: usize| if i % every == every - 1 { attacks[(i / every) % attacks.len()] } else { "normal" };
    (0..n).map(family).collect()
}
