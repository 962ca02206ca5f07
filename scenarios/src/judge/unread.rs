//! Unread counts: none where everything was read, all where nothing was. Rules `CONV-UNREAD`,
//! `CONV-UNREAD-SYSTEM`, `MSG-SYNC-MARKS-READ`, `MEMBER-SYSTEM-MESSAGE`.

use std::collections::BTreeMap;

use http::Method;
use y2w_sdk::Event;
use y2w_sdk::protocol::ImSessionId;

use super::{Cast, Checker, Ending, Findings};
use crate::history::{Happening, What};
use crate::plan::Action;
use crate::play::step_of;

const RULE: &str = "CONV-UNREAD";
const UNREAD_SYSTEM: &str = "CONV-UNREAD-SYSTEM";
const SYSTEM: &str = "MEMBER-SYSTEM-MESSAGE";

#[derive(Default)]
pub(super) struct Unread {
    /// What was acknowledged in each session: by whom, and when that was told.
    stored: BTreeMap<ImSessionId, Vec<(usize, u64)>>,
    /// When each user began to read a session by its id, successfully or not.
    reads: BTreeMap<(usize, String), Vec<Read>>,
    /// Requests whose answer is out.
    asked: BTreeMap<u64, (usize, String, u64)>,
}

struct Read {
    began: u64,
    is_answered: bool,
}

impl Checker for Unread {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, _: &mut Findings) {
        let Some(device) = happening.device else {
            return;
        };
        let user = cast.user(device);
        match &happening.what {
            What::Told(Event::Stored { session, message, .. })
                if step_of(&message.kind, &message.content).is_some() =>
            {
                self.stored.entry(session.clone()).or_default().push((user, number));
            }
            What::Request { method: Method::GET, path, call, .. } => {
                if let Some(session) = read_session(path) {
                    self.asked.insert(*call, (user, session.to_owned(), number));
                }
            }
            What::Answer { call, status } => {
                if let Some((user, session, began)) = self.asked.remove(call) {
                    let is_answered = status.is_some_and(|status| status.is_success());
                    self.reads.entry((user, session)).or_default().push(Read { began, is_answered });
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        // Deleting a conversation, clearing by other ways and recalling change what is unread: those are left out.
        let touched =
            |action: &Action| matches!(action, Action::DeleteConversation { .. } | Action::Recall { .. });
        if ending.plan.steps.iter().any(|step| touched(&step.action)) {
            return;
        }
        let places: BTreeMap<&str, usize> =
            ending.plan.users.iter().enumerate().map(|(place, user)| (&*user.name, place)).collect();
        // How many messages each user was sent by each other one, by the plan.
        let mut all_sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for step in &ending.plan.steps {
            if let Action::SendText { to } | Action::SendFile { to, .. } = &step.action
                && let [to] = to.users()[..]
            {
                *all_sent.entry((&step.by.user, to)).or_default() += 1;
            }
        }
        self.groups(ending, found);
        for (session, stored) in &self.stored {
            let place = ending.place(session);
            let Some((one, other)) = place.split_once('+') else {
                continue;
            };
            for (me, with) in [(one, other), (other, one)] {
                let Some(&user) = places.get(me) else {
                    continue;
                };
                let view = &ending.played.truth[user].view;
                let Some(conversation) = view.conversations.get(with) else {
                    continue;
                };
                let system = view.rooms.get(&place).map(|room| room.system);
                if system == Some(0) {
                    let text =
                        format!("in the session of {one} and {other} the server has said nothing itself");
                    found.add(SYSTEM, &[], text);
                }
                let from_others: Vec<u64> =
                    stored.iter().filter(|(by, _)| *by != user).map(|(_, at)| *at).collect();
                let Some(last) = from_others.last() else {
                    continue;
                };
                let told = from_others.len();
                let reads = self.reads.get(&(user, session.id.to_string()));
                let unread = usize::try_from(conversation.unread).unwrap_or(usize::MAX);
                let has_read =
                    reads.is_some_and(|reads| reads.iter().any(|r| r.is_answered && r.began > *last));
                let sent = all_sent.get(&(with, me)).copied().unwrap_or(0);
                // Beyond those that their senders know to be stored, one may be that was stored after the reading.
                if has_read && unread > sent - told.min(sent) {
                    let text = format!("{me} has read everything from {with}, and {unread} count as unread");
                    found.add(RULE, &[*last], text);
                }
                if reads.is_none() && unread < from_others.len() {
                    let text = format!(
                        "{me} has read nothing of the {} messages from {with}, and {unread} count as unread",
                        from_others.len()
                    );
                    found.add(RULE, &[*last], text);
                } else if let Some(system) = system.filter(|system| unread < told + system)
                    && reads.is_none()
                {
                    let text = format!(
                        "{me} has read nothing of the {told} messages from {with} and of the {system} of the server, and \
                         {unread} count as unread"
                    );
                    found.add(UNREAD_SYSTEM, &[*last], text);
                }
                // Only the other's messages, and what the server itself says about a session that two are in.
                // One may be stored whose sender has not learnt of it.
                if unread > sent + system.unwrap_or(SYSTEM_MESSAGES) {
                    let text = format!(
                        "{unread} messages from {with} count as unread for {me}, who was sent {sent}"
                    );
                    found.add(RULE, &[*last], text);
                }
            }
        }
    }
}

impl Unread {
    /// Who was in a group from the beginning and never looked has all messages of others unread.
    fn groups(&self, ending: &Ending<'_>, found: &mut Findings) {
        let sessions: BTreeMap<String, &ImSessionId> =
            self.stored.keys().map(|session| (ending.place(session), session)).collect();
        for (user, truth) in ending.played.truth.iter().enumerate() {
            for (place, conversation) in &truth.view.conversations {
                let Some(session) = sessions.get(place) else { continue };
                let was_read = self.reads.contains_key(&(user, session.id.to_string()));
                if was_read || !is_in_throughout(ending, place, &truth.user) {
                    continue;
                }
                let from_others: Vec<u64> =
                    self.stored[*session].iter().filter(|(by, _)| *by != user).map(|(_, at)| *at).collect();
                if (conversation.unread as usize) < from_others.len() {
                    let text = format!(
                        "{} has read nothing of the {} messages of others in {place}, and {} count as unread",
                        truth.user,
                        from_others.len(),
                        conversation.unread
                    );
                    found.add(RULE, &from_others, text);
                }
            }
        }
    }
}

/// Whether somebody is a member of a group from its beginning to the end.
fn is_in_throughout(ending: &Ending<'_>, place: &str, user: &str) -> bool {
    let Some(group) = place.strip_prefix('#') else { return false };
    let mut is_founder = false;
    for step in &ending.plan.steps {
        match &step.action {
            Action::CreateGroup { group: of, members } if of == group => {
                is_founder = step.by.user == user || members.iter().any(|member| member == user);
            }
            Action::RemoveMember { group: of, user: who } if of == group && who == user => return false,
            _ => (),
        }
    }
    is_founder
}

/// What the server itself may say in a session of two that nobody has looked at, and count as unread.
const SYSTEM_MESSAGES: usize = 1;

/// The session whose messages a request reads.
fn read_session(path: &str) -> Option<&str> {
    let path = path.split('?').next()?;
    path.strip_suffix("/messages")?.rsplit('/').next()
}
