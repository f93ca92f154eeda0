//! How often one address may ask, and how often it may be wrong.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::held::held;

/// Requests a second of an address of another machine, where nobody says.
const RATE: u32 = 200;
/// So many seconds' requests may come at once.
const BURST: f64 = 4.0;

/// Wrong logins in [`A_MINUTE`] of one address, and of all.
const FAILURES: usize = 10;
const FAILURES_OF_ALL: usize = 100;
const A_MINUTE: Duration = Duration::from_secs(60);

/// Addresses kept in mind at most.
const MOST: usize = 10_000;

/// Tokens that a request takes one of, refilled with time.
struct Bucket {
    left: f64,
    at: Instant,
}

pub(super) struct Limits {
    /// Requests a second as asked for: 0 for no limit.
    rate: Option<u32>,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    failures: Mutex<VecDeque<(Instant, IpAddr)>>,
}

impl Limits {
    pub(super) fn new(rate: Option<u32>) -> Self {
        Limits { rate, buckets: Mutex::default(), failures: Mutex::default() }
    }

    /// Takes note of a request.
    ///
    /// # Errors
    /// Seconds to wait, where there were too many.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let address = one_of(address);
        let rate = match self.rate {
            // Programs of this machine are not held back unless somebody says so; a proxy in front has its own limits.
            None if address.is_loopback() => return Ok(()),
            None => f64::from(RATE),
            Some(0) => return Ok(()),
            Some(rate) => f64::from(rate),
        };
        let most = BURST * rate;
        let filled = |bucket: &Bucket| (bucket.left + rate * now.duration_since(bucket.at).as_secs_f64()).min(most);
        let mut buckets = held(&self.buckets);
        if buckets.len() >= MOST && !buckets.contains_key(&address) {
            buckets.retain(|_, bucket| filled(bucket) < most);
            // All of them at work at once: then the oldest knowledge goes.
            if buckets.len() >= MOST {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: most, at: now });
        (bucket.left, bucket.at) = (filled(bucket), now);
        if bucket.left < 1.0 {
            return Err(((1.0 - bucket.left) / rate).ceil().max(1.0) as u64);
        }
        bucket.left -= 1.0;
        Ok(())
    }

    /// Takes note of a login that is tried: it counts as wrong until [`Limits::was_right`], so that many at once are counted too.
    ///
    /// # Errors
    /// Seconds to wait, where too many were wrong.
    pub(super) fn may_try(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let address = one_of(address);
        let mut failures = held(&self.failures);
        failures.retain(|(at, _)| now.duration_since(*at) < A_MINUTE);
        let own: Vec<Instant> = failures.iter().filter(|(_, of)| *of == address).map(|(at, _)| *at).collect();
        let until = |first: Option<Instant>| {
            first.map_or(A_MINUTE.as_secs(), |at| (A_MINUTE - now.duration_since(at)).as_secs() + 1)
        };
        match (own.len() >= FAILURES, failures.len() >= FAILURES_OF_ALL) {
            (true, _) => Err(until(own.first().copied())),
            (_, true) => Err(until(failures.front().map(|(at, _)| *at))),
            _ => {
                failures.push_back((now, address));
                Ok(())
            }
        }
    }

    /// Takes back what the latest try of `address` counted.
    pub(super) fn was_right(&self, address: IpAddr) {
        let address = one_of(address);
        let mut failures = held(&self.failures);
        if let Some(latest) = failures.iter().rposition(|(_, of)| *of == address) {
            failures.remove(latest);
        }
    }
}

/// What is counted as one: an IPv4 address, a network of 64 bits of IPv6, which is what one line is given.
fn one_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) if !six.is_loopback() => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn too_many_requests_wait_and_others_need_not() {
        let (limits, now) = (Limits::new(Some(2)), Instant::now());
        for _ in 0..8 {
            assert_eq!(limits.take(address("127.0.0.1"), now), Ok(()));
        }
        assert_eq!(limits.take(address("127.0.0.1"), now), Err(1));
        assert_eq!(limits.take(address("10.0.0.1"), now), Ok(()));
        assert_eq!(limits.take(address("127.0.0.1"), now + Duration::from_millis(600)), Ok(()));
        let free = Limits::new(None);
        assert!((0..10_000).all(|_| free.take(address("::1"), now).is_ok()), "this machine");
        let others = (0..10_000).filter(|_| free.take(address("192.0.2.1"), now).is_ok()).count();
        assert_eq!(others, 800);
        assert!(Limits::new(Some(0)).take(address("192.0.2.1"), now).is_ok());
    }

    #[test]
    fn wrong_logins_of_one_do_not_lock_out_another() {
        let (limits, now) = (Limits::new(None), Instant::now());
        let (bad, good) = (address("2001:db8::1"), address("2001:db8:0:1::1"));
        for _ in 0..FAILURES {
            assert_eq!(limits.may_try(bad, now), Ok(()));
            assert_eq!(limits.may_try(good, now), Ok(()));
            limits.was_right(good);
        }
        assert_eq!(limits.may_try(address("2001:db8::2"), now), Err(61), "the same network");
        assert_eq!(limits.may_try(good, now), Ok(()));
        assert_eq!(limits.may_try(bad, now + A_MINUTE), Ok(()));
        for i in 0..FAILURES_OF_ALL {
            let _ = limits.may_try(address(&format!("10.0.{i}.1")), now);
        }
        assert!(limits.may_try(good, now).is_err(), "many addresses at once");
    }
}
