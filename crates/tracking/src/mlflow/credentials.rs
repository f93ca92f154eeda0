//! The login, from where MLflow's client takes it: the environment, then ~/.mlflow/credentials.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::TrackingError;

/// Looks a variable of the environment up; empty ones count as not set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What a request says about who asks.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    None,
    Basic { user: String, password: String },
    Bearer(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::None => "none",
            Login::Basic { .. } => "a user name and a password",
            Login::Bearer(_) => "a token",
        })
    }
}

const USER: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";

/// User name and password go before a token, the environment before the file, the file before what stands in the address.
pub(crate) fn login(
    in_address: Option<(String, String)>,
    environment: Environment<'_>,
) -> Result<Login, TrackingError> {
    let file = environment("HOME").map(|home| Path::new(&home).join(".mlflow/credentials"));
    let kept = file.as_deref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let value = |name: &str| environment(name).or_else(|| in_section(&kept, &name.to_ascii_lowercase()));
    match (value(USER), value(PASSWORD)) {
        (Some(user), Some(password)) => Ok(Login::Basic { user, password }),
        (None, None) => Ok(match (environment("MLFLOW_TRACKING_TOKEN"), in_address) {
            (Some(token), _) => Login::Bearer(token),
            (None, Some((user, password))) => Login::Basic { user, password },
            (None, None) => Login::None,
        }),
        (user, _) => {
            let (there, missing) = if user.is_some() { (USER, PASSWORD) } else { (PASSWORD, USER) };
            let place = file.unwrap_or_else(|| PathBuf::from("~/.mlflow/credentials"));
            let why = format!("it is set and {missing} is not, neither in the environment nor in {}", place.display());
            Err(TrackingError::setting(there, why))
        }
    }
}

/// The value of `key` in the section `[mlflow]` of an INI file.
fn in_section(text: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[mlflow]";
            continue;
        }
        let Some((name, value)) = line.split_once(['=', ':']) else { continue };
        if inside && name.trim().eq_ignore_ascii_case(key) && !value.trim().is_empty() {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], address: Option<(&str, &str)>) -> Result<Login, TrackingError> {
        let look = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        login(address.map(|(u, p)| (u.to_owned(), p.to_owned())), &look)
    }

    fn basic(user: &str, password: &str) -> Login {
        Login::Basic { user: user.into(), password: password.into() }
    }

    #[test]
    fn user_and_password_go_before_a_token_and_both_before_the_address() {
        let all = [(USER, "a"), (PASSWORD, "b"), ("MLFLOW_TRACKING_TOKEN", "t")];
        assert_eq!(with(&all, Some(("x", "y"))).unwrap(), basic("a", "b"));
        assert_eq!(with(&all[2..], Some(("x", "y"))).unwrap(), Login::Bearer("t".into()));
        assert_eq!(with(&[], Some(("x", "y"))).unwrap(), basic("x", "y"));
        assert_eq!(with(&[], None).unwrap(), Login::None);
        let said = with(&all[..1], None).unwrap_err().to_string();
        assert!(said.contains(PASSWORD) && said.contains("credentials"), "{said}");
    }

    #[test]
    fn the_credentials_file_fills_in_what_the_environment_lacks() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".mlflow")).unwrap();
        let text = "[other]\nmlflow_tracking_username = no\n[mlflow]\n# me\nmlflow_tracking_username = a\nMLFLOW_TRACKING_PASSWORD: b=c\n";
        std::fs::write(home.path().join(".mlflow/credentials"), text).unwrap();
        let home = home.path().display().to_string();
        assert_eq!(with(&[("HOME", &home)], None).unwrap(), basic("a", "b=c"));
        assert_eq!(with(&[("HOME", &home), (USER, "z")], None).unwrap(), basic("z", "b=c"));
    }
}
