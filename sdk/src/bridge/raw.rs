//! Commands that an application sends to the push server itself, without the bridge's recovery.
//!
//! Life of a command: waiting for the driver → sent → answered, or dropped when the connection is lost. Whoever sent it
//! waits at the other end of a channel, with a deadline; if that goes away, so does the entry.

use std::collections::VecDeque;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use tokio::sync::oneshot;

use crate::protocol::push::Reply;

/// What the ids of these commands begin with, so that they are told from the outbox's.
const PREFIX: &str = "raw-";
/// Commands without a reply; beyond that no more are taken.
const WAITING_MAX: usize = 1_000;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct RawCommands {
    next_id: u64,
    to_send: VecDeque<(String, Vec<u8>)>,
    waiting: IndexMap<String, oneshot::Sender<Reply>, FxBuildHasher>,
}

impl RawCommands {
    /// Takes a command in: `payload` makes it from its id, `topic` is where it goes. `None` if too many wait.
    pub(crate) fn push(
        &mut self,
        topic: String,
        payload: impl FnOnce(&str) -> Vec<u8>,
    ) -> Option<oneshot::Receiver<Reply>> {
        self.waiting.retain(|_, sender| !sender.is_closed());
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let id = format!("{PREFIX}{}", self.next_id);
        self.next_id += 1;
        self.to_send.push_back((topic, payload(&id)));
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(id, sender);
        Some(receiver)
    }

    /// The next command to send: its topic and its payload.
    pub(crate) fn poll(&mut self) -> Option<(String, Vec<u8>)> {
        self.to_send.pop_front()
    }

    /// Takes a reply in; false if it is to none of these commands.
    pub(crate) fn reply(&mut self, reply: &Reply) -> bool {
        let Some(id) = reply.message_id.as_deref().filter(|id| id.starts_with(PREFIX)) else {
            return false;
        };
        if let Some(sender) = self.waiting.shift_remove(id) {
            // Who no longer waits does not want it.
            let _ = sender.send(reply.clone());
        }
        true
    }

    /// The connection is lost, and with it whatever was on its way.
    pub(crate) fn offline(&mut self) {
        self.to_send.clear();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SendReturnCode;

    fn reply(id: &str) -> Reply {
        Reply { cmd: None, message_id: Some(id.to_owned()), return_code: SendReturnCode::SUCCESS, mts: None }
    }

    #[test]
    fn a_reply_reaches_the_command_it_is_to_and_no_other() {
        let mut raw = RawCommands::default();
        let mut to_first = raw.push("t".to_owned(), |id| id.as_bytes().to_vec()).unwrap();
        let mut to_second = raw.push("t".to_owned(), |id| id.as_bytes().to_vec()).unwrap();
        assert_eq!(raw.poll(), Some(("t".to_owned(), b"raw-0".to_vec())));
        let (_, second) = raw.poll().unwrap();
        let second = String::from_utf8(second).unwrap();
        assert!(!raw.reply(&reply("7")), "the outbox counts in plain numbers");
        assert!(raw.reply(&reply(&second)));
        assert!(to_first.try_recv().is_err());
        assert_eq!(to_second.try_recv().unwrap().return_code, SendReturnCode::SUCCESS);
    }

    #[test]
    fn a_lost_connection_tells_everybody_who_waits() {
        let mut raw = RawCommands::default();
        let mut receiver = raw.push("t".to_owned(), |_| Vec::new()).unwrap();
        raw.offline();
        assert_eq!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(raw.poll(), None);
    }

    #[test]
    fn no_more_wait_than_are_taken_and_who_gave_up_does_not_count() {
        let mut raw = RawCommands::default();
        let kept: Vec<_> = (0..WAITING_MAX).map(|_| raw.push(String::new(), |_| Vec::new())).collect();
        assert!(raw.push(String::new(), |_| Vec::new()).is_none());
        drop(kept);
        assert!(raw.push(String::new(), |_| Vec::new()).is_some());
    }
}
