//! What a new config and its schema take for granted, each with the line that says otherwise when it is edited.

use std::path::{Path, PathBuf};

use nta_data::Schema;
use serde::Serialize;

use crate::dry_run::DryRun;
use crate::yaml::{self, Document, spelt};

/// One guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// The key that holds it, as `label.benign`.
    pub key: String,
    /// What was guessed: columns or values, none where nothing was found.
    pub values: Vec<String>,
    /// What the data makes of it, where the value is `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes: Option<String>,
    /// The file to edit.
    pub file: PathBuf,
    /// Its line, from 1; where the key is missing that of the nearest key above it.
    pub line: u64,
}

/// The guesses of a drafted schema.
pub(super) fn of_schema(schema: &Schema, text: &str, file: &Path) -> Vec<Guess> {
    let Ok(document) = yaml::parse(text) else { return Vec::new() };
    let guess = |key: &str, values: Vec<String>| at(&document, key, values, None, file);
    let one = |value: &str| vec![value.to_owned()];
    let mut guesses = Vec::new();
    match &schema.label {
        Some(label) => {
            guesses.push(guess("label.column", one(&label.column)));
            guesses.push(guess("label.benign", label.benign.clone()));
        }
        None => guesses.push(guess("label", Vec::new())),
    }
    guesses.extend(schema.family.as_ref().map(|family| guess("family.column", one(&family.column))));
    match &schema.time {
        Some(time) => {
            guesses.push(guess("time.column", one(&time.column)));
            match &time.format {
                Some(format) => guesses.push(guess("time.format", one(format))),
                None => guesses.push(guess("time.unit", vec![spelt(&time.unit)])),
            }
            guesses.extend(time.twelve_hour_from.map(|from| guess("time.twelve_hour_from", one(&from.to_string()))));
        }
        None => guesses.push(guess("time", Vec::new())),
    }
    if let Some(duration) = &schema.duration {
        guesses.push(guess("duration", one(duration)));
        guesses.push(guess("duration_unit", vec![spelt(&schema.duration_unit)]));
    }
    let hosts = [schema.entity.src.clone(), schema.entity.dst.clone()].into_iter().flatten().collect();
    guesses.push(guess("entity", hosts));
    guesses.push(guess("order", vec![spelt(&schema.order)]));
    let columns = [
        ("categorical", schema.categorical.iter().map(|column| column.name.clone()).collect::<Vec<_>>()),
        ("numeric", schema.numeric.iter().map(|column| column.name.clone()).collect()),
        ("ignored", schema.ignored.clone()),
    ];
    guesses.extend(columns.into_iter().filter(|(_, names)| !names.is_empty()).map(|(key, names)| guess(key, names)));
    guesses
}

/// The guesses of a config.
pub(super) fn of_config(text: &str, file: &Path, plan: Option<&DryRun>) -> Vec<Guess> {
    let Ok(document) = yaml::parse(text) else { return Vec::new() };
    let becomes = |key: &str| {
        let settled = plan?.settled.iter().find(|settled| settled.key.starts_with(key))?;
        Some(settled.value.clone())
    };
    let files = document.value.pointer("/data/train").and_then(|train| train.as_array()).cloned().unwrap_or_default();
    let labelled = files.iter().filter_map(|file| {
        let (path, label) = (file.get("path")?.as_str()?, file.get("label")?.as_str()?);
        Some(format!("{} {label}", path.rsplit('/').next().unwrap_or(path)))
    });
    let labelled: Vec<String> = labelled.collect();
    let by_file = (!labelled.is_empty()).then(|| at(&document, "data.train", labelled, None, file));
    let keys = ["data.schema", "split.strategy", "lstm.sequence.by", "hybrid.budget", "data.bad_rows"];
    let of = |key: &str| {
        let value = document.value.pointer(&format!("/{}", key.replace('.', "/")))?;
        Some(at(&document, key, vec![value.as_str()?.to_owned()], becomes(key), file))
    };
    by_file.into_iter().chain(keys.into_iter().filter_map(of)).collect()
}

fn at(document: &Document, key: &str, values: Vec<String>, becomes: Option<String>, file: &Path) -> Guess {
    let line = document.place_of(key).map_or(1, |place| place.line);
    Guess { key: key.to_owned(), values, becomes, file: file.to_owned(), line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guess_names_the_line_that_holds_it() {
        let text = "# drafted\nname: t\nlabel:\n  column: Label\n  benign: [ok]\norder: none\nnumeric:\n  - name: x\n";
        let schema: Schema = serde_json::from_value(yaml::parse(text).unwrap().value).unwrap();
        let found = of_schema(&schema, text, Path::new("t.schema.yaml"));
        let line = |key: &str| found.iter().find(|guess| guess.key == key).map(|guess| guess.line);
        assert_eq!([line("label.column"), line("label.benign"), line("order")], [Some(4), Some(5), Some(6)]);
        assert_eq!((line("numeric"), line("duration")), (Some(7), None));
        let time = found.iter().find(|guess| guess.key == "time").unwrap();
        assert_eq!((time.values.len(), time.line), (0, 1), "nothing was found, so there is no line of its own");
    }
}
