//! How often an address may ask: a small token bucket each, in a table that cannot grow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many requests an address may make at once.
const BURST: f64 = 120.0;
/// How many more it may make in each second.
const RATE: f64 = 20.0;
/// What a wrong token costs, in requests: six guesses, then one a second.
pub const WRONG: f64 = 20.0;
/// The most addresses that are told apart.
const ADDRESSES: usize = 4096;

/// A bucket for each address that asked lately.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<HashMap<IpAddr, Bucket>>);

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn at(&self, now: Instant) -> f64 {
        (self.left + now.duration_since(self.at).as_secs_f64() * RATE).min(BURST)
    }
}

impl Limiter {
    /// Takes one request's worth; false where the address has none left.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allows_at(address, Instant::now())
    }

    /// Takes what a wrong guess costs.
    pub fn charge(&self, address: IpAddr) {
        self.take(address, WRONG, Instant::now());
    }

    fn allows_at(&self, address: IpAddr, now: Instant) -> bool {
        self.take(address, 1.0, now)
    }

    fn take(&self, address: IpAddr, cost: f64, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES && !buckets.contains_key(&address) {
            // A full bucket says nothing that an absent one does not. Where all are in use, strangers wait.
            buckets.retain(|_, bucket| bucket.at(now) < BURST);
            if buckets.len() >= ADDRESSES {
                return false;
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: BURST, at: now });
        let left = bucket.at(now);
        let enough = left >= 1.0;
        *bucket = Bucket { left: if enough { (left - cost).max(0.0) } else { left }, at: now };
        enough
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    #[test]
    fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let allowed = (0..200).filter(|_| limiter.allows_at(address(1), now)).count();
        assert_eq!(allowed, 120);
        assert!(limiter.allows_at(address(2), now));
        let later = now + Duration::from_secs(1);
        assert_eq!((0..200).filter(|_| limiter.allows_at(address(1), later)).count(), 20);
    }

    #[test]
    fn a_wrong_token_costs_twenty_requests() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let guesses = (0..50).filter(|_| limiter.take(address(1), WRONG, now)).count();
        assert_eq!(guesses, 6);
    }

    #[test]
    fn the_table_does_not_grow_beyond_its_bound() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for number in 0..10_000 {
            limiter.allows_at(address(number), now);
        }
        assert_eq!(limiter.0.lock().unwrap().len(), ADDRESSES);
        assert!(limiter.allows_at(address(20_000), now + Duration::from_secs(10)), "idle ones make place");
    }
}
