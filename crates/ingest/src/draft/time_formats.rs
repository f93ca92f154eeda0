//! The format of a text time: every combination of common dates, clocks and zones that reads the cells, and which of
//! those that do is meant.

use crate::draft::time_names::Tool;
use crate::values::time::civil::MICROS_PER_DAY;
use crate::values::time::epoch::PLAUSIBLE;
use crate::values::time::pattern::{Moment, Pieces};
use crate::values::time::trend::{Trend, trend};

/// With points the day always stands before the month.
const DATES: [&str; 27] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d.%m.%y",
    "%y-%m-%d",
    "%y/%m/%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d/%b/%Y",
    "%d.%b.%Y",
    "%d-%b-%y",
    "%d %b %y",
    "%b %d %Y",
    "%b %d, %Y",
    "%a %d %b %Y",
    "%a, %d %b %Y",
    "%Y-%b-%d",
    "%Y%m%d",
];
const JOINTS: [&str; 7] = [" ", "T", ", ", ":", "-", "_", ","];
const CLOCKS: [&str; 10] = [
    "%H:%M:%S%.f",
    "%H:%M",
    "%I:%M:%S%.f %p",
    "%I:%M:%S%.f%p",
    "%I:%M %p",
    "%I:%M%p",
    "%H:%M:%S:%f",
    "%H.%M.%S%.f",
    "%I.%M.%S%.f %p",
    "%H%M%S",
];
const ZONES: [&str; 5] = ["", "%z", " %z", " UTC", " GMT"];
/// Formats whose clock stands inside or before the date.
const OTHERS: [&str; 11] = [
    "%a %b %d %H:%M:%S%.f %Y",
    "%a %b %d %H:%M:%S%.f UTC %Y",
    "%a %b %d %H:%M:%S%.f %z %Y",
    "%b %d %H:%M:%S%.f %Y",
    "%H:%M:%S%.f %d/%m/%Y",
    "%H:%M:%S%.f %m/%d/%Y",
    "%H:%M:%S%.f %d.%m.%Y",
    "%Y%m%d%H%M%S%.f",
    // Generalised time, as LDAP and certificates write it.
    "%Y%m%d%H%M%S%.f%z",
    "%Y%m%d%H%M%S%f",
    "%Y%m%d%H%M",
];

/// 2010-01-01, microseconds since 1970.
const RECENT: i64 = 1_262_304_000_000_000;

/// A format, and what the cells are by it.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// A `strftime` pattern; `%?` stands for a day or month that cannot be told from the other.
    pub(super) format: String,
    /// Microseconds since 1970 of the cells that read, in file order, zones left out.
    pub(super) times: Vec<i64>,
    /// Why this format and not another that reads the cells too.
    pub(super) why: Option<String>,
}

/// The format of `cells`, nearly all of which must read by it; `None` where none is known.
pub(super) fn reading(cells: &[String], tool: Tool) -> Option<Reading> {
    // An odd cell may stand in front.
    let formats = cells.iter().take(5).map(|cell| formats_of(cell)).find(|formats| !formats.is_empty())?;
    let mut readings: Vec<Reading> = formats.into_iter().map(|format| read(cells, format)).collect();
    let most = readings.iter().map(|r| r.times.len()).max().filter(|most| most * 20 >= cells.len() * 19)?;
    let several = readings.len() > 1;
    readings.retain(|r| r.times.len() == most);
    let mut distinct: Vec<Reading> = Vec::new();
    for reading in readings {
        if distinct.iter().all(|d| d.times != reading.times) {
            distinct.push(reading);
        }
    }
    if distinct.len() == 1 {
        let mut reading = distinct.pop()?;
        let has_day = reading.format.starts_with("%d") || reading.format.starts_with("%m");
        reading.why = (several && has_day).then(|| "Day and month are told apart by a part above 12.".to_owned());
        return Some(reading);
    }
    Some(told_apart(distinct, tool))
}

