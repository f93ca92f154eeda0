//! What the user types to close the loop.

use std::path::PathBuf;

use clap::Args;
use nta_pipeline::{BadRowsWord, Promotion};

use super::{BadRowsArg, LabelsArgs};

#[derive(Debug, Args)]
pub(crate) struct RetrainArgs {
    /// `name` (what its alias `champion` points at), `name/3` or `name@alias`.
    pub(crate) model: String,
    /// The fresh traffic, labelled. Files that the model or its ancestors have learned from are left out.
    #[arg(required = true)]
    pub(crate) fresh: Vec<PathBuf>,
    /// Override one key of the policy kept with the model, e.g. `retrain.replay=0.3`; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Move the alias where the rule says yes, whatever `retrain.promote` says.
    #[arg(long, conflicts_with = "no_promote")]
    promote: bool,
    /// Compare only.
    #[arg(long)]
    no_promote: bool,
    #[command(flatten)]
    pub(crate) labels: LabelsArgs,
    /// The name of the sensor that saw the flows; that of the model's config, else each file's own, when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) sensor: Option<String>,
    /// What becomes of rows that cannot be read; what the model's config says when not given.
    #[arg(long, value_enum)]
    bad_rows: Option<BadRowsArg>,
}

impl RetrainArgs {
    /// What becomes of a challenger that passes, where that was said.
    pub(crate) fn promotion(&self) -> Option<Promotion> {
        match (self.promote, self.no_promote) {
            (true, _) => Some(Promotion::Auto),
            (_, true) => Some(Promotion::Never),
            _ => None,
        }
    }

    pub(crate) fn bad_rows(&self) -> Option<BadRowsWord> {
        self.bad_rows.map(|arg| match arg {
            BadRowsArg::Refuse => BadRowsWord::Refuse,
            BadRowsArg::SetAside => BadRowsWord::SetAside,
        })
    }
}
