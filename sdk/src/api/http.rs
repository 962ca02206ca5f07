//! HTTP by reqwest, with one pool of connections for all users of a process.

use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::HttpTransport;
use crate::tls::Tls;

/// Sends requests over real networks. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct ReqwestHttp {
    client: reqwest::Client,
}

impl ReqwestHttp {
    /// A client with its own pool that trusts whom the platform trusts.
    pub fn new() -> Result<Self, String> {
        Self::with_tls(&Tls::system())
    }

    /// A client with its own pool and this trust for `https`.
    pub fn with_tls(tls: &Tls) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls.config()).clone())
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| brief(&e))?;
        Ok(Self { client })
    }
}

impl HttpTransport for ReqwestHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(|e| brief(&e))?;
            let response = self.client.execute(request).await.map_err(|e| brief(&e))?;
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            *answer.body_mut() = response.bytes().await.map_err(|e| brief(&e))?;
            Ok(answer)
        })
    }
}

/// Where it went wrong and the innermost cause: reqwest keeps the telling part, as `Connection refused`, there.
fn brief(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.url() {
        Some(url) => format!("{}: {cause}", url.origin().ascii_serialization()),
        None => cause.to_string(),
    }
}
