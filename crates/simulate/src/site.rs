//! The site: who is there, at which address, with which habits; and whom they know outside.

use std::net::Ipv4Addr;

use crate::calendar::{Date, HOUR};
use crate::config::SimulateConfig;
use crate::draw::Draw;

/// What a host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Workstation,
    Developer,
    Admin,
    NameServer,
    MailServer,
    WebServer,
    FileServer,
    AppServer,
    BackupServer,
    /// Asks every server whether it is well.
    Monitor,
    /// The security team's vulnerability scanner and the automation that configures servers.
    Auditor,
    Printer,
    Camera,
    /// Thermostats, badge readers, displays.
    Thing,
}

impl Role {
    /// Used by a person.
    pub(crate) fn is_personal(self) -> bool {
        matches!(self, Role::Workstation | Role::Developer | Role::Admin)
    }

    /// Stands in the server room.
    pub(crate) fn is_server(self) -> bool {
        !self.is_personal() && !self.is_device()
    }

    /// Stands somewhere with nobody before it.
    pub(crate) fn is_device(self) -> bool {
        matches!(self, Role::Printer | Role::Camera | Role::Thing)
    }
}

/// A host inside the site.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) index: usize,
    pub(crate) role: Role,
    pub(crate) addr: Ipv4Addr,
    /// Hours by which its user is early (below 0) or late.
    pub(crate) shift: f64,
    /// How busy it is beside others of its role.
    pub(crate) pace: f64,
    /// Chance that a datagram of several packets arrives in pieces that do not fit: a tunnel with a small MTU, bad Wi-Fi.
    pub(crate) torn: f64,
    /// Its user keeps files in a cloud folder.
    pub(crate) syncs: bool,
    /// Runs something that talks to many peers (calls, games, torrents).
    pub(crate) peers: bool,
    /// Left on overnight.
    pub(crate) stays_on: bool,
    /// Lowest port it calls from.
    pub(crate) low_port: u16,
}

/// A server that did not answer for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) addr: Ipv4Addr,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// The whole site. The same seed and config, the same site.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) seed: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) outages: Vec<Outage>,
}

/// Groups of addresses outside.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Pool {
    /// Web sites and their content networks.
    Web = 1,
    /// Where apps and devices call home, and where bought servers stand.
    Cloud = 2,
    Mail = 3,
    Clock = 4,
    NameServers = 5,
    /// Where the public comes from, one address a household.
    Visitors = 6,
    /// Carriers, proxies and partners: many people behind one address.
    Gateways = 7,
    /// Whoever's lost packets reach the site.
    Strays = 8,
}

impl Pool {
    /// Addresses in the pool.
    pub(crate) fn size(self) -> usize {
        match self {
            Pool::Web => 400,
            Pool::Cloud => 60,
            Pool::Mail => 50,
            Pool::Clock => 6,
            Pool::NameServers => 24,
            Pool::Visitors => 60_000,
            Pool::Gateways => 24,
            Pool::Strays => 1_000_000,
        }
    }
}

/// First octets that belong to nobody's inside.
const PUBLIC: [u8; 24] =
    [23, 31, 34, 46, 52, 62, 77, 81, 85, 91, 93, 104, 109, 128, 142, 151, 162, 176, 185, 188, 193, 199, 203, 213];

impl Site {
    /// The site of this seed.
    pub(crate) fn new(config: &SimulateConfig, seed: u64, dates: &[Date]) -> Self {
        let mut draw = Draw::new(seed, u64::MAX, 0);
        let network = draw.whole(1, 250) as u8;
        let mut roles = roles(config.hosts as usize);
        roles.sort_by_key(|r| (!r.is_server(), r.is_device()));
        let mut count = [0usize; 3];
        let hosts: Vec<Host> = roles
            .into_iter()
            .enumerate()
            .map(|(index, role)| {
                let (kind, net) = if role.is_server() {
                    (0, 1)
                } else if role.is_device() {
                    (1, 40)
                } else {
                    (2, 80)
                };
                let n = count[kind];
                count[kind] += 1;
                let addr = Ipv4Addr::new(10, network, net + (n / 200) as u8, 10 + (n % 200) as u8);
                habits(&mut draw, index, role, addr)
            })
            .collect();
        let mut site = Site { seed, hosts, outages: Vec::new() };
        site.outages = site.plan_outages(&mut draw, dates);
        site
    }

    /// Servers that fall silent for some minutes of a day, about one in three days.
    fn plan_outages(&self, draw: &mut Draw, dates: &[Date]) -> Vec<Outage> {
        let mut outages = Vec::new();
        for date in dates {
            for role in [Role::WebServer, Role::FileServer, Role::AppServer, Role::MailServer] {
                if draw.chance(0.15) {
                    let from = date.midnight + (draw.between(6.0, 20.0) * HOUR as f64) as i64;
                    let to = from + (draw.log_normal(0.2, 0.5) * HOUR as f64) as i64;
                    outages.push(Outage { addr: self.server(role), from, to });
                }
            }
        }
        outages
    }

