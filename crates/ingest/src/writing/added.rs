//! Columns that are put beside those of the input.

/// A column put beside the input's.
#[derive(Debug, Clone, Copy)]
pub struct Added<'a> {
    /// Its name, which the input must not have.
    pub name: &'a str,
    /// One value a row.
    pub values: AddedValues<'a>,
}

/// Values of an added column.
#[derive(Debug, Clone, Copy)]
pub enum AddedValues<'a> {
    /// Numbers with fractions.
    Float(&'a [f32]),
    /// True or false.
    Flag(&'a [bool]),
    /// Text.
    Text(&'a [&'a str]),
    /// Whole numbers.
    Integer(&'a [i64]),
}

impl AddedValues<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            AddedValues::Float(v) => v.len(),
            AddedValues::Flag(v) => v.len(),
            AddedValues::Text(v) => v.len(),
            AddedValues::Integer(v) => v.len(),
        }
    }
}
