//! Verified records without quotes, as columns that point into their text: no cell is copied.

use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;
use polars_core::prelude::{Column, IntoColumn, PlSmallStr, StringChunked};

use crate::framing::quoting::among;

/// The cells of one column in the making.
struct Cells {
    views: Vec<View>,
    /// Rows without a value.
    missing: Vec<usize>,
}

/// The columns at `places`, ascending, of records with a cell for each of `names`. `text` holds them, each with a `\n`
/// behind it; no other stands in it, and nothing is quoted. An empty cell has no value. Of the second, where each record
/// ends, its `\n` not counted.
pub(crate) fn columns(
    text: &Buffer<u8>,
    n_rows: usize,
    delimiter: u8,
    names: &[String],
    places: &[usize],
) -> Result<(Vec<Column>, Vec<u32>), String> {
    let whole = std::str::from_utf8(text).map_err(|e| e.to_string())?.as_bytes();
    if whole.len() > u32::MAX as usize || !delimiter.is_ascii() {
        return Err("more text in a block than four bytes count".to_owned());
    }
    // Which of the columns in the making a cell belongs to; those that nobody asks for share the last.
    let mut slots = vec![places.len(); names.len()];
    places.iter().enumerate().for_each(|(slot, &place)| slots[place] = slot);
    let new = || Cells { views: Vec::with_capacity(n_rows), missing: Vec::new() };
    let mut cells: Vec<Cells> = places.iter().map(|_| new()).collect();
    let mut ends = Vec::with_capacity(n_rows);
    let (mut column, mut start) = (0, 0);
    let mut end_cell = |end: usize| -> Result<(), String> {
        let slot = slots.get(column).ok_or("a record has more cells than there are columns")?;
        if let Some(cells) = cells.get_mut(*slot) {
            if end == start {
                cells.missing.push(cells.views.len());
            }
            cells.views.push(view(whole, start, end));
        }
        column += 1;
        if whole[end] == b'\n' {
            if column != names.len() {
                return Err("a record has fewer cells than there are columns".to_owned());
            }
            ends.push(end as u32);
            column = 0;
        }
        start = end + 1;
        Ok(())
    };
    let (words, rest) = whole.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let mut hits = among(word, delimiter) | among(word, b'\n');
        while hits != 0 {
            end_cell(8 * i + hits.trailing_zeros() as usize / 8)?;
            hits &= hits - 1;
        }
    }
    for (i, byte) in rest.iter().enumerate() {
        if *byte == delimiter || *byte == b'\n' {
            end_cell(8 * words.len() + i)?;
        }
    }
    let buffers: Buffer<Buffer<u8>> = Buffer::from_vec(vec![text.clone()]);
    let column = |(cells, place): (Cells, &usize)| cells.column(&names[*place], &buffers);
    Ok((cells.into_iter().zip(places).map(column).collect(), ends))
}

/// The cell `start..end` of `text`.
#[inline(always)]
fn view(text: &[u8], start: usize, end: usize) -> View {
    let length = end - start;
    // Short cells are copied, sixteen bytes at once where there are so many: a call for each would cost more.
    if let (true, Some(bytes)) = (length <= View::MAX_INLINE_SIZE as usize, text[start..].first_chunk::<16>()) {
        let [_, prefix, buffer_idx, offset] = u32s((u128::from_le_bytes(*bytes) & !(u128::MAX << (8 * length))) << 32);
        return View { length: length as u32, prefix, buffer_idx, offset };
    }
    View::new_from_bytes(&text[start..end], 0, start as u32)
}

/// Four times four bytes, the lowest first.
#[inline(always)]
fn u32s(wide: u128) -> [u32; 4] {
    [wide as u32, (wide >> 32) as u32, (wide >> 64) as u32, (wide >> 96) as u32]
}

impl Cells {
    fn column(self, name: &str, buffers: &Buffer<Buffer<u8>>) -> Column {
        let Cells { views, missing } = self;
        let validity = (!missing.is_empty()).then(|| {
            let mut validity = MutableBitmap::from_len_set(views.len());
            missing.iter().for_each(|row| validity.set(*row, false));
            validity.into()
        });
        // SAFETY: each view was made of a piece of the one buffer, which is UTF-8 and was cut at ASCII bytes.
        let array = unsafe {
            Utf8ViewArray::new_unchecked_unknown_md(
                ArrowDataType::Utf8View,
                Buffer::from_vec(views),
                buffers.clone(),
                validity,
                None,
            )
        };
        StringChunked::with_chunk(PlSmallStr::from_str(name), array).into_column()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, names: &[&str], places: &[usize]) -> Result<Vec<Vec<Option<String>>>, String> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let n_rows = text.lines().count();
        let (columns, ends) = columns(&Buffer::from_vec(text.as_bytes().to_vec()), n_rows, b',', &names, places)?;
        let line_ends: Vec<u32> = text.bytes().zip(0..).filter(|(b, _)| *b == b'\n').map(|(_, i)| i).collect();
        assert_eq!(ends, line_ends);
        let cells = |c: &Column| c.str().unwrap().iter().map(|cell| cell.map(str::to_owned)).collect();
        Ok(columns.iter().map(cells).collect())
    }

    #[test]
    fn cells_of_every_length_come_as_they_stand() {
        let alphabet: Vec<char> = "0ä2-4567".repeat(9).chars().collect();
        let cell = |row: usize, column: usize| String::from_iter(&alphabet[row % 9..][..(row * 7 + column) % 40]);
        let rows: Vec<Vec<String>> = (0..80).map(|row| (0..5).map(|column| cell(row, column)).collect()).collect();
        let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
        for places in [&[0, 1, 2, 3, 4][..], &[1, 4], &[3], &[]] {
            let found = texts(&text, &["a", "b", "c", "d", "e"], places).unwrap();
            let cell = |row: &Vec<String>, place: usize| Some(row[place].clone()).filter(|cell| !cell.is_empty());
            let column = |place: &usize| rows.iter().map(|row| cell(row, *place)).collect::<Vec<_>>();
            let expected: Vec<Vec<Option<String>>> = places.iter().map(column).collect();
            assert_eq!(found, expected, "{places:?}");
        }
    }

    #[test]
    fn a_record_of_another_width_is_refused() {
        assert!(texts("1,2\n3\n", &["a", "b"], &[0, 1]).unwrap_err().contains("fewer"));
        assert!(texts("1,2\n3,4,5\n", &["a", "b"], &[0]).unwrap_err().contains("more"));
    }
}
