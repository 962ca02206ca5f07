//! Push session and members' list together: what clients make of 26, 27 and 28 leads back to agreement. Parts 8 and 14.2.

use y2w_sdk::protocol::push::ImSessionId;
use y2w_sdk::protocol::rest::{fill, path};
use y2w_sdk::protocol::{SendReturnCode as Code, SessionType};

use super::super::case::Case;
use super::super::device::Device;
use super::super::groups::time;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;
use crate::world::Harm;

pub(super) const CASES: &[Case] = &[
    Case::both(
        "recovery.a-forgotten-session-is-brought-back",
        &["MTS-FORGETS", "MTS-UNKNOWN-SESSION", "MTS-UPDATE-CREATES", "PUSH-DELIVER"],
        |lab| Box::pin(forgotten(lab)),
    ),
    Case::both(
        "recovery.what-is-forgotten-is-forgotten-whole",
        &["MTS-FORGETS", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(forgotten_whole(lab)),
    ),
    Case::both(
        "recovery.a-group-that-nobody-has-told-of",
        &["MTS-UNKNOWN-SESSION", "MTS-UPDATE-CREATES", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(first_of_a_group(lab)),
    ),
    Case::both(
        "recovery.a-member-is-added",
        &[
            "MTS-DEFINITION",
            "MTS-GROWS",
            "MTS-SERVER-BEHIND",
            "PUSH-REPLY-MTS",
            "MTS-UPDATE-APPLIES",
            "PUSH-DELIVER-UPDATE",
        ],
        |lab| Box::pin(added(lab)),
    ),
    Case::both(
        "recovery.a-member-is-removed",
        &["MTS-GROWS", "MTS-SERVER-BEHIND", "PUSH-REPLY-MTS", "MTS-UPDATE-APPLIES", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(removed(lab)),
    ),
    Case::both(
        "recovery.a-client-that-has-not-seen-the-change",
        &["MTS-GROWS", "MTS-CLIENT-BEHIND", "PUSH-REPLY-MTS", "MTS-UPDATE-APPLIES", "PUSH-DELIVER"],
        |lab| Box::pin(client_behind(lab)),
    ),
    Case::both(
        "recovery.two-clients-tell-of-the-same-change",
        &["MTS-SERVER-BEHIND", "MTS-UPDATE-APPLIES", "PUSH-DELIVER"],
        |lab| Box::pin(two_tell(lab)),
    ),
    Case::both(
        "recovery.by-force-all-agree-again",
        &["MTS-UPDATE-BEHIND", "MTS-FORCE", "PUSH-DELIVER"],
        |lab| Box::pin(force(lab)),
    ),
    Case::both(
        "recovery.a-p2p-session",
        &["MTS-UNKNOWN-SESSION", "MTS-UPDATE-CREATES", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(p2p(lab)),
    ),
];

/// What a client knows of a session's members.
struct Known {
    mts: i64,
    /// Everybody by uid, tombstones included: since when, and whether they are in.
    members: Vec<(String, i64, bool)>,
}

/// What the members' list says now.
async fn look(lab: &Lab, by: &Person, session: &str) -> Result<Known, Stop> {
    let entries = lab.changes(by, &fill(path::MEMBERS, &[session]), 0).await?;
    let read = |entry: &serde_json::Value| {
        let since = time(entry, "createdAt")?;
        Some((entry["userId"].as_str()?.to_owned(), since, entry["isDelete"] != true))
    };
    let members: Option<Vec<_>> = entries.iter().map(read).collect();
    let members = members.filter(|members| !members.is_empty());
    let members = members.ok_or_else(|| Stop::Inconclusive("the members' list cannot be read".to_owned()))?;
    let mts = members.iter().map(|(_, since, _)| *since).max().unwrap_or_default();
    Ok(Known { mts, members })
}

impl Known {
    /// Those whose membership changed after that, as an updateSession names them.
    fn after<'a>(&self, mts: i64, all: &[&'a Person]) -> Vec<(&'a Person, bool)> {
        let changed = self.members.iter().filter(|(_, since, _)| *since > mts);
        changed
            .filter_map(|(uid, _, is_in)| Some((*all.iter().find(|person| person.uid == *uid)?, *is_in)))
            .collect()
    }
}

/// A group of Ann and Bob, whose push session is known; Eve is not in.
struct Group<'a> {
    id: String,
    session: ImSessionId,
    ann: Person,
    bob: Person,
    eve: Person,
    of_ann: Device<'a>,
    of_bob: Device<'a>,
    of_eve: Device<'a>,
    known: Known,
}

async fn group(lab: &Lab) -> Result<Group<'_>, Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, of_bob) = lab.present("bob").await?;
    let (eve, of_eve) = lab.present("eve").await?;
    let id = lab.group(&ann, &[&bob]).await?;
    let session = ImSessionId::new(SessionType::Group, id.as_str());
    let known = look(lab, &ann, &id).await?;
    lab.told(&mut of_ann, &session, known.mts, &[&ann, &bob]).await?;
    Ok(Group { id, session, ann, bob, eve, of_ann, of_bob, of_eve, known })
}

