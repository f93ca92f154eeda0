//! Column roles for a file that comes without any: those of the built-in schema that it fits, else a draft.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Contact, Schema};

use crate::assemble::plan::Plan;
use crate::draft::answers::Answers;
use crate::draft::corrected::corrected;
use crate::draft::infer::{ColumnSeen, draft_as_said};
use crate::error::IngestError;
use crate::format;
use crate::input::file::Input;
use crate::input::source::Source;
use crate::options::{ReadOptions, Truth};
use crate::reading::batches::{Batch, batches};
use crate::rejects::reject::BadRows;
use crate::schema::builtin::{builtin_schemas, parse};

/// Rows that a built-in schema must read.
const LOOK_ROWS: usize = 2_000;
/// How many of them may be odd: what a run may set aside.
const BAD_ROWS: BadRows = BadRows::SetAside { share: 0.01 };
/// Microseconds since 1970 between which a flow can have been seen: 1990 to 2100. Other times are of another unit.
const TIMES: std::ops::Range<i64> = 631_152_000_000_000..4_102_444_800_000_000;

/// The roles found.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// The built-in schema whose columns the file has; `None` where the roles are a draft.
    pub builtin: Option<&'static str>,
    /// The schema as YAML: as shipped, or drafted with a comment on what to check.
    pub yaml: String,
    /// The same, read and checked.
    pub schema: Schema,
    /// Of a draft: what a person should know of the file, a sentence each.
    pub notes: Vec<String>,
    /// Of a draft: the columns, with what they hold.
    pub columns: Vec<ColumnSeen>,
}

/// Finds roles for the columns of the file at `path`: by name, and by content where it has no header. A built-in schema
/// is taken where it knows at least half of the columns and reads the first 2,000 rows, labels and times included.
///
/// # Errors
/// A file that cannot be read, or that no draft can be made of.
pub fn recognise(path: &Path, contact: &Contact) -> Result<Recognised, IngestError> {
    recognise_as_said(path, &Answers::default(), contact)
}

/// The same where something is said of the columns: then the roles are the built-in schema's that fits, put right by it, else a
/// draft that holds to it.
///
/// # Errors
/// As [`recognise`], and columns that are not there or not what they are said to be.
pub fn recognise_as_said(path: &Path, answers: &Answers, contact: &Contact) -> Result<Recognised, IngestError> {
    let Some(Fit { builtin, yaml, schema, columns }) = fit(path, contact)? else {
        return drafted(path, answers, contact);
    };
    let (notes, seen) = (Vec::new(), Vec::new());
    if answers.is_empty() {
        return Ok(Recognised { builtin: Some(builtin), yaml: yaml.to_owned(), schema, notes, columns: seen });
    }
    let file = path.display().to_string();
    let (_, yaml) = corrected(&schema, answers, &columns, &file)?;
    let schema = parse(&yaml, &file)?;
    Ok(Recognised { builtin: None, yaml, schema, notes, columns: seen })
}

/// A built-in schema that a file fits.
struct Fit {
    builtin: &'static str,
    yaml: &'static str,
    schema: Schema,
    /// The file's columns.
    columns: Vec<String>,
}

/// The built-in schema that knows most of the file's columns, of those that fit it.
fn fit(path: &Path, contact: &Contact) -> Result<Option<Fit>, IngestError> {
    let name = path.display().to_string();
    let source = Source::resolve(std::slice::from_ref(&name), Path::new(""))?;
    let head = format::separated_head(&Input::new(path, true).open(contact)?)?;
    let first_line = head.map(|head| head.first_line);
    let mut best: Option<(usize, Fit)> = None;
    for (builtin, yaml) in builtin_schemas() {
        let schema = parse(yaml, builtin)?;
        if is_ruled_out(builtin, first_line.as_deref()) {
            continue;
        }
        let (known, columns) = match columns_known(&source, &schema, contact) {
            Err(IngestError::Cancelled) => return Err(IngestError::Cancelled),
            Ok(Some(known)) => known,
            _ => continue,
        };
        if best.as_ref().is_none_or(|(most, _)| known >= *most) {
            best = Some((known, Fit { builtin, yaml, schema, columns }));
        }
    }
    Ok(best.map(|(_, fit)| fit))
}

fn drafted(path: &Path, answers: &Answers, contact: &Contact) -> Result<Recognised, IngestError> {
    let drafted = draft_as_said(path, answers, contact)?;
    let schema = parse(&drafted.yaml, &path.display().to_string())?;
    Ok(Recognised { builtin: None, yaml: drafted.yaml, schema, notes: drafted.notes, columns: drafted.columns })
}

/// KDD Cup 99 and NSL-KDD share their columns, and in the first alone labels, which stand last, end in a dot.
fn is_ruled_out(builtin: &str, first_line: Option<&[u8]>) -> bool {
    builtin == "kdd99" && first_line.is_some_and(|line| !line.ends_with(b"."))
}

/// How many columns of the file the schema knows, where it fits the file, and all that it has.
fn columns_known(
    source: &Source,
    schema: &Schema,
    contact: &Contact,
) -> Result<Option<(usize, Vec<String>)>, IngestError> {
    let options = ReadOptions {
        truth: Truth::Required,
        bad_rows: BAD_ROWS,
        batch_rows: LOOK_ROWS,
        contact: contact.clone(),
        ..ReadOptions::new(Arc::new(schema.clone()))
    };
    let plan = Plan::new(source, &options)?;
    let Some(file) = plan.files.first() else { return Ok(None) };
    let known = file.columns.iter().filter(|column| file.layout.is_taken(column)).count();
    if known * 2 < file.columns.len() {
        return Ok(None);
    }
    let first = batches(source, &options)?.next().transpose()?;
    Ok(first.filter(has_plausible_times).map(|_| (known, file.columns.clone())))
}

