//! Cells of separated text without quotes, as polars reads them: what stands between separators, and nothing where nothing
//! does.

use polars_core::prelude::{Column, DataFrame, IntoColumn, IntoSeries, PlSmallStr, StringChunkedBuilder};

/// The columns at `places`, ascending, else all, of `n_rows` records of `text`, each ended by a line feed and of as many
/// values as there are `names`.
pub(super) fn frame(
    text: &[u8],
    delimiter: u8,
    names: &[String],
    places: Option<&Vec<usize>>,
    n_rows: usize,
) -> Result<DataFrame, String> {
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    let every: Vec<usize>;
    let places = match places {
        Some(places) => places,
        None => {
            every = (0..names.len()).collect();
            &every
        }
    };
    let builder = |place: &usize| StringChunkedBuilder::new(PlSmallStr::from_str(&names[*place]), n_rows);
    let mut builders: Vec<StringChunkedBuilder> = places.iter().map(builder).collect();
    for record in text.split_terminator('\n') {
        let mut cells = record.split(char::from(delimiter));
        let mut next = 0;
        for (builder, place) in builders.iter_mut().zip(places) {
            let cell = cells.nth(place - next).ok_or("a record with fewer values than columns")?;
            builder.append_option(Some(cell).filter(|cell| !cell.is_empty()));
            next = place + 1;
        }
    }
    let columns: Vec<Column> = builders.into_iter().map(|b| b.finish().into_series().into_column()).collect();
    DataFrame::new(n_rows, columns).map_err(|error| error.to_string())
}
