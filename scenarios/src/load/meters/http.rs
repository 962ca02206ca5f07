//! Requests, measured: a transport around a transport.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;

use super::Meters;
use super::routes::Asked;

/// Sends requests by another transport, and measures each: service time, sizes, whether it failed.
pub(in crate::load) struct MeteredHttp {
    inner: Arc<dyn HttpTransport>,
    meters: Arc<Meters>,
    clock: Clock,
}

impl MeteredHttp {
    pub(in crate::load) fn new(inner: Arc<dyn HttpTransport>, meters: Arc<Meters>, clock: Clock) -> Self {
        Self { inner, meters, clock }
    }
}

impl HttpTransport for MeteredHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let sent = (method.as_str().len() + uri.path().len() + request.body().len()) as u64
            + headers(request.headers());
        let begun = self.clock.elapsed();
        let answer = self.inner.send(request);
        Box::pin(async move {
            let answer = answer.await;
            let micros = u64::try_from((self.clock.elapsed() - begun).as_micros()).unwrap_or(u64::MAX);
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

/// The size of a head: names, values, and what stands between them.
fn headers(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
