//! Several connections of one user: kicks, take-over, reconnection. Part 13.5.

use futures_util::future::try_join_all;
use y2w_sdk::protocol::ConnectionReturnCode as Code;

use super::super::case::{Case, Transport};
use super::super::device::{Device, Hello};
use super::super::lab::Lab;
use super::super::packets::Got;
use super::super::verdict::Stop;

const KICK: &[&str] = &["CONN-KICK", "CONN-KICK-CLOSE", "CONN-ACCEPT"];

pub(super) const CASES: &[Case] = &[
    Case::both("kicks.a-newer-client-kicks-the-older-one", KICK, |lab| Box::pin(newer_kicks_older(lab, '0'))),
    Case::both("kicks.a-newer-mobile-client-kicks-the-older-one", KICK, |lab| {
        Box::pin(newer_kicks_older(lab, '1'))
    }),
    Case::both("kicks.a-first-connection-kicks-its-own-earlier-one", KICK, |lab| {
        Box::pin(same_client_again(lab))
    }),
    Case::both("kicks.each-newer-client-kicks-the-one-before", KICK, |lab| {
        Box::pin(one_after_the_other(lab))
    }),
    Case::both("kicks.the-kick-is-this-json-and-nothing-else", &["CONN-KICK"], |lab| Box::pin(the_kick(lab))),
    Case::both(
        "kicks.what-was-sent-goes-to-the-newer-client",
        &["CONN-KICK", "CONN-KICK-CLOSE", "PUSH-APP", "PUSH-DELIVER-ONCE"],
        |lab| Box::pin(newer_gets_it(lab)),
    ),
    Case::both("kicks.of-many-clients-at-once-one-stays", &["CONN-KICK", "CONN-ACCEPT"], |lab| {
        Box::pin(many_at_once(lab))
    }),
    Case::both("kicks.device-classes-stand-side-by-side", &["CONN-DEVICE-CLASSES"], |lab| {
        Box::pin(side_by_side(lab))
    }),
    Case::both(
        "kicks.a-kick-leaves-the-other-device-class",
        &["CONN-DEVICE-CLASSES", "CONN-KICK", "CONN-KICK-CLOSE"],
        |lab| Box::pin(leaves_the_other_class(lab)),
    ),
    Case::both("kicks.users-with-the-same-client-id-do-not-meet", &["CONN-KICK"], |lab| {
        Box::pin(users_do_not_meet(lab))
    }),
    Case::both("kicks.a-client-that-has-left-is-kicked-by-nobody", &["CONN-ACCEPT"], |lab| {
        Box::pin(after_leaving(lab))
    }),
    Case::new("kicks.the-way-of-a-connection-is-no-device-class", &["CONN-KICK", "CONN-KICK-CLOSE"], |lab| {
        Box::pin(across_ways(lab))
    }),
    Case::both("kicks.a-reconnection-takes-its-own-place-over", &["CONN-TAKEOVER"], |lab| {
        Box::pin(takeover(lab, '0'))
    }),
    Case::both("kicks.a-mobile-reconnection-takes-its-own-place-over", &["CONN-TAKEOVER"], |lab| {
        Box::pin(takeover(lab, '1'))
    }),
    Case::both("kicks.a-take-over-of-a-take-over", &["CONN-TAKEOVER"], |lab| Box::pin(takeover_twice(lab))),
    Case::both(
        "kicks.after-a-take-over-pushes-come-once-and-to-the-newer",
        &["CONN-TAKEOVER", "PUSH-APP", "PUSH-DELIVER-ONCE"],
        |lab| Box::pin(pushes_after_takeover(lab)),
    ),
    Case::both(
        "kicks.a-take-over-leaves-the-other-device-class",
        &["CONN-TAKEOVER", "CONN-DEVICE-CLASSES"],
        |lab| Box::pin(takeover_leaves_class(lab)),
    ),
    Case::both(
        "kicks.a-reconnection-does-not-put-out-a-newer-client",
        &["CONN-RECONNECT-REFUSED", "CONN-REFUSE-CLOSE"],
        |lab| Box::pin(reconnection_refused(lab)),
    ),
    Case::both(
        "kicks.a-reconnection-of-who-was-never-here-does-not-either",
        &["CONN-RECONNECT-REFUSED", "CONN-REFUSE-CLOSE"],
        |lab| Box::pin(stranger_refused(lab)),
    ),
    Case::both(
        "kicks.who-was-refused-may-come-as-new",
        &["CONN-RECONNECT-REFUSED", "CONN-REFUSE-CLOSE", "CONN-KICK", "CONN-KICK-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(refused_comes_as_new(lab)),
    ),
    Case::both("kicks.a-reconnection-where-nobody-is", &["CONN-RECONNECT-FREE"], |lab| {
        Box::pin(free_for_a_stranger(lab))
    }),
    Case::both("kicks.a-reconnection-after-leaving", &["CONN-RECONNECT-FREE"], |lab| {
        Box::pin(free_after_leaving(lab))
    }),
    Case::both(
        "kicks.a-reconnection-while-the-other-device-class-is-live",
        &["CONN-RECONNECT-FREE", "CONN-DEVICE-CLASSES"],
        |lab| Box::pin(free_beside_the_other_class(lab)),
    ),
    Case::both("kicks.a-reconnection-is-kicked-as-any-other", KICK, |lab| {
        Box::pin(reconnection_is_kicked(lab))
    }),
];

async fn newer_kicks_older(lab: &Lab, class: char) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", &format!("0{class}older")).await?;
    let mut newer = lab.device("newer", &lab.hello(&ann, &format!("0{class}newer")).await?).await?;
    newer.accepted("CONN-ACCEPT").await?;
    older.kicked().await?;
    newer.is_alive("CONN-ACCEPT", "the newer client stays").await
}

