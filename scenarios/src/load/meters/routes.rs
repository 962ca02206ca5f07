//! Requests by route: how many, how long, how large, how many failed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hdrhistogram::Histogram;
use http::Method;
use parking_lot::Mutex;
use y2w_sdk::protocol::rest::path;

use super::histogram;

/// The methods that the business API uses, and what stands for any other.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "other"];

/// Requests by route. A route that was never asked costs nothing.
pub(in crate::load) struct Routes {
    router: matchit::Router<usize>,
    /// By path, then by method. The last path is for what fits no other.
    routes: Vec<[OnceLock<Box<Route>>; METHODS.len()]>,
    measured: AtomicBool,
    /// Requests that were answered or failed.
    pub(in crate::load) requests: AtomicU64,
    /// Those that got no answer, or one of 500 and more.
    pub(in crate::load) failed: AtomicU64,
    /// Bytes of requests, and of answers.
    pub(in crate::load) bytes: [AtomicU64; 2],
}

/// One route's requests.
pub(in crate::load) struct Route {
    latency: Mutex<Histogram<u64>>,
    requests: AtomicU64,
    failed: AtomicU64,
    bytes: [AtomicU64; 2],
}

/// What came of one request.
pub(in crate::load) struct Asked<'a> {
    pub(in crate::load) method: &'a Method,
    pub(in crate::load) path: &'a str,
    pub(in crate::load) micros: u64,
    pub(in crate::load) failed: bool,
    pub(in crate::load) sent: u64,
    pub(in crate::load) received: u64,
}

/// One route's totals.
pub(in crate::load) struct OfRoute {
    pub(in crate::load) route: String,
    pub(in crate::load) requests: u64,
    pub(in crate::load) failed: u64,
    pub(in crate::load) bytes: [u64; 2],
    pub(in crate::load) latency: Histogram<u64>,
}

impl Default for Routes {
    fn default() -> Self {
        let mut router = matchit::Router::new();
        for (index, template) in path::ALL.iter().enumerate() {
            router.insert(*template, index).expect("the business API's paths do not overlap");
        }
        let routes = (0..=path::ALL.len()).map(|_| Default::default()).collect();
        let (requests, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { router, routes, measured: AtomicBool::new(false), requests, failed, bytes: Default::default() }
    }
}

impl Default for Route {
    fn default() -> Self {
        let (requests, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { latency: Mutex::new(histogram()), requests, failed, bytes: Default::default() }
    }
}

impl Routes {
    pub(super) fn measure(&self, counts: bool) {
        self.measured.store(counts, Ordering::Relaxed);
    }

    pub(in crate::load) fn record(&self, asked: &Asked<'_>) {
        let failed = u64::from(asked.failed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        for (sum, bytes) in self.bytes.iter().zip([asked.sent, asked.received]) {
            sum.fetch_add(bytes, Ordering::Relaxed);
        }
        if !self.measured.load(Ordering::Relaxed) {
            return;
        }
        let path = self.router.at(asked.path).map_or(path::ALL.len(), |found| *found.value);
        let method = METHODS.iter().position(|m| *m == asked.method.as_str()).unwrap_or(METHODS.len() - 1);
        let route = self.routes[path][method].get_or_init(Box::default);
        route.requests.fetch_add(1, Ordering::Relaxed);
        route.failed.fetch_add(failed, Ordering::Relaxed);
        for (sum, bytes) in route.bytes.iter().zip([asked.sent, asked.received]) {
            sum.fetch_add(bytes, Ordering::Relaxed);
        }
        route.latency.lock().saturating_record(asked.micros.max(1));
    }

    /// The routes that were asked, by path and method.
    pub(in crate::load) fn totals(&self) -> Vec<OfRoute> {
        let mut totals = Vec::new();
        for (path, methods) in self.routes.iter().enumerate() {
            for (method, route) in methods.iter().enumerate() {
                let Some(route) = route.get() else {
                    continue;
                };
                totals.push(OfRoute {
                    route: format!(
                        "{} {}",
                        METHODS[method],
                        path::ALL.get(path).copied().unwrap_or("any other")
                    ),
                    requests: route.requests.load(Ordering::Relaxed),
                    failed: route.failed.load(Ordering::Relaxed),
                    bytes: route.bytes.each_ref().map(|b| b.load(Ordering::Relaxed)),
                    latency: route.latency.lock().clone(),
                });
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(routes: &Routes, method: &Method, path: &str) {
        routes.record(&Asked { method, path, micros: 1_000, failed: false, sent: 10, received: 20 });
    }

    #[test]
    fn requests_are_told_apart_by_method_and_path_and_not_by_id() {
        let routes = Routes::default();
        routes.measure(true);
        ask(&routes, &Method::GET, "/v1/sessions/7/messages");
        ask(&routes, &Method::GET, "/v1/sessions/8/messages");
        ask(&routes, &Method::POST, "/v1/sessions/8/messages");
        ask(&routes, &Method::GET, "/v1/sessions/8/messages/history");
        ask(&routes, &Method::PATCH, "/somewhere/else");
        let totals: Vec<(String, u64)> = routes.totals().into_iter().map(|t| (t.route, t.requests)).collect();
        let expected = [
            ("GET /v1/sessions/{session}/messages", 2),
            ("POST /v1/sessions/{session}/messages", 1),
            ("GET /v1/sessions/{session}/messages/history", 1),
            ("other any other", 1),
        ];
        assert_eq!(totals, expected.map(|(route, count)| (route.to_owned(), count)));
    }

    #[test]
    fn what_is_not_measured_is_counted_and_nothing_more() {
        let routes = Routes::default();
        ask(&routes, &Method::GET, "/v1/emojis");
        assert!(routes.totals().is_empty());
        assert_eq!(routes.requests.load(Ordering::Relaxed), 1);
        assert_eq!(routes.bytes[1].load(Ordering::Relaxed), 20);
    }
}
