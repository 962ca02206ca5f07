//! The suite against servers: a strict one passes everything, in both worlds; one that breaks a rule fails in the case about
//! it; one that is none earns nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use y2w_scenarios::conformance::{Need, Result, Target, Verdict, all, judge_again, run};
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Embedded, Harm, NotInflicted, Sim, World, in_virtual_time};
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{ByteStream, Mqtt, Streams};

fn in_sim(quirks: &[&str]) -> Vec<Result> {
    let quirks: Vec<String> = quirks.iter().map(|quirk| (*quirk).to_owned()).collect();
    let plan = Plan::of_server(&quirks).unwrap();
    in_virtual_time(async {
        let target = Target::in_virtual_time(Arc::new(Sim::new(&plan)));
        run(&all(), &target, "test", 1, |_| ()).await
    })
}

/// The names of those that did not pass, with their verdicts.
fn others(results: &[Result]) -> Vec<String> {
    let others =
        results.iter().filter(|result| !matches!(result.verdict, Verdict::Pass | Verdict::Unsupported));
    others
        .map(|result| format!("{} {}: {:?} {:?}", result.verdict, result.case, result.broken, result.why))
        .collect()
}

#[test]
fn a_strict_server_passes_in_virtual_time() {
    let results = in_sim(&[]);
    assert_eq!(results.len(), all().len());
    assert_eq!(others(&results), [""; 0]);
}

#[tokio::test]
async fn a_strict_server_passes_on_real_sockets() {
    let plan = Plan::of_server(&[]).unwrap();
    let target = Target::on_sockets(Arc::new(Embedded::start(&plan).await.unwrap()));
    let results = run(&all(), &target, "test", 16, |_| ()).await;
    assert_eq!(others(&results), [""; 0]);
}

#[test]
fn what_is_broken_is_named_with_both_sides_and_all_that_went_over_the_wire() {
    let results = in_sim(&["email-twice"]);
    let failed: Vec<&Result> = results.iter().filter(|result| result.verdict == Verdict::Fail).collect();
    let result = failed.iter().find(|result| result.case == "accounts.an-email-is-registered-once").unwrap();
    let [broken] = &result.broken[..] else { panic!("{:?}", result.broken) };
    assert_eq!(broken.rule, "AUTH-REGISTER-UNIQUE");
    assert_eq!(broken.expected, "POST /v1/users/register is refused with a 4xx status");
    assert!(broken.actual.starts_with("200  {"), "{}", broken.actual);
    let said: Vec<&str> = result.timeline.iter().map(|line| &*line.what).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("POST /v1/users/register  email=ann-"), "{}", said[0]);
    assert!(said[0].ends_with("password=***&name=Ann"), "{}", said[0]);
}

#[test]
fn what_a_case_was_told_is_judged_again_without_a_server() {
    // The last of them holds messages back, which is told to several connections at once.
    let told = [in_sim(&[]), in_sim(&["email-twice", "force-merges", "push-reordered"])].concat();
    for result in told {
        let case = all().into_iter().find(|case| case.title() == result.case).unwrap();
        let missing = BTreeSet::from([Need::GateTcp]);
        let again = in_virtual_time(judge_again(&case, result.told.clone(), "test", &missing));
        assert_eq!((again.verdict, &again.broken), (result.verdict, &result.broken), "{:?}", again.why);
        let lines = |result: &Result| serde_json::to_value(&result.timeline).unwrap();
        assert_eq!(lines(&again), lines(&result), "{}", result.case);
    }
}

/// A server that says the same to everything, or nothing at all.
struct Degenerate {
    status: u16,
    body: &'static str,
    answers: bool,
}

impl HttpTransport for Degenerate {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, std::result::Result<Response<Bytes>, String>> {
        Box::pin(async {
            if !self.answers {
                return Err("connection refused".to_owned());
            }
            Ok(Response::builder()
                .status(self.status)
                .body(Bytes::from_static(self.body.as_bytes()))
                .unwrap())
        })
    }
}

struct Nowhere(Arc<Degenerate>);

