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
        site: Some((3_000, 0.01, 0.95)),
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
    assert!(promoted.contains("the challenger takes over") && promoted.contains("site@champion points at site/2 now."));
    assert!(promoted.contains("&lt; 0.0001") && promoted.contains("files are gone"), "{promoted}");
    assert!(!promoted.contains("<b>scan") && !promoted.contains("<script>"), "names from data are text");
    let refused = page(false, Standing::Refused);
    assert!(refused.contains("the champion stays") && refused.contains("It does not pass 3 of 3 checks"), "{refused}");
}
