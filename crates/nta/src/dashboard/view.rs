//! The picture: rates, scores, what was promised and observed, counts, the last alerts. No terminal is known here.

use nta_pipeline::{LatestAlert, WatchStatus, thousands, timestamp};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Constraint, Layout, Rect};
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::Line;
use ratatui_core::widgets::Widget;
use ratatui_widgets::block::Block;
use ratatui_widgets::paragraph::Paragraph;
use ratatui_widgets::sparkline::{RenderDirection, Sparkline};
use ratatui_widgets::table::{Row, Table};

use super::Drawn;
use crate::visible::one_line;
use crate::words::watching;

/// From this width on panels stand side by side in four columns, not in two.
const WIDE: u16 = 140;
/// Lines of what happened that are shown.
const SAID: u16 = 4;
/// Rows of a panel with its frame.
const PANEL: u16 = 8;

/// Draws everything into `area`.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, drawn: &Drawn) {
    let is_wide = area.width >= WIDE;
    let panels = if is_wide { PANEL } else { 2 * PANEL };
    let rows = [Constraint::Length(1), Constraint::Length(panels), Constraint::Min(4), Constraint::Length(SAID)];
    let [title, panels, alerts, said] = Layout::vertical(rows).areas(area);
    let bold = Style::default().add_modifier(Modifier::BOLD);
    Line::styled(watching::standing(&drawn.status), bold).render(title, buffer);
    let [rates, scores, promise, counts] = quarters(panels, is_wide);
    draw_rates(rates, buffer, drawn);
    draw_scores(scores, buffer, &drawn.status);
    panel("promised and observed", &watching::promised(&drawn.status)).render(promise, buffer);
    panel("counted", &watching::counted(&drawn.status)).render(counts, buffer);
    draw_alerts(alerts, buffer, &drawn.status);
    let newest = drawn.said.iter().skip(drawn.said.len().saturating_sub(usize::from(SAID)));
    let lines: Vec<Line<'_>> = newest.map(|line| Line::raw(line.as_str())).collect();
    Paragraph::new(lines).style(Style::default().fg(Color::DarkGray)).render(said, buffer);
}

fn quarters(area: Rect, is_wide: bool) -> [Rect; 4] {
    if is_wide {
        return Layout::horizontal([Constraint::Fill(1); 4]).areas(area);
    }
    let [above, below] = Layout::vertical([Constraint::Fill(1); 2]).areas(area);
    let [first, second] = Layout::horizontal([Constraint::Fill(1); 2]).areas(above);
    let [third, fourth] = Layout::horizontal([Constraint::Fill(1); 2]).areas(below);
    [first, second, third, fourth]
}

fn panel<'a>(title: &'a str, lines: &[String]) -> Paragraph<'a> {
    let lines: Vec<Line<'_>> = lines.iter().map(|line| Line::raw(line.clone())).collect();
    Paragraph::new(lines).block(Block::bordered().title(title))
}

fn draw_rates(area: Rect, buffer: &mut Buffer, drawn: &Drawn) {
    let most = drawn.rates.iter().copied().max().unwrap_or_default();
    let block = Block::bordered().title(format!("flows a second, at most {}", thousands(most)));
    let newest_first: Vec<u64> = drawn.rates.iter().rev().copied().collect();
    let line = Sparkline::default().block(block).data(newest_first).direction(RenderDirection::RightToLeft);
    line.style(Style::default().fg(Color::Cyan)).render(area, buffer);
}

/// Bars of the logarithm of the counts: alerts are few.
fn draw_scores(area: Rect, buffer: &mut Buffer, status: &WatchStatus) {
    let block = Block::bordered().title("scores, by logarithm");
    let inner = block.inner(area);
    block.render(area, buffer);
    let [bars, axis] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(inner);
    let bins = &status.counts.scores;
    let width = usize::from(bars.width).max(bins.len());
    let tall = |n: u64| (1_000.0 * ((n + 1) as f64).log10()) as u64;
    let column = |x: usize| bins[x * bins.len() / width];
    let data: Vec<u64> = (0..width).map(|x| tall(column(x))).collect();
    Sparkline::default().data(data).style(Style::default().fg(Color::Green)).render(bars, buffer);
    // The threshold's place under the bars.
    let at = ((f64::from(status.threshold) * width as f64) as usize).min(width - 1);
    let mark = format!("{}▲ {:.3}", " ".repeat(at.min(width.saturating_sub(8))), status.threshold);
    let mark = if at > width.saturating_sub(8) {
        format!("{:>at$} ▲", format!("{:.3}", status.threshold), at = at.saturating_sub(1))
    } else {
        mark
    };
    Line::styled(mark, Style::default().fg(Color::Yellow)).render(axis, buffer);
}

