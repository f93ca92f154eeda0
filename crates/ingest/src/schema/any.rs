//! The schema of files that are read without one.

use std::collections::BTreeMap;

use nta_data::{EntityRole, Order, Schema, TimeUnit};

/// A schema that knows no column, for files of any kind.
pub(crate) fn any_columns() -> Schema {
    Schema {
        name: String::new(),
        description: String::new(),
        header: Vec::new(),
        optional: Vec::new(),
        delimiter: None,
        aliases: BTreeMap::new(),
        label: None,
        family: None,
        capture: None,
        time: None,
        duration: None,
        duration_unit: TimeUnit::default(),
        entity: EntityRole::default(),
        order: Order::None,
        categorical: Vec::new(),
        numeric: Vec::new(),
        ignored: Vec::new(),
        accepted: Vec::new(),
    }
}
