//! Push sessions: how they come to be, who is in, and whose mts is behind. Part 14.2.

use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::packets::Word;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::both(
        "push-sessions.one-that-nobody-has-told-of",
        &["MTS-UNKNOWN-SESSION", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(unknown_session(lab)),
    ),
    Case::both(
        "push-sessions.types-and-ids-tell-them-apart",
        &["MTS-UNKNOWN-SESSION", "PUSH-DELIVER"],
        |lab| Box::pin(told_apart(lab)),
    ),
    Case::both("push-sessions.an-update-makes-one", &["MTS-UPDATE-CREATES", "PUSH-DELIVER"], |lab| {
        Box::pin(an_update_makes_one(lab))
    }),
    Case::both("push-sessions.one-is-made-by-force-too", &["MTS-UPDATE-CREATES", "MTS-FORCE"], |lab| {
        Box::pin(made_by_force(lab))
    }),
    Case::both("push-sessions.whoever-is-told-removed-is-not-in-a-new-one", &["MTS-UPDATE-CREATES"], |lab| {
        Box::pin(not_in_a_new_one(lab))
    }),
    Case::both(
        "push-sessions.who-made-one-need-not-be-in",
        &["MTS-UPDATE-CREATES", "PUSH-CHECK-ORDER"],
        |lab| Box::pin(need_not_be_in(lab)),
    ),
    Case::both(
        "push-sessions.a-sender-behind",
        &["MTS-CLIENT-BEHIND", "PUSH-REPLY-MTS", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(sender_behind(lab)),
    ),
    Case::both(
        "push-sessions.a-sender-ahead",
        &["MTS-SERVER-BEHIND", "PUSH-REPLY-MTS", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(sender_ahead(lab)),
    ),
    Case::both(
        "push-sessions.an-update-behind",
        &["MTS-UPDATE-BEHIND", "PUSH-REPLY-MTS", "MTS-UPDATE-APPLIES"],
        |lab| Box::pin(update_behind(lab)),
    ),
    Case::both("push-sessions.an-update-with-the-same-mts", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(update_with_the_same(lab))
    }),
    Case::both(
        "push-sessions.an-update-brings-its-mts",
        &["MTS-UPDATE-TAKES-MTS", "MTS-CLIENT-BEHIND", "PUSH-REPLY-MTS"],
        |lab| Box::pin(update_brings_mts(lab)),
    ),
    Case::both("push-sessions.an-update-adds-and-leaves-the-others", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(update_adds(lab))
    }),
    Case::both("push-sessions.an-update-removes-and-leaves-the-others", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(update_removes(lab))
    }),
    Case::both("push-sessions.who-was-removed-comes-back", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(comes_back(lab))
    }),
    Case::both("push-sessions.a-removal-of-who-is-not-in", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(removal_of_who_is_not_in(lab))
    }),
    Case::both(
        "push-sessions.an-update-of-nobody-brings-its-mts",
        &["MTS-UPDATE-APPLIES", "MTS-UPDATE-TAKES-MTS"],
        |lab| Box::pin(update_of_nobody(lab)),
    ),
    Case::both("push-sessions.by-force-these-and-no-others-are-in", &["MTS-FORCE"], |lab| {
        Box::pin(by_force(lab))
    }),
    Case::both("push-sessions.by-force-tombstones-are-left-out", &["MTS-FORCE"], |lab| {
        Box::pin(force_with_tombstones(lab))
    }),
    Case::both("push-sessions.by-force-the-mts-goes-back", &["MTS-FORCE", "MTS-UPDATE-TAKES-MTS"], |lab| {
        Box::pin(force_goes_back(lab))
    }),
    Case::both(
        "push-sessions.force-that-is-false-is-none",
        &["MTS-UPDATE-BEHIND", "MTS-UPDATE-APPLIES"],
        |lab| Box::pin(force_false(lab)),
    ),
    Case::both(
        "push-sessions.a-session-without-members",
        &["PUSH-RETURN-CODES", "MTS-UPDATE-APPLIES"],
        |lab| Box::pin(without_members(lab)),
    ),
    Case::both("push-sessions.an-mts-is-a-number-however-it-is-written", &["MTS-UPDATE-TAKES-MTS"], |lab| {
        Box::pin(however_it_is_written(lab))
    }),
    Case::both("push-sessions.two-do-not-share-an-mts", &["MTS-UPDATE-TAKES-MTS"], |lab| {
        Box::pin(two_sessions(lab))
    }),
];

