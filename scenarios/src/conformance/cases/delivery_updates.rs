//! What an `updateSession` delivers. Part 14.3.

use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::lab::Lab;
use super::super::verdict::Stop;
use super::delivery::two;
use super::push_sessions::MTS;

pub(super) const CASES: &[Case] = &[
    Case::both("delivery.an-updates-message-goes-to-the-members-after-it", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(members_after_update(lab))
    }),
    Case::both("delivery.an-updates-message-by-force", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(members_after_force(lab))
    }),
    Case::both("delivery.the-first-updates-message", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(first_update(lab))
    }),
    Case::both(
        "delivery.an-updates-message-is-not-echoed",
        &["PUSH-DELIVER", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(update_is_not_echoed(lab)),
    ),
    Case::both("delivery.an-update-without-a-message-delivers-nothing", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(update_without_message(lab))
    }),
    Case::both(
        "delivery.every-delivery-has-the-cmd-send-message",
        &["PUSH-DELIVER-UPDATE", "PUSH-DELIVER"],
        |lab| Box::pin(the_cmd(lab)),
    ),
];

/// Bob goes, Eve comes; the message is for who is in then.
async fn changed(lab: &Lab, force: bool) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let (eve, mut new) = lab.present("eve").await?;
    let members = [(&two.bob, false), (&eve, true)];
    let reply = two.sender.update(&two.session, MTS + 1, &members, force, Some("\"hello\"")).await?;
    reply.is(lab, "PUSH-DELIVER-UPDATE", Code::SUCCESS, "an updateSession with a message")?;
    new.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    let expected = "who is removed by an updateSession does not get its message";
    two.member.got_nothing("PUSH-DELIVER-UPDATE", &two.bob, &mut two.sender, expected).await
}

async fn members_after_update(lab: &Lab) -> Result<(), Stop> {
    changed(lab, false).await
}

async fn members_after_force(lab: &Lab) -> Result<(), Stop> {
    changed(lab, true).await
}

async fn first_update(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    let members = [(&ann, true), (&bob, true)];
    let reply = sender.update(&session, MTS, &members, false, Some("\"hello\"")).await?;
    reply.is(
        lab,
        "PUSH-DELIVER-UPDATE",
        Code::SUCCESS,
        "an updateSession with a message for a new push session",
    )?;
    member.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await
}

async fn update_is_not_echoed(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let mut mobile = lab.also(&two.ann, "ann's mobile", "01mobile").await?;
    two.sender.update(&two.session, MTS, &[], false, Some("\"hello\"")).await?;
    two.member.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    mobile.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    let expected = "the connection that sent an updateSession does not get its message";
    two.sender.got_nothing("PUSH-DELIVER", &two.ann, &mut two.member, expected).await
}

async fn update_without_message(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.sender.update(&two.session, MTS + 1, &[(&two.bob, true)], false, None).await?;
    let expected = "an updateSession without a message delivers nothing";
    two.member.got_nothing("PUSH-DELIVER-UPDATE", &two.bob, &mut two.sender, expected).await?;
    two.sender.update(&two.session, MTS + 2, &[], false, Some("1")).await?;
    two.member.gets("PUSH-DELIVER-UPDATE", "1").await
}

async fn the_cmd(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.sender.push(&two.session, MTS, "1").await?;
    let by_send = two.member.next().await?;
    two.sender.update(&two.session, MTS, &[], false, Some("2")).await?;
    let by_update = two.member.next().await?;
    for (got, rule, cmd) in
        [(by_send, "PUSH-DELIVER", "sendMessage"), (by_update, "PUSH-DELIVER-UPDATE", "updateSession")]
    {
        let named = got.word().and_then(|word| word.text("cmd"));
        let expected = format!("what a {cmd} delivers has the cmd sendMessage");
        lab.check(rule, named.as_deref() == Some("sendMessage"), expected, got.to_string())?;
    }
    Ok(())
}
