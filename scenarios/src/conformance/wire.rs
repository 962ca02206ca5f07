//! A stream of bytes to the push server. Every piece that comes over it is on the tape.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use y2w_sdk::protocol::rest::{GATE_REGISTER, GateData, path};
use y2w_sdk::push::ByteStream;

use super::lab::Lab;
use super::need::Need;
use super::tape::Kept;
use super::target::DEADLINE;
use super::verdict::Stop;

/// See the module's text.
pub(super) struct Wire<'a> {
    lab: &'a Lab,
    /// What tells it from the others on the tape.
    name: String,
    /// None where a tape tells what came.
    stream: Option<Box<dyn ByteStream>>,
}

/// What comes over a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Read {
    /// These bytes.
    Bytes(Kept),
    /// Nothing more: the server has closed it.
    Closed,
    /// Nothing until the deadline.
    Nothing,
}

impl Lab {
    /// Asks the gate where the push server is, and opens a stream to it.
    pub(super) async fn wire(&self, who: &str) -> Result<Wire<'_>, Stop> {
        let unusable = |why: String| Stop::Inconclusive(format!("{who} cannot reach the push server: {why}"));
        let gate = self.ask(http::Method::POST, path::GATE).form(&[("oper", GATE_REGISTER), ("country", "")]);
        let gate = gate.send().await?;
        if gate.status == 404 {
            return Err(self.lacks(Need::Push, format!("{}: {}", gate.what, gate.said())));
        }
        let place: GateData = serde_json::from_value(gate.json["data"].clone())
            .map_err(|why| unusable(format!("the gate's answer has no place: {why}: {}", gate.said())))?;
        let name = self.count(who);
        let mut stream = None;
        let open = async {
            let streams = self.world().streams();
            let opening = streams.open(&streams.address(&place)?);
            let opened = tokio::time::timeout(DEADLINE, opening).await;
            stream = Some(opened.map_err(|_| format!("no connection within {} s", DEADLINE.as_secs()))??);
            Ok(())
        };
        let opened: Result<(), String> = self.tape.told(format!("{name} opens"), open).await?;
        opened.map_err(unusable)?;
        Ok(Wire { lab: self, name, stream })
    }
}

impl Wire<'_> {
    /// Sends these bytes. Where the other end has closed, that shows when something is read.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        if let Some(stream) = &mut self.stream {
            drop(tokio::time::timeout(DEADLINE, stream.write_all(bytes)).await);
            drop(tokio::time::timeout(DEADLINE, stream.flush()).await);
        }
    }

    /// What comes next, within that time.
    pub(super) async fn read(&mut self, within: Duration) -> Result<Read, Stop> {
        let stream = &mut self.stream;
        let read = async {
            let Some(stream) = stream else { return Read::Closed };
            let mut bytes = [0; 4096];
            match tokio::time::timeout(within, stream.read(&mut bytes)).await {
                Ok(Ok(count @ 1..)) => Read::Bytes(Kept(bytes[..count].to_vec().into())),
                Ok(_) => Read::Closed,
                Err(_) => Read::Nothing,
            }
        };
        self.lab.tape.told(format!("{} reads", self.name), read).await
    }
}
