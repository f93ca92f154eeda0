//! Parquet files damaged byte by byte: refused in words or read, never a panic, an abort or a great allocation.

use std::path::Path;

use nta_data::Quiet;

use crate::tests::bounds::{hostile, options, refusal};
use crate::{Added, AddedValues, Source, TableWriter, read, read_columns};

const ROWS: usize = 3_000;

fn small_file(folder: &Path) -> Vec<u8> {
    let path = folder.join("whole.parquet");
    let integers: Vec<i64> = (0..ROWS as i64).map(|i| i * 37 % 911).collect();
    let flags: Vec<bool> = (0..ROWS).map(|i| i % 3 == 0).collect();
    let mut writer = TableWriter::create(&path, None).unwrap();
    let added = [
        Added { name: "bytes", values: AddedValues::Integer(&integers) },
        Added { name: "flag", values: AddedValues::Flag(&flags) },
    ];
    writer.write_columns(&added).unwrap();
    writer.finish().unwrap();
    std::fs::read(&path).unwrap()
}

/// Reads the bytes as a file; the refusal, if any.
fn told(folder: &Path, bytes: &[u8]) -> Option<String> {
    let path = folder.join("t.parquet");
    std::fs::write(&path, bytes).unwrap();
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    read(&source, &options(), &Quiet).err().map(|error| error.to_string())
}

#[test]
fn damaged_files_are_refused_in_words_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = small_file(folder.path());
    assert_eq!(told(folder.path(), &whole), None);
    let footer = whole.len() - 8 - u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().unwrap()) as usize;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut refused = 0;
    for trial in 0..400 {
        let mut bytes = whole.clone();
        // Half of them where the sizes and counts stand: the footer, and the first header of a page.
        let at = match trial % 4 {
            0 | 1 => random(whole.len()),
            2 => footer + random(whole.len() - footer),
            _ => 4 + random(40),
        };
        bytes[at] = match trial % 3 {
            0 => bytes[at] ^ (1 << random(8)),
            1 => 0xff,
            _ => random(256) as u8,
        };
        refused += usize::from(told(folder.path(), &bytes).is_some());
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn files_that_broke_the_reader_are_refused_by_name() {
    for name in ["abort.parquet", "panic.parquet"] {
        if let Some(path) = hostile(name) {
            let message = read_columns(&path).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("is damaged: "), "{message}");
        }
    }
}

#[test]
fn a_page_that_unpacks_to_more_than_the_budget_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = small_file(folder.path());
    // The first header: field 1, the kind of page, in bytes 4 and 5; field 2, the size unpacked, in byte 6 and a varint.
    assert_eq!((whole[4], whole[6]), (0x15, 0x15));
    let end = 7 + whole[7..].iter().position(|b| *b < 0x80).unwrap() + 1;
    let mut bytes = whole[..7].to_vec();
    let mut size = 2 * (500u64 << 20);
    while size >= 0x80 {
        bytes.push(size as u8 | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
    bytes.extend_from_slice(&whole[end..]);
    let message = told(folder.path(), &bytes).unwrap();
    let said = "column `bytes`: a page of 524288000 bytes when unpacked, more than the ";
    assert!(message.contains(said), "{message}");
}

#[test]
fn a_list_in_the_footer_that_is_longer_than_the_footer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"PAR1".to_vec();
    // Field 2, the schema: a list of two thousand million structures.
    let footer = [0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0];
    bytes.extend_from_slice(&footer);
    bytes.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    bytes.extend_from_slice(b"PAR1");
    std::fs::write(folder.path().join("t.parquet"), &bytes).unwrap();
    let message = refusal(&folder.path().join("t.parquet"));
    assert!(message.contains("t.parquet is damaged: its footer breaks off or contradicts itself"), "{message}");
}
