//! The token, the sessions that have given it, and what proves that a request comes from a page of ours.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nta_data::hex;
use sha2::{Digest, Sha256};

use crate::held::held;
use crate::random;

/// How long a session lasts.
const LASTS: Duration = Duration::from_secs(12 * 3_600);

/// Sessions at most; the one that ends first makes room.
const MOST: usize = 1_000;

/// Wrong tokens in a minute.
const FAILURES: usize = 10;

/// Who may come in.
pub(crate) struct Access {
    token: Option<String>,
    secret: String,
    /// When each session ends.
    sessions: Mutex<HashMap<String, Instant>>,
    failures: Mutex<VecDeque<Instant>>,
}

impl Access {
    pub(crate) fn new(token: Option<String>) -> io::Result<Self> {
        let secret = random::id()? + &random::id()?;
        Ok(Access { token, secret, sessions: Mutex::default(), failures: Mutex::default() })
    }

    /// Whether a token is asked for.
    pub(crate) fn is_guarded(&self) -> bool {
        self.token.is_some()
    }

    pub(crate) fn is_token(&self, sent: &str) -> bool {
        self.token.as_ref().is_some_and(|token| same(token, sent))
    }

    /// Whether a session has given the token, or none is asked for.
    pub(crate) fn is_in(&self, session: &str) -> bool {
        let ends = || held(&self.sessions).get(session).copied();
        !self.is_guarded() || ends().is_some_and(|ends| Instant::now() < ends)
    }

    pub(crate) fn let_in(&self, session: &str) {
        let mut sessions = held(&self.sessions);
        let now = Instant::now();
        sessions.retain(|_, ends| now < *ends);
        if sessions.len() >= MOST {
            let first = sessions.iter().min_by_key(|(_, ends)| **ends).map(|(session, _)| session.clone());
            first.map(|first| sessions.remove(&first));
        }
        sessions.insert(session.to_owned(), now + LASTS);
    }

    pub(crate) fn let_out(&self, session: &str) {
        held(&self.sessions).remove(session);
    }

    /// Whether another token may be tried.
    pub(crate) fn may_try(&self) -> bool {
        let mut failures = held(&self.failures);
        failures.retain(|at| at.elapsed() < Duration::from_secs(60));
        failures.len() < FAILURES
    }

    pub(crate) fn note_failure(&self) {
        held(&self.failures).push_back(Instant::now());
    }

    /// What the pages of a session send back; nothing that another site or session could work out.
    pub(crate) fn csrf(&self, session: &str) -> String {
        hex(&Sha256::digest(format!("{}\n{session}", self.secret)))
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter().zip(&b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_in_after_the_token_and_no_longer_than_it_lasts() {
        let access = Access::new(Some("0123456789abcdef".to_owned())).unwrap();
        assert!(access.is_token("0123456789abcdef") && !access.is_token("0123456789abcdeg") && !access.is_token(""));
        assert!(!access.is_in("a"));
        access.let_in("a");
        assert!(access.is_in("a") && !access.is_in("b"));
        access.let_out("a");
        assert!(!access.is_in("a"));
        (0..=MOST).for_each(|i| access.let_in(&i.to_string()));
        assert_eq!(held(&access.sessions).len(), MOST);
        assert_ne!(access.csrf("a"), access.csrf("b"));
        for _ in 0..FAILURES {
            assert!(access.may_try());
            access.note_failure();
        }
        assert!(!access.may_try());
    }
}
