//! One line that is a flat object of JSON, without building it: names and values stay where they stand. What is nested, holds
//! an escape or is not right is left to serde_json, which says what is wrong.

use std::borrow::Cow;

use serde_json::Number;

use crate::decode::named_fields::NamedField;
use crate::limits::LONGEST_NAME;

/// Digits that any two numbers of so many differ in as `f64` too, so that they are written again as they were.
const SURE_DIGITS: usize = 15;

/// Zeros behind the point of a number below 1 that is still written without an exponent.
const SURE_ZEROS: usize = 3;

/// The fields in the order written, values as [`super::zeek_json::text`] tells them; `None` where the line is left to others.
pub(super) fn fields(line: &str) -> Option<Vec<NamedField<'_>>> {
    let mut scan = Scan { text: line, at: 0 };
    let mut fields = Vec::with_capacity(16);
    scan.expect(b'{')?;
    if scan.peek()? == b'}' {
        scan.at += 1;
        return scan.is_over().then_some(fields);
    }
    loop {
        let name = scan.quoted()?;
        if name.len() > LONGEST_NAME {
            return None;
        }
        scan.expect(b':')?;
        fields.push((Cow::Borrowed(name), scan.value()?));
        match scan.peek()? {
            b',' => scan.at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    scan.at += 1;
    scan.is_over().then_some(fields)
}

struct Scan<'l> {
    text: &'l str,
    at: usize,
}

impl<'l> Scan<'l> {
    fn rest(&self) -> &'l [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// A text without escapes.
    fn quoted(&mut self) -> Option<&'l str> {
        self.expect(b'"')?;
        let length = self.rest().iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let text = &self.text[self.at..self.at + length];
        (self.rest()[length] == b'"').then(|| {
            self.at += length + 1;
            text
        })
    }

    fn value(&mut self) -> Option<Option<Cow<'l, str>>> {
        let text = match self.peek()? {
            b'"' => Cow::Borrowed(self.quoted()?),
            b't' => Cow::Borrowed(self.word("true", "T")?),
            b'f' => Cow::Borrowed(self.word("false", "F")?),
            b'n' => return self.word("null", "").map(|_| None),
            _ => self.number()?,
        };
        Some(Some(text).filter(|text| says_something(text)))
    }

    fn word(&mut self, word: &str, told: &'static str) -> Option<&'static str> {
        self.rest().starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            told
        })
    }

    /// A number as serde_json writes it after reading it.
    fn number(&mut self) -> Option<Cow<'l, str>> {
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().iter().position(|byte| !is_part(byte))?;
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        match is_written_so(text) {
            true => Some(Cow::Borrowed(text)),
            false => serde_json::from_str::<Number>(text).ok().map(|number| Cow::Owned(number.to_string())),
        }
    }
}

/// Whether a number is surely one of JSON's, and surely written by serde_json as it stands here.
fn is_written_so(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) || whole.len() > SURE_DIGITS {
        return false;
    }
    let Some(fraction) = fraction else { return unsigned.len() == text.len() || whole != "0" };
    are_digits(fraction)
        && whole.len() + fraction.len() <= SURE_DIGITS
        && (fraction == "0" || !fraction.ends_with('0'))
        && (whole != "0" || fraction.bytes().take_while(|&byte| byte == b'0').count() <= SURE_ZEROS)
}

/// Whether a text is none of those that stand for nothing.
pub(super) fn says_something(text: &str) -> bool {
    !text.is_empty() && text != "-" && text != "(empty)"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_stays_as_it_stands_is_what_serde_json_writes() {
        let mut n_sure = 0;
        let mut check = |text: &str| {
            if is_written_so(text) {
                n_sure += 1;
                assert_eq!(serde_json::from_str::<Number>(text).unwrap().to_string(), text);
            }
        };
        // Numbers of all lengths and places of the point, from a fixed sequence (Marsaglia's xorshift).
        let mut state = 88_172_645_463_325_252u64;
        for _ in 0..100_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let digits = (state % 10u64.pow((state >> 60) as u32 + 1)).to_string();
            let point = (state >> 32) as usize % (digits.len() + 1);
            check(&digits);
            check(&format!("-{digits}"));
            check(&format!("{}.{}", &digits[..point], &digits[point..]));
            check(&format!("-0.{digits}"));
            check(&format!("0.{}{digits}", "0".repeat(point % 6)));
        }
        assert!(n_sure > 100_000, "{n_sure}");
        for odd in [
            "",
            "-",
            ".",
            "1.",
            ".1",
            "01",
            "-0",
            "1e5",
            "1.50",
            "0.00001",
            "+1",
            "1-1",
            "1.1.1",
            "--1",
            "1234567890123456",
        ] {
            assert!(!is_written_so(odd), "{odd}");
        }
    }

    #[test]
    fn what_is_not_flat_or_not_right_is_left_to_others() {
        for line in [
            "",
            "{",
            "[]",
            "{}x",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":"\n"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":tru}"#,
            r#"{"a":01}"#,
            r#"{"a":1 2}"#,
            r#"{a:1}"#,
            r#"{"a":truex}"#,
            r#"{,}"#,
            r#"{"a":-}"#,
            r#"{"a":1e999}"#,
            r#"{"a":NaN}"#,
        ] {
            assert_eq!(fields(line), None, "{line}");
        }
    }
}
