//! Ids and secrets.

use std::io;

use nta_data::hex;

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

/// Whether `text` is an id of ours: nothing else becomes part of a path.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_ids() {
        let made = id().unwrap();
        assert!(is_id(&made), "{made}");
        assert_ne!(made, id().unwrap());
        for other in
            ["", "..", "../../../../etc/passwd", "0123456789abcdef0123456789abcdeG", "0123456789ABCDEF0123456789ABCDEF"]
        {
            assert!(!is_id(other), "{other}");
        }
    }
}
