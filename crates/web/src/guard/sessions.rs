//! Who has logged in, and until when.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::held::held;

/// How long a session lasts, and how long it may stand still.
pub(super) const LASTS: Duration = Duration::from_secs(12 * 3_600);
const STANDS_STILL: Duration = Duration::from_secs(2 * 3_600);

/// Sessions at most; the one that ends first makes room.
const MOST: usize = 1_000;

/// By whom a session was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begun {
    ByToken,
    /// The user's name, and the hash that the password had: another password ends the session.
    ByPassword {
        name: String,
        hash: String,
    },
}

struct Session {
    by: Begun,
    begun: Instant,
    seen: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.begun) >= LASTS || now.duration_since(self.seen) >= STANDS_STILL
    }
}

#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// By whom `id` was begun, if it lasts; it is seen to be in use.
    pub(super) fn seen(&self, id: &str, now: Instant) -> Option<Begun> {
        let mut sessions = held(&self.0);
        let session = sessions.get_mut(id)?;
        if session.is_over(now) {
            sessions.remove(id);
            return None;
        }
        session.seen = now;
        Some(session.by.clone())
    }

    pub(super) fn begin(&self, id: &str, by: Begun, now: Instant) {
        let mut sessions = held(&self.0);
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= MOST {
            let first = sessions.iter().min_by_key(|(_, session)| session.begun).map(|(id, _)| id.clone());
            first.map(|first| sessions.remove(&first));
        }
        sessions.insert(id.to_owned(), Session { by, begun: now, seen: now });
    }

    pub(super) fn end(&self, id: &str) {
        held(&self.0).remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_by_age_by_rest_and_when_there_are_too_many() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let begin = |id: &str, at| sessions.begin(id, Begun::ByToken, at);
        begin("a", now);
        assert_eq!((sessions.seen("a", now), sessions.seen("b", now)), (Some(Begun::ByToken), None));
        let hour = Duration::from_secs(3_600);
        for hours in 1..12 {
            assert!(sessions.seen("a", now + hours * hour).is_some(), "in use after {hours} hours");
        }
        assert!(sessions.seen("a", now + LASTS).is_none(), "too old");
        begin("a", now);
        assert!(sessions.seen("a", now + STANDS_STILL).is_none(), "at rest for too long");
        begin("a", now);
        sessions.end("a");
        assert!(sessions.seen("a", now).is_none());
        (0..=MOST).for_each(|i| begin(&i.to_string(), now + Duration::from_millis(i as u64)));
        assert_eq!(held(&sessions.0).len(), MOST);
        assert!(sessions.seen("0", now).is_none() && sessions.seen("1", now).is_some(), "the oldest made room");
    }
}
