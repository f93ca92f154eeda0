//! The terminal: taken when a watch begins, given back as it was when it ends. It is written to and never asked anything, for
//! its answers would come as if they were typed.

use std::io::{self, IsTerminal, Stdout};
use std::sync::{Mutex, PoisonError};

use nta_pipeline::WatchEvent;
use ratatui_core::backend::Backend;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_termion::TermionBackend;
use ratatui_termion::termion::screen::{AlternateScreen, IntoAlternateScreen};

use super::{Drawn, view};
use crate::{visible, words};

/// A terminal under a watch.
pub(crate) struct Screen(Mutex<Held>);

struct Held {
    terminal: TermionBackend<AlternateScreen<Stdout>>,
    /// What stands there.
    shown: Buffer,
    drawn: Drawn,
}

impl Screen {
    /// `None` where standard output or standard error is no terminal, or one that cannot be drawn on.
    pub(crate) fn take() -> Option<Screen> {
        if !io::stdout().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let mut terminal = TermionBackend::new(io::stdout().into_alternate_screen().ok()?);
        terminal.hide_cursor().ok()?;
        Some(Screen(Mutex::new(Held { terminal, shown: Buffer::default(), drawn: Drawn::default() })))
    }

    /// Draws what is told.
    pub(crate) fn tell(&self, event: &WatchEvent) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            WatchEvent::Status(status) => held.drawn.stands(status),
            other => held.drawn.says(visible::one_line(words::watching(other).trim()).into_owned()),
        }
        // A terminal that went away stops nothing: the watch goes on.
        let _ = held.draw();
    }
}

impl Held {
    fn draw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        let area = Rect::new(0, 0, size.width, size.height);
        if area != self.shown.area {
            self.terminal.clear()?;
            self.shown = Buffer::empty(area);
        }
        let mut next = Buffer::empty(area);
        view::draw(area, &mut next, &self.drawn);
        self.terminal.draw(self.shown.diff(&next).into_iter())?;
        self.shown = next;
        Backend::flush(&mut self.terminal)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let held = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = held.terminal.show_cursor();
    }
}
