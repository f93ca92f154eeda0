//! Windows of time and hosts, as captured attacks are labelled: who did what to whom, from when until when.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::assemble::label_words::says_no_label;
use crate::error::IngestError;
use crate::labelling::hosts::Hosts;
use crate::labelling::keys::KeyColumns;

/// Most bytes of such a file, and most windows.
const MOST_BYTES: u64 = 1 << 20;
const MOST_WINDOWS: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// `UTC` or `+02:00`: of the times that name none.
    time_zone: Option<String>,
    /// The label of flows in no window.
    default: Option<String>,
    windows: Vec<Spanned<WrittenWindow>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWindow {
    label: String,
    from: String,
    until: String,
    /// Either end of the flow.
    #[serde(default, alias = "networks")]
    hosts: OneOrMore<String>,
    /// Who began it.
    #[serde(default)]
    src: OneOrMore<String>,
    /// Who was called.
    #[serde(default)]
    dst: OneOrMore<String>,
    /// Of either end.
    #[serde(default)]
    ports: OneOrMore<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        OneOrMore::More(Vec::new())
    }
}

impl<T> OneOrMore<T> {
    fn all(self) -> Vec<T> {
        match self {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }
    }
}

/// The windows of a file.
#[derive(Debug)]
pub(crate) struct LabelWindows {
    pub(crate) default: Option<String>,
    pub(crate) windows: Vec<Window>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Window {
    /// Line of the file.
    pub(crate) line: u64,
    pub(crate) label: String,
    /// Microseconds since 1970; a flow that begins then is inside.
    from: i64,
    /// A flow that begins then no longer is.
    until: i64,
    hosts: Vec<Hosts>,
    src: Vec<Hosts>,
    dst: Vec<Hosts>,
    ports: Vec<String>,
}

/// What a window is held against.
#[derive(Debug)]
pub(crate) struct FlowEnds<'f> {
    pub(crate) time: i64,
    pub(crate) src: &'f str,
    pub(crate) dst: &'f str,
    pub(crate) ports: [&'f str; 2],
}

impl LabelWindows {
    pub(crate) fn open(path: &Path) -> Result<LabelWindows, IngestError> {
        let file = path.display().to_string();
        let mut text = String::new();
        let read = File::open(path).and_then(|f| f.take(MOST_BYTES + 1).read_to_string(&mut text));
        read.map_err(|e| IngestError::read(&file, &e))?;
        if text.len() as u64 > MOST_BYTES {
            let problem = "longer than the 1 MiB that such a file may have".to_owned();
            return Err(IngestError::BadLabels { file, at: None, problem });
        }
        parse(&text, &file)
    }

    /// Windows need the flow's time, and the columns that they ask for.
    pub(super) fn refuse_blind(&self, keys: &KeyColumns, file: &str) -> Result<(), IngestError> {
        let lacks = match () {
            () if keys.time.is_none() => "a time: name its column under `time:` in the schema",
            () if self.asks_hosts() && (keys.src.is_none() || keys.dst.is_none()) => {
                "both hosts: name their columns under `entity:` in the schema"
            }
            () if self.asks_ports() && keys.ports.is_none() => {
                "both ports, in columns of usual names such as `Src Port` and `Dst Port`"
            }
            () => return Ok(()),
        };
        Err(IngestError::NoWindowColumns { file: file.to_owned(), lacks: lacks.to_owned() })
    }

    /// Whether some window asks for hosts.
    pub(crate) fn asks_hosts(&self) -> bool {
        self.windows.iter().any(|w| !(w.hosts.is_empty() && w.src.is_empty() && w.dst.is_empty()))
    }

    /// Whether some window asks for ports.
    pub(crate) fn asks_ports(&self) -> bool {
        self.windows.iter().any(|w| !w.ports.is_empty())
    }
}

fn parse(text: &str, file: &str) -> Result<LabelWindows, IngestError> {
    let refuse =
        |at: Option<(u64, u64)>, problem: String| IngestError::BadLabels { file: file.to_owned(), at, problem };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: 16, max_nodes: 200_000, max_aliases: 1_000 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 200_000 },
    };
    let written: Written = serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let message = e.without_snippet().to_string();
        let message =
            message.lines().next().unwrap_or_default().split(" at line ").next().unwrap_or_default().to_owned();
        refuse(e.location().map(|l| (l.line(), l.column())), message)
    })?;
    if written.windows.is_empty() || written.windows.len() > MOST_WINDOWS {
        let n = written.windows.len();
        return Err(refuse(None, format!("{n} windows; give 1 to {MOST_WINDOWS} under `windows:`")));
    }
    let zone = match &written.time_zone {
        Some(zone) => Some(offset(zone).ok_or_else(|| {
            refuse(None, format!("`time_zone` is `{zone}`: write `UTC`, or the distance from it, such as `-03:00`"))
        })?),
        None => None,
    };
    if let Some(label) = written.default.as_ref().filter(|label| says_no_label(label)) {
        return Err(refuse(
            None,
            format!("`default` is `{label}`, which is no label; leave it out for rows without one"),
        ));
    }
    let window = |w: Spanned<WrittenWindow>| {
        let at = (w.referenced.line(), w.referenced.column());
        Window::of(w.value, at.0, zone).map_err(|problem| refuse(Some(at), problem))
    };
    let windows = written.windows.into_iter().map(window).collect::<Result<_, _>>()?;
    Ok(LabelWindows { default: written.default, windows })
}

