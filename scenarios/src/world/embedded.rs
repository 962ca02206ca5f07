//! The world on this machine: the server on real loopback sockets, on ports of the system's choosing, in real time. What
//! the simulated world leaves out is here: HTTP with its connections, TCP with its buffers, several threads.
//!
//! Life: [`Embedded::start`] starts the server with the plan's quirks; dropping the world ends it. A server that is
//! stopped and started again listens where it did before. It has a data directory where the plan has need of one, which
//! is gone with the world.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use y2w_mock_server::{MockServer, MockServerBuilder, StartError};
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::push::{Mqtt, Streams};

use super::sim::{builder, harm_ours};
use super::{Harm, NotInflicted, World, next_door};
use crate::chance;
use crate::plan::Plan;

/// See the module's text.
pub struct Embedded {
    plan: Plan,
    base_url: String,
    places: Places,
    http: Arc<HyperHttp>,
    clock: Clock,
    data: Option<DataDir>,
    /// The server while it runs, and how many there were.
    server: Mutex<(Option<MockServer>, u32)>,
}

/// Where a server listens.
#[derive(Clone, Copy)]
struct Places {
    http: SocketAddr,
    push: SocketAddr,
    websocket: SocketAddr,
}

impl Embedded {
    /// A fresh server with the plan's quirks.
    pub async fn start(plan: &Plan) -> Result<Self, StartError> {
        let clock = Clock::system();
        let data = plan.wants_journal().then(|| DataDir::new(clock));
        let server = with_data(builder(plan, 0, clock), data.as_ref()).start().await?;
        let http = Arc::new(HyperHttp::new());
        let places =
            Places { http: server.http_addr(), push: server.push_addr(), websocket: server.websocket_addr() };
        Ok(Self {
            plan: plan.clone(),
            base_url: server.http_url(),
            places,
            http,
            clock,
            data,
            server: Mutex::new((Some(server), 1)),
        })
    }

    async fn start_again(&self, journal: bool) -> Result<(), NotInflicted> {
        let start = {
            let mut server = self.server.lock();
            if server.0.is_some() {
                return Ok(());
            }
            server.1 += 1;
            server.1 - 1
        };
        if !journal && let Some(data) = &self.data {
            data.remove();
        }
        let Places { http, push, websocket } = self.places;
        let builder = builder(&self.plan, start, self.clock).http(http).push(push).websocket(websocket);
        let server = with_data(builder, self.data.as_ref()).start().await;
        self.server.lock().0 = Some(server.map_err(|error| NotInflicted(error.to_string()))?);
        Ok(())
    }
}

fn with_data(builder: MockServerBuilder, data: Option<&DataDir>) -> MockServerBuilder {
    data.iter().fold(builder, |builder, data| builder.data_dir(&data.0))
}

/// A directory that is gone when this is dropped.
struct DataDir(PathBuf);

impl DataDir {
    /// One of its own: for each world of each process.
    fn new(clock: Clock) -> Self {
        static WORLDS: AtomicU32 = AtomicU32::new(0);
        let world = WORLDS.fetch_add(1, Ordering::Relaxed);
        let id = chance::draw(clock.micros(), (std::process::id(), world));
        Self(std::env::temp_dir().join(format!("y2w-world-{id:016x}")))
    }

    fn remove(&self) {
        // What cannot be removed is left to whoever cleans the place for such things.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        self.remove();
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

    fn neighbour(&self) -> Option<String> {
        self.plan.neighbour.then(|| next_door::url(self.base_url()))
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        Box::pin(async move {
            match harm {
                Harm::Stop => {
                    let server = self.server.lock().0.take();
                    if let Some(server) = server {
                        server.shutdown().await;
                    }
                }
                Harm::Start { journal } => self.start_again(journal).await?,
                harm => {
                    if let Some(server) = &self.server.lock().0 {
                        harm_ours(server.backend(), &harm);
                    }
                }
            }
            Ok(())
        })
    }
}
