//! Counts since the start, and lines as Prometheus reads them (text format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

use crate::held::held;

/// Upper ends of the classes of seconds until an answer begins.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

/// Requests answered since the start.
#[derive(Default)]
pub(crate) struct Metrics(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// By method and status.
    requests: BTreeMap<(String, u16), u64>,
    /// By class of [`SECONDS`], the last beyond them all.
    classes: [u64; SECONDS.len() + 1],
    seconds: f64,
}

impl Metrics {
    pub(crate) fn answered(&self, method: &str, status: u16, seconds: f64) {
        let mut counts = held(&self.0);
        *counts.requests.entry((method.to_owned(), status)).or_default() += 1;
        let class = SECONDS.iter().position(|end| seconds <= *end).unwrap_or(SECONDS.len());
        counts.classes[class] += 1;
        counts.seconds += seconds;
    }

    pub(super) fn text(&self) -> String {
        let counts = held(&self.0);
        let mut text = head("nta_http_requests_total", "counter", "Requests answered.");
        for ((method, status), n) in &counts.requests {
            line(&mut text, &format!("nta_http_requests_total{{method=\"{method}\",status=\"{status}\"}}"), n);
        }
        text += &head("nta_http_request_seconds", "histogram", "Seconds until an answer began.");
        let mut n = 0;
        let ends = SECONDS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (end, class) in ends.zip(counts.classes) {
            n += class;
            line(&mut text, &format!("nta_http_request_seconds_bucket{{le=\"{end}\"}}"), n);
        }
        line(&mut text, "nta_http_request_seconds_sum", counts.seconds);
        line(&mut text, "nta_http_request_seconds_count", n);
        text
    }
}

pub(super) fn head(name: &str, kind: &str, help: &str) -> String {
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

pub(super) fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_add_up_as_prometheus_wants_them() {
        let metrics = Metrics::default();
        for seconds in [0.0005, 0.001, 0.15, 9.0] {
            metrics.answered("GET", 200, seconds);
        }
        let text = metrics.text();
        for line in [
            "nta_http_requests_total{method=\"GET\",status=\"200\"} 4",
            "nta_http_request_seconds_bucket{le=\"0.001\"} 2",
            "nta_http_request_seconds_bucket{le=\"0.2\"} 3",
            "nta_http_request_seconds_bucket{le=\"5\"} 3",
            "nta_http_request_seconds_bucket{le=\"+Inf\"} 4",
            "nta_http_request_seconds_count 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
