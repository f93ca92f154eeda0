//! What a server lacks of a run, counted.

use std::fmt;

use serde::Serialize;

use super::delivered::{Delivered, Stamp};
use super::delivery::proxied;
use super::tracked::{SentFile, Standing, Tracked};

/// What is not delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// Numbers.
    pub points: usize,
    /// Files.
    pub files: usize,
    /// Whatever else: params, tags, datasets, steps of the model, the run's end.
    pub entries: usize,
}

impl Remaining {
    /// What the server lacks of `tracked`, going by what it acknowledged.
    pub fn of(delivered: &Delivered, tracked: &Tracked) -> Self {
        let sent = |stream: &str| delivered.points.get(stream).copied().unwrap_or(0);
        let points = tracked.streams.iter().map(|(stream, points)| points.len().saturating_sub(sent(stream))).sum();
        let params = tracked.params.len().saturating_sub(delivered.params);
        let datasets = tracked.datasets.len().saturating_sub(delivered.datasets);
        let tags = tracked.tags.iter().filter(|(key, value)| delivered.tags.get(*key) != Some(value)).count();
        let ended = tracked.standing != Standing::Running && delivered.standing != tracked.standing.word();
        let mut files = missing(delivered, &delivered.artifacts, &tracked.files);
        let mut steps = 0;
        if let Some(model) = &tracked.model {
            let known = &delivered.model;
            let aliases = model.aliases.iter().filter(|alias| !known.aliases.contains(alias)).count();
            let flags = [!known.id.is_empty(), known.ready, known.output, !known.version.is_empty()];
            steps = aliases + flags.iter().filter(|done| !**done).count();
            files += missing(delivered, &known.artifacts, &model.files);
        }
        Remaining { points, files, entries: params + datasets + tags + steps + usize::from(ended) }
    }

    /// Whether all is delivered.
    pub fn is_nothing(&self) -> bool {
        *self == Remaining::default()
    }
}

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Remaining { points, files, entries } = self;
        write!(f, "{points} points, {files} files and {entries} other entries")
    }
}

/// Files that the server lacks and has a place for; before it named one, all.
fn missing(delivered: &Delivered, artifacts: &str, files: &[SentFile]) -> usize {
    let root = match proxied(artifacts) {
        Some(root) => root,
        None if artifacts.is_empty() => return files.len(),
        None => return 0,
    };
    let there = |file: &SentFile| delivered.files.get(&format!("{root}/{}", file.to)).copied();
    files.iter().filter(|file| Stamp::of(&file.from).ok() != there(file)).count()
}
