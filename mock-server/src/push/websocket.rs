//! A push connection inside of a WebSocket: one stream of bytes each way, cut into binary frames anywhere. Rules
//! `CONN-WEBSOCKET`, `CONN-WEBSOCKET-MQTT`, `CONN-WEBSOCKET-FRAMES`, `CONN-WEBSOCKET-BINARY`.
//!
//! Behind the frames is the same connection as over TCP. Pings are answered by the library and are no sign of life to
//! the MQTT keep-alive, which counts packets.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::header::{CONTENT_TYPE, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderValue, StatusCode};
use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use y2w_sdk::protocol::limits::PACKET_MAX;
use y2w_sdk::protocol::rest::ErrorBody;

use super::Pushes;
use super::connection::LINGER;

/// The sub-protocols that are spoken, in their names. Rules `CONN-WEBSOCKET`, `CONN-WEBSOCKET-MQTT`.
const SUB_PROTOCOLS: [&str; 2] = ["mqttv3.1", "mqtt"];
/// Largest message that is read, in bytes: a packet, and what may have been put beside it.
const MESSAGE_MAX: usize = 2 * PACKET_MAX;
/// Kept for each connection as long as it lives; most that comes is a command of some hundred bytes.
const READ_BUFFER: usize = 2 * 1024;

/// Serves one connection to its end: the handshake first, within the deadline of a CONNECT.
pub(crate) async fn serve<S>(pushes: &Pushes, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = match timeout(pushes.config().connect_deadline, Box::pin(open(stream))).await {
        Ok(Ok(frames)) => frames,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no WebSocket was opened");
            return;
        }
        Err(_) => return,
    };
    super::serve(pushes, &mut frames).await;
    frames.say_why().await;
}

async fn open<S>(stream: S) -> Result<Frames<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Nothing waits to be written: packets come here already put together.
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let socket = tokio_tungstenite::accept_hdr_async_with_config(stream, agree, Some(config)).await?;
    Ok(Frames { socket, input: Bytes::new(), fault: None })
}

/// Checks a handshake, and names the first sub-protocol of the client's that is spoken here.
#[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if request.uri().path() != "/" {
        return Err(refusal(StatusCode::NOT_FOUND, "not_found", "the push server is at /"));
    }
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|names| names.split(','));
    let spoken = offered.find_map(|name| SUB_PROTOCOLS.into_iter().find(|known| *known == name.trim()));
    let Some(spoken) = spoken else {
        let message = "the sub-protocol is mqttv3.1 or mqtt";
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_request", message));
    };
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(spoken));
    Ok(response)
}

fn refusal(status: StatusCode, error: &str, message: &str) -> ErrorResponse {
    let body = ErrorBody { status: status.as_u16(), error: error.to_owned(), message: message.to_owned() };
    let mut refusal = ErrorResponse::new(serde_json::to_string(&body).ok());
    *refusal.status_mut() = status;
    refusal.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    refusal
}

/// The bytes in a WebSocket's binary frames.
struct Frames<S> {
    socket: WebSocketStream<S>,
    /// What is left of the frame that is being read.
    input: Bytes,
    /// What the client did that ends the connection.
    fault: Option<CloseCode>,
}

impl<S> Frames<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Tells a client whose frames could not be taken why it is closed; to any other, all has been said.
    async fn say_why(&mut self) {
        if let Some(code) = self.fault {
            let close = CloseFrame { code, reason: "not what this server takes".into() };
            // If it does not hear it, the end of the connection says enough.
            let _ = timeout(LINGER, self.socket.close(Some(close))).await;
        }
    }
}

impl<S> AsyncRead for Frames<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // An empty frame is no end.
        while self.input.is_empty() {
            match ready!(self.socket.poll_next_unpin(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(Message::Binary(bytes))) => self.input = bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => (),
                Some(Ok(Message::Text(_) | Message::Frame(_))) => {
                    self.fault = Some(CloseCode::Unsupported);
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::InvalidData)));
                }
                Some(Err(error)) => {
                    self.fault = fault_in(&error);
                    return Poll::Ready(Err(to_io(error)));
                }
            }
        }
        let taken = self.input.len().min(buf.remaining());
        buf.put_slice(&self.input[..taken]);
        self.input.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl<S> AsyncWrite for Frames<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.socket.poll_ready_unpin(cx)).map_err(to_io)?;
        let frame = Message::Binary(Bytes::copy_from_slice(bytes));
        self.socket.start_send_unpin(frame).map_err(to_io)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_flush_unpin(cx).map_err(to_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_close_unpin(cx).map_err(to_io)
    }
}

fn fault_in(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::Size),
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        _ => None,
    }
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

#[cfg(test)]
#[path = "websocket_tests.rs"]
mod tests;