/// The mts that sessions begin with here.
const MTS: i64 = 1_479_974_400_000;

/// Checks that the reply has the server's mts.
fn has_mts(lab: &Lab, reply: &Word, mts: i64) -> Result<(), Stop> {
    let holds = reply.number("mts") == Some(mts);
    lab.check(
        "PUSH-REPLY-MTS",
        holds,
        format!("the reply has the push server's mts, {mts}"),
        reply.to_string(),
    )
}

async fn unknown_session(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    let reply = device.push(&session, MTS, "1").await?;
    let what = "a sendMessage to a push session that nobody has told of";
    reply.is(lab, "MTS-UNKNOWN-SESSION", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let reply = device.update(&session, MTS, &[(&ann, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession for it")?;
    let reply = device.push(&session, MTS, "2").await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "a sendMessage to the push session that it made")
}

async fn told_apart(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann, &bob]).await?;
    let name = session.to_string();
    let id = name.strip_prefix("group_").unwrap_or_default();
    for other in [format!("p2p_{id}"), format!("single_{id}"), format!("group_{id}x"), format!("group_x{id}")]
    {
        let payload = device.send_message(MTS, "\"elsewhere\"")?;
        let reply = device.command(&format!("y2w/session/{other}"), payload).await?;
        let what = format!("a sendMessage to {other} while only {name} is known");
        reply.is(lab, "MTS-UNKNOWN-SESSION", Code::SESSION_ON_SERVER_IS_NOT_EXIST, &what)?;
    }
    device.push(&session, MTS, "\"here\"").await?;
    member.gets("PUSH-DELIVER", "\"here\"").await
}

async fn an_update_makes_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    let reply = device.update(&session, MTS, &[(&ann, true), (&bob, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession for an unknown push session")?;
    device.push(&session, MTS, "\"hello\"").await?;
    member.gets("MTS-UPDATE-CREATES", "\"hello\"").await?;
    // From the other side as well: it is one session for all.
    let reply = member.push(&session, MTS, "\"back\"").await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "a sendMessage by another member")?;
    device.gets("PUSH-DELIVER", "\"back\"").await
}

async fn made_by_force(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    let reply = device.update(&session, MTS, &[(&bob, true)], true, None).await?;
    reply.is(
        lab,
        "MTS-UPDATE-CREATES",
        Code::SUCCESS,
        "an updateSession by force for an unknown push session",
    )?;
    device.push(&session, MTS, "1").await?;
    member.gets("MTS-FORCE", "1").await
}

async fn not_in_a_new_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let (eve, mut gone) = lab.present("eve").await?;
    let session = ann.push_session("chat");
    let reply = device.update(&session, MTS, &[(&bob, true), (&eve, false)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession with a removed member")?;
    device.push(&session, MTS, "1").await?;
    member.gets("MTS-UPDATE-CREATES", "1").await?;
    let expected = "whoever has isDel true is not in a push session that is made";
    gone.got_nothing("MTS-UPDATE-CREATES", &eve, &mut device, expected).await
}

/// No check asks whether the sender is a member.
async fn need_not_be_in(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    let reply = device.update(&session, MTS, &[(&bob, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "an updateSession that does not name its sender")?;
    let reply = device.push(&session, MTS, "1").await?;
    reply.is(lab, "PUSH-CHECK-ORDER", Code::SUCCESS, "a sendMessage by who is no member")?;
    member.gets("PUSH-CHECK-ORDER", "1").await
}

async fn sender_behind(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    for mts in [MTS - 1, 1, 0, -1] {
        let reply = device.push(&session, mts, "1").await?;
        let what = format!("a sendMessage with mts {mts} to a push session of mts {MTS}");
        reply.is(lab, "MTS-CLIENT-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, &what)?;
        has_mts(lab, &reply, MTS)?;
    }
    let reply = device.push(&session, MTS, "2").await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "a sendMessage with the push session's own mts")
}

async fn sender_ahead(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    for mts in [MTS + 1, 32_503_680_000_000] {
        let reply = device.push(&session, mts, "1").await?;
        let what = format!("a sendMessage with mts {mts} to a push session of mts {MTS}");
        reply.is(lab, "MTS-SERVER-BEHIND", Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED, &what)?;
        has_mts(lab, &reply, MTS)?;
    }
    let reply = device.push(&session, MTS, "2").await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "a sendMessage with the push session's own mts")
}

async fn update_behind(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let bob = lab.person("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    for mts in [MTS - 1, 0] {
        let reply = device.update(&session, mts, &[(&bob, true)], false, None).await?;
        let what = format!("an updateSession with mts {mts} for a push session of mts {MTS}");
        reply.is(lab, "MTS-UPDATE-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, &what)?;
        has_mts(lab, &reply, MTS)?;
    }
    let reply = device.update(&session, MTS + 1, &[(&bob, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, "an updateSession with a newer mts")
}

async fn update_with_the_same(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    let reply = device.update(&session, MTS, &[(&bob, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, "an updateSession with the push session's own mts")?;
    device.push(&session, MTS, "1").await?;
    member.gets("MTS-UPDATE-APPLIES", "1").await
}

async fn update_brings_mts(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    device.update(&session, MTS + 10, &[(&ann, true)], false, None).await?;
    let reply = device.push(&session, MTS + 10, "1").await?;
    reply.is(
        lab,
        "MTS-UPDATE-TAKES-MTS",
        Code::SUCCESS,
        "a sendMessage with the mts of the last updateSession",
    )?;
    let reply = device.push(&session, MTS, "2").await?;
    let what = "a sendMessage with the mts from before the last updateSession";
    reply.is(lab, "MTS-CLIENT-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, what)?;
    has_mts(lab, &reply, MTS + 10)
}

/// A push session of Ann, who sends, and Bob; Eve is not in.
struct Three<'a> {
    session: y2w_sdk::protocol::ImSessionId,
    bob: Person,
    eve: Person,
    of_ann: Device<'a>,
    of_bob: Device<'a>,
    of_eve: Device<'a>,
}

async fn three<'a>(lab: &'a Lab) -> Result<Three<'a>, Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, of_bob) = lab.present("bob").await?;
    let (eve, of_eve) = lab.present("eve").await?;
    let session = ann.push_session("chat");
    lab.told(&mut of_ann, &session, MTS, &[&ann, &bob]).await?;
    Ok(Three { session, bob, eve, of_ann, of_bob, of_eve })
}

impl Three<'_> {
    /// Changes the members.
    async fn update(
        &mut self,
        lab: &Lab,
        rule: &'static str,
        mts: i64,
        whom: Changed,
        force: bool,
    ) -> Result<(), Stop> {
        let members: Vec<(&Person, bool)> = match whom {
            Changed::Nobody => Vec::new(),
            Changed::Bob(is_in) => vec![(&self.bob, is_in)],
            Changed::Eve(is_in) => vec![(&self.eve, is_in)],
            Changed::Both(bob, eve) => vec![(&self.bob, bob), (&self.eve, eve)],
        };
        let reply = self.of_ann.update(&self.session, mts, &members, force, None).await?;
        reply.is(lab, rule, Code::SUCCESS, "an updateSession")
    }

    /// Sends with that mts, and checks who of the two gets it.
    async fn reaches(
        &mut self,
        lab: &Lab,
        rule: &'static str,
        mts: i64,
        bob: bool,
        eve: bool,
        message: &str,
    ) -> Result<(), Stop> {
        let reply = self.of_ann.push(&self.session, mts, message).await?;
        reply.is(lab, rule, Code::SUCCESS, "a sendMessage to these members")?;
        for (is_in, person, device, name) in
            [(bob, &self.bob, &mut self.of_bob, "bob"), (eve, &self.eve, &mut self.of_eve, "eve")]
        {
            if is_in {
                device.gets(rule, message).await?;
            } else {
                let expected = format!("{name} is not in the push session and gets nothing");
                device.got_nothing(rule, person, &mut self.of_ann, &expected).await?;
            }
        }
        Ok(())
    }
}

/// Whom an updateSession names, and whether they are in from then on.
enum Changed {
    Nobody,
    Bob(bool),
    Eve(bool),
    Both(bool, bool),
}

async fn update_adds(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.reaches(lab, RULE, MTS, true, false, "\"before\"").await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(true), false).await?;
    all.reaches(lab, RULE, MTS + 1, true, true, "\"after\"").await
}

async fn update_removes(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(true), false).await?;
    all.update(lab, RULE, MTS + 2, Changed::Bob(false), false).await?;
    all.reaches(lab, RULE, MTS + 2, false, true, "\"after\"").await
}

async fn comes_back(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Bob(false), false).await?;
    all.update(lab, RULE, MTS + 2, Changed::Both(true, true), false).await?;
    all.reaches(lab, RULE, MTS + 2, true, true, "\"again\"").await
}

async fn removal_of_who_is_not_in(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(false), false).await?;
    all.reaches(lab, RULE, MTS + 1, true, false, "1").await
}

async fn update_of_nobody(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-UPDATE-TAKES-MTS", MTS + 1, Changed::Nobody, false).await?;
    all.reaches(lab, "MTS-UPDATE-APPLIES", MTS + 1, true, false, "1").await
}

async fn by_force(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS + 1, Changed::Eve(true), true).await?;
    all.reaches(lab, "MTS-FORCE", MTS + 1, false, true, "\"these only\"").await
}

async fn force_with_tombstones(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS + 1, Changed::Both(false, true), true).await?;
    all.reaches(lab, "MTS-FORCE", MTS + 1, false, true, "\"these only\"").await
}

