//! The label of each row by the windows that it lies in.

use polars_core::prelude::DataFrame;

use crate::block::Block;
use crate::error::{CellError, IngestError};
use crate::labelling::join::{Join, Joined, Told, WindowRows};
use crate::labelling::keys::{address, port, texts};
use crate::labelling::windows::{FlowEnds, LabelWindows, Window};

impl Join {
    /// What is told of each row of `block`; what was found is added to `counts`.
    pub(super) fn by_windows(
        &self,
        windows: &LabelWindows,
        file: &str,
        block: &Block,
        counts: &mut Joined,
    ) -> Result<Vec<Told<'_>>, IngestError> {
        if counts.windows.is_empty() {
            let window = |w: &Window| WindowRows { line: w.line, label: w.label.clone(), rows: 0 };
            counts.windows = windows.windows.iter().map(window).collect();
        }
        let times = self.times(file, block)?;
        let hosts = [&self.keys.src, &self.keys.dst].map(|c| c.as_ref().filter(|_| windows.asks_hosts()));
        let ports = self.keys.ports.as_ref().filter(|_| windows.asks_ports());
        let [src, dst] =
            [spelled(&block.frame, hosts[0], file, address)?, spelled(&block.frame, hosts[1], file, address)?];
        let sport = spelled(&block.frame, ports.map(|p| &p.0), file, port)?;
        let dport = spelled(&block.frame, ports.map(|p| &p.1), file, port)?;
        let mut told = Vec::with_capacity(times.len());
        for (row, time) in times.into_iter().enumerate() {
            let flow = FlowEnds { time, src: &src[row], dst: &dst[row], ports: [&sport[row], &dport[row]] };
            let found =
                self.window_of(windows, &flow).map_err(|both| self.two_windows(windows, both, file, block, row))?;
            told.push(self.counted(found, counts));
        }
        Ok(told)
    }

    /// The place of the window that a flow lies in, one behind the last for the default; two windows that differ are none.
    fn window_of(&self, windows: &LabelWindows, flow: &FlowEnds<'_>) -> Result<Option<usize>, [usize; 2]> {
        let mut inside = windows.windows.iter().enumerate().filter(|(_, w)| w.holds(flow)).map(|(i, _)| i);
        let first = inside.next();
        match first.and_then(|i| Some([i, inside.find(|&j| self.told[j] != self.told[i])?])) {
            Some(both) => Err(both),
            None => Ok(first.or_else(|| windows.default.as_ref().map(|_| windows.windows.len()))),
        }
    }

    fn counted(&self, found: Option<usize>, counts: &mut Joined) -> Told<'_> {
        let Some(at) = found else {
            counts.unmatched += 1;
            return Told::default();
        };
        counts.labelled += 1;
        match counts.windows.get_mut(at) {
            Some(window) => window.rows += 1,
            None => counts.by_default += 1,
        }
        self.told(at)
    }

    fn two_windows(
        &self,
        windows: &LabelWindows,
        both: [usize; 2],
        file: &str,
        block: &Block,
        row: usize,
    ) -> IngestError {
        let says = both.map(|i| format!("line {} ({})", windows.windows[i].line, windows.windows[i].label));
        let column = self.keys.time.clone().unwrap_or_default();
        let cell = texts(&block.frame, &column, file).map(|cells| crate::error::shown(&cells[row])).unwrap_or_default();
        IngestError::Cell(Box::new(CellError {
            file: file.to_owned(),
            at: block.position(row),
            column,
            value: cell,
            problem: format!("lies in two windows of {}: {} and {}", self.name(), says[0], says[1]),
            remedy: "part their times, hosts or ports".to_owned(),
        }))
    }
}

/// The cells of a column, spelled as windows spell them; all empty where there is none.
fn spelled(
    frame: &DataFrame,
    column: Option<&String>,
    file: &str,
    spell: fn(&str) -> String,
) -> Result<Vec<String>, IngestError> {
    match column {
        Some(column) => Ok(texts(frame, column, file)?.iter().map(|t| spell(t)).collect()),
        None => Ok(vec![String::new(); frame.height()]),
    }
}
