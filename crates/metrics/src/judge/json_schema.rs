//! The JSON Schema of evaluation.json, for those who read it with other tools.

use schemars::generate::SchemaSettings;

use super::evaluation::Evaluation;

/// The schema as text. The copy in the repository, `crates/metrics/evaluation.schema.json`, is this text; a test
/// keeps it so, and `NTA_BLESS=1 cargo test -p nta-metrics json_schema` writes it anew.
pub fn evaluation_schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Evaluation>();
    schema.insert("title".to_owned(), "evaluation.json".into());
    // Maps, numbers and texts alone: they always have a JSON form.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_schema_in_the_repository_is_current() {
        let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("evaluation.schema.json");
        if std::env::var_os("NTA_BLESS").is_some() {
            std::fs::write(&path, evaluation_schema()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == evaluation_schema(), "out of date: NTA_BLESS=1 cargo test -p nta-metrics json_schema");
    }
}
