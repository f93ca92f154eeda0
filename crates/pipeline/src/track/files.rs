//! The files of a run that a server keeps, and their names there.

use std::path::{Path, PathBuf};

use nta_tracking::RunRecord;
use nta_tracking::mlflow::SentFile;

/// The server's page shows the pictures of this folder.
pub(super) const IMAGES: &str = "images/";

/// Config, evaluation and report, and every figure under the name by which the server's page finds images.
pub(super) fn files(folder: &Path, record: &RunRecord) -> Vec<SentFile> {
    let sent = |from: PathBuf, to: String| SentFile { from, to };
    let mut files: Vec<SentFile> = ["config.yaml", "evaluation.json", "report.html"]
        .into_iter()
        .map(|name| sent(folder.join(name), name.to_owned()))
        .filter(|file| file.from.is_file())
        .collect();
    let figures = std::fs::read_dir(folder.join("figures")).into_iter().flatten().flatten();
    let mut figures: Vec<PathBuf> = figures.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    figures.sort();
    let begun = record.started.milliseconds();
    for path in figures.iter().filter(|path| path.extension().is_some_and(|e| e == "png")) {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let name = format!("{IMAGES}{}+step+0+timestamp+{begun}+{}", stem.replace('+', "_"), record.id);
        // Twice: the page looks for a small twin, and knows it by this ending.
        files.push(sent(path.clone(), format!("{name}.png")));
        files.push(sent(path.clone(), format!("{name}+compressed.webp")));
    }
    files
}
