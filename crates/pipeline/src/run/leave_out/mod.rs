//! Attack families and a group of benign flows left out of training, on the training part alone: what members and fusions
//! find of attacks that nobody has shown them, and, where the config leaves it to this, which of them the run ships.

mod candidates;
mod deal;
mod groups;
mod members;

use nta_data::{Dataset, Label, Quiet, ScoreColumn};
use nta_hybrid::{Combine, HybridConfig};
use nta_metrics::{AVERAGE, LeaveOut, LeftOutDetection, LeftOutFamilies, Named, Ranking};
use nta_model::MemberKind;
use nta_preprocess::Partition;

pub(crate) use self::candidates::candidates as fusions;
use self::deal::{Dealt, Kind, Pool};
use self::members::Parts;
use super::context::Context;
use super::settle;
use crate::config::{LeaveOutChoice, LoadedConfig, RunConfig};
use crate::error::{PipelineError, failed};
use crate::event::{Event, Listener, Outcome, Settled, Stage, Unit};
use crate::traffic;

/// Families are dealt to this many sets.
const SETS: usize = 4;
/// The false positive rate that detection rates are read at.
const RATE: f64 = 0.01;
/// A family with fewer judged rows says nothing by itself.
const FEWEST_OF_FAMILY: usize = 15;

/// What measuring asks of a run.
struct Measuring<'a> {
    config: &'a RunConfig,
    listener: &'a dyn Listener,
}

impl Measuring<'_> {
    /// Whether flows follow each other.
    fn follows_hosts(&self, rows: &Dataset) -> bool {
        rows.has_sequences() && self.config.lstm.sequence.length > 1
    }
}

/// The same table for a config of which nothing is trained and no test row is read.
///
/// # Errors
/// A config or traffic that a run would refuse, an interrupt.
pub fn leave_families_out(loaded: &LoadedConfig, listener: &dyn Listener) -> Result<LeaveOut, PipelineError> {
    let mut config = loaded.config.clone();
    let traffic = traffic::read(&config, &loaded.project, &Quiet, listener)?;
    settle::by_traffic(&mut config, &traffic);
    let parts = super::partition_of(&config, traffic, 1.0)?;
    let kinds: Vec<MemberKind> = config.members().collect();
    measure(&Measuring { config: &config, listener }, &parts.train, &kinds)
}

/// Measures what is left out, where the config asks for it, and settles `combine: auto`.
pub(crate) fn leave_out(ctx: &mut Context<'_>, parts: &Partition) -> Result<Option<LeaveOut>, PipelineError> {
    let is_auto = ctx.config.hybrid.combine == Combine::Auto;
    if !is_auto && ctx.config.evaluate.leave_out == LeaveOutChoice::Off {
        return Ok(None);
    }
    let kinds: Vec<MemberKind> = ctx.config.members().collect();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let mut found = ctx.stage(Stage::LeaveOut, |ctx| {
        let kept = ctx.kept("leave_out.json")?;
        let run = Measuring { config: &ctx.config, listener: ctx.log.listener };
        let found = kept.map_or_else(|| measure(&run, &parts.train, &kinds), Ok)?;
        ctx.keep("leave_out.json", &found)?;
        let (left_out, best) = (found.left_out.len() as u64, found.best().map(str::to_owned));
        let unseen = best.as_ref().and_then(|best| found.candidates.get(best)?.unseen);
        Ok((found, Outcome::LeaveOut { left_out, best, unseen }))
    })?;
    if is_auto {
        let best = found.best().unwrap_or(AVERAGE).to_owned();
        let combine = candidates::candidates(&names).into_iter().find(|(name, _)| *name == best);
        ctx.config.hybrid.combine = combine.map_or_else(|| candidates::average(&names), |(_, combine)| combine);
        if kinds.contains(&MemberKind::Density) {
            ctx.config.density.get_or_insert_default();
        }
        let settled = Settled { key: settle::COMBINE.to_owned(), value: best.clone(), benign_rows: None };
        super::tell_settled(ctx, vec![settled])?;
        found.chosen = Some(best);
    }
    Ok(Some(found))
}

/// One set of families: its name and theirs.
type Set = (String, Vec<String>);

fn measure(run: &Measuring<'_>, train: &Dataset, kinds: &[MemberKind]) -> Result<LeaveOut, PipelineError> {
    let pool = Pool::of(train, run.config.seed)?;
    let mut sets = sets(run.config, &pool);
    if sets.is_empty() {
        // Nothing can be left out; what is found of known attacks still ranks the candidates.
        sets.push(("nothing".to_owned(), Vec::new()));
    }
    let total = (sets.len() * kinds.len()) as u64;
    let mut done = 0;
    let mut fitted = || {
        done += 1;
        let unit = Unit::MembersFitted;
        run.listener.hear(&Event::Progress { stage: Stage::LeaveOut, done, total: Some(total), unit });
        match run.listener.cancelled() {
            true => Err(PipelineError::Interrupted("while families were left out".to_owned())),
            false => Ok(()),
        }
    };
    let mut times = Vec::with_capacity(sets.len());
    for (i, set) in sets.into_iter().enumerate() {
        let group =
            pool.groups.as_ref().map(|groups| &groups.worth[(i + run.config.seed as usize) % groups.worth.len()]);
        let dealt = pool.deal(&set.1, group.map(|(group, _)| *group));
        let take = |rows: &[u32]| train.take(rows);
        let parts = Parts { fit: take(&dealt.fit), calibration: take(&dealt.calibration), judged: take(&dealt.judged) };
        if parts.fit.n_attacks() == 0 || parts.calibration.n_rows() == parts.calibration.n_attacks() {
            continue;
        }
        let columns = members::scores(run, kinds, &parts, &mut fitted)?;
        let detections = detect(kinds, &parts, &dealt, &columns)?;
        times.push(Time { set, group: group.map(|(_, name)| name.clone()), dealt, detections });
    }
    Ok(table(times, pool.groups.map(|groups| groups.by.to_owned())))
}

