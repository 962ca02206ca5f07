//! Faults on a server elsewhere, by its control API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod small_run;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use y2w_mock_server::faults::Faults;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_scenarios::load::{self, Environment, Outcome, RunError, Server, Settings, Target};
use y2w_scenarios::world::Control;
use y2w_sdk::api::HyperHttp;
use y2w_sdk::clock::Clock;

/// Everything that a server can be told, within two seconds of which the last one is quiet.
const FAULTS: &str = r#"
version = 1
title = "Six"
population = { users = 6, contacts = 1 }
arrival = { open = { rate = 8 } }
mix = { p2p-text = 1 }
phase = [{ name = "hold", length = "2s" }]

[[fault]]
at = "0s"
length = "500ms"
what = { fail-requests = { rate = 0.5 } }

[[fault]]
at = "100ms"
length = "300ms"
what = { duplicate-pushes = { rate = 0.5 } }

[[fault]]
at = "600ms"
what = "restart-push"

[[fault]]
at = "800ms"
what = "expire-tokens"

[[fault]]
at = "900ms"
length = "50ms"
what = "refuse-connections"
"#;

fn settings() -> Settings {
    small_run::settings(FAULTS)
}

async fn run(server: &MockServer, told: Server) -> Result<Outcome, RunError> {
    let target = Target::new(&server.http_url(), Clock::system(), Duration::from_secs(10), told);
    load::run(&target, &settings(), &(), &CancellationToken::new()).await
}

fn control(server: &MockServer) -> Server {
    let url = format!("http://{}", server.control_addr().unwrap());
    Server::Told(Control::new(&url, Arc::new(HyperHttp::new())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_is_told_by_its_control_api_and_is_as_before_at_the_end() {
    let any = "127.0.0.1:0".parse().unwrap();
    let builder = MockServer::builder().seed(1).password_cost(PasswordCost::Fast).control(any);
    let server = builder.start().await.unwrap();
    let outcome = run(&server, control(&server)).await.unwrap();

    let result = outcome.into_result(&settings(), Environment::default());
    let errors: Vec<&str> = result.errors.iter().map(|error| error.kind.as_str()).collect();
    assert!(errors.contains(&"answers of 500 and more"), "{errors:?}");
    assert!(!errors.contains(&"faults that the server was not told of"), "{:?}", result.errors);
    assert!(result.checks.iter().all(|check| check.findings_total == 0), "{:?}", result.checks);
    assert_eq!(server.backend().faults(), Faults::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_api_that_is_none_is_an_error_before_anything_is_done() {
    let builder = MockServer::builder().seed(1).password_cost(PasswordCost::Fast);
    let server = builder.start().await.unwrap();
    // The business API has no such route.
    let wrong = Server::Told(Control::new(&server.http_url(), Arc::new(HyperHttp::new())));
    let error = run(&server, wrong).await.err().unwrap().to_string();
    assert!(error.contains("the control API at http://127.0.0.1:"), "{error}");
    assert!(error.contains("404"), "{error}");

    let error = run(&server, Server::Elsewhere).await.err().unwrap().to_string();
    assert!(error.contains("`fail-requests` at 0s"), "{error}");
    assert!(error.contains("--control"), "{error}");
}
