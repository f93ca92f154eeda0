//! Groups of benign flows, by whatever the schema has: the service, the host, the hour.

use std::collections::{BTreeMap, HashMap};

use nta_data::{Categories, Dataset};

/// Hosts are dealt to this many groups, so that one of them is about 8 % of the flows.
const HOST_GROUPS: u64 = 12;
const MICROSECONDS_AN_HOUR: i64 = 3_600_000_000;
/// A group is worth leaving out where it has at least this many rows, and at most this share of all.
const FEWEST: usize = 30;
const LARGEST_SHARE: f64 = 0.4;

/// Benign rows by group.
pub(super) struct BenignGroups {
    /// `service`, `host` or `hour`.
    pub(super) by: &'static str,
    rows: HashMap<u32, u64>,
    /// Groups worth leaving out and their names, the largest first.
    pub(super) worth: Vec<(u64, String)>,
}

impl BenignGroups {
    /// By the first that has two groups worth leaving out; `None` where none has.
    pub(super) fn of(train: &Dataset, benign: &[u32]) -> Option<Self> {
        let services = train.schema.categorical.iter().position(|c| c.name.to_lowercase().contains("service"));
        let by_service = services.and_then(|column| {
            let column = &train.categorical[column];
            let name = |code: u64| column.values.get(code as usize).cloned().unwrap_or_else(|| "none".to_owned());
            Self::grouped("service", benign, |row| u64::from(column.codes[row]), name, Categories::MISSING.into())
        });
        let by_host = || {
            let host = |group: u64| format!("hosts, {} of {HOST_GROUPS}", group + 1);
            let of = |row: usize| (train.entity[row] >> 32) % HOST_GROUPS;
            train.has_sequences().then(|| Self::grouped("host", benign, of, host, u64::MAX)).flatten()
        };
        let by_hour = || {
            let end = train.end_time.as_ref()?;
            let of = |row: usize| end[row].div_euclid(MICROSECONDS_AN_HOUR).rem_euclid(24) as u64;
            Self::grouped("hour", benign, of, |hour| format!("{hour}:00"), u64::MAX)
        };
        by_service.or_else(by_host).or_else(by_hour)
    }

    fn grouped(
        by: &'static str,
        benign: &[u32],
        of: impl Fn(usize) -> u64,
        name: impl Fn(u64) -> String,
        never: u64,
    ) -> Option<Self> {
        let rows: HashMap<u32, u64> = benign.iter().map(|&row| (row, of(row as usize))).collect();
        let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
        rows.values().for_each(|group| *sizes.entry(*group).or_default() += 1);
        let most = (benign.len() as f64 * LARGEST_SHARE) as usize;
        let mut worth: Vec<(u64, usize)> =
            sizes.into_iter().filter(|(group, n)| *group != never && (FEWEST..=most).contains(n)).collect();
        worth.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| name(a.0).cmp(&name(b.0))));
        let worth: Vec<(u64, String)> = worth.into_iter().map(|(group, _)| (group, name(group))).collect();
        (worth.len() >= 2).then_some(BenignGroups { by, rows, worth })
    }

    /// The benign rows of a group.
    pub(super) fn rows_of(&self, group: u64) -> impl Iterator<Item = u32> + '_ {
        self.rows.iter().filter(move |(_, of)| **of == group).map(|(row, _)| *row)
    }
}