/// Formats by which `cell` is a time from 1990 to 2100, in brackets too, as web servers write it.
fn formats_of(cell: &str) -> Vec<String> {
    let cell = cell.trim();
    if let Some(inner) = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return formats_of(inner).iter().map(|format| format!("[{format}]")).collect();
    }
    let mut formats = Vec::new();
    for date in DATES {
        let Some(pieces) = Pieces::of(date) else { continue };
        match pieces.begin(&mut Moment::default(), cell.as_bytes()) {
            None => {}
            Some([]) => formats.push(date.to_owned()),
            Some(_) => formats.extend(clocks().map(|clock| format!("{date}{clock}"))),
        }
    }
    formats.extend(OTHERS.map(str::to_owned));
    formats.retain(|format| Pieces::of(format).is_some_and(|pieces| micros(&pieces, cell).is_some()));
    formats
}

fn clocks() -> impl Iterator<Item = String> {
    let with_zone = |clock: &'static str| ZONES.iter().map(move |zone| format!("{clock}{zone}"));
    let of_a_day: Vec<String> = CLOCKS.into_iter().flat_map(with_zone).collect();
    JOINTS.into_iter().flat_map(move |joint| of_a_day.clone().into_iter().map(move |clock| format!("{joint}{clock}")))
}

fn read(cells: &[String], format: String) -> Reading {
    let pieces = Pieces::of(&format);
    let times = pieces.iter().flat_map(|p| cells.iter().filter_map(|cell| micros(p, cell.trim()))).collect();
    Reading { format, times, why: None }
}

fn micros(pieces: &Pieces, cell: &str) -> Option<i64> {
    let mut moment = Moment::default();
    let rest = pieces.begin(&mut moment, cell.as_bytes())?;
    let micros = moment.micros().filter(|_| rest.is_empty())? - moment.offset.unwrap_or(0);
    PLAUSIBLE.contains(&micros).then_some(micros)
}

/// Of several readings the one in which the times stand in order, or lie close together; else the tool's; else the
/// question.
fn told_apart(mut readings: Vec<Reading>, tool: Tool) -> Reading {
    match evidence(&readings, tool) {
        Some((place, why)) => Reading { why: Some(why.to_owned()), ..readings.swap_remove(place) },
        None => open(readings),
    }
}

/// The place of the reading that is meant, and why.
fn evidence(readings: &[Reading], tool: Tool) -> Option<(usize, &'static str)> {
    let ordered: Vec<usize> = (0..readings.len()).filter(|i| trend(&readings[*i].times) != Trend::Mixed).collect();
    if let [only] = ordered[..] {
        return Some((only, "Day and month are told apart by the order of the rows."));
    }
    let recent = RECENT..jiff::Timestamp::now().as_microsecond() + MICROS_PER_DAY;
    let is_recent = |i: &usize| readings[*i].times.iter().all(|t| recent.contains(t));
    if let [only] = (0..readings.len()).filter(is_recent).collect::<Vec<_>>()[..] {
        return Some((only, "Read otherwise its flows would lie before 2010 or in the future."));
    }
    let spans: Vec<i64> = readings.iter().map(|r| span(&r.times)).collect();
    let mut by_span: Vec<usize> = (0..spans.len()).collect();
    by_span.sort_by_key(|i| spans[*i]);
    if let [closest, next, ..] = by_span[..]
        && spans[next] >= 5 * spans[closest].max(MICROS_PER_DAY)
    {
        return Some((
            closest,
            "Day and month are told apart by the span: read otherwise the file would be much longer.",
        ));
    }
    let day_first = readings.iter().position(|r| r.format.starts_with("%d"));
    day_first.filter(|_| tool == Tool::CicFlowMeter).map(|place| (place, "Day before month, as CICFlowMeter writes."))
}

fn span(times: &[i64]) -> i64 {
    times.iter().max().zip(times.iter().min()).map_or(0, |(max, min)| max - min)
}

