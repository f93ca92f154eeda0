//! A built-in schema that a file fits, put right by what somebody says of its columns: all else stays as it is shipped.

use std::collections::BTreeSet;

use nta_data::{CategoricalColumn, FamilyRole, LabelMatch, LabelRole, NumericColumn, Order, Schema, TimeRole};

use crate::draft::answers::{Answers, ColumnRole};
use crate::error::IngestError;
use crate::schema::layout::{known_names, spellings};

/// `schema` with `answers` in place of what it says, and as YAML. A column can be answered by any name that the schema or the
/// file, whose columns are `columns`, has for it.
///
/// # Errors
/// Columns that neither has, and two for what only one can be.
pub(super) fn corrected(
    schema: &Schema,
    answers: &Answers,
    columns: &[String],
    file: &str,
) -> Result<(Schema, String), IngestError> {
    let refuse = |message: String| IngestError::Answer { file: file.to_owned(), message };
    let mut made = schema.clone();
    made.name = format!("{}-corrected", schema.name);
    made.description = format!("the columns of {}, some of them as somebody said", schema.name);
    let mut taken = BTreeSet::new();
    for (said, role) in &answers.columns {
        let column = name_of(schema, columns, said).ok_or_else(|| {
            let names: Vec<&str> = columns.iter().map(String::as_str).take(40).collect();
            refuse(format!("there is no column `{said}`; there are {}", names.join(", ")))
        })?;
        if role.is_single() && !taken.insert(*role) {
            return Err(refuse(format!("two columns are said to be the {}", role.name())));
        }
        take_out(&mut made, &column);
        put(&mut made, column, *role, schema.time.clone());
    }
    if let Some(label) = made.label.as_mut().filter(|_| !answers.benign.is_empty()) {
        (label.benign, label.attack) = (answers.benign.clone(), Vec::new());
    }
    if made.time.is_none() && schema.time.is_some() {
        (made.duration, made.order) = (None, if made.order == Order::EndTime { Order::None } else { made.order });
    }
    let yaml = serde_saphyr::to_string(&made).map_err(|error| IngestError::internal(file, error))?;
    let head = format!("# The columns of the built-in schema `{}`, put right by what was said of them.\n", schema.name);
    Ok((made, head + &yaml))
}

/// What the schema calls a column, or would.
fn name_of(schema: &Schema, columns: &[String], said: &str) -> Option<String> {
    let known = spellings(schema).into_iter().find(|names| names.iter().any(|name| name == said));
    let known = known.and_then(|names| names.into_iter().next());
    let named = || known_names(schema).contains(&said) || columns.iter().any(|column| column == said);
    known.or_else(|| named().then(|| said.to_owned()))
}

/// Leaves a column in no role.
fn take_out(schema: &mut Schema, name: &str) {
    schema.numeric.retain(|column| column.name != name);
    schema.categorical.retain(|column| column.name != name);
    schema.ignored.retain(|column| column != name);
    schema.label.take_if(|label| label.column == name);
    schema.family.take_if(|family| family.column == name);
    schema.time.take_if(|time| time.column == name);
    schema.duration.take_if(|column| column == name);
    schema.entity.src.take_if(|column| column == name);
    schema.entity.dst.take_if(|column| column == name);
}

/// Gives a column a role; what had it, where one alone can, is seen by no model any more. A time is written as `time` was.
fn put(schema: &mut Schema, name: String, role: ColumnRole, time: Option<TimeRole>) {
    let before = match role {
        ColumnRole::Label => {
            let label = LabelRole {
                column: name.clone(),
                benign: Vec::new(),
                attack: Vec::new(),
                ignore: Vec::new(),
                matching: LabelMatch::default(),
            };
            schema.label.replace(label).map(|label| label.column)
        }
        ColumnRole::Family => schema.family.replace(FamilyRole { column: name.clone() }).map(|family| family.column),
        ColumnRole::Time => {
            let time = TimeRole { column: name.clone(), ..time.unwrap_or_default() };
            schema.time.replace(time).map(|time| time.column)
        }
        // It is a feature too, and so is the one before it.
        ColumnRole::Duration => {
            schema.duration = Some(name.clone());
            schema.numeric.push(NumericColumn::plain(name));
            return;
        }
        ColumnRole::Src => schema.entity.src.replace(name.clone()),
        ColumnRole::Dst => schema.entity.dst.replace(name.clone()),
        ColumnRole::Number => return schema.numeric.push(NumericColumn::plain(name)),
        ColumnRole::Category => return schema.categorical.push(CategoricalColumn { name }),
        ColumnRole::Ignored => return schema.ignored.push(name),
    };
    let is_listed = |schema: &Schema, name: &String| {
        schema.ignored.contains(name)
            || schema.numeric.iter().any(|column| column.name == *name)
            || schema.categorical.iter().any(|column| column.name == *name)
    };
    let hidden = [Some(name).filter(|_| matches!(role, ColumnRole::Time | ColumnRole::Src | ColumnRole::Dst)), before];
    for name in hidden.into_iter().flatten() {
        if !is_listed(schema, &name) {
            schema.ignored.push(name);
        }
    }
}
