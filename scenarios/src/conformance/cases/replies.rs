//! Commands and their replies, and which check comes first. Parts 14.1 and 14.2.

use serde_json::json;
use y2w_sdk::protocol::{ImSessionId, SendReturnCode as Code};

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::packets::{Got, Word};
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::push_sessions::MTS;

pub(super) const CASES: &[Case] = &[
    Case::both("replies.every-command-is-answered", &["PUSH-REPLY"], |lab| Box::pin(every_command(lab))),
    Case::both("replies.a-refused-command-is-answered-too", &["PUSH-REPLY"], |lab| {
        Box::pin(refused_commands(lab))
    }),
    Case::both("replies.cmd-and-id-are-repeated", &["PUSH-REPLY"], |lab| Box::pin(repeated(lab))),
    Case::both("replies.an-id-is-any-string", &["PUSH-REPLY"], |lab| Box::pin(any_id(lab))),
    Case::both("replies.ids-of-others-do-not-mix", &["PUSH-REPLY"], |lab| Box::pin(same_ids(lab))),
    Case::both("replies.one-goes-to-who-asked-and-to-no-other", &["PUSH-REPLY"], |lab| {
        Box::pin(to_no_other(lab))
    }),
    Case::both("replies.a-command-has-one", &["PUSH-REPLY", "CONN-PINGRESP"], |lab| Box::pin(only_one(lab))),
    Case::both("replies.many-commands-at-once-have-one-each", &["PUSH-REPLY"], |lab| {
        Box::pin(many_at_once(lab))
    }),
    Case::both("replies.a-reply-is-no-delivery", &["PUSH-REPLY", "PUSH-DELIVER"], |lab| {
        Box::pin(no_delivery(lab))
    }),
    Case::both(
        "replies.without-an-id-there-is-one-all-the-same",
        &["PUSH-REPLY-UNREADABLE", "PUSH-REPLY"],
        |lab| Box::pin(without_id(lab)),
    ),
    Case::both(
        "replies.to-what-cannot-be-read-name-what-can",
        &["PUSH-REPLY-UNREADABLE", "PUSH-REPLY"],
        |lab| Box::pin(unreadable(lab)),
    ),
    Case::both("replies.only-27-and-28-need-an-mts", &["PUSH-REPLY-MTS"], |lab| Box::pin(the_mts(lab))),
    Case::both("replies.a-command-of-256-kib", &["PUSH-PACKET-MAX", "PUSH-REPLY"], |lab| {
        Box::pin(largest(lab))
    }),
];

fn session(person: &Person) -> ImSessionId {
    person.push_session("chat")
}

/// Checks that what comes next is the reply to that command.
async fn next_is_reply(
    device: &mut Device<'_>,
    rule: &'static str,
    cmd: &str,
    id: &str,
) -> Result<Option<Word>, Stop> {
    let got = device.next().await?;
    let reply = got.word().filter(|word| word.is_reply()).cloned();
    let is_it = reply.as_ref().is_some_and(|reply| {
        reply.text("cmd").as_deref() == Some(cmd) && reply.text("y2wMessageId").as_deref() == Some(id)
    });
    let expected = format!("{cmd} is answered with its cmd, its y2wMessageId {id:?} and a returnCode");
    device.lab.check(rule, is_it, expected, got.to_string())?;
    Ok(reply)
}

fn send(id: &str, mts: i64) -> String {
    json!({"cmd": "sendMessage", "y2wMessageId": id, "mts": mts, "message": 1}).to_string()
}

async fn every_command(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let topic = session(&ann).topic();
    let members = json!([{"uid": ann.uid, "isDel": false}]);
    let update = json!({"cmd": "updateSession", "y2wMessageId": "u", "mts": MTS, "members": members});
    device.publish(&topic, update.to_string()).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "updateSession", "u").await?;
    device.publish(&topic, send("s", MTS)).await?;
    let reply = next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", "s").await?;
    let done = reply.as_ref().and_then(Word::code) == Some(Code::SUCCESS.0.into());
    let shown = reply.map_or_else(String::new, |reply| reply.to_string());
    lab.check("PUSH-REPLY", done, "the second was carried out: 20", shown)
}

