//! What is not to be alerted: hosts, networks, reasons, until when. Files of YAML, read again when they change: the user's own,
//! and the one beside the state that the page of `nta serve` writes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::error::{PipelineError, failed};

/// One thing that is known and need not be told; of `host`, `reason` and `until` every one that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// An address, or a network (`10.0.0.0/8`), of either host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Text in the alert's reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds since 1970 after which it holds no more; by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// By which the page takes it away again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Since when, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// Where the list stands that the page writes, beside the watch's state.
pub(crate) fn list_beside(state: &Path) -> PathBuf {
    PathBuf::from(format!("{}.suppress.yaml", state.display()))
}

/// The entries of the list at `path`; those of the page stand there as lines of JSON, which is YAML too.
pub(crate) fn read_list(path: &Path) -> Result<Vec<Suppression>, PipelineError> {
    let refuse = |problem: String| PipelineError::refuse(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
    parse_list(&text).map_err(refuse)
}

fn parse_list(text: &str) -> Result<Vec<Suppression>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<Suppression> = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    all.iter().try_for_each(check)?;
    Ok(all)
}

/// Replaces the list at `path`, by one that is read as it was meant: a list that cannot be read stops a watch from beginning.
pub(crate) fn write_list(path: &Path, all: &[Suppression]) -> Result<(), PipelineError> {
    let lines = all.iter().map(|entry| Ok(format!("- {}\n", serde_json::to_string(entry)?)));
    let text = lines.collect::<Result<String, serde_json::Error>>().map_err(failed)?;
    match parse_list(&text) {
        Ok(again) if again == all => nta_atomic::write(path, text.as_bytes()).map_err(failed),
        Ok(_) => Err(PipelineError::refuse("the list would be read as another: suppress it in plainer words")),
        Err(problem) => Err(PipelineError::refuse(format!("the list could not be read again: {problem}"))),
    }
}

/// Whether a character stands for itself on one line of YAML (YAML 1.2, 5.1, without breaks and the byte order mark).
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// What is wrong with an entry.
pub(crate) fn check(entry: &Suppression) -> Result<(), String> {
    if let Some(host) = &entry.host {
        network(host).ok_or_else(|| format!("`{host}` is neither an address nor a network"))?;
    }
    match (&entry.host, &entry.reason) {
        (None, None) => Err("an entry names neither `host` nor `reason`, and would silence everything".to_owned()),
        _ => Ok(()),
    }
}

/// The lists.
pub(super) struct Suppressions(Vec<List>);

struct List {
    path: PathBuf,
    /// Whether it is an error that there is none.
    is_needed: bool,
    /// When the file that was read last was written, and its bytes.
    seen: Option<(SystemTime, u64)>,
    all: Vec<Suppression>,
}

impl Suppressions {
    /// The user's list, where there is one, and that of the page beside `state`. Refuses one that cannot be understood.
    pub(super) fn open(list: Option<&Path>, state: &Path) -> Result<Self, PipelineError> {
        let of = |path: PathBuf, is_needed| List { path, is_needed, seen: None, all: Vec::new() };
        let own = list.map(|path| of(path.to_owned(), true));
        let mut lists = Suppressions(own.into_iter().chain([of(list_beside(state), false)]).collect());
        lists.refresh()?;
        Ok(lists)
    }

    /// Reads the files again that were written to.
    pub(super) fn refresh(&mut self) -> Result<(), PipelineError> {
        // All of them, though one is wrong.
        let came: Vec<_> = self.0.iter_mut().map(List::refresh).collect();
        came.into_iter().collect()
    }

    /// Whether an alert of these hosts, for these reasons, is one of those.
    pub(super) fn holds(&self, src: &str, dst: &str, reasons: &str) -> bool {
        let now = nta_tracking::Moment::now().milliseconds();
        self.0.iter().flat_map(|list| &list.all).any(|entry| {
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

impl List {
    fn refresh(&mut self) -> Result<(), PipelineError> {
        let seen = match self.path.metadata().and_then(|found| Ok((found.modified()?, found.len()))) {
            Ok(seen) => seen,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.is_needed => {
                (self.seen, self.all) = (None, Vec::new());
                return Ok(());
            }
            Err(error) => return Err(PipelineError::refuse(format!("{}: {error}", self.path.display()))),
        };
        // Whatever comes of it, the same file is read once.
        if self.seen.replace(seen) != Some(seen) {
            self.all = read_list(&self.path)?;
        }
        Ok(())
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
    fn what_the_page_writes_is_taken_up_and_let_go_while_the_users_own_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (state, own) = (folder.path().join("watch.state"), folder.path().join("own.yaml"));
        std::fs::write(&own, "- { host: 10.1.0.0/16 } # the lab\n").unwrap();
        let mut lists = Suppressions::open(Some(&own), &state).unwrap();
        assert!(lists.holds("10.1.2.3", "", "") && !lists.holds("10.2.0.1", "", "bytes +0.1"));
        let entry = Suppression {
            host: Some("10.2.0.1".to_owned()),
            reason: Some("bytes".to_owned()),
            why: Some("\"backup\": yes # no".to_owned()),
            ..Suppression::default()
        };
        write_list(&list_beside(&state), std::slice::from_ref(&entry)).unwrap();
        assert_eq!(read_list(&list_beside(&state)).unwrap(), [entry]);
        lists.refresh().unwrap();
        assert!(lists.holds("10.2.0.1", "", "bytes +0.1") && !lists.holds("10.2.0.1", "", "ports"));
        // A list that cannot be understood changes nothing, and the other goes on being read.
        std::fs::write(&own, "- { reasn: x }\n").unwrap();
        write_list(&list_beside(&state), &[]).unwrap();
        assert!(lists.refresh().is_err());
        assert!(lists.holds("10.1.2.3", "", "") && !lists.holds("10.2.0.1", "", "bytes +0.1"));
        assert!(Suppressions::open(Some(&folder.path().join("none.yaml")), &state).is_err());
    }

    #[test]
    fn no_list_is_written_that_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.yaml");
        let entry = |reason: &str| Suppression { reason: Some(reason.to_owned()), ..Suppression::default() };
        write_list(&path, &[entry("bytes")]).unwrap();
        for c in (0..=0x2_ffff_u32).filter_map(char::from_u32) {
            let all = [entry(&format!("a{c}b"))];
            if c.is_control() || (c as u32).is_multiple_of(1_999) || !is_plain(c) {
                let written = write_list(&path, &all);
                assert!(written.is_ok() || !is_plain(c), "{c:?}: {written:?}");
                assert!(written.is_err() || read_list(&path).unwrap() == all, "{c:?}");
                assert!(read_list(&path).is_ok(), "{c:?}");
            }
        }
        assert!(write_list(&path, &[entry("a\u{7f}b")]).is_err(), "a character that YAML does not know");
    }

    #[test]
    fn a_network_holds_its_hosts_and_no_others() {
        let inside = |n: &str, a: &str| holds(network(n).unwrap(), a.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.9.8.7") && !inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "1.2.3.4") && inside("::/0", "fe80::1") && !inside("::/0", "1.2.3.4"));
        assert!(inside("fe80::/10", "fe80::1") && inside("1.2.3.4", "1.2.3.4") && !inside("1.2.3.4", "1.2.3.5"));
        assert_eq!((network("10.0.0.0/33"), network("host")), (None, None));
    }
}
