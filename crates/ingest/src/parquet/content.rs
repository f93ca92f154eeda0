//! Looks into pages whose contents say how much room the reader shall make: those of the delta encodings. All others are
//! as long as their headers say, or shorter.

use std::io::Cursor;

use polars_buffer::Buffer;
use polars_core::error::{PolarsResult, polars_err};
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::page::{DataPage, split_buffer};
use polars_parquet::read::{BasicDecompressor, ColumnChunkMetadata, PageReader};

use crate::parquet::delta;
use crate::parquet::pages::LARGEST_PAGE;

/// The reader of pages that stand one after the other in `bytes`.
pub(super) fn page_reader(column: &ColumnChunkMetadata, bytes: Buffer<u8>) -> BasicDecompressor {
    let pages = PageReader::new(Cursor::new(bytes), column, Vec::new(), LARGEST_PAGE as usize);
    BasicDecompressor::new(pages, Vec::new())
}

/// Refuses a page whose lengths are not those of its bytes. `n_pages` data pages stand in `bytes`.
pub(super) fn check(column: &ColumnChunkMetadata, bytes: &Buffer<u8>, n_pages: usize) -> PolarsResult<()> {
    let mut pages = page_reader(column, bytes.clone());
    pages.read_dict_page()?;
    for _ in 0..n_pages {
        let Some(page) = pages.next() else { break };
        let page = page?;
        let encoding = Encoding::try_from(page.page().header().encoding())?;
        if is_delta(encoding) {
            let page = page.decompress(&mut pages)?;
            let checked = check_page(&page, encoding);
            checked.map_err(|problem| polars_err!(ComputeError: "a page is damaged: {problem}"))?;
            pages.reuse_page_buffer(page);
        }
    }
    Ok(())
}

fn is_delta(encoding: Encoding) -> bool {
    use Encoding::{DeltaBinaryPacked, DeltaByteArray, DeltaLengthByteArray};
    matches!(encoding, DeltaBinaryPacked | DeltaLengthByteArray | DeltaByteArray)
}

fn check_page(page: &DataPage, encoding: Encoding) -> Result<(), String> {
    let values = split_buffer(page).map_err(|e| e.to_string())?.values;
    match encoding {
        Encoding::DeltaBinaryPacked => delta::check_numbers(values, page.num_values()),
        Encoding::DeltaLengthByteArray => delta::check_texts(values, page.num_values()),
        _ => delta::check_shared_texts(values, page.num_values(), LARGEST_PAGE as u64),
    }
}
