//! What the server counts, in Prometheus' text format.

use crate::Stats;
use crate::apps::Apps;
use crate::exposition::Exposition;
use crate::traffic::{BOUNDS_MS, OfRoute};

/// All numbers of all apps.
pub(super) fn of(apps: &Apps) -> String {
    let mut out = Exposition::default();
    let stats: Vec<(&str, Stats)> = apps.all().map(|app| (app.app_key(), app.stats())).collect();
    for (name, kind, help, number) in NUMBERS {
        out.family(name, kind, help);
        for (app, stats) in &stats {
            out.sample(name, &[("app", app)], number(stats));
        }
    }
    out.family(
        REFUSED,
        "counter",
        "Push connections closed at once, before it was known of which app they are",
    );
    let reason = [("reason", "connections per address")];
    out.sample(REFUSED, &reason, apps.addresses().refused());
    let routes: Vec<(&str, _)> = apps.all().map(|app| (app.app_key(), app.inner.traffic.all())).collect();
    out.family(
        REQUESTS,
        "counter",
        "Requests by route and status; status none is an answer that a fault has lost",
    );
    for (app, routes) in &routes {
        for (method, path, route) in routes {
            for (status, count) in &route.statuses {
                let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
                let labels = [("app", *app), ("method", method), ("route", path), ("status", &status)];
                out.sample(REQUESTS, &labels, count);
            }
        }
    }
    out.family(DURATION, "histogram", "How long requests took, what faults added included");
    for (app, routes) in &routes {
        for (method, path, route) in routes {
            histogram(&mut out, &[("app", app), ("method", method), ("route", path)], route);
        }
    }
    out.text()
}

const REFUSED: &str = "y2w_push_refused_total";
const REQUESTS: &str = "y2w_http_requests_total";
const DURATION: &str = "y2w_http_request_duration_seconds";

type Number = (&'static str, &'static str, &'static str, fn(&Stats) -> u64);

const NUMBERS: [Number; 10] = [
    ("y2w_users", "gauge", "Accounts", |stats| stats.users),
    ("y2w_sessions", "gauge", "Sessions of every type", |stats| stats.sessions),
    ("y2w_messages", "gauge", "Messages stored", |stats| stats.messages),
    ("y2w_push_sessions", "gauge", "Sessions that the push server knows", |stats| stats.push_sessions),
    ("y2w_push_connections", "gauge", "Live push connections", |stats| stats.connections),
    ("y2w_push_connections_accepted_total", "counter", "Push connections let in", |stats| {
        stats.connections_accepted
    }),
    ("y2w_push_commands_total", "counter", "Push commands answered", |stats| stats.commands),
    ("y2w_push_deliveries_total", "counter", "Payloads put on their way to a receiver", |stats| {
        stats.deliveries
    }),
    (
        "y2w_push_overflows_total",
        "counter",
        "Connections dropped because their client read too slowly",
        |stats| stats.overflows,
    ),
    ("y2w_push_kicks_total", "counter", "Connections ended with the notice 10", |stats| stats.kicks),
];

fn histogram(out: &mut Exposition, labels: &[(&str, &str)], route: &OfRoute) {
    let mut so_far = 0;
    let bounds = BOUNDS_MS.iter().map(|ms| (f64::from(*ms) / 1_000.0).to_string());
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(route.buckets) {
        so_far += count;
        let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", &*bound)]).collect();
        out.sample(&format!("{DURATION}_bucket"), &labels, so_far);
    }
    out.sample(&format!("{DURATION}_sum"), labels, route.took.as_secs_f64());
    out.sample(&format!("{DURATION}_count"), labels, so_far);
}
