//! Takes connections from a listener and owns their tasks.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Serves each connection in a task of its own until `stop`, or closes it where there is nothing to serve; then gives back
/// the connections that are left.
pub(crate) async fn run<F>(
    listener: TcpListener,
    stop: CancellationToken,
    serve: impl Fn(TcpStream, IpAddr) -> Option<F>,
) -> JoinSet<()>
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
            Ok((stream, peer)) => {
                // What goes out is small, and its receiver waits for it.
                let _ = stream.set_nodelay(true);
                if let Some(served) = serve(stream, peer.ip()) {
                    connections.spawn(served);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
    connections
}

/// Out of file descriptors, most likely: to try again at once would only keep the machine busy.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
