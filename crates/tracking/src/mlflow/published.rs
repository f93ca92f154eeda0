//! Models that a server holds, by the names that MLflow gives them: `models:/name/3` and `models:/name@champion`.

use std::fmt;
use std::path::Path;

use super::Server;
use super::delivery::proxied;
use super::http::{Http, Wait};
use crate::TrackingError;

/// A model's name on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUri {
    name: String,
    version: WhichVersion,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum WhichVersion {
    Number(u64),
    Alias(String),
}

/// A version that a server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub name: String,
    /// Its number.
    pub version: String,
    /// The id of the logged model behind it: letters, digits, `-` and `_`.
    pub model: String,
    root: String,
}

/// A server that models are fetched from.
pub struct Store<'a> {
    http: Http<'a>,
}

impl ModelUri {
    /// Reads `models:/name/3` or `models:/name@alias`; `None` for anything that does not begin with `models:/`.
    ///
    /// # Errors
    /// A name, number or alias that is none.
    pub fn parse(text: &str) -> Option<Result<Self, TrackingError>> {
        let rest = text.strip_prefix("models:/")?;
        let bad = || {
            let why = format!("`{text}` names no published model: write `models:/name/3` or `models:/name@alias`");
            Err(TrackingError::setting("MODEL", why))
        };
        let (name, version) = match (rest.rsplit_once('@'), rest.rsplit_once('/')) {
            (Some((name, alias)), _) => (name, WhichVersion::Alias(alias.to_owned())),
            (None, Some((name, number))) => match number.parse() {
                Ok(number) => (name, WhichVersion::Number(number)),
                Err(_) => return Some(bad()),
            },
            (None, None) => return Some(bad()),
        };
        let empty = name.is_empty() || matches!(&version, WhichVersion::Alias(alias) if alias.is_empty());
        if empty || name.contains('/') {
            return Some(bad());
        }
        Some(Ok(ModelUri { name: name.to_owned(), version }))
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "models:/{}/{}", self.name, self.version)
    }
}

impl<'a> Store<'a> {
    /// Makes ready to ask; `wait` pauses between tries.
    ///
    /// # Errors
    /// Certificates that cannot be used.
    pub fn new(server: Server, wait: Wait<'a>) -> Result<Self, TrackingError> {
        Ok(Store { http: Http::new(server, wait)? })
    }

    /// Finds the version that is meant.
    ///
    /// # Errors
    /// A server that does not answer or has no such version, a version without files that can be fetched through it.
    pub fn find(&self, uri: &ModelUri) -> Result<Published, TrackingError> {
        let answer = match &uri.version {
            WhichVersion::Alias(alias) => {
                self.http.get("registered-models/alias", &[("name", &uri.name), ("alias", alias)])?
            }
            WhichVersion::Number(number) => {
                self.http.get("model-versions/get", &[("name", &uri.name), ("version", &number.to_string())])?
            }
        };
        let version = self.http.text(&answer, "/model_version/version")?;
        let source = self.http.text(&answer, "/model_version/source")?;
        let base = &self.http.server().base;
        let id = source.strip_prefix("models:/").filter(|id| is_plain(id)).ok_or_else(|| {
            let why = format!("version {version} of {} was not published by nta: it is no logged model", uri.name);
            TrackingError::unfit(base, why)
        })?;
        let model = self.http.logged_model(id)?;
        let root = proxied(&model.artifacts).ok_or_else(|| {
            TrackingError::unfit(base, format!("it keeps the files of {id} elsewhere, at {}", model.artifacts))
        })?;
        if !version.bytes().all(|b| b.is_ascii_digit()) || version.is_empty() {
            return Err(TrackingError::unfit(base, "it gives a version whose number is none"));
        }
        Ok(Published { name: uri.name.clone(), version, model: id.to_owned(), root: root.to_owned() })
    }

    /// Writes the model's file `name` to the file `to`. More than `most` bytes are refused: what a server sends is not trusted.
    ///
    /// # Errors
    /// A file that is not there or too long, a server that does not answer.
    pub fn fetch(&self, of: &Published, name: &str, most: u64, to: &Path) -> Result<(), TrackingError> {
        self.http.fetch(&format!("{}/{name}", of.root), most, to)
    }
}

/// A name that can be a folder and nothing else.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let parse = |text: &str| ModelUri::parse(text).map(|found| found.map(|uri| (uri.name, uri.version)));
        assert!(parse("ctu13@champion").is_none() && parse("models/ctu13/3").is_none());
        let alias = parse("models:/ctu13@champion").unwrap().unwrap();
        assert_eq!(alias, ("ctu13".to_owned(), WhichVersion::Alias("champion".to_owned())));
        assert_eq!(parse("models:/ctu13/3").unwrap().unwrap().1, WhichVersion::Number(3));
        for bad in
            ["models:/", "models:/a", "models:/a/b", "models:/@x", "models:/a@", "models:/../x@y", "models:/a/-1"]
        {
            assert!(parse(bad).unwrap().is_err(), "{bad}");
        }
        for bad in ["", "..", "a/b", "m%2f", &"m".repeat(65)] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
