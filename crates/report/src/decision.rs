//! A decision between two models as a page: which stands in service from now on, and what that rests on.

use nta_metrics::{Check, Checked, Paired, UnitKind};
use nta_plots::{percent, significant};
use serde::{Deserialize, Serialize};

use crate::names::counted;
use crate::{Artefact, ReportError, page};

/// What became of a challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It did not show what it had to.
    Refused,
    /// It did, and has taken the champion's place.
    Promoted,
    /// It did, and whoever asked decides.
    Asked,
    /// It did, and a comparison was all that was wanted.
    Compared,
    /// It did and took the champion's place, and somebody took it back.
    TakenBack,
}

/// A model at its own threshold, as in service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Benign flows flagged.
    pub false_alarms: u64,
    /// Their share of the benign flows.
    pub fpr: Option<f64>,
    /// Attacks flagged.
    pub detected: u64,
    /// Their share of the attacks.
    pub recall: Option<f64>,
}

/// What the page tells.
#[derive(Debug, Clone)]
pub struct DecisionPage<'a> {
    /// `name/3`.
    pub champion: &'a str,
    /// `name/4`.
    pub challenger: &'a str,
    /// The challenger's run.
    pub run: &'a str,
    /// `name@champion`.
    pub alias: &'a str,
    /// What became of it.
    pub standing: Standing,
    /// The fresh traffic's files.
    pub files: &'a [String],
    /// Fresh flows that the challenger learned from.
    pub learned: u64,
    /// Fresh flows that both were judged on.
    pub held_out_rows: u64,
    /// Old flows that the challenger learned from.
    pub replayed: u64,
    /// Flows on which analysts gave verdicts.
    pub verdicts: u64,
    /// Models whose traffic is not to be had, and why.
    pub unavailable: Vec<(&'a str, &'a str)>,
    /// What of the fresh traffic has drifted.
    pub drifted: &'a [String],
    /// Both on the held-out fresh flows.
    pub held_out: &'a Paired,
    /// Both on the champion's old test part.
    pub old_test: Option<&'a Paired>,
    /// Champion and challenger at their own thresholds on the held-out flows.
    pub in_service: [Service; 2],
    /// What was asked of the challenger.
    pub checks: &'a [Checked],
}

/// Names before a list is cut.
const NAMED: usize = 6;

#[derive(Serialize)]
struct View<'a> {
    style: String,
    champion: &'a str,
    challenger: &'a str,
    run: &'a str,
    state: &'static str,
    badge: &'static str,
    claim: String,
    learned: String,
    replayed: String,
    verdicts: Option<String>,
    held_out: String,
    files: &'a [String],
    unavailable: &'a [(&'a str, &'a str)],
    drifted: String,
    checks: Vec<CheckRow>,
    comparisons: Vec<Comparison>,
    service: Vec<[String; 5]>,
    note: String,
}

#[derive(Serialize)]
struct CheckRow {
    words: String,
    found: String,
    limit: String,
    passed: bool,
}

/// Both on some rows.
#[derive(Serialize)]
struct Comparison {
    title: &'static str,
    rows: String,
    models: Vec<[String; 5]>,
    gain: String,
    differ: String,
    families: Vec<FamilyRow>,
}

#[derive(Serialize)]
struct FamilyRow {
    name: String,
    flows: String,
    shares: [String; 2],
    lengths: [u32; 2],
    fell: bool,
}

/// The page `decision.html`. The same decision gives the same bytes.
///
/// # Errors
/// A template that cannot be filled.
pub fn render_decision(decision: &DecisionPage<'_>) -> Result<Vec<Artefact>, ReportError> {
    let fresh = comparison("On the fresh flows held out", decision.held_out, decision);
    let old = decision.old_test.map(|old| comparison("On the champion's old test part", old, decision));
    let service = [decision.champion, decision.challenger].into_iter().zip(&decision.in_service);
    let view = View {
        style: page::style(),
        champion: decision.champion,
        challenger: decision.challenger,
        run: decision.run,
        state: if matches!(decision.standing, Standing::Refused | Standing::TakenBack) { "near" } else { "kept" },
        badge: badge(decision.standing),
        claim: claim(decision),
        learned: counted(decision.learned, "flow", "flows"),
        replayed: counted(decision.replayed, "old flow", "old flows"),
        verdicts: (decision.verdicts > 0).then(|| counted(decision.verdicts, "verdict", "verdicts")),
        held_out: counted(decision.held_out_rows, "flow", "flows"),
        files: decision.files,
        unavailable: &decision.unavailable,
        drifted: drifted(decision.drifted),
        checks: decision.checks.iter().map(check).collect(),
        comparisons: std::iter::once(fresh).chain(old).collect(),
        service: service.map(|(name, service)| in_service(name, service)).collect(),
        note: note(decision.held_out),
    };
    let html = page::fill(include_str!("../templates/decision.html"), &view)?;
    Ok(vec![Artefact { path: "decision.html".into(), bytes: html.into_bytes() }])
}