async fn force_goes_back(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS - 1_000, Changed::Both(true, true), true).await?;
    all.reaches(lab, "MTS-UPDATE-TAKES-MTS", MTS - 1_000, true, true, "1").await
}

async fn force_false(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    let topic = all.session.topic();
    let update = |mts: i64| {
        let members = serde_json::json!([{"uid": all.eve.uid, "isDel": false}]);
        serde_json::json!({"cmd": "updateSession", "y2wMessageId": "f", "mts": mts, "members": members, "force": false})
            .to_string()
    };
    let (behind, right) = (update(MTS - 1), update(MTS + 1));
    let reply = all.of_ann.command(&topic, behind).await?;
    let what = "an updateSession with force false and an older mts";
    reply.is(lab, "MTS-UPDATE-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, what)?;
    let reply = all.of_ann.command(&topic, right).await?;
    reply.is(
        lab,
        "MTS-UPDATE-APPLIES",
        Code::SUCCESS,
        "an updateSession with force false and a newer mts",
    )?;
    all.reaches(lab, "MTS-UPDATE-APPLIES", MTS + 1, true, true, "1").await
}

async fn without_members(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann]).await?;
    device.update(&session, MTS + 1, &[(&ann, false)], false, None).await?;
    let reply = device.push(&session, MTS + 1, "1").await?;
    let what = "a sendMessage to a push session whose last member was removed";
    reply.is(lab, "PUSH-RETURN-CODES", Code::SESSION_MEMBERS_IS_NULL, what)?;
    device.update(&session, MTS + 2, &[(&ann, true)], false, None).await?;
    let reply = device.push(&session, MTS + 2, "2").await?;
    reply.is(lab, "MTS-UPDATE-APPLIES", Code::SUCCESS, "a sendMessage once there is a member again")
}

async fn however_it_is_written(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, 2_000, &[&ann]).await?;
    for mts in ["2000", "2000.0", "2e3", "2.0E+3"] {
        let payload = format!(r#"{{"cmd":"sendMessage","y2wMessageId":"n","mts":{mts},"message":1}}"#);
        let reply = device.command(&session.topic(), payload).await?;
        let what = format!("a sendMessage with mts {mts} to a push session of mts 2000");
        reply.is(lab, "MTS-UPDATE-TAKES-MTS", Code::SUCCESS, &what)?;
    }
    Ok(())
}

async fn two_sessions(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (one, other) = (ann.push_session("one"), ann.push_session("other"));
    lab.told(&mut device, &one, MTS, &[&ann]).await?;
    lab.told(&mut device, &other, MTS + 5, &[&ann]).await?;
    for (session, mts) in [(&one, MTS), (&other, MTS + 5)] {
        let reply = device.push(session, mts, "1").await?;
        reply.is(
            lab,
            "MTS-UPDATE-TAKES-MTS",
            Code::SUCCESS,
            &format!("a sendMessage to {session} with its mts"),
        )?;
    }
    Ok(())
}
