//! Commands to one user's devices, and apps that do not meet. Rules `PUSH-APP`, `CONN-APP-SCOPE`.

use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::device::{Device, Hello};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::both("own-devices.both-device-classes-get-it", &["PUSH-APP"], |lab| Box::pin(both_classes(lab))),
    Case::both("own-devices.the-one-that-sent-it-does-not", &["PUSH-APP"], |lab| {
        Box::pin(not_to_the_sender(lab))
    }),
    Case::both("own-devices.others-reach-them-too", &["PUSH-APP"], |lab| Box::pin(by_others(lab))),
    Case::both("own-devices.nobody-else-gets-it", &["PUSH-APP"], |lab| Box::pin(nobody_else(lab))),
    Case::both("own-devices.a-user-who-is-away-is-a-success", &["PUSH-APP"], |lab| Box::pin(away(lab))),
    Case::both("own-devices.no-mts-is-behind-or-ahead", &["PUSH-APP"], |lab| Box::pin(any_mts(lab))),
    Case::both(
        "own-devices.what-is-wrong-is-refused-as-elsewhere",
        &["PUSH-CHECK-ORDER", "PUSH-APP"],
        |lab| Box::pin(still_checked(lab)),
    ),
    Case::both("own-devices.who-comes-later-gets-nothing-of-before", &["PUSH-NO-BACKLOG"], |lab| {
        Box::pin(no_backlog(lab))
    }),
    Case::both("apart.push-sessions-of-two-apps", &["CONN-APP-SCOPE"], |lab| Box::pin(sessions_apart(lab))),
    Case::both("apart.one-uid-in-two-apps-kicks-nobody", &["CONN-APP-SCOPE"], |lab| Box::pin(no_kick(lab))),
    Case::both("apart.a-uid-is-not-reached-from-the-other-app", &["CONN-APP-SCOPE"], |lab| {
        Box::pin(not_reached(lab))
    }),
    Case::both("apart.members-are-those-of-the-senders-app", &["CONN-APP-SCOPE"], |lab| {
        Box::pin(members_apart(lab))
    }),
    Case::both("apart.a-reconnection-does-not-take-the-other-apps-place", &["CONN-APP-SCOPE"], |lab| {
        Box::pin(no_takeover(lab))
    }),
];

const MTS: i64 = 1_479_974_400_000;

async fn both_classes(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    let mut mobile = lab.also(&ann, "mobile", "01mobile").await?;
    let reply = sender.push(&ann.own_devices(), Lab::APP_MTS, "\"for both\"").await?;
    reply.is(lab, "PUSH-APP", Code::SUCCESS, "a sendMessage to a user's devices")?;
    web.gets("PUSH-APP", "\"for both\"").await?;
    mobile.gets("PUSH-APP", "\"for both\"").await
}

async fn not_to_the_sender(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let (_, mut other) = lab.present("bob").await?;
    let mut mobile = lab.also(&ann, "mobile", "01mobile").await?;
    web.push(&ann.own_devices(), Lab::APP_MTS, "\"from the web\"").await?;
    mobile.gets("PUSH-APP", "\"from the web\"").await?;
    let expected = "the connection that sent it does not get it";
    web.got_nothing("PUSH-APP", &ann, &mut other, expected).await
}

async fn by_others(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    of_bob.push(&ann.own_devices(), Lab::APP_MTS, "\"from bob\"").await?;
    of_ann.gets("PUSH-APP", "\"from bob\"").await?;
    of_ann.push(&bob.own_devices(), Lab::APP_MTS, "\"from ann\"").await?;
    of_bob.gets("PUSH-APP", "\"from ann\"").await
}

async fn nobody_else(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    let (_, mut sender) = lab.present("cat").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"for ann\"").await?;
    of_ann.gets("PUSH-APP", "\"for ann\"").await?;
    let expected = "what is for one user's devices goes to no other user";
    of_bob.got_nothing("PUSH-APP", &bob, &mut sender, expected).await
}

async fn away(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let bob = lab.person("bob").await?;
    for (person, what) in [(&bob, "of whom no device is there"), (&ann, "whose only device sends it")] {
        let reply = sender.push(&person.own_devices(), Lab::APP_MTS, "1").await?;
        reply.is(
            lab,
            "PUSH-APP",
            Code::SUCCESS,
            &format!("a sendMessage to the devices of a user {what}"),
        )?;
    }
    let mut mobile = lab.also(&ann, "mobile", "01mobile").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "2").await?;
    mobile.gets("PUSH-APP", "2").await
}

async fn any_mts(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    for mts in [Lab::APP_MTS, 0, MTS, Lab::APP_MTS - 1, Lab::APP_MTS + 1] {
        let reply = sender.push(&ann.own_devices(), mts, &mts.to_string()).await?;
        reply.is(
            lab,
            "PUSH-APP",
            Code::SUCCESS,
            &format!("a sendMessage with mts {mts} to a user's devices"),
        )?;
        device.gets("PUSH-APP", &mts.to_string()).await?;
    }
    Ok(())
}