fn badge(standing: Standing) -> &'static str {
    match standing {
        Standing::Refused => "the champion stays",
        Standing::Promoted => "the challenger takes over",
        Standing::Asked => "the challenger may take over",
        Standing::Compared => "the challenger is better",
        Standing::TakenBack => "the challenger was taken back",
    }
}

fn claim(decision: &DecisionPage<'_>) -> String {
    let DecisionPage { champion, challenger, alias, held_out, .. } = decision;
    let rate = percent(held_out.false_positive_rate);
    let recalls = format!(
        "At {rate} false alarms {challenger} finds {} of the attacks held out, {champion} {}.",
        percent(held_out.challenger.recall),
        percent(held_out.champion.recall)
    );
    let then = match decision.standing {
        Standing::Promoted => format!("{alias} points at {challenger} now."),
        Standing::Asked => format!("`nta promote {challenger}` puts it in service."),
        Standing::Compared => format!("{alias} stays where it is, as asked."),
        Standing::TakenBack => format!("{alias} pointed at it and was moved back by hand."),
        Standing::Refused => {
            let failed = decision.checks.iter().filter(|checked| !checked.passed).count();
            format!("It does not pass {failed} of {} checks, and {alias} stays where it is.", decision.checks.len())
        }
    };
    format!("{recalls} {then}")
}

fn drifted(names: &[String]) -> String {
    match names {
        [] => "Nothing in the fresh traffic is past its limit of drift.".to_owned(),
        few if few.len() <= NAMED => format!("Past its limit of drift: {}.", few.join(", ")),
        many => format!("Past its limit of drift: {} and {} more.", many[..NAMED].join(", "), many.len() - NAMED),
    }
}

/// What a check asks, in words.
pub fn check_words(check: &Check) -> String {
    match check {
        Check::Gain => "gain in recall beyond chance, lower end".to_owned(),
        Check::McNemar => "McNemar's mid-p value".to_owned(),
        Check::OldTest => "recall lost on the old test part".to_owned(),
        Check::FreshFamily(name) => format!("recall lost on {name}, fresh"),
        Check::OldFamily(name) => format!("recall lost on {name}, old"),
        Check::Promise => "false positive rate in service, lower end".to_owned(),
    }
}

fn check(checked: &Checked) -> CheckRow {
    let sign = if checked.check == Check::Gain { "above" } else { "at most" };
    let shown = |x: f64| match checked.check {
        Check::McNemar => p_value(x),
        Check::Promise => percent(x),
        _ => format!("{x:+.3}"),
    };
    let limit = if checked.check == Check::Promise { percent(checked.limit) } else { significant(checked.limit) };
    CheckRow {
        words: check_words(&checked.check),
        found: checked.found.map_or_else(|| "too few attacks apart".to_owned(), shown),
        limit: format!("{sign} {limit}"),
        passed: checked.passed,
    }
}

