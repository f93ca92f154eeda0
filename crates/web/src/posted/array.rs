//! An array of objects as lines of JSON: a line each, in the place where they stand.

use memchr::memchr2;

use crate::error::Problem;

/// An array of objects as lines of JSON, in the same bytes; anything else as it is. Only where an object ends is looked for: the
/// reader of lines says what is wrong within one, and its line is the element's number.
pub(super) fn as_lines(mut rows: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let begin = rows.iter().position(|byte| !byte.is_ascii_whitespace());
    let Some(begin) = begin.filter(|begin| rows[*begin] == b'[') else { return Ok(rows) };
    rows[..=begin].fill(b' ');
    let refuse = |why: String| Problem::refuse(format!("the array of flows: {why}"));
    let mut at = begin + 1;
    for nth in 1.. {
        at = pass_space(&mut rows, at);
        match rows.get(at) {
            Some(b']') if nth == 1 => return nothing_behind(&rows, at).map(|()| Vec::new()),
            Some(b'{') => {}
            _ => return Err(refuse(format!("element {nth} is no object; it breaks off, or holds something else"))),
        }
        at = object_end(&mut rows, at).ok_or_else(|| refuse(format!("it breaks off in element {nth}")))?;
        at = pass_space(&mut rows, at);
        match rows.get(at) {
            Some(b',') => rows[at] = b'\n',
            Some(b']') => break,
            _ => return Err(refuse(format!("it breaks off after element {nth}"))),
        }
        at += 1;
    }
    nothing_behind(&rows, at)?;
    rows.truncate(at);
    Ok(rows)
}

fn nothing_behind(rows: &[u8], end: usize) -> Result<(), Problem> {
    match rows[end + 1..].trim_ascii().is_empty() {
        true => Ok(()),
        false => Err(Problem::refuse("the array of flows: something stands behind its end")),
    }
}

/// The place of the next byte that is no white space; line breaks on the way become spaces.
fn pass_space(rows: &mut [u8], mut at: usize) -> usize {
    while let Some(byte) = rows.get_mut(at).filter(|byte| byte.is_ascii_whitespace()) {
        *byte = b' ';
        at += 1;
    }
    at
}

/// The place behind the object that begins at `at`. Line breaks within it become spaces, but for those in texts, which the
/// reader then refuses as JSON does.
fn object_end(rows: &mut [u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match *rows.get(at)? {
            b'"' => at = text_end(rows, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'\n' | b'\r' => rows[at] = b' ',
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The place of the quote that ends the text whose first byte stands at `at`.
fn text_end(rows: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', rows.get(at..)?)?;
        if rows[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn lines(text: &str) -> Result<Vec<String>, Problem> {
        let bytes = as_lines(text.as_bytes().to_vec())?;
        Ok(String::from_utf8(bytes).unwrap().lines().map(|line| line.trim().to_owned()).collect())
    }

    #[test]
    fn an_array_is_lines_and_all_else_stays() {
        let found = lines(" [{\"b\": 1,\n \"a\": \"x],\\\"\"}, {\"c\":{}}\n]\n").unwrap();
        assert_eq!(found, ["{\"b\": 1,  \"a\": \"x],\\\"\"}", "{\"c\":{}}"]);
        assert_eq!(lines("[ ]").unwrap(), Vec::<String>::new());
        assert_eq!(as_lines(b"a,b\n1,2\n".to_vec()).unwrap(), b"a,b\n1,2\n");
        let escaped = r#"[{"a":"\\"},{"b":"\\\""}]"#;
        assert_eq!(lines(escaped).unwrap(), [r#"{"a":"\\"}"#, r#"{"b":"\\\""}"#]);
        for broken in [
            "[1]",
            "[",
            "[{}",
            "[{},",
            "[{},]",
            "[{} {}]",
            "[{}] x",
            "[] x",
            "[{\"a]",
            "[{\"a\\",
            "[{\"a\":{}",
            "[{\"a\":]}]",
        ] {
            assert_eq!(lines(broken).unwrap_err().status, StatusCode::BAD_REQUEST, "{broken}");
        }
    }

    #[test]
    fn what_is_wrong_within_an_object_is_left_to_the_reader_of_its_line() {
        for broken in ["[{\"a\":}]", "[{\"a\":\"\n\"}]", "[{1}]"] {
            let first = lines(broken).unwrap().swap_remove(0);
            assert!(serde_json::from_str::<serde_json::Value>(&first).is_err(), "{broken}");
        }
    }
}
