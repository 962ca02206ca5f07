//! The push server itself, past the bridge: the seed's y2wIM client. Part 14 of the protocol.
//!
//! These commands are sent once and answered once; nothing is recovered, and nothing is tried again. Applications that
//! send messages use [`CurrentUser::send`](super::CurrentUser::send), which does all that.

use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::CurrentUser;
use crate::error::Error;
use crate::protocol::push::{Command, ImMember, Reply};
use crate::protocol::{ImSessionId, SendReturnCode, SessionType, Timestamp, UserId, limits};

/// The push server as a connected client sees it. The seed's `y2wIM` client. Every call is an error without a
/// connection ([`Error::Offline`]), and after 10 s without a reply ([`Error::Push`] with code 21).
#[derive(Clone, Copy, Debug)]
pub struct Im<'a> {
    pub(super) user: &'a CurrentUser,
}

impl Im<'_> {
    /// Pushes `message`, any JSON, to the members of a session. `mts` is that of the members
    /// ([`SessionMembers::mts`](super::SessionMembers::mts)). Every answer but 20 is an [`Error::Push`] with its code;
    /// [`Self::command`] gives the server's mts as well, which comes with 27 and 28. The seed's `sendMessage`; rules
    /// `PUSH-SEND`, `PUSH-RETURN-CODES`, `PUSH-TIMEOUT`.
    pub async fn send_message(
        &self,
        session: &ImSessionId,
        mts: Timestamp,
        message: &RawValue,
    ) -> Result<(), Error> {
        let mts = mts.as_millis();
        let reply = self
            .command(session, |message_id| Command::SendMessage { message_id, mts, message }.to_payload());
        success(&reply.await?)
    }

    /// Tells the push server who is in a session, then pushes `message` if there is one. With `force` the members
    /// replace those that it knows, whatever their mts. Errors as of [`Self::send_message`]. The seed's
    /// `updateSession`; rules `PUSH-UPDATE`, `MTS-UPDATE-APPLIES`, `MTS-FORCE`.
    pub async fn update_session(
        &self,
        session: &ImSessionId,
        mts: Timestamp,
        members: &[ImMember],
        force: bool,
        message: Option<&RawValue>,
    ) -> Result<(), Error> {
        let mts = mts.as_millis();
        let reply = self.command(session, |message_id| {
            Command::UpdateSession { message_id, mts, members, force, message }.to_payload()
        });
        success(&reply.await?)
    }

    /// Pushes `message`, any JSON, to all connections of one user but this one; whether there is any is not told. Rules
    /// `PUSH-APP`, `PUSH-APP-MTS`.
    pub async fn send_to_user(&self, user: &UserId, message: &RawValue) -> Result<(), Error> {
        let session = ImSessionId::new(SessionType::App, user.as_str());
        self.send_message(&session, Timestamp::from_millis(limits::APP_MTS), message).await
    }

    /// Sends a command to the topic of a session and waits for its reply, whatever that says. `payload` makes the
    /// command from its `y2wMessageId`, as [`Command::to_payload`] does. [`Error::QueueFull`] if a thousand commands
    /// wait for their replies. Rules `PUSH-TOPIC`, `PUSH-REPLY`.
    pub async fn command(
        &self,
        session: &ImSessionId,
        payload: impl FnOnce(&str) -> Vec<u8>,
    ) -> Result<Reply, Error> {
        let shared = &self.user.shared;
        let receiver: oneshot::Receiver<Reply> = {
            let mut core = shared.core.lock();
            if !core.connection.is_up() {
                return Err(Error::Offline);
            }
            core.raw.push(session.topic(), payload).ok_or(Error::QueueFull)?
        };
        shared.wake.notify_one();
        let timeout = shared.clock.sleep_until(shared.clock.now().plus(limits::SEND_TIMEOUT));
        tokio::select! {
            biased;
            reply = receiver => reply.map_err(|_| Error::Offline),
            () = timeout => Err(Error::Push(SendReturnCode::TIMEOUT)),
        }
    }
}

fn success(reply: &Reply) -> Result<(), Error> {
    match reply.return_code {
        SendReturnCode::SUCCESS => Ok(()),
        code => Err(Error::Push(code)),
    }
}
