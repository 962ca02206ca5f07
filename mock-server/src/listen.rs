//! Takes connections from a listener and owns their tasks.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Serves each connection in a task of its own until `stop`; then waits for the connections, which have seen it too.
pub(crate) async fn run<F>(listener: TcpListener, stop: CancellationToken, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // What goes out is small, and its receiver waits for it.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve(stream));
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Out of file descriptors, most likely: to try again at once would only keep the machine busy.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
