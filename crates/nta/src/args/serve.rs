//! What the user types to serve pages, and about who may log in.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use nta_web::{Role, WatchPlace};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
    /// Where to listen. Any address but this machine's own needs users or a token.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8470")]
    pub(crate) listen: SocketAddr,
    /// A file whose first line is the token that programs give, and browsers where there are no users; NTA_TOKEN when not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// What whoever gives the token may do.
    #[arg(long, value_name = "ROLE", default_value = "administer", value_parser = roles())]
    pub(crate) token_role: Role,
    /// Size of one file at most, GiB.
    #[arg(long, value_name = "GIB", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) max_upload: u64,
    /// Size of all files and results together at most, GiB.
    #[arg(long, value_name = "GIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) max_disk: u64,
    /// Requests a second of one address at most, 0 for any number; 200 when not given, and any number from this machine.
    #[arg(long, value_name = "N")]
    pub(crate) max_rate: Option<u32>,
    /// Show a watch's alerts as an inbox on the live page: the file that `nta watch` was given as --state, or its folder; again
    /// for each watch.
    #[arg(long, value_name = "[NAME=]STATE")]
    pub(crate) watch: Vec<WatchPlace>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Who may log in by name. From the first user on nobody comes in without a name or the token.
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user. The password is asked for, or read from the first line of standard input.
    Add {
        /// Letters, digits, `.`, `-`, `_` and `@`.
        name: String,
        /// look: see and download; work: also send, score, train, remove; administer: also put models in service.
        #[arg(long, value_name = "ROLE", value_parser = roles())]
        role: Role,
    },
    /// Another password, asked for in the same way. The user's sessions end.
    Password {
        /// The user.
        name: String,
    },
    /// Another role, at once.
    Role {
        /// The user.
        name: String,
        /// look, work or administer.
        #[arg(value_name = "ROLE", value_parser = roles())]
        role: Role,
    },
    /// Remove a user, whose sessions end.
    Remove {
        /// The user.
        name: String,
    },
    /// All users with their roles.
    List,
}

fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::name)).try_map(|name| name.parse::<Role>())
}
