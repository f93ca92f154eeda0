//! Names in a message: the first few, and how many more there are.

/// Names that a message spells out.
const SPELT_OUT: usize = 5;

/// `a, b, c, d, e and 12 more`.
///
/// ```
/// assert_eq!(nta_data::listed(&["a", "b"]), "a, b");
/// assert_eq!(nta_data::listed(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
/// ```
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let first: Vec<&str> = names.iter().take(SPELT_OUT).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(SPELT_OUT) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
