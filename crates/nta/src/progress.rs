//! Progress on standard error: bars on a terminal, plain lines otherwise, nothing with `--quiet`.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nta_pipeline::{Caller, Contact, Event, Listener, Outcome, Stage, Wait};

use crate::{interrupts, visible, words};

/// Draws events.
pub(crate) struct Progress(Arc<Screen>);

struct Screen {
    quiet: bool,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    bar: Option<ProgressBar>,
    last_line: Instant,
    /// When it was last told what is waited for.
    last_wait: Option<Instant>,
}

/// Plain lines about a stage in progress come no closer together than this.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// What takes no longer is no waiting.
const FIRST_WAIT: Duration = Duration::from_secs(1);

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let state = Mutex::new(State { bar: None, last_line: Instant::now(), last_wait: None });
        Progress(Arc::new(Screen { quiet, terminal: std::io::stderr().is_terminal(), state }))
    }
}

impl Screen {
    fn line(&self, state: &State, text: &str) {
        let text = visible::one_line(text);
        match &state.bar {
            Some(bar) => bar.suspend(|| drop(writeln!(std::io::stderr(), "{text}"))),
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn advance(&self, state: &mut State, stage: Stage, done: u64, total: Option<u64>, beside: &str) {
        if self.terminal {
            let bar = state.bar.get_or_insert_with(|| new_bar(total));
            bar.set_prefix(stage.name());
            bar.set_length(total.unwrap_or(1));
            bar.set_position(total.map_or(0, |_| done));
            bar.set_message(beside.to_owned());
        } else if state.last_line.elapsed() >= PLAIN_INTERVAL {
            state.last_line = Instant::now();
            let share = total.and_then(|total| (100 * done).checked_div(total));
            let share = share.map(|p| format!("{p:>3} %  ")).unwrap_or_default();
            self.line(state, format!("  {:<11} {share}{beside}", stage.name()).trim_end());
        }
    }

    fn stage_done(&self, state: &mut State, outcome: &Outcome, seconds: f64) {
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
        let words = words::outcome(outcome, seconds);
        for (i, line) in words.lines().enumerate() {
            let (name, time) = match i {
                0 => (outcome.stage().name(), format!("{seconds:.1} s")),
                _ => ("", String::new()),
            };
            self.line(state, format!("  {name:<11} {line:<88} {time:>8}").trim_end());
        }
    }
}

impl Listener for Progress {
    fn hear(&self, event: &Event) {
        let screen = &*self.0;
        if screen.quiet {
            return;
        }
        let Ok(mut state) = screen.state.lock() else { return };
        match event {
            Event::Begun(begun) => screen.line(&state, &words::begun(begun)),
            Event::StageBegun { .. } => state.last_line = Instant::now(),
            Event::Progress { stage, done, total, unit } => {
                screen.advance(&mut state, *stage, *done, *total, &words::progress(*done, *total, *unit));
            }
            Event::StageDone { outcome, seconds } => screen.stage_done(&mut state, outcome, *seconds),
            Event::Remark(remark) => {
                screen.line(&state, &format!("  {:<11} {}", words::head(remark), words::remark(remark)))
            }
            Event::Dataset(_) | Event::Epoch(_) => {}
        }
    }

    fn cancelled(&self) -> bool {
        interrupts::interrupted()
    }

    fn contact(&self) -> Contact {
        Contact::to(Arc::clone(&self.0) as Arc<dyn Caller>)
    }
}

impl Caller for Screen {
    fn cancelled(&self) -> bool {
        interrupts::interrupted()
    }

    fn waiting(&self, wait: &Wait<'_>) {
        if self.quiet || wait.elapsed < FIRST_WAIT {
            return;
        }
        let Ok(mut state) = self.state.lock() else { return };
        if state.last_wait.is_none_or(|last| last.elapsed() >= PLAIN_INTERVAL) {
            state.last_wait = Some(Instant::now());
            self.line(&state, &format!("  {:<11} {}", "waiting", words::wait(&wait.what)));
        }
    }
}

/// A bar, or a spinner where how much there is to do is not known.
fn new_bar(total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(match total {
        None => "  {prefix:<11} {spinner} {msg} {elapsed:.dim}",
        Some(_) => "  {prefix:<11} {bar:32.cyan/dim} {percent:>3} %  {msg} {elapsed:.dim}",
    });
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
