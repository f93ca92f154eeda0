//! What may have gone wrong with columns that were not found, and what to do about it.

use nta_data::Schema;

use crate::schema::builtin::builtin_schemas;
use crate::schema::layout::{Layout, has_width, n_known};

/// Most columns that an advice names.
const MOST: usize = 5;

/// Short and long forms of words in the names of columns.
const SHORT: [(&str, &str); 14] = [
    ("tot", "total"),
    ("pkt", "packet"),
    ("pkts", "packet"),
    ("packets", "packet"),
    ("len", "length"),
    ("byts", "byte"),
    ("bytes", "byte"),
    ("cnt", "count"),
    ("dur", "duration"),
    ("source", "src"),
    ("destination", "dst"),
    ("addr", "ip"),
    ("address", "ip"),
    ("proto", "protocol"),
];

/// The advice to whoever may change the schema.
pub(crate) fn schema(schema: &Schema, layout: &Layout, missing: &[String], columns: &[String]) -> String {
    if let Some(mistake) = mistake(schema, missing, columns) {
        return match mistake {
            Mistake::Case(alike) => alike,
            Mistake::NoNames => {
                let fitting = builtins_of_width(columns.len());
                format!(
                    "the first line seems to hold data, not names: list the names under `header:` in the schema{fitting}; "
                )
            }
            Mistake::OtherSchema => format!("no column of schema {} is there, is it the right schema? ", schema.name),
        };
    }
    match near(layout, missing, columns).first() {
        Some((name, column)) => format!("if `{column}` is `{name}`, add it under `aliases:` in the schema; "),
        None => {
            "name it as it stands in the file, or list it under `optional:` or `aliases:` in the schema; ".to_owned()
        }
    }
}

/// The built-in schemas of files without a header that have so many columns, in a clause.
fn builtins_of_width(width: usize) -> String {
    let names = builtin_schemas().iter().map(|(name, _)| *name).filter(|name| has_width(name, width));
    match names.collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        names => format!("; built-in schemas of files of that width without a header: {}", names.join(", ")),
    }
}

/// The same where the label alone was not found: a file of one class often has no such column.
pub(crate) fn label(schema_: &Schema, layout: &Layout, missing: &[String], columns: &[String]) -> String {
    match near(layout, missing, columns).is_empty() && mistake(schema_, missing, columns).is_none() {
        false => schema(schema_, layout, missing, columns),
        true => "name it as it stands in the file, or, where all rows of the file are of one kind, give the file its \
                 label in the config: `train: [{ path: …, label: … }]`; "
            .to_owned(),
    }
}

/// The advice to whoever scores with a model, whose schema cannot be changed.
pub(crate) fn rename(schema: &Schema, layout: &Layout, missing: &[String], columns: &[String]) -> String {
    match mistake(schema, missing, columns) {
        Some(Mistake::Case(alike)) => return alike,
        Some(Mistake::NoNames) => return "the first line seems to hold data, not names; ".to_owned(),
        Some(Mistake::OtherSchema) | None => {}
    }
    let near = near(layout, missing, columns);
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let aliases: Vec<String> = near
        .iter()
        .take(MOST)
        .map(|(name, column)| format!("--alias {}", quoted(&format!("{column}={name}"))))
        .collect();
    match (aliases.is_empty(), n_known(schema, columns)) {
        (true, 0) => format!("no column of the model's schema {} is there, is it the right model? ", schema.name),
        (true, _) => "if it stands there under another name, say so: `--alias 'THEIRS=OURS'`; ".to_owned(),
        (false, _) => format!(
            "if these are the same under other names, say so: `{}` (and `--time-format`, `--duration-unit` where they are \
             written otherwise); ",
            aliases.join(" ")
        ),
    }
}

/// The advice to whoever can change the file alone.
pub(crate) fn file(layout: &Layout, missing: &[String], columns: &[String]) -> String {
    match near(layout, missing, columns).first() {
        Some((name, column)) => format!("if `{column}` is `{name}`, rename it in the file; "),
        None => "the model needs them all; ".to_owned(),
    }
}

/// What explains many missing columns at once.
enum Mistake {
    /// Columns that differ in case alone, in words.
    Case(String),
    NoNames,
    OtherSchema,
}

