//! Tables on standard output: as wide as their widest cells, numbers right and words left.

use std::io::{self, Write};

use nta_pipeline::metric;

use crate::visible::one_line;

/// Writes `rows` under `header`, indented by two: the first column left, the others right.
pub(crate) fn write(out: &mut impl Write, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    write_with(out, header, rows, 1)
}

/// The same with every column left.
pub(crate) fn write_words(out: &mut impl Write, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    write_with(out, header, rows, header.len())
}

fn write_with(out: &mut impl Write, header: &[&str], rows: &[Vec<String>], n_left: usize) -> io::Result<()> {
    let header: Vec<String> = header.iter().map(|cell| one_line(cell).into_owned()).collect();
    let shown = |row: &Vec<String>| row.iter().map(|cell| one_line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let width = |j: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(j));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for row in [&header].into_iter().chain(&rows) {
        let mut line = String::from("  ");
        for (j, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths.get(j).copied().unwrap_or(0).saturating_sub(cell.chars().count()));
            line.push_str(if j == 0 { "" } else { "  " });
            let (before, after) = if j < n_left { ("", pad.as_str()) } else { (pad.as_str(), "") };
            line.push_str(&format!("{before}{cell}{after}"));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Column names of metrics, by the metrics' names.
pub(crate) fn columns<'a>(metrics: &'a [&'a str]) -> impl Iterator<Item = &'static str> + 'a {
    metrics.iter().filter_map(|name| Some(metric(name)?.short))
}

/// A number as tables show it, or a dash where it is undefined.
pub(crate) fn number(x: Option<f64>) -> String {
    x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_terminal_would_obey_is_shown_on_its_line() {
        let mut out = Vec::new();
        write(&mut out, &["a"], &[vec!["x\u{1b}[1A\nforged".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  a\n  x\\u{1b}[1A\\nforged\n");
    }

    #[test]
    fn words_stand_left() {
        let mut out = Vec::new();
        write_words(&mut out, &["who", "why"], &[vec!["ann".into(), "better".into()], vec!["b".into(), "x".into()]])
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  who  why\n  ann  better\n  b    x\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let rows = [vec!["forest".to_owned(), number(Some(0.98765))], vec!["lstm".to_owned(), number(None)]];
        write(&mut out, &["", "ROC-AUC"], &rows).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            columns(&["roc_auc", "average_precision", "fpr"]).collect::<Vec<_>>(),
            ["ROC-AUC", "avg.prec", "FPR"]
        );
        assert_eq!(text, "          ROC-AUC\n  forest   0.9877\n  lstm          –\n");
    }
}