impl Group<'_> {
    /// Looks again at the members' list: a change of membership has moved the mts.
    async fn look_again(&mut self, lab: &Lab) -> Result<i64, Stop> {
        let before = self.known.mts;
        self.known = look(lab, &self.ann, &self.id).await?;
        let expected = format!("a change of membership gives the session an mts greater than {before}");
        lab.check("MTS-GROWS", self.known.mts > before, expected, self.known.mts.to_string())?;
        Ok(before)
    }

    /// Ann sends with the mts of now, is told that the server is behind, and tells it what it has missed.
    async fn catch_up(&mut self, lab: &Lab, before: i64, message: &str) -> Result<(), Stop> {
        let reply = self.of_ann.push(&self.session, self.known.mts, message).await?;
        let what = "a sendMessage with the mts from after a change of membership, of which the push server was not told,";
        reply.is(lab, "MTS-SERVER-BEHIND", Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED, what)?;
        let mts = reply.number("mts");
        let expected = format!("the reply has the push server's mts, {before}");
        lab.check("PUSH-REPLY-MTS", mts == Some(before), expected, reply.to_string())?;
        let changed = self.known.after(before, &[&self.ann, &self.bob, &self.eve]);
        let reply = self.of_ann.update(&self.session, self.known.mts, &changed, false, Some(message)).await?;
        let what = "an updateSession with the members that changed since the mts of the reply";
        reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, what)
    }
}

async fn forget(lab: &Lab, session: &ImSessionId) -> Result<(), Stop> {
    lab.inflict(Harm::Forget(session.clone())).await
}

async fn forgotten(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    forget(lab, &group.session).await?;
    let reply = group.of_ann.push(&group.session, group.known.mts, "1").await?;
    let what = "a sendMessage to a push session that was forgotten";
    reply.is(lab, "MTS-UNKNOWN-SESSION", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let members = [(&group.ann, true), (&group.bob, true)];
    let reply = group.of_ann.update(&group.session, group.known.mts, &members, false, Some("1")).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession with all members")?;
    group.of_bob.gets("MTS-UPDATE-CREATES", "1").await?;
    let reply = group.of_bob.push(&group.session, group.known.mts, "2").await?;
    reply.is(
        lab,
        "MTS-UPDATE-CREATES",
        Code::SUCCESS,
        "a sendMessage by another member, who knows of nothing,",
    )?;
    group.of_ann.gets("PUSH-DELIVER", "2").await
}

/// Who was a member before is none unless it is told again; an mts that is older is none that is behind.
async fn forgotten_whole(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    forget(lab, &group.session).await?;
    let mts = group.known.mts - 1_000;
    let reply = group.of_ann.update(&group.session, mts, &[(&group.eve, true)], false, Some("1")).await?;
    let what = "an updateSession with an older mts for a push session that was forgotten";
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, what)?;
    group.of_eve.gets("MTS-UPDATE-CREATES", "1").await?;
    let expected = "who was in before the push session was forgotten is not in any more";
    group.of_bob.got_nothing("MTS-UPDATE-CREATES", &group.bob, &mut group.of_ann, expected).await
}

async fn first_of_a_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    let id = lab.group(&ann, &[&bob]).await?;
    let session = ImSessionId::new(SessionType::Group, id.as_str());
    let known = look(lab, &ann, &id).await?;
    let reply = of_ann.push(&session, known.mts, "1").await?;
    let what = "a sendMessage to a group that the push server was never told of";
    reply.is(lab, "MTS-UNKNOWN-SESSION", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let members = [(&ann, true), (&bob, true)];
    let reply = of_ann.update(&session, known.mts, &members, false, Some("1")).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession with all members")?;
    of_bob.gets("PUSH-DELIVER-UPDATE", "1").await
}

async fn added(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    lab.join(&group.ann, &group.id, &group.eve, "user").await?;
    let before = group.look_again(lab).await?;
    let of_eve =
        group.known.members.iter().find(|(uid, ..)| *uid == group.eve.uid).map(|(_, since, _)| *since);
    let is_newest = of_eve == Some(group.known.mts);
    let expected = "the mts is the createdAt of the member that was added last";
    lab.check(
        "MTS-DEFINITION",
        is_newest,
        expected,
        format!("{}, the mts is {}", as_json(&of_eve), group.known.mts),
    )?;
    group.catch_up(lab, before, "\"welcome\"").await?;
    group.of_eve.gets("PUSH-DELIVER-UPDATE", "\"welcome\"").await?;
    group.of_bob.gets("PUSH-DELIVER-UPDATE", "\"welcome\"").await
}

