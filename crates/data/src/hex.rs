//! Bytes as text, as digests and keys are written.

/// Two lower-case hex letters a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_byte_has_two_letters() {
        assert_eq!(super::hex(&[0, 9, 171, 255]), "0009abff");
    }
}
