//! `/metrics` for Prometheus and `/health`, for one reader at a time.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::status::{Shared, WatchStatus};
use crate::error::{PipelineError, failed};

/// Answers on a thread of its own, as long as the process lives.
pub(super) fn serve(address: &str, shared: Arc<Shared>) -> Result<(), PipelineError> {
    let bound = TcpListener::bind(address);
    let listener = bound.map_err(|e| PipelineError::refuse(format!("cannot show metrics at {address}: {e}")))?;
    let answer_all = move || {
        for stream in listener.incoming().flatten() {
            // Whoever asks and goes away, or does not ask, has no answer; the next one has.
            let _ = answer(stream, &shared.told());
        }
    };
    std::thread::Builder::new().name("nta-health".to_owned()).spawn(answer_all).map_err(failed)?;
    Ok(())
}

fn answer(mut stream: TcpStream, told: &WatchStatus) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut request = [0; 1_024];
    let n = stream.read(&mut request)?;
    let path = String::from_utf8_lossy(&request[..n]).split_whitespace().nth(1).unwrap_or_default().to_owned();
    let (status, body) = match path.as_str() {
        "/metrics" => ("200 OK", metrics(told)),
        "/health" => ("200 OK", format!("watching with {}: {} flows\n", told.model, told.counts.flows)),
        _ => ("404 Not Found", "/metrics and /health are here\n".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Prometheus' text format.
fn metrics(told: &WatchStatus) -> String {
    let counts = &told.counts;
    let [received, damaged, dropped] = counts.datagrams;
    let all = [
        ("flows", "Flows scored", counts.flows),
        ("flagged", "Flows over the threshold", counts.flagged),
        ("alerts", "Alerts written", counts.alerts),
        ("suppressed", "Alerts that the list holds back", counts.suppressed),
        ("grouped", "Alerts that another of the same host and kind stands for", counts.grouped),
        ("late", "Flows that came when flows that ended later had been scored", counts.late),
        ("early", "Flows scored before their window ended, because too many waited", counts.early),
        ("no_room", "Tries to write or save that found no room on the disk", counts.no_room),
        ("lost_files", "Rotated files that were gone before they were read", counts.lost_files),
        ("over_budget", "Alerts over the budget of the day", counts.over_budget),
        ("set_aside", "Lines that cannot be read", counts.set_aside),
        ("left_out", "Lines that hold no flow", counts.left_out),
        ("datagrams", "Datagrams received", received),
        ("datagrams_damaged", "Datagrams that are no NetFlow", damaged),
        ("datagrams_dropped", "Datagrams dropped for lack of time", dropped),
        ("packets", "Packets of interfaces received", counts.packets[0]),
        ("packets_dropped", "Packets of interfaces dropped for lack of time", counts.packets[1]),
    ];
    let mut text = String::new();
    for (name, help, value) in all {
        let _ = writeln!(
            text,
            "# HELP nta_{name}_total {help}.\n# TYPE nta_{name}_total counter\nnta_{name}_total {value}"
        );
    }
    let _ = writeln!(
        text,
        "# HELP nta_latency_seconds From a batch read to its alerts written.\n# TYPE nta_latency_seconds summary"
    );
    for (name, latency) in [("0.5", told.latency_half), ("0.99", told.latency_99)] {
        if let Some(latency) = latency {
            let _ = writeln!(text, "nta_latency_seconds{{quantile=\"{name}\"}} {latency}");
        }
    }
    let gauges = [
        ("waiting_flows", "Flows in the reordering windows", Some(told.waiting as f64)),
        ("lag_seconds", "Seconds by which the newest flow lies behind the clock", told.lag),
    ];
    for (name, help, value) in gauges {
        if let Some(value) = value {
            let _ = writeln!(text, "# HELP nta_{name} {help}.\n# TYPE nta_{name} gauge\nnta_{name} {value}");
        }
    }
    for (address, to) in &told.forwarded {
        let all = [
            ("forwarded", to.sent),
            ("forward_failures", to.failed),
            ("forward_suppressed", to.suppressed),
            ("forward_given_up", to.given_up),
        ];
        for (name, n) in all {
            let _ = writeln!(text, "nta_{name}_total{{to={address:?}}} {n}");
        }
    }
    text
}
