//! Rows as they stood in the file, as JSON for pages and for lines of JSON, and the text of one column.

use crate::values::cell::{CellValue, TypedColumn};
use crate::writing::raw::RawBatch;

impl RawBatch {
    /// Each row's cells as the members of a JSON object without its braces: `"src":"10.0.0.1","bytes":512`. No value is
    /// `null`, a time is RFC 3339; columns of kinds that no role can have are left out.
    pub fn json_members(&self) -> Vec<String> {
        let mut rows = vec![String::new(); self.n_rows()];
        for column in self.frame.columns() {
            let Some(cells) = TypedColumn::of(column.as_materialized_series()) else { continue };
            let name = serde_json::Value::from(column.name().as_str()).to_string();
            let _: Result<(), ()> = cells.try_each(|i, cell| {
                let row = &mut rows[i];
                if !row.is_empty() {
                    row.push(',');
                }
                row.push_str(&name);
                row.push(':');
                row.push_str(&json(cell).to_string());
                Ok(())
            });
        }
        rows
    }

    /// The text of each cell of the column `name`, `None` where it has no value; `None` without such a column.
    pub fn texts(&self, name: &str) -> Option<Vec<Option<String>>> {
        let column = self.frame.columns().iter().find(|column| column.name().as_str() == name)?;
        let cells = TypedColumn::of(column.as_materialized_series())?;
        let mut texts = Vec::with_capacity(self.n_rows());
        let _: Result<(), ()> = cells.try_each(|_, cell| {
            texts.push(match json(cell) {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text),
                other => Some(other.to_string()),
            });
            Ok(())
        });
        Some(texts)
    }
}

fn json(cell: CellValue<'_>) -> serde_json::Value {
    match cell {
        CellValue::Missing => serde_json::Value::Null,
        CellValue::Text(text) => text.into(),
        CellValue::Float(x) => x.into(),
        CellValue::Integer(x) => x.into(),
        CellValue::Flag(x) => x.into(),
        CellValue::Time(micros) => jiff::Timestamp::from_microsecond(micros).ok().map(|time| time.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

    use super::*;

    #[test]
    fn every_kind_of_cell_has_its_json() {
        let columns = vec![
            Series::new("a\"b".into(), [Some("x\n"), None]).into_column(),
            Series::new("n".into(), [1i64, -2]).into_column(),
            Series::new("f".into(), [0.5, f64::NAN]).into_column(),
            Series::new("yes".into(), [true, false]).into_column(),
        ];
        let batch = RawBatch::of(DataFrame::new(2, columns).unwrap());
        let rows = batch.json_members();
        assert_eq!(rows[0], r#""a\"b":"x\n","n":1,"f":0.5,"yes":true"#);
        assert_eq!(rows[1], r#""a\"b":null,"n":-2,"f":null,"yes":false"#);
        assert_eq!(batch.texts("n"), Some(vec![Some("1".to_owned()), Some("-2".to_owned())]));
        assert_eq!(batch.texts("a\"b").unwrap()[1], None);
        assert_eq!(batch.texts("gone"), None);
    }
}
