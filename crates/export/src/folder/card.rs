//! `README.md` of a published model: its card, for whoever meets it without us.

use std::fmt::Write;

use nta_data::{HYBRID, Order};
use nta_metrics::{Evaluation, MemberEvaluation};
use nta_model::{Model, NamedThreshold};

use crate::{ExportError, MADE_ROWS, Parity, TOLERANCE};

/// Families named in the card; the run's report has all.
const MOST_FAMILIES: usize = 20;

/// What the card tells beyond the model itself.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// What its run measured on the test part, where that is known.
    pub evaluation: Option<Evaluation>,
    /// The terms under which the model is passed on, in the publisher's words.
    pub licence: Option<String>,
    /// What was proved.
    pub parity: Parity,
}

/// The card's text, Markdown.
pub(super) fn text(model: &Model, title: &str, card: &Card) -> Result<String, ExportError> {
    let mut out = String::new();
    write_text(&mut out, model, title, card).map_err(ExportError::unsayable)?;
    Ok(out)
}

fn write_text(out: &mut String, model: &Model, title: &str, card: &Card) -> std::fmt::Result {
    let came = &model.provenance;
    writeln!(out, "# {title}\n")?;
    let members: Vec<&str> = model.member_names().collect();
    let kind = if model.state.is_some() { "by what their host did before" } else { "each by itself" };
    writeln!(out, "Scores network flows from 0 (benign) to 1 (attack), {kind}: {}, fused.\n", members.join(", "))?;
    writeln!(out, "Trained {} by nta, run `{}`, seed {}.\n", came.created, came.run, came.seed)?;
    intended_use(out, model)?;
    data(out, model)?;
    promise(out, model, card)?;
    if let Some(evaluation) = &card.evaluation {
        measured(out, evaluation)?;
    }
    limits(out, model)?;
    files(out, model, card)?;
    let licence = card.licence.as_deref().unwrap_or("none stated: ask whoever published it");
    writeln!(out, "## Licence\nOf the model: {licence}. Of the Python files under `code/`: MIT.")
}

fn intended_use(out: &mut String, model: &Model) -> std::fmt::Result {
    writeln!(out, "## Intended use")?;
    writeln!(
        out,
        "To rank flows of traffic like that below and to flag those above the threshold for a person to look at; not to \
         block traffic or to judge people unseen. Flows are read by the column roles in `schema.json` (`{}`).\n",
        model.schema.name
    )
}

fn data(out: &mut String, model: &Model) -> std::fmt::Result {
    writeln!(out, "## Data")?;
    let training = model.preprocessor.training();
    let share = 100.0 * training.attack_rate;
    writeln!(out, "Learned from {} flows of the training part, {share:.2} % of them attacks.\n", training.rows)?;
    if !model.provenance.data.is_empty() {
        writeln!(out, "| role | file | bytes | sha256 |\n|---|---|---|---|")?;
        for file in &model.provenance.data {
            writeln!(out, "| {} | {} | {} | `{}` |", file.role, cell(&file.name), file.bytes, file.sha256)?;
        }
        writeln!(out)?;
    }
    for finding in &model.provenance.accepted {
        let (column, why) = (cell(&finding.column), cell(&finding.why.to_string()));
        writeln!(
            out,
            "**Accepted by name, though it is no measurement that this model should need:** `{column}`, {why}.\n"
        )?;
    }
    let dropped = model.preprocessor.dropped();
    if !dropped.is_empty() {
        let named: Vec<String> = dropped.iter().map(|(name, why)| format!("{} ({why})", cell(name))).collect();
        writeln!(out, "Columns that say nothing there, and are not asked for: {}.\n", named.join(", "))?;
    }
    match model.schema.ignored.is_empty() {
        true => Ok(()),
        false => writeln!(out, "Columns left out on purpose: {}.\n", cell(&model.schema.ignored.join(", "))),
    }
}

fn promise(out: &mut String, model: &Model, card: &Card) -> std::fmt::Result {
    writeln!(out, "## Promise")?;
    if let Some(NamedThreshold { chosen, .. }) = model.thresholds.iter().find(|t| t.name == HYBRID) {
        writeln!(
            out,
            "A flow is flagged when its hybrid score is above {}: {}, chosen on {} benign flows that nothing else had seen.",
            chosen.value,
            chosen.rule.describe(),
            chosen.benign_rows
        )?;
    }
    match card.evaluation.as_ref().and_then(|evaluation| evaluation.promise.as_ref()) {
        Some(promise) => writeln!(out, "On the test part: {}.", promise.describe())?,
        None => writeln!(out, "Whether it was kept on the test part is not known here.")?,
    }
    writeln!(out, "It holds for traffic like the flows that set it, and for no other.\n")
}

