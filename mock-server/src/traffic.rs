//! The requests that an app has answered: how many by route and status, and how long they took.
//!
//! Bounded: by the routes there are, methods outside of HTTP's own counted as one.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use axum::response::Response;
use parking_lot::Mutex;
use y2w_sdk::clock::Clock;

use crate::faults;

/// Upper bounds of the histogram's buckets, in milliseconds; beyond the last there is one more.
pub(crate) const BOUNDS_MS: [u32; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    routes: Mutex<BTreeMap<&'static str, BTreeMap<&'static str, OfRoute>>>,
}

/// What one route has answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfRoute {
    /// How many answers of each status; without one are those that a fault has lost.
    pub(crate) statuses: BTreeMap<Option<u16>, u64>,
    /// How many took no longer than each bound, and longer than the one before.
    pub(crate) buckets: [u64; BOUNDS_MS.len() + 1],
    /// How long all of them took together.
    pub(crate) took: Duration,
}

impl Traffic {
    /// Counts a request around all that happens to it.
    pub(crate) async fn count(
        &self,
        clock: Clock,
        method: &'static str,
        path: &'static str,
        answering: impl Future<Output = Response>,
    ) -> Response {
        let started = clock.elapsed();
        let response = answering.await;
        let took = clock.elapsed().saturating_sub(started);
        let status = (!faults::is_lost(&response)).then(|| response.status().as_u16());
        self.record(method, path, status, took);
        response
    }

    fn record(&self, method: &'static str, path: &'static str, status: Option<u16>, took: Duration) {
        let mut routes = self.routes.lock();
        let route = routes.entry(method).or_default().entry(path).or_default();
        route.record(status, took);
    }

    /// All that was counted, by method and path.
    pub(crate) fn all(&self) -> Vec<(&'static str, &'static str, OfRoute)> {
        let routes = self.routes.lock();
        let of_method = |(method, paths)| {
            let paths: &BTreeMap<&'static str, OfRoute> = paths;
            let method: &&'static str = method;
            paths.iter().map(|(path, route)| (*method, *path, route.clone()))
        };
        routes.iter().flat_map(of_method).collect()
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        let routes = self.routes.lock();
        routes.values().flat_map(BTreeMap::values).map(OfRoute::requests).sum()
    }
}

impl OfRoute {
    fn record(&mut self, status: Option<u16>, took: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        let bucket = BOUNDS_MS.partition_point(|bound| Duration::from_millis((*bound).into()) < took);
        self.buckets[bucket] += 1;
        self.took += took;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.statuses.values().sum()
    }
}

/// The method's name: one of the few that HTTP knows, so that nobody can make what is kept by method grow.
pub(crate) fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_falls_into_one_bucket() {
        let traffic = Traffic::default();
        for ms in [0, 1, 2, 3, 5_000, 5_001] {
            traffic.record("GET", "/a", Some(200), Duration::from_millis(ms));
        }
        traffic.record("GET", "/a", None, Duration::ZERO);
        let [(method, path, route)] = &traffic.all()[..] else {
            panic!("one route");
        };
        assert_eq!((*method, *path), ("GET", "/a"));
        assert_eq!(route.buckets, [3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(route.statuses, BTreeMap::from([(None, 1), (Some(200), 6)]));
        assert_eq!(traffic.requests(), 7);
    }

    #[test]
    fn strange_methods_are_one() {
        assert_eq!(known(&Method::PUT), "PUT");
        assert_eq!(known(&Method::from_bytes(b"BREW").unwrap()), "OTHER");
        assert_eq!(known(&Method::from_bytes(b"STEEP").unwrap()), "OTHER");
    }
}
