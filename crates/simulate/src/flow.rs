//! One flow record and the words in its columns.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One flow, as a sensor at the site's border and core switch writes it when the flow ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// First packet, microseconds since 1970-01-01 UTC.
    pub time: i64,
    /// First to last packet, microseconds.
    pub duration: i64,
    /// Host that began it.
    pub src: Ipv4Addr,
    /// Host that was called.
    pub dst: Ipv4Addr,
    /// Port of `src`; 0 for ICMP.
    pub src_port: u16,
    /// Port of `dst`; 0 for ICMP.
    pub dst_port: u16,
    /// Transport.
    pub proto: Proto,
    /// What the destination port stands for.
    pub service: Service,
    /// How the connection went.
    pub state: State,
    /// IP bytes sent by `src`, headers included.
    pub src_bytes: u64,
    /// IP bytes sent by `dst`, headers included.
    pub dst_bytes: u64,
    /// Packets sent by `src`.
    pub src_pkts: u32,
    /// Packets sent by `dst`.
    pub dst_pkts: u32,
    /// Fragments that overlap, leave a hole, or never became a datagram.
    pub wrong_fragment: u32,
    /// The attack it belongs to; `None` is benign.
    pub family: Option<Family>,
}

impl Flow {
    /// Last packet, microseconds since 1970-01-01 UTC: when the record arrives.
    pub fn end(&self) -> i64 {
        self.time + self.duration
    }
}

/// A closed list of words with the text that stands in a file.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every one, in order.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// As written in a file.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}

words! {
    /// Transport protocol.
    #[allow(missing_docs)]
    Proto { Tcp = "tcp", Udp = "udp", Icmp = "icmp", }
}

words! {
    /// Service by destination port, as `/etc/services` would name it.
    #[allow(missing_docs)]
    Service {
        Dns = "dns", Http = "http", Https = "https", Smtp = "smtp", Imap = "imap", Ssh = "ssh", Smb = "smb",
        Kerberos = "kerberos", Ldap = "ldap", Ntp = "ntp", Rdp = "rdp", Rpc = "rpc", Winrm = "winrm",
        Print = "print", Backup = "backup", Database = "database", Syslog = "syslog", Snmp = "snmp", Mqtt = "mqtt",
        Vpn = "vpn", Icmp = "icmp", Other = "other",
    }
}

words! {
    /// State of the connection in Zeek's terms.
    State {
        /// Began and ended in order, or for UDP: both sides spoke.
        Finished = "SF",
        /// No answer at all.
        Unanswered = "S0",
        /// Refused.
        Refused = "REJ",
        /// Set up, not ended within the record.
        Open = "S1",
        /// Set up, then reset by `src`.
        ResetBySource = "RSTO",
        /// Set up, then reset by `dst`.
        ResetByTarget = "RSTR",
        /// No connection to speak of (ICMP).
        Stateless = "OTH",
    }
}

words! {
    /// The kinds of attack.
    Family {
        /// Which hosts and ports answer.
        Scan = "scan",
        /// Half-open connections to exhaust a server.
        SynFlood = "syn_flood",
        /// Passwords guessed slowly.
        BruteForce = "brute_force",
        /// An implant calls its controller at a steady beat.
        Beaconing = "beaconing",
        /// Data leaves in pieces.
        Exfiltration = "exfiltration",
        /// From host to host with stolen rights.
        LateralMovement = "lateral_movement",
        /// Datagrams that do not go together again.
        Fragment = "fragment",
    }
}

impl Service {
    /// The service a port is registered for.
    pub fn of_port(port: u16, proto: Proto) -> Self {
        match (proto, port) {
            (Proto::Icmp, _) => Service::Icmp,
            (_, 53) => Service::Dns,
            (_, 80 | 8080) => Service::Http,
            (_, 443 | 8443) => Service::Https,
            (_, 25 | 587) => Service::Smtp,
            (_, 993 | 143) => Service::Imap,
            (_, 22) => Service::Ssh,
            (_, 445 | 139) => Service::Smb,
            (_, 88) => Service::Kerberos,
            (_, 389 | 636) => Service::Ldap,
            (_, 123) => Service::Ntp,
            (_, 3389) => Service::Rdp,
            (_, 135) => Service::Rpc,
            (_, 5985 | 5986) => Service::Winrm,
            (_, 9100 | 631) => Service::Print,
            (_, 10_080 | 13_724) => Service::Backup,
            (_, 5432 | 3306 | 1433) => Service::Database,
            (_, 514) => Service::Syslog,
            (_, 161) => Service::Snmp,
            (_, 1883 | 8883) => Service::Mqtt,
            (_, 4500 | 500 | 51_820) => Service::Vpn,
            _ => Service::Other,
        }
    }
}
