//! Rows as the text that they came as, for writing them again without looking at a cell.

use polars_buffer::Buffer;

/// Rows of comma-separated text in which nothing is quoted and nothing asks to be: no quotation mark, no break within.
#[derive(Clone)]
pub(crate) struct Lines {
    text: Buffer<u8>,
    /// Where each row ends; its break follows there.
    ends: Vec<u32>,
}

impl Lines {
    /// Rows that end at `ends` of `text`, each with one byte behind it.
    pub(crate) fn new(text: Buffer<u8>, ends: Vec<u32>) -> Lines {
        Lines { text, ends }
    }

    /// Each row without its break.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let line = &self.text[start..end as usize];
            start = end as usize + 1;
            line
        })
    }
}
