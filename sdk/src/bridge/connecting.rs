//! What the driver does for the push connection: tokens, the gate, dialling, goodbyes.

use super::driver::{Done, Driver};
use super::{Core, Event};
use crate::protocol::rest::GateData;
use crate::protocol::{ConnectionReturnCode, limits};
use crate::push::connection::Action;
use crate::push::{Connect, ConnectError, ConnectionState};

impl Driver {
    pub(super) fn connection_action(&mut self, action: Action, core: &mut Core, events: &mut Vec<Event>) {
        let shared = self.shared.clone();
        match action {
            Action::FetchToken => {
                self.under_way.push(Box::pin(async move { Done::Token(shared.api.im_token().await) }));
            }
            Action::AskGate if shared.push_url.is_some() => {
                let known = GateData { region: String::new(), url: String::new(), tcp: None };
                self.under_way.push(Box::pin(async move { Done::Gate(Ok(known)) }));
            }
            Action::AskGate => {
                self.under_way.push(Box::pin(async move { Done::Gate(shared.api.gate().await) }));
            }
            Action::Dial(client_id) => {
                let connect = Connect {
                    url: self.push_url.clone().unwrap_or_default(),
                    client_id: client_id.to_string(),
                    uid: shared.uid.to_string(),
                    im_token: self.im_token.clone(),
                    keep_alive: limits::KEEP_ALIVE,
                };
                let dial = tokio::time::timeout(shared.deadline, shared.push.connect(connect));
                self.under_way.push(Box::pin(async move {
                    Done::Dialled(dial.await.unwrap_or_else(|_| {
                        Err(ConnectError::Network(format!(
                            "no CONNACK within {} s",
                            shared.deadline.as_secs_f64()
                        )))
                    }))
                }));
            }
            Action::Close => {
                self.link = None;
                core.offline();
            }
            Action::Goodbye => {
                if let Some(link) = self.link.take() {
                    link.uplink.disconnect();
                }
                core.offline();
            }
            Action::State(state) => {
                if state == ConnectionState::Connected {
                    core.outbox.online();
                    core.sync_everything();
                } else {
                    core.offline();
                }
                let kicked = matches!(
                    state,
                    ConnectionState::Disconnected { code: Some(ConnectionReturnCode::KICKED) }
                );
                events.push(Event::Connection(state));
                if kicked {
                    events.push(Event::Kicked);
                }
            }
            Action::Trouble(trouble) => events.push(Event::Trouble(trouble)),
        }
    }

    /// The gate has answered: remembers where the push server is, and gives the region.
    pub(super) fn found(&mut self, gate: GateData) -> Result<String, String> {
        if self.shared.push_url.is_none() {
            self.push_url = Some(self.shared.push.address(&gate)?);
        }
        Ok(gate.region)
    }

    pub(super) fn where_to(&self, why: &str) -> String {
        self.push_url.as_ref().map_or_else(|| why.to_owned(), |url| format!("{url}: {why}"))
    }
}