impl World for Nowhere {
    fn base_url(&self) -> &'static str {
        "http://nowhere"
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.0.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(Mqtt::tcp())
    }

    fn inflict(&self, _: Harm) -> BoxFuture<'_, std::result::Result<(), NotInflicted>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_server_that_is_none_earns_no_pass() {
    for (status, body, answers) in [
        (0, "", false),
        (200, "{}", true),
        (404, "{}", true),
        (200, r#"{"total_count":0,"entries":[]}"#, true),
        (401, "{}", true),
        (500, "", true),
    ] {
        let target = Target::on_sockets(Arc::new(Nowhere(Arc::new(Degenerate { status, body, answers }))));
        let results = run(&all(), &target, "test", 16, |_| ()).await;
        let passed: Vec<&str> = results
            .iter()
            .filter(|result| result.verdict == Verdict::Pass)
            .map(|result| &*result.case)
            .collect();
        assert_eq!(passed, [""; 0], "a server that answers {status} {body}");
        assert!(
            !results.iter().any(|result| result.verdict == Verdict::HarnessError),
            "{:?}",
            others(&results)
        );
    }
}

/// What a push server does that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Whoever comes is closed.
    Closes,
    /// Whoever comes is heard, and told nothing.
    Silent,
    /// Whoever comes gets back what it says.
    Echo,
    /// Whoever comes is accepted, and told nothing from then on.
    Accepts,
}

/// A server that is strict, but for its push side, which is none.
struct NoPush {
    sim: Sim,
    manner: Manner,
}

impl World for NoPush {
    fn base_url(&self) -> &str {
        self.sim.base_url()
    }

    fn clock(&self) -> Clock {
        self.sim.clock()
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.sim.http()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(self.manner)
    }

    fn websockets(&self) -> Arc<dyn Streams> {
        Arc::new(self.manner)
    }

    fn neighbour(&self) -> Option<String> {
        self.sim.neighbour()
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, std::result::Result<(), NotInflicted>> {
        self.sim.inflict(harm)
    }
}

impl Streams for Manner {
    fn address(&self, _: &GateData) -> std::result::Result<String, String> {
        Ok("ws://in-memory/".to_owned())
    }

    fn open(&self, _: &str) -> BoxFuture<'static, std::result::Result<Box<dyn ByteStream>, String>> {
        let manner = *self;
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        #[expect(clippy::disallowed_methods, reason = "the server's end, which ends with the stream")]
        tokio::spawn(async move {
            // However it goes: nobody asks.
            let _ = manner.serve(theirs).await;
        });
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn ByteStream>) })
    }
}

impl Manner {
    async fn serve(self, mut stream: DuplexStream) -> std::io::Result<()> {
        const ACCEPT: &[u8] = b"\x20\x02\x00\x00\x30\x14\x00\x01u{\"returnCode\":11}";
        if self == Self::Closes {
            return Ok(());
        }
        let mut bytes = [0; 4096];
        let mut is_first = true;
        loop {
            let count = stream.read(&mut bytes).await?;
            match self {
                _ if count == 0 => return Ok(()),
                Self::Echo => stream.write_all(&bytes[..count]).await?,
                Self::Accepts if is_first => stream.write_all(ACCEPT).await?,
                _ => (),
            }
            is_first = false;
        }
    }
}

/// Areas of cases that have no need of push connections.
const WITHOUT_PUSH: [&str; 3] = ["accounts", "conventions", "gate"];

#[test]
fn a_push_server_that_is_none_earns_no_pass() {
    for manner in [Manner::Closes, Manner::Silent, Manner::Echo, Manner::Accepts] {
        let plan = Plan::of_server(&[]).unwrap();
        let results = in_virtual_time(async {
            let target = Target::in_virtual_time(Arc::new(NoPush { sim: Sim::new(&plan), manner }));
            let about_push: Vec<_> =
                all().into_iter().filter(|case| !WITHOUT_PUSH.contains(&case.area())).collect();
            run(&about_push, &target, "test", 16, |_| ()).await
        });
        let passed: Vec<&str> = results
            .iter()
            .filter(|result| {
                matches!(result.verdict, Verdict::Pass | Verdict::NonStrict | Verdict::HarnessError)
            })
            .map(|result| &*result.case)
            .collect();
        assert_eq!(passed, [""; 0], "{manner:?}");
    }
}
