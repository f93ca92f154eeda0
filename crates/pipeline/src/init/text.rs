//! The text of a new config: a key a line, so that each can be pointed at.

use std::fmt::Write;
use std::path::Path;

use nta_ingest::Recognised;

use super::InitRequest;
use super::target::Target;
use crate::error::PipelineError;

/// Below so many bytes the network trains as on the shipped example: small batches, many epochs.
const SMALL: u64 = 16 << 20;

/// The config. `labels` are those of the files, where they are known by their names.
pub(super) fn config(
    request: &InitRequest,
    target: &Target,
    found: &Recognised,
    labels: Option<&[String]>,
) -> Result<String, PipelineError> {
    let mut text = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(text, "{words}");
    };
    line("# Made by `nta init`, and yours to change. `auto` is settled by the data, and every run says how.");
    line(&format!("name: {}", quoted(&target.name)));
    line("seed: 7");
    line(
        "# auto: how members are fused is chosen on attacks left out of training, and all rows but the test's train them.",
    );
    line("# off: the plain average, trained on about two thirds of them, in about half the time.");
    line("choice: auto");
    line("data:");
    let schema = match &target.schema {
        Some(path) => target.path_in_config(path)?,
        None => found.builtin.unwrap_or_default().to_owned(),
    };
    line(&format!("  schema: {}", quoted(&schema)));
    match (&request.files[..], labels) {
        ([only], _) => line(&format!("  train: {}", path(target, only)?)),
        (files, None) => {
            line("  train:");
            for file in files {
                line(&format!("    - {}", path(target, file)?));
            }
        }
        (files, Some(labels)) => {
            line(
                "  # No column says what a flow is; the files' names do. `benign` is benign, all else an attack of that name.",
            );
            line("  train:");
            for (file, label) in files.iter().zip(labels) {
                line(&format!("    - {{ path: {}, label: {} }}", path(target, file)?, quoted(label)));
            }
        }
    }
    if let Some(test) = &request.test {
        line(&format!("  test: {}", path(target, test)?));
    }
    line(
        "  # Rows that cannot be read, up to 1 %, are counted and kept in the run's rejects.jsonl; `refuse` stops at the first.",
    );
    line("  bad_rows: set_aside");
    line(split(request));
    line(network(request));
    line("hybrid:");
    line(
        "  # The false positive rate that is promised. auto: the smallest of 1, 2, 5, 10 and 20 % that the rows support.",
    );
    line("  budget: auto");
    Ok(text)
}

fn path(target: &Target, file: &Path) -> Result<String, PipelineError> {
    target.path_in_config(file).map(|path| quoted(&path))
}

fn split(request: &InitRequest) -> &'static str {
    if request.test.is_some() {
        "split:\n  strategy: auto\n  validation: 0.15\n  calibration: 0.1\n  threshold: 0.15"
    } else {
        "split:\n  strategy: auto\n  test: 0.3\n  validation: 0.15\n  calibration: 0.1\n  threshold: 0.15"
    }
}

fn network(request: &InitRequest) -> &'static str {
    let bytes: u64 = request.files.iter().filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum();
    if bytes < SMALL {
        "forest:\n  trees: 100\nlstm:\n  hidden: 32\n  epochs: 20\n  batch: 16\n  sequence:\n    by: auto\n    length: 32"
    } else {
        "forest:\n  trees: 100\nlstm:\n  sequence:\n    by: auto\n    length: 32"
    }
}

/// A YAML scalar that reads as this text whatever it holds.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !["true", "false", "yes", "no", "null", "on", "off", "y", "n", "nan"]
            .contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
