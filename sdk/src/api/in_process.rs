//! HTTP without sockets: requests go to a service in the same process, as an `axum::Router` is one. For simulation and
//! for tests in virtual time.

use std::convert::Infallible;
use std::fmt::Display;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::HttpTransport;

/// Calls a service for each request. Dropping a call's future drops the service's, as a server notices that its peer has
/// gone.
///
/// ```
/// use std::sync::Arc;
/// use y2w_sdk::ClientConfig;
/// use y2w_sdk::api::InProcessHttp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), y2w_sdk::ConfigError> {
/// // The mock server without its sockets; any axum router will do.
/// let server = y2w_mock_server::MockServer::builder().backend();
/// let http = Arc::new(InProcessHttp::new(server.router()));
/// let config = ClientConfig::new("http://server")?.http(http);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct InProcessHttp<S> {
    service: S,
}

impl<S> InProcessHttp<S> {
    /// Calls clones of this service.
    pub fn new(service: S) -> Self {
        Self { service }
    }
}

impl<S, Out> HttpTransport for InProcessHttp<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<Out>, Error = Infallible> + Clone + Send + Sync,
    S::Future: Send,
    Out: Body<Data = Bytes> + Send,
    Out::Error: Display,
{
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(async move {
            let mut service = self.service.clone();
            let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
            let Ok(response) = service.call(request.map(Full::new)).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| e.to_string())?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};
    use std::task::{Context, Poll};

    use super::*;

    #[derive(Clone)]
    struct Echo;

    impl Service<Request<Full<Bytes>>> for Echo {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
            let (parts, body) = request.into_parts();
            let mut response = Response::new(body);
            response.headers_mut().insert("path", parts.uri.path().parse().unwrap());
            ready(Ok(response))
        }
    }

    #[tokio::test]
    async fn a_request_reaches_the_service_and_its_answer_comes_back() {
        let http = InProcessHttp::new(Echo);
        let request = Request::post("http://nowhere/v1/x").body(Bytes::from_static(b"a=b")).unwrap();
        let response = http.send(request).await.unwrap();
        assert_eq!(response.headers()["path"], "/v1/x");
        assert_eq!(response.body(), &Bytes::from_static(b"a=b"));
    }
}
