//! Push connections from the listeners. Rules `CONN-TCP`, `CONN-WEBSOCKET`.

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Pushes, websocket};
use crate::listen;

/// Serves a listener for MQTT over TCP until `stop`.
pub(crate) async fn tcp(pushes: Pushes, listener: TcpListener, stop: CancellationToken) {
    let serve = |stream| {
        let (pushes, stop) = (pushes.clone(), stop.clone());
        async move { super::serve(&pushes, stream, &stop).await }
    };
    listen::run(listener, stop.clone(), serve).await;
}

/// Serves a listener for MQTT over WebSocket until `stop`.
pub(crate) async fn websocket(pushes: Pushes, listener: TcpListener, stop: CancellationToken) {
    let serve = |stream| {
        let (pushes, stop) = (pushes.clone(), stop.clone());
        async move { websocket::serve(&pushes, stream, &stop).await }
    };
    listen::run(listener, stop.clone(), serve).await;
}
