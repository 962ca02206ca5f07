//! What is looked at when all is synced and nothing goes on any more: what is unread, and who is in which group.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use y2w_sdk::protocol::SessionType;

use super::Settings;
use super::behaviour::{Script, user_name};
use super::person::Person;
use super::watch::Stage;
use crate::check::{Verifier, rules};

/// Users who look at the same time.
const AT_ONCE: usize = 64;
/// Members of each group who look whether all others are there: of a large one, not all.
const LOOK: usize = 4;

/// Looks, within the patience.
pub(super) async fn look(
    settings: &Settings,
    stage: &Stage,
    people: &[Arc<Person>],
    script: &Script,
    verifier: &Verifier,
) {
    let looking = stream::iter(people).for_each_concurrent(AT_ONCE, |person| async move {
        unread(person, verifier).await;
        members(stage, person, script, verifier).await;
    });
    if tokio::time::timeout(settings.patience, looking).await.is_err() {
        stage.meters.error("looks at the end that took longer than the patience", || {
            format!("conversations and members of {} users", people.len())
        });
    }
}

/// Everybody has synced every session, and what was synced is read.
async fn unread(person: &Person, verifier: &Verifier) {
    let client = person.client().await;
    let Some(client) = &*client else {
        return;
    };
    let conversations = client.user_conversations();
    if let Err(error) = conversations.sync().await {
        person.stage.meters.error("looks at the end that failed", || format!("{}: {error}", person.name()));
        return;
    }
    let list = conversations.list(None);
    verifier.look(rules::UNREAD, list.len() as u64);
    for unread in list.iter().filter(|conversation| conversation.unread > 0) {
        let text = format!(
            "{} has {} unread messages in the conversation with {} ({}), all of which it has synced",
            person.name(),
            unread.unread,
            unread.name,
            unread.target_id
        );
        verifier.found(rules::UNREAD, text);
    }
}

/// A group has the members that it should have, as some of them see it.
async fn members(stage: &Stage, person: &Person, script: &Script, verifier: &Verifier) {
    let client = person.client().await;
    let Some(client) = &*client else {
        return;
    };
    for session in stage.population.sessions_of[person.index].iter().map(|s| *s as usize) {
        let planned = &stage.population.sessions[session];
        let looks =
            planned.master == person.index || planned.members.iter().take(LOOK).any(|m| *m == person.index);
        let (true, SessionType::Group, Some(im_id)) = (looks, &planned.kind, &script.sessions[session])
        else {
            continue;
        };
        let Some(group) = client.sessions().by_id(&im_id.id) else {
            continue;
        };
        if let Err(error) = group.members().sync().await {
            stage.meters.error("looks at the end that failed", || format!("{}: {error}", person.name()));
            continue;
        }
        let listed: BTreeSet<String> = group.members().list().iter().map(|m| m.name.clone()).collect();
        let due: BTreeSet<String> = planned.members.iter().map(|m| user_name(*m)).collect();
        verifier.look(rules::MEMBERS, 1);
        let floater = planned.floater.map(user_name);
        let lacking = due.difference(&listed).find(|name| Some(*name) != floater.as_ref());
        if let Some(name) = lacking {
            verifier.found(
                rules::MEMBERS,
                format!("in {im_id}, {} does not see the member {name}", person.name()),
            );
        }
        if let Some(name) = listed.difference(&due).next() {
            verifier.found(
                rules::MEMBERS,
                format!("in {im_id}, {} sees the member {name}, who was never added", person.name()),
            );
        }
    }
}