impl Window {
    fn of(written: WrittenWindow, line: u64, zone: Option<Offset>) -> Result<Window, String> {
        if says_no_label(&written.label) {
            return Err(format!("`label` is `{}`, which is no label", written.label));
        }
        let (from, until) = (moment("from", &written.from, zone)?, moment("until", &written.until, zone)?);
        if until <= from {
            return Err(format!("`until` ({}) is not after `from` ({})", written.until, written.from));
        }
        let hosts = |key: &str, texts: OneOrMore<String>| -> Result<Vec<Hosts>, String> {
            texts.all().iter().map(|text| Hosts::of(text).map_err(|why| format!("`{key}`: {why}"))).collect()
        };
        Ok(Window {
            line,
            label: written.label,
            from,
            until,
            hosts: hosts("hosts", written.hosts)?,
            src: hosts("src", written.src)?,
            dst: hosts("dst", written.dst)?,
            ports: written.ports.all().iter().map(u16::to_string).collect(),
        })
    }

    /// Whether a flow lies in it: it begins in its time, and its ends are among those asked for.
    pub(crate) fn holds(&self, flow: &FlowEnds<'_>) -> bool {
        let any = |list: &[Hosts], host: &str| list.is_empty() || list.iter().any(|h| h.holds(host));
        (self.from..self.until).contains(&flow.time)
            && (any(&self.hosts, flow.src) || any(&self.hosts, flow.dst))
            && any(&self.src, flow.src)
            && any(&self.dst, flow.dst)
            && (self.ports.is_empty() || self.ports.iter().any(|p| flow.ports.contains(&p.as_str())))
    }
}

/// `UTC`, `Z`, `+02:00`, `-3`.
fn offset(text: &str) -> Option<Offset> {
    if matches!(text.trim(), "UTC" | "utc" | "Z") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = text.trim().split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    ((0..60).contains(&minutes) && (0..=25).contains(&hours))
        .then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

/// Microseconds since 1970 of a time that names its zone, or stands in `zone`.
fn moment(key: &str, text: &str, zone: Option<Offset>) -> Result<i64, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_microsecond());
    }
    let civil: DateTime =
        text.parse().map_err(|_| format!("`{key}` is `{text}`, which is no time such as `2017-07-04 09:20:00`"))?;
    let zone = zone.ok_or_else(|| {
        format!("`{key}` is `{text}`, without a zone: say `time_zone: UTC` (or `-03:00`), or end the time in one")
    })?;
    let zoned = civil.to_zoned(TimeZone::fixed(zone)).map_err(|e| format!("`{key}` is `{text}`: {e}"))?;
    Ok(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends<'f>(time: &str, src: &'f str, dst: &'f str, ports: [&'f str; 2]) -> FlowEnds<'f> {
        FlowEnds { time: time.parse::<jiff::Timestamp>().unwrap().as_microsecond(), src, dst, ports }
    }

    #[test]
    fn a_flow_lies_in_a_window_by_its_start_and_its_ends() {
        let text = "time_zone: '-03:00'\ndefault: benign\nwindows:\n  - { label: ftp, from: 2017-07-04 09:20, until: 2017-07-04 10:20, \
                    src: 172.16.0.1, dst: [192.168.10.0/24], ports: 21 }\n";
        let read = parse(text, "w.yaml").unwrap();
        let window = &read.windows[0];
        assert_eq!((window.line, read.default.as_deref()), (4, Some("benign")));
        let inside = |time, src, dst, ports| window.holds(&ends(time, src, dst, ports));
        assert!(inside("2017-07-04T12:20:00Z", "172.16.0.1", "192.168.10.50", ["40000", "21"]));
        assert!(!inside("2017-07-04T13:20:00Z", "172.16.0.1", "192.168.10.50", ["40000", "21"]), "its end is outside");
        assert!(!inside("2017-07-04T12:20:00Z", "192.168.10.50", "172.16.0.1", ["21", "40000"]), "the other way round");
        assert!(!inside("2017-07-04T12:20:00Z", "172.16.0.1", "192.168.11.50", ["40000", "21"]));
        assert!(!inside("2017-07-04T12:20:00Z", "172.16.0.1", "192.168.10.50", ["40000", "22"]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let refused = |windows: &str| parse(&format!("windows:\n{windows}"), "w.yaml").unwrap_err().to_string();
        let said = refused("  - { label: a, from: 2017-07-04 09:20, until: 2017-07-04 10:20 }\n");
        assert!(said.starts_with("w.yaml, line 2") && said.contains("without a zone"), "{said}");
        let said = refused("  - { label: a, from: 2017-07-04T09:20Z, until: 2017-07-04T09:20Z }\n");
        assert!(said.contains("is not after"), "{said}");
        let said = refused("  - { label: a, from: yesterday, until: 2017-07-04T09:20Z }\n");
        assert!(said.contains("`from` is `yesterday`"), "{said}");
        let said = refused("  - { label: a, form: 2017-07-04T09:20Z, until: 2017-07-04T09:20Z }\n");
        assert!(said.starts_with("w.yaml, line 2") && said.contains("form"), "{said}");
    }
}
