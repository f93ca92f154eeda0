//! Cells that a spreadsheet shows and does not compute.

use std::borrow::Cow;

/// A text of ours, or a name that a file brought, as a cell of a CSV file: where a spreadsheet would take it for a formula,
/// behind an apostrophe. Numbers stay numbers, `-0.5` too.
pub fn inert_cell(cell: &str) -> Cow<'_, str> {
    let may_compute = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if may_compute && cell.parse::<f64>().is_err() { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_stand_behind_an_apostrophe_and_numbers_as_they_are() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-"] {
            assert_eq!(inert_cell(formula), format!("'{formula}"));
        }
        for plain in ["", "-0.5", "+3", "-1e-7", "bytes", "a=b", "'=1"] {
            assert!(matches!(inert_cell(plain), Cow::Borrowed(same) if same == plain));
        }
    }
}
