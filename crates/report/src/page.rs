//! The page: a view of the run with every number already in words, and the template that lays it out.

mod data;
mod families;
mod leave_out;
mod members;
mod profile;
mod verdict;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use nta_metrics::HYBRID;
use serde::Serialize;

use crate::figures::{DrawnFigure, Place};
use crate::names::spoken;
use crate::{DataSection, Note, NoteLevel, Provenance, ReportError, RunReport, notes};

/// All that the template knows.
#[derive(Serialize)]
struct Page<'a> {
    run: Head<'a>,
    style: String,
    verdict: verdict::Verdict,
    /// Features that give the label away, and why, in words.
    accepted: Vec<(&'a str, String)>,
    /// Each text as pieces, the odd ones names of columns or keys.
    warnings: Vec<Vec<&'a str>>,
    remarks: Vec<Vec<&'a str>>,
    members: members::MembersTable,
    class_reports: Vec<members::ClassReport>,
    figures: PlacedFigures<'a>,
    families: families::FamiliesTable,
    leave_out: Option<leave_out::LeaveOutTable>,
    probability: Option<String>,
    data: data::DataView<'a>,
    profile: Option<profile::ProfileView>,
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

/// Figures by their place on the page.
#[derive(Serialize)]
struct PlacedFigures<'a> {
    members: Vec<FigureView<'a>>,
    ranking: Vec<FigureView<'a>>,
    at_threshold: Vec<FigureView<'a>>,
    /// Each member's own beside each other, the hybrid's first.
    at_threshold_cards: Vec<FigureView<'a>>,
    scores: Vec<FigureView<'a>>,
    families: Vec<FigureView<'a>>,
    learning: Vec<FigureView<'a>>,
    /// Scores and families of the members beside the hybrid.
    others: Vec<MemberFigures<'a>>,
}

#[derive(Clone, Serialize)]
struct FigureView<'a> {
    name: &'a str,
    svg: String,
    width: u32,
    caption: &'a str,
}

/// The whole page as one HTML document without any reference to the outside.
pub(crate) fn render(run: &RunReport, figures: &[DrawnFigure]) -> Result<String, ReportError> {
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
        accepted: run.accepted.iter().map(|f| (f.column.as_str(), f.why.to_string())).collect(),
        warnings: texts(NoteLevel::Warning),
        remarks: texts(NoteLevel::Info),
        members: members::members_table(&run.evaluation),
        class_reports: members::class_reports(&run.evaluation),
        figures: arrange(run, figures),
        families: families::families_table(&run.evaluation),
        leave_out: leave_out::leave_out_table(&run.evaluation),
        probability: probability(run),
        data: data::data_view(run),
        profile: run.profile.as_ref().map(profile::profile_view),
    };
    fill(include_str!("../templates/report.html"), &page)
}

/// Lays `page` out by a template.
pub(crate) fn fill(template: &str, page: &impl Serialize) -> Result<String, ReportError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    templates.add_template("head.html", include_str!("../templates/head.html"))?;
    // The name's ending has every value escaped for HTML.
    templates.add_template("page.html", template)?;
    Ok(templates.get_template("page.html")?.render(Serde(page))?)
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

/// The style sheet with the figures' font and colours in it.
pub(crate) fn style() -> String {
    let mut style = String::new();
    for (weight, file) in nta_plots::font_files() {
        let data = STANDARD.encode(file);
        style += &format!(
            "@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/otf;base64,{data}) format(\"opentype\")}}\n"
        );
    }
    style + include_str!("../templates/report.css") + &nta_plots::page_style()
}

fn arrange<'a>(run: &RunReport, figures: &'a [DrawnFigure]) -> PlacedFigures<'a> {
    let of = |place: Place, member: Option<&str>| -> Vec<FigureView<'a>> {
        figures.iter().filter(|f| f.place == place && f.member.as_deref() == member).map(view).collect()
    };
    // What is about the run stands before what is about the hybrid.
    let placed = |place| [of(place, None), of(place, Some(HYBRID))].concat();
    let others = || run.evaluation.without_hybrid().map(|(name, _)| name);
    let names: Vec<&str> = others().chain([HYBRID]).collect();
    let folded = |name: &str| MemberFigures {
        name: spoken(name),
        figures: [Place::Scores, Place::Families]
            .into_iter()
            .flat_map(|place| of(place, Some(name)))
            .map(|figure| FigureView { caption: "", ..figure })
            .collect(),
    };
    PlacedFigures {
        members: placed(Place::Members),
        ranking: placed(Place::Ranking),
        at_threshold: of(Place::AtThreshold, None),
        at_threshold_cards: names.iter().rev().flat_map(|name| of(Place::AtThreshold, Some(*name))).collect(),
        scores: placed(Place::Scores),
        families: placed(Place::Families),
        learning: placed(Place::Learning),
        others: others().map(folded).collect(),
    }
}

fn view(figure: &DrawnFigure) -> FigureView<'_> {
    let (svg, width) = (figure.figure.inline_svg(), figure.figure.width);
    FigureView { name: &figure.name, svg, width, caption: &figure.caption }
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
