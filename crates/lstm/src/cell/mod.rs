//! The step of a layer forward, and the weights laid out for it: one code for training and for scoring.

mod forward;
mod panels;

pub(crate) use forward::{Step, StepResults, forward, head, project};
pub(crate) use panels::{Layer, Layout, Panels, add_row};
