//! What is not to be alerted: hosts, networks, reasons, until when. One file of YAML, read again when it changes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use crate::error::PipelineError;

/// One thing that is known and need not be told; every key that is given must fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppression {
    /// An address, or a network (`10.0.0.0/8`), of either host.
    host: Option<String>,
    /// Text in the alert's reasons.
    reason: Option<String>,
    /// Milliseconds since 1970 after which it holds no more; by the clock.
    until: Option<i64>,
}

/// The list.
pub(super) struct Suppressions {
    path: Option<PathBuf>,
    read_at: Option<SystemTime>,
    all: Vec<Suppression>,
}

impl Suppressions {
    /// Refuses a list that cannot be understood.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, PipelineError> {
        let mut list = Suppressions { path: path.map(Path::to_owned), read_at: None, all: Vec::new() };
        list.refresh()?;
        Ok(list)
    }

    /// Reads the file again where it was written to.
    pub(super) fn refresh(&mut self) -> Result<(), PipelineError> {
        let Some(path) = &self.path else { return Ok(()) };
        let refuse = |problem: String| PipelineError::refuse(format!("{}: {problem}", path.display()));
        let changed = path.metadata().and_then(|found| found.modified()).map_err(|e| refuse(e.to_string()))?;
        if self.read_at == Some(changed) {
            return Ok(());
        }
        // Whatever comes of it, the same file is read once.
        self.read_at = Some(changed);
        let text = std::fs::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
        let all: Vec<Suppression> = serde_saphyr::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        for entry in &all {
            if let Some(host) = &entry.host {
                network(host).ok_or_else(|| refuse(format!("`{host}` is neither an address nor a network")))?;
            }
            if entry.host.is_none() && entry.reason.is_none() {
                return Err(refuse(
                    "an entry names neither `host` nor `reason`, and would silence everything".to_owned(),
                ));
            }
        }
        self.all = all;
        Ok(())
    }

    /// Whether an alert of these hosts, for these reasons, is one of those.
    pub(super) fn holds(&self, src: &str, dst: &str, reasons: &str) -> bool {
        let now = nta_tracking::Moment::now().milliseconds();
        self.all.iter().any(|entry| {
            let host = |host: &String| {
                let inside = |address: &str| address.parse().is_ok_and(|a| network(host).is_some_and(|n| holds(n, a)));
                inside(src) || inside(dst)
            };
            entry.until.is_none_or(|until| now < until)
                && entry.host.as_ref().is_none_or(host)
                && entry.reason.as_ref().is_none_or(|reason| reasons.contains(reason))
        })
    }
}

/// An address and the bits that count of it.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some((address, bits))
}

fn holds((network, bits): (IpAddr, u32), address: IpAddr) -> bool {
    let shifted = |a: u128, width: u32| a.checked_shr(width - bits).unwrap_or(0);
    match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => shifted(n.to_bits().into(), 32) == shifted(a.to_bits().into(), 32),
        (IpAddr::V6(n), IpAddr::V6(a)) => shifted(n.to_bits(), 128) == shifted(a.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_hosts_and_no_others() {
        let inside = |n: &str, a: &str| holds(network(n).unwrap(), a.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.9.8.7") && !inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "1.2.3.4") && inside("::/0", "fe80::1") && !inside("::/0", "1.2.3.4"));
        assert!(inside("fe80::/10", "fe80::1") && inside("1.2.3.4", "1.2.3.4") && !inside("1.2.3.4", "1.2.3.5"));
        assert_eq!((network("10.0.0.0/33"), network("host")), (None, None));
    }
}