/// Whether most times lie where flows can have been seen.
fn has_plausible_times(batch: &Batch) -> bool {
    let Some(times) = &batch.dataset.time else { return true };
    times.iter().filter(|time| TIMES.contains(*time)).count() * 2 >= times.len()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn of(text: &str) -> Recognised {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.csv");
        std::fs::write(&path, text).unwrap();
        recognise(&path, &Contact::default()).unwrap()
    }

    /// 60 rows of 41 features as KDD Cup 99 has them, then `end`.
    fn kdd(end: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for i in 0..60 {
            let _ = writeln!(text, "0,tcp,http,SF,{}{},{}", i * 7, ",0".repeat(36), end(i));
        }
        text
    }

    #[test]
    fn files_without_header_are_told_by_width_and_by_what_they_hold() {
        let label = |i: usize| if i.is_multiple_of(3) { "neptune" } else { "normal" };
        assert_eq!(of(&kdd(|i| format!("{},20", label(i)))).builtin, Some("nsl-kdd"));
        assert_eq!(of(&kdd(|i| label(i).to_owned())).builtin, Some("nsl-kdd"));
        assert_eq!(of(&kdd(|i| format!("{}.", label(i)))).builtin, Some("kdd99"));
    }

    #[test]
    fn a_built_in_schema_is_put_right_by_what_is_said() {
        use crate::draft::answers::ColumnRole::{Category, Ignored, Label, Number};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.csv");
        let header = "ts,dur,sbytes,dst_bytes,wrong_fragment,proto,zone,label,verdict";
        let rows = (0..60).fold(format!("{header}\n"), |text, i| {
            let label = if i % 2 == 0 { "benign" } else { "attack" };
            text + &format!("{},0.5,{i},7,0,tcp,{},{label},{}\n", 1_700_000_000 + i, i % 3, ["ok", "bad"][i % 2])
        });
        std::fs::write(&path, rows).unwrap();
        let of = |columns: &[(&str, _)], benign: &[&str]| {
            let columns = columns.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect();
            let benign = benign.iter().map(|label| (*label).to_owned()).collect();
            recognise_as_said(&path, &Answers { columns, benign }, &Contact::default())
        };
        let plain = of(&[], &[]).unwrap();
        assert_eq!(plain.builtin, Some("nta"));
        let said = [("sbytes", Ignored), ("proto", Number), ("zone", Category), ("verdict", Label)];
        let found = of(&said, &["ok"]).unwrap();
        assert_eq!((found.builtin, found.schema.name.as_str()), (None, "nta-corrected"));
        assert_eq!(parse(&found.yaml, "f").unwrap(), found.schema, "its text says the same");
        let numeric: Vec<&str> = found.schema.numeric.iter().map(|column| column.name.as_str()).collect();
        assert!(!numeric.contains(&"src_bytes") && numeric.contains(&"proto") && numeric.contains(&"dst_bytes"));
        assert!(found.schema.categorical.iter().any(|column| column.name == "zone"));
        assert!(!found.schema.categorical.iter().any(|column| column.name == "proto"));
        let label = found.schema.label.as_ref().unwrap();
        assert_eq!((label.column.as_str(), label.benign.as_slice()), ("verdict", &["ok".to_owned()][..]));
        assert!(
            found.schema.ignored.contains(&"label".to_owned())
                && found.schema.ignored.contains(&"src_bytes".to_owned())
        );
        assert_eq!(found.schema.time, plain.schema.time, "all else stays");
        assert!(of(&[("nothing", Ignored)], &[]).unwrap_err().to_string().contains("there is no column `nothing`"));
        let twice = of(&[("verdict", Label), ("zone", Label)], &["ok"]).unwrap_err();
        assert!(twice.to_string().contains("two columns"), "{twice}");
    }

    #[test]
    fn names_tell_a_schema_unless_most_columns_or_the_times_are_others() {
        let rows = |header: &str, row: &dyn Fn(u64) -> String| {
            (0..60).fold(format!("{header}\n"), |text, i| text + &row(i) + "\n")
        };
        let label = |i: u64| if i.is_multiple_of(2) { "benign" } else { "attack" };
        let five = "duration,src_bytes,dst_bytes,wrong_fragment,label";
        assert_eq!(of(&rows(five, &|i| format!("0.5,{i},7,0,{}", label(i)))).builtin, Some("nta"));
        let timed = format!("{five},timestamp");
        let at = |unit: u64| move |i: u64| format!("0.5,{i},7,0,{},{}", label(i), (1_700_000_000 + i) * unit);
        assert_eq!(of(&rows(&timed, &at(1))).builtin, Some("nta"));
        let milliseconds = of(&rows(&timed, &at(1_000)));
        assert_eq!(milliseconds.builtin, None, "read as seconds they lie in the year 55000");
        assert!(milliseconds.schema.label.is_some());
        let wide = format!("{five},a,b,c,d,e,f");
        assert_eq!(of(&rows(&wide, &|i| format!("0.5,{i},7,0,{},1,2,3,4,5,6", label(i)))).builtin, None);
    }
}
