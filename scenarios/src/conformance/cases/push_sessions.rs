//! Push sessions: how they come to be, who is in, and whose mts is behind. Part 14.2.

use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::lab::Lab;
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

/// The mts that push sessions of cases begin with: 2016-11-24 at 08:00.
pub(super) const MTS: i64 = 1_479_974_400_000;

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
