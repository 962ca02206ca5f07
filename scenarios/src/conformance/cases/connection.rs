//! CONNECT: who is let in, and with which code others are refused. Parts 13.3 and 13.4.

use y2w_sdk::protocol::{ConnectionReturnCode as Code, limits};

use super::super::case::Case;
use super::super::device::Hello;
use super::super::lab::{Lab, Person};
use super::super::packets::{Got, Word};
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::both(
        "connection.who-has-an-im-token-is-accepted",
        &["CONN-ACCEPT", "CONN-ACCEPT-FIRST", "CONN-TCP", "CONN-WEBSOCKET"],
        |lab| Box::pin(accepted(lab)),
    ),
    Case::both("connection.the-accept-is-this-json-and-nothing-else", &["CONN-ACCEPT"], |lab| {
        Box::pin(the_accept(lab))
    }),
    Case::both("connection.the-accept-comes-before-any-delivery", &["CONN-ACCEPT-FIRST"], |lab| {
        Box::pin(accept_before_deliveries(lab))
    }),
    Case::both("connection.either-device-class-is-accepted", &["CONN-ACCEPT"], |lab| {
        Box::pin(either_class(lab))
    }),
    Case::both("connection.one-im-token-serves-many-users", &["TOKEN-GRANT", "CONN-ACCEPT"], |lab| {
        Box::pin(one_token(lab))
    }),
    Case::both("connection.an-earlier-im-token-stays-good", &["CONN-ACCEPT", "CONN-RETURN-CODES"], |lab| {
        Box::pin(earlier_token(lab))
    }),
    Case::both(
        "connection.a-client-id-of-another-form",
        &["CONN-REFUSE-CLIENT-ID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(client_id_of_another_form(lab)),
    ),
    Case::both(
        "connection.a-client-id-without-a-guid",
        &["CONN-REFUSE-CLIENT-ID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(client_id_without_guid(lab)),
    ),
    Case::both("connection.a-client-id-of-64-bytes", &["CONN-CLIENT-ID-LENGTH"], |lab| {
        Box::pin(long_client_id(lab))
    }),
    Case::both("connection.a-guid-of-one-sign", &["CONN-ACCEPT"], |lab| Box::pin(short_guid(lab))),
    Case::both("connection.a-uid-of-128-bytes", &["CONN-UID-LENGTH", "CONN-ACCEPT"], |lab| {
        Box::pin(long_uid(lab))
    }),
    Case::both(
        "connection.an-empty-user-name",
        &["CONN-REFUSE-UID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(empty_user_name(lab)),
    ),
    Case::both("connection.no-user-name", &["CONN-REFUSE-UID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"], |lab| {
        Box::pin(no_user_name(lab))
    }),
    Case::both(
        "connection.a-password-that-is-no-im-token",
        &["CONN-REFUSE-TOKEN", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(no_im_token(lab)),
    ),
    Case::both(
        "connection.a-login-token-as-password",
        &["CONN-REFUSE-TOKEN", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(login_token(lab)),
    ),
    Case::both(
        "connection.an-im-token-that-was-changed",
        &["CONN-REFUSE-TOKEN", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(changed_token(lab)),
    ),
    Case::both(
        "connection.an-empty-password-and-none",
        &["CONN-REFUSE-TOKEN", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(empty_password(lab)),
    ),
    Case::both(
        "connection.an-im-token-that-has-expired",
        &["CONN-REFUSE-EXPIRED", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(expired_token(lab)),
    ),
    Case::both(
        "connection.another-version-of-mqtt",
        &["CONN-REFUSE-PROTOCOL", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(another_version(lab)),
    ),
    Case::both("connection.a-refusal-leaves-others-alone", &["CONN-KICK", "CONN-REFUSE-TOKEN"], |lab| {
        Box::pin(a_refusal_leaves_others(lab))
    }),
    Case::both("connection.who-was-refused-is-let-in-when-it-is-right", &["CONN-ACCEPT"], |lab| {
        Box::pin(right_at_last(lab))
    }),
    Case::both(
        "connection.what-the-server-sends-has-qos-0-and-the-users-topic",
        &["PUSH-QOS", "PUSH-DELIVER-TOPIC"],
        |lab| Box::pin(qos_and_topic(lab)),
    ),
];

async fn accepted(lab: &Lab) -> Result<(), Stop> {
    use super::super::case::Transport;
    let ann = lab.person("ann").await?;
    let mut device = lab.device("ann", &lab.hello(&ann, "00one").await?).await?;
    let connack = device.next().await?;
    let rule = match lab.transport {
        Transport::Tcp => "CONN-TCP",
        Transport::Websocket => "CONN-WEBSOCKET",
    };
    let is_mqtt = matches!(connack, Got::Connack(_));
    lab.check(rule, is_mqtt, "a CONNECT is answered with a CONNACK", connack.to_string())?;
    let zero = matches!(connack, Got::Connack(0));
    lab.check("CONN-ACCEPT", zero, "its code is 0", connack.to_string())?;
    let first = device.next().await?;
    let expected = r#"the first PUBLISH is {"returnCode":11}"#;
    let is_silent = matches!(first, Got::Nothing(_));
    lab.check("CONN-ACCEPT", !is_silent, expected, first.to_string())?;
    lab.check("CONN-ACCEPT-FIRST", first.is_control(Code::ACCEPT_CONNECT), expected, first.to_string())?;
    device.is_of_use().await
}

async fn the_accept(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut device = lab.device("ann", &lab.hello(&ann, "00one").await?).await?;
    device.next().await?;
    let accept = device.next().await?;
    let fields = |word: &Word| serde_json::from_slice::<serde_json::Value>(&word.payload).ok();
    let is_it =
        accept.word().and_then(fields) == Some(serde_json::json!({ "returnCode": Code::ACCEPT_CONNECT.0 }));
    lab.check("CONN-ACCEPT", is_it, r#"the payload is {"returnCode":11}"#, accept.to_string())?;
    device.is_of_use().await
}

/// While many messages are on their way to a user, the user connects.
async fn accept_before_deliveries(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 20;
    let (_, mut sender) = lab.present("ann").await?;
    let bob = lab.person("bob").await?;
    let topic = bob.own_devices().topic();
    let hello = lab.hello(&bob, "00one").await?;
    let mut device = lab.stranger("bob").await?;
    for round in 0..MANY {
        let payload = sender.send_message(Lab::APP_MTS, &round.to_string())?;
        sender.publish(&topic, payload).await?;
        if round == MANY / 2 {
            device.connect(&hello).await;
        }
    }
    let connack = device.next().await?;
    let first = device.next().await?;
    let expected = "the first PUBLISH on a connection is the accept, whatever is on its way to its user";
    let is_first = matches!(connack, Got::Connack(0)) && first.is_control(Code::ACCEPT_CONNECT);
    lab.check("CONN-ACCEPT-FIRST", is_first, expected, format!("{connack}, then {first}"))?;
    device.is_of_use().await
}

async fn either_class(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for client in ["00web", "01mobile"] {
        let mut device = lab.device(client, &lab.hello(&ann, client).await?).await?;
        device.accepted("CONN-ACCEPT").await?;
        device.is_of_use().await?;
    }
    Ok(())
}

async fn one_token(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let token = lab.im_token(&ann).await?;
    let mut of_ann = lab.device("ann", &Hello::of(&ann, &token, "00one")).await?;
    of_ann.accepted("CONN-ACCEPT").await?;
    let mut of_bob = lab.device("bob", &Hello::of(&bob, &token, "00two")).await?;
    of_bob.accepted("TOKEN-GRANT").await?;
    of_bob.is_of_use().await
}

/// A token is good until it expires: another one does not end it.
async fn earlier_token(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let (earlier, later) = (lab.im_token(&ann).await?, lab.im_token(&ann).await?);
    let mut by_later = lab.device("ann", &Hello::of(&ann, &later, "00one")).await?;
    by_later.accepted("CONN-ACCEPT").await?;
    let mut by_earlier = lab.device("bob", &Hello::of(&bob, &earlier, "00two")).await?;
    by_earlier.accepted("CONN-RETURN-CODES").await?;
    by_earlier.is_of_use().await
}

async fn client_id_of_another_form(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    for id in ["20one", "02one", "one", "a0one", "0aone", "-0one", " 00one"] {
        refused_client_id(lab, &hello.client(id)).await?;
    }
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await
}

async fn client_id_without_guid(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    for id in ["", "0", "1", "00", "01", "10", "11"] {
        refused_client_id(lab, &hello.client(id)).await?;
    }
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await
}

async fn refused_client_id(lab: &Lab, hello: &Hello) -> Result<(), Stop> {
    let mut device = lab.device("ann", hello).await?;
    let what = format!("the client id {:?}", hello.client_id);
    device.refused("CONN-REFUSE-CLIENT-ID", Code::IDENTIFIER_REJECTED, &what).await
}

async fn long_client_id(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    // 23 bytes is all that MQTT itself promises, 38 are those of a guid as it is written.
    for length in [23, 24, 38, limits::CLIENT_ID_MAX] {
        let id = format!("00{}", "9".repeat(length - 2));
        let mut device = lab.device("ann", &lab.hello(&ann, &id).await?).await?;
        device.accepted("CONN-CLIENT-ID-LENGTH").await?;
        device.is_of_use().await?;
    }
    Ok(())
}

async fn short_guid(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for client in ["00a", "010"] {
        let mut device = lab.device("ann", &lab.hello(&ann, client).await?).await?;
        device.accepted("CONN-ACCEPT").await?;
        device.is_of_use().await?;
    }
    Ok(())
}

async fn long_uid(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    let long = format!("{:u<width$}", ann.uid, width = limits::UID_MAX);
    let mut device = lab.device("long", &Hello { uid: Some(long), ..hello.clone() }).await?;
    let connack = device.next().await?;
    let zero = matches!(connack, Got::Connack(0));
    lab.check("CONN-UID-LENGTH", zero, "a uid of 128 bytes is accepted", connack.to_string())?;
    let mut device = lab.device("ann", &hello).await?;
    device.accepted("CONN-ACCEPT").await?;
    device.is_of_use().await
}

async fn empty_user_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    let mut device = lab.device("nobody", &Hello { uid: Some(String::new()), ..hello.clone() }).await?;
    device.refused("CONN-REFUSE-UID", Code::UID_IS_INVALID, "an empty user name").await?;
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await
}

/// MQTT knows no password without a user name.
async fn no_user_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    let mut device = lab.device("nobody", &Hello { uid: None, password: None, ..hello.clone() }).await?;
    device.refused("CONN-REFUSE-UID", Code::UID_IS_INVALID, "a CONNECT without a user name").await?;
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await
}

async fn refused_password(lab: &Lab, ann: &Person, password: Option<&str>, what: &str) -> Result<(), Stop> {
    let hello = lab.hello(ann, "00one").await?;
    let wrong = Hello { password: password.map(str::to_owned), ..hello.clone() };
    let mut device = lab.device("ann", &wrong).await?;
    device.refused("CONN-REFUSE-TOKEN", Code::TOKEN_IS_INVALID, what).await?;
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await
}

async fn no_im_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    refused_password(lab, &ann, Some("nobody-was-given-this"), "a password that nobody was given").await
}

async fn login_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    refused_password(lab, &ann, Some(&ann.token), "the login token as password").await
}

async fn changed_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let token = lab.im_token(&ann).await?;
    refused_password(lab, &ann, Some(&format!("{token}x")), "an imToken with one more letter").await?;
    let half: String = token.chars().take(token.chars().count() / 2).collect();
    refused_password(lab, &ann, Some(&half), "the first half of an imToken").await
}

async fn empty_password(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    refused_password(lab, &ann, Some(""), "an empty password").await?;
    refused_password(lab, &ann, None, "a CONNECT without a password").await
}

/// In virtual time: the token's whole life has to pass.
async fn expired_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let fields =
        [("grant_type", "client_credentials"), ("client_id", &*ann.key), ("client_secret", &*ann.secret)];
    let grant = lab.ask(http::Method::POST, y2w_sdk::protocol::rest::path::TOKEN).form(&fields);
    let grant = grant.send().await?.needed()?;
    let (token, life) = (grant.text("/access_token"), grant.json["expires_in"].as_f64());
    let (Some(token), Some(life)) = (token, life.filter(|life| (0.0..1e9).contains(life))) else {
        return Err(Stop::Inconclusive(format!("no imToken with a life: {}", grant.said())));
    };
    let hello = Hello::of(&ann, &token, "00one");
    lab.device("ann", &hello).await?.accepted("CONN-ACCEPT").await?;
    lab.pass(std::time::Duration::from_secs_f64(life + 60.0)).await?;
    let mut late = lab.device("late", &hello).await?;
    late.refused("CONN-REFUSE-EXPIRED", Code::TOKEN_HAS_EXPIRED, "an imToken whose life is over").await?;
    // A new one is good.
    let bob = lab.person("bob").await?;
    let hello = Hello::of(&bob, &lab.im_token(&bob).await?, "00one");
    lab.device("bob", &hello).await?.accepted("CONN-ACCEPT").await
}

async fn another_version(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    for protocol in [("MQIsdp", 3), ("MQTT", 5), ("MQTT", 3), ("MQTT", 6)] {
        let mut device = lab.device("ann", &Hello { protocol, ..hello.clone() }).await?;
        let what = format!("protocol {} of level {}", protocol.0, protocol.1);
        let connack = device.next().await?;
        let three = matches!(connack, Got::Connack(3));
        lab.check(
            "CONN-REFUSE-PROTOCOL",
            three,
            format!("{what} is refused with CONNACK 3"),
            connack.to_string(),
        )?;
        if matches!(connack, Got::Connack(1..)) {
            device.closed("CONN-REFUSE-CLOSE", "the connection is closed after the refusal").await?;
        }
    }
    let mut device = lab.device("ann", &hello).await?;
    device.accepted("CONN-ACCEPT").await?;
    device.is_of_use().await
}

/// Who has no imToken puts nobody out.
async fn a_refusal_leaves_others(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut live) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    let wrong =
        Hello { password: Some("nobody-was-given-this".to_owned()), ..lab.hello(&ann, "00two").await? };
    let mut device = lab.device("thief", &wrong).await?;
    let connack = device.next().await?;
    let refused = matches!(connack, Got::Connack(1..));
    lab.check("CONN-REFUSE-TOKEN", refused, "it is refused", connack.to_string())?;
    let expected = "a CONNECT that is not accepted kicks nobody";
    live.got_nothing("CONN-KICK", &ann, &mut sender, expected).await
}

async fn right_at_last(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = lab.hello(&ann, "00one").await?;
    for _ in 0..3 {
        let wrong = Hello { password: Some("nobody-was-given-this".to_owned()), ..hello.clone() };
        lab.device("ann", &wrong).await?.next().await?;
    }
    let mut device = lab.device("ann", &hello).await?;
    device.accepted("CONN-ACCEPT").await?;
    device.is_of_use().await
}

async fn qos_and_topic(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    let mut device = lab.device("ann", &lab.hello(&ann, "00one").await?).await?;
    device.next().await?;
    let accept = device.next().await?;
    let reply = Got::Publish(device.push(&ann.own_devices(), Lab::APP_MTS, "1").await?);
    sender.push(&ann.own_devices(), Lab::APP_MTS, "2").await?;
    let delivery = device.next().await?;
    let mut newer = lab.device("newer", &lab.hello(&ann, "00two").await?).await?;
    newer.accepted("PUSH-QOS").await?;
    let kick = device.next().await?;
    let topic = format!("y2w/user/{}", ann.uid);
    for (what, got) in [("accept", accept), ("reply", reply), ("delivery", delivery), ("kick", kick)] {
        let Some(word) = got.word() else {
            return Err(Stop::Inconclusive(format!("{got} in place of the {what}")));
        };
        lab.check("PUSH-QOS", word.qos == 0, format!("the {what} has QoS 0"), got.to_string())?;
        let expected = format!("the {what} comes on {topic}");
        lab.check("PUSH-DELIVER-TOPIC", word.topic == topic, expected, got.to_string())?;
    }
    Ok(())
}
