//! Every figure in ordinary and in hard cases, in both themes. With `NTA_GALLERY` set to a folder, they are written
//! there for a person to look at.

use std::collections::HashSet;

use crate::*;

const LONG: &str = "a_name_of_forty_characters_as_some_have_";

/// What a case feeds the figures with.
struct Case {
    name: &'static str,
    benign: Vec<f64>,
    attack: Vec<f64>,
    /// Multiplies counts, so that 10^6 rows and more need no such vectors.
    times: u64,
    label: &'static str,
    n_names: usize,
}

fn cases() -> Vec<Case> {
    let case = |name, benign, attack, times, label, n_names| Case { name, benign, attack, times, label, n_names };
    vec![
        case("usual", scores(4_000, 0.12), scores(900, 0.83), 11, "hybrid", 14),
        case("one_class", scores(300, 0.2), vec![], 1, "forest", 5),
        case("only_attacks", vec![], scores(300, 0.8), 1, "lstm", 5),
        case("one_row", vec![0.4], vec![], 1, "forest", 1),
        case("a_million_rows", scores(4_000, 0.1), scores(600, 0.9), 2_173, "hybrid", 25),
        case("long_names", scores(500, 0.3), scores(400, 0.6), 1, LONG, 45),
        case("nothing", vec![], vec![], 1, "hybrid", 0),
    ]
}

/// Numbers in (0, 1) around `center`, from a fixed sequence.
fn scores(n: usize, center: f64) -> Vec<f64> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let logit = (center / (1.0 - center)).ln();
    (0..n)
        .map(|_| {
            let noise: f64 = (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
            1.0 / (1.0 + (-(logit + 2.4 * noise)).exp())
        })
        .collect()
}

impl Case {
    fn flagged(&self, scores: &[f64], threshold: f64) -> u64 {
        scores.iter().filter(|&&s| s > threshold).count() as u64 * self.times
    }

    fn counts(&self) -> ConfusionCounts {
        let (benign, attack) = (self.flagged(&self.benign, -1.0), self.flagged(&self.attack, -1.0));
        let (fp, tp) = (self.flagged(&self.benign, 0.5), self.flagged(&self.attack, 0.5));
        ConfusionCounts {
            true_negatives: benign - fp,
            false_positives: fp,
            false_negatives: attack - tp,
            true_positives: tp,
        }
    }

    /// (false positive rate, recall, precision) by falling threshold; empty where a class is missing.
    fn curve(&self) -> Vec<(f64, f64, f64)> {
        if self.benign.is_empty() || self.attack.is_empty() {
            return vec![];
        }
        let mut all: Vec<(f64, bool)> = self.benign.iter().map(|&s| (s, false)).collect();
        all.extend(self.attack.iter().map(|&s| (s, true)));
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut fp, mut tp) = (0.0, 0.0);
        let step = |(_, attack): &(f64, bool)| {
            if *attack {
                tp += 1.0
            } else {
                fp += 1.0
            }
            (fp / self.benign.len() as f64, tp / self.attack.len() as f64, tp / (tp + fp))
        };
        all.iter().map(step).collect()
    }

    fn histogram(&self, scores: &[f64]) -> Vec<u64> {
        let mut bins = vec![0; 50];
        scores.iter().for_each(|s| bins[((s * 50.0) as usize).min(49)] += self.times);
        bins
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let known = ["src_bytes", "service", "dst_host_srv_count", "duration", "flag", "count", "serror_rate"];
        let label = self.label;
        (0..self.n_names).map(move |i| match known.get(i) {
            Some(name) if label != LONG => (*name).to_owned(),
            _ => format!("{label}_{i}"),
        })
    }

    fn figures(&self, theme: Theme) -> Vec<(&'static str, Figure)> {
        let counts = self.counts();
        let points = self.curve();
        let (fpr, recall): (Vec<f64>, Vec<f64>) = points.iter().map(|p| (p.0, p.1)).unzip();
        let precision: Vec<f64> = points.iter().map(|p| p.2).collect();
        let at = (!points.is_empty()).then(|| {
            let flagged = (counts.false_positives + counts.true_positives).max(1) as f64;
            let recall = counts.true_positives as f64 / (counts.true_positives + counts.false_negatives) as f64;
            let fpr = counts.false_positives as f64 / (counts.true_negatives + counts.false_positives) as f64;
            (fpr, recall, counts.true_positives as f64 / flagged)
        });
        let roc = Curve {
            name: self.label,
            place: 2,
            x: &fpr,
            y: &recall,
            area: at.map(|_| 0.987_64),
            at_threshold: at.map(|(fpr, recall, _)| (fpr, recall)),
        };
        let weaker: Vec<f64> = recall.iter().map(|r| r.powf(1.6)).collect();
        let second = Curve { name: "forest", place: 0, y: &weaker, area: at.map(|_| 0.9512), ..roc };
        let pr = Curve { x: &recall, y: &precision, at_threshold: at.map(|(_, r, p)| (r, p)), ..roc };
        let prevalence = (!self.attack.is_empty())
            .then(|| self.attack.len() as f64 / (self.attack.len() + self.benign.len()) as f64);
        let title = |what: &str| format!("{what} · {}", self.label);
        let learning: Vec<Epoch> = (1..=self.n_names as u32).map(epoch).collect();
        let weights: Vec<Importance> = self.names().enumerate().map(|(i, name)| importance(i, name)).collect();
        let shares: Vec<Importance> = weights.iter().map(|i| Importance { loss: None, ..i.clone() }).collect();
        let bins = reliability_bins(&self.histogram(&self.benign), &self.histogram(&self.attack));
        let curve = ReliabilityCurve { name: self.label, place: 2, bins: &bins, brier: Some(0.0412) };
        let attacks: Vec<Family> = self.names().enumerate().map(|(i, name)| family(i, name, self.times)).collect();
        let bars: Vec<MemberBar> = ["forest", "lstm", self.label]
            .iter()
            .take(self.n_names)
            .enumerate()
            .map(|(place, name)| MemberBar { name: (*name).into(), place })
            .collect();
        let histogram = ScoreHistogram {
            benign: &self.histogram(&self.benign),
            attack: &self.histogram(&self.attack),
            threshold: Some(0.431),
        };
        vec![
            ("confusion_matrix", confusion_matrix(&counts, theme, &title("Confusion matrix")).unwrap()),
            (
                "roc_curve",
                roc_curve(&RocCurves { curves: &[roc], budget: Some(0.01) }, theme, &title("ROC curve")).unwrap(),
            ),
            (
                "roc_curves",
                roc_curve(&RocCurves { curves: &[second, roc], budget: Some(0.001) }, theme, "ROC curves").unwrap(),
            ),
            (
                "pr_curve",
                pr_curve(&PrCurves { curves: &[pr], prevalence }, theme, &title("Precision and recall")).unwrap(),
            ),
            ("score_histogram", score_histogram(&histogram, theme, &title("Scores")).unwrap()),
            (
                "learning_curve",
                learning_curve(&LearningCurve { epochs: &learning, best: Some(4) }, theme, "Learning curve · lstm")
                    .unwrap(),
            ),
            ("importances", importances(&weights, "average precision", theme, "Importances · forest").unwrap()),
            ("importances_shares", importances(&shares, "", theme, "Importances · forest").unwrap()),
            ("reliability", reliability(&curve, theme, &title("Reliability")).unwrap()),
            ("families", families(&attacks, theme, &title("Recall by attack family")).unwrap()),
            ("members", members(&bars, &metrics(), theme, "Members and hybrid").unwrap()),
        ]
    }
}

