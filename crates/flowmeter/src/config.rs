//! When flows end, and how many are kept.

/// How flows are metered. Times are nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterConfig {
    /// A TCP flow ends when nothing comes for so long (Zeek's `tcp_inactivity_timeout`).
    pub tcp_idle: i64,
    /// A UDP flow does (`udp_inactivity_timeout`).
    pub udp_idle: i64,
    /// A flow of ICMP or another protocol does (`icmp_inactivity_timeout`).
    pub other_idle: i64,
    /// A SYN that nobody answers is a flow for so long (`tcp_attempt_delay`).
    pub tcp_attempt: i64,
    /// A TCP flow that was closed or reset takes late packets for so long (`tcp_close_delay`).
    pub tcp_close: i64,
    /// A flow that lasts so long is given and goes on as a new one; `None`: never, as in Zeek.
    pub active: Option<i64>,
    /// Most flows at a time; the one that was quiet for longest is ended early, and counted.
    pub max_flows: usize,
}

/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

impl Default for MeterConfig {
    /// Zeek's times, and as many flows as half a gibibyte holds.
    fn default() -> Self {
        MeterConfig {
            tcp_idle: 300 * SECOND,
            udp_idle: 60 * SECOND,
            other_idle: 60 * SECOND,
            tcp_attempt: 5 * SECOND,
            tcp_close: 5 * SECOND,
            active: None,
            max_flows: 500_000,
        }
    }
}