/// The sets that are left out, one at a time; none where the rest would hold no attack.
fn sets(config: &RunConfig, pool: &Pool) -> Vec<Set> {
    let groups = &config.evaluate.groups;
    if !groups.is_empty() {
        let present = |families: &[String]| -> Vec<String> {
            families.iter().filter(|f| pool.families().any(|(name, _)| name == **f)).cloned().collect()
        };
        let named = groups.iter().map(|(name, families)| (name.clone(), present(families)));
        return named.filter(|(_, families)| !families.is_empty()).collect();
    }
    let mut families: Vec<(&str, usize)> = pool.families().collect();
    if families.len() < 2 {
        return Vec::new();
    }
    families.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut sets: Vec<(usize, Vec<String>)> = vec![(0, Vec::new()); SETS.min(families.len())];
    for (name, n) in families {
        let Some(least) = sets.iter_mut().min_by_key(|(rows, _)| *rows) else { break };
        least.0 += n;
        least.1.push(name.to_owned());
    }
    let name = |families: &[String]| match families {
        [first, rest @ ..] if !rest.is_empty() => format!("{first} and {} more", rest.len()),
        families => families.concat(),
    };
    sets.into_iter().map(|(_, families)| (name(&families), families)).collect()
}

/// What came of one time.
struct Time {
    set: Set,
    group: Option<String>,
    dealt: Dealt,
    detections: Vec<(String, Detection)>,
}

/// Detection rates of one candidate, one time.
#[derive(Clone, Copy)]
struct Detection {
    unseen: Option<f64>,
    known: Option<f64>,
}

/// What each candidate finds; one that cannot be fitted on these rows is left out.
fn detect(
    kinds: &[MemberKind],
    parts: &Parts,
    dealt: &Dealt,
    [calibration, judged]: &[Vec<ScoreColumn>; 2],
) -> Result<Vec<(String, Detection)>, PipelineError> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let labels = parts.calibration.labels().map_err(failed)?;
    let mut found = Vec::new();
    for (name, combine) in candidates::candidates(&names) {
        let config = HybridConfig { combine, ..HybridConfig::default() };
        let Ok(hybrid) = config.fit(calibration, labels) else { continue };
        let scores = hybrid.combine(judged).map_err(failed)?;
        let rate = |kind: &dyn Fn(&Kind) -> bool| rate_of(&scores, &dealt.kinds, kind);
        let mut families: Vec<&Kind> = dealt.kinds.iter().filter(|kind| matches!(kind, Kind::Unseen(_))).collect();
        families.sort_by_key(|kind| match kind {
            Kind::Unseen(name) => name.as_str(),
            _ => "",
        });
        let enough = families.chunk_by(|a, b| a == b).filter(|rows| rows.len() >= FEWEST_OF_FAMILY);
        let of_family = |rows: &[&Kind]| rate(&|kind| kind == rows[0]);
        let rates: Vec<f64> = enough.map(of_family).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        found.push((name, Detection { unseen: mean(rates), known: rate(&|kind| *kind == Kind::Known)? }));
    }
    Ok(found)
}

/// The detection rate of the rows that `is` names among them and the benign ones.
fn rate_of(scores: &[f32], kinds: &[Kind], is: &dyn Fn(&Kind) -> bool) -> Result<Option<f64>, PipelineError> {
    let rows: Vec<usize> = (0..kinds.len()).filter(|&i| kinds[i] == Kind::Benign || is(&kinds[i])).collect();
    let label = |i: &usize| if kinds[*i] == Kind::Benign { Label::Benign } else { Label::Attack };
    let (scores, labels): (Vec<f32>, Vec<Label>) = rows.iter().map(|i| (scores[*i], label(i))).unzip();
    Ok(Ranking::new(&scores, &labels).map_err(failed)?.detection_rate_at_fpr(RATE))
}

fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The table of all times: means over them, for candidates that could be fitted each time.
fn table(times: Vec<Time>, benign_by: Option<String>) -> LeaveOut {
    let n = times.len();
    let average =
        |of: &dyn Fn(&Dealt) -> usize| (times.iter().map(|time| of(&time.dealt)).sum::<usize>() / n.max(1)) as u64;
    let benign = |dealt: &Dealt| dealt.kinds.iter().filter(|kind| **kind == Kind::Benign).count();
    let mut candidates = Named::new();
    for (name, _) in times.first().map_or(&[][..], |time| &time.detections) {
        let of = |time: &Time| time.detections.iter().find(|(other, _)| other == name).map(|(_, found)| *found);
        let found: Vec<Detection> = times.iter().filter_map(of).collect();
        if found.len() == n {
            let by_left_out: Vec<Option<f64>> = found.iter().map(|found| found.unseen).collect();
            let unseen = mean(by_left_out.iter().copied().flatten().collect());
            let known = mean(found.iter().filter_map(|found| found.known).collect());
            candidates.put(name.clone(), LeftOutDetection { unseen, known, by_left_out });
        }
    }
    let (fitted_flows, benign_flows) = (average(&|dealt| dealt.fit.len()), average(&benign));
    let left_out = times.into_iter().map(|time| LeftOutFamilies {
        name: time.set.0,
        families: time.set.1,
        flows: time.dealt.kinds.iter().filter(|kind| matches!(kind, Kind::Unseen(_))).count() as u64,
        benign_group: time.group,
    });
    LeaveOut { left_out: left_out.collect(), benign_by, fitted_flows, benign_flows, candidates, chosen: None }
}
