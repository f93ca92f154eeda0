//! A third member, known to this test alone, goes through a real run and through scoring: nothing behind `Scores` and
//! nothing before it counts the members.

use std::path::Path;
use std::sync::Arc;

use nta_data::{HYBRID, Quiet};
use nta_forest::{ForestConfig, Splits};
use nta_ingest::{ColumnValues, read_columns};
use nta_model::{Member, Model};

use super::stage::{LearningReport, MemberStage, RefitRows, Refitted};
use super::stages;
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Silence, Stage};
use crate::run::context::Context;
use crate::run::learning::LearningParts;
use crate::run::{Resume, run_members};
use crate::score::{ScoreRequest, score};
use crate::{LoadedConfig, Project, RunConfig, SimulateRequest, simulate};

const DUMMY: &str = "dummy";

/// A few extremely randomised trees.
struct DummyStage;

impl MemberStage for DummyStage {
    fn name(&self) -> &str {
        DUMMY
    }

    fn learn(
        &self,
        ctx: &mut Context<'_>,
        parts: &LearningParts<'_>,
    ) -> Result<(Member, LearningReport), PipelineError> {
        let fitted = ctx.stage(Stage::Forest, |ctx| {
            let fitted = config().fit(parts.train.tabular()?, parts.train.labels, ctx.config.seed, &Quiet);
            Ok((fitted.map_err(failed)?, Outcome::Forest { trees: 5, out_of_bag_auc: None }))
        })?;
        Ok((Member::Forest(Box::new(fitted.forest)), LearningReport::default()))
    }

    fn refit(&self, ctx: &Context<'_>, again: &RefitRows<'_>) -> Result<Refitted, PipelineError> {
        let fitted = config().fit(again.rows.tabular()?, again.rows.labels, ctx.config.seed, &Quiet).map_err(failed)?;
        Ok(Refitted { member: Member::Forest(Box::new(fitted.forest)), out_of_bag: None })
    }
}

fn config() -> ForestConfig {
    ForestConfig { trees: 5, splits: Splits::Random, ..ForestConfig::default() }
}

const CONFIG: &str = "
name: three
data: { train: { simulate: { flows: 6000, hosts: 20 } } }
split: { strategy: temporal, test: 0.35, validation: 0.1, calibration: 0.1, threshold: 0.1, fit: all }
forest: { trees: 10 }
lstm: { hidden: 8, epochs: 1 }
hybrid: { combine: tuned_weights, budget: { false_positive_rate: 0.1 } }
";

fn floats(path: &Path, name: &str) -> Vec<f64> {
    match read_columns(path).unwrap().get(name) {
        Some(ColumnValues::Float(values)) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_third_member_passes_through_training_scoring_evaluation_and_report() {
    let home = tempfile::tempdir().unwrap();
    let project = Project { root: home.path().to_owned(), home: home.path().to_owned() };
    let config = RunConfig::parse(CONFIG, "three.yaml", &[]).unwrap();
    let loaded = LoadedConfig { config, path: home.path().join("three.yaml"), project: project.clone() };
    let members: Vec<&dyn MemberStage> =
        stages(&loaded.config).into_iter().chain([&DummyStage as &dyn MemberStage]).collect();
    let outcome = run_members(&loaded, &Resume::No, &Silence, &members).unwrap();

    let judged: Vec<&str> = outcome.evaluation.members.iter().map(|(name, _)| name).collect();
    assert_eq!(judged, ["forest", "lstm", DUMMY, HYBRID]);
    let report = std::fs::read_to_string(&outcome.report).unwrap();
    assert!(report.contains(DUMMY));
    let predictions = outcome.folder.join("predictions.parquet");
    assert_eq!(floats(&predictions, DUMMY).len(), floats(&predictions, HYBRID).len());

    let model = Arc::new(Model::load(&home.path().join("models").join(&outcome.model)).unwrap());
    assert_eq!(model.names().collect::<Vec<_>>(), judged);
    model.verify().unwrap();
    let flows = home.path().join("flows.csv");
    let request = SimulateRequest { seed: 3, sets: vec!["flows=1000".to_owned()], output: Some(flows.clone()) };
    simulate(&request, &Silence).unwrap();
    let output = home.path().join("scored.csv");
    let request = ScoreRequest {
        model: outcome.model.clone(),
        inputs: vec![flows],
        columns: None,
        only_flagged: false,
        summary: false,
        output: output.clone(),
        batch_rows: 300,
        bad_rows: nta_ingest::BadRows::Refuse,
        sensor: None,
        written: nta_ingest::AsWritten::default(),
        labels: None,
        reasons: None,
        resume: None,
        project,
    };
    let scored = score(&request, &Silence).unwrap();
    let dummy = floats(&output, DUMMY);
    assert!(dummy.iter().all(|p| (0.0..=1.0).contains(p)) && dummy != floats(&output, "forest"));
    let truth = scored.truth.unwrap();
    assert!(truth.keys().map(String::as_str).eq([DUMMY, "forest", HYBRID, "lstm"]));
}
