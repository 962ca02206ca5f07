//! The suite against servers that are none: dead, silent, or the same to everybody. None of them earns a pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use y2w_scenarios::conformance::{Result, Target, Verdict, all, run};
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Harm, NotInflicted, Sim, World, in_virtual_time};
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{ByteStream, Streams};

/// A business API that is none.
#[derive(Clone, Copy, Debug)]
enum Business {
    /// Nobody listens.
    Dead,
    /// Takes every request, and never answers.
    Silent,
    /// The same status and body for all.
    Says(u16, &'static str),
    /// 200, and the body that was sent.
    Echoes,
}

impl HttpTransport for Business {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, std::result::Result<Response<Bytes>, String>> {
        let answer = |status, body| Ok(Response::builder().status(status).body(body).unwrap());
        Box::pin(async move {
            match *self {
                Self::Dead => Err("connection refused".to_owned()),
                Self::Silent => pending().await,
                Self::Says(status, body) => answer(status, Bytes::from_static(body.as_bytes())),
                Self::Echoes => answer(200, request.into_body()),
            }
        })
    }
}

/// A push server that is none.
#[derive(Clone, Copy, Debug)]
enum Push {
    /// Nobody listens.
    Dead,
    /// Takes everything in, and says nothing.
    Silent,
    /// Closes each connection once something comes.
    Closes,
    /// Gives back each byte.
    Echoes,
    /// Accepts whoever comes, and says nothing more.
    Accepts,
}

/// CONNACK with code 0, and the accept on the topic of a user.
const ACCEPTED: &[u8] = b"\x20\x02\x00\x00\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":11}";

impl Push {
    async fn serve(self, mut stream: DuplexStream) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut bytes).await {
            match self {
                Self::Dead | Self::Silent => (),
                Self::Closes => return,
                Self::Echoes => stream.write_all(&bytes[..count]).await.unwrap_or_default(),
                // Once: a second answer would be one to the next packet.
                Self::Accepts if bytes[0] == 0x10 => stream.write_all(ACCEPTED).await.unwrap_or_default(),
                Self::Accepts => (),
            }
        }
    }
}

struct Nowhere {
    http: Arc<dyn HttpTransport>,
    push: Push,
    /// The real one, for what is not degenerate.
    real: Option<Sim>,
    opened: Arc<AtomicUsize>,
    base_url: String,
}

impl Nowhere {
    fn new(http: Arc<dyn HttpTransport>, push: Push) -> Self {
        let base_url = "http://nowhere".to_owned();
        Self { http, push, real: None, opened: Arc::default(), base_url }
    }
}

struct Pipes(Push, Arc<AtomicUsize>);

impl Streams for Pipes {
    fn address(&self, _: &GateData) -> std::result::Result<String, String> {
        Ok("ws://nowhere:80/".to_owned())
    }

    fn open(&self, _: &str) -> BoxFuture<'static, std::result::Result<Box<dyn ByteStream>, String>> {
        let push = self.0;
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if matches!(push, Push::Dead) {
                return Err("connection refused".to_owned());
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            #[expect(clippy::disallowed_methods, reason = "the other end, which ends with the stream")]
            tokio::spawn(push.serve(theirs));
            Ok(Box::new(ours) as Box<dyn ByteStream>)
        })
    }
}

impl World for Nowhere {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn clock(&self) -> Clock {
        self.real.as_ref().map_or_else(Clock::system, World::clock)
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.http.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(Pipes(self.push, self.opened.clone()))
    }

    fn websockets(&self) -> Arc<dyn Streams> {
        self.streams()
    }

    fn neighbour(&self) -> Option<String> {
        match &self.real {
            Some(real) => real.neighbour(),
            None => Some(self.base_url.clone()),
        }
    }

    fn inflict(&self, _: Harm) -> BoxFuture<'_, std::result::Result<(), NotInflicted>> {
        Box::pin(async { Ok(()) })
    }
}

/// Nothing passed, and nothing was too much for the suite.
fn earned_nothing(results: &[Result], server: &str) {
    let passed: Vec<&str> =
        results.iter().filter(|one| one.verdict == Verdict::Pass).map(|one| &*one.case).collect();
    assert_eq!(passed, [""; 0], "against a server that {server}");
    let wrong = results.iter().find(|one| one.verdict == Verdict::HarnessError);
    assert!(wrong.is_none(), "against a server that {server}: {wrong:?}");
}

#[test]
fn a_business_api_that_is_none_earns_no_pass() {
    for business in [
        Business::Dead,
        Business::Silent,
        Business::Says(200, "{}"),
        Business::Says(200, "[]"),
        Business::Says(200, "null"),
        Business::Says(200, r#"{"total_count":0,"entries":[]}"#),
        Business::Says(404, "{}"),
        Business::Says(404, r#"{"status":404,"error":"not_found","message":"no"}"#),
        Business::Says(401, r#"{"status":401,"error":"invalid_token","message":"no"}"#),
        Business::Says(403, "{}"),
        Business::Says(500, ""),
        Business::Echoes,
    ] {
        let target = Target::in_virtual_time(Arc::new(Nowhere::new(Arc::new(business), Push::Silent)));
        let results = in_virtual_time(run(&all(), &target, "test", 16, |_| ()));
        earned_nothing(&results, &format!("{business:?}"));
    }
}

#[tokio::test]
async fn a_server_that_closes_after_each_request_earns_no_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server, which ends with the test")]
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // As much as has come is read, so that closing does not look like a reset.
            drop(stream.read(&mut [0; 4096]).await);
        }
    });
    let http = Arc::new(HyperHttp::new());
    let world = Nowhere { base_url: format!("http://{address}"), ..Nowhere::new(http, Push::Closes) };
    let results = run(&all(), &Target::on_sockets(Arc::new(world)), "test", 16, |_| ()).await;
    earned_nothing(&results, "closes after each request");
    server.abort();
}

#[test]
fn a_push_server_that_is_none_earns_no_pass_where_it_was_asked() {
    let real = || Sim::new(&Plan::of_server(&[]).unwrap());
    for push in [Push::Dead, Push::Silent, Push::Closes, Push::Echoes, Push::Accepts] {
        let opened = Arc::new(AtomicUsize::new(0));
        let mut asked = Vec::new();
        in_virtual_time(async {
            let real = real();
            let (http, base_url) = (real.http(), real.base_url().to_owned());
            let world =
                Nowhere { real: Some(real), base_url, opened: opened.clone(), ..Nowhere::new(http, push) };
            let target = Target::in_virtual_time(Arc::new(world));
            for case in all() {
                let before = opened.load(Ordering::Relaxed);
                let results = run(&[case], &target, "test", 1, |_| ()).await;
                if opened.load(Ordering::Relaxed) > before {
                    asked.extend(results);
                }
            }
        });
        assert!(asked.len() > 100, "{} cases asked for a push connection", asked.len());
        earned_nothing(&asked, &format!("{push:?}"));
    }
}

#[test]
fn the_accept_of_the_push_server_that_is_none_is_one() {
    let payload = br#"{"returnCode":11}"#;
    assert!(ACCEPTED.ends_with(payload));
    assert_eq!(usize::from(ACCEPTED[5]), ACCEPTED.len() - 6, "the length of the PUBLISH");
}