async fn refused_commands(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let topic = session(&ann).topic();
    // 26, 27, 28, 25 and 29, as it happens.
    device.publish(&topic, send("a", MTS)).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", "a").await?;
    lab.told(&mut device, &session(&ann), MTS, &[&ann]).await?;
    for (id, mts) in [("b", MTS - 1), ("c", MTS + 1)] {
        device.publish(&topic, send(id, mts)).await?;
        next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", id).await?;
    }
    device.publish(&topic, r#"{"cmd":"sendMessage","y2wMessageId":"d","message":1}"#).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", "d").await?;
    device.publish(&topic, r#"{"cmd":"updateSession","y2wMessageId":"e","mts":1}"#).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "updateSession", "e").await?;
    Ok(())
}

async fn repeated(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    for id in ["g-1", "g-2"] {
        device.publish(&ann.own_devices().topic(), send(id, Lab::APP_MTS)).await?;
        next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", id).await?;
    }
    Ok(())
}

async fn any_id(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let long = "x".repeat(200);
    for id in [
        "0",
        "a b",
        "\"quoted\"\\",
        "中文 é 😀",
        "line\nbreak",
        "5b1f8c2e-93d4-4c0a-8a57-0d6e7f1c2b34",
        &long,
    ] {
        device.publish(&ann.own_devices().topic(), send(id, Lab::APP_MTS)).await?;
        next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", id).await?;
    }
    Ok(())
}

/// An id is unique among the open commands of one client, and not among all.
async fn same_ids(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    lab.told(&mut of_ann, &session(&ann), MTS, &[&ann]).await?;
    of_ann.publish(&session(&ann).topic(), send("same", MTS)).await?;
    of_bob.publish(&session(&bob).topic(), send("same", MTS)).await?;
    for (device, code) in [(&mut of_ann, Code::SUCCESS), (&mut of_bob, Code::SESSION_ON_SERVER_IS_NOT_EXIST)]
    {
        let reply = next_is_reply(device, "PUSH-REPLY", "sendMessage", "same").await?;
        if let Some(reply) = reply {
            reply.is(lab, "PUSH-REPLY", code, "a command whose id another client uses as well")?;
        }
    }
    Ok(())
}

async fn to_no_other(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let mut own = lab.also(&ann, "ann's other", "01other").await?;
    lab.told(&mut device, &session(&ann), MTS, &[&ann, &bob]).await?;
    let update = json!({"cmd": "updateSession", "y2wMessageId": "u", "mts": MTS, "members": []});
    device.publish(&session(&ann).topic(), update.to_string()).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "updateSession", "u").await?;
    let expected = "a reply goes to the connection that sent the command, and to no other";
    own.got_nothing("PUSH-REPLY", &ann, &mut device, expected).await?;
    member.got_nothing("PUSH-REPLY", &bob, &mut device, expected).await
}

async fn only_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    device.publish(&ann.own_devices().topic(), send("one", Lab::APP_MTS)).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", "one").await?;
    device.ping().await?;
    let got = device.next_but_deliveries().await?;
    let again = got.word().is_some_and(Word::is_reply);
    lab.check("PUSH-REPLY", !again, "a command has one reply", got.to_string())?;
    lab.check("CONN-PINGRESP", matches!(got, Got::Pingresp), "a ping is answered", got.to_string())
}

async fn many_at_once(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 30;
    let (ann, mut device) = lab.present("ann").await?;
    let topic = ann.own_devices().topic();
    for number in 0..MANY {
        device.publish(&topic, send(&format!("n{number}"), Lab::APP_MTS)).await?;
    }
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..MANY {
        let got = device.next().await?;
        let id = got.word().filter(|word| word.is_reply()).and_then(|word| word.text("y2wMessageId"));
        let is_new = id.is_some_and(|id| answered.insert(id));
        let expected = format!("each of {MANY} commands that are open at once has a reply of its own");
        lab.check("PUSH-REPLY", is_new, expected, got.to_string())?;
    }
    Ok(())
}

