//! What tells a file from another, and from itself before it was written to.

use std::fs::Metadata;
use std::time::SystemTime;

/// Which file it is, how long, and when it was last written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Device and inode; 0 where the system has none.
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Stamp {
        #[cfg(unix)]
        let file = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let file = (0, 0);
        Stamp { file, length: metadata.len(), modified: metadata.modified().ok() }
    }
}
