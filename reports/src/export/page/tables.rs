//! The rows of the page's tables.

use crate::{
    Latency, LatencyClock, Quantiles, Route, RunResult,
    format::{self, NOTHING},
};

/// A kind of latency by one of its clocks.
pub(super) struct LatencyRow<'a> {
    pub(super) name: &'a str,
    /// What it means; empty where the row above has said it.
    pub(super) help: &'a str,
    pub(super) clock: &'static str,
    pub(super) count: String,
    /// Column heading and value.
    pub(super) values: [(&'static str, String); 7],
}

pub(super) fn latencies(run: &RunResult) -> Vec<LatencyRow<'_>> {
    let mut above: Option<&str> = None;
    let rows = run.latencies.iter().map(|latency| {
        let said = above.replace(&latency.id) == Some(&latency.id);
        latency_row(latency, if said { "" } else { &latency.help })
    });
    rows.collect()
}

fn latency_row<'a>(latency: &'a Latency, help: &'a str) -> LatencyRow<'a> {
    let quantiles = &latency.quantiles;
    let mean = if quantiles.count == 0 { NOTHING.to_owned() } else { format::mean_micros(quantiles.mean) };
    let value = |of| micros(quantiles, of);
    LatencyRow {
        name: &latency.name,
        help,
        clock: match latency.clock {
            LatencyClock::Intended => "From when it was due",
            LatencyClock::Service => "From when it was begun",
        },
        count: format::count(quantiles.count),
        values: [
            ("mean", mean),
            ("p50", value(quantiles.p50)),
            ("p90", value(quantiles.p90)),
            ("p95", value(quantiles.p95)),
            ("p99", value(quantiles.p99)),
            ("p99.9", value(quantiles.p999)),
            ("max", value(quantiles.max)),
        ],
    }
}

fn micros(quantiles: &Quantiles, value: u64) -> String {
    if quantiles.count == 0 { NOTHING.to_owned() } else { format::micros(value) }
}

/// A route of the business API.
pub(super) struct RouteRow<'a> {
    pub(super) route: &'a str,
    pub(super) is_failing: bool,
    /// Column heading and value.
    pub(super) values: [(&'static str, String); 7],
}

pub(super) fn route(route: &Route) -> RouteRow<'_> {
    let value = |of| micros(&route.latency, of);
    RouteRow {
        route: &route.route,
        is_failing: route.failed > 0,
        values: [
            ("requests", format::count(route.requests)),
            ("failed", format::count(route.failed)),
            ("sent", format::bytes(route.bytes_sent)),
            ("received", format::bytes(route.bytes_received)),
            ("p50", value(route.latency.p50)),
            ("p99", value(route.latency.p99)),
            ("max", value(route.latency.max)),
        ],
    }
}

/// Kind, count and the first of them.
pub(super) fn errors(run: &RunResult) -> Vec<(&str, String, &str)> {
    let row = |error: &'_ crate::ErrorKind| format::count(error.count);
    run.errors.iter().map(|error| (error.kind.as_str(), row(error), error.first.as_str())).collect()
}

/// Something that was counted.
pub(super) struct CounterRow<'a> {
    pub(super) name: &'a str,
    pub(super) value: String,
    pub(super) unit: &'a str,
    pub(super) help: &'a str,
}

/// What every run counts, and what this one counts beside that; nothing if all of it is zero.
pub(super) fn counters(run: &RunResult) -> Vec<CounterRow<'_>> {
    if run.counters.is_empty() && run.totals == crate::Totals::default() {
        return Vec::new();
    }
    let totals = &run.totals;
    let row = |name, value, unit, help| CounterRow { name, value: format::count(value), unit, help };
    let bytes = |name, value, help| CounterRow { name, value: format::bytes(value), unit: "", help };
    let mut rows = vec![
        row("sent", totals.sent, "messages", "Handed to a client by a user."),
        row("stored", totals.stored, "messages", "Acknowledged by the server."),
        row("pushed", totals.pushed, "notices", "Push notices that reached a recipient's client."),
        row("delivered", totals.delivered, "copies", "Received by a recipient's client, by a sync."),
        row("requests", totals.requests, "requests", "To the business API, answered or given up."),
        row("errors", totals.errors, "errors", "Of all kinds."),
        bytes("bytes sent", totals.bytes_sent, "By all clients."),
        bytes("bytes received", totals.bytes_received, "By all clients."),
    ];
    rows.extend(
        run.counters.iter().map(|counter| row(&counter.name, counter.value, &counter.unit, &counter.help)),
    );
    rows
}
