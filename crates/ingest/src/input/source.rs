//! The files that make up one table: patterns resolved once, in a fixed order.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::IngestError;
use crate::input::file::{Input, Sampling};
use crate::input::sensor::sensor_names;

/// Files that are kept open between passes; of more, each is opened for each pass.
const MOST_OPEN: usize = 128;

/// Bytes that are read of each file of a sample, or all that it has.
const LEAST_OF_FILE: u64 = 1 << 18;

/// An ordered list of files that are read as one table. Each file is a capture of its own unless the schema names a
/// capture column or the caller one sensor for all. A file is opened once, however often the source is read.
#[derive(Debug, Clone)]
pub struct Source {
    files: Vec<PathBuf>,
    names: Vec<String>,
    sensors: Vec<String>,
    labels: Vec<Option<String>>,
    inputs: Vec<Arc<Input>>,
}

/// What a file held when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The file's name as [`Source::names`] gives it.
    pub name: String,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of the bytes on disk, in hexadecimal.
    pub sha256: String,
}

impl Source {
    /// Finds the files meant by `patterns`, each a path or a pattern (`*`, `?`, `[…]`, `**`), relative to `root`.
    ///
    /// The order is that of the patterns; within a pattern, by name. A missing file, a pattern that matches nothing, a
    /// folder and a file listed twice are refused.
    pub fn resolve(patterns: &[String], root: &Path) -> Result<Source, IngestError> {
        let patterns: Vec<(String, Option<String>)> = patterns.iter().map(|p| (p.clone(), None)).collect();
        Source::resolve_labelled(&patterns, root)
    }

    /// The same, where all rows of the files of a pattern may be given a label that stands in no column.
    pub fn resolve_labelled(patterns: &[(String, Option<String>)], root: &Path) -> Result<Source, IngestError> {
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for (pattern, label) in patterns {
            files.extend(expand(pattern, root)?);
            labels.resize(files.len(), label.clone());
        }
        if files.is_empty() {
            return Err(IngestError::NoInput);
        }
        let mut seen = HashSet::new();
        for file in &files {
            let known = file.canonicalize().unwrap_or_else(|_| file.clone());
            if !seen.insert(known) {
                return Err(IngestError::ListedTwice { file: file.display().to_string() });
            }
        }
        let names = short_names(&files, root);
        let sensors = sensor_names(&files);
        let keeps_open = files.len() <= MOST_OPEN;
        let inputs = files.iter().map(|file| Arc::new(Input::new(file, keeps_open))).collect();
        Ok(Source { files, names, sensors, labels, inputs })
    }

    /// The files, in the order in which they are read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// A name for each file that does not depend on where the project lies: the path within the root, else the file's
    /// own name, else (where two files share it) the whole path.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What each file's sensor is called: the file's own name without `.gz` or `.zst`; where files share it, as much
    /// of the path as tells them apart.
    pub fn sensors(&self) -> &[String] {
        &self.sensors
    }

    /// The label that each file is given, where it is given one.
    pub fn labels(&self) -> &[Option<String>] {
        &self.labels
    }

    /// Bytes of all files on disk; a pipe has none.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.bytes_on_disk()).sum()
    }

    /// The same files, of each of which no more is read than `share` (and 256 KiB): its beginning, its end and places
    /// between, in whole lines; of a packed one the beginning. For a first answer on files that are too large for it. Such
    /// a reading gives no digests, and [`crate::ReadSummary::sample`] tells how much it saw.
    pub fn sampled(&self, share: f64) -> Source {
        let sampled = |input: &Arc<Input>| match input.bytes_on_disk() {
            // A pipe is read once, and whole.
            0 => Arc::clone(input),
            length => {
                let bytes = LEAST_OF_FILE.max((length as f64 * share) as u64);
                Arc::new(input.sampled(Sampling { bytes, counts_lines: false }))
            }
        };
        Source { inputs: self.inputs.iter().map(sampled).collect(), ..self.clone() }
    }

    pub(crate) fn is_sampled(&self) -> bool {
        self.inputs.iter().any(|input| input.is_sampled())
    }

    /// The same with true numbers of lines, where it is read at some places only.
    pub(crate) fn counting_lines(&self) -> Source {
        let counting = |input: &Arc<Input>| match input.is_sampled() {
            true => Arc::new(input.counting_lines()),
            false => Arc::clone(input),
        };
        Source { inputs: self.inputs.iter().map(counting).collect(), ..self.clone() }
    }

    pub(crate) fn inputs(&self) -> &[Arc<Input>] {
        &self.inputs
    }
}

fn expand(pattern: &str, root: &Path) -> Result<Vec<PathBuf>, IngestError> {
    let path = root.join(pattern);
    if path.is_dir() {
        return Err(IngestError::IsFolder { file: path.display().to_string() });
    }
    if path.exists() {
        return Ok(vec![path]);
    }
    if !pattern.contains(['*', '?', '[']) {
        return Err(IngestError::Missing { file: path.display().to_string() });
    }
    let whole = path.to_string_lossy();
    let bad = |problem: String| IngestError::BadPattern { pattern: pattern.to_owned(), problem };
    let mut found = Vec::new();
    for entry in glob::glob(&whole).map_err(|e| bad(e.to_string()))? {
        let entry = entry.map_err(|e| bad(e.to_string()))?;
        if entry.is_file() {
            found.push(entry);
        }
    }
    if found.is_empty() {
        return Err(IngestError::NoMatch { pattern: pattern.to_owned(), root: root.to_owned() });
    }
    found.sort();
    Ok(found)
}

fn short_names(files: &[PathBuf], root: &Path) -> Vec<String> {
    let short = |file: &PathBuf| {
        let own = || file.file_name().map(|n| n.to_string_lossy().into_owned());
        match file.strip_prefix(root) {
            Ok(inside) => inside.to_string_lossy().into_owned(),
            Err(_) => own().unwrap_or_else(|| file.display().to_string()),
        }
    };
    let names: Vec<String> = files.iter().map(short).collect();
    let twice = |name: &String| names.iter().filter(|n| *n == name).count() > 1;
    names.iter().zip(files).map(|(n, f)| if twice(n) { f.display().to_string() } else { n.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "abc").unwrap();
        }
        folder
    }

    #[test]
    fn patterns_keep_their_order_and_sort_within_each() {
        let folder = folder_with(&["b.csv", "a.csv", "z/1.csv", "note.txt"]);
        let source = Source::resolve(&["z/*.csv".to_owned(), "*.csv".to_owned()], folder.path()).unwrap();
        assert_eq!(source.names(), ["z/1.csv", "a.csv", "b.csv"]);
    }

    #[test]
    fn a_file_whose_name_looks_like_a_pattern_is_taken_as_it_stands() {
        let folder = folder_with(&["a[1].csv", "a1.csv"]);
        let source = Source::resolve(&["a[1].csv".to_owned()], folder.path()).unwrap();
        assert_eq!(source.names(), ["a[1].csv"]);
    }

    #[test]
    fn missing_empty_doubled_and_folder_inputs_are_refused_by_name() {
        let folder = folder_with(&["a.csv", "in/b.csv"]);
        let refuse = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            Source::resolve(&patterns, folder.path()).unwrap_err().to_string()
        };
        assert!(refuse(&["c.csv"]).contains("c.csv: no such file"));
        assert!(refuse(&["*.log"]).starts_with("`*.log` matches no file"));
        assert!(refuse(&["a.csv", "*.csv"]).contains("a.csv is listed twice"));
        assert!(refuse(&["in"]).contains("in is a folder"));
        assert!(refuse(&[]).contains("no input is named"));
    }
}
