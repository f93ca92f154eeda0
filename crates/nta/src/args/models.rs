//! What the user types about saved models.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// The version: `name/3`, `name` for the newest, or `name@other`.
    pub(crate) model: String,
    /// The alias.
    #[arg(long, value_name = "ALIAS", default_value = CHAMPION)]
    pub(crate) alias: String,
    /// The reason, kept in the log.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The model's name.
    pub(crate) name: String,
    /// The alias.
    #[arg(long, value_name = "ALIAS", default_value = CHAMPION)]
    pub(crate) alias: String,
    /// The reason, kept in the log.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
}

/// The alias of the version in service.
const CHAMPION: &str = "champion";

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Versions of each name that stay in any case, newest first.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// Say what would go, and remove nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// One version: what it was made from and on, what was measured and promised, and its times as champion.
    Show {
        /// A path, `name` (its newest version), `name/3` or `name@alias`.
        model: String,
    },
    /// Every move of the aliases of a name, newest first: when, who, from where to where, and why.
    Log {
        /// The model's name.
        name: String,
    },
    /// The same as `nta promote`.
    Alias {
        /// The version: `name/3`, `name` for the newest, or `name@other`.
        #[arg(value_name = "MODEL")]
        model: String,
        /// The alias, e.g. `champion`.
        #[arg(value_name = "ALIAS")]
        alias: String,
    },
    /// Take an alias away; the version stays.
    Unalias {
        /// The alias with its model: `name@alias`.
        #[arg(value_name = "NAME@ALIAS")]
        alias: String,
    },
}
