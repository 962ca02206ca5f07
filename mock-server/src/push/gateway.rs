//! Takes MQTT connections from a TCP listener and owns their tasks. Rule `CONN-TCP`.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Push;

/// Serves the listener until `stop`; then ends every connection and returns.
pub(crate) async fn run(push: Arc<Push>, listener: TcpListener, stop: CancellationToken) {
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
                // A notice is small, and its receiver waits for it.
                let _ = stream.set_nodelay(true);
                let (push, stop) = (push.clone(), stop.clone());
                connections.spawn(async move { super::serve(&push, stream, &stop).await });
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
