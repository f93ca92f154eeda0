//! Writes a draft as YAML, with a comment on everything that a person must check.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::draft::guess::ColumnKind;
use crate::draft::labels::LabelGuess;
use crate::draft::notes::NumberNote;
use crate::draft::text::quoted;
use crate::draft::time::Times;
use crate::draft::time_yaml::{self, render_times};

/// Roles found for the columns of a file.
pub(crate) struct Draft {
    pub(crate) label: Option<LabelGuess>,
    pub(crate) family: Option<String>,
    pub(crate) src: Option<String>,
    pub(crate) dst: Option<String>,
    pub(crate) times: Times,
    pub(crate) features: Vec<(String, ColumnKind)>,
    /// Columns that are no features because they give the label away or say which row it is, and why.
    pub(crate) given_away: Vec<(String, String)>,
    /// Names that the file itself does not hold.
    pub(crate) header: Vec<String>,
    /// How each column of numbers is written, where there is something to say of it.
    pub(crate) numbers: BTreeMap<String, NumberNote>,
    /// What a person should know of the file, a sentence each.
    pub(crate) notes: Vec<String>,
}

pub(crate) fn render(title: &str, file: &str, delimiter: Option<char>, draft: &Draft) -> String {
    let mut yaml = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(yaml, "{text}");
    };
    line(&format!("# Drafted from {file}; read every line before you trust it."));
    line(
        "# A column that was filled in after the fact (an alert, a ticket, the label under another name) gives the label",
    );
    line("# away. Those that tell the classes apart by themselves are under `ignored`, with why; look for others.");
    for note in &draft.notes {
        line(&format!("# {note}"));
    }
    line(&format!("name: {}", quoted(title)));
    line(&format!("description: {}", quoted(&format!("drafted from {title}"))));
    if let Some(delimiter) = delimiter {
        line(&format!("delimiter: {}", quoted(&delimiter.to_string())));
    }
    if !draft.header.is_empty() {
        line(&format!("header: {}", list(&draft.header)));
    }
    render_truth(draft, &mut line);
    render_order(draft, &mut line);
    render_features(draft, &mut line);
    yaml
}

fn render_truth(draft: &Draft, line: &mut impl FnMut(&str)) {
    match &draft.label {
        Some(label) => {
            line(&format!("# Found in `{}`: {}.", label.column, label.found));
            if !label.blanks.is_empty() {
                line(&format!("# No label, so left out of training: {}.", label.blanks.join(", ").replace('\n', " ")));
                line("# If that means benign, list it under `benign`.");
            }
            line("label:");
            line(&format!("  column: {}", quoted(&label.column)));
            line(&format!("  benign: {}", list(&label.benign)));
            match label.benign.is_empty() {
                true => line("  # Which values mean benign? None of those found is known to."),
                false => line("  # Every other value is an attack. To have unknown values refused, list the attacks:"),
            }
            line(&format!("  # attack: {}", list(&label.attack)));
        }
        None => {
            line("# No label column was recognised: the traffic can be scored, not trained on. If there is one:");
            line("# label:\n#   column: label\n#   benign: [benign]");
        }
    }
    if let Some(family) = &draft.family {
        line(&format!("family:\n  column: {}", quoted(family)));
    }
}

fn render_order(draft: &Draft, line: &mut impl FnMut(&str)) {
    render_times(&draft.times, line);
    if draft.src.is_some() || draft.dst.is_some() {
        line("# Whose flows form a sequence. Addresses are never features.");
        line("entity:");
    }
    for (role, column) in [("src", &draft.src), ("dst", &draft.dst)] {
        if let Some(column) = column {
            line(&format!("  {role}: {}", quoted(column)));
        }
    }
    time_yaml::render_order(&draft.times, line);
}

fn render_features(draft: &Draft, line: &mut impl FnMut(&str)) {
    let of = |wanted: fn(&ColumnKind) -> bool| draft.features.iter().filter(move |(_, kind)| wanted(kind));
    if of(ColumnKind::is_category).next().is_some() {
        line("categorical:");
    }
    for (name, kind) in of(ColumnKind::is_category) {
        line(&format!("  - name: {}{}", quoted(name), kind.remark()));
    }
    if of(ColumnKind::is_number).next().is_some() {
        line("numeric:");
    }
    for (name, kind) in of(ColumnKind::is_number) {
        line(&format!("  - name: {}{}", quoted(name), kind.remark()));
        if *kind == ColumnKind::Hexadecimal {
            line("    hex: true");
        }
        if let Some(note) = draft.numbers.get(name) {
            note.lines().iter().for_each(|text| line(&format!("    {text}")));
        }
    }
    let mut ignored: Vec<(String, String)> = Vec::new();
    for column in [&draft.src, &draft.dst].into_iter().flatten() {
        ignored.push((column.clone(), "  # an address".to_owned()));
    }
    let doubtful = of(|kind| !kind.is_category() && !kind.is_number());
    ignored.extend(draft.given_away.iter().map(|(name, why)| (name.clone(), format!("  # {why}"))));
    ignored.extend(doubtful.map(|(name, kind)| (name.clone(), kind.remark())));
    if !ignored.is_empty() {
        line("ignored:");
    }
    for (name, remark) in ignored {
        line(&format!("  - {}{remark}", quoted(&name)));
    }
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| quoted(v)).collect();
    format!("[{}]", values.join(", "))
}