    /// Address of the first host of this role; every site has one of each.
    pub(crate) fn server(&self, role: Role) -> Ipv4Addr {
        self.hosts.iter().find(|h| h.role == role).map_or(Ipv4Addr::UNSPECIFIED, |h| h.addr)
    }

    /// One of the hosts that `wanted` says yes to.
    pub(crate) fn some_host(&self, draw: &mut Draw, wanted: impl Fn(&Host) -> bool) -> &Host {
        let fitting: Vec<&Host> = self.hosts.iter().filter(|h| wanted(h)).collect();
        if fitting.is_empty() { &self.hosts[0] } else { draw.pick(&fitting) }
    }

    /// Address number `i` of a pool outside.
    pub(crate) fn outside(&self, pool: Pool, i: usize) -> Ipv4Addr {
        let bits = mix(self.seed ^ mix((pool as u64) << 32 | i as u64));
        let [a, b, c, d, ..] = bits.to_le_bytes();
        Ipv4Addr::new(PUBLIC[a as usize % PUBLIC.len()], b, c, d.clamp(1, 254))
    }

    /// Some address of a pool, the popular ones more often.
    pub(crate) fn visited(&self, draw: &mut Draw, pool: Pool) -> Ipv4Addr {
        self.outside(pool, draw.popular(pool.size()))
    }

    /// Whether the host is in one of its silences.
    pub(crate) fn is_down(&self, addr: Ipv4Addr, at: i64) -> bool {
        self.outages.iter().any(|o| o.addr == addr && (o.from..o.to).contains(&at))
    }

    /// Seconds from here to there and back.
    pub(crate) fn rtt(&self, draw: &mut Draw, addr: Ipv4Addr) -> f64 {
        if addr.is_private() {
            return draw.log_normal(0.0006, 0.5);
        }
        let place = mix(u64::from(u32::from(addr))) as f64 / u64::MAX as f64;
        (0.006 + 0.13 * place * place) * draw.log_normal(1.0, 0.2)
    }
}

/// One of each kind, then by the shares of an ordinary office.
fn roles(hosts: usize) -> Vec<Role> {
    let mut roles = vec![
        Role::NameServer,
        Role::MailServer,
        Role::WebServer,
        Role::FileServer,
        Role::AppServer,
        Role::BackupServer,
        Role::Monitor,
        Role::Auditor,
        Role::Printer,
        Role::Camera,
        Role::Thing,
        Role::Admin,
    ];
    let pattern = [
        Role::Workstation,
        Role::Developer,
        Role::Workstation,
        Role::Thing,
        Role::Workstation,
        Role::Workstation,
        Role::Developer,
        Role::Camera,
        Role::Workstation,
        Role::Workstation,
        Role::AppServer,
        Role::Workstation,
        Role::Developer,
        Role::Workstation,
        Role::Printer,
        Role::Workstation,
        Role::Workstation,
        Role::Thing,
        Role::Developer,
        Role::Admin,
    ];
    roles.extend((0..hosts.saturating_sub(roles.len())).map(|i| pattern[i % pattern.len()]));
    roles
}

fn habits(draw: &mut Draw, index: usize, role: Role, addr: Ipv4Addr) -> Host {
    Host {
        index,
        role,
        addr,
        shift: if role.is_personal() { (draw.normal() * 0.45).clamp(-1.2, 1.2) } else { 0.0 },
        pace: if role.is_personal() { draw.log_normal(1.0, 0.35) } else { draw.log_normal(1.0, 0.15) },
        torn: if draw.chance(0.3) { draw.between(0.2, 0.5) } else { draw.between(0.02, 0.08) },
        syncs: draw.chance(0.5),
        peers: draw.chance(0.35),
        stays_on: draw.chance(0.25),
        low_port: if draw.chance(0.3) { 32_768 } else { 49_152 },
    }
}

/// Spreads bits (the finaliser of SplitMix64, Steele et al. 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_site_has_every_role_and_no_address_twice() {
        for hosts in [SimulateConfig::LEAST_HOSTS, 60, 5_000] {
            let config = SimulateConfig { hosts, ..SimulateConfig::default() };
            let site = Site::new(&config, 3, &[]);
            assert_eq!(site.hosts.len(), hosts as usize);
            let mut addresses: Vec<Ipv4Addr> = site.hosts.iter().map(|h| h.addr).collect();
            addresses.sort_unstable();
            addresses.dedup();
            assert_eq!(addresses.len(), hosts as usize);
            assert!(addresses.iter().all(|a| a.is_private()));
            assert!(!site.outside(Pool::Web, 1).is_private());
        }
    }
}