/// R is 0, so that it is a kick and no take-over, although the guid is the same.
async fn same_client_again(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", "00one").await?;
    let mut newer = lab.device("newer", &lab.hello(&ann, "00one").await?).await?;
    newer.accepted("CONN-ACCEPT").await?;
    older.kicked().await
}

async fn one_after_the_other(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut last = lab.also(&ann, "client 0", "00client0").await?;
    for number in 1..4 {
        let hello = lab.hello(&ann, &format!("00client{number}")).await?;
        let mut newer = lab.device(&format!("client {number}"), &hello).await?;
        newer.accepted("CONN-ACCEPT").await?;
        last.kicked().await?;
        last = newer;
    }
    last.is_alive("CONN-ACCEPT", "the last client stays").await
}

async fn the_kick(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", "00older").await?;
    let _newer = lab.also(&ann, "newer", "00newer").await?;
    let kick = older.next().await?;
    let expected = serde_json::json!({ "returnCode": Code::KICKED.0 });
    let is_it = kick.word().is_some_and(|word| serde_json::from_slice(&word.payload).ok() == Some(expected));
    lab.check("CONN-KICK", is_it, r#"the payload is {"returnCode":10}"#, kick.to_string())
}

async fn newer_gets_it(lab: &Lab) -> Result<(), Stop> {
    let (_, mut sender) = lab.present("bob").await?;
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", "00older").await?;
    let mut newer = lab.also(&ann, "newer", "00newer").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"for the newer\"").await?;
    newer.gets("PUSH-APP", "\"for the newer\"").await?;
    newer.got_nothing("PUSH-DELIVER-ONCE", &ann, &mut sender, "it comes once").await?;
    older.kicked().await
}

async fn many_at_once(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 5;
    let (_, mut sender) = lab.present("bob").await?;
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    let connecting = (0..MANY).map(|number| {
        let hello = hello.client(&format!("00client{number}"));
        async move {
            let mut device = lab.device(&format!("client {number}"), &hello).await?;
            let connack = device.next().await?;
            let zero = matches!(connack, Got::Connack(0));
            lab.check("CONN-ACCEPT", zero, "each first connection gets CONNACK 0", connack.to_string())?;
            Ok::<_, Stop>(device)
        }
    });
    let mut devices = try_join_all(connecting).await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"who is here\"").await?;
    let mut stayed = 0;
    for device in &mut devices {
        let mut got = device.next().await?;
        if got.is_control(Code::ACCEPT_CONNECT) {
            got = device.next().await?;
        }
        if got.word().is_some_and(|word| word.message().is_some()) {
            stayed += 1;
            continue;
        }
        let kicked = got.is_control(Code::KICKED);
        lab.check("CONN-KICK", kicked, "a client that did not stay was kicked", got.to_string())?;
    }
    let expected = format!("of {MANY} clients that connect at once, one stays");
    lab.check("CONN-KICK", stayed == 1, expected, format!("{stayed} of them stayed"))
}

