//! Matches the names of a schema with the columns of a file: by name, trimmed, then by alias, then without regard to
//! case where that leaves one answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use nta_data::Schema;

use crate::schema::builtin::builtin_schema;

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
    /// Folded; `None` where several columns fold to the same name.
    folded: HashMap<String, Option<usize>>,
}

impl<'c> Index<'c> {
    fn new(columns: &'c [String]) -> Index<'c> {
        let mut exact = HashMap::with_capacity(columns.len());
        let mut folded = HashMap::with_capacity(columns.len());
        for (place, column) in columns.iter().enumerate() {
            exact.entry(column.as_str()).or_insert(place);
            folded.entry(fold(column)).and_modify(|only| *only = None).or_insert(Some(place));
        }
        Index { exact, folded }
    }

    /// Place of the column that stands for a name of the schema.
    fn find(&self, schema: &Schema, name: &str) -> Option<usize> {
        let aliases = schema.aliases.get(name).map_or(&[][..], Vec::as_slice);
        let spellings = || std::iter::once(name).chain(aliases.iter().map(String::as_str)).map(str::trim);
        let exact = spellings().find_map(|s| self.exact.get(s).copied());
        exact.or_else(|| spellings().find_map(|s| self.folded.get(&fold(s)).copied().flatten()))
    }
}

/// Fewest columns of a file without a header line: those that the schema lets it lack are its last ones.
pub(crate) fn least_width(schema: &Schema) -> usize {
    let may_lack = |name: &&String| schema.optional.contains(name);
    schema.header.len() - schema.header.iter().rev().take_while(may_lack).count()
}

/// Whether a built-in schema names so many columns of files without a header line.
pub(crate) fn has_width(name: &str, width: usize) -> bool {
    builtin_schema(name).is_some_and(|s| !s.header.is_empty() && (least_width(&s)..=s.header.len()).contains(&width))
}

/// A name without regard to case, and to points that a log shipper wrote as underscores (`id_orig_h`).
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('.', "_")
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
        let dotted = schema("{ name: z, order: none, numeric: [{ name: id.orig_p }] }");
        assert_eq!(Layout::new(&dotted, &names(&["id_orig_p"])).column("id.orig_p"), Some("id_orig_p"));
        let schema = schema(SCHEMA);
        let layout = Layout::new(&schema, &names(&["src bytes", "Dur", "DUR", "ct_src_ ltm"]));
        assert_eq!(layout.column("bytes"), Some("src bytes"));
        assert_eq!(layout.column("dur"), None, "two columns differ in case alone");
        assert_eq!(layout.column("ct_src_ ltm"), Some("ct_src_ ltm"));
        let layout = Layout::new(&schema, &names(&["SBYTES", "bytes", "dur"]));
        assert_eq!((layout.column("bytes"), layout.column("dur")), (Some("bytes"), Some("dur")));
    }
}
