//! The part of a draft that tells of times and of the order of rows.

use nta_data::{Order, TimeUnit};

use crate::draft::text::quoted;
use crate::draft::time::Times;
use crate::draft::time_guess::TimeGuess;
use crate::values::number::{Number, number};

pub(super) fn render_times(times: &Times, line: &mut impl FnMut(&str)) {
    match &times.start {
        Some(start) => render_start(start, line),
        None => times.unknown.iter().for_each(|(column, cell)| render_unknown(column, cell, line)),
    }
    if let Some(duration) = &times.duration {
        match duration.unit {
            TimeUnit::Unknown => line("# The unit is not settled; a run refuses until it is seconds, milliseconds, …"),
            _ => line("# How long the flow lasted."),
        }
        line(&format!("duration: {}", quoted(&duration.column)));
        line(&format!("duration_unit: {}  # {}", duration.unit.name(), duration.why.replace('\n', " ")));
    }
}

pub(super) fn render_order(times: &Times, line: &mut impl FnMut(&str)) {
    let (order, why) = times.order;
    line(&format!("# {why}"));
    let order = match order {
        Order::File => "file",
        Order::EndTime => "end_time",
        Order::None => "none",
    };
    line(&format!("order: {order}"));
}

fn render_start(start: &TimeGuess, line: &mut impl FnMut(&str)) {
    line("# The start of the flow. Check the zone: a text time without one is taken for UTC.");
    start.remarks.iter().for_each(|remark| line(&format!("# {}", remark.replace('\n', " "))));
    line(&format!("time:\n  column: {}", quoted(&start.column)));
    match &start.format {
        Some(format) => {
            if format.contains("%?") {
                line("  # A run refuses until %d stands for the day and %m for the month:");
            }
            line(&format!("  format: {}\n  utc_offset_minutes: 0", quoted(format)));
        }
        None => line(&format!("  unit: {}", start.unit.name())),
    }
    if start.relative {
        line("  relative: true");
    }
    if let Some(from) = start.twelve_hour_from {
        line(&format!("  twelve_hour_from: {from}"));
    }
}

fn render_unknown(column: &str, cell: &str, line: &mut impl FnMut(&str)) {
    let (column, shown) = (quoted(column), crate::error::shown(cell));
    if number(cell, false) != Number::Bad {
        line(&format!(
            "# {column} holds numbers, e.g. {shown}, that are no time from 1990 to 2100 in any unit. Where they count"
        ));
        line(&format!(
            "# from the start of the capture:\n# time:\n#   column: {column}\n#   unit: seconds\n#   relative: true"
        ));
        return;
    }
    line(&format!(
        "# {column} looks like a time, in no known format, e.g. {shown}. To read it, set its strftime pattern"
    ));
    line("# (with a year and a day), or export it otherwise:");
    line(&format!("# time:\n#   column: {column}\n#   format: \"%Y-%m-%d %H:%M:%S\""));
}
