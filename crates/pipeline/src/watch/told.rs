//! What a watch tells.

use std::time::Duration;

use super::status::WatchStatus;

/// What a watch tells.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// It begins, or goes on.
    Begun {
        /// `name/3`.
        model: String,
        /// Flows that were scored before, where it goes on.
        resumed: Option<u64>,
        /// How long a flow waits for flows that ended before it.
        reorder: Duration,
        /// Whether rows are scored as they come though the model was trained on order of flow end.
        as_they_come: bool,
        /// Most alerts of a day; `None`: any.
        most_alerts_a_day: Option<u64>,
    },
    /// So many alerts were written of a day, and no more are.
    BudgetSpent {
        /// All that a day may have.
        alerts: u64,
    },
    /// The file that was read last is gone; its log is read from the front.
    Lost {
        /// The source.
        source: String,
    },
    /// The memory saved is another model's: positions are kept, hosts begin anew.
    Cold,
    /// The alias names another model, which takes over.
    Took {
        /// `name/4`.
        model: String,
        /// Whether it knows the hosts from their last flows.
        warmed: usize,
    },
    /// The alias names a model that cannot take over: it reads traffic in another way.
    CannotTake {
        /// `name/4`.
        model: String,
    },
    /// The alias names a model that cannot be loaded; the one before goes on.
    Damaged {
        /// What is wrong.
        problem: String,
    },
    /// The list of what is not to be alerted was changed and cannot be understood; the one before holds.
    BadList {
        /// What is wrong.
        problem: String,
    },
    /// There is no room to write or save; the watch waits until there is, and its sources with it.
    NoRoom {
        /// What could not be written.
        problem: String,
    },
    /// A source came to its end, or cannot be read any more.
    Ended {
        /// The source.
        source: String,
        /// What is wrong, if anything.
        problem: Option<String>,
    },
    /// Where it stands.
    Status(Box<WatchStatus>),
}
