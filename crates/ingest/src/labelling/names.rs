//! Usual names of the columns by which flows are known: lower case, without what is neither letter nor digit.

pub(super) const UIDS: [&str; 4] = ["uid", "flowuid", "connuid", "connectionuid"];
pub(super) const FLOW_IDS: [&str; 3] = ["flowid", "idflow", "communityid"];
pub(super) const SOURCES: [&str; 17] = [
    "src",
    "srcip",
    "sourceip",
    "srcaddr",
    "saddr",
    "source",
    "sourceaddress",
    "idorigh",
    "ipv4srcaddr",
    "srcipaddr",
    "sa",
    "sip",
    "srchost",
    "client",
    "sourceipaddress",
    "srcipv4",
    "origh",
];
pub(super) const TARGETS: [&str; 17] = [
    "dst",
    "dstip",
    "destinationip",
    "dstaddr",
    "daddr",
    "destination",
    "destinationaddress",
    "idresph",
    "ipv4dstaddr",
    "dstipaddr",
    "da",
    "dip",
    "dsthost",
    "server",
    "destinationipaddress",
    "dstipv4",
    "resph",
];
pub(super) const SOURCE_PORTS: [&str; 9] =
    ["sport", "srcport", "sourceport", "idorigp", "l4srcport", "srcpt", "sp", "origp", "sourcetransportport"];
pub(super) const TARGET_PORTS: [&str; 10] = [
    "dport",
    "dstport",
    "destinationport",
    "dsport",
    "idrespp",
    "l4dstport",
    "dstpt",
    "dp",
    "respp",
    "destinationtransportport",
];
pub(super) const PROTOCOLS: [&str; 7] =
    ["proto", "protocol", "protocoltype", "prot", "ipproto", "pr", "protocolidentifier"];
