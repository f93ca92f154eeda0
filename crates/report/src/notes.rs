//! What the numbers themselves give cause to say, before anyone asks.

use nta_data::listed;
use nta_leakage::Strong;
use nta_metrics::{Evaluation, MemberEvaluation};
use nta_plots::{percent, share};

use crate::names::counted;
use crate::{LstmView, Note, NoteLevel, RunReport};

/// The run's own notes, then those that follow from its numbers; warnings first.
pub(crate) fn all(run: &RunReport) -> Vec<Note> {
    let mut notes = Vec::new();
    notes.extend(strong(run));
    notes.extend(single_flows(&run.lstm_view));
    notes.extend(run.notes.iter().cloned());
    if let Some(hybrid) = run.evaluation.hybrid() {
        notes.extend(threshold(hybrid));
        notes.extend(copies(hybrid));
        notes.extend(unseen(hybrid));
        notes.extend(beaten(&run.evaluation, hybrid));
    }
    notes.extend(rereads(run));
    notes.extend(prevalence(&run.evaluation));
    notes.sort_by_key(|note| note.level != NoteLevel::Warning);
    notes
}

fn note(level: NoteLevel, text: String) -> Note {
    Note { level, text }
}

/// Wrong on fewer held-out rows of either class than this, a measurement leaves a model nothing to add.
const NEARLY_NEVER: f64 = 0.01;

/// Measurements that tell the classes apart by themselves.
fn strong(run: &RunReport) -> Option<Note> {
    let best = run.strong.first()?;
    let column = |s: &Strong| {
        let right = s.alone.balanced_accuracy().map_or("–".into(), percent);
        format!("`{}` ({right})", s.column)
    };
    let columns: Vec<String> = run.strong.iter().map(column).collect();
    let level = if best.alone.worst_error() < NEARLY_NEVER { NoteLevel::Warning } else { NoteLevel::Info };
    let text = format!(
        "Alone these columns tell attacks from benign flows of the training part, held out, with this balanced accuracy: {}. \
         Are they known when a flow is scored, and not filled in after the fact?",
        listed(&columns)
    );
    Some(note(level, text))
}

fn single_flows(view: &LstmView) -> Option<Note> {
    let text = "The LSTM saw single flows: without arrival order, or with sequences of one, it is a network for each flow \
                on its own, and says nothing about whether sequences pay.";
    matches!(view, LstmView::SingleFlows).then(|| note(NoteLevel::Warning, text.into()))
}

fn threshold(hybrid: &MemberEvaluation) -> Option<Note> {
    let reason = hybrid.threshold.reason.as_ref()?;
    Some(note(NoteLevel::Warning, format!("Threshold: {reason}.").replace("..", ".")))
}

fn copies(hybrid: &MemberEvaluation) -> Option<Note> {
    let without = hybrid.without_copies.as_ref().filter(|without| without.copies > 0)?;
    let rows = hybrid.at_budget.confusion.total();
    let recalls = without.at_budget.recall.zip(hybrid.at_budget.recall);
    let effect = recalls.map_or(String::new(), |(without, with)| {
        format!(" Without them the hybrid's recall is {} instead of {}.", percent(without), percent(with))
    });
    let text = format!(
        "{} of the test part ({}) {} exact copies in training.{effect}",
        counted(without.copies, "flow", "flows"),
        share(without.copies, rows),
        if without.copies == 1 { "has" } else { "have" },
    );
    Some(note(NoteLevel::Warning, text))
}

fn unseen(hybrid: &MemberEvaluation) -> Option<Note> {
    let unseen = Some(&hybrid.unseen).filter(|unseen| unseen.flows > 0)?;
    let text = format!(
        "{} in the test part {} to {} that training never held; the hybrid flags {} of them.",
        counted(unseen.flows, "attack", "attacks"),
        if unseen.flows == 1 { "belongs" } else { "belong" },
        counted(unseen.families, "family", "families"),
        unseen.recall_at_budget.map_or("–".into(), percent),
    );
    Some(note(NoteLevel::Info, text))
}

/// The truth of the last flow as a guess: how much of the task is persistence.
fn beaten(evaluation: &Evaluation, hybrid: &MemberEvaluation) -> Option<Note> {
    let baseline = evaluation.baselines.get("last_flow")?;
    let (theirs, ours) = (baseline.answers.f1?, hybrid.at_budget.f1?);
    let text = format!(
        "Whoever knew the truth of each entity's last flow, as no detector does, and repeated it would reach F1 {theirs:.4}, \
         the hybrid reaches {ours:.4}: labels come in runs here.",
    );
    (theirs >= ours).then(|| note(NoteLevel::Info, text))
}

fn rereads(run: &RunReport) -> Option<Note> {
    let earlier = run.data.earlier_test_reads.filter(|&reads| reads > 0)?;
    let text = format!(
        "{} of this project read the same test rows: whoever chose this config after seeing them has chosen by the test.",
        counted(earlier, "earlier run", "earlier runs")
    );
    Some(note(NoteLevel::Info, text))
}

fn prevalence(evaluation: &Evaluation) -> Option<Note> {
    let baseline = evaluation.baselines.get("always_benign")?;
    let accuracy = baseline.answers.accuracy.filter(|accuracy| (0.9..1.0).contains(accuracy))?;
    let text = format!(
        "Calling every flow benign would be right for {} of them: accuracy says little here.",
        percent(accuracy)
    );
    Some(note(NoteLevel::Info, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn single_flows_stand_first_and_are_a_warning() {
        let mut run = sample::small();
        run.lstm_view = LstmView::SingleFlows;
        let notes = all(&run);
        assert_eq!(notes[0].level, NoteLevel::Warning);
        assert!(notes[0].text.starts_with("The LSTM saw single flows"));
        let last_warning = notes.iter().rposition(|n| n.level == NoteLevel::Warning).unwrap();
        assert!(notes[..last_warning].iter().all(|n| n.level == NoteLevel::Warning));
    }

    #[test]
    fn earlier_reads_of_the_test_rows_are_told_once_there_are_any() {
        let mut run = sample::small();
        run.data.earlier_test_reads = Some(3);
        assert!(all(&run).iter().any(|n| n.text.starts_with("3 earlier runs of this project")));
        run.data.earlier_test_reads = Some(0);
        assert!(!all(&run).iter().any(|n| n.text.contains("earlier run")));
    }
}
