//! A run on an MLflow server: what the run's folder tells, sent once each, whatever happens to either side meanwhile.
//!
//! The folder is the spool: every point stands there first, with its own time. [`Delivery`] sends what a server lacks of
//! it and keeps what was acknowledged; [`Follower`] does so while the run trains.

mod address;
mod api;
mod batches;
mod client;
mod config;
mod credentials;
mod delivered;
mod delivery;
mod entries;
mod follow;
mod http;
mod limits;
mod model_api;
mod model_delivery;
mod published;
mod remaining;
mod remote;
mod server;
mod tracked;

pub use api::RUN_TAG;
pub use config::{MlflowConfig, TrackingConfig};
pub use credentials::Environment;
pub use delivered::{Delivered, TRACKING};
pub use delivery::Delivery;
pub use follow::{Followed, Follower, Tell};
pub use http::Wait;
pub use published::{ModelUri, Published, Store};
pub use remaining::Remaining;
pub use remote::{RemoteRun, remote_runs};
pub use server::Server;
pub use tracked::{DataName, Dataset, Point, SentFile, Standing, Tracked, TrackedModel};
