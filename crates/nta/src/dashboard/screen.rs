//! The terminal: taken when a watch begins, given back as it was when it ends.

use std::io::{IsTerminal, Stdout};
use std::sync::{Mutex, PoisonError};

use nta_pipeline::WatchEvent;
use ratatui_core::terminal::Terminal;
use ratatui_termion::TermionBackend;
use ratatui_termion::termion::screen::{AlternateScreen, IntoAlternateScreen};

use super::{Drawn, view};
use crate::{visible, words};

type Backend = TermionBackend<AlternateScreen<Stdout>>;

/// A terminal under a watch.
pub(crate) struct Screen(Mutex<(Terminal<Backend>, Drawn)>);

impl Screen {
    /// `None` where standard output or standard error is no terminal, or one that cannot be drawn on.
    pub(crate) fn take() -> Option<Screen> {
        if !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        let backend = TermionBackend::new(std::io::stdout().into_alternate_screen().ok()?);
        let mut terminal = Terminal::new(backend).ok()?;
        terminal.clear().ok()?;
        Some(Screen(Mutex::new((terminal, Drawn::default()))))
    }

    /// Draws what is told.
    pub(crate) fn tell(&self, event: &WatchEvent) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (terminal, drawn) = &mut *held;
        match event {
            WatchEvent::Status(status) => drawn.stands(status),
            other => drawn.says(visible::one_line(words::watching(other).trim()).into_owned()),
        }
        // A terminal that went away stops nothing: the watch goes on.
        let _ = terminal.draw(|frame| view::draw(frame.area(), frame.buffer_mut(), drawn));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let held = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = held.0.show_cursor();
    }
}
