//! What the flows of a baseline belong to. Flows of one host are alike, and so are neighbours in time: they are left out together
//! where a flow's score shall come from what does not know it, and count for fewer than they are.

use std::collections::HashMap;

use nta_metrics::UnitKind;
use nta_model::SiteUnits;

/// Fewer hosts than this stand for hosts that are not among them, unless somebody says that they are all there are: a cut that holds
/// in each of fewer cannot be said to hold in nine of ten hosts, at 95 % confidence (ln .05 / ln .9).
const FEW_HOSTS: u32 = 29;

/// Stretches of neighbouring flows whose alarms are held against each other.
const STRETCHES: usize = 64;

/// Parts that are left out in turn.
const FOLDS: u32 = 5;

/// Groups of units, of which half are taken in turn: the seven balanced halvings of eight (McCarthy 1969).
const GROUPS: u32 = 8;

/// The units of some flows.
#[derive(Debug, Clone)]
pub(crate) struct FlowUnits {
    /// What the threshold takes for independent.
    pub(super) by: UnitKind,
    /// Which unit each flow is of, `(n_rows)`.
    pub(super) of_row: Vec<u32>,
    /// Which host, `(n_rows)`; empty where flows have none, or all are of one.
    host: Vec<u32>,
    n_hosts: Option<u32>,
    all_hosts: bool,
}

impl FlowUnits {
    /// Those of `n_rows` flows in arrival order, of hosts `host` `(n_rows)` or none (empty). `all_hosts`: the site has no others.
    pub(crate) fn of(n_rows: usize, host: &[u64], all_hosts: bool) -> Self {
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let number = |host: &u64| {
            let next = numbers.len() as u32;
            *numbers.entry(*host).or_insert(next)
        };
        let host: Vec<u32> = if host.len() == n_rows { host.iter().map(number).collect() } else { Vec::new() };
        let n_hosts = (!host.is_empty()).then_some(numbers.len() as u32);
        let few = !all_hosts && n_hosts.is_some_and(|n| (2..FEW_HOSTS).contains(&n));
        let host = if n_hosts.is_some_and(|n| n > 1) { host } else { Vec::new() };
        let stretch = |row: usize| (row * STRETCHES / n_rows.max(1)) as u32;
        let (by, of_row) = match few {
            true => (UnitKind::Hosts, host.clone()),
            false => (UnitKind::Stretches, (0..n_rows).map(stretch).collect()),
        };
        FlowUnits { by, of_row, host, n_hosts, all_hosts }
    }

    /// The part in which each flow is left out, `(n_rows)`: with its host, else with its neighbours.
    pub(super) fn folds(&self) -> Vec<u32> {
        let n = self.of_row.len();
        match self.host.is_empty() {
            true => (0..n).map(|row| (row * FOLDS as usize / n) as u32).collect(),
            false => self.host.iter().map(|host| host % FOLDS).collect(),
        }
    }

    /// A number from 1 for the flows of each host, which are learned from all at once or not; empty where flows have none.
    pub(super) fn together(&self) -> Vec<u32> {
        self.host.iter().map(|host| 1 + host).collect()
    }

    /// Halves of the flows, by whole units; each with its complement.
    pub(super) fn halves(&self) -> Vec<Vec<usize>> {
        let n = self.of_row.len();
        let group = |row: usize| match self.by {
            UnitKind::Hosts => self.of_row[row] % GROUPS,
            UnitKind::Stretches => self.of_row[row] * GROUPS / STRETCHES as u32,
        };
        let half = |s: u32| {
            let (mask, side) = (1 + s / 2, s % 2);
            (0..n).filter(move |&row| (group(row) & mask).count_ones() % 2 == side).collect::<Vec<usize>>()
        };
        (0..2 * (GROUPS - 1)).map(half).filter(|half| !half.is_empty()).collect()
    }

    /// What is told of them, worth `effective_rows` independent ones.
    pub(super) fn told(&self, n: u64, effective_rows: f64) -> SiteUnits {
        let (hosts, all_hosts) = (self.n_hosts.map(u64::from), self.all_hosts);
        SiteUnits { by: self.by, n, effective_rows, hosts, all_hosts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_hosts_are_units_unless_there_are_no_others() {
        let host: Vec<u64> = (0..90).map(|row| row % 9).collect();
        let units = FlowUnits::of(90, &host, false);
        assert_eq!((units.by, units.of_row[..3].to_vec()), (UnitKind::Hosts, vec![0, 1, 2]));
        assert_eq!(FlowUnits::of(90, &host, true).by, UnitKind::Stretches);
        let many: Vec<u64> = (0..90).map(|row| row % 29).collect();
        assert_eq!(FlowUnits::of(90, &many, false).by, UnitKind::Stretches);
        let one = FlowUnits::of(90, &[7; 90], false);
        assert_eq!((one.by, one.n_hosts, one.together().len()), (UnitKind::Stretches, Some(1), 0));
        assert_eq!(FlowUnits::of(90, &[], false).n_hosts, None);
    }

    #[test]
    fn a_flow_is_left_out_with_its_host_else_with_its_neighbours() {
        let host: Vec<u64> = (0..60).map(|row| row % 12).collect();
        let folds = FlowUnits::of(60, &host, false).folds();
        assert!((0..60).all(|row| folds[row] == folds[row % 12] && folds[row] < 5));
        let folds = FlowUnits::of(60, &[], false).folds();
        assert!(folds.is_sorted() && folds[11] == 0 && folds[12] == 1 && folds[59] == 4);
    }

    #[test]
    fn halves_are_balanced_and_come_with_their_complements() {
        let halves = FlowUnits::of(640, &[], false).halves();
        assert_eq!(halves.len(), 14);
        assert!(halves.iter().all(|half| half.len() == 320));
        for pair in halves.chunks(2) {
            assert!(pair[0].iter().all(|row| !pair[1].contains(row)));
        }
        // Any two flows of different groups part in four of seven halvings.
        let parted = (0..7).filter(|&i| halves[2 * i].contains(&0) != halves[2 * i].contains(&639)).count();
        assert_eq!(parted, 4);
    }
}
