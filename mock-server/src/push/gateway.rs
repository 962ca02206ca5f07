//! Push connections from the listeners. Rules `CONN-TCP`, `CONN-WEBSOCKET`.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::addresses::Addresses;
use super::{Pushes, websocket};
use crate::listen;

/// Serves a listener for MQTT over TCP until `stop`; its connections end with it.
pub(crate) async fn tcp(
    pushes: Pushes,
    addresses: Arc<Addresses>,
    listener: TcpListener,
    stop: CancellationToken,
) {
    let left = listen::run(listener, stop, |mut stream, ip| {
        let place = addresses.place(ip)?;
        let pushes = pushes.clone();
        Some(async move {
            let _place = place;
            super::serve(&pushes, &mut stream).await;
        })
    });
    left.await.shutdown().await;
}

/// Serves a listener for MQTT over WebSocket until `stop`; its connections end with it.
pub(crate) async fn websocket(
    pushes: Pushes,
    addresses: Arc<Addresses>,
    listener: TcpListener,
    stop: CancellationToken,
) {
    let left = listen::run(listener, stop, |stream, ip| {
        let place = addresses.place(ip)?;
        let pushes = pushes.clone();
        Some(async move {
            let _place = place;
            websocket::serve(&pushes, stream).await;
        })
    });
    left.await.shutdown().await;
}
