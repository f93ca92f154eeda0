//! Where a watch stands, drawn on a terminal once a second; elsewhere it is told in lines.

#[cfg(unix)]
mod screen;
mod view;

use std::collections::VecDeque;

use nta_pipeline::WatchStatus;
#[cfg(unix)]
pub(crate) use screen::Screen;

/// Seconds of flow rates that are kept, more than a terminal is wide.
const SECONDS: usize = 512;
/// Lines of what happened that are kept.
const LINES: usize = 20;

/// What is drawn.
#[derive(Default)]
struct Drawn {
    status: WatchStatus,
    /// Flows a second, the newest last.
    rates: VecDeque<u64>,
    /// What happened, the newest last.
    said: VecDeque<String>,
}

impl Drawn {
    fn stands(&mut self, status: &WatchStatus) {
        self.rates.push_back(status.rate.round().max(0.0) as u64);
        if self.rates.len() > SECONDS {
            self.rates.pop_front();
        }
        self.status = status.clone();
    }

    fn says(&mut self, line: String) {
        self.said.push_back(line);
        if self.said.len() > LINES {
            self.said.pop_front();
        }
    }
}
