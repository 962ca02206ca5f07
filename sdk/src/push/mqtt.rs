//! MQTT over TCP, by rumqttc.
//!
//! Each connection has one task that polls rumqttc's loop and does nothing else, since a loop that is not polled
//! neither reads nor pings. The loop reconnects by itself if polled after an error; it never is: reconnecting is the
//! [`Connection`](super::Connection)'s decision. The task ends when the [`PushLink`] is dropped.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::mqttbytes::v4::ConnectReturnCode;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions, Packet, QoS, StateError,
};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::gate::tcp_address;
use super::{Connect, ConnectError, PushLink, PushTransport, Uplink};
use crate::protocol::rest::GateData;
use crate::protocol::{ConnectionReturnCode, limits};

/// Payloads from the server that wait for the client; when it is full, TCP holds the server back.
const DOWNLINK_QUEUE: usize = 32;
/// Publishes that wait for the network.
const UPLINK_QUEUE: usize = 32;

/// Opens push connections over TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct MqttTcp;

impl PushTransport for MqttTcp {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        let (host, port) = tcp_address(gate)?;
        Ok(format!("tcp://{host}:{port}"))
    }

    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>> {
        Box::pin(open(connect))
    }
}

struct RumqttcUplink {
    client: AsyncClient,
    _poller: AbortOnDropHandle<()>,
}

impl Uplink for RumqttcUplink {
    fn publish(&self, topic: String, payload: Vec<u8>) {
        if let Err(error) = self.client.try_publish(topic, QoS::AtMostOnce, false, payload) {
            tracing::debug!(%error, "a publish was not taken");
        }
    }

    fn disconnect(&self) {
        if let Err(error) = self.client.try_disconnect() {
            tracing::debug!(%error, "a goodbye was not taken");
        }
    }
}

async fn open(connect: Connect) -> Result<PushLink, ConnectError> {
    let (host, port) = tcp_address(&GateData { region: String::new(), url: connect.url, tcp: None })
        .map_err(ConnectError::Network)?;
    let mut options = MqttOptions::new(connect.client_id, host, port);
    options
        .set_credentials(connect.uid, connect.im_token)
        .set_clean_session(true)
        .set_keep_alive(connect.keep_alive)
        .set_inflight(1)
        .set_max_packet_size(limits::PACKET_MAX, limits::PACKET_MAX);
    let (client, mut event_loop) = AsyncClient::new(options, UPLINK_QUEUE);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    event_loop.set_network_options(network);
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => break,
            Ok(_) => {}
            Err(error) => return Err(connect_error(&error)),
        }
    }
    let (payloads, downlink) = mpsc::channel(DOWNLINK_QUEUE);
    #[expect(clippy::disallowed_methods, reason = "rumqttc's loop needs a task of its own; the link owns it")]
    let poller = tokio::spawn(poll(event_loop, payloads));
    let uplink = RumqttcUplink { client, _poller: AbortOnDropHandle::new(poller) };
    Ok(PushLink { uplink: Box::new(uplink), downlink })
}

async fn poll(mut event_loop: EventLoop, payloads: mpsc::Sender<Bytes>) {
    loop {
        match event_loop.poll().await {
            Ok(event) => {
                if pass_on(event, &payloads).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "push connection lost");
                // What arrived together with the end, as the notice of a kick, is still in the loop's queue.
                for event in std::mem::take(&mut event_loop.state.events) {
                    if pass_on(event, &payloads).await.is_err() {
                        return;
                    }
                }
                return;
            }
        }
    }
}

/// Hands a PUBLISH's payload on; an error if nobody listens any more.
async fn pass_on(event: Event, payloads: &mpsc::Sender<Bytes>) -> Result<(), mpsc::error::SendError<Bytes>> {
    match event {
        Event::Incoming(Packet::Publish(publish)) => payloads.send(publish.payload).await,
        _ => Ok(()),
    }
}

fn connect_error(error: &ConnectionError) -> ConnectError {
    let code = match error {
        ConnectionError::ConnectionRefused(code) => match code {
            ConnectReturnCode::Success => 0,
            ConnectReturnCode::RefusedProtocolVersion => 1,
            ConnectReturnCode::BadClientId => 2,
            ConnectReturnCode::ServiceUnavailable => 3,
            ConnectReturnCode::BadUserNamePassword => 4,
            ConnectReturnCode::NotAuthorized => 5,
        },
        // A CONNACK above 5 is not in MQTT's table: 6, 7, 10 and 99 arrive this way.
        ConnectionError::MqttState(StateError::Deserialization(CodecError::InvalidConnectReturnCode(
            code,
        ))) => u32::from(*code),
        other => return ConnectError::Network(other.to_string()),
    };
    ConnectError::Refused(ConnectionReturnCode(code))
}
