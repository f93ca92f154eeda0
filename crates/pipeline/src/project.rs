//! Where things are: the folder that relative paths start from, and the home that runs and models are written to.

use std::path::{Path, PathBuf};

/// The folders of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Relative paths in configs start here: the nearest parent that holds `configs/`, else the working directory.
    pub root: PathBuf,
    /// `experiments/`, `models/` and `artifacts/` stand here.
    pub home: PathBuf,
}

impl Project {
    /// The project around `from` (a config file or a folder). `home`, when given, takes the place of the root for what
    /// is written; `NTA_HOME` does where it is not.
    pub fn around(from: &Path, home: Option<&Path>) -> Self {
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let start = if from.is_absolute() { from.to_owned() } else { working.join(from) };
        let root = start.ancestors().find(|folder| folder.join("configs").is_dir()).map(Path::to_owned);
        let root = root.unwrap_or(working);
        let home = home.map(Path::to_owned).or_else(|| std::env::var_os("NTA_HOME").map(PathBuf::from));
        Project { home: home.unwrap_or_else(|| root.clone()), root }
    }
}

/// Replaces `${NAME}` and `${NAME:-default}` by the environment. `Err` names a variable that is not set and has no
/// default.
pub(crate) fn expand(text: &str) -> Result<String, String> {
    expand_with(text, |name| std::env::var(name).ok())
}

fn expand_with(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        let inside = &rest[start + 2..start + length];
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let value = lookup(name).filter(|v| !v.is_empty()).or_else(|| default.map(str::to_owned));
        out.push_str(&value.ok_or_else(|| name.to_owned())?);
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_defaults_fill_in() {
        let lookup = |name: &str| (name == "DIR").then(|| "/traffic".to_owned());
        assert_eq!(expand_with("${DIR:-data}/a.csv", lookup).unwrap(), "/traffic/a.csv");
        assert_eq!(expand_with("${NO:-data}/${DIR}", lookup).unwrap(), "data//traffic");
        assert_eq!(expand_with("${NO}/a", lookup).unwrap_err(), "NO");
        assert_eq!(expand_with("plain $ {x", lookup).unwrap(), "plain $ {x");
    }
}