fn importance(i: usize, name: String) -> Importance {
    let mean = 0.021 * 0.5f64.powi(i as i32) - 0.000_3 * (i % 3) as f64;
    let loss =
        Some(ImportanceLoss { mean, interval: (mean - 0.001 - mean.abs() / 4.0, mean + 0.001 + mean.abs() / 4.0) });
    Importance { name, share: 0.3 * 0.7f64.powi(i as i32), loss }
}

fn epoch(epoch: u32) -> Epoch {
    let x = f64::from(epoch);
    Epoch {
        epoch,
        train_loss: 0.05 + 0.4 / x,
        validation_loss: Some(0.09 + 0.35 / x + 0.004 * x),
        average_precision: Some(0.985 - 0.12 / x),
    }
}

fn reliability_bins(benign: &[u64], attack: &[u64]) -> Vec<ReliabilityBin> {
    let tens = benign.chunks(5).zip(attack.chunks(5)).enumerate();
    tens.filter_map(|(i, (benign, attack))| {
        let (benign, attack) = (benign.iter().sum::<u64>(), attack.iter().sum::<u64>());
        let rows = benign + attack;
        let rate = (rows > 0).then(|| attack as f64 / rows as f64)?;
        let half = (rate * (1.0 - rate) / rows as f64).sqrt() * 1.96;
        let interval = Some(((rate - half).max(0.0), (rate + half).min(1.0)));
        Some(ReliabilityBin { mean_score: (i as f64 + 0.5) / 10.0, attack_rate: rate, interval, rows })
    })
    .collect()
}

fn family(i: usize, name: String, times: u64) -> Family {
    let flows = 4_657 * times / (i as u64 * i as u64 + 1);
    let recall = if i % 5 == 3 { 0.31 } else { 1.0 - 0.015 * i as f64 };
    let interval = Some(((recall - 0.02 * i as f64).max(0.0), (recall + 0.01 * i as f64).min(1.0)));
    Family { name, flows, recall: (flows > 0).then_some(recall), interval, seen_in_training: i % 4 != 3 }
}

