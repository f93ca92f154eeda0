//! Alerts sent on: the file of alerts is the spool, and a place in it, saved after each answer, says what has arrived. What
//! arrives twice carries one id twice.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nta_ingest::{LogPlace, LogTail, TailStop};
use nta_tracking::Poster;
use serde_json::{Value, json};

use super::line_file::id_of;
use super::request::{ForwardKind, ForwardTo, WatchRequest};
use super::status::Shared;
use super::suppress::Suppressions;
use crate::error::{PipelineError, failed};

/// Alerts sent at a time.
const TOGETHER: usize = 200;
/// Longest wait for an answer, and between two tries.
const PATIENCE: Duration = Duration::from_secs(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Wait between two tries to read the file of alerts.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// A datagram of syslog holds no more.
const LONGEST_MESSAGE: usize = 60_000;

/// One of them, on a thread of its own.
pub(super) struct Forwarder {
    stop: TailStop,
    thread: JoinHandle<()>,
}

/// What came of sending.
enum Sent {
    Arrived,
    /// It will never be taken.
    Refused,
    TryAgain,
}

/// What became of a batch.
enum Delivered {
    Done,
    /// More waits than may: this batch is given up.
    GivenUp,
    /// The watch ends before.
    NotYet,
}

struct Spool {
    to: ForwardTo,
    poster: Poster,
    place_file: PathBuf,
    /// Most bytes that may wait; 0: any.
    most: u64,
    suppressions: Suppressions,
    shared: Arc<Shared>,
    stop: TailStop,
}

impl Forwarder {
    /// Sends what stands in the file of alerts behind each one's place, and what will.
    pub(super) fn start_all(request: &WatchRequest, shared: &Arc<Shared>) -> Result<Vec<Forwarder>, PipelineError> {
        let Some(alerts) = &request.alerts else { return Ok(Vec::new()) };
        request.forward.iter().map(|to| Forwarder::start(alerts, request, to, shared)).collect()
    }

    fn start(
        alerts: &Path,
        request: &WatchRequest,
        to: &ForwardTo,
        shared: &Arc<Shared>,
    ) -> Result<Forwarder, PipelineError> {
        let known: String = to.address.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let place_file = PathBuf::from(format!("{}.to-{known}", request.state.display()));
        let place: Option<LogPlace> = std::fs::read(&place_file).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let stop = TailStop::default();
        let log = LogTail::open(alerts, place.as_ref(), false, stop.clone()).map_err(failed)?;
        let mut spool = Spool {
            to: to.clone(),
            poster: Poster::new(PATIENCE).map_err(PipelineError::refuse)?,
            place_file,
            most: request.spool_bytes,
            suppressions: Suppressions::open(request.suppress.as_deref(), &request.state)?,
            shared: Arc::clone(shared),
            stop: stop.clone(),
        };
        let run = move || spool.run(log);
        let thread = std::thread::Builder::new().name("nta-forward".to_owned()).spawn(run).map_err(failed)?;
        Ok(Forwarder { stop, thread })
    }

    /// Sends what is there, once, and ends; what does not arrive is sent by the next watch.
    pub(super) fn finish(self) {
        self.stop.stop();
        let _ = self.thread.join();
    }
}

impl Spool {
    fn run(&mut self, log: LogTail) {
        let (places, lost_files) = (log.places(), log.lost_files());
        let mut reader = BufReader::with_capacity(1 << 18, log);
        let (mut read, mut batch, mut line) = (0, Vec::new(), Vec::new());
        loop {
            // What was read of a line before an error stays in front of its rest.
            let came = reader.read_until(b'\n', &mut line);
            let n = came.as_ref().map_or(0, |n| *n);
            if line.ends_with(b"\n") {
                read += line.len() as u64;
                batch.push(String::from_utf8_lossy(&line).into_owned());
                line.clear();
            }
            let n_failed = lost_files.swap(0, Ordering::Relaxed) + u64::from(came.is_err());
            if n_failed > 0 {
                self.shared.forwarded(&self.to.address, |to| to.failed += n_failed);
            }
            let more_is_there = n > 0 && reader.buffer().contains(&b'\n') && batch.len() < TOGETHER;
            if !batch.is_empty() && !more_is_there {
                let waiting =
                    |reader: &BufReader<LogTail>| reader.get_ref().unread().unwrap_or(0) + reader.buffer().len() as u64;
                match self.deliver(&batch, || waiting(&reader)) {
                    Delivered::Done => {}
                    Delivered::GivenUp => {
                        self.shared.forwarded(&self.to.address, |to| to.given_up += batch.len() as u64)
                    }
                    Delivered::NotYet => return,
                }
                batch.clear();
                let place = places.behind(read).and_then(|place| serde_json::to_vec(&place).ok());
                // Where the place cannot be kept, the batch is sent once more after a restart, under the same ids.
                let _ = place.map(|place| nta_atomic::write(&self.place_file, &place));
            }
            match came {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) if self.waits(READ_AGAIN) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits; `false` where the watch ends before.
    fn waits(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if self.stop.is_stopped() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }

    /// Tries until the batch has arrived or is refused, or more than may `waiting` bytes wait behind it.
    fn deliver(&mut self, batch: &[String], waiting: impl Fn() -> u64) -> Delivered {
        let mut pause = Duration::from_secs(1);
        loop {
            if self.most > 0 && waiting() > self.most {
                return Delivered::GivenUp;
            }
            // Read again each time: what was not known to be harmless when it was written may be by now.
            let sent = self.not_suppressed(batch);
            let held_back = (batch.len() - sent.len()) as u64;
            let came = if sent.is_empty() { Sent::Arrived } else { self.send(&sent) };
            let is_done = !matches!(came, Sent::TryAgain);
            self.shared.forwarded(&self.to.address, |to| match came {
                Sent::Arrived => (to.sent, to.suppressed) = (to.sent + sent.len() as u64, to.suppressed + held_back),
                Sent::Refused => {
                    (to.failed, to.suppressed) = (to.failed + sent.len() as u64, to.suppressed + held_back)
                }
                Sent::TryAgain => to.failed += 1,
            });
            if is_done {
                return Delivered::Done;
            }
            if !self.waits(pause) {
                return Delivered::NotYet;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The alerts that the list does not hold back by now.
    fn not_suppressed(&mut self, batch: &[String]) -> Vec<String> {
        // One that cannot be understood is told by the watch itself; the list before holds here too.
        let _ = self.suppressions.refresh();
        let is_to_be_sent = |line: &&String| {
            let alert: Value = serde_json::from_str(line).unwrap_or_default();
            let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
            let reasons = alert["alert"]["metadata"]["nta_reasons"].as_array().map_or(&[][..], Vec::as_slice);
            let reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
            !self.suppressions.holds(&text("src_ip"), &text("dest_ip"), &reasons.join("; "))
        };
        batch.iter().filter(is_to_be_sent).cloned().collect()
    }

    fn send(&self, batch: &[String]) -> Sent {
        let address = self.to.address.trim_end_matches('/');
        let alerts = || batch.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let (url, content_type, body) = match self.to.kind {
            ForwardKind::Syslog => return self.syslog(batch),
            ForwardKind::Webhook => (address.to_owned(), "application/json", Value::from_iter(alerts()).to_string()),
            ForwardKind::Elastic => {
                (format!("{address}/_bulk"), "application/x-ndjson", alerts().map(|a| bulk(&a)).collect())
            }
            ForwardKind::Splunk => {
                let event =
                    |alert: Value| json!({ "sourcetype": "suricata", "source": "nta", "event": alert }).to_string();
                (address.to_owned(), "application/json", alerts().map(event).collect::<Vec<_>>().join("\n"))
            }
        };
        match self.poster.post(&url, content_type, self.to.authorization.as_deref(), body) {
            // An answer of 200 may hold refusals: 409 is a document that is there already.
            Ok((200..=299, said)) if self.to.kind == ForwardKind::Elastic => match bulk_failed(&said) {
                false => Sent::Arrived,
                true => Sent::TryAgain,
            },
            Ok((200..=299, _)) => Sent::Arrived,
            Ok((400 | 404 | 405 | 413 | 415 | 422, _)) => Sent::Refused,
            _ => Sent::TryAgain,
        }
    }

    fn syslog(&self, batch: &[String]) -> Sent {
        let send = || -> std::io::Result<()> {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            for line in batch {
                let alert: Value = serde_json::from_str(line).unwrap_or_default();
                let time = alert["timestamp"].as_str().unwrap_or("-").replace("+0000", "Z");
                // Facility 10 (security), severity 4 (warning).
                let text = format!("<84>1 {time} - nta - {} - {}", id_of(line).unwrap_or("-"), line.trim_end());
                socket.send_to(&text.as_bytes()[..text.len().min(LONGEST_MESSAGE)], &self.to.address)?;
            }
            Ok(())
        };
        send().map_or(Sent::TryAgain, |()| Sent::Arrived)
    }
}

/// An alert as two lines of `_bulk`: made under its id, so that it is made once.
fn bulk(alert: &Value) -> String {
    let told = &alert["alert"]["metadata"];
    let first = |name: &str| told[name][0].clone();
    let score: Option<f64> = first("nta_score").as_str().and_then(|text| text.parse().ok());
    let document = json!({
        "@timestamp": alert["timestamp"],
        "ecs": { "version": "8.11.0" },
        "event": { "kind": "alert", "module": "nta", "dataset": "nta.alert", "id": first("nta_id"), "risk_score": score },
        "rule": { "id": alert["alert"]["signature_id"].to_string(), "name": alert["alert"]["signature"] },
        "source": { "ip": alert["src_ip"], "port": alert["src_port"] },
        "destination": { "ip": alert["dest_ip"], "port": alert["dest_port"] },
        "network": { "transport": alert["proto"].as_str().map(str::to_lowercase), "community_id": alert["community_id"] },
        "observer": { "name": first("nta_sensor"), "product": "nta" },
        "nta": told,
    });
    format!("{}\n{document}\n", json!({ "create": { "_id": first("nta_id") } }))
}

/// Whether an item of `_bulk` failed otherwise than by being there already.
fn bulk_failed(answer: &str) -> bool {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    answer["errors"] == true
        && items.iter().any(|item| !matches!(item["create"]["status"].as_u64(), Some(200..=299 | 409)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_made_under_its_alerts_id_and_one_that_is_there_has_arrived() {
        let alert = json!({ "timestamp": "t", "src_ip": "10.0.0.1", "alert": { "signature_id": 1, "metadata": { "nta_id": ["ab"], "nta_score": ["0.5"] } } });
        let bulk = bulk(&alert);
        let lines: Vec<Value> = bulk.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "create": { "_id": "ab" } }));
        assert_eq!((&lines[1]["event"]["risk_score"], &lines[1]["source"]["ip"]), (&json!(0.5), &json!("10.0.0.1")));
        assert!(!bulk_failed(r#"{"errors":true,"items":[{"create":{"status":409}}]}"#));
        assert!(bulk_failed(r#"{"errors":true,"items":[{"create":{"status":429}}]}"#));
    }
}