fn draw_alerts(area: Rect, buffer: &mut Buffer, status: &WatchStatus) {
    let rows = status.latest.iter().map(|alert| {
        // The day stands in the title: 2026-11-28T06:30:00.
        let time = timestamp(alert.micros).get(5..19).unwrap_or_default().replace('T', " ");
        let cells = [&time, &alert.sensor, &alert.src, &alert.dst, &format!("{:.3}", alert.score), &alert.reasons];
        Row::new(cells.map(|text| one_line(text).into_owned()))
    });
    let widest = |of: fn(&LatestAlert) -> &str, most: usize| {
        let longest = status.latest.iter().map(|alert| of(alert).chars().count()).max().unwrap_or_default();
        Constraint::Length(longest.clamp(6, most) as u16)
    };
    let widths = [
        Constraint::Length(14),
        widest(|alert| &alert.sensor, 16),
        widest(|alert| &alert.src, 39),
        widest(|alert| &alert.dst, 39),
        Constraint::Length(5),
        Constraint::Fill(1),
    ];
    let header = Row::new(["end, UTC", "sensor", "from", "to", "score", "why"]);
    let header = header.style(Style::default().add_modifier(Modifier::BOLD));
    Table::new(rows, widths).header(header).block(Block::bordered().title("last alerts")).render(area, buffer);
}

#[cfg(test)]
mod tests {
    use nta_pipeline::{Day, Interval, ScorePromise, WatchCounts};

    use super::*;

    fn drawn() -> Drawn {
        let mut counts =
            WatchCounts { flows: 1_234_567, flagged: 900, alerts: 700, grouped: 150, ..Default::default() };
        (counts.suppressed, counts.late) = (50, 3);
        (counts.scores[0], counts.scores[18]) = (1_233_000, 900);
        counts.today = Day { day: 20_000, flows: 200_000, flagged: 500, alerts: 400, over_budget: 0 };
        let promise = ScorePromise {
            budget: 0.01,
            confidence: 0.95,
            of_site: false,
            holds: Some(true),
            moved: Vec::new(),
            per_day: None,
            outside: Vec::new(),
        };
        let alert = LatestAlert {
            micros: 1_709_210_096_000_007,
            sensor: "gate".to_owned(),
            src: "10.0.0.3\u{1b}[31m".to_owned(),
            dst: "192.168.1.9".to_owned(),
            score: 0.987,
            reasons: "orig_bytes +0.120; dst_port 4444".to_owned(),
        };
        let mut drawn = Drawn::default();
        drawn.stands(&WatchStatus {
            model: "office/3".to_owned(),
            counts,
            rate: 12_345.0,
            threshold: 0.871,
            promise: Some(promise),
            flagged_share: Some(Interval { low: 0.0022, high: 0.0028, confidence: 0.95 }),
            lag: Some(1.25),
            latest: [alert].into(),
            ..WatchStatus::default()
        });
        drawn.says("model       office/3 takes over".to_owned());
        drawn
    }

    fn text(width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(area, &mut buffer, &drawn());
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
        (0..height).map(row).collect()
    }

    #[test]
    fn all_that_a_watch_counts_stands_on_narrow_and_wide_terminals() {
        for (width, height) in [(80, 30), (200, 40)] {
            let shown = text(width, height);
            for word in [
                "office/3",
                "12,345",
                "1,234,567",
                "0.871",
                "1.00 %",
                "0.25 %",
                "150",
                "late",
                "192.168.1.9",
                "takes over",
            ] {
                assert!(shown.contains(word), "`{word}` at {width}:\n{shown}");
            }
            assert!(!shown.contains('\u{1b}'), "a terminal would obey:\n{shown}");
        }
    }

    #[test]
    fn no_terminal_is_too_small() {
        for (width, height) in [(1, 1), (7, 3), (20, 5), (500, 2)] {
            let _ = text(width, height);
        }
    }
}