async fn side_by_side(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut web = lab.also(&ann, "web", "00web").await?;
    let mut mobile = lab.device("mobile", &lab.hello(&ann, "01mobile").await?).await?;
    mobile.accepted("CONN-DEVICE-CLASSES").await?;
    both_are_there(lab, &ann, &mut web, &mut mobile).await
}

/// Each reaches the other by a push to the user's own devices.
async fn both_are_there(
    lab: &Lab,
    ann: &super::super::lab::Person,
    web: &mut Device<'_>,
    mobile: &mut Device<'_>,
) -> Result<(), Stop> {
    mobile.publish(&ann.own_devices().topic(), mark("from mobile")).await?;
    web.gets_at_last("CONN-DEVICE-CLASSES", "\"from mobile\"").await?;
    web.publish(&ann.own_devices().topic(), mark("from web")).await?;
    let reply = mobile.reply().await?;
    let answered = reply.code() == Some(20);
    lab.check("CONN-DEVICE-CLASSES", answered, "commands of either are answered", reply.to_string())?;
    mobile.gets_at_last("CONN-DEVICE-CLASSES", "\"from web\"").await
}

fn mark(text: &str) -> String {
    let mark =
        serde_json::json!({"cmd": "sendMessage", "y2wMessageId": "m", "mts": Lab::APP_MTS, "message": text});
    mark.to_string()
}

async fn leaves_the_other_class(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    let mut mobile = lab.also(&ann, "mobile", "01mobile").await?;
    let _newer = lab.also(&ann, "newer web", "00newer").await?;
    web.kicked().await?;
    let expected = "a kick of the web client leaves the mobile one alone";
    mobile.got_nothing("CONN-DEVICE-CLASSES", &ann, &mut sender, expected).await
}

async fn users_do_not_meet(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (_, mut of_bob) = lab.present("bob").await?;
    let expected = "a connection of another user with the same client id kicks nobody";
    of_ann.got_nothing("CONN-KICK", &ann, &mut of_bob, expected).await
}

async fn after_leaving(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for number in 0..3 {
        let hello = lab.hello(&ann, &format!("00client{number}")).await?;
        let mut device = lab.device("client", &hello).await?;
        device.accepted("CONN-ACCEPT").await?;
        device.is_alive("CONN-ACCEPT", "it is live").await?;
        device.leave().await?;
    }
    Ok(())
}

async fn across_ways(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let over = |hello: Hello, way| Hello { over: Some(way), ..hello };
    let by_tcp = over(lab.hello(&ann, "00tcp").await?, Transport::Tcp);
    let by_websocket = over(lab.hello(&ann, "00websocket").await?, Transport::Websocket);
    let mut first = lab.online("by tcp", &by_tcp).await?;
    let mut second = lab.online("by websocket", &by_websocket).await?;
    first.kicked().await?;
    let _third = lab.online("by tcp again", &by_tcp).await?;
    second.kicked().await
}

async fn takeover(lab: &Lab, class: char) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", &format!("0{class}one")).await?;
    let mut again = lab.device("again", &lab.hello(&ann, &format!("1{class}one")).await?).await?;
    again.accepted("CONN-TAKEOVER").await?;
    older.closed("CONN-TAKEOVER", "the client's own older connection is closed without a kick").await?;
    again.is_alive("CONN-TAKEOVER", "the reconnection stays").await
}

async fn takeover_twice(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut last = lab.also(&ann, "one", "00one").await?;
    for name in ["again", "and again"] {
        let mut again = lab.device(name, &lab.hello(&ann, "10one").await?).await?;
        again.accepted("CONN-TAKEOVER").await?;
        last.closed("CONN-TAKEOVER", "the client's own older connection is closed without a kick").await?;
        last = again;
    }
    last.is_alive("CONN-TAKEOVER", "the last reconnection stays").await
}

