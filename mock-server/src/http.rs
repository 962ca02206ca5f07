//! HTTP connections: the router behind a stream of bytes.
//!
//! A client has a bounded time for the head of a request; the time for its body is bounded where it is read. So no
//! connection is held open by a request that never ends. An answer that a fault has lost ends the connection.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{faults, listen};

/// From the end of one answer to the end of the next request's head. Idle connections count as well, so it is longer than
/// clients keep theirs: one that is closed just as it is used again costs a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(120);

/// For how long requests that are being answered at the end are waited for.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Serves the listener until `stop`; requests that are being answered then still get their answers, unless that takes too
/// long. Nothing of any connection is left when it returns.
pub async fn run(router: Router, listener: TcpListener, stop: CancellationToken) {
    let serve = |stream, peer| {
        let (router, stop) = (router.clone(), stop.clone());
        Some(async move { serve(router, stream, Some(peer), &stop).await })
    };
    let mut left = listen::run(listener, stop.clone(), serve).await;
    // They have seen it too.
    let ended = async { while left.join_next().await.is_some() {} };
    if timeout(END_PATIENCE, ended).await.is_err() {
        left.shutdown().await;
    }
}

/// The address that a request comes from: an extension of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

async fn serve<S>(router: Router, stream: S, peer: Option<IpAddr>, stop: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut http = http1::Builder::new();
    // Most answers are small: to copy one behind its head costs less than to write two pieces.
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).writev(false);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request| {
        if let Some(ip) = peer {
            hyper::Request::extensions_mut(&mut request).insert(Peer(ip));
        }
        let answered = router.call(request);
        async move {
            match answered.await {
                Ok(response) if faults::is_lost(&response) => Err(Lost),
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection broke");
    }
}

/// At which the connection is closed.
#[derive(Debug, Error)]
#[error("a fault has lost the answer")]
struct Lost;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;
    use tokio::time::sleep;
    use y2w_sdk::clock::Clock;
    use y2w_sdk::protocol::Timestamp;

    use super::*;

    struct Served {
        stream: DuplexStream,
        stop: CancellationToken,
        _task: JoinSet<()>,
    }

    fn serving(router: Router) -> Served {
        let (stream, theirs) = tokio::io::duplex(4_096);
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        let stopped = stop.clone();
        task.spawn(async move { serve(router, theirs, None, &stopped).await });
        Served { stream, stop, _task: task }
    }

    fn hello() -> Router {
        Router::new().route("/", get(async || "hello"))
    }

    async fn rest(stream: &mut DuplexStream) -> String {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        rest
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_waited_for_no_longer_than_that() {
        let clock = Clock::starting_at(Timestamp::MIN);
        for begun in ["", "GET / HTTP/1.1\r\nHost: y2w\r\nX-Slow: "] {
            let mut served = serving(hello());
            let started = clock.now();
            served.stream.write_all(begun.as_bytes()).await.unwrap();
            rest(&mut served.stream).await;
            assert_eq!(started.until(clock.now()), HEAD_PATIENCE);
        }
        let mut served = serving(hello());
        let started = clock.now();
        // A sign now and then does not help.
        while served.stream.write_all(b"X").await.is_ok() {
            sleep(Duration::from_secs(7)).await;
        }
        assert!(started.until(clock.now()) < HEAD_PATIENCE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_used_again_and_again() {
        let mut served = serving(hello());
        for _ in 0..3 {
            sleep(Duration::from_secs(90)).await;
            served.stream.write_all(b"GET / HTTP/1.1\r\nHost: y2w\r\n\r\n").await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"hello") {
                seen.push(served.stream.read_u8().await.unwrap());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_being_answered_when_the_server_stops_gets_the_answer() {
        let slow = async || {
            sleep(Duration::from_secs(3)).await;
            "late"
        };
        let mut served = serving(Router::new().route("/", get(slow)));
        served.stream.write_all(b"GET / HTTP/1.1\r\nHost: y2w\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        served.stop.cancel();
        assert!(rest(&mut served.stream).await.ends_with("late"));
    }

    /// Whoever starts the next server on the same data finds nobody at it any more.
    #[tokio::test]
    async fn nothing_is_left_of_requests_that_do_not_end() {
        let state = Arc::new(());
        let (began, mut begun) = mpsc::unbounded_channel();
        let held = state.clone();
        let endless = async move || {
            let _held = held;
            began.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(run(Router::new().route("/", get(endless)), listener, stop.clone()));
        let mut clients = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: y2w\r\n\r\n").await.unwrap();
            clients.push(stream);
            begun.recv().await.unwrap();
        }
        tokio::time::pause();
        stop.cancel();
        task.join_next().await.unwrap().unwrap();
        assert_eq!(Arc::strong_count(&state), 1);
    }
}
