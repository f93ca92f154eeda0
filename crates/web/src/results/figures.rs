//! A result's figures: drawn when its page is first asked for, kept beside it.

use std::fs;
use std::io;
use std::path::Path;

use nta_pipeline::{Analysis, MemberAnalysis, Timeline};
use nta_plots::{
    ConfusionCounts, Curve, Figure, PlotError, PrCurves, RocCurves, Theme, confusion_matrix, pr_curve, roc_curve,
};
use serde::{Deserialize, Serialize};

use crate::error::Problem;

/// One figure on the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FigureEntry {
    /// Its file's name without `.svg`.
    name: String,
    /// What it shows, for those who cannot see it.
    alt: String,
    width: u32,
    height: u32,
}

const FOLDER: &str = "figures";
const LIST: &str = "figures.json";

/// The figures of a result, drawn where they are not there yet.
pub(super) fn drawn(folder: &Path, analysis: &Analysis) -> Result<Vec<FigureEntry>, Problem> {
    let folder = folder.join(FOLDER);
    let list = folder.join(LIST);
    if let Some(entries) = fs::read(&list).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
        return Ok(entries);
    }
    fs::create_dir_all(&folder)?;
    let mut entries = Vec::new();
    for (name, figure) in draw(analysis).map_err(io::Error::other)? {
        write(&folder.join(format!("{name}.svg")), figure.svg.as_bytes())?;
        entries.push(FigureEntry { name, alt: figure.alt, width: figure.width, height: figure.height });
    }
    write(&list, &serde_json::to_vec(&entries).map_err(io::Error::other)?)?;
    Ok(entries)
}

/// The figure of that name.
pub(super) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let path = folder.join(FOLDER).join(format!("{name}.svg"));
    is_plain.then(|| fs::read(path).ok()).flatten().ok_or_else(|| Problem::not_found("figure"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    nta_atomic::write(path, bytes).map_err(|error| Problem::from(error.source))
}

fn draw(analysis: &Analysis) -> Result<Vec<(String, Figure)>, PlotError> {
    let mut figures = Vec::new();
    for member in &analysis.members {
        let Some(at) = &member.at_threshold else { continue };
        let counts = ConfusionCounts {
            true_negatives: at.confusion.tn,
            false_positives: at.confusion.fp,
            false_negatives: at.confusion.fn_,
            true_positives: at.confusion.tp,
        };
        let title = format!("{}: truth against flag", member.name);
        figures.push((format!("confusion-{}", member.name), confusion_matrix(&counts, Theme::Light, &title)?));
    }
    let judged = |member: &&MemberAnalysis| member.curves.is_some();
    if analysis.members.iter().any(|member| judged(&member)) {
        let roc = curves(analysis, |member| {
            let (roc, at) = (&member.curves.as_ref()?.roc, member.at_threshold.as_ref()?);
            Some((&roc.fpr, &roc.recall, roc.auc, at.fpr.zip(at.recall)))
        });
        let roc = RocCurves { curves: &roc, budget: None };
        figures.push(("roc".to_owned(), roc_curve(&roc, Theme::Light, "Recall over false positive rate")?));
        let pr = curves(analysis, |member| {
            let (pr, at) = (&member.curves.as_ref()?.pr, member.at_threshold.as_ref()?);
            Some((&pr.recall, &pr.precision, pr.average_precision, at.recall.zip(at.precision)))
        });
        let hybrid = analysis.members.last();
        let attacks: u64 = hybrid.map_or(0, |member| member.attacks.iter().sum());
        let benign: u64 = hybrid.map_or(0, |member| member.benign.iter().sum());
        let prevalence = (attacks + benign > 0).then(|| attacks as f64 / (attacks + benign) as f64);
        let pr = PrCurves { curves: &pr, prevalence };
        figures.push(("precision-recall".to_owned(), pr_curve(&pr, Theme::Light, "Precision over recall")?));
    }
    Ok(figures)
}

/// Abscissas, ordinates, area, and the place of the threshold.
type Points<'a> = (&'a Vec<f64>, &'a Vec<f64>, Option<f64>, Option<(f64, f64)>);

fn curves<'a>(analysis: &'a Analysis, points: impl Fn(&'a MemberAnalysis) -> Option<Points<'a>>) -> Vec<Curve<'a>> {
    let members = analysis.members.iter().enumerate();
    let curve = |(place, member): (usize, &'a MemberAnalysis)| {
        let (x, y, area, at_threshold) = points(member)?;
        Some(Curve { name: &member.name, place, x, y, area, at_threshold })
    };
    members.filter_map(curve).collect()
}

/// Flows and flags over time as bars, in units of the drawing.
#[derive(Debug, Serialize)]
pub(super) struct Sparkline {
    width: f64,
    height: f64,
    bars: Vec<Bar>,
    /// Most flows, and most flagged flows, of one bin.
    most_flows: u64,
    most_flagged: u64,
    /// What one bar stands for: `15 minutes`.
    bin: String,
    /// Days from the first bin's start to the last one's end.
    days: f64,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    width: f64,
    /// Height of the bar of all flows, upwards, and of the flagged ones, downwards.
    flows: f64,
    flagged: f64,
    start: i64,
    n_flows: u64,
    n_flagged: u64,
}

const WIDTH: f64 = 960.0;
const HALF: f64 = 60.0;

impl Sparkline {
    pub(super) fn of(line: &Timeline) -> Self {
        let first = line.bins.first().map_or(0, |bin| bin.start);
        let last = line.bins.last().map_or(0, |bin| bin.start);
        let n_bins = (last.saturating_sub(first) / line.width.max(1) + 1) as f64;
        let most_flows = line.bins.iter().map(|bin| bin.flows).max().unwrap_or(0);
        let most_flagged = line.bins.iter().map(|bin| bin.flagged).max().unwrap_or(0);
        let height = |n: u64, most: u64| if most == 0 { 0.0 } else { HALF * n as f64 / most as f64 };
        let bars = line.bins.iter().map(|bin| Bar {
            x: (bin.start.saturating_sub(first) / line.width.max(1)) as f64 * WIDTH / n_bins,
            width: (WIDTH / n_bins - 0.5).max(0.5),
            flows: height(bin.flows, most_flows),
            flagged: height(bin.flagged, most_flagged),
            start: bin.start,
            n_flows: bin.flows,
            n_flagged: bin.flagged,
        });
        let days = n_bins * line.width as f64 / 86_400e6;
        Sparkline {
            width: WIDTH,
            height: 2.0 * HALF,
            bars: bars.collect(),
            most_flows,
            most_flagged,
            bin: span(line.width),
            days,
        }
    }
}

/// A width in words.
fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let of = |n: i64, unit: &str| if n == 1 { format!("a {unit}") } else { format!("{n} {unit}s") };
    match seconds {
        s if s % 86_400 == 0 => of(s / 86_400, "day"),
        3_600 => "an hour".to_owned(),
        s if s % 3_600 == 0 => of(s / 3_600, "hour"),
        s if s % 60 == 0 => of(s / 60, "minute"),
        s => of(s, "second"),
    }
}