async fn removed(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    let path = fill(path::MEMBERS, &[&group.id]);
    let entry = lab.entry(&group.ann, &path, "userId", &group.bob.uid).await?;
    let entry = entry.and_then(|entry| entry["id"].as_str().map(str::to_owned));
    let entry = entry.ok_or_else(|| Stop::Inconclusive("Bob is not in the members' list".to_owned()))?;
    lab.leave(&group.ann, &group.id, &entry).await?;
    let before = group.look_again(lab).await?;
    group.catch_up(lab, before, "\"without bob\"").await?;
    let expected = "who was removed gets nothing";
    group.of_bob.got_nothing("PUSH-DELIVER-UPDATE", &group.bob, &mut group.of_ann, expected).await?;
    lab.join(&group.ann, &group.id, &group.eve, "user").await?;
    let before = group.look_again(lab).await?;
    group.catch_up(lab, before, "\"with eve\"").await?;
    group.of_eve.gets("PUSH-DELIVER-UPDATE", "\"with eve\"").await
}

async fn client_behind(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    lab.join(&group.ann, &group.id, &group.eve, "user").await?;
    let before = group.look_again(lab).await?;
    let changed = group.known.after(before, &[&group.eve]);
    let reply = group.of_ann.update(&group.session, group.known.mts, &changed, false, None).await?;
    reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, "an updateSession with the member that was added")?;
    let reply = group.of_bob.push(&group.session, before, "1").await?;
    let what = "a sendMessage with the mts from before a change of membership";
    reply.is(lab, "MTS-CLIENT-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, what)?;
    let expected = "the reply has the mts that the members' list gives now";
    lab.check("PUSH-REPLY-MTS", reply.number("mts") == Some(group.known.mts), expected, reply.to_string())?;
    // Bob looks at the list, and sends again.
    let mts = look(lab, &group.bob, &group.id).await?.mts;
    let reply = group.of_bob.push(&group.session, mts, "1").await?;
    reply.is(lab, "PUSH-DELIVER", Code::SUCCESS, "a sendMessage with the mts of the members' list")?;
    group.of_eve.gets("PUSH-DELIVER", "1").await
}

async fn two_tell(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    lab.join(&group.ann, &group.id, &group.eve, "user").await?;
    let before = group.known.mts;
    let now = look(lab, &group.ann, &group.id).await?;
    let changed = now.after(before, &[&group.eve]);
    let reply = group.of_ann.push(&group.session, now.mts, "1").await?;
    reply.is(
        lab,
        "MTS-SERVER-BEHIND",
        Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED,
        "a sendMessage with a newer mts",
    )?;
    for device in [&mut group.of_ann, &mut group.of_bob] {
        let reply = device.update(&group.session, now.mts, &changed, false, None).await?;
        let what = "an updateSession with the member that was added, by one client after the other,";
        reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, what)?;
    }
    group.of_ann.push(&group.session, now.mts, "\"to all\"").await?;
    group.of_bob.gets("PUSH-DELIVER", "\"to all\"").await?;
    group.of_eve.gets("PUSH-DELIVER", "\"to all\"").await
}

/// The push server has an mts from the future, as if somebody had told it nonsense.
async fn force(lab: &Lab) -> Result<(), Stop> {
    let mut group = group(lab).await?;
    let ahead = group.known.mts + 3_600_000;
    group
        .of_eve
        .update(&group.session, ahead, &[(&group.bob, false), (&group.eve, true)], false, None)
        .await?;
    let mts = group.known.mts;
    let members = [(&group.ann, true), (&group.bob, true), (&group.eve, false)];
    let reply = group.of_ann.update(&group.session, mts, &members, false, None).await?;
    let what = "an updateSession without force, with an mts less than the push server's,";
    reply.is(lab, "MTS-UPDATE-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, what)?;
    let reply = group.of_ann.update(&group.session, mts, &members, true, None).await?;
    reply.is(lab, "MTS-FORCE", Code::SUCCESS, "the same with force")?;
    let reply = group.of_ann.push(&group.session, mts, "\"agreed\"").await?;
    reply.is(lab, "MTS-FORCE", Code::SUCCESS, "a sendMessage with the mts of the members' list")?;
    group.of_bob.gets("PUSH-DELIVER", "\"agreed\"").await?;
    let expected = "who is not among the members of the update by force is not in";
    group.of_eve.got_nothing("MTS-FORCE", &group.eve, &mut group.of_ann, expected).await
}

async fn p2p(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    let id = lab.p2p(&ann, &bob).await?;
    let session = ImSessionId::new(SessionType::P2p, id.as_str());
    let known = look(lab, &ann, &id).await?;
    let reply = of_ann.push(&session, known.mts, "1").await?;
    let what = "a sendMessage to a p2p session that the push server was never told of";
    reply.is(lab, "MTS-UNKNOWN-SESSION", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let members = [(&ann, true), (&bob, true)];
    let reply = of_ann.update(&session, known.mts, &members, false, Some("1")).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession with both members")?;
    of_bob.gets("PUSH-DELIVER-UPDATE", "1").await
}

/// What cannot be seen from outside.
pub(super) const UNTESTED: &[(&str, &str)] = &[(
    "MTS-STATE-ONLY",
    "what a push server keeps in its memory or on its disk does not show in what it sends: it is for whoever runs it to look",
)];
