//! How the files given to a model are written, where not as the traffic that it was trained on.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nta_pipeline::{AsWritten, LabelsFile, TimeUnit};

/// For files of another tool, or of another version of it. The model stays as it is.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the traffic is written")]
pub(crate) struct WrittenArgs {
    /// A column of the file and the name that the model knows it by, e.g. `'tot_fwd_pkts=Total Fwd Packet'`; may be given
    /// again.
    #[arg(long = "alias", value_name = "THEIRS=OURS")]
    aliases: Vec<String>,
    /// Pattern of the times, e.g. `'%d/%m/%Y %H:%M:%S'` (strftime).
    #[arg(long, value_name = "PATTERN", conflicts_with = "time_unit")]
    time_format: Option<String>,
    /// Unit of times that are numbers since 1970-01-01 UTC.
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<UnitArg>,
    /// Unit of the flows' durations. Where the duration is a feature it is converted to the model's unit.
    #[arg(long, value_name = "UNIT")]
    duration_unit: Option<UnitArg>,
    /// What parts the fields of a text file; `tab` for a tab.
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UnitArg {
    #[value(alias = "s")]
    Seconds,
    #[value(alias = "ms")]
    Milliseconds,
    #[value(alias = "us")]
    Microseconds,
}

impl From<UnitArg> for TimeUnit {
    fn from(unit: UnitArg) -> Self {
        match unit {
            UnitArg::Seconds => TimeUnit::Seconds,
            UnitArg::Milliseconds => TimeUnit::Milliseconds,
            UnitArg::Microseconds => TimeUnit::Microseconds,
        }
    }
}

impl WrittenArgs {
    /// The same as the pipeline takes it.
    pub(crate) fn as_written(&self) -> anyhow::Result<AsWritten> {
        let mut written = AsWritten {
            time_format: self.time_format.clone(),
            time_unit: self.time_unit.map(TimeUnit::from),
            duration_unit: self.duration_unit.map(TimeUnit::from),
            ..AsWritten::default()
        };
        for alias in &self.aliases {
            // A column's name may hold an equals sign; the model's is the shorter guess to be without.
            let (theirs, ours) =
                alias.rsplit_once('=').ok_or_else(|| usage(format!("--alias {alias}: write it as THEIRS=OURS")))?;
            let (theirs, ours) = (theirs.trim().to_owned(), ours.trim().to_owned());
            if let Some(before) = written.columns.insert(ours.clone(), theirs) {
                return Err(usage(format!("--alias {alias}: `{before}` was to stand for `{ours}` already")));
            }
        }
        if let Some(text) = &self.delimiter {
            let mut characters = text.chars();
            written.delimiter = match (text.as_str(), characters.next(), characters.next()) {
                ("tab" | "\\t", ..) => Some('\t'),
                (_, Some(one), None) if one.is_ascii() => Some(one),
                _ => return Err(usage(format!("--delimiter {text}: give one character, or `tab`"))),
            };
        }
        Ok(written)
    }
}

fn usage(message: String) -> anyhow::Error {
    nta_pipeline::PipelineError::usage(message).into()
}

/// Labels in a file of their own.
#[derive(Debug, Args)]
pub(crate) struct LabelsArgs {
    /// Take the labels from this file: a table that knows the flows by uid, or by hosts and time, or windows of time and
    /// hosts (.yaml). See docs/labels.md.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// How far the start of a flow and the time of its label may be apart.
    #[arg(long, value_name = "SECONDS", requires = "labels")]
    labels_tolerance: Option<f64>,
}

impl LabelsArgs {
    /// The file, where one is given.
    pub(crate) fn file(&self) -> Option<LabelsFile> {
        let file = LabelsFile::at(self.labels.as_deref()?);
        Some(LabelsFile { tolerance: self.labels_tolerance.unwrap_or(file.tolerance), ..file })
    }
}
