//! `nta simulate`: labelled traffic of one site as CSV.

use std::io::Write;
use std::path::PathBuf;

use nta_atomic::AtomicFile;
use nta_simulate::{SimulateConfig, SimulateError, write_csv};

use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage, StageWatch, Unit};
use crate::yaml;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct SimulateRequest {
    /// Every random number follows from it.
    pub seed: u64,
    /// `key=value` settings of the simulator.
    pub sets: Vec<String>,
    /// Where to write; `None` answers the text instead.
    pub output: Option<PathBuf>,
}

/// Simulates; the CSV goes to the request's file, or is answered.
pub fn simulate(request: &SimulateRequest, listener: &dyn Listener) -> Result<Option<Vec<u8>>, PipelineError> {
    let begun = std::time::Instant::now();
    if let Some(path) = request.output.as_deref().filter(|p| p.extension().is_some_and(|e| e != "csv")) {
        let path = path.display();
        return Err(PipelineError::refuse(format!("{path}: simulated traffic is written as .csv; name it so")));
    }
    if let Some(path) = &request.output {
        nta_atomic::check_target(path).map_err(refused)?;
    }
    let config = settings(&request.sets)?;
    let watch = StageWatch { listener, stage: Stage::Simulate, unit: Unit::FlowsSimulated };
    let flows = config.generate(request.seed, &watch).map_err(|error| match error {
        SimulateError::Cancelled => PipelineError::Interrupted("while simulating; nothing was written".to_owned()),
        error => refused(error),
    })?;
    let attacks = flows.iter().filter(|f| f.family.is_some()).count();
    let outcome =
        Outcome::Simulate { rows: flows.len() as u64, attacks: attacks as u64, output: request.output.clone() };
    let answer = match &request.output {
        None => {
            let mut text = Vec::new();
            write_csv(&flows, &mut text).map_err(failed)?;
            Some(text)
        }
        Some(path) => {
            let mut file = AtomicFile::create(path).map_err(failed)?;
            let mut buffered = std::io::BufWriter::new(&mut file);
            write_csv(&flows, &mut buffered)
                .and_then(|()| buffered.flush())
                .map_err(|error| PipelineError::fail(format!("cannot write {}: {error}", path.display())))?;
            drop(buffered);
            file.commit().map_err(failed)?;
            None
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    listener.hear(&Event::StageDone { outcome, seconds });
    Ok(answer)
}

fn settings(sets: &[String]) -> Result<SimulateConfig, PipelineError> {
    let mut map = serde_json::Map::new();
    for set in sets {
        let wrong = |why: &str| PipelineError::refuse(format!("--set {set}: {why}"));
        let (key, value) = set.split_once('=').ok_or_else(|| wrong("write it as key=value, e.g. flows=5000"))?;
        let value = yaml::parse(value).map_err(|error| wrong(&error.message))?.value;
        map.insert(key.trim().to_owned(), value);
    }
    let config: SimulateConfig = serde_path_to_error::deserialize(serde_json::Value::Object(map))
        .map_err(|error| PipelineError::refuse(format!("--set: {error}")))?;
    config.check().map_err(refused)?;
    Ok(config)
}
