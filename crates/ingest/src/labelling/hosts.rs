//! Hosts as a window of time and hosts names them.

use std::net::IpAddr;

use crate::labelling::keys::address;

/// One host, or a network of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    Network { address: IpAddr, bits: u8 },
    Named(String),
}

impl Hosts {
    /// An address, a network such as `10.0.0.0/8`, or a host by name.
    pub(super) fn of(text: &str) -> Result<Hosts, String> {
        let Some((network, bits)) = text.split_once('/') else { return Ok(Hosts::Named(address(text.trim()))) };
        let address: IpAddr =
            network.trim().parse().map_err(|_| format!("`{text}` is no network such as `10.0.0.0/8`"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        match bits.trim().parse::<u8>() {
            Ok(bits) if bits <= most => Ok(Hosts::Network { address, bits }),
            _ => Err(format!("`{text}`: a network of this kind has 0 to {most} bits")),
        }
    }

    /// Whether `host`, spelled as [`address`] does, is one of them.
    pub(super) fn holds(&self, host: &str) -> bool {
        let bits_of = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
            IpAddr::V6(ip) => ip.to_bits(),
        };
        match self {
            Hosts::Named(name) => name == host,
            Hosts::Network { address, bits } => host.parse::<IpAddr>().is_ok_and(|ip| {
                let differ = bits_of(ip) ^ bits_of(*address);
                ip.is_ipv4() == address.is_ipv4() && differ.checked_shr(128 - u32::from(*bits)).unwrap_or(0) == 0
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_hosts_and_no_others() {
        let holds = |network: &str, host: &str| Hosts::of(network).unwrap().holds(host);
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "fe80::1"));
        assert!(holds("fe80::/10", "fe80::1") && holds("10.0.0.1/32", "10.0.0.1") && !holds("10.0.0.1/32", "10.0.0.2"));
        assert!(holds("Printer-3", "printer-3"));
        assert!(Hosts::of("10.0.0.0/33").is_err() && Hosts::of("lab/8").is_err());
    }
}
