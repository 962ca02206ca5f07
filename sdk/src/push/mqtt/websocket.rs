//! MQTT in WebSocket: one byte stream each way, cut into binary frames anywhere. Rule `CONN-WEBSOCKET`.

use std::future::ready;
use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};

use super::Wire;
use crate::push::ByteStream;
use crate::push::gate::Address;

/// The name that servers of 2016 know, then the registered one. Rules `CONN-WEBSOCKET`, `CONN-WEBSOCKET-MQTT`.
const SUB_PROTOCOLS: HeaderValue = HeaderValue::from_static("mqttv3.1, mqtt");
/// Kept for each connection as long as it lives; most that comes is a notice of some hundred bytes.
const READ_BUFFER: usize = 2 * 1024;

/// Makes the handshake. A server that names neither sub-protocol is refused.
pub(super) async fn open(socket: Box<dyn ByteStream>, address: &Address) -> Result<Wire, String> {
    let failed = |error: Error| format!("no WebSocket: {error}");
    let mut request = address.to_string().into_client_request().map_err(failed)?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, SUB_PROTOCOLS);
    // Nothing waits to be written: packets come here already put together.
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
    let opening = tokio_tungstenite::client_async_with_config(request, socket, Some(config));
    let (socket, _) = Box::pin(opening).await.map_err(failed)?;

    let (frames_out, frames_in) = socket.split();
    let bytes_in = frames_in.map_err(to_io).try_filter_map(|message| {
        ready(match message {
            Message::Binary(bytes) => Ok(Some(bytes)),
            Message::Text(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "MQTT in a text frame")),
            _ => Ok(None),
        })
    });
    let bytes_out =
        frames_out.sink_map_err(to_io).with(|bytes: Bytes| ready(io::Result::Ok(Message::Binary(bytes))));
    Ok(Wire {
        reader: Box::new(StreamReader::new(bytes_in)),
        writer: Box::new(SinkWriter::new(CopyToBytes::new(bytes_out))),
    })
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
