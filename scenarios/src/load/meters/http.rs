//! Requests, measured: a transport around a transport.
//!
//! A process has only so many files, and a request that finds no connection free opens one. So no more requests are under
//! way than there may be connections; the others wait their turn, as they would for a connection of a pool. What a
//! request waited is the generator's own lateness, and is noted as such; its service time does not have it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;

use super::Meters;
use super::routes::Asked;

/// Sends requests by another transport, and measures each: service time, sizes, whether it failed.
pub(in crate::load) struct MeteredHttp {
    inner: Arc<dyn HttpTransport>,
    meters: Arc<Meters>,
    clock: Clock,
    connections: Semaphore,
}

impl MeteredHttp {
    pub(in crate::load) fn new(
        inner: Arc<dyn HttpTransport>,
        meters: Arc<Meters>,
        clock: Clock,
        connections: usize,
    ) -> Self {
        Self { inner, meters, clock, connections: Semaphore::new(connections.max(1)) }
    }

    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(turn) = self.connections.try_acquire() {
            return Some(turn);
        }
        let since = self.clock.elapsed();
        let turn = self.connections.acquire().await.ok();
        self.meters.late(micros(self.clock.elapsed() - since));
        turn
    }
}

impl HttpTransport for MeteredHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let sent = (method.as_str().len() + uri.path().len() + request.body().len()) as u64
            + headers(request.headers());
        Box::pin(async move {
            let _turn = self.turn().await;
            let begun = self.clock.elapsed();
            let answer = self.inner.send(request).await;
            let micros = micros(self.clock.elapsed() - begun);
            let (failed, received) = match &answer {
                Ok(answer) => {
                    let size = answer.body().len() as u64 + headers(answer.headers());
                    (answer.status().is_server_error(), size)
                }
                Err(_) => (true, 0),
            };
            self.meters.routes.record(&Asked {
                method: &method,
                path: uri.path(),
                micros,
                failed,
                sent,
                received,
            });
            match &answer {
                Ok(answer) if failed => self.meters.error("answers of 500 and more", || {
                    format!("{method} {} was answered with {}", uri.path(), answer.status())
                }),
                Err(why) => self
                    .meters
                    .error("requests without an answer", || format!("{method} {}: {why}", uri.path())),
                Ok(_) => {}
            }
            answer
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The size of a head: names, values, and what stands between them.
fn headers(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