fn metrics() -> Vec<Metric> {
    let metric =
        |name: &str, sense, values: [Option<f64>; 3]| Metric { name: name.into(), sense, values: values.into() };
    use MetricSense::{HigherIsBetter, LowerIsBetter};
    vec![
        metric("ROC-AUC", HigherIsBetter, [Some(0.9612), Some(0.8915), Some(0.99996)]),
        metric("average precision", HigherIsBetter, [Some(0.9634), Some(0.9021), Some(0.9712)]),
        metric("detection rate at 1 % FPR", HigherIsBetter, [Some(0.4531), Some(0.38), Some(0.512)]),
        metric("F1", HigherIsBetter, [Some(0.8971), Some(0.8112), Some(0.9033)]),
        metric("precision", HigherIsBetter, [Some(0.9712), None, Some(0.9791)]),
        metric("recall", HigherIsBetter, [Some(0.8201), Some(0.0), Some(0.8377)]),
        metric("false positive rate", LowerIsBetter, [Some(0.0281), Some(0.0), Some(0.0192)]),
    ]
}

/// Distinct colours among the pixels of a PNG, after decoding it.
fn colors(figure: &Figure) -> HashSet<[u8; 3]> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&figure.png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (figure.width * 2, figure.height * 2));
    pixels.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect()
}

#[test]
fn every_figure_draws_in_every_case_and_both_themes() {
    let gallery = std::env::var_os("NTA_GALLERY").map(std::path::PathBuf::from);
    for case in cases() {
        let themes = [(Theme::Light, "light"), (Theme::Dark, "dark")];
        // The hard cases are hard in any light.
        let n_themes = if case.name == "usual" || gallery.is_some() { 2 } else { 1 };
        for (theme, light) in themes.into_iter().take(n_themes) {
            for (name, figure) in case.figures(theme) {
                let what = format!("{name}, {}, {light}", case.name);
                assert!(colors(&figure).len() > 20, "{what}: the PNG shows next to nothing");
                let svg = roxmltree::Document::parse(&figure.svg).unwrap_or_else(|e| panic!("{what}: {e}"));
                let texts = svg.descendants().filter(|node| node.has_tag_name("text")).count();
                assert!(texts >= 2, "{what}: the SVG has {texts} texts");
                assert!(figure.alt.len() > 20, "{what}: {}", figure.alt);
                assert!(!figure.svg.contains("NaN") && !figure.alt.contains("NaN"), "{what}");
                if let Some(folder) = &gallery {
                    let stem = folder.join(format!("{}-{name}-{light}", case.name));
                    std::fs::write(stem.with_extension("png"), &figure.png).unwrap();
                    std::fs::write(stem.with_extension("svg"), &figure.svg).unwrap();
                }
            }
        }
    }
}

/// Text that a reader may not see: outside the page, by the bundled font's measure.
#[test]
fn no_text_leaves_its_page() {
    for case in cases() {
        for (name, figure) in case.figures(Theme::Light) {
            let svg = roxmltree::Document::parse(&figure.svg).unwrap();
            for text in svg.descendants().filter(|node| node.has_tag_name("text")) {
                let number = |key: &str| text.attribute(key).unwrap().parse::<f64>().unwrap();
                let weight =
                    if text.attribute("font-weight").is_some() { font::Weight::Bold } else { font::Weight::Regular };
                let words = text.text().unwrap().trim();
                let width = font::Face::of(weight).width(words, number("font-size"));
                if text.attribute("transform").is_some() {
                    continue;
                }
                let left = match text.attribute("text-anchor").unwrap() {
                    "start" => number("x"),
                    "middle" => number("x") - width / 2.0,
                    _ => number("x") - width,
                };
                let right = f64::from(figure.width) * canvas::UNITS;
                assert!(left >= 0.0 && left + width <= right, "{name}, {}: {words}", case.name);
            }
        }
    }
}

#[test]
fn a_light_svg_follows_the_viewer_and_a_dark_one_stays_dark() {
    let counts = ConfusionCounts { true_negatives: 9, false_positives: 1, false_negatives: 2, true_positives: 8 };
    let light = confusion_matrix(&counts, Theme::Light, "Counts").unwrap();
    assert!(light.svg.contains("prefers-color-scheme:dark"));
    assert!(!light.inline_svg().contains("<style") && light.svg.contains(&page_style()));
    let dark = confusion_matrix(&counts, Theme::Dark, "Counts").unwrap();
    assert!(!dark.svg.contains("prefers-color-scheme"));
    assert_eq!(
        light.alt,
        "Counts. Of 10 benign flows 1 were flagged (10.0\u{a0}%); of 10 attacks 8 were flagged (80.0\u{a0}%)."
    );
}

#[test]
fn a_name_with_markup_is_text_not_markup() {
    let data = [Importance { name: "<script>&\"'\u{1}".into(), share: 1.0, loss: None }];
    let figure = importances(&data, "", Theme::Light, "<b>bold</b> & \"quoted\"").unwrap();
    let svg = roxmltree::Document::parse(&figure.svg).unwrap();
    assert!(!svg.descendants().any(|node| node.has_tag_name("script") || node.has_tag_name("b")));
    assert!(svg.root_element().attribute("aria-label").unwrap().starts_with("<b>bold</b> & \"quoted\""));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let case = &cases()[0];
    assert_eq!(case.figures(Theme::Light), case.figures(Theme::Light));
}
