//! The world of somebody else's server, at a URL: over real networks, in real time. Gate and token endpoint are asked
//! as any client does; push connections go over TCP, with TLS where the gate says so.
//!
//! Others may use that server, so that the accounts of a play are its own: each has the run's id in its name. The id is
//! drawn from the plan's seed and the time of day, since a server keeps the accounts of the play before.
//!
//! What only an operator can inflict on a server needs its control API, as a mock server has it. Without one it is not
//! inflicted, and said. What a control API inflicts on all (a restart of the push side, for one) hits the others too.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::push::{Mqtt, Streams};
use y2w_sdk::{ClientConfig, ConfigError};

use super::{Control, Harm, NotInflicted, World};
use crate::chance;

/// See the module's text.
pub struct Remote {
    base_url: String,
    control: Option<Control>,
    http: Arc<dyn HttpTransport>,
    clock: Clock,
    run: String,
    neighbour: Option<String>,
}

/// Requests that are sent at an even pace.
struct Paced {
    http: Arc<dyn HttpTransport>,
    clock: Clock,
    every: Duration,
    /// When the next one may be sent.
    next: Mutex<Duration>,
}

impl HttpTransport for Paced {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let now = self.clock.elapsed();
        let wait = {
            let mut next = self.next.lock();
            let turn = (*next).max(now);
            *next = turn + self.every;
            turn - now
        };
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            self.http.send(request).await
        })
    }
}

impl Remote {
    /// The server whose business API is at `target`, with its control API, if it has one. Nothing is asked yet.
    pub fn new(target: &str, control: Option<&str>, seed: u64) -> Result<Self, ConfigError> {
        let http: Arc<dyn HttpTransport> = Arc::new(HyperHttp::new());
        for url in std::iter::once(target).chain(control) {
            ClientConfig::with_transports(url, http.clone(), Arc::new(Mqtt::tcp()))?;
        }
        let clock = Clock::system();
        let run = format!("{:012x}", chance::draw(seed, ("run", clock.micros())) >> 16);
        Ok(Self {
            base_url: target.trim_end_matches('/').to_owned(),
            control: control.map(|url| Control::new(url, http.clone())),
            http,
            clock,
            run,
            neighbour: None,
        })
    }

    /// With the business API of another app of the same server there.
    pub fn with_neighbour(self, base_url: String) -> Self {
        Self { neighbour: Some(base_url), ..self }
    }

    /// With at most so many requests a second, at an even pace.
    pub fn paced(self, per_second: u32) -> Self {
        let every = Duration::from_secs(1) / per_second.max(1);
        let paced = Paced { http: self.http, clock: self.clock, every, next: Mutex::default() };
        Self { http: Arc::new(paced), ..self }
    }

    /// What tells the accounts of this run from those of others.
    pub fn run(&self) -> &str {
        &self.run
    }
}

impl World for Remote {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn account(&self, name: &str) -> String {
        format!("{name}-{}@example.org", self.run)
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.http.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(Mqtt::tcp())
    }

    fn neighbour(&self) -> Option<String> {
        self.neighbour.clone()
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        Box::pin(async move {
            match &self.control {
                Some(control) => control.inflict(&harm).await,
                None => Err(NotInflicted("only the server's control API could do that".to_owned())),
            }
        })
    }
}
