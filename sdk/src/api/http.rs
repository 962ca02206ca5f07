//! HTTP by hyper's client, with one pool of connections for all users of a process.

use std::time::Duration;

use ::http::{Request, Response, Uri};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::HttpTransport;
use crate::tls::Tls;

/// How long an attempt to connect may take, to all addresses of a name together.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// After so long without a request a connection is closed.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Sends requests over real networks: HTTP/1.1, no proxy, redirects are not followed. Cheap to clone; clones share the
/// connections.
#[derive(Clone, Debug)]
pub struct HyperHttp {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HyperHttp {
    /// A client with its own pool that trusts whom the platform trusts.
    pub fn new() -> Self {
        Self::with_tls(&Tls::system())
    }

    /// A client with its own pool and this trust for `https`.
    pub fn with_tls(tls: &Tls) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_MAX));
        let mut config = (*tls.config()).clone();
        // The connector asks for HTTP/1.1 by itself.
        config.alpn_protocols.clear();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            // Most bodies are small: to copy one behind its head costs less than to write two pieces.
            .http1_writev(false)
            .build(connector);
        Self { client }
    }
}

impl Default for HyperHttp {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpTransport for HyperHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(async move {
            let uri = request.uri().clone();
            let answer = self.client.request(request.map(Full::new)).await.map_err(|e| brief(&uri, &e))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|e| brief(&uri, &e))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        })
    }
}

/// Where it went wrong and the innermost cause, which is the telling part, as `Connection refused`.
fn brief(uri: &Uri, error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{authority}: {cause}"),
        _ => cause.to_string(),
    }
}
