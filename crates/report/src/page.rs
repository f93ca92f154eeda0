//! The page: a view of the run with every number already in words, and the template that lays it out.

mod data;
mod families;
mod members;
mod verdict;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use nta_metrics::HYBRID;
use nta_plots::decimal;
use serde::Serialize;

use crate::figures::NamedFigure;
use crate::names::{counted, spoken};
use crate::{DataSection, Note, NoteLevel, Permutation, Provenance, ReportError, RunReport, notes};

/// All that the template knows.
#[derive(Serialize)]
struct Page<'a> {
    run: Head<'a>,
    style: String,
    verdict: verdict::Verdict,
    /// Each text as pieces, the odd ones names of columns or keys.
    warnings: Vec<Vec<&'a str>>,
    remarks: Vec<Vec<&'a str>>,
    members: members::MembersTable,
    class_reports: Vec<members::ClassReport>,
    figures: Figures<'a>,
    families: families::FamiliesTable,
    probability: Option<String>,
    importances: String,
    data: data::DataView<'a>,
}

/// What the template shows as it stands in the run.
#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    run: &'a str,
    seed: u64,
    data: &'a DataSection,
    config: &'a str,
    provenance: &'a Provenance,
}

/// One member's figures.
#[derive(Serialize)]
struct MemberFigures<'a> {
    name: String,
    figures: Vec<FigureView<'a>>,
}

#[derive(Serialize)]
struct Figures<'a> {
    members: Option<FigureView<'a>>,
    ranking: Vec<FigureView<'a>>,
    confusion: Vec<FigureView<'a>>,
    hybrid: Vec<FigureView<'a>>,
    families: Option<FigureView<'a>>,
    learned: Vec<FigureView<'a>>,
    others: Vec<MemberFigures<'a>>,
}

#[derive(Serialize)]
struct FigureView<'a> {
    name: &'a str,
    svg: String,
    width: u32,
}

/// The whole page as one HTML document without any reference to the outside.
pub(crate) fn render(run: &RunReport, figures: &[NamedFigure]) -> Result<String, ReportError> {
    let notes = notes::all(run);
    let texts = |level| {
        let notes = notes.iter().filter(move |note: &&Note| note.level == level);
        notes.map(|note| note.text.split('`').collect()).collect()
    };
    let page = Page {
        run: Head {
            name: &run.name,
            run: &run.run,
            seed: run.seed,
            data: &run.data,
            config: &run.config,
            provenance: &run.provenance,
        },
        style: style(),
        verdict: verdict::verdict(run),
        warnings: texts(NoteLevel::Warning),
        remarks: texts(NoteLevel::Info),
        members: members::members_table(&run.evaluation),
        class_reports: members::class_reports(&run.evaluation),
        figures: arrange(run, figures),
        families: families::families_table(&run.evaluation),
        probability: probability(run),
        importances: importances(run),
        data: data::data_view(run),
    };
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    templates.add_template("report.html", include_str!("../templates/report.html"))?;
    Ok(templates.get_template("report.html")?.render(Serde(&page))?)
}

/// What the reported probability is worth beside the raw score, in one sentence.
fn probability(run: &RunReport) -> Option<String> {
    let of = |brier: Option<f64>, log_loss: Option<f64>| Some((brier?, log_loss?));
    let reported = run.evaluation.probability.as_ref().and_then(|p| of(p.brier, p.log_loss))?;
    let raw = run.evaluation.members.get(HYBRID).and_then(|m| of(m.brier, m.log_loss))?;
    Some(format!(
        "Scored files carry a probability beside the hybrid’s score: the score through an isotonic map fitted on the \
         calibration part, which decides nothing. On the test part its Brier score is {:.4} (the raw score’s {:.4}), \
         its log loss {:.4} ({:.4}).",
        reported.0, raw.0, reported.1, raw.1
    ))
}

/// What both sides of the figure of importances say.
fn importances(run: &RunReport) -> String {
    let shares = "a feature’s share of the impurity that all trees removed on the training part; features that say the \
                  same share theirs";
    match &run.permutation {
        Permutation::Measured { flows, attacks, blocks, average_precision } => format!(
            "Left, {shares}. Right, the average precision that the forest loses when the feature’s values are shuffled, \
             on {flows} of the validation part ({}) without a copy in training, where it reaches {}: the mean over {blocks} \
             blocks of them, with the 95\u{a0}% interval for other flows like these. Where the interval holds 0, the \
             forest can do without the feature, be it that others say the same.",
            counted(*attacks, "attack", "attacks"),
            decimal(*average_precision),
            flows = counted(*flows, "flow", "flows"),
        ),
        Permutation::Skipped { why } => {
            format!("What they show is {shares}. What each is worth on held-out flows was not measured: {why}.")
        }
    }
}

