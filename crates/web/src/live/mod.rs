//! Watches, live: where each stands, and its alerts as an inbox.

mod acts;
mod events;
mod listeners;
mod looks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nta_pipeline::Inbox;

pub(crate) use acts::{lift, mark, suppressions};
pub(crate) use events::events;
pub(crate) use looks::{alert, alerts, download, hour, list, page, show};

use crate::error::Problem;
use crate::{WatchPlace, Watcher, WebError};
use listeners::Listeners;

/// How often it is looked whether something has come.
const EVERY: Duration = Duration::from_millis(500);

/// All watches that the server was told of.
pub(crate) struct Live {
    inboxes: Vec<Arc<Inbox>>,
    listeners: Listeners,
}

impl Live {
    /// What is made of alerts is kept below `folder`.
    pub(crate) fn open(watches: &[WatchPlace], folder: &Path) -> Result<Live, WebError> {
        let mut names = BTreeSet::new();
        let open = |watch: &WatchPlace| {
            if !names.insert(watch.name.clone()) {
                return Err(WebError::TwoWatches(watch.name.clone()));
            }
            Ok(Arc::new(Inbox::open(&watch.name, &watch.place, &folder.join(&watch.name))?))
        };
        let inboxes = watches.iter().map(open).collect::<Result<_, WebError>>()?;
        Ok(Live { inboxes, listeners: Listeners::default() })
    }

    /// Reads what comes, until the server stops.
    pub(crate) fn follow(&self, watcher: Arc<dyn Watcher>) -> std::io::Result<()> {
        for inbox in &self.inboxes {
            let (inbox, watcher) = (Arc::clone(inbox), Arc::clone(&watcher));
            let follow = move || {
                while !watcher.stopped() {
                    inbox.refresh();
                    std::thread::sleep(EVERY);
                }
            };
            std::thread::Builder::new().name("nta-inbox".to_owned()).spawn(follow)?;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Arc<Inbox>, Problem> {
        let found = self.inboxes.iter().find(|inbox| inbox.name() == name);
        found.cloned().ok_or_else(|| Problem::not_found("watch"))
    }
}

impl std::str::FromStr for WatchPlace {
    type Err = String;

    /// `gate=/var/lib/nta/watch.state`, or a path alone, which is called by its own name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, place) = match text.split_once('=') {
            Some((name, place)) if !name.is_empty() && !name.contains('/') => (name.to_owned(), place),
            _ => {
                let path = std::path::absolute(text).map_err(|error| error.to_string())?;
                let named = if path.is_dir() { path.file_name() } else { path.file_stem() };
                (named.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(), text)
            }
        };
        let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_known) {
            return Err(format!(
                "`{name}` is no name for a watch: give letters, digits, `.`, `-` and `_`, as in gate=FOLDER"
            ));
        }
        Ok(WatchPlace { name, place: PathBuf::from(place) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_called_as_it_was_named_or_as_its_file() {
        let place =
            |text: &str| text.parse::<WatchPlace>().map(|watch| (watch.name, watch.place.display().to_string()));
        assert_eq!(place("gate=/a/b.state"), Ok(("gate".to_owned(), "/a/b.state".to_owned())));
        assert_eq!(place("/a/b.state").unwrap().0, "b");
        assert_eq!(place("/a/x=1/b.state").unwrap().0, "b");
        for refused in ["../=x", ".=x", "a b=x", "/"] {
            assert!(place(refused).is_err(), "{refused}");
        }
    }
}
