//! How many push connections each address has, over TCP and WebSocket together, and how many it may have.
//!
//! A connection beyond that is closed as soon as it was taken: nothing was read of it, so nothing can be said in MQTT,
//! and nothing is kept for it. Kept is one number for each address that has connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// How many connections an address may have if nothing is said. Loopback has no limit then: whoever is there can do
/// more harm in other ways, and load tests are.
pub(crate) const PER_ADDRESS: usize = 4_096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Addresses {
    limit: Option<usize>,
    of: Mutex<FxHashMap<IpAddr, Address>>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Address {
    connections: usize,
    /// Said once until it has none left.
    is_reported: bool,
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    of: IpAddr,
}

impl Addresses {
    /// With the same limit for all, or the default.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, of: Mutex::default(), refused: AtomicU64::new(0) }
    }

    /// A place for one more connection, if the address may have one.
    pub(crate) fn place(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let of = counted(ip);
        let limit = self.limit.unwrap_or(if of.is_loopback() { usize::MAX } else { PER_ADDRESS });
        let mut all = self.of.lock();
        let address = all.entry(of).or_default();
        if address.connections < limit {
            address.connections += 1;
            return Some(Place { addresses: self.clone(), of });
        }
        let is_news = !std::mem::replace(&mut address.is_reported, true);
        if address.connections == 0 {
            all.remove(&of);
        }
        drop(all);
        self.refused.fetch_add(1, Ordering::Relaxed);
        if is_news {
            tracing::warn!(address = %of, limit, "an address has as many push connections as it may: more are refused");
        }
        None
    }

    /// How many connections were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.addresses.of.lock();
        if let Some(address) = all.get_mut(&self.of) {
            address.connections -= 1;
            if address.connections == 0 {
                all.remove(&self.of);
            }
        }
    }
}

/// What counts as one address: of version 6 the network that one subscriber has.
fn counted(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_places_and_no_more() {
        let addresses = Arc::new(Addresses::new(Some(2)));
        let mut held = vec![addresses.place(ip("10.0.0.1")).unwrap()];
        held.push(addresses.place(ip("::ffff:10.0.0.1")).unwrap());
        assert!(addresses.place(ip("10.0.0.1")).is_none());
        assert!(addresses.place(ip("10.0.0.2")).is_some(), "another one has its own");
        held.pop();
        held.push(addresses.place(ip("10.0.0.1")).unwrap());
        assert_eq!(addresses.refused(), 1);
        held.clear();
        assert!(addresses.of.lock().is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let addresses = Arc::new(Addresses::new(Some(1)));
        let _held = addresses.place(ip("2001:db8::1")).unwrap();
        assert!(addresses.place(ip("2001:db8::ffff:2")).is_none());
        assert!(addresses.place(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn loopback_is_limited_only_where_that_is_asked_for() {
        let all = |limit, ip: IpAddr| {
            let addresses = Arc::new(Addresses::new(limit));
            let held: Vec<Place> = (0..2 * PER_ADDRESS).map_while(|_| addresses.place(ip)).collect();
            held.len()
        };
        assert_eq!(all(None, ip("127.0.0.1")), 2 * PER_ADDRESS);
        assert_eq!(all(None, ip("10.0.0.1")), PER_ADDRESS);
        assert_eq!(all(Some(3), ip("::1")), 3);
        assert_eq!(all(Some(0), ip("127.0.0.1")), 0);
    }
}
