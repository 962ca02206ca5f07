//! Push connections from the listeners. Rules `CONN-TCP`, `CONN-WEBSOCKET`.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Push, websocket};
use crate::listen;

/// Serves a listener for MQTT over TCP until `stop`.
pub(crate) async fn tcp(push: Arc<Push>, listener: TcpListener, stop: CancellationToken) {
    let serve = |stream| {
        let (push, stop) = (push.clone(), stop.clone());
        async move { super::serve(&push, stream, &stop).await }
    };
    listen::run(listener, stop.clone(), serve).await;
}

/// Serves a listener for MQTT over WebSocket until `stop`.
pub(crate) async fn websocket(push: Arc<Push>, listener: TcpListener, stop: CancellationToken) {
    let serve = |stream| {
        let (push, stop) = (push.clone(), stop.clone());
        async move { websocket::serve(&push, stream, &stop).await }
    };
    listen::run(listener, stop.clone(), serve).await;
}
