//! Schemas by name: those shipped with the program, and the user's own YAML files.

use std::io::Read;
use std::path::Path;

use nta_data::{Schema, SchemaError};

use crate::error::IngestError;

const BUILTIN: [(&str, &str); 10] = [
    ("nta", include_str!("../../schemas/nta.yaml")),
    ("nsl-kdd", include_str!("../../schemas/nsl-kdd.yaml")),
    ("kdd99", include_str!("../../schemas/kdd99.yaml")),
    ("unsw-nb15", include_str!("../../schemas/unsw-nb15.yaml")),
    ("unsw-nb15-raw", include_str!("../../schemas/unsw-nb15-raw.yaml")),
    ("cic-ids2017", include_str!("../../schemas/cic-ids2017.yaml")),
    ("ctu13", include_str!("../../schemas/ctu13.yaml")),
    ("zeek-conn", include_str!("../../schemas/zeek-conn.yaml")),
    ("suricata", include_str!("../../schemas/suricata.yaml")),
    ("netflow", include_str!("../../schemas/netflow.yaml")),
];

/// Most bytes of a schema's file.
const LARGEST_SCHEMA: u64 = 4 << 20;

/// Names and YAML texts of the schemas that are built in.
pub fn builtin_schemas() -> &'static [(&'static str, &'static str)] {
    &BUILTIN
}

/// A built-in schema by name.
pub fn builtin_schema(name: &str) -> Option<Schema> {
    let (_, yaml) = BUILTIN.iter().find(|(known, _)| *known == name)?;
    parse(yaml, name).ok()
}

/// A schema by the name of a built-in one, or by the path of a YAML file relative to `root`. It is checked.
pub fn load_schema(name_or_path: &str, root: &Path) -> Result<Schema, IngestError> {
    if let Some(schema) = builtin_schema(name_or_path) {
        return Ok(schema);
    }
    let path = root.join(name_or_path);
    let file = path.display().to_string();
    if !path.exists() {
        return Err(unknown(name_or_path, file));
    }
    if path.is_dir() {
        return Err(IngestError::IsFolder { file });
    }
    let mut yaml = String::new();
    let opened = std::fs::File::open(&path).and_then(|f| f.take(LARGEST_SCHEMA + 1).read_to_string(&mut yaml));
    opened.map_err(|e| IngestError::read(&file, &e))?;
    if yaml.len() as u64 > LARGEST_SCHEMA {
        let problem =
            "longer than the 4 MiB that a schema may have; name columns that matter, and no others".to_owned();
        return Err(IngestError::BadSchema { file, at: None, problem });
    }
    parse(&yaml, &file)
}

fn unknown(name: &str, file: String) -> IngestError {
    let looks_like_path = name.contains(['/', '\\']) || name.ends_with(".yaml") || name.ends_with(".yml");
    if looks_like_path {
        return IngestError::Missing { file };
    }
    let names: Vec<String> = BUILTIN.iter().map(|(known, _)| (*known).to_owned()).collect();
    let likeness = |known: &&String| strsim::jaro_winkler(known, &name.to_lowercase());
    let near = names.iter().filter(|k| likeness(k) > 0.75).max_by(|a, b| likeness(a).total_cmp(&likeness(b))).cloned();
    IngestError::NoSchema { name: name.to_owned(), near, known: names }
}

/// A schema text, read and checked; `file` is what errors call it.
pub(crate) fn parse(yaml: &str, file: &str) -> Result<Schema, IngestError> {
    // A schema that names every column allowed in every role has fewer nodes, and no need of aliases.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 200_000,
            max_aliases: 1_000,
            max_total_scalar_bytes: LARGEST_SCHEMA as usize,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 200_000 },
    };
    let schema: Schema = serde_saphyr::from_str_with_options(yaml, options).map_err(|e| IngestError::BadSchema {
        file: file.to_owned(),
        at: e.location().map(|l| (l.line(), l.column())),
        problem: first_line(&e.without_snippet().to_string()),
    })?;
    let refuse = |e: SchemaError| IngestError::BadSchema { file: file.to_owned(), at: None, problem: e.to_string() };
    schema.check().map_err(refuse)?;
    Ok(schema)
}

/// The message without the place, which is told apart.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let place = line.rfind(" at line ").filter(|_| line.ends_with(|c: char| c.is_ascii_digit()));
    line[..place.unwrap_or(line.len())].trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use nta_data::{Order, SequenceBy};

    use super::*;

    #[test]
    fn every_shipped_schema_is_sound_and_described() {
        for (name, yaml) in builtin_schemas() {
            let schema = parse(yaml, name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(schema.name, *name);
            assert!(!schema.description.is_empty() && schema.label.is_some(), "{name}");
            let header = &schema.header;
            let roles = schema.role_columns();
            assert!(header.is_empty() || roles.iter().all(|r| header.iter().any(|h| h == r)), "{name}");
        }
    }

    #[test]
    fn shipped_schemas_have_the_published_columns() {
        let width = |name: &str| {
            let schema = builtin_schema(name).unwrap();
            (schema.header.len(), schema.numeric.len(), schema.categorical.len())
        };
        assert_eq!(width("nsl-kdd"), (43, 38, 3));
        assert_eq!(width("kdd99"), (42, 38, 3));
        assert_eq!(width("unsw-nb15"), (0, 39, 3));
        assert_eq!(width("unsw-nb15-raw"), (49, 40, 4));
        assert_eq!(builtin_schema("kdd99").unwrap().order, Order::File);
        assert!(builtin_schema("kdd99").unwrap().supports(SequenceBy::Capture));
        assert!(builtin_schema("ctu13").unwrap().supports(SequenceBy::Pair));
        assert_eq!(builtin_schema("nsl-kdd").unwrap().order, Order::None);
    }

    #[test]
    fn no_address_or_identifier_is_a_feature() {
        let hidden =
            ["src", "dst", "srcip", "dstip", "Src IP", "Dst IP", "SrcAddr", "id.orig_h", "uid", "id", "difficulty"];
        for (name, _) in builtin_schemas() {
            let schema = builtin_schema(name).unwrap();
            let features = schema.numeric.iter().map(|c| &c.name).chain(schema.categorical.iter().map(|c| &c.name));
            assert!(features.into_iter().all(|f| !hidden.contains(&f.as_str())), "{name}");
        }
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let refuse = |yaml: &str| {
            std::fs::write(folder.path().join("s.yaml"), yaml).unwrap();
            load_schema("s.yaml", folder.path()).unwrap_err().to_string()
        };
        let message = refuse("name: x\norder: none\nnumerics: []\n");
        assert!(message.contains("s.yaml, line 3, column 1: ") && message.contains("numerics"), "{message}");
        let message = refuse("name: x\norder: none\nnumeric: [{ name: a }, { name: a }]\n");
        assert!(message.contains("s.yaml: ") && message.contains("column `a` is listed twice"), "{message}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let message = load_schema("nslkdd", Path::new("/")).unwrap_err().to_string();
        assert!(message.contains("did you mean `nsl-kdd`?"), "{message}");
        let message = load_schema("my.yaml", Path::new("/nowhere")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/my.yaml: no such file"), "{message}");
    }
}
