//! The scaler as a NumPy array, for readers in Python.

/// Bytes of a `.npy` file, format 1.0 (numpy.lib.format): magic, version, header length, a Python dictionary padded so
/// that the data begin at a multiple of 64, then `rows` in C order as little-endian f64. All rows have one length.
pub(super) fn npy(rows: &[Vec<f64>]) -> Vec<u8> {
    let n_columns = rows.first().map_or(0, Vec::len);
    let shape = format!("({}, {n_columns})", rows.len());
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let before = b"\x93NUMPY".len() + 2 + 2;
    while !(before + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_the_format_says() {
        let bytes = npy(&[vec![1.5, -2.0, 0.0], vec![1.0, 2.0, 3.0]]);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = std::str::from_utf8(&bytes[10..128]).unwrap();
        assert_eq!(header.trim_end(), "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }");
        assert!(header.ends_with(" \n"));
        assert_eq!(bytes.len(), 128 + 6 * 8);
        assert_eq!(bytes[128..136], 1.5f64.to_le_bytes());
        assert_eq!(bytes[168..176], 3.0f64.to_le_bytes());
    }
}
