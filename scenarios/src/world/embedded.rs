//! The world on this machine: the server on real loopback sockets, on ports of the system's choosing, in real time. What
//! the simulated world leaves out is here: HTTP with its connections, TCP with its buffers, several threads.
//!
//! Life: [`Embedded::start`] starts the server with the plan's quirks; dropping the world ends it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use thiserror::Error;
use y2w_mock_server::{MockServer, StartError};
use y2w_sdk::api::{HttpTransport, ReqwestHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::push::{Mqtt, Streams};

use super::sim::{builder, harm_ours};
use super::{Harm, NotInflicted, World};
use crate::plan::Plan;

/// See the module's text.
pub struct Embedded {
    server: MockServer,
    base_url: String,
    http: Arc<ReqwestHttp>,
    clock: Clock,
}

/// Why the machine does not let a world be.
#[derive(Debug, Error)]
pub enum NoWorld {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// HTTP cannot be set up.
    #[error("HTTP cannot be set up: {0}")]
    Http(String),
}

impl Embedded {
    /// A fresh server with the plan's quirks.
    pub async fn start(plan: &Plan) -> Result<Self, NoWorld> {
        let clock = Clock::system();
        let server = builder(plan, clock).start().await?;
        let http = Arc::new(ReqwestHttp::new().map_err(NoWorld::Http)?);
        Ok(Self { base_url: server.http_url(), server, http, clock })
    }
}

impl World for Embedded {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.http.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(Mqtt::tcp())
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        harm_ours(self.server.backend(), &harm);
        Box::pin(std::future::ready(Ok(())))
    }
}