async fn no_delivery(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    lab.told(&mut device, &session(&ann), MTS, &[&bob]).await?;
    let reply = device.push(&session(&ann), MTS, "1").await?;
    let bare = reply.field("message").is_none();
    lab.check("PUSH-REPLY", bare, "a reply does not hold the message", reply.to_string())?;
    let got = member.next().await?;
    let holds = got.word().is_some_and(|word| {
        word.text("cmd").as_deref() == Some("sendMessage") && word.field("returnCode").is_none()
    });
    let expected = "a delivery has the cmd sendMessage and no returnCode";
    lab.check("PUSH-DELIVER", holds, expected, got.to_string())
}

async fn without_id(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let payload = json!({"cmd": "sendMessage", "mts": Lab::APP_MTS, "message": 1}).to_string();
    device.publish(&ann.own_devices().topic(), payload).await?;
    let got = device.next().await?;
    let is_it = got.word().is_some_and(|word| {
        word.is_reply()
            && word.text("cmd").as_deref() == Some("sendMessage")
            && word.text("y2wMessageId").is_none()
    });
    let expected = "a command without y2wMessageId is answered, without one as well";
    lab.check("PUSH-REPLY-UNREADABLE", is_it, expected, got.to_string())?;
    control(lab).await
}

/// What is right is answered, on a connection that is new.
async fn control(lab: &Lab) -> Result<(), Stop> {
    let (bob, mut device) = lab.present("bob").await?;
    device.publish(&bob.own_devices().topic(), send("right", Lab::APP_MTS)).await?;
    next_is_reply(&mut device, "PUSH-REPLY", "sendMessage", "right").await?;
    Ok(())
}

async fn unreadable(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    for (payload, cmd, id) in [
        ("{", None, None),
        ("[]", None, None),
        (r#"{"y2wMessageId":"x"}"#, None, Some("x")),
        (r#"{"cmd":"noSuchCommand","y2wMessageId":"y"}"#, Some("noSuchCommand"), Some("y")),
    ] {
        device.publish(&ann.own_devices().topic(), payload).await?;
        let got = device.next().await?;
        let is_it = got.word().is_some_and(|word| {
            word.is_reply()
                && word.text("cmd").as_deref() == cmd
                && word.text("y2wMessageId").as_deref() == id
        });
        let expected = format!(
            "{payload} is answered with what could be read: cmd {}, y2wMessageId {}",
            as_json(&cmd),
            as_json(&id)
        );
        lab.check("PUSH-REPLY-UNREADABLE", is_it, expected, got.to_string())?;
        if got.is_end() {
            break;
        }
    }
    control(lab).await
}

async fn the_mts(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    lab.told(&mut device, &session(&ann), MTS, &[&ann]).await?;
    for (mts, code) in [
        (MTS - 1, Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED),
        (MTS + 1, Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED),
    ] {
        let reply = device.push(&session(&ann), mts, "1").await?;
        if reply.code() != Some(code.0.into()) {
            return Err(Stop::Inconclusive(format!("no {} but {reply}", code.0)));
        }
        let expected = format!("`mts` is {MTS}, a number");
        lab.check("PUSH-REPLY-MTS", reply.number("mts") == Some(MTS), expected, reply.to_string())?;
    }
    Ok(())
}

/// The whole packet has 256 KiB, with its header and its topic.
async fn largest(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let topic = ann.own_devices().topic();
    let empty =
        json!({"cmd": "sendMessage", "y2wMessageId": "l", "mts": Lab::APP_MTS, "message": ""}).to_string();
    let head = 1 + 3 + 2 + topic.len() + empty.len();
    let text = "x".repeat(y2w_sdk::protocol::limits::PACKET_MAX - head);
    let payload = json!({"cmd": "sendMessage", "y2wMessageId": "l", "mts": Lab::APP_MTS, "message": text});
    device.publish(&topic, payload.to_string()).await?;
    let got = device.next().await?;
    let done = got.word().and_then(Word::code) == Some(Code::SUCCESS.0.into());
    lab.check(
        "PUSH-PACKET-MAX",
        done,
        "a command in a packet of 256 KiB is carried out: 20",
        got.to_string(),
    )?;
    control(lab).await
}
