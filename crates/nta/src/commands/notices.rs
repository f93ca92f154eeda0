//! `nta notices`: whose libraries the binary holds, and their licences.

use std::io::Write;

use serde::Serialize;

use crate::args::Common;
use crate::{commands, visible};

/// Written by `scripts/notices`.
const NOTICES: &str = include_str!("../../../../THIRD-PARTY-NOTICES");

/// A library that the binary links.
#[derive(Serialize)]
struct Library<'a> {
    name: &'a str,
    version: &'a str,
    /// An SPDX expression, as the library states it.
    licence: &'a str,
}

pub(crate) fn notices(common: &Common) -> anyhow::Result<()> {
    if common.json {
        return commands::json(&libraries().collect::<Vec<_>>());
    }
    write!(visible::out(), "{NOTICES}")?;
    Ok(())
}

/// The tables at the beginning: three columns, indented, up to the first text.
fn libraries() -> impl Iterator<Item = Library<'static>> {
    let rows = NOTICES.lines().take_while(|line| !line.starts_with("==="));
    rows.filter_map(|line| {
        let (name, rest) = line.strip_prefix("  ")?.split_once(' ')?;
        let (version, licence) = rest.trim_start().split_once(' ')?;
        Some(Library { name, version, licence: licence.trim_start() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_name_version_and_licence() {
        let found: Vec<_> = libraries().collect();
        assert!(found.len() > 200, "{}", found.len());
        let polars = found.iter().find(|library| library.name == "polars-core").unwrap();
        assert!(polars.version.starts_with("0."));
        assert_eq!(polars.licence, "MIT");
    }

    #[test]
    fn the_text_is_fit_for_a_terminal() {
        assert_eq!(visible::one_line(&NOTICES.replace('\n', " ")), NOTICES.replace('\n', " "));
    }
}
