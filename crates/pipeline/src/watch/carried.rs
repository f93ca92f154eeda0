//! What an alert carries of its flow: the columns of the log that people and tools follow it by.

use std::net::IpAddr;

use nta_ingest::{RawBatch, community_id_of};
use nta_model::Model;

/// Names under which logs keep what an alert carries.
const SRC_PORT: [&str; 6] = ["id.orig_p", "id_orig_p", "src_port", "Sport", "sport", "Src Port"];
const DST_PORT: [&str; 7] = ["id.resp_p", "id_resp_p", "dest_port", "dst_port", "Dport", "dsport", "Dst Port"];
const PROTO: [&str; 3] = ["proto", "Proto", "Protocol"];

/// A column of text, or nothing.
pub(super) struct Texts(Vec<Option<String>>);

impl Texts {
    fn of(raw: &RawBatch, names: &[&str]) -> Texts {
        Texts(names.iter().find_map(|name| raw.texts(name)).unwrap_or_default())
    }

    pub(super) fn get(&self, i: usize) -> String {
        self.0.get(i).cloned().flatten().unwrap_or_default()
    }
}

/// What an alert carries of its flow.
pub(super) struct Carried {
    pub(super) src: Texts,
    pub(super) dst: Texts,
    pub(super) src_port: Texts,
    pub(super) dst_port: Texts,
    pub(super) proto: Texts,
    pub(super) uid: Texts,
    pub(super) flow_id: Texts,
    community_id: Texts,
}

impl Carried {
    /// The id by which tools agree on the flow: the log's own, else made of its protocol, addresses and ports. Nothing where
    /// the log does not tell those.
    pub(super) fn community_id(&self, i: usize) -> String {
        let known = self.community_id.get(i);
        if !known.is_empty() {
            return known;
        }
        let end = |host: &Texts, port: &Texts| {
            let address: IpAddr = host.get(i).parse().ok()?;
            Some((address, port.get(i).parse().ok()))
        };
        let made = || {
            let ((src, src_port), (dst, dst_port)) = (end(&self.src, &self.src_port)?, end(&self.dst, &self.dst_port)?);
            let protocol = protocol(&self.proto.get(i), src)?;
            let ports = if WITHOUT_PORTS.contains(&protocol) { (0, 0) } else { (src_port?, dst_port?) };
            community_id_of(protocol, (src, ports.0), (dst, ports.1))
        };
        made().unwrap_or_default()
    }

    pub(super) fn of(model: &Model, raw: &RawBatch) -> Carried {
        let entity = &model.schema.entity;
        let host = |column: &Option<String>| {
            let names = column.iter().flat_map(|name| model.schema.names_of(name));
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.extend(names.clone().iter().map(|name| name.replace('.', "_")));
            Texts::of(raw, &names.iter().map(String::as_str).collect::<Vec<_>>())
        };
        Carried {
            src: host(&entity.src),
            dst: host(&entity.dst),
            src_port: Texts::of(raw, &SRC_PORT),
            dst_port: Texts::of(raw, &DST_PORT),
            proto: Texts::of(raw, &PROTO),
            uid: Texts::of(raw, &["uid"]),
            flow_id: Texts::of(raw, &["flow_id"]),
            community_id: Texts::of(raw, &["community_id"]),
        }
    }
}

/// Protocols whose ports are no part of the id, and that logs write with or without: GRE, ESP, AH, IGMP, OSPF.
const WITHOUT_PORTS: [u8; 5] = [47, 50, 51, 2, 89];

/// IANA's number of a protocol by the name or number that a log gives it; of ICMP by the family of its addresses.
fn protocol(text: &str, address: IpAddr) -> Option<u8> {
    let number = match text.to_lowercase().as_str() {
        "tcp" => 6,
        "udp" => 17,
        "icmp" | "ipv6-icmp" | "icmp6" | "icmpv6" if address.is_ipv6() => 58,
        "icmp" => 1,
        "sctp" => 132,
        "igmp" => 2,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "ospf" => 89,
        other => return other.parse().ok(),
    };
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_logs_own_or_made_of_what_it_says() {
        let of = |text: &str| Texts(vec![Some(text.to_owned())]);
        let none = || Texts(Vec::new());
        let carried = |src: &str, src_port: &str, dst: &str, dst_port: &str, proto: &str| Carried {
            src: of(src),
            dst: of(dst),
            src_port: of(src_port),
            dst_port: of(dst_port),
            proto: of(proto),
            uid: none(),
            flow_id: none(),
            community_id: none(),
        };
        // The specification's examples.
        for (src, src_port, dst, dst_port, proto, expected) in [
            ("128.232.110.120", "34855", "66.35.250.204", "80", "tcp", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            ("8.8.8.8", "53", "192.168.1.52", "54585", "17", "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
            ("192.168.0.89", "8", "192.168.0.1", "0", "icmp", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
            (
                "fe80::200:86ff:fe05:80da",
                "135",
                "fe80::260:97ff:fe07:69ea",
                "136",
                "icmp",
                "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=",
            ),
        ] {
            assert_eq!(carried(src, src_port, dst, dst_port, proto).community_id(0), expected);
        }
        // No ports where the protocol has some, a host by name, another family: nothing is made up.
        assert_eq!(carried("10.0.0.1", "", "10.0.0.2", "80", "tcp").community_id(0), "");
        assert_eq!(carried("printer", "1", "10.0.0.2", "80", "tcp").community_id(0), "");
        assert_eq!(carried("fe80::1", "1", "10.0.0.2", "80", "tcp").community_id(0), "");
        assert_eq!(carried("10.0.0.1", "-", "10.0.0.2", "-", "GRE").community_id(0).len(), 30);
        let own = Carried { community_id: of("1:own"), ..carried("10.0.0.1", "1", "10.0.0.2", "80", "tcp") };
        assert_eq!(own.community_id(0), "1:own");
    }
}
