//! Which strategy deals the rows: the one asked for, else the one that suits the data; and what would do instead.

use super::auto;
use super::config::{GroupBy, SplitConfig, Strategy};
use super::error::PartitionError;
use super::material::Material;
use super::part::Part;
use super::plan::{Lack, Plan};
use super::requirements::Requirements;
use super::summary::ClassCounts;
use super::way::Way;

/// The strategy used, in the config's words, and where it puts each row.
pub(crate) struct Chosen {
    pub(crate) strategy: Strategy,
    pub(crate) inside: Option<Strategy>,
    pub(crate) by: Option<GroupBy>,
    pub(crate) note: String,
    pub(crate) plan: Plan,
}

/// Chooses and plans.
pub(crate) fn choose(
    config: &SplitConfig,
    material: &Material,
    has_test: bool,
    seed: u64,
    requirements: &Requirements,
) -> Result<Chosen, PartitionError> {
    check_test_file(config, has_test)?;
    let asked = if has_test { config.inside() } else { config.strategy() };
    let mut notes = Vec::new();
    let way = match asked.and_then(|strategy| Way::of(strategy, config)) {
        Some(way) => way,
        None => {
            let candidates = auto::candidates(config, material, has_test);
            let (way, passed_over) = auto::first_that_does(&candidates, material, seed, requirements);
            notes.extend(passed_over);
            way
        }
    };
    config.check_heeded_by(way.strategy())?;
    let attempt = Attempt { way, material, has_test, seed, requirements };
    let plan = attempt.plan()?;
    if asked.is_none() {
        notes.push(format!("chosen by the data: {}", attempt.key(way)));
    }
    if let (Way::Blocked { block_rows: None, .. }, Some(blocks)) = (way, plan.blocks) {
        notes.push(format!("blocks of {} rows", blocks.block_rows));
    }
    if !material.has_order() {
        notes.push("no order in this data: every row is a sequence of its own".to_owned());
    }
    let strategy = if has_test { Strategy::Provided } else { way.strategy() };
    let by = if let Way::Grouped(by) = way { Some(by) } else { None };
    Ok(Chosen { strategy, inside: has_test.then(|| way.strategy()), by, note: notes.join("; "), plan })
}

/// Test file and strategy must agree.
fn check_test_file(config: &SplitConfig, has_test: bool) -> Result<(), PartitionError> {
    let refuse = |message: String| Err(PartitionError::TestFile(message));
    match config.strategy() {
        Some(Strategy::Provided) if !has_test => refuse(
            "`strategy: provided` needs a test file: name it under `data.test`, or use temporal, grouped, blocked or \
             stratified"
                .to_owned(),
        ),
        Some(strategy) if has_test && strategy != Strategy::Provided => refuse(format!(
            "`strategy: {strategy}` cuts the test part from the training file, but a test file is given: drop \
             `data.test`, or write `strategy: provided` with `inside: {strategy}`"
        )),
        None if !has_test && config.inside().is_some() => {
            refuse("`inside` says how a training file is dealt beside a test file, and there is none".to_owned())
        }
        None if has_test && config.test.is_some() => {
            refuse("`test` is a share of the training file, but a test file is given: drop one of the two".to_owned())
        }
        _ => Ok(()),
    }
}

/// One way tried on the rows.
struct Attempt<'a> {
    way: Way,
    material: &'a Material<'a>,
    has_test: bool,
    seed: u64,
    requirements: &'a Requirements,
}

impl Attempt<'_> {
    fn plan(&self) -> Result<Plan, PartitionError> {
        let strategy = self.way.strategy();
        if let Some(why) = self.way.unsuited(self.material) {
            return Err(PartitionError::Unsuited { strategy, why: why.to_owned(), advice: self.advice(None) });
        }
        let plan = self.way.plan(self.material, self.seed, self.requirements);
        match plan.shortfall(self.material, self.requirements) {
            None => Ok(plan),
            Some((part, lack)) => Err(PartitionError::Shortfall {
                benign: plan.counts(self.material)[part as usize].benign,
                strategy,
                part,
                lack: lack.to_string(),
                counts: self.counts(&plan),
                advice: self.advice(Some(lack)),
            }),
        }
    }

    /// `train 80 benign + 9 attacks, validation …`
    fn counts(&self, plan: &Plan) -> String {
        let counts = plan.counts(self.material);
        let shown = self.material.parts().map(|part| {
            let ClassCounts { benign, attacks } = counts[part as usize];
            format!("{part} {benign} benign + {attacks} attacks")
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// The first other strategy under which every part can do its job.
    fn advice(&self, lack: Option<Lack>) -> String {
        let would_do = Way::all().into_iter().find(|&way| {
            (way.strategy(), by_of(way)) != (self.way.strategy(), by_of(self.way))
                && way.unsuited(self.material).is_none()
                && way
                    .plan(self.material, self.seed, self.requirements)
                    .shortfall(self.material, self.requirements)
                    .is_none()
        });
        let total = ClassCounts::of(self.material.labels.iter().copied());
        match (would_do, lack) {
            (Some(way), _) => format!("{} would do", self.key(way)),
            (None, Some(Lack::BenignRows(needed))) if 2 * needed > total.benign => format!(
                "all rows together hold {} benign ones: allow a larger false positive budget, or give more data",
                total.benign
            ),
            (None, Some(Lack::BenignRows(needed))) => {
                let share = self.material.shares[Part::Threshold as usize];
                format!(
                    "no other strategy would do with `threshold: {share}`: of all {} benign rows {needed} are a share \
                     of {:.3}; raise `threshold`, or allow a larger false positive budget",
                    total.benign,
                    needed as f64 / total.benign.max(1) as f64
                )
            }
            _ => format!(
                "no other strategy would do either: all rows together hold {} benign and {} attacks; give more data, \
                 or a test file under `data.test`",
                total.benign, total.attacks
            ),
        }
    }

    /// A way as one writes it in the config.
    fn key(&self, way: Way) -> String {
        let key = if self.has_test { "strategy: provided, inside" } else { "strategy" };
        match way {
            Way::Grouped(by) => format!("`{key}: grouped, by: {by}`"),
            way => format!("`{key}: {}`", way.strategy()),
        }
    }
}

fn by_of(way: Way) -> Option<GroupBy> {
    if let Way::Grouped(by) = way { Some(by) } else { None }
}
