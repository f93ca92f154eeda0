//! Models that stay in memory, and how many large requests they work on at a time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nta_pipeline::{LoadedModel, ModelLine, Project};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Problem;
use crate::held::held;
use crate::models::known::{chosen, sorted};
use crate::unheard::Unheard;

/// Models in memory at most; the one that was asked for longest ago makes room.
const MOST: usize = 3;

/// An alias that moves is followed after so long at the latest.
const FRESH: Duration = Duration::from_secs(1);

/// The models.
pub(crate) struct Loaded {
    state: Mutex<State>,
    /// Of large requests, one for each core: more at a time would only wait inside.
    turns: Semaphore,
}

#[derive(Default)]
struct State {
    known: Option<(Instant, Vec<ModelLine>)>,
    /// The one that was asked for last at the end.
    models: Vec<(String, Arc<LoadedModel>)>,
}

impl Loaded {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Loaded { state: Mutex::default(), turns: Semaphore::new(cores) }
    }

    /// Waits for a turn at a large request.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let ended = |_| Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "the server stops");
        self.turns.acquire().await.map_err(ended)
    }

    /// The version that is asked for, in memory.
    pub(crate) fn model(&self, project: &Project, asked: Option<&str>) -> Result<Arc<LoadedModel>, Problem> {
        // Held while it loads, so that a model is loaded once for all who wait for it.
        let mut state = held(&self.state);
        let known = match state.known.take() {
            Some((at, known)) if at.elapsed() < FRESH => (at, known),
            _ => (Instant::now(), sorted(nta_pipeline::models(project)?)),
        };
        let version = chosen(&known.1, asked);
        state.known = Some(known);
        let version = version?;
        let place = state.models.iter().position(|(loaded, _)| *loaded == version);
        let model = match place.map(|place| state.models.remove(place).1) {
            Some(model) => model,
            None => Arc::new(LoadedModel::load(project, &version, &Unheard)?),
        };
        if state.models.len() >= MOST {
            state.models.remove(0);
        }
        state.models.push((version, Arc::clone(&model)));
        Ok(model)
    }
}
