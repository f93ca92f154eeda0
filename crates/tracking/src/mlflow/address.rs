//! A server's address, taken apart so that nothing secret stays in what is shown or kept.

/// Base address without a slash at its end, and the login that stood in it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `http://host:5000/prefix`.
    pub(crate) base: String,
    /// User name and password.
    pub(crate) login: Option<(String, String)>,
}

impl Address {
    /// Reads an address. The complaint never quotes it: it may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let scheme = text.split(':').next().unwrap_or_default();
        if !matches!(scheme, "http" | "https") {
            let is_scheme =
                scheme.len() < text.len() && scheme.len() <= 20 && scheme.bytes().all(|b| b.is_ascii_lowercase());
            let what = if is_scheme { format!("`{scheme}:`") } else { "it".to_owned() };
            return Err(format!(
                "{what} is no address of a server: start one with `mlflow server` and give its http:// or https:// address"
            ));
        }
        let mut url = reqwest::Url::parse(text).map_err(|e| format!("it is no address: {e}"))?;
        let login = (!url.username().is_empty() || url.password().is_some())
            .then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())));
        // Neither fails on an address with a host, which http and https always have.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Address { base: url.as_str().trim_end_matches('/').to_owned(), login })
    }
}

/// `%40` as `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_taken_out_of_the_address() {
        let address = Address::parse("https://me:p%40ss@host:5000/ml/?a=1#b").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(address.base, "https://host:5000/ml");
        assert_eq!(address.login, Some(("me".to_owned(), "p@ss".to_owned())));
        let plain = Address::parse("http://host").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((plain.base.as_str(), plain.login), ("http://host", None));
    }

    #[test]
    fn what_is_no_server_is_refused_without_being_quoted() {
        for bad in ["sqlite:///secret.db", "databricks", "http://", "./secret", "http://me:secret@"] {
            let why = Address::parse(bad).err().unwrap_or_default();
            assert!(!why.is_empty() && !why.contains("secret"), "{bad}: {why}");
        }
    }
}
