//! The token, the users, the sessions that either began, and what proves that a request comes from a page of ours.

use std::net::IpAddr;
use std::time::Instant;

use nta_data::hex;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::limits::Limits;
use super::sessions::{Begun, Sessions};
use super::visitor::Who;
use crate::random;
use crate::users::Role;
use crate::users::file::{User, Users};
use crate::users::password::is_of;

/// Passwords that are hashed at a time, 19 MiB each.
const AT_A_TIME: usize = 2;

/// A secret for programs, and what it allows.
#[derive(Debug, Clone)]
pub struct Token {
    /// 16 or more characters.
    pub secret: String,
    /// What whoever gives it may do.
    pub role: Role,
}

/// Who may come in.
pub(crate) struct Access {
    token: Option<Token>,
    users: Users,
    /// Whether an address of this machine alone is listened to: without token and users whoever reaches it is let in.
    is_local: bool,
    secret: String,
    sessions: Sessions,
    limits: Limits,
    hashing: Semaphore,
}

impl Access {
    pub(crate) fn new(token: Option<Token>, users: Users, is_local: bool, rate: Option<u32>) -> std::io::Result<Self> {
        Ok(Access {
            token,
            users,
            is_local,
            secret: random::id()? + &random::id()?,
            sessions: Sessions::default(),
            limits: Limits::new(rate),
            hashing: Semaphore::new(AT_A_TIME),
        })
    }

    /// Whether one must log in.
    pub(crate) fn is_guarded(&self) -> bool {
        !self.is_local || self.token.is_some() || self.has_users()
    }

    /// Whether one logs in by name; else by the token.
    pub(crate) fn has_users(&self) -> bool {
        self.users.all().is_some()
    }

    /// See [`Limits::take`].
    pub(super) fn take(&self, address: IpAddr) -> Result<(), u64> {
        self.limits.take(address, Instant::now())
    }

    /// Who sends `bearer` or comes in `session`.
    pub(super) fn who(&self, bearer: Option<&str>, session: Option<&str>) -> Who {
        if let Some(token) = bearer.and_then(|sent| self.token(sent)) {
            return Who::Program(token.role);
        }
        let begun = session.and_then(|session| self.sessions.seen(session, Instant::now()));
        match begun {
            Some(Begun::ByToken) => self.token.as_ref().map_or(Who::Nobody, |token| Who::Browser(token.role)),
            Some(Begun::ByPassword { name, hash }) => match self.users.find(&name).filter(|user| user.hash == hash) {
                Some(user) => Who::User(name, user.role),
                None => Who::Nobody,
            },
            None if self.is_guarded() => Who::Nobody,
            None => Who::Machine,
        }
    }

    fn token(&self, sent: &str) -> Option<&Token> {
        self.token.as_ref().filter(|token| same(&token.secret, sent))
    }

    /// Begins `session` for whoever has the token.
    pub(super) fn log_in_by_token(&self, sent: &str, session: &str) -> bool {
        let is_in = self.token(sent).is_some();
        if is_in {
            self.sessions.begin(session, Begun::ByToken, Instant::now());
        }
        is_in
    }

    /// Begins `session` for a user. Takes some tenths of a second, whether or not there is the name.
    pub(super) async fn log_in_by_password(&self, name: &str, password: String, session: &str) -> bool {
        let Ok(_turn) = self.hashing.acquire().await else { return false };
        let user = self.users.find(name);
        let check = move |user: Option<User>| {
            let is_in = is_of(&password, user.as_ref().map(|user| user.hash.as_str()));
            user.filter(|_| is_in)
        };
        let Ok(Some(user)) = tokio::task::spawn_blocking(move || check(user)).await else { return false };
        let by = Begun::ByPassword { name: user.name, hash: user.hash };
        self.sessions.begin(session, by, Instant::now());
        true
    }

    pub(super) fn log_out(&self, session: &str) {
        self.sessions.end(session);
    }

    /// See [`Limits::may_try`].
    pub(super) fn may_try(&self, address: IpAddr) -> Result<(), u64> {
        self.limits.may_try(address, Instant::now())
    }

    /// See [`Limits::was_right`].
    pub(super) fn was_right(&self, address: IpAddr) {
        self.limits.was_right(address);
    }

    /// What the pages of a session send back; nothing that another site or session could work out.
    pub(super) fn csrf(&self, session: &str) -> String {
        hex(&Sha256::digest(format!("{}\n{session}", self.secret)))
    }
}

/// Whether two secrets are one, told in the same time wherever they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(a).iter().zip(digest(b)).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::users::file::{change, place, user};

    fn access(folder: &std::path::Path, token: Option<&str>, is_local: bool) -> Access {
        let token = token.map(|secret| Token { secret: secret.to_owned(), role: Role::Work });
        Access::new(token, Users::open(place(folder)).unwrap(), is_local, None).unwrap()
    }

    #[test]
    fn a_secret_is_the_same_only_as_itself() {
        assert!(same("abc", "abc") && same("", ""));
        assert!(!same("abc", "abd") && !same("abc", "abcd") && !same("", "a"));
    }

    #[test]
    fn nobody_is_let_in_unasked_but_on_this_machine_without_token_and_users() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(access(folder.path(), None, true).who(None, None), Who::Machine);
        assert_eq!(access(folder.path(), None, false).who(None, None), Who::Nobody);
        let access = access(folder.path(), Some("the token"), true);
        assert_eq!(access.who(None, Some("a")), Who::Nobody);
        assert_eq!(access.who(Some("the token"), None), Who::Program(Role::Work));
        assert!(!access.log_in_by_token("another", "a") && access.log_in_by_token("the token", "a"));
        assert_eq!(access.who(Some("another"), Some("a")), Who::Browser(Role::Work));
        access.log_out("a");
        assert_eq!(access.who(None, Some("a")), Who::Nobody);
        assert_ne!(access.csrf("a"), access.csrf("b"));
    }

    #[tokio::test]
    async fn a_session_ends_with_its_user_and_with_another_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(folder.path());
        let put = |role, password: &'static str| {
            change(&path, |users| {
                *users = vec![user("anna", role, password)?];
                Ok(())
            })
            .unwrap();
        };
        let access = Arc::new(access(folder.path(), None, true));
        assert!(!access.is_guarded());
        put(Role::Look, "a long password");
        assert!(access.is_guarded() && access.who(None, None) == Who::Nobody);
        assert!(!access.log_in_by_password("anna", "another password".to_owned(), "a").await);
        assert!(!access.log_in_by_password("bert", "a long password".to_owned(), "a").await);
        assert!(access.log_in_by_password("anna", "a long password".to_owned(), "a").await);
        assert_eq!(access.who(None, Some("a")), Who::User("anna".to_owned(), Role::Look));
        change(&path, |users| {
            users[0].role = Role::Administer;
            Ok(())
        })
        .unwrap();
        assert_eq!(access.who(None, Some("a")), Who::User("anna".to_owned(), Role::Administer), "at once");
        put(Role::Look, "another password");
        assert_eq!(access.who(None, Some("a")), Who::Nobody);
        assert!(access.log_in_by_password("anna", "another password".to_owned(), "b").await);
        change(&path, |users| {
            users.clear();
            Ok(())
        })
        .unwrap();
        assert_eq!(access.who(None, Some("b")), Who::Nobody);
        assert!(access.is_guarded(), "the last user's going opens no door");
    }
}
