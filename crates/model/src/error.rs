//! What can go wrong with a saved model or with its use.

use std::io;
use std::path::{Path, PathBuf};

use nta_atomic::WriteError;

/// A model that cannot be saved, loaded, found or applied.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModelError {
    /// A part could not be put on disk; nothing of the model stays behind.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// A part that is not what was saved.
    #[error("{}: {why}; the model cannot be trusted: fetch or train it again", path.display())]
    Damaged { path: PathBuf, why: String },
    /// A list of aliases that is none.
    #[error("{}: {why}; write it anew with `nta models alias`, once this file is gone", path.display())]
    Aliases { path: PathBuf, why: String },
    /// A line of the log of promotions that is none.
    #[error("{}, line {line}: {why}; put this file aside, and a new one begins", path.display())]
    Log { path: PathBuf, line: usize, why: String },
    /// No version to go back to.
    #[error("{alias} cannot go back: {found}")]
    NothingBefore { alias: String, found: String },
    /// A reason that is a book.
    #[error("the reason is longer than {most} characters: shorten it")]
    LongWhy { most: usize },
    /// A part that the manifest names and the folder lacks.
    #[error("{} is missing: the model is not whole", path.display())]
    Missing { path: PathBuf },
    /// The format has moved on.
    #[error(
        "{}: this model was made by a newer nta (format revision {found}); this one reads revision {reads}: \
         update nta{doubt}",
        path.display()
    )]
    Newer { path: PathBuf, found: u64, reads: u32, doubt: &'static str },
    /// There is something at the place already.
    #[error("{} exists already: a saved model is never changed", path.display())]
    Exists { path: PathBuf },
    /// A name that cannot be a folder.
    #[error(
        "`{name}` cannot name a model or an alias: use letters, digits, `-`, `_` and `.`, at most 100, not a dot first"
    )]
    BadName { name: String },
    /// There is no number after the last one.
    #[error("`{name}` has version {last}, and there is none after it: store the model under another name")]
    NoNumberLeft { name: String, last: u32 },
    /// Nothing goes by that name.
    #[error("no model `{asked}`: {known}")]
    NotFound { asked: String, known: String },
    /// A model put together of parts that do not fit each other.
    #[error("the parts of this model do not fit: {why}")]
    Parts { why: String },
    /// Rows that the model cannot be applied to.
    #[error("this traffic does not fit the model: {why}")]
    Rows { why: String },
    /// A snapshot that is not what was written.
    #[error("this snapshot of a scorer cannot be used: {why}; begin with an empty memory, or from an older snapshot")]
    SnapshotDamaged { why: String },
    /// A snapshot that was made with another model.
    #[error("this snapshot of a scorer belongs to another model ({theirs}), not to this one ({ours})")]
    SnapshotOfAnother { theirs: String, ours: String },
    /// The snapshots' format has moved on.
    #[error(
        "this snapshot of a scorer was made by a newer nta: it has format revision {found}, this one reads {reads}: \
         update nta{doubt}"
    )]
    SnapshotNewer { found: u32, reads: u32, doubt: &'static str },
    /// A model that nothing can be held against.
    #[error("there are no golden rows, which every model has")]
    NoGolden,
    /// An alias was moved by somebody else since the version was held against what it pointed at.
    #[error(
        "{alias} points at {} now, no longer at {}: nothing was moved",
        now.map_or("nothing".to_owned(), |n| format!("version {n}")),
        from.map_or("nothing".to_owned(), |n| format!("version {n}"))
    )]
    Moved { alias: String, from: Option<u32>, now: Option<u32> },
    /// The model does not say what it said when it was made.
    #[error("golden row {row}: {member} says {found}, and said {expected} when the model was made")]
    Golden { row: usize, member: String, found: f32, expected: f32 },
}

impl ModelError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| ModelError::Io { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Self {
        ModelError::Damaged { path: path.to_owned(), why: why.to_string() }
    }

    pub(crate) fn parts(why: impl ToString) -> Self {
        ModelError::Parts { why: why.to_string() }
    }

    pub(crate) fn rows(why: impl ToString) -> Self {
        ModelError::Rows { why: why.to_string() }
    }
}
