//! `--metrics`: what the run counts, for Prometheus, on a listener of its own, for as long as it takes.
//!
//! Figures are those of the last second; while the run is set up there are its stages only. A run that is repeated begins
//! again from 0, as counters of a process that was restarted do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, DropGuard};
use y2w_mock_server::exposition::{self, Exposition};

use super::live::{State, Told};
use crate::load::{RunError, Snapshot};

/// The endpoint, until it is dropped.
pub(super) struct Metrics {
    of: Arc<Mutex<Option<Arc<Told>>>>,
    addr: SocketAddr,
    _stop: DropGuard,
}

impl Metrics {
    /// Listens.
    pub(super) fn listen(runtime: &Runtime, addr: SocketAddr) -> Result<Self, RunError> {
        let wrong = |error| RunError::Environment(format!("--metrics: cannot listen on {addr}: {error}"));
        let listener = runtime.block_on(TcpListener::bind(addr)).map_err(wrong)?;
        let addr = listener.local_addr().map_err(wrong)?;
        let of: Arc<Mutex<Option<Arc<Told>>>> = Arc::default();
        let router = Router::new().route("/metrics", get(metrics)).with_state(of.clone());
        let stop = CancellationToken::new();
        runtime.spawn(y2w_mock_server::http::run(router, listener, stop.clone()));
        Ok(Self { of, addr, _stop: stop.drop_guard() })
    }

    /// Where.
    pub(super) fn url(&self) -> String {
        format!("http://{}/metrics", self.addr)
    }

    /// A run begins.
    pub(super) fn show(&self, told: Arc<Told>) {
        *self.of.lock() = Some(told);
    }
}

