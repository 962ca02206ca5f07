//! Takes push connections from a listener and owns their tasks. Rules `CONN-TCP`, `CONN-WEBSOCKET`.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Push, websocket};

/// What the packets on a listener's connections come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Nothing: MQTT over TCP.
    Tcp,
    /// The frames of a WebSocket.
    WebSocket,
}

/// Serves the listener until `stop`; then ends every connection and returns.
pub(crate) async fn run(push: Arc<Push>, listener: TcpListener, carrier: Carrier, stop: CancellationToken) {
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
                match carrier {
                    Carrier::Tcp => {
                        connections.spawn(async move { super::serve(&push, stream, &stop).await });
                    }
                    Carrier::WebSocket => {
                        connections.spawn(async move { websocket::serve(&push, stream, &stop).await });
                    }
                }
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