/// The style sheet with the figures' font and colours in it.
fn style() -> String {
    let mut style = String::new();
    for (weight, file) in nta_plots::font_files() {
        let data = STANDARD.encode(file);
        style += &format!(
            "@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/otf;base64,{data}) format(\"opentype\")}}\n"
        );
    }
    style + include_str!("../templates/report.css") + &nta_plots::page_style()
}

fn arrange<'a>(run: &RunReport, figures: &'a [NamedFigure]) -> Figures<'a> {
    let shared = |name: &str| figures.iter().find(|f| f.member.is_none() && f.name == name).map(view);
    let of = |member: &str, kinds: &[&str]| -> Vec<FigureView<'a>> {
        let own = |kind: &&str| {
            figures.iter().find(|f| f.member.as_deref() == Some(member) && f.name.starts_with(&format!("{kind}_")))
        };
        kinds.iter().filter_map(own).map(view).collect()
    };
    let names: Vec<&str> = run.evaluation.members.iter().map(|(name, _)| name).collect();
    let (hybrid, others) = names.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
    let kinds = ["score_histogram", "reliability"];
    Figures {
        members: shared("members"),
        ranking: ["roc_curves", "pr_curves"].into_iter().filter_map(shared).collect(),
        confusion: names.iter().rev().flat_map(|name| of(name, &["confusion_matrix"])).collect(),
        hybrid: of(hybrid, &kinds),
        families: of(hybrid, &["families"]).into_iter().next(),
        learned: ["learning_curve", "importances"].into_iter().filter_map(shared).collect(),
        others: others
            .iter()
            .map(|name| MemberFigures {
                name: spoken(name),
                figures: of(name, &["score_histogram", "reliability", "families"]),
            })
            .collect(),
    }
}

fn view(figure: &NamedFigure) -> FigureView<'_> {
    FigureView { name: &figure.name, svg: figure.figure.inline_svg(), width: figure.figure.width }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{figures, sample};

    fn html(run: &RunReport) -> String {
        render(run, &figures::draw(run).unwrap()).unwrap()
    }

    static USUAL: LazyLock<String> = LazyLock::new(|| html(&sample::usual()));
    static ONE_CLASS: LazyLock<String> = LazyLock::new(|| html(&sample::one_class()));

    #[test]
    fn the_page_asks_nothing_of_the_network() {
        let page = &*USUAL;
        for outside in ["http://", "https://", "src=\"//", "@import", "<link", "<script", "<iframe"] {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn names_from_data_are_text_on_the_page() {
        let mut run = sample::small();
        run.name = "<script>alert(1)</script>".into();
        run.config = "name: \"</pre><img src=x onerror=alert(1)>\"".into();
        run.notes.push(Note { level: NoteLevel::Info, text: "<b>& \"quotes\"</b>".into() });
        let page = html(&run);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>&"));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn every_figure_on_the_page_is_described_and_every_anchor_leads_somewhere() {
        let page = &*USUAL;
        assert!(page.matches("<svg").count() >= 12);
        assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\" aria-label=").count());
        for anchor in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        }
    }

    #[test]
    fn the_page_is_well_formed_and_its_headings_step_by_one() {
        for page in [&*USUAL, &*ONE_CLASS] {
            let xml = page.replacen("<!doctype html>", "", 1).replace("&nbsp;", "\u{a0}");
            let tree = roxmltree::Document::parse(&xml).unwrap();
            let levels = tree.descendants().filter_map(|n| n.tag_name().name().strip_prefix('h')?.parse::<u32>().ok());
            let levels: Vec<u32> = levels.collect();
            assert_eq!(levels.iter().filter(|&&level| level == 1).count(), 1);
            assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
            for table in tree.descendants().filter(|node| node.has_tag_name("table")) {
                assert!(table.children().any(|node| node.has_tag_name("caption")), "a table has no caption");
            }
        }
    }

    /// With `NTA_GALLERY` set to a folder, sample pages are written there for a person to look at.
    #[test]
    fn samples_render() {
        let gallery = std::env::var_os("NTA_GALLERY").map(std::path::PathBuf::from);
        for (name, page) in [("usual", &*USUAL), ("one-class", &*ONE_CLASS)] {
            assert!(page.len() < 2_000_000, "{name}: {} bytes", page.len());
            if let Some(folder) = &gallery {
                std::fs::write(folder.join(format!("report-{name}.html")), page).unwrap();
            }
        }
    }
}
