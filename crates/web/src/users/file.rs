//! The file of those who may log in: changed by the command line, read by a server that runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use nta_atomic::{AtomicFile, FolderLock};
use nta_pipeline::Moment;
use serde::{Deserialize, Serialize};

use super::password::{hashed, is_hash};
use super::{Role, UsersError};
use crate::held::held;

/// One who may log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// PHC string.
    pub(crate) hash: String,
    /// When the user was added.
    pub(crate) added: Moment,
}

/// The file as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    users: Vec<User>,
}

/// Characters of a name at most.
const LONGEST_NAME: usize = 64;

/// Whether a user can be called so: it stands in logs and on pages.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= LONGEST_NAME && name.chars().all(plain)
}

/// Where a home keeps it.
pub(crate) fn place(home: &Path) -> PathBuf {
    home.join("web/users.json")
}

/// The users; `None` where there is no file: then nobody has said that users log in.
pub(super) fn read(path: &Path) -> Result<Option<Vec<User>>, UsersError> {
    let io = |source| UsersError::Io { doing: "read", path: path.to_owned(), source };
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let damaged = |why: String| UsersError::Damaged { path: path.to_owned(), why };
    let kept: Kept = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    match kept.users.iter().find(|user| !is_hash(&user.hash) || !is_name(&user.name)) {
        Some(user) => Err(damaged(format!("`{}` has no name or no Argon2id hash that can be one", user.name))),
        None => Ok(Some(kept.users)),
    }
}

/// Changes the users, one process at a time; none but the file's owner may read what is written.
pub(crate) fn change(path: &Path, by: impl FnOnce(&mut Vec<User>) -> Result<(), UsersError>) -> Result<(), UsersError> {
    let io = |source| UsersError::Io { doing: "write", path: path.to_owned(), source };
    let _lock = FolderLock::take(path.parent().unwrap_or(Path::new(".")), &|_| true).map_err(io)?;
    let mut users = read(path)?.unwrap_or_default();
    by(&mut users)?;
    users.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = serde_json::to_vec_pretty(&Kept { users }).map_err(|error| io(error.into()))?;
    text.push(b'\n');
    let written = || -> Result<(), nta_atomic::WriteError> {
        let mut file = AtomicFile::create(path)?;
        let at = |source| nta_atomic::WriteError { path: path.to_owned(), source };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.handle()?.set_permissions(fs::Permissions::from_mode(0o600)).map_err(at)?;
        }
        file.write_all(&text).map_err(at)?;
        file.commit()
    };
    written().map_err(|error| io(error.source))
}

/// A new user's line.
pub(crate) fn user(name: &str, role: Role, password: &str) -> Result<User, UsersError> {
    Ok(User { name: name.to_owned(), role, hash: hashed(password)?, added: Moment::now() })
}

/// What a server knows of the file: read again whenever it was changed.
pub(crate) struct Users {
    path: PathBuf,
    seen: Mutex<Option<(Mark, Arc<Vec<User>>)>>,
}

/// What tells one state of the file from another.
type Mark = (SystemTime, u64);

impl Users {
    /// # Errors
    /// A file that cannot be read as one.
    pub(crate) fn open(path: PathBuf) -> Result<Self, UsersError> {
        read(&path)?;
        let users = Users { path, seen: Mutex::default() };
        users.all();
        Ok(users)
    }

    /// All of them; `None` where there never was a file. One that has gone or become unreadable lets nobody in.
    pub(crate) fn all(&self) -> Option<Arc<Vec<User>>> {
        let mark = match fs::metadata(&self.path) {
            Ok(data) => (data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && held(&self.seen).is_none() => return None,
            Err(_) => return Some(Arc::default()),
        };
        let mut seen = held(&self.seen);
        if let Some((_, users)) = seen.as_ref().filter(|(known, _)| *known == mark) {
            return Some(Arc::clone(users));
        }
        let users = Arc::new(read(&self.path).ok().flatten().unwrap_or_default());
        *seen = Some((mark, Arc::clone(&users)));
        Some(users)
    }

    pub(crate) fn find(&self, name: &str) -> Option<User> {
        self.all()?.iter().find(|user| user.name == name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain() {
        assert!(["anna", "a.b-c_d@site", "7"].iter().all(|name| is_name(name)));
        assert!(!["", "-a", "a b", "ä", "a\n", "../x", "=x"].iter().any(|name| is_name(name)));
        assert!(!is_name(&"a".repeat(65)));
    }

    #[test]
    fn a_file_that_was_spoilt_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(folder.path());
        let users = Users::open(path.clone()).unwrap();
        assert!(users.all().is_none());
        change(&path, |all| {
            all.push(user("anna", Role::Look, "a long password")?);
            Ok(())
        })
        .unwrap();
        assert_eq!(users.find("anna").unwrap().role, Role::Look);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "{\"users\": [").unwrap();
        assert_eq!(users.all().unwrap().len(), 0);
        assert!(Users::open(path).is_err(), "and no server starts on it");
    }
}
