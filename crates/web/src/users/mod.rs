//! Those who may log in by name: added, changed and removed by the command line; a running server sees it at once.

pub(crate) mod file;
pub(crate) mod password;
mod role;

use std::path::PathBuf;

use nta_pipeline::{Moment, Project};
use serde::Serialize;

pub use role::Role;

/// Why the users stay as they are.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum UsersError {
    #[error(
        "`{0}` cannot be a user's name: 1 to 64 letters, digits, `.`, `-`, `_` and `@`, and a letter or digit first"
    )]
    Name(String),
    #[error(
        "there is a user `{0}` already; `nta serve user password {0}` sets another password, `nta serve user role {0}` \
             another role"
    )]
    Known(String),
    #[error("there is no user `{0}`; `nta serve user list` names them")]
    Unknown(String),
    #[error("the password has {0} characters; 12 or more are needed, and at most 1,000 bytes")]
    PasswordLength(usize),
    #[error("cannot hash the password: {0}")]
    Hash(String),
    #[error("{path} is damaged: {why}; mend it, or move it away and add the users again")]
    Damaged { path: PathBuf, why: String },
    #[error("cannot {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

/// A user as told: without what a password could be guessed from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserLine {
    /// The name to log in with.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// When the user was added.
    pub added: Moment,
}

/// The users of a home, by name.
///
/// # Errors
/// A file that cannot be read as one.
pub fn users(project: &Project) -> Result<Vec<UserLine>, UsersError> {
    let users = file::read(&file::place(&project.home))?.unwrap_or_default();
    Ok(users.into_iter().map(|user| UserLine { name: user.name, role: user.role, added: user.added }).collect())
}

/// Lets `name` in with `password`. From the first user on nobody is let in without a name or a token.
///
/// # Errors
/// A name that cannot be one or is there, a password that is too short, a file that cannot be written.
pub fn add_user(project: &Project, name: &str, role: Role, password: &str) -> Result<(), UsersError> {
    if !file::is_name(name) {
        return Err(UsersError::Name(name.to_owned()));
    }
    let user = file::user(name, role, password)?;
    file::change(&file::place(&project.home), |users| match users.iter().any(|known| known.name == name) {
        true => Err(UsersError::Known(name.to_owned())),
        false => {
            users.push(user);
            Ok(())
        }
    })
}

/// Takes a user away, whose sessions end.
///
/// # Errors
/// A name that is not there, a file that cannot be written.
pub fn remove_user(project: &Project, name: &str) -> Result<(), UsersError> {
    file::change(&file::place(&project.home), |users| {
        let n = users.len();
        users.retain(|user| user.name != name);
        if users.len() < n { Ok(()) } else { Err(UsersError::Unknown(name.to_owned())) }
    })
}

/// Another role, at once.
///
/// # Errors
/// As [`remove_user`].
pub fn set_role(project: &Project, name: &str, role: Role) -> Result<(), UsersError> {
    changed(project, name, |user| user.role = role)
}

/// Another password; sessions that the old one began end.
///
/// # Errors
/// As [`remove_user`], and a password that is too short.
pub fn set_password(project: &Project, name: &str, password: &str) -> Result<(), UsersError> {
    let hash = password::hashed(password)?;
    changed(project, name, |user| user.hash = hash)
}

fn changed(project: &Project, name: &str, by: impl FnOnce(&mut file::User)) -> Result<(), UsersError> {
    file::change(&file::place(&project.home), |users| {
        let user = users.iter_mut().find(|user| user.name == name);
        by(user.ok_or_else(|| UsersError::Unknown(name.to_owned()))?);
        Ok(())
    })
}
