//! Numbers of the information elements that flows are made of (IANA's registry; v9 shares those below 128).

pub(super) const OCTETS: u32 = 1;
pub(super) const PACKETS: u32 = 2;
pub(super) const PROTOCOL: u32 = 4;
pub(super) const TOS: u32 = 5;
pub(super) const TCP_FLAGS: u32 = 6;
pub(super) const SRC_PORT: u32 = 7;
pub(super) const SRC_V4: u32 = 8;
pub(super) const INPUT: u32 = 10;
pub(super) const DST_PORT: u32 = 11;
pub(super) const DST_V4: u32 = 12;
pub(super) const OUTPUT: u32 = 14;
pub(super) const SRC_AS: u32 = 16;
pub(super) const DST_AS: u32 = 17;
/// Milliseconds since the exporter started.
pub(super) const LAST_UPTIME: u32 = 21;
pub(super) const FIRST_UPTIME: u32 = 22;
pub(super) const OUT_OCTETS: u32 = 23;
pub(super) const OUT_PACKETS: u32 = 24;
pub(super) const SRC_V6: u32 = 27;
pub(super) const DST_V6: u32 = 28;
pub(super) const ICMP_TYPE_CODE: u32 = 32;
/// One packet in so many was looked at: by exporter, by sampler, and as IPFIX has it.
pub(super) const SAMPLING: [u32; 3] = [34, 50, 305];
pub(super) const SAMPLER: [u32; 2] = [48, 302];
pub(super) const DIRECTION: u32 = 61;
pub(super) const OCTETS_TOTAL: u32 = 85;
pub(super) const PACKETS_TOTAL: u32 = 86;
pub(super) const END_REASON: u32 = 136;
pub(super) const ICMP_V6_TYPE_CODE: u32 = 139;
/// Start and end: in seconds, milliseconds, as NTP timestamps (micro, nano), and in microseconds before the export.
pub(super) const START_SECONDS: u32 = 150;
pub(super) const END_SECONDS: u32 = 151;
pub(super) const START_MILLIS: u32 = 152;
pub(super) const END_MILLIS: u32 = 153;
pub(super) const START_NTP: [u32; 2] = [154, 156];
pub(super) const END_NTP: [u32; 2] = [155, 157];
pub(super) const START_DELTA: u32 = 158;
pub(super) const END_DELTA: u32 = 159;
/// When the exporter started, in milliseconds.
pub(super) const INIT_MILLIS: u32 = 160;
pub(super) const DURATION_MILLIS: u32 = 161;
pub(super) const DURATION_MICROS: u32 = 162;
pub(super) const INITIATOR_OCTETS: u32 = 231;
pub(super) const RESPONDER_OCTETS: u32 = 232;
pub(super) const INITIATOR_PACKETS: u32 = 298;
pub(super) const RESPONDER_PACKETS: u32 = 299;
pub(super) const OBSERVED_MILLIS: u32 = 323;

/// RFC 5103's enterprise, under which elements speak of the way back.
pub(super) const REVERSE_ENTERPRISE: u32 = 29_305;
/// Put on an element of the way back.
pub(super) const REVERSE: u32 = 1 << 31;
/// Elements of other enterprises, which nothing here reads.
pub(super) const UNREAD: u32 = u32::MAX;