fn measured(out: &mut String, evaluation: &Evaluation) -> std::fmt::Result {
    writeln!(out, "## Measured on the test part")?;
    writeln!(out, "| | ROC-AUC | average precision | recall | false positive rate |\n|---|---|---|---|---|")?;
    let number = |member: &MemberEvaluation, name| member.value(name).map_or("–".to_owned(), |x| format!("{x:.4}"));
    for (name, member) in evaluation.members.iter() {
        let numbers = ["roc_auc", "average_precision", "recall", "fpr"].map(|metric| number(member, metric));
        writeln!(out, "| {name} | {} |", numbers.join(" | "))?;
    }
    writeln!(out, "\n{}\n", evaluation.verdict)?;
    let Some(hybrid) = evaluation.hybrid().filter(|hybrid| !hybrid.families.is_empty()) else { return Ok(()) };
    writeln!(out, "## Families\n| family | flows | flagged | in training |\n|---|---|---|---|")?;
    for (family, recall) in hybrid.families.iter().take(MOST_FAMILIES) {
        let (share, seen) = (100.0 * recall.recall_at_budget, if recall.seen_in_training { "yes" } else { "no" });
        writeln!(out, "| {} | {} | {share:.1} % | {seen} |", cell(family), recall.flows)?;
    }
    match hybrid.families.len().saturating_sub(MOST_FAMILIES) {
        0 => writeln!(out),
        more => writeln!(out, "\nand {more} smaller ones.\n"),
    }
}

fn limits(out: &mut String, model: &Model) -> std::fmt::Result {
    writeln!(out, "## Limits")?;
    writeln!(
        out,
        "- Other networks, sensors and years are other traffic: set the threshold anew on benign flows of yours."
    )?;
    writeln!(out, "- Attacks unlike those in the training data may pass, and strange benign flows may be flagged.")?;
    match (&model.state, model.schema.order) {
        (Some(state), _) => writeln!(
            out,
            "- Flows must come in the order in which they ended; a host silent for {} s begins anew.\n",
            state.memory.idle_seconds
        ),
        (None, Order::None) => writeln!(out, "- The data had no order, so the network sees single flows.\n"),
        (None, _) => writeln!(out),
    }
}

fn files(out: &mut String, model: &Model, card: &Card) -> std::fmt::Result {
    writeln!(out, "## Files")?;
    let parity = &card.parity;
    writeln!(
        out,
        "The graphs were proved against the model on {} rows ({} of them flagged), golden ones and at least {MADE_ROWS} \
         that it never saw: no score further apart than {TOLERANCE:e} (largest {:e}), every flag equal.\n",
        parity.rows, parity.flagged, parity.largest_difference
    )?;
    writeln!(out, "| file | what |\n|---|---|")?;
    let graph = match &model.state {
        Some(_) => {
            "`model.onnx` | the whole model, with what is remembered of a host coming in and going out |\n| \
                    `model_stateless.onnx` | the same for single flows |"
        }
        None => "`model.onnx` | the whole model |",
    };
    writeln!(out, "| {graph}")?;
    for (file, what) in FILES {
        writeln!(out, "| `{file}` | {what} |")?;
    }
    writeln!(
        out,
        "\n```python\nimport mlflow.pyfunc\nmlflow.pyfunc.load_model(\".\").predict(frame)      # or, without MLflow:\n\
         from nta_loader import Model                            # with code/ on the path\nModel(\".\").predict(frame)\n```\n\
         `nta score .` and `nta verify .` take the folder as it is.\n"
    )
}

/// What else stands in the folder.
const FILES: [(&str, &str); 9] = [
    ("MLmodel", "for MLflow: `mlflow.pyfunc.load_model`, `mlflow models serve`, `mlflow.pyfunc.spark_udf`"),
    ("preprocessing.json", "what goes in and out, and every learned value of the preprocessing"),
    ("scaler_lstm.npy", "centre and spread of the network's numbers"),
    ("*.safetensors", "networks under PyTorch's names"),
    ("*.bin", "forests; `code/nta_forest.py` reads them with numpy alone"),
    ("golden.json", "rows and what the model says to them"),
    ("profile.json", "what the training traffic looked like"),
    ("manifest.json", "the model as nta loads it, with what it was made from"),
    ("SHA256SUMS", "digests of all files; `sha256sum -c` checks them"),
];

/// A name from the traffic in a line of Markdown.
fn cell(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || "|`<>[]\\".contains(c) { '·' } else { c }).collect()
}
