//! Ordinary and hard cases that every figure has to draw, in both themes. With `NTA_GALLERY` set to a folder, the figures
//! are written there for a person to look at.

use std::collections::HashSet;

use crate::drawing::{canvas, font};
use crate::{ConfusionCounts, Figure, PlotError, Theme};

const LONG: &str = "a_name_of_forty_characters_as_some_have_";

/// What a case feeds the figures with.
pub(crate) struct Case {
    name: &'static str,
    pub(crate) benign: Vec<f64>,
    pub(crate) attack: Vec<f64>,
    /// Multiplies counts, so that 10^6 rows and more need no such vectors.
    pub(crate) times: u64,
    /// The member that figures are about.
    pub(crate) label: &'static str,
    /// Features, families, epochs.
    pub(crate) n_names: usize,
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

    pub(crate) fn counts(&self) -> ConfusionCounts {
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
    pub(crate) fn curve(&self) -> Vec<(f64, f64, f64)> {
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

    pub(crate) fn histogram(&self, scores: &[f64]) -> Vec<u64> {
        let mut bins = vec![0; 50];
        scores.iter().for_each(|s| bins[((s * 50.0) as usize).min(49)] += self.times);
        bins
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let known = ["src_bytes", "service", "dst_host_srv_count", "duration", "flag", "count", "serror_rate"];
        let label = self.label;
        (0..self.n_names).map(move |i| match known.get(i) {
            Some(name) if label != LONG => (*name).to_owned(),
            _ => format!("{label}_{i}"),
        })
    }

    pub(crate) fn title(&self, what: &str) -> String {
        format!("{what} · {}", self.label)
    }

    /// (false positive rate, recall, precision) where 0.5 lies on [`Case::curve`].
    pub(crate) fn at_half(&self) -> Option<(f64, f64, f64)> {
        let counts = self.counts();
        let rate = |part: u64, rest: u64| part as f64 / (part + rest).max(1) as f64;
        let fpr = rate(counts.false_positives, counts.true_negatives);
        let recall = rate(counts.true_positives, counts.false_negatives);
        let precision = rate(counts.true_positives, counts.false_positives);
        (!self.curve().is_empty()).then_some((fpr, recall, precision))
    }
}

/// Draws a figure in every case and looks at it: that it shows something, is well-formed, says in words what it shows,
/// keeps its texts on the page, and comes out the same again.
pub(crate) fn draws_in_every_case(name: &str, draw: impl Fn(&Case, Theme) -> Result<Figure, PlotError>) {
    let gallery = std::env::var_os("NTA_GALLERY").map(std::path::PathBuf::from);
    for case in cases() {
        let themes = [(Theme::Light, "light"), (Theme::Dark, "dark")];
        // The hard cases are hard in any light.
        let n_themes = if case.name == "usual" || gallery.is_some() { 2 } else { 1 };
        for (theme, light) in themes.into_iter().take(n_themes) {
            let figure = draw(&case, theme).unwrap();
            let what = format!("{name}, {}, {light}", case.name);
            check(&figure, &what);
            if case.name == "usual" {
                assert_eq!(draw(&case, theme).unwrap(), figure, "{what}: not the same bytes again");
            }
            if let Some(folder) = &gallery {
                let stem = folder.join(format!("{}-{name}-{light}", case.name));
                std::fs::write(stem.with_extension("png"), &figure.png).unwrap();
                std::fs::write(stem.with_extension("svg"), &figure.svg).unwrap();
            }
        }
    }
}

fn check(figure: &Figure, what: &str) {
    assert!(colors(figure).len() > 20, "{what}: the PNG shows next to nothing");
    let svg = roxmltree::Document::parse(&figure.svg).unwrap_or_else(|e| panic!("{what}: {e}"));
    let texts: Vec<_> = svg.descendants().filter(|node| node.has_tag_name("text")).collect();
    assert!(texts.len() >= 2, "{what}: the SVG has {} texts", texts.len());
    assert!(figure.alt.len() > 20, "{what}: {}", figure.alt);
    assert!(!figure.svg.contains("NaN") && !figure.alt.contains("NaN"), "{what}");
    for text in texts.into_iter().filter(|text| text.attribute("transform").is_none()) {
        let right = f64::from(figure.width) * canvas::UNITS;
        let (from, to) = extent(text);
        assert!(from >= 0.0 && to <= right, "{what}: {} leaves the page", text.text().unwrap());
    }
}

/// Where a text begins and ends, by the bundled font's measure.
fn extent(text: roxmltree::Node<'_, '_>) -> (f64, f64) {
    let number = |key: &str| text.attribute(key).unwrap().parse::<f64>().unwrap();
    let weight = if text.attribute("font-weight").is_some() { font::Weight::Bold } else { font::Weight::Regular };
    let width = font::Face::of(weight).width(text.text().unwrap().trim(), number("font-size"));
    let left = match text.attribute("text-anchor").unwrap() {
        "start" => number("x"),
        "middle" => number("x") - width / 2.0,
        _ => number("x") - width,
    };
    (left, left + width)
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