async fn pushes_after_takeover(lab: &Lab) -> Result<(), Stop> {
    let (_, mut sender) = lab.present("bob").await?;
    let ann = lab.person("ann").await?;
    let mut older = lab.also(&ann, "older", "00one").await?;
    let mut again = lab.also(&ann, "again", "10one").await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "\"after\"").await?;
    again.gets("PUSH-APP", "\"after\"").await?;
    again.got_nothing("PUSH-DELIVER-ONCE", &ann, &mut sender, "it comes once").await?;
    older.closed("CONN-TAKEOVER", "nothing comes to the connection that was taken over but its end").await
}

async fn takeover_leaves_class(lab: &Lab) -> Result<(), Stop> {
    let (_, mut sender) = lab.present("bob").await?;
    let ann = lab.person("ann").await?;
    let mut web = lab.also(&ann, "web", "00one").await?;
    let mut mobile = lab.also(&ann, "mobile", "01one").await?;
    // The guid is the same for both, which says nothing: the device class tells them apart.
    let mut again = lab.device("web again", &lab.hello(&ann, "10one").await?).await?;
    again.accepted("CONN-TAKEOVER").await?;
    web.closed("CONN-TAKEOVER", "the older web connection is closed without a kick").await?;
    mobile.got_nothing("CONN-DEVICE-CLASSES", &ann, &mut sender, "the mobile connection stays").await
}

async fn reconnection_refused(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let _older = lab.also(&ann, "older", "00older").await?;
    let mut newer = lab.also(&ann, "newer", "00newer").await?;
    let mut back = lab.device("older again", &lab.hello(&ann, "10older").await?).await?;
    back.refused("CONN-RECONNECT-REFUSED", Code::KICKED, "a reconnection while a newer client is live")
        .await?;
    newer.is_alive("CONN-RECONNECT-REFUSED", "the newer client stays").await
}

async fn stranger_refused(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut live) = lab.present("ann").await?;
    let mut back = lab.device("never seen", &lab.hello(&ann, "10never-seen").await?).await?;
    let what = "a reconnection with another guid than that of the live client";
    back.refused("CONN-RECONNECT-REFUSED", Code::KICKED, what).await?;
    live.is_alive("CONN-RECONNECT-REFUSED", "the live client stays").await
}

async fn refused_comes_as_new(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut live) = lab.present("ann").await?;
    let mut back = lab.device("back", &lab.hello(&ann, "10back").await?).await?;
    back.refused("CONN-RECONNECT-REFUSED", Code::KICKED, "a reconnection with another guid").await?;
    let mut new = lab.device("back as new", &lab.hello(&ann, "00back").await?).await?;
    new.accepted("CONN-ACCEPT").await?;
    live.kicked().await
}

async fn free_for_a_stranger(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for client in ["10never-seen", "11never-seen"] {
        let mut device = lab.device(client, &lab.hello(&ann, client).await?).await?;
        device.accepted("CONN-RECONNECT-FREE").await?;
        device.is_alive("CONN-RECONNECT-FREE", "the reconnection stays").await?;
    }
    Ok(())
}

async fn free_after_leaving(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    device.leave().await?;
    // Of the same client, and of another one.
    for client in ["10one", "10two"] {
        let mut device = lab.device("again", &lab.hello(&ann, client).await?).await?;
        device.accepted("CONN-RECONNECT-FREE").await?;
        device.is_alive("CONN-RECONNECT-FREE", "it is live").await?;
        device.leave().await?;
    }
    Ok(())
}

async fn free_beside_the_other_class(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let mut mobile = lab.device("mobile", &lab.hello(&ann, "11another").await?).await?;
    mobile.accepted("CONN-RECONNECT-FREE").await?;
    both_are_there(lab, &ann, &mut web, &mut mobile).await
}

async fn reconnection_is_kicked(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut again = lab.also(&ann, "again", "10one").await?;
    let mut newer = lab.device("newer", &lab.hello(&ann, "00newer").await?).await?;
    newer.accepted("CONN-ACCEPT").await?;
    again.kicked().await
}