type Answer = ([(http::HeaderName, &'static str); 1], String);

async fn metrics(Shared(of): Shared<Arc<Mutex<Option<Arc<Told>>>>>) -> Answer {
    let told = of.lock().clone();
    let text = told.map_or_else(String::new, |told| text(&told.now()));
    ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text)
}

/// A family of one sample: name, kind, what it means, and its value.
type Number = (&'static str, &'static str, &'static str, fn(&Snapshot) -> f64);

const NUMBERS: [Number; 20] = [
    ("y2w_load_elapsed_seconds", "gauge", "Since the first phase began", |s| s.point.t_s),
    ("y2w_load_length_seconds", "gauge", "How long all phases take together", |s| s.length_s),
    ("y2w_load_operations_total", "counter", "What users did, whatever came of it", |s| {
        s.totals.operations as f64
    }),
    (
        "y2w_load_left_out_total",
        "counter",
        "What was due and left out, since too much of the same user was under way",
        |s| s.totals.left_out as f64,
    ),
    ("y2w_load_messages_sent_total", "counter", "Messages handed to the clients", |s| s.totals.sent as f64),
    ("y2w_load_messages_stored_total", "counter", "Messages that the server acknowledged", |s| {
        s.stored as f64
    }),
    ("y2w_load_pushes_total", "counter", "Pushes received", |s| s.totals.pushes as f64),
    ("y2w_load_deliveries_verified_total", "counter", "Deliveries verified", |s| s.verified as f64),
    ("y2w_load_deliveries_due", "gauge", "Deliveries that stored messages still owe", |s| {
        s.owed.max(0) as f64
    }),
    ("y2w_load_requests_total", "counter", "Requests to the business API, answered or failed", |s| {
        s.totals.requests as f64
    }),
    (
        "y2w_load_requests_failed_total",
        "counter",
        "Requests without an answer, or with one of 500 and more",
        |s| s.totals.requests_failed as f64,
    ),
    ("y2w_load_errors_total", "counter", "What went wrong", |s| s.errors as f64),
    ("y2w_load_findings_total", "counter", "Broken rules", |s| s.findings as f64),
    ("y2w_load_bytes_sent_total", "counter", "Bytes to the server", |s| s.totals.bytes[0] as f64),
    ("y2w_load_bytes_received_total", "counter", "Bytes from the server", |s| s.totals.bytes[1] as f64),
    ("y2w_load_connections", "gauge", "Devices whose push connection is up", |s| {
        s.point.users_connected as f64
    }),
    ("y2w_load_lag_p99_seconds", "gauge", "99th percentile of how late the generator was, so far", |s| {
        micros(s.lag_p99_us as f64)
    }),
    ("y2w_load_cpu_seconds_total", "counter", "CPU time of this process", |s| s.totals.cpu.as_secs_f64()),
    ("y2w_load_cpu_share", "gauge", "CPU time in the last second, as a share of all cores", |s| {
        s.point.cpu_share.unwrap_or(f64::NAN)
    }),
    ("y2w_load_memory_bytes", "gauge", "Resident memory of this process", |s| {
        s.point.memory.map_or(f64::NAN, |bytes| bytes as f64)
    }),
];

const LATENCY: &str = "y2w_load_latency_seconds";
const QUANTILES: [&str; 3] = ["0.5", "0.9", "0.99"];

fn micros(value: f64) -> f64 {
    value / 1e6
}

/// All there is to count.
fn text(state: &State) -> String {
    let mut out = Exposition::default();
    let about = &state.about;
    let seed = about.seed.to_string();
    let shard = about.shard.as_deref().unwrap_or("0/1");
    let info = [
        ("run", about.run_id.as_str()),
        ("workload", &about.workload),
        ("target", &about.target),
        ("seed", &seed),
        ("shard", shard),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    out.family("y2w_load_info", "gauge", "What is run");
    out.sample("y2w_load_info", &info, 1);
    one_of(&mut out, ("y2w_load_stage", "The present stage of the run is 1", "stage"), &stages(state));
    for (name, help, number) in [
        ("y2w_load_stage_steps", "Steps of the present stage; 0 where there is nothing to count", 0),
        ("y2w_load_stage_steps_done", "Those that are done", 1),
    ] {
        out.family(name, "gauge", help);
        out.sample(name, &[], state.present().map_or(0, |steps| steps[number]));
    }
    let Some(last) = &state.last else {
        return out.text();
    };
    one_of(&mut out, ("y2w_load_phase", "The workload's present phase is 1", "phase"), &phases(state, last));
    for (name, kind, help, number) in NUMBERS {
        let value = number(last);
        // What this system does not tell.
        if value.is_finite() {
            out.family(name, kind, help);
            out.sample(name, &[], value);
        }
    }
    out.family(LATENCY, "summary", "How long it took since it was due, over the whole run so far");
    for latency in &last.latencies {
        for (quantile, us) in QUANTILES.iter().zip(latency.quantiles) {
            out.sample(LATENCY, &[("of", latency.id), ("quantile", quantile)], micros(us as f64));
        }
        out.sample(&format!("{LATENCY}_sum"), &[("of", latency.id)], micros(latency.sum_us));
        out.sample(&format!("{LATENCY}_count"), &[("of", latency.id)], latency.count);
    }
    out.text()
}

/// A gauge with a sample for each name, 1 where it is the present one. A name that comes twice is one sample.
fn one_of(out: &mut Exposition, (name, help, label): (&str, &str, &str), all: &[(String, bool)]) {
    out.family(name, "gauge", help);
    let mut told = BTreeSet::new();
    for (value, _) in all {
        if told.insert(value) {
            let present = all.iter().any(|(other, present)| other == value && *present);
            out.sample(name, &[(label, value)], u8::from(present));
        }
    }
}

fn stages(state: &State) -> Vec<(String, bool)> {
    let names: Vec<&str> = state.stage_names().collect();
    names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at + 1 == names.len())).collect()
}

fn phases(state: &State, last: &Snapshot) -> Vec<(String, bool)> {
    let t = Duration::try_from_secs_f64(last.point.t_s).ok();
    let mut ends = Duration::ZERO;
    let of = |(name, length): &(String, Duration)| {
        let begins = ends;
        ends += *length;
        (name.clone(), t.is_some_and(|t| begins <= t && t < ends))
    };
    state.about.phases.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::live::About;
    use crate::load::{LatencySoFar, Progress, Totals};

    fn told() -> Told {
        let phase = |name: &str, s| (name.to_owned(), Duration::from_secs(s));
        Told::new(About {
            title: "Steady".to_owned(),
            workload: "p2p \"steady\"\\\n".to_owned(),
            target: "http://127.0.0.1:80".to_owned(),
            seed: 7,
            phases: vec![phase("ramp", 5), phase("hold", 5), phase("ramp", 5)],
            ..About::default()
        })
    }

    fn snapshot() -> Snapshot {
        let latency = LatencySoFar {
            id: "send_synced",
            name: "send→synced",
            quantiles: [1_500, 2_500, 1_000_000],
            count: 3,
            sum_us: 1_004_000.0,
        };
        let totals = Totals {
            sent: 12,
            bytes: [100, 1 << 50],
            cpu: Duration::from_millis(1_500),
            ..Totals::default()
        };
        let mut snapshot = Snapshot { stored: 11, latencies: vec![latency], totals, ..Snapshot::default() };
        snapshot.point.t_s = 12.0;
        snapshot
    }

    /// Every line is a comment or a sample under its own TYPE, with labels that are closed and a number; no family and no
    /// series comes twice.
    fn check(text: &str) {
        let (mut family, mut families, mut series) = (String::new(), BTreeSet::new(), BTreeSet::new());
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                let (name, kind) = typed.split_once(' ').unwrap();
                assert!(["counter", "gauge", "summary"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(families.insert(name.to_owned()), "{line} comes twice");
                name.clone_into(&mut family);
            }
            if line.starts_with('#') {
                continue;
            }
            let (id, value) = line.rsplit_once(' ').unwrap();
            let name = id.split('{').next().unwrap();
            assert!(
                name == family || name.strip_prefix(&family).is_some_and(|s| s == "_sum" || s == "_count"),
                "{line}"
            );
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
            assert!(id == name || id.ends_with("\"}"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(series.insert(id.to_owned()), "{line} comes twice");
        }
    }

    #[test]
    fn what_a_run_counts_is_what_prometheus_reads() {
        let told = told();
        told.phase("connecting users", 20);
        told.advance(3);
        let text = text(&told.now());
        check(&text);
        assert!(text.contains("\ny2w_load_stage{stage=\"connecting users\"} 1\n"), "{text}");
        assert!(
            text.contains("\ny2w_load_stage_steps 20\n") && text.contains("\ny2w_load_stage_steps_done 3\n"),
            "{text}"
        );
        assert!(!text.contains("y2w_load_messages_sent_total"), "{text}");

        told.phase("running", 15);
        told.snapshot(&snapshot());
        let text = super::text(&told.now());
        check(&text);
        for expected in [
            r#"y2w_load_info{run="",workload="p2p \"steady\"\\\n",target="http://127.0.0.1:80",seed="7",shard="0/1",version=""#,
            "y2w_load_stage{stage=\"connecting users\"} 0\n",
            "y2w_load_stage{stage=\"running\"} 1\n",
            "y2w_load_stage_steps_done 12\n",
            "y2w_load_phase{phase=\"ramp\"} 1\n",
            "y2w_load_phase{phase=\"hold\"} 0\n",
            "y2w_load_messages_sent_total 12\n",
            "y2w_load_messages_stored_total 11\n",
            "y2w_load_bytes_received_total 1125899906842624\n",
            "y2w_load_cpu_seconds_total 1.5\n",
            "y2w_load_latency_seconds{of=\"send_synced\",quantile=\"0.99\"} 1\n",
            "y2w_load_latency_seconds_sum{of=\"send_synced\"} 1.004\n",
            "y2w_load_latency_seconds_count{of=\"send_synced\"} 3\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(!text.contains("y2w_load_memory_bytes"), "{text}");
    }

    #[test]
    fn every_family_is_documented() {
        let told = told();
        let mut full = snapshot();
        (full.point.cpu_share, full.point.memory) = (Some(0.5), Some(1));
        told.snapshot(&full);
        let documented = include_str!("../../../docs/load.md");
        for line in text(&told.now()).lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let name = line.split(' ').next().unwrap();
            assert!(documented.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn before_the_first_phase_none_is_the_present_one() {
        let told = told();
        let mut early = snapshot();
        early.point.t_s = -2.0;
        told.snapshot(&early);
        let text = text(&told.now());
        check(&text);
        assert!(
            !text.lines().any(|line| line.starts_with("y2w_load_phase{") && line.ends_with(" 1")),
            "{text}"
        );
    }
}
