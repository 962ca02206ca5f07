//! Commands that are refused change nothing and reach nobody. Part 14.2, `PUSH-FAILURE-NO-EFFECT`.

use serde_json::json;
use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::checks::{Known, known, send, update};
use super::push_sessions::MTS;

pub(super) const CASES: &[Case] = &[
    Case::both("checks.a-refused-send-reaches-nobody", &["PUSH-FAILURE-NO-EFFECT", "PUSH-DELIVER"], |lab| {
        Box::pin(refused_send(lab))
    }),
    Case::both("checks.a-refused-update-changes-nobody", &["PUSH-FAILURE-NO-EFFECT"], |lab| {
        Box::pin(refused_update(lab))
    }),
    Case::both(
        "checks.a-refused-update-reaches-nobody",
        &["PUSH-FAILURE-NO-EFFECT", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(refused_update_reaches_nobody(lab)),
    ),
    Case::both(
        "checks.a-refused-update-makes-no-session",
        &["PUSH-FAILURE-NO-EFFECT", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(refused_update_makes_none(lab)),
    ),
    Case::both("checks.a-refused-send-leaves-the-session", &["PUSH-FAILURE-NO-EFFECT"], |lab| {
        Box::pin(refused_send_leaves(lab))
    }),
    Case::both("checks.no-code-of-the-client-is-sent", &["PUSH-RETURN-CODES"], |lab| {
        Box::pin(no_client_codes(lab))
    }),
];

async fn refused_send(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for mts in [MTS - 1, MTS + 1] {
        let reply = known.device.push(&known.session, mts, "\"refused\"").await?;
        let refused = reply.code() != Some(Code::SUCCESS.0.into());
        if !refused {
            return Err(Stop::Inconclusive(format!("it was not refused: {reply}")));
        }
    }
    let expected = "a sendMessage that was answered with 27 or 28 delivers nothing";
    known.member.got_nothing("PUSH-FAILURE-NO-EFFECT", &known.bob, &mut known.device, expected).await?;
    known.device.push(&known.session, MTS, "\"right\"").await?;
    known.member.gets("PUSH-DELIVER", "\"right\"").await
}

/// Refuses an updateSession that would take Bob out and bring Eve in.
async fn refused_change(known: &mut Known<'_>, eve: &Person, message: Option<&str>) -> Result<(), Stop> {
    let members = [(&known.bob, false), (eve, true)];
    let reply = known.device.update(&known.session, MTS - 1, &members, false, message).await?;
    if reply.code() == Some(Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED.0.into()) {
        return Ok(());
    }
    Err(Stop::Inconclusive(format!("it was not refused with 27: {reply}")))
}

async fn refused_update(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    refused_change(&mut known, &eve, None).await?;
    known.bob_is_in().await?;
    let expected = "whom an updateSession names that was answered with 27 is not in";
    outsider.got_nothing("PUSH-FAILURE-NO-EFFECT", &eve, &mut known.device, expected).await
}

async fn refused_update_reaches_nobody(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    refused_change(&mut known, &eve, Some("\"refused\"")).await?;
    let expected = "the message of an updateSession that was answered with 27 reaches nobody";
    outsider.got_nothing("PUSH-FAILURE-NO-EFFECT", &eve, &mut known.device, expected).await?;
    known.member.got_nothing("PUSH-FAILURE-NO-EFFECT", &known.bob, &mut known.device, expected).await?;
    known.device.update(&known.session, MTS, &[], false, Some("\"right\"")).await?;
    known.member.gets("PUSH-DELIVER-UPDATE", "\"right\"").await
}

async fn refused_update_makes_none(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    let topic = session.topic();
    for command in [update(json!({"mts": MTS, "members": "x"})), update(json!({"mts": "x", "members": []}))] {
        let reply = device.command(&topic, command.to_string()).await?;
        if reply.code() == Some(Code::SUCCESS.0.into()) {
            return Err(Stop::Inconclusive(format!("it was not refused: {reply}")));
        }
    }
    let reply = device.push(&session, MTS, "1").await?;
    let what = "a sendMessage to a push session whose updateSessions were all refused";
    reply.is(lab, "PUSH-FAILURE-NO-EFFECT", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let reply = device.update(&session, MTS, &[(&ann, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "one that is right")
}

/// A sendMessage that is ahead does not bring its mts with it.
async fn refused_send_leaves(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for mts in [MTS + 5, MTS - 5] {
        known.device.push(&known.session, mts, "\"refused\"").await?;
        known.is_untouched().await?;
    }
    Ok(())
}

/// 21 and 23 are raised by clients.
async fn no_client_codes(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let commands = [
        json!({}),
        send(json!({})),
        send(json!({"mts": MTS})),
        update(json!({"mts": MTS})),
        update(json!({"mts": MTS, "members": []})),
    ];
    for command in commands {
        let reply = known.device.command(&known.session.topic(), command.to_string()).await?;
        let known_code = reply.code().is_some_and(|code| {
            let by_client = [Code::TIMEOUT, Code::SESSION_IS_INVALID].map(|code| i64::from(code.0));
            (20..=31).contains(&code) && !by_client.contains(&code)
        });
        let expected = "a reply has a code of the table that a push server sends: not 21 or 23";
        lab.check("PUSH-RETURN-CODES", known_code, expected, reply.to_string())?;
    }
    Ok(())
}