fn mistake(schema: &Schema, missing: &[String], columns: &[String]) -> Option<Mistake> {
    for name in missing {
        let alike: Vec<&str> = columns.iter().filter(|c| c.eq_ignore_ascii_case(name)).map(String::as_str).collect();
        if alike.len() > 1 {
            let alike = alike.join("` and `");
            return Some(Mistake::Case(format!("`{alike}` differ only in case, so none is taken for `{name}`; ")));
        }
    }
    let n_numbers = columns.iter().filter(|c| c.parse::<f64>().is_ok()).count();
    if n_numbers * 3 >= columns.len() {
        return Some(Mistake::NoNames);
    }
    (n_known(schema, columns) == 0).then_some(Mistake::OtherSchema)
}

/// Missing names and the columns that look like them, each column once, of those that stand for no other name.
fn near<'n>(layout: &Layout, missing: &'n [String], columns: &'n [String]) -> Vec<(&'n String, &'n String)> {
    let mut free: Vec<(&String, String)> =
        columns.iter().filter(|c| !layout.is_taken(c)).map(|c| (c, words(c))).collect();
    let mut pairs = Vec::new();
    // Sure ones first, so that a guess takes no column from them.
    for least in [1.0, 0.9] {
        for name in missing {
            if pairs.iter().any(|(n, _)| *n == name) {
                continue;
            }
            let ours = words(name);
            // A name more than twice as long is never so near, and long names are dear to compare.
            let alike = |theirs: &str, ours: &str| match theirs.len() <= 2 * ours.len() {
                true => strsim::jaro_winkler(theirs, ours),
                false => 0.0,
            };
            let plain = name.to_lowercase();
            let likeness =
                |(column, theirs): &(&String, String)| alike(theirs, &ours).max(alike(&column.to_lowercase(), &plain));
            let best = free.iter().enumerate().map(|(i, column)| (likeness(column), i));
            let best = best.filter(|(alike, _)| *alike >= least).max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, i)) = best {
                pairs.push((name, free.remove(i).0));
            }
        }
    }
    pairs
}

/// The words of a name in lower case and long form, without what stands between them.
fn words(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(|word| SHORT.iter().find(|(short, _)| *short == word).map_or(word, |(_, long)| *long)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "
name: t
order: none
aliases: { bytes: [sbytes, Src Bytes] }
numeric: [{ name: bytes }, { name: dur }, { name: Bwd URG Flags }, { name: Bwd RST Flags }]
";

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn told(
        advise: impl Fn(&Schema, &Layout, &[String], &[String]) -> String,
        missing: &[&str],
        found: &[&str],
    ) -> String {
        let (schema, found): (Schema, _) = (serde_saphyr::from_str(SCHEMA).unwrap(), names(found));
        advise(&schema, &Layout::new(&schema, &found), &names(missing), &found)
    }

    #[test]
    fn hints_name_the_likely_mistake() {
        assert!(told(schema, &["dur"], &["Dur", "DUR"]).contains("differ only in case"));
        assert!(told(schema, &["dur"], &["0", "tcp", "17"]).contains("hold data, not names"));
        assert!(told(schema, &["dur"], &["durr", "bytes"]).contains("if `durr` is `dur`"));
    }

    #[test]
    fn a_column_that_has_a_role_is_not_proposed_for_another() {
        let said = told(schema, &["Bwd RST Flags"], &["bytes", "dur", "Bwd URG Flags"]);
        assert!(!said.contains("`Bwd URG Flags`"), "{said}");
    }

    #[test]
    fn a_model_is_left_as_it_is_and_the_command_told_what_stands_for_what() {
        let said = told(rename, &["dur", "bytes"], &["flow_x", "Duration", "sum bytes"]);
        assert!(said.contains("--alias 'Duration=dur'") && !said.contains("aliases:"), "{said}");
    }

    #[test]
    fn short_and_long_words_are_the_same() {
        assert_eq!(words("tot_fwd_pkts"), words("Total Fwd Packet"));
        assert_eq!(words("src_ip"), words("Source IP"));
    }

    #[test]
    fn a_label_that_is_missing_may_be_given_to_the_file() {
        assert!(told(label, &["label"], &["bytes", "dur"]).contains("{ path: …, label: … }"));
        assert!(told(label, &["label"], &["bytes", "lable"]).contains("if `lable` is `label`"));
    }
}
