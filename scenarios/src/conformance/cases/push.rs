//! Push sessions: who is in, and what commands are answered. Part 14.

use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::push::{ImSessionId, Reply};

use super::super::case::Case;
use super::super::device::{Device, Hello};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use crate::history::Pushed;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "push.a-session-that-nobody-has-told-of",
        &["MTS-UNKNOWN-SESSION", "MTS-UPDATE-CREATES", "PUSH-REPLY"],
        |lab| Box::pin(unknown_session(lab)),
    ),
    Case::new(
        "push.who-is-behind-is-told",
        &[
            "MTS-CLIENT-BEHIND",
            "MTS-SERVER-BEHIND",
            "MTS-UPDATE-BEHIND",
            "PUSH-REPLY-MTS",
            "MTS-UPDATE-CREATES",
        ],
        |lab| Box::pin(who_is_behind(lab)),
    ),
    Case::new(
        "push.members-get-it-and-nobody-else",
        &["PUSH-DELIVER", "PUSH-DELIVER-VERBATIM", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(members_get_it(lab)),
    ),
    Case::new(
        "push.by-force-these-and-no-others-are-in",
        &["MTS-FORCE", "MTS-UPDATE-CREATES", "PUSH-DELIVER"],
        |lab| Box::pin(by_force(lab)),
    ),
];

/// A push session of the case's own: named after a user of its own, no other case has it.
fn session(person: &Person) -> ImSessionId {
    ImSessionId::new(SessionType::Group, format!("conform-{}", person.uid).as_str())
}

fn is(lab: &Lab, rule: &'static str, reply: &Reply, code: u32, when: &str) -> Result<(), Stop> {
    let holds = reply.return_code.0 == code;
    lab.check(rule, holds, format!("{when} is answered with {code}"), format!("{reply:?}"))
}

async fn online<'a>(lab: &'a Lab, name: &str) -> Result<(Person, Device<'a>), Stop> {
    let person = lab.person(name).await?;
    let token = lab.im_token(&person).await?;
    let device = lab.online(name, &Hello::of(&person, &token, "00one")).await?;
    Ok((person, device))
}

async fn unknown_session(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = online(lab, "ann").await?;
    let session = session(&ann);
    let reply = device.push(&session, 1_000, "1").await?;
    is(lab, "MTS-UNKNOWN-SESSION", &reply, 26, "a sendMessage to a session that nobody has told of")?;
    let cmd = reply.cmd.as_deref() == Some("sendMessage");
    lab.check("PUSH-REPLY", cmd, "the reply has the command's cmd", format!("{reply:?}"))?;
    let reply = device.update(&session, 1_000, &[(&ann, true)], false, None).await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "an updateSession")?;
    let reply = device.push(&session, 1_000, "2").await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "a sendMessage to the session that it made")
}

async fn who_is_behind(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = online(lab, "ann").await?;
    let session = session(&ann);
    let reply = device.update(&session, 2_000, &[(&ann, true)], false, None).await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "an updateSession")?;
    let behind = device.push(&session, 1_999, "1").await?;
    is(lab, "MTS-CLIENT-BEHIND", &behind, 27, "a sendMessage with an older mts")?;
    let update = device.update(&session, 1_999, &[(&ann, true)], false, None).await?;
    is(lab, "MTS-UPDATE-BEHIND", &update, 27, "an updateSession with an older mts")?;
    let ahead = device.push(&session, 2_001, "2").await?;
    is(lab, "MTS-SERVER-BEHIND", &ahead, 28, "a sendMessage with a newer mts")?;
    for reply in [&behind, &update, &ahead] {
        lab.check(
            "PUSH-REPLY-MTS",
            reply.mts == Some(2_000),
            "the reply says the server's mts",
            format!("{reply:?}"),
        )?;
    }
    let reply = device.push(&session, 2_000, "3").await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "a sendMessage with the session's mts")
}

/// The next delivery at a device is this message.
async fn gets(lab: &Lab, rule: &'static str, device: &mut Device<'_>, message: &str) -> Result<(), Stop> {
    let got = device.next().await?;
    let is_it = matches!(&got, Some(Pushed::Delivery(other)) if **other == *message);
    lab.check(rule, is_it, format!("the next that it gets is {message}"), format!("{got:?}"))
}

async fn members_get_it(lab: &Lab) -> Result<(), Stop> {
    const MESSAGE: &str = r#"{"b": 1,  "a":[true,null,"\u00e9"]}"#;
    let (ann, mut sender) = online(lab, "ann").await?;
    let (bob, mut member) = online(lab, "bob").await?;
    let (eve, mut outsider) = online(lab, "eve").await?;
    let session = session(&ann);
    let reply =
        sender.update(&session, 1_000, &[(&ann, true), (&bob, true), (&eve, false)], false, None).await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "an updateSession")?;
    let reply = sender.push(&session, 1_000, MESSAGE).await?;
    is(lab, "PUSH-DELIVER", &reply, 20, "a sendMessage")?;
    gets(lab, "PUSH-DELIVER-VERBATIM", &mut member, MESSAGE).await?;
    // The fence: what was pushed before would have come before.
    sender.push(&eve.own_devices(), Lab::APP_MTS, "\"fence\"").await?;
    gets(lab, "PUSH-DELIVER", &mut outsider, "\"fence\"").await
}

async fn by_force(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = online(lab, "ann").await?;
    let (bob, mut stays) = online(lab, "bob").await?;
    let (eve, mut goes) = online(lab, "eve").await?;
    let session = session(&ann);
    let reply =
        sender.update(&session, 2_000, &[(&ann, true), (&bob, true), (&eve, true)], false, Some("1")).await?;
    is(lab, "MTS-UPDATE-CREATES", &reply, 20, "an updateSession")?;
    gets(lab, "PUSH-DELIVER", &mut goes, "1").await?;
    gets(lab, "PUSH-DELIVER", &mut stays, "1").await?;
    let reply = sender.update(&session, 1_000, &[(&ann, true), (&bob, true)], true, Some("2")).await?;
    is(lab, "MTS-FORCE", &reply, 20, "an updateSession by force, with an older mts,")?;
    gets(lab, "MTS-FORCE", &mut stays, "2").await?;
    sender.push(&eve.own_devices(), Lab::APP_MTS, "\"fence\"").await?;
    gets(lab, "MTS-FORCE", &mut goes, "\"fence\"").await
}
