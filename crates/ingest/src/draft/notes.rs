//! What a draft says of a file besides the roles of its columns, in sentences: each stands in the draft as a comment, and
//! on the screen.

use crate::block::Block;
use crate::draft::numbers::{Numbers, OddCell};
use crate::draft::sample::Sample;
use crate::draft::text::in_comment;
use crate::left_out::LeftOut;
use crate::rejects::reject::Reject;
use crate::schema::header::Double;

/// Columns of one kind that are told of on the screen; the draft has them all.
const MOST_TOLD: usize = 5;

/// What there is to say of a column of numbers.
pub(crate) struct NumberNote {
    /// Its notation, where it is not plain, and a remark on it.
    notation: Option<String>,
    /// Its exceptions, in a sentence.
    odd: Option<String>,
}

impl NumberNote {
    /// `None` where the column is written plainly and every cell is a number.
    pub(crate) fn of(numbers: &Numbers, n_cells: usize, block: &Block) -> Option<NumberNote> {
        let notation = numbers.example.as_ref().map(|(text, value)| {
            let name = numbers.notation.name();
            let or = numbers.or.map(|or| format!("; or is it `{}`?", or.name())).unwrap_or_default();
            format!("numbers: {name}  # `{}` is read as {value}{or}", in_comment(text))
        });
        let odd = (numbers.n_odd > 0).then(|| {
            let quoted: Vec<String> = numbers.odd.iter().map(|cell| quoted(cell, block)).collect();
            let told: usize = numbers.odd.iter().map(|cell| cell.count).sum();
            let more = match numbers.n_odd - told {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("{} of {n_cells} cells are no numbers: {}{more}", numbers.n_odd, quoted.join(", "))
        });
        (notation.is_some() || odd.is_some()).then_some(NumberNote { notation, odd })
    }

    /// Lines of YAML below the column's name.
    pub(crate) fn lines(&self) -> Vec<String> {
        let odd = self.odd.as_ref().map(|odd| format!("# {odd}; their rows are refused, or set aside (`bad_rows`)."));
        self.notation.iter().cloned().chain(odd).collect()
    }

    fn on_screen(&self, column: &str) -> String {
        let notation = self.notation.as_deref().map(|notation| notation.replace("  # ", ", "));
        let said: Vec<String> = notation.into_iter().chain(self.odd.clone()).collect();
        format!("`{}`: {}", in_comment(column), said.join("; "))
    }
}

fn quoted(cell: &OddCell, block: &Block) -> String {
    let times = if cell.count > 1 { format!(", {} times", cell.count) } else { String::new() };
    format!("`{}` ({}{times})", in_comment(&cell.text), block.position(cell.first))
}

/// What is said on the screen of columns of numbers: of five, and how many more there are.
pub(crate) fn of_numbers<'n>(notes: impl Iterator<Item = (&'n String, &'n NumberNote)>) -> Vec<String> {
    let mut told: Vec<String> = notes.map(|(column, note)| note.on_screen(column)).collect();
    let n_more = told.len().saturating_sub(MOST_TOLD);
    told.truncate(MOST_TOLD);
    if n_more > 0 {
        told.push(format!("{n_more} more columns of numbers have a remark in the draft"));
    }
    told
}

/// What is said of a column of numbers whose fractions a spreadsheet lost.
pub(crate) fn of_spoiled(sample: &Sample, block: &Block) -> Option<String> {
    let is_spoiled = |text: &String| text.matches('.').count() >= 2;
    let (text, row) = sample.texts.iter().zip(&sample.rows).find(|(text, _)| is_spoiled(text))?;
    let (n, all) = (sample.texts.iter().filter(|text| is_spoiled(text)).count(), sample.texts.len());
    let (name, text, at) = (in_comment(&sample.name), in_comment(text), block.position(*row as usize));
    Some(format!(
        "`{name}` is ignored: {n} of {all} cells are like `{text}` ({at}), as a spreadsheet leaves numbers whose decimal \
         point it took for one between thousands. Export them again; if they are counts, `numbers: decimal_comma`."
    ))
}

/// What is said of columns under a name that stands before them.
pub(crate) fn of_double(double: &Double, is_copy: bool) -> String {
    let Double { name, place, first, read_as, .. } = double;
    let (name, read_as) = (in_comment(name), in_comment(read_as));
    let then = match is_copy {
        true => format!("with equal cells in the rows looked at: `{read_as}`, the second, is ignored"),
        false => format!("with other cells: the second is called `{read_as}`"),
    };
    format!("`{name}` stands twice in the header, as columns {} and {}, {then}.", first + 1, place + 1)
}

/// What is said of columns that are not read.
pub(crate) fn of_unread(unread: &[(String, String)]) -> Option<String> {
    let mut told: Vec<String> =
        unread.iter().take(MOST_TOLD).map(|(name, kind)| format!("`{}` ({kind})", in_comment(name))).collect();
    if unread.len() > MOST_TOLD {
        told.push(format!("{} more", unread.len() - MOST_TOLD));
    }
    (!told.is_empty()).then(|| format!("Not read, for their kind: {}.", told.join(", ")))
}

/// What is said of times that stand in several columns.
pub(crate) fn of_parts(parts: &[String]) -> Option<String> {
    let first = parts.first()?;
    Some(format!(
        "{} columns such as `{}` hold times in parts, which are ignored: write each time into one column \
         (`2024-05-01 09:00:00`) to have order, sequences and a split by time.",
        parts.len(),
        in_comment(first)
    ))
}

/// What is said of rows that cannot be read.
pub(crate) fn of_rejects(rejects: &[Reject]) -> Option<String> {
    let mut told: Vec<String> = rejects.iter().take(MOST_TOLD).map(|reject| in_comment(&reject.in_words())).collect();
    if rejects.len() > MOST_TOLD {
        told.push(format!("{} more", rejects.len() - MOST_TOLD));
    }
    let n = rejects.len();
    (n > 0).then(|| format!("Rows of those looked at that cannot be read: {n} ({}).", told.join("; ")))
}

/// What is said of lines without a flow among the rows looked at.
pub(crate) fn of_left_out(left_out: &LeftOut) -> Option<String> {
    let kinds: Vec<String> = left_out.kinds().map(|(n, what)| format!("{n} {what}")).collect();
    (!kinds.is_empty()).then(|| format!("Left out among the rows looked at: {}.", kinds.join(", ")))
}

/// Whether two columns of the rows looked at hold the same cells.
pub(crate) fn is_copy(samples: &[Sample], double: &Double) -> bool {
    let (Some(first), Some(this)) = (samples.get(double.first), samples.get(double.place)) else { return false };
    first.texts == this.texts && first.rows == this.rows
}
