//! The challenger's run, and what becomes of it: trained, decided on, and put in service where the rule and the policy say so.

use std::sync::Arc;
use std::time::Instant;

use nta_data::{Dataset, Sealed};
use nta_model::{Model, SiteBaseline};
use nta_report::{Artefact, Standing};

use super::champion::{Champion, Material};
use super::decision::{Decision, Judged, Judging, Replay};
use super::fresh::{Fresh, FreshAudit};
use super::past::{Lineage, Past};
use super::{challenger, verdicts};
use crate::config::LoadedConfig;
use crate::drift::DriftOutcome;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Remark, Stage};
use crate::feedback::feedback_traffic;
use crate::policy::Promotion;
use crate::project::Project;
use crate::promotions::{self, AliasMoved};
use crate::run::{Context, Given, Parent, RunOutcome, Settle, run_given};
use crate::traffic;

impl Champion {
    /// Trains the challenger and decides, both in one run.
    pub(super) fn challenge(
        &self,
        loaded: &LoadedConfig,
        material: Material,
        listener: &dyn Listener,
    ) -> Result<Decision, PipelineError> {
        let begun = Instant::now();
        let Material { key, fresh, report, lineage, site, drift } = material;
        let Fresh { audit, rows, learned, held_out, judged_on } = fresh;
        let mut past = self.past(&lineage, &loaded.project, listener)?;
        let (learned, verdicts) = self.with_verdicts(learned, &held_out, loaded, listener)?;
        let share = (loaded.config.retrain.replay, loaded.config.seed);
        let (traffic, mut replay) = challenger::mix(&learned, held_out, report, &mut past, share)?;
        replay.verdicts = verdicts;
        // Flows that analysts spoke of were taken out of the fresh ones, the false alarms first: what is left is no sample.
        let first_fresh = (verdicts == 0).then(|| (traffic.train.files.len() - rows.files.len()) as u32);
        let site = site.map(|site| site.without([&traffic.train, &rows]));
        drop(rows);
        let told = Outcome::Replay { rows: replay.rows, of: replay.of, unavailable: replay.unavailable.len() };
        listener.hear(&Event::StageDone { outcome: told, seconds: begun.elapsed().as_secs_f64() });
        let old_test = past.old_test.take();
        let mut decided = None;
        let decide = |ctx: &mut Context<'_>, model: &Arc<Model>, run: &RunOutcome| {
            let judging = Judging {
                champion: &self.model,
                challenger: model,
                evaluation: &run.evaluation,
                policy: &self.config.retrain,
                rate: self.rate,
                seed: self.config.seed,
            };
            let judged = judging.judge(judged_on, old_test, ctx.log.listener)?;
            let decision = self.decision(run, key, audit, (replay, model.provenance.site.clone()), &drift, judged);
            let decision = self.settle(decision)?;
            for file in decision.pages()?.into_iter().chain(in_folder("drift", drift.pages()?)) {
                ctx.log.dir.write(&file.path, &file.bytes).map_err(failed)?;
            }
            let outcome = told_of(&decision);
            decided = Some(decision);
            Ok(outcome)
        };
        let parent = Parent { run: self.model.provenance.run.clone(), version: self.version.title() };
        let settle = site
            .map(|site| -> Settle<'_> { Box::new(move |ctx, model, parts| site.keep(ctx, model, parts, first_fresh)) });
        run_given(loaded, Given { traffic, parent, settle, decide: Box::new(decide) }, listener)?;
        decided.ok_or_else(|| PipelineError::fail("the run ended without a decision"))
    }

