//! `nta watch`: growing logs, pipes and ports through the one `Scorer`, out as alerts. Position, the scorer's memory and the
//! length of what was written are saved together, so that whatever ends the process, the next one goes on as if nothing had
//! been: no flow is lost or scored twice, and a line that was written after the last save is not written again.

mod carried;
mod clock;
mod counts;
mod eve;
mod forward;
mod frame;
mod grouping;
mod health;
mod kept;
mod line_file;
mod position;
mod ready;
mod request;
mod saver;
mod source;
mod state;
mod state_file;
mod status;
mod suppress;
mod timestamp;
mod told;
mod watching;
mod window;

use std::sync::Arc;

use nta_model::Model;

pub use counts::{Day, WatchCounts};
pub(crate) use eve::{GROUP_RULE, ScoredEve};
pub use kept::KeptWatch;
pub(crate) use kept::{ENDING as STATUS_ENDING, flagged_beside};
pub(crate) use line_file::id_of;
pub use request::{ForwardKind, ForwardTo, MostAlerts, USUAL_WINDOW, WatchRequest};
pub use status::{Forwarded, LatestAlert, WatchStatus};
pub use suppress::Suppression;
pub(crate) use suppress::{check as check_suppression, is_plain, list_beside, read_list, write_list};
pub(crate) use timestamp::micros_of;
pub use timestamp::timestamp;
pub use told::WatchEvent;

use crate::error::{PipelineError, refused};
use crate::event::Listener;
use crate::track::locate;
use forward::Forwarder;
use kept::Keeper;
use source::Sources;
use watching::Watch;

/// Watches until the sources end or `listener` says stop.
///
/// # Errors
/// A model or state that cannot be used, sources that cannot be opened, files that cannot be written.
pub fn watch(
    request: &WatchRequest,
    listener: &dyn Listener,
    tell: &dyn Fn(&WatchEvent),
) -> Result<WatchCounts, PipelineError> {
    if request.alerts.is_none() && !request.forward.is_empty() {
        return Err(PipelineError::refuse(
            "alerts are sent on from their file: name one with --alerts FILE".to_owned(),
        ));
    }
    let located = locate(&request.project, &request.model, listener)?;
    let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
    let mut watch = Watch::open(request, located, model, listener, tell)?;
    let (sources, messages) = Sources::open(request, watch.position(), watch.model(), listener, tell)?;
    let anew = watch.read_anew(sources.lost());
    if anew.is_err() {
        sources.stop();
    }
    anew?;
    let forwarders = Forwarder::start_all(request, watch.shared())?;
    let keeper = Keeper::start(request, watch.most_alerts_a_day(), watch.shared())?;
    let ended = watch.follow(&sources, &messages);
    sources.stop();
    // Where flows could not be scored or written, what is saved stays behind them, and the next watch takes them again.
    let saved = ended.and_then(|failure| watch.finish().map(|()| failure));
    forwarders.into_iter().for_each(Forwarder::finish);
    keeper.finish();
    let failure = saved?;
    let counts = watch.tell_status();
    // Where one of several sources fails, the others are watched on; in the end it is told.
    failure.map_or(Ok(counts), |problem| Err(refused(problem)))
}
