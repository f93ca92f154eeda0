//! Attack families and a group of benign flows left out of training, on the training part alone: what members and fusions
//! find of attacks that nobody has shown them, and, where the config leaves it to this, which of them the run ships.

mod candidates;
mod deal;
mod detect;
mod groups;
mod members;
mod variants;

use nta_data::{Dataset, Label, Quiet, ScoreColumn};
use nta_density::Engine;
use nta_hybrid::Combine;
use nta_metrics::{AVERAGE, LeaveOut, LeftOutDetection, LeftOutFamilies, Named};
use nta_model::MemberKind;
use nta_preprocess::{Partition, Rank};

pub(crate) use self::candidates::candidates as fusions;
use self::deal::{Dealt, Kind, Pool};
use self::detect::{Detection, detect};
use self::members::Parts;
use super::columns::ColumnCheck;
use super::context::Context;
use super::settle;
use crate::config::{LeaveOutChoice, LoadedConfig, RunConfig};
use crate::error::{PipelineError, failed};
use crate::event::{Event, Listener, Outcome, Settled, Stage, Unit};
use crate::traffic;

/// Families are dealt to this many sets.
const SETS: usize = 4;

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
/// A config or traffic that a run would refuse, a feature that gives the label away, an interrupt.
pub fn leave_families_out(loaded: &LoadedConfig, listener: &dyn Listener) -> Result<LeaveOut, PipelineError> {
    let mut config = loaded.config.clone();
    let traffic = traffic::read(&config, &loaded.project, &Quiet, listener)?;
    settle::by_traffic(&mut config, &traffic)?;
    let parts = super::partition_of(&config, traffic, 1.0)?;
    ColumnCheck::of(&parts.train).require_honest(&parts.train.schema, &config)?;
    let kinds: Vec<MemberKind> = config.members().collect();
    measure(&Measuring { config: &config, listener }, &parts.train, &kinds)
}

/// Measures what is left out, where the config asks for it, and settles `combine: auto`.
pub(crate) fn leave_out(ctx: &mut Context<'_>, parts: &Partition) -> Result<Option<LeaveOut>, PipelineError> {
    let is_auto = ctx.config.hybrid.combine == Combine::Auto;
    let engine_open = ctx.config.density.as_ref().is_some_and(|density| density.engine == Engine::Auto);
    let is_open = is_auto || engine_open || ctx.config.preprocess.categorical.rank == Rank::Auto;
    if !is_open && ctx.config.evaluate.leave_out == LeaveOutChoice::Off {
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
    let settled = variants::settle(&mut ctx.config, &found.settings);
    super::tell_settled(ctx, settled)?;
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
    let variants = variants::variants(run.config, kinds, train);
    let total = (sets.len() * variants.iter().map(Vec::len).sum::<usize>()) as u64;
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
    let mut scored = Vec::with_capacity(sets.len());
    for (i, set) in sets.into_iter().enumerate() {
        let group =
            pool.groups.as_ref().map(|groups| &groups.worth[(i + run.config.seed as usize) % groups.worth.len()]);
        let dealt = pool.deal(&set.1, group.map(|(group, _)| *group));
        let take = |rows: &[u32]| train.take(rows);
        let parts = Parts { fit: take(&dealt.fit), calibration: take(&dealt.calibration), judged: take(&dealt.judged) };
        if parts.fit.n_attacks() == 0 || parts.calibration.n_rows() == parts.calibration.n_attacks() {
            continue;
        }
        let mut columns = Vec::with_capacity(variants.len());
        for of_kind in &variants {
            let mut of_variants = Vec::with_capacity(of_kind.len());
            for variant in of_kind {
                let run = Measuring { config: &variant.config, listener: run.listener };
                of_variants.push(members::scores(&run, variant.kind, &parts)?);
                fitted()?;
            }
            columns.push(of_variants);
        }
        let labels = parts.calibration.labels().map_err(failed)?.to_vec();
        scored.push(Scored { set, group: group.map(|(_, name)| name.clone()), dealt, labels, columns });
    }
    let mut settings = Vec::new();
    let mut chosen = Vec::with_capacity(variants.len());
    for (member, of_kind) in variants.iter().enumerate() {
        let found = (0..of_kind.len()).map(|i| found_alone(&scored, member, i)).collect::<Result<Vec<_>, _>>()?;
        chosen.push(variants::best(&found));
        settings.extend(variants::settings(of_kind, found, chosen[member]));
    }
    let times = scored.into_iter().map(|time| time.detected(kinds, &chosen)).collect::<Result<_, PipelineError>>()?;
    Ok(LeaveOut { settings, ..table(times, pool.groups.map(|groups| groups.by.to_owned())) })
}

/// One time's rows and what each variant of each member says of them.
struct Scored {
    set: Set,
    group: Option<String>,
    dealt: Dealt,
    /// Of the calibration rows.
    labels: Vec<Label>,
    /// Kind, variant: calibration rows and judged ones.
    columns: Vec<Vec<[ScoreColumn; 2]>>,
}

impl Scored {
    fn detected(self, kinds: &[MemberKind], chosen: &[usize]) -> Result<Time, PipelineError> {
        let Scored { set, group, dealt, labels, columns } = self;
        let of_part = |part: usize| -> Vec<ScoreColumn> {
            columns.iter().zip(chosen).map(|(of_kind, &i)| of_kind[i][part].clone()).collect()
        };
        let detections = detect(kinds, &labels, &dealt, &[of_part(0), of_part(1)])?;
        Ok(Time { set, group, dealt, detections })
    }
}

/// What one variant of one member finds by itself, mean over the times.
fn found_alone(scored: &[Scored], member: usize, variant: usize) -> Result<LeftOutDetection, PipelineError> {
    let of = |time: &Scored| Detection::of(&time.columns[member][variant][1].p_attack, &time.dealt);
    let found: Vec<Detection> = scored.iter().map(of).collect::<Result<_, _>>()?;
    Ok(Detection::mean(&found))
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
            candidates.put(name.clone(), Detection::mean(&found));
        }
    }
    let (fitted_flows, benign_flows) = (average(&|dealt| dealt.fit.len()), average(&benign));
    let left_out = times.into_iter().map(|time| LeftOutFamilies {
        name: time.set.0,
        families: time.set.1,
        flows: time.dealt.kinds.iter().filter(|kind| matches!(kind, Kind::Unseen(_))).count() as u64,
        benign_group: time.group,
    });
    LeaveOut { left_out: left_out.collect(), benign_by, fitted_flows, benign_flows, candidates, ..LeaveOut::default() }
}
