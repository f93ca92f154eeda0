//! Matches the names of a schema with the columns of a file: by name, trimmed, then by alias, then without regard to
//! case where that leaves one answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use nta_data::Schema;

use crate::error::IngestError;
use crate::limits::{LONGEST_NAME, refuse_wide};

/// Which column of one file stands for which name of the schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    columns: HashMap<String, String>,
}

impl Layout {
    /// Finds every name that the schema knows among `columns` (trimmed, all different).
    pub(crate) fn new(schema: &Schema, columns: &[String]) -> Layout {
        let index = Index::new(columns);
        let found = known_names(schema)
            .into_iter()
            .filter_map(|name| index.find(schema, name).map(|place| (name.to_owned(), columns[place].clone())))
            .collect();
        Layout { columns: found }
    }

    /// The same, where the caller says which columns stand for some of the names.
    pub(crate) fn renamed(schema: &Schema, columns: &[String], renamed: &BTreeMap<String, String>) -> Layout {
        let mut layout = Layout::new(schema, columns);
        for (name, column) in renamed {
            layout.columns.retain(|_, found| found != column);
            layout.columns.insert(name.clone(), column.clone());
        }
        layout
    }

    /// Whether a column stands for some name.
    pub(crate) fn is_taken(&self, column: &str) -> bool {
        self.columns.values().any(|c| c == column)
    }

    /// The file's column for a name of the schema.
    pub(crate) fn column(&self, name: &str) -> Option<&str> {
        self.columns.get(name).map(String::as_str)
    }
}

/// Trims header names, names the nameless after their place, and refuses doubles, too many names and too long ones.
pub(crate) fn clean_names(names: &[String], file: &str) -> Result<Vec<String>, IngestError> {
    refuse_wide(names.len(), file)?;
    let mut clean: Vec<String> = Vec::with_capacity(names.len());
    let mut place_of: HashMap<String, usize> = HashMap::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let name = match name.trim() {
            "" => format!("unnamed_{}", place + 1),
            name => name.to_owned(),
        };
        if name.len() > LONGEST_NAME {
            let (file, found) = (file.to_owned(), name.len());
            return Err(IngestError::LongName { file, place: place + 1, found, limit: LONGEST_NAME });
        }
        if let Some(first) = place_of.insert(name.clone(), place) {
            let (file, column) = (file.to_owned(), name);
            return Err(IngestError::DuplicateColumn { file, column, first: first + 1, second: place + 1 });
        }
        clean.push(name);
    }
    Ok(clean)
}

/// Every name that some role of the schema uses, in a fixed order, without doubles.
pub(crate) fn known_names(schema: &Schema) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    names.extend(schema.label.as_ref().map(|l| l.column.as_str()));
    names.extend(schema.family.as_ref().map(|f| f.column.as_str()));
    names.extend(schema.capture.as_deref());
    names.extend(schema.time.as_ref().map(|t| t.column.as_str()));
    names.extend(schema.duration.as_deref());
    names.extend(schema.entity.src.as_deref());
    names.extend(schema.entity.dst.as_deref());
    names.extend(schema.numeric.iter().map(|c| c.name.as_str()));
    names.extend(schema.categorical.iter().map(|c| c.name.as_str()));
    names.extend(schema.ignored.iter().map(String::as_str));
    names.extend(schema.header.iter().map(String::as_str));
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

/// Each of those names with its aliases, the name first.
pub(crate) fn spellings(schema: &Schema) -> Vec<Vec<String>> {
    let of = |name: &str| {
        let aliases = schema.aliases.get(name).map_or(&[][..], Vec::as_slice);
        std::iter::once(name).chain(aliases.iter().map(String::as_str)).map(|s| s.trim().to_owned()).collect()
    };
    known_names(schema).into_iter().map(of).collect()
}

/// How many of `cells` are names that the schema knows.
pub(crate) fn n_known(schema: &Schema, cells: &[String]) -> usize {
    let cells: Vec<String> = cells.iter().map(|c| c.trim().to_owned()).collect();
    let index = Index::new(&cells);
    known_names(schema).into_iter().filter(|name| index.find(schema, name).is_some()).count()
}

/// Columns by name, so that looking up many names among many columns stays linear.
struct Index<'c> {
    exact: HashMap<&'c str, usize>,
    /// In lower case; `None` where several columns differ in case alone.
    folded: HashMap<String, Option<usize>>,
}

impl<'c> Index<'c> {
    fn new(columns: &'c [String]) -> Index<'c> {
        let mut exact = HashMap::with_capacity(columns.len());
        let mut folded = HashMap::with_capacity(columns.len());
        for (place, column) in columns.iter().enumerate() {
            exact.entry(column.as_str()).or_insert(place);
            folded.entry(column.to_ascii_lowercase()).and_modify(|only| *only = None).or_insert(Some(place));
        }
        Index { exact, folded }
    }

    /// Place of the column that stands for a name of the schema.
    fn find(&self, schema: &Schema, name: &str) -> Option<usize> {
        let aliases = schema.aliases.get(name).map_or(&[][..], Vec::as_slice);
        let spellings = || std::iter::once(name).chain(aliases.iter().map(String::as_str)).map(str::trim);
        let exact = spellings().find_map(|s| self.exact.get(s).copied());
        exact.or_else(|| spellings().find_map(|s| self.folded.get(&s.to_ascii_lowercase()).copied().flatten()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(yaml: &str) -> Schema {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    const SCHEMA: &str = "
name: t
order: none
aliases: { bytes: [sbytes, Src Bytes] }
numeric: [{ name: bytes }, { name: dur }, { name: ct_src_ ltm }]
";

    #[test]
    fn names_match_by_spelling_then_alias_then_case() {
        let schema = schema(SCHEMA);
        let layout = Layout::new(&schema, &names(&["src bytes", "Dur", "DUR", "ct_src_ ltm"]));
        assert_eq!(layout.column("bytes"), Some("src bytes"));
        assert_eq!(layout.column("dur"), None, "two columns differ in case alone");
        assert_eq!(layout.column("ct_src_ ltm"), Some("ct_src_ ltm"));
        let layout = Layout::new(&schema, &names(&["SBYTES", "bytes", "dur"]));
        assert_eq!((layout.column("bytes"), layout.column("dur")), (Some("bytes"), Some("dur")));
    }

    #[test]
    fn doubled_names_are_refused_and_nameless_columns_get_one() {
        assert_eq!(clean_names(&names(&["", " a ", "b"]), "f").unwrap(), ["unnamed_1", "a", "b"]);
        let message = clean_names(&names(&["a", "b", " a"]), "f.csv").unwrap_err().to_string();
        assert_eq!(message, "f.csv: column `a` stands twice in the header (places 1 and 3); rename one");
    }
}