fn comparison(title: &'static str, paired: &Paired, decision: &DecisionPage<'_>) -> Comparison {
    let model = |name: &str, at: &nta_metrics::AtRate| {
        let counts = [at.false_alarms, at.detected].map(nta_plots::thousands);
        let [alarms, detected] = counts;
        [name.to_owned(), format!("{:.4}", at.threshold), alarms, detected, percent(at.recall)]
    };
    let interval = paired.interval.map_or("no interval: too few of them hold attacks".to_owned(), |(low, high)| {
        format!("[{low:+.3}, {high:+.3}] at {} an end", percent(1.0 - paired.alpha))
    });
    let units = match paired.units.by {
        UnitKind::Hosts => counted(paired.units.n, "host", "hosts"),
        UnitKind::Stretches => {
            counted(paired.units.n, "stretch of neighbouring flows", "stretches of neighbouring flows")
        }
    };
    let length = |share: f64| (100.0 * share).round() as u32;
    let family = |(name, pair): (&str, &nta_metrics::FamilyPair)| FamilyRow {
        name: name.to_owned(),
        flows: nta_plots::thousands(pair.flows),
        shares: [pair.champion, pair.challenger].map(percent),
        lengths: [pair.champion, pair.challenger].map(length),
        fell: pair.fall() > 0.0,
    };
    let (alone, other) = (paired.mcnemar.challenger_alone, paired.mcnemar.champion_alone);
    Comparison {
        title,
        rows: format!(
            "{} and {}",
            counted(paired.benign, "benign flow", "benign flows"),
            counted(paired.attacks, "attack", "attacks")
        ),
        models: vec![model(decision.champion, &paired.champion), model(decision.challenger, &paired.challenger)],
        gain: format!(
            "Gain in recall {:+.3}, {interval}, by {units} drawn again, {} of them with attacks.",
            paired.gain, paired.units.with_attacks
        ),
        differ: format!(
            "{} only the challenger finds, {} only the champion: McNemar's mid-p {}.",
            counted(alone, "attack", "attacks"),
            nta_plots::thousands(other),
            p_value(paired.mcnemar.mid_p)
        ),
        families: paired.families.iter().map(family).collect(),
    }
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn in_service(name: &str, service: &Service) -> [String; 5] {
    let share = |x: Option<f64>| x.map_or("–".to_owned(), percent);
    [
        name.to_owned(),
        nta_plots::thousands(service.false_alarms),
        share(service.fpr),
        nta_plots::thousands(service.detected),
        share(service.recall),
    ]
}

fn note(paired: &Paired) -> String {
    format!(
        "Both models are compared at the threshold that flags {} of the benign flows compared, read off those flows: equal \
         points of two rankings, not thresholds for service. The bootstrap reads them off every draw anew. In service each \
         keeps the threshold that was chosen in its own training.",
        percent(paired.false_positive_rate)
    )
}

#[cfg(test)]
mod tests {
    use nta_data::{Categories, Label};
    use nta_metrics::{PairedInput, PromotionRule, compare_paired};

    use super::*;

    fn paired(better: bool) -> Paired {
        let labels: Vec<Label> = (0..400).map(|i| if i % 4 == 0 { Label::Attack } else { Label::Benign }).collect();
        let family: Vec<Option<&str>> = (0..400).map(|i| Some(if i % 4 == 0 { "<b>scan" } else { "benign" })).collect();
        let found = |i: usize| if i.is_multiple_of(4) { 0.9 } else { (i % 97) as f32 / 200.0 };
        let (good, bad): (Vec<f32>, Vec<f32>) =
            ((0..400).map(found).collect(), (0..400).map(|i| (i % 89) as f32 / 100.0).collect());
        let (champion, challenger) = if better { (&bad, &good) } else { (&good, &bad) };
        let families = Categories::from_texts(family);
        compare_paired(&PairedInput {
            labels: &labels,
            families: Some(&families),
            host: &[],
            champion,
            challenger,
            false_positive_rate: 0.05,
            alpha: 0.05,
            seed: 1,
        })
        .unwrap()
    }

    fn page(better: bool, standing: Standing) -> String {
        let held_out = paired(better);
        let rule = PromotionRule { alpha: 0.05, minimum_gain: 0.02, old_test_margin: 0.05, family_margin: 0.1 };
        let checks = rule.checks(&held_out, None);
        let service = Service { false_alarms: 3, fpr: Some(0.01), detected: 90, recall: None };
        let files = ["<script>.csv".to_owned()];
        let rendered = render_decision(&DecisionPage {
            champion: "site/1",
            challenger: "site/2",
            run: "20261127-221306-bzhz",
            alias: "site@champion",
            standing,
            files: &files,
            learned: 900,
            held_out_rows: 400,
            replayed: 800,
            verdicts: 2,
            unavailable: vec![("site/0", "files are gone")],
            drifted: &[],
            held_out: &held_out,
            old_test: None,
            in_service: [service; 2],
            checks: &checks,
        });
        // The template writes a slash so, lest a name closes a tag.
        String::from_utf8(rendered.unwrap().remove(0).bytes).unwrap().replace("&#x2f;", "/")
    }

    #[test]
    fn the_page_says_who_stands_in_service_and_why() {
        let promoted = page(true, Standing::Promoted);
        assert!(
            promoted.contains("the challenger takes over") && promoted.contains("site@champion points at site/2 now.")
        );
        assert!(promoted.contains("&lt; 0.0001") && promoted.contains("files are gone"), "{promoted}");
        assert!(!promoted.contains("<b>scan") && !promoted.contains("<script>"), "names from data are text");
        let refused = page(false, Standing::Refused);
        assert!(
            refused.contains("the champion stays") && refused.contains("It does not pass 3 of 3 checks"),
            "{refused}"
        );
    }
}
