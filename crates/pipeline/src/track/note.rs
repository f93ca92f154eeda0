//! The note on a run's page, in Markdown: the verdict and the promise first.

use nta_metrics::Evaluation;
use nta_tracking::{RunRecord, Status};

/// What a reader of the run's page should know first.
pub(super) fn note(record: &RunRecord, evaluation: Option<&Evaluation>) -> String {
    let mut note = String::new();
    if let Some(evaluation) = evaluation {
        note += &format!("**Verdict.** {}\n\n", plain(&evaluation.verdict));
        if let Some(promise) = &evaluation.promise {
            note += &format!("**Promise.** {}\n\n", plain(&promise.describe()));
        }
    }
    if let (Status::Failed | Status::Interrupted, Some(reason)) = (record.status, &record.reason) {
        note += &format!(
            "**{}.** {}\n\n",
            if record.status == Status::Failed { "Failed" } else { "Stopped" },
            plain(reason)
        );
    }
    let model = record.model.as_ref().map(|model| format!(", model `{model}`")).unwrap_or_default();
    note += &format!("Run `{}`{model}, seed {}, nta {}.", record.id, record.seed, record.version);
    note
}

/// Text that came from elsewhere, so that Markdown shows it and obeys none of it.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_in_a_name_is_shown() {
        assert_eq!(plain("![x](http://y) <b>\n# a_b"), "\\!\\[x\\](http://y) \\<b\\> \\# a\\_b");
    }
}