/// The first reading, with a question mark for every part on which the readings differ.
fn open(mut readings: Vec<Reading>) -> Reading {
    let mut format: Vec<char> = readings[0].format.chars().collect();
    for other in &readings[1..] {
        for (mine, theirs) in format.iter_mut().zip(other.format.chars()) {
            if *mine != theirs {
                *mine = '?';
            }
        }
    }
    let mut first = readings.swap_remove(0);
    let tried: Vec<String> = readings.iter().map(|r| format!("`{}`", r.format)).collect();
    first.why = Some(format!("Nothing in the file says which is right, `{}` or {}.", first.format, tried.join(" or ")));
    first.format = format.into_iter().collect();
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_by(cells: &[&str]) -> Option<String> {
        let cells: Vec<String> = cells.iter().map(|c| (*c).to_owned()).collect();
        reading(&cells, Tool::Other).map(|r| r.format)
    }

    #[test]
    fn common_formats_are_known() {
        for (cell, format) in [
            ("2024-05-01 09:00:00", "%Y-%m-%d %H:%M:%S%.f"),
            ("2024-05-01T09:00:00.123456Z", "%Y-%m-%dT%H:%M:%S%.f%z"),
            ("2024-05-01T09:00:00,123+02:00", "%Y-%m-%dT%H:%M:%S%.f%z"),
            ("2024-05-01 09:00:00 UTC", "%Y-%m-%d %H:%M:%S%.f UTC"),
            ("2024/05/01 09:00", "%Y/%m/%d %H:%M"),
            ("31.05.2024 09:00:00", "%d.%m.%Y %H:%M:%S%.f"),
            ("31/05/2024 09:00", "%d/%m/%Y %H:%M"),
            ("5/31/2024 9:00:00 AM", "%m/%d/%Y %I:%M:%S%.f %p"),
            ("31/05/24 09:00", "%d/%m/%y %H:%M"),
            ("31-May-2024 09:00:00", "%d-%b-%Y %H:%M:%S%.f"),
            ("31/May/2024:09:00:00 +0200", "%d/%b/%Y:%H:%M:%S%.f %z"),
            ("Fri May 31 09:00:00 2024", "%a %b %d %H:%M:%S%.f %Y"),
            ("Wed May  1 09:00:00 UTC 2024", "%a %b %d %H:%M:%S%.f UTC %Y"),
            ("May 31, 2024 09:00:00.123456789 UTC", "%b %d, %Y %H:%M:%S%.f UTC"),
            ("Fri, 31 May 2024 09:00:00 GMT", "%a, %d %b %Y %H:%M:%S%.f GMT"),
            ("20240531090000", "%Y%m%d%H%M%S%.f"),
            ("20240531090000123", "%Y%m%d%H%M%S%f"),
            ("202405310900", "%Y%m%d%H%M"),
            ("20240531", "%Y%m%d"),
            ("24-05-31 09:00", "%y-%m-%d %H:%M"),
            ("[31/May/2024:09:00:00 +0000]", "[%d/%b/%Y:%H:%M:%S%.f %z]"),
            ("31-MAY-24 01.00.00.000000 PM", "%d-%b-%y %I.%M.%S%.f %p"),
            ("20240531-090000", "%Y%m%d-%H%M%S"),
            ("2024-05-31", "%Y-%m-%d"),
        ] {
            assert_eq!(read_by(&[cell, cell]).as_deref(), Some(format), "{cell}");
        }
        for cell in ["tcp", "10.0.0.1", "1.2.3", "09:00:00", "May 31 09:00:00", "aa:bb:cc:dd:ee:ff", "7", "2024-13-01"]
        {
            assert_eq!(read_by(&[cell, cell]), None, "{cell}");
        }
    }

    #[test]
    fn day_and_month_are_told_apart_by_evidence_or_asked() {
        assert_eq!(read_by(&["01/05/2024", "13/05/2024"]).as_deref(), Some("%d/%m/%Y"));
        assert_eq!(read_by(&["05/01/2024", "05/13/2024"]).as_deref(), Some("%m/%d/%Y"));
        assert_eq!(
            read_by(&["05/01/2024", "05/04/2024", "05/08/2024"]).as_deref(),
            Some("%m/%d/%Y"),
            "closer together"
        );
        assert_eq!(read_by(&["06/07/2017 9:00", "06/07/2017 9:05"]).as_deref(), Some("%?/%?/%Y %H:%M"));
        let cells = ["6/7/2017 9:00".to_owned()];
        assert_eq!(reading(&cells, Tool::CicFlowMeter).unwrap().format, "%d/%m/%Y %H:%M");
        assert_eq!(read_by(&["24/05/01 09:00", "24/05/02 09:00"]).as_deref(), Some("%y/%m/%d %H:%M"));
    }

    #[test]
    fn an_odd_cell_costs_no_format() {
        let mut cells = vec!["2024-05-01 09:00:00"; 40];
        cells[0] = "never";
        assert_eq!(read_by(&cells).as_deref(), Some("%Y-%m-%d %H:%M:%S%.f"));
    }
}