    fn decision(
        &self,
        run: &RunOutcome,
        key: String,
        fresh: FreshAudit,
        (replay, site): (Replay, Option<SiteBaseline>),
        drift: &DriftOutcome,
        judged: Judged,
    ) -> Decision {
        let Judged { held_out, old_test, in_service: [champion_in_service, challenger_in_service], checks } = judged;
        Decision {
            key,
            champion: self.version.title(),
            challenger: run.model.clone(),
            run: run.run.clone(),
            folder: run.folder.clone(),
            report: run.folder.join("decision.html"),
            fresh,
            drifted: drift.past_limit.clone(),
            replay,
            site,
            held_out,
            old_test,
            champion_in_service,
            challenger_in_service,
            passed: checks.iter().all(|check| check.passed),
            checks,
            standing: Standing::Refused,
            alias: format!("{}@{}", self.name, self.config.retrain.alias),
            policy: self.config.retrain.clone(),
        }
    }

    /// Does with the challenger what the policy of now says.
    pub(super) fn settle(&self, mut decision: Decision) -> Result<Decision, PipelineError> {
        decision.standing = match (decision.passed, self.promotion) {
            (false, _) => Standing::Refused,
            (true, Promotion::Never) => Standing::Compared,
            (true, Promotion::Ask) => Standing::Asked,
            (true, Promotion::Auto) if !self.insists && self.has_reigned(&decision)? => Standing::TakenBack,
            (true, Promotion::Auto) => {
                self.promote(&decision)?;
                Standing::Promoted
            }
        };
        Ok(decision)
    }

    /// Whether the alias pointed at the challenger before, as it no longer does: a crontab must not undo a rollback.
    fn has_reigned(&self, decision: &Decision) -> Result<bool, PipelineError> {
        let reigns = self.registry.reigns(&self.name).map_err(refused)?;
        let of = |number: u32| self.registry.version(&self.name, number).title();
        let alias = &self.config.retrain.alias;
        Ok(reigns.iter().any(|reign| reign.alias == *alias && of(reign.version) == decision.challenger))
    }

    fn promote(&self, decision: &Decision) -> Result<AliasMoved, PipelineError> {
        let number = decision.challenger.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
        let number = number.ok_or_else(|| PipelineError::fail(format!("{} is no version", decision.challenger)))?;
        let alias = &self.config.retrain.alias;
        promotions::succeed(&self.registry, (&self.name, number), alias, self.aliased, decision.why())
    }

    /// The rows to learn from with what analysts said of flows since.
    fn with_verdicts(
        &self,
        learned: Dataset,
        held_out: &Sealed,
        loaded: &LoadedConfig,
        listener: &dyn Listener,
    ) -> Result<(Dataset, u64), PipelineError> {
        let by = traffic::sequences_of(&loaded.config, &learned.schema)?;
        let key = traffic::entity_key(loaded.config.seed);
        let (home, contact) = (&loaded.project.home, listener.contact());
        match feedback_traffic(home, &self.name, &learned.schema, by, key, &contact)? {
            Some(said) => verdicts::join(&learned, &said.dataset, held_out),
            None => Ok((learned, 0)),
        }
    }

    fn past(&self, lineage: &Lineage, project: &Project, listener: &dyn Listener) -> Result<Past, PipelineError> {
        listener.hear(&Event::StageBegun { stage: Stage::Replay });
        let past = Past::read(lineage, &self.model, project, listener)?;
        for gone in &past.unavailable {
            let remark = Remark::NotReplayed { version: gone.version.clone(), why: gone.why.clone() };
            listener.hear(&Event::Remark(remark));
        }
        Ok(past)
    }
}

fn in_folder(folder: &str, files: Vec<Artefact>) -> impl Iterator<Item = Artefact> {
    files.into_iter().map(move |file| Artefact { path: format!("{folder}/{}", file.path), ..file })
}

fn told_of(decision: &Decision) -> Outcome {
    Outcome::Decide {
        champion: decision.champion.clone(),
        challenger: decision.challenger.clone(),
        gain: decision.held_out.gain,
        failed: decision.checks.iter().filter(|check| !check.passed).count(),
        promoted: decision.standing == Standing::Promoted,
    }
}
