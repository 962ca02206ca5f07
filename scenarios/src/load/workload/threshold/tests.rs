//! Thresholds as they are written, and what comes of them.

use super::*;

fn said(text: &str) -> String {
    text.parse::<Threshold>().unwrap_err()
}

#[test]
fn a_threshold_is_shown_as_it_is_written() {
    for text in [
        "send_synced.p99 < 250ms",
        "send_stored.service.p999 <= 1.5s",
        "login.mean < 800us",
        "connect.count >= 200",
        "lag.max < 50ms",
        "lost == 0",
        "errors < 0.1%",
        "errors <= 3",
        "stored_per_s > 8000",
        "route(\"GET /v1/sessions/{id}/messages\").p99 <= 20ms",
    ] {
        assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
    }
    let threshold: Threshold = " send_push.p50<0.25 s ".parse().unwrap();
    assert_eq!(threshold.to_string(), "send_push.p50 < 0.25s");
    for latency in Latency::ALL {
        for stat in Stat::ALL {
            let value = if *stat == Stat::Count { "1" } else { "1ms" };
            let text = format!("{latency}.{stat} > {value}");
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
        }
    }
    for number in Number::ALL {
        assert_eq!(
            format!("{number} < 1").parse::<Threshold>().unwrap().reading(),
            &Reading::Number(*number)
        );
    }
}

#[test]
fn what_is_no_threshold_is_told_with_what_was_expected() {
    for (text, expected) in [
        ("", "there is no metric ``. Expected one of login, connect, send_ack"),
        ("send_sync.p99 < 1s", "there is no metric `send_sync`. Did you mean `send_synced`? Expected one of"),
        ("send_synced < 1s", "which statistic of `send_synced` is not said: expected one of p50, p90"),
        ("send_synced.p95 < 1s", "`send_synced` has no statistic `p95`: expected one of p50, p90, p99"),
        ("send_synced.p99.p50 < 1s", "`send_synced` has no statistic `p99.p50`"),
        ("send_synced.service < 1s", "which statistic of `send_synced`"),
        ("lag.service.p99 < 1s", "`lag` has no service time: expected lag.STAT"),
        ("lost.p99 == 0", "`lost` is a number without statistics"),
        ("lost", "expected one of <= >= == < > after `lost`"),
        ("lost = 0", "expected one of <= >= == < > after `lost`"),
        ("lost != 0", "expected one of"),
        ("lost == 0%", "`0%` is not what lost is compared with: expected a number, as 0"),
        ("lost == -1", "`-1` is not what lost is compared with"),
        ("lost ==", "`` is not what lost is compared with"),
        ("lost == 0 0", "`0 0` is not what lost is compared with"),
        (
            "send_ack.p99 < 250",
            "`250` is not what send_ack.p99 is compared with: expected a length of time, as 250ms",
        ),
        ("send_ack.p99 < 1%", "`1%` is not what send_ack.p99 is compared with"),
        (
            "send_ack.count < 1s",
            "`1s` is not what send_ack.count is compared with: expected a number, as 1000",
        ),
        (
            "errors < 1ms",
            "`1ms` is not what errors is compared with: expected a share of all operations, as 0.1%",
        ),
        ("errors < 101%", "`101%` is not what errors is compared with"),
        ("stored_per_s > 5s", "`5s` is not what stored_per_s is compared with: expected a number a second"),
        ("send_ack.p99 < 1.2.3ms", "`1.2.3ms` is not what"),
        ("send_ack.p99 < 5min", "`5min` is not what"),
        ("route(GET /v1/users).p99 < 1s", "expected route(\"METHOD PATH\")"),
        ("route(\"GET\").p99 < 1s", "expected route(\"METHOD PATH\")"),
        (
            "route(\"FETCH /v1/users\").p99 < 1s",
            "`FETCH` is no method: expected one of GET, POST, PUT, DELETE",
        ),
        ("route(\"GET v1/users\").p99 < 1s", "`v1/users` is no path: expected one as /v1/"),
        ("route(\"GET /v1/users\") < 1s", "which statistic of `route(…)` is not said"),
        ("ä.ö < 1s", "there is no metric `ä`"),
    ] {
        let said = said(text);
        let begin = format!("`{text}` is no threshold: {expected}");
        assert!(said.starts_with(&begin), "{said}\n  is not\n{begin}");
    }
}

/// What a run has measured: `send_synced` and one route as given, 3 errors of 2,000 operations, nothing else.
struct Measured(f64);

impl Readings for Measured {
    fn latency(&self, latency: Latency, since: Since, stat: Stat) -> Option<f64> {
        match (latency, since, stat) {
            (Latency::SendSynced, Since::Due, Stat::P99) => Some(self.0),
            (Latency::SendSynced, Since::HandedOver, Stat::P99) => Some(self.0 / 2.0),
            (Latency::SendSynced, _, Stat::Count) => Some(12_345.0),
            _ => None,
        }
    }

    fn route(&self, route: &Route, stat: Stat) -> Option<f64> {
        let is_it = route.is("GET", "/v1/sessions/{session}/messages") && stat == Stat::P99;
        is_it.then_some(self.0)
    }

    fn number(&self, number: Number) -> Option<f64> {
        match number {
            Number::Errors => Some(3.0),
            Number::Operations => Some(2_000.0),
            Number::Lost => Some(0.0),
            Number::StoredPerS => Some(8_123.4),
            _ => None,
        }
    }
}

#[test]
fn a_threshold_holds_or_not_by_what_was_measured() {
    for (text, held, actual) in [
        ("send_synced.p99 < 250ms", false, "250 ms"),
        ("send_synced.p99 <= 250ms", true, "250 ms"),
        ("send_synced.p99 == 0.25s", true, "250 ms"),
        ("send_synced.p99 > 249999us", true, "250 ms"),
        ("send_synced.p99 >= 251ms", false, "250 ms"),
        ("send_synced.service.p99 < 250ms", true, "125 ms"),
        ("send_synced.count > 12000", true, "12,345"),
        ("send_synced.p50 < 10s", false, "nothing was measured"),
        ("login.max < 10s", false, "nothing was measured"),
        ("route(\"GET /v1/sessions/{id}/messages\").p99 < 1s", true, "250 ms"),
        ("route(\"POST /v1/sessions/{id}/messages\").p99 < 1s", false, "nothing was measured"),
        ("route(\"GET /v1/sessions/{id}\").p99 < 1s", false, "nothing was measured"),
        ("lost == 0", true, "0"),
        ("twice == 0", false, "nothing was measured"),
        ("errors < 0.2%", true, "0.150 % (3 of 2,000)"),
        ("errors < 0.15%", false, "0.150 % (3 of 2,000)"),
        ("errors <= 3", true, "3"),
        ("stored_per_s >= 8000", true, "8,123/s"),
    ] {
        let judged = text.parse::<Threshold>().unwrap().judge(&Measured(250_000.0));
        assert_eq!((judged.held, &*judged.actual), (held, actual), "{text}");
    }
}

#[test]
fn no_operations_have_no_share_of_errors() {
    struct Nothing;

    impl Readings for Nothing {
        fn latency(&self, _: Latency, _: Since, _: Stat) -> Option<f64> {
            None
        }

        fn route(&self, _: &Route, _: Stat) -> Option<f64> {
            None
        }

        fn number(&self, _: Number) -> Option<f64> {
            Some(0.0)
        }
    }
    let judged = "errors < 1%".parse::<Threshold>().unwrap().judge(&Nothing);
    assert_eq!((judged.held, &*judged.actual), (false, "nothing was measured"));
}
