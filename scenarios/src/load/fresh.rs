//! A user's new device: it logs in with nothing, and has to find every message of a session.
//!
//! It compares with what was acknowledged before it began, and keeps a number for each sender, not the messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use y2w_sdk::protocol::push::DeviceClass;
use y2w_sdk::protocol::{ImSessionId, MessageType};
use y2w_sdk::{Error, Event, LoginOptions, MessageSync, Observer};

use super::behaviour::{Deed, Script};
use super::payload::Stamp;
use super::person::Person;
use crate::chance::draw;
use crate::check::{Verifier, rules};

/// How far it has read, by sender, and what was odd.
#[derive(Default)]
struct Reader {
    session: Option<ImSessionId>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    last: BTreeMap<usize, u32>,
    odd: Option<String>,
}

impl Observer for Reader {
    fn on_event(&self, event: &Event) {
        let Event::Messages { session, merged } = event else {
            return;
        };
        if self.session.as_ref() != Some(session) {
            return;
        }
        let mut seen = self.seen.lock();
        for message in merged.added.iter().filter(|m| m.kind != MessageType::System) {
            match Stamp::from_content(&message.content) {
                Some(stamp) => seen.read(stamp),
                None => seen.notice(|| format!("message {}, which was never sent", message.id)),
            }
        }
    }
}

impl Seen {
    fn read(&mut self, stamp: Stamp) {
        let last = self.last.entry(stamp.user).or_default();
        let before = std::mem::replace(last, stamp.number);
        if stamp.number != before + 1 {
            self.notice(|| format!("message {} of user {} after number {before}", stamp.number, stamp.user));
        }
    }

    fn notice(&mut self, what: impl FnOnce() -> String) {
        if self.odd.is_none() {
            self.odd = Some(what());
        }
    }
}

/// Logs in on another device, catches up with a session, and looks whether all is there.
pub(super) async fn look(
    script: &Script,
    person: &Person,
    verifier: &Verifier,
    deed: Deed,
    session: usize,
    im_id: &ImSessionId,
) -> Result<(), Error> {
    let stage = &person.stage;
    let Some(watched) = script.watched[session] else {
        return Ok(());
    };
    let stored_before = verifier.stored_by(watched);
    let reader = Arc::new(Reader { session: Some(im_id.clone()), seen: Mutex::default() });
    let options = LoginOptions::default()
        .observer(reader.clone())
        .device(DeviceClass::Mobile)
        .seed(draw(script.seed, (deed.user, deed.number, "fresh device")))
        .keep_messages(1)
        .message_sync(MessageSync::CurrentSession);
    let device = person.accounts.login_with(&person.account, &person.password, options).await?;
    // A second connection of the class would throw the first one out.
    if !stage.population.second_device[person.index] {
        device.connect();
    }
    let caught_up = async {
        device.open(im_id).await?;
        match device.sessions().by_id(&im_id.id) {
            Some(session) => session.messages().sync().await,
            None => Err(Error::SessionNotOpen(im_id.clone())),
        }
    };
    let caught_up = caught_up.await;
    device.logout().await;
    caught_up?;
    let seen = reader.seen.lock();
    verifier.look(rules::FRESH_DEVICE, 1);
    let members = &stage.population.sessions[session].members;
    let lacking = members.iter().zip(stored_before).find_map(|(user, stored)| {
        let read = seen.last.get(user).copied().unwrap_or(0);
        (read < stored).then(|| format!("only {read} of at least {stored} messages of user {user}"))
    });
    if let Some(what) = seen.odd.clone().or(lacking) {
        let text = format!("in {im_id}, a new device of {} finds {what}", person.name());
        verifier.found(rules::FRESH_DEVICE, text);
    }
    Ok(())
}