async fn still_checked(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    let topic = ann.own_devices().topic();
    for (topic, payload, code) in [
        (&*topic, "{", Code::INVALID_FORMAT_OF_JSON_CONTENT),
        (&*topic, r#"{"y2wMessageId":"x","mts":1264953600000,"message":1}"#, Code::CMD_IS_INVALID),
        (&*topic, r#"{"cmd":"sendMessage","y2wMessageId":"x","message":1}"#, Code::SESSION_MTS_IS_INVALID),
        (
            "y2w/session/y2wIMApp_",
            r#"{"cmd":"sendMessage","y2wMessageId":"x","mts":1264953600000,"message":1}"#,
            Code::SESSION_ID_IS_INVALID,
        ),
    ] {
        let reply = sender.command(topic, payload).await?;
        reply.is(lab, "PUSH-CHECK-ORDER", code, &format!("{payload} on {topic}"))?;
    }
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"right\"").await?;
    device.gets("PUSH-APP", "\"right\"").await
}

async fn no_backlog(lab: &Lab) -> Result<(), Stop> {
    let (_, mut sender) = lab.present("bob").await?;
    let ann = lab.person("ann").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"before\"").await?;
    let mut late = lab.also(&ann, "ann", "00late").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"after\"").await?;
    late.gets("PUSH-NO-BACKLOG", "\"after\"").await
}

/// A user here with a connection, and an introduction in the other app of the server: an imToken names no user, so that
/// the uid may be the same.
async fn both_apps<'a>(lab: &'a Lab) -> Result<(Person, Device<'a>, String), Stop> {
    let there = lab.person_next_door("there").await?;
    let token = lab.im_token(&there).await?;
    let (ann, device) = lab.present("ann").await?;
    Ok((ann, device, token))
}

async fn sessions_apart(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut here, token) = both_apps(lab).await?;
    let session = ann.push_session("chat");
    lab.told(&mut here, &session, MTS, &[&ann]).await?;
    let mut there = lab.online("there", &Hello::of(&ann, &token, "01there")).await?;
    let reply = there.push(&session, MTS, "1").await?;
    let what = "a sendMessage to a push session that is known in another app only";
    reply.is(lab, "CONN-APP-SCOPE", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    // Each app has one of that name, with an mts of its own.
    there.update(&session, MTS + 5, &[(&ann, true)], false, None).await?;
    for (device, mts) in [(&mut here, MTS), (&mut there, MTS + 5)] {
        let reply = device.push(&session, mts, "2").await?;
        let what = "a sendMessage with the mts that the push session has in its app";
        reply.is(lab, "CONN-APP-SCOPE", Code::SUCCESS, what)?;
    }
    Ok(())
}

async fn no_kick(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut here, token) = both_apps(lab).await?;
    let mut there = lab.online("there", &Hello::of(&ann, &token, "00there")).await?;
    here.is_alive("CONN-APP-SCOPE", "a connection of the same uid in another app kicks nobody here").await?;
    there.is_alive("CONN-APP-SCOPE", "and it is live itself").await
}

async fn not_reached(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut here, token) = both_apps(lab).await?;
    let (bob, mut sender) = lab.present("bob").await?;
    let mut there = lab.online("there", &Hello::of(&bob, &token, "01there")).await?;
    there.push(&ann.own_devices(), Lab::APP_MTS, "\"from the other app\"").await?;
    let expected = "a command in one app reaches nobody in another";
    here.got_nothing("CONN-APP-SCOPE", &ann, &mut sender, expected).await
}

async fn members_apart(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut here, token) = both_apps(lab).await?;
    let (bob, mut sender) = lab.present("bob").await?;
    let mut there = lab.online("there", &Hello::of(&ann, &token, "00there")).await?;
    let mut by = lab.online("there, by bob", &Hello::of(&bob, &token, "01by")).await?;
    let session = ann.push_session("chat");
    lab.told(&mut by, &session, MTS, &[&ann]).await?;
    by.push(&session, MTS, "\"in the other app\"").await?;
    there.gets("CONN-APP-SCOPE", "\"in the other app\"").await?;
    let expected = "a uid that is a member in another app is not reached here";
    here.got_nothing("CONN-APP-SCOPE", &ann, &mut sender, expected).await
}

async fn no_takeover(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut here, token) = both_apps(lab).await?;
    // The same guid as that of the connection here.
    let mut there = lab.device("there", &Hello::of(&ann, &token, "10one")).await?;
    there.accepted("CONN-APP-SCOPE").await?;
    here.is_alive("CONN-APP-SCOPE", "a reconnection in another app takes no place over here").await
}
