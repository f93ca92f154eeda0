//! What somebody may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Each may what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See pages and results, and take them away.
    Look,
    /// Send files, score, train, make versions of models, and remove files and results.
    Work,
    /// Put versions in service and take them out.
    Administer,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 3] = [Role::Look, Role::Work, Role::Administer];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Role::Look => "look",
            Role::Work => "work",
            Role::Administer => "administer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Role::ALL.into_iter().find(|role| role.name() == text);
        named.ok_or_else(|| format!("`{text}` is no role; there are look, work and administer"))
    }
}
