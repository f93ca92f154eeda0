//! Long lists in pieces that a server takes.

use serde_json::Value;

/// Pieces of at most `most` entries and about `bytes` bytes, in order.
pub(super) fn of(entries: &[Value], most: usize, bytes: usize) -> Vec<&[Value]> {
    let (mut pieces, mut begun, mut size) = (Vec::new(), 0, 0);
    for (i, entry) in entries.iter().enumerate() {
        let length = entry.to_string().len() + 1;
        if i > begun && (i - begun == most || size + length > bytes) {
            pieces.push(&entries[begun..i]);
            (begun, size) = (i, 0);
        }
        size += length;
    }
    if begun < entries.len() {
        pieces.push(&entries[begun..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_stands_in_one_piece_and_pieces_keep_to_both_bounds() {
        let entries: Vec<Value> = (0..25).map(|i| Value::from("x".repeat(i))).collect();
        assert_eq!(of(&entries, 1_000, 1_000_000).len(), 1);
        assert!(of(&[], 10, 10).is_empty());
        for (most, bytes) in [(10, 1_000_000), (1_000, 60), (3, 1), (25, 400)] {
            let pieces = of(&entries, most, bytes);
            assert_eq!(pieces.concat(), entries);
            for piece in pieces {
                let size: usize = piece.iter().map(|entry| entry.to_string().len() + 1).sum();
                assert!(piece.len() <= most && (size <= bytes || piece.len() == 1), "{size} in {}", piece.len());
            }
        }
    }
}
