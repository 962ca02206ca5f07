//! The tap: an MQTT broker on a port of its own, to which the traffic of the push server is mirrored, so that any stock
//! tool can watch it (`mosquitto_sub -t 'y2w/#' -v`). What is published to the tap reaches only those who watch it.
//!
//! The broker is rumqttd. It has threads of its own and no way to be ended: it lasts as long as the process. Between it
//! and the push server stand two bounded queues; when one is full, packets are left out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{Connect, Disconnect};
use rumqttd::local::{LinkRx, LinkTx};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::apps::Apps;
use crate::push::Mirrored;

/// A broker that listens.
pub(crate) struct Tap {
    to_broker: LinkTx,
    /// Nothing comes from it, but without it the broker would take us for gone.
    _from_broker: LinkRx,
}

/// How many packets may wait in each queue.
const QUEUE: usize = 4_096;
/// How long the broker may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);
/// What the topics come under that are no topics to publish on.
const OTHER: &str = "y2w/other";

impl Tap {
    /// Starts a broker at an address that is free.
    pub(crate) async fn open(addr: SocketAddr) -> io::Result<Self> {
        let mut broker = Broker::new(config(addr));
        let (to_broker, from_broker) =
            broker.link("the server that is mirrored").map_err(io::Error::other)?;
        std::thread::Builder::new().name("tap".to_owned()).spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!(%error, "the tap has ended");
            }
        })?;
        // It does not tell when it listens.
        let listens = async {
            while answers(addr).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        timeout(PATIENCE, listens).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        Ok(Self { to_broker, _from_broker: from_broker })
    }

    /// Mirrors until `stop`. The first app's topics stay as they are, those of others come under `apps/KEY`.
    pub(crate) async fn mirror(mut self, apps: Apps, stop: CancellationToken) {
        let (all, mut traffic) = mpsc::channel(QUEUE);
        let mut watched = tokio::task::JoinSet::new();
        for (n, app) in apps.all().enumerate() {
            let prefix =
                if n == 0 { String::new() } else { format!("{}/", &Apps::prefix(app.app_key())[1..]) };
            let mut of_app = app.mirror_pushes(QUEUE);
            let all = all.clone();
            watched.spawn(async move {
                while let Some(Mirrored { topic, payload }) = of_app.recv().await {
                    let topic = if is_topic(&topic) { topic } else { OTHER.to_owned() };
                    if all.send(Mirrored { topic: format!("{prefix}{topic}"), payload }).await.is_err() {
                        return;
                    }
                }
            });
        }
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = traffic.recv() => next,
            };
            let Some(Mirrored { topic, payload }) = next else {
                return;
            };
            if self.to_broker.buffer().len() < QUEUE {
                // Full is its queue of signals only: the packet is taken with the next one.
                let _ = self.to_broker.try_publish(topic, payload);
            }
        }
    }
}

/// Connects as any client does and leaves: a connection without that would be an error in the broker's log.
async fn answers(addr: SocketAddr) -> io::Result<()> {
    let mut hello = BytesMut::new();
    Connect::new("the server that starts").write(&mut hello).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(&hello).await?;
    stream.read_u32().await?;
    let mut goodbye = BytesMut::new();
    Disconnect.write(&mut goodbye).map_err(io::Error::other)?;
    stream.write_all(&goodbye).await
}

/// Whether a broker takes it to publish on; one that it does not take would end our link.
fn is_topic(topic: &str) -> bool {
    let fit = |sign: char| !sign.is_control() && !matches!(sign, '+' | '#');
    !topic.is_empty() && !topic.starts_with('$') && topic.chars().all(fit)
}

fn config(addr: SocketAddr) -> Config {
    let server = ServerSettings {
        name: "tap".to_owned(),
        listen: addr,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 10_000,
            max_payload_size: 1024 * 1024,
            max_inflight_count: 100,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    Config {
        router: RouterConfig {
            max_connections: 1_024,
            max_outgoing_packet_count: 1_024,
            max_segment_size: 4 * 1024 * 1024,
            max_segment_count: 4,
            ..RouterConfig::default()
        },
        v4: Some(std::iter::once(("tap".to_owned(), server)).collect()),
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_no_wildcards() {
        for (topic, expected) in
            [("y2w/session/p2p_1", true), ("", false), ("a/+", false), ("#", false), ("$SYS/a", false)]
        {
            assert_eq!(is_topic(topic), expected, "{topic}");
        }
    }
}
