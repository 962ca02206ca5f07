//! MQTT in WebSocket: the handshake, and bytes in frames. Part 13.2.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Message;
use y2w_sdk::protocol::limits::{KEEP_ALIVE, KEEP_ALIVE_GRACE};

use super::super::case::{Case, Transport};
use super::super::device::{Device, Hello};
use super::super::lab::Lab;
use super::super::need::Need;
use super::super::verdict::Stop;
use super::super::wire::{Handshake, SUB_PROTOCOL};

/// The registered name for MQTT 3.1.1. Rule `CONN-WEBSOCKET-MQTT`.
const REGISTERED: &str = "mqtt";

pub(super) const CASES: &[Case] = &[
    Case::websocket("websocket.the-handshake-names-the-sub-protocol", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(names_the_sub_protocol(lab))
    }),
    Case::websocket("websocket.one-of-several-sub-protocols-is-chosen", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(chooses(lab))
    }),
    Case::websocket(
        "websocket.the-registered-sub-protocol",
        &["CONN-WEBSOCKET-MQTT", "CONN-WEBSOCKET"],
        |lab| Box::pin(registered(lab)),
    ),
    Case::websocket("websocket.the-path-is-the-root", &["CONN-WEBSOCKET"], |lab| Box::pin(at_the_root(lab))),
    Case::websocket("websocket.what-comes-is-in-binary-frames", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(binary_frames(lab))
    }),
    Case::websocket("websocket.the-packets-are-those-of-mqtt-3-1-1", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(packets_of_311(lab))
    }),
    Case::websocket("websocket.a-packet-in-many-frames", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(byte_by_byte(lab))
    }),
    Case::websocket("websocket.a-command-in-two-frames", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(command_in_two(lab))
    }),
    Case::websocket("websocket.several-packets-in-a-frame", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(several_in_one(lab))
    }),
    Case::websocket("websocket.frames-that-cut-packets-anywhere", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(cut_anywhere(lab))
    }),
    Case::websocket("websocket.a-message-in-fragments", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(in_fragments(lab))
    }),
    Case::websocket("websocket.an-empty-frame-is-no-end", &["CONN-WEBSOCKET-FRAMES"], |lab| {
        Box::pin(empty_frame(lab))
    }),
    Case::websocket("websocket.a-text-frame-ends-the-connection", &["CONN-WEBSOCKET-BINARY"], |lab| {
        Box::pin(text_frame(lab))
    }),
    Case::websocket("websocket.a-text-frame-in-place-of-the-connect", &["CONN-WEBSOCKET-BINARY"], |lab| {
        Box::pin(text_first(lab))
    }),
    Case::websocket("websocket.a-ping-of-its-own-does-no-harm", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(ping_frame(lab))
    }),
    Case::websocket("websocket.a-ping-of-its-own-is-no-sign-of-life", &["CONN-KEEPALIVE"], |lab| {
        Box::pin(ping_frame_is_no_packet(lab))
    }),
    Case::websocket("websocket.a-wrong-handshake-does-no-harm", &["CONN-WEBSOCKET"], |lab| {
        Box::pin(wrong_handshake(lab))
    }),
    Case::new("websocket.who-is-there-by-websocket-reaches-who-is-by-tcp", &["PUSH-APP"], |lab| {
        Box::pin(from_one_to_the_other(lab))
    }),
];

/// An open WebSocket with these sub-protocols, and the one that the server chose.
async fn open<'a>(
    lab: &'a Lab,
    who: &str,
    path: Option<&str>,
    protocols: &[&str],
    rule: &'static str,
) -> Result<Option<(String, Device<'a>)>, Stop> {
    let (handshake, wire) = lab.handshake(who, path, protocols).await?;
    let named = match &handshake {
        Handshake::Open(named) if protocols.contains(&&**named) => Some(named.clone()),
        // Whoever refuses all of them may have no WebSocket, and then its owner says so.
        Handshake::Refused(404 | 405 | 426 | 501) if protocols.contains(&SUB_PROTOCOL) && path.is_none() => {
            return Err(lab.lacks(Need::Websocket, format!("the handshake came to: {handshake}")));
        }
        _ => None,
    };
    let expected = format!("a handshake with {} is answered with one of these names", protocols.join(", "));
    lab.check(rule, named.is_some(), expected, handshake.to_string())?;
    Ok(named.map(|named| (named, lab.device_on(who, wire))))
}

async fn hello(lab: &Lab, name: &str) -> Result<Hello, Stop> {
    let person = lab.person(name).await?;
    lab.hello(&person, "00one").await
}

async fn names_the_sub_protocol(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    if let Some((_, mut device)) = open(lab, "ann", None, &[SUB_PROTOCOL], "CONN-WEBSOCKET").await? {
        device.connect(&hello).await;
        device.accepted("CONN-WEBSOCKET").await?;
    }
    Ok(())
}

async fn chooses(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    for protocols in
        [[SUB_PROTOCOL, REGISTERED], [REGISTERED, SUB_PROTOCOL], ["something-else", SUB_PROTOCOL]]
    {
        if let Some((_, mut device)) = open(lab, "ann", None, &protocols, "CONN-WEBSOCKET").await? {
            device.connect(&hello).await;
            device.accepted("CONN-WEBSOCKET").await?;
        }
    }
    Ok(())
}

async fn registered(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    for (protocol, rule) in [(SUB_PROTOCOL, "CONN-WEBSOCKET"), (REGISTERED, "CONN-WEBSOCKET-MQTT")] {
        if let Some((_, mut device)) = open(lab, "ann", None, &[protocol], rule).await? {
            device.connect(&hello).await;
            device.accepted(rule).await?;
        }
    }
    Ok(())
}

async fn at_the_root(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    if let Some((_, mut device)) = open(lab, "ann", Some("/"), &[SUB_PROTOCOL], "CONN-WEBSOCKET").await? {
        device.connect(&hello).await;
        device.accepted("CONN-WEBSOCKET").await?;
    }
    Ok(())
}

/// Words of every kind: a text frame would be no packet.
async fn binary_frames(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    device.publish(&ann.own_devices().topic(), "{}").await?;
    let reply = device.next().await?;
    sender.push(&ann.own_devices(), Lab::APP_MTS, "1").await?;
    let delivery = device.next().await?;
    for (what, got) in [("a reply", reply), ("a delivery", delivery)] {
        lab.check(
            "CONN-WEBSOCKET",
            got.word().is_some(),
            format!("{what} comes in binary frames"),
            got.to_string(),
        )?;
    }
    Ok(())
}

/// The sub-protocol has the name of an older MQTT, whose CONNECT is another one.
async fn packets_of_311(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    let mut device = lab.device("ann", &Hello { protocol: ("MQTT", 4), ..hello }).await?;
    device.accepted("CONN-WEBSOCKET").await
}

async fn byte_by_byte(lab: &Lab) -> Result<(), Stop> {
    let hello = hello(lab, "ann").await?;
    let mut device = lab.stranger("ann").await?;
    for byte in hello.packet() {
        device.wire.write(&[byte]).await;
    }
    device.accepted("CONN-WEBSOCKET-FRAMES").await
}

/// A command to somebody's own devices, as the packet's bytes.
fn command(topic: &str, id: u32) -> Result<Vec<u8>, Stop> {
    use rumqttc::mqttbytes::QoS;
    use rumqttc::mqttbytes::v4::{Packet, Publish};
    let mts = Lab::APP_MTS;
    let payload =
        serde_json::json!({"cmd": "sendMessage", "y2wMessageId": id.to_string(), "mts": mts, "message": id});
    let publish = Publish::new(topic, QoS::AtMostOnce, payload.to_string());
    Ok(super::super::device::written(&Packet::Publish(publish))?.to_vec())
}

/// So many commands are answered.
async fn are_answered(lab: &Lab, device: &mut Device<'_>, count: usize) -> Result<(), Stop> {
    for number in 1..=count {
        let got = device.next_reply().await?;
        let expected = format!("command {number} of {count} is answered, however its bytes lie in frames");
        lab.check("CONN-WEBSOCKET-FRAMES", got.word().is_some(), expected, got.to_string())?;
    }
    Ok(())
}

async fn command_in_two(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let packet = command(&ann.own_devices().topic(), 1)?;
    for cut in [1, 2, 5, packet.len() - 1] {
        let (head, tail) = packet.split_at(cut);
        device.wire.write(head).await;
        device.wire.write(tail).await;
        are_answered(lab, &mut device, 1).await?;
    }
    Ok(())
}

async fn several_in_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let topic = ann.own_devices().topic();
    let mut frame = Vec::new();
    for id in 1..=5 {
        frame.extend(command(&topic, id)?);
    }
    device.bytes("five commands in a frame", &frame).await;
    are_answered(lab, &mut device, 5).await
}

async fn cut_anywhere(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let topic = ann.own_devices().topic();
    let mut bytes = Vec::new();
    for id in 1..=6 {
        bytes.extend(command(&topic, id)?);
    }
    for piece in bytes.chunks(37) {
        device.wire.write(piece).await;
    }
    are_answered(lab, &mut device, 6).await
}

/// A message of WebSocket may itself be in several frames.
async fn in_fragments(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let packet = command(&ann.own_devices().topic(), 1)?;
    let (one, rest) = packet.split_at(3);
    let (two, three) = rest.split_at(20);
    device.wire.fragments(&[one, two, three]).await;
    are_answered(lab, &mut device, 1).await
}

async fn empty_frame(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    device.bytes("an empty frame", &[]).await;
    device.wire.write(&command(&ann.own_devices().topic(), 1)?).await;
    are_answered(lab, &mut device, 1).await
}

async fn text_frame(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = lab.present("ann").await?;
    let (_, mut other) = lab.present("bob").await?;
    device.wire.frame(Message::text("{}")).await;
    device.closed("CONN-WEBSOCKET-BINARY", "a WebSocket on which a text frame came is closed").await?;
    other.is_alive("CONN-WEBSOCKET-BINARY", "another one stays").await
}

async fn text_first(lab: &Lab) -> Result<(), Stop> {
    let mut device = lab.stranger("ann").await?;
    device.wire.frame(Message::text("CONNECT")).await;
    device.closed("CONN-WEBSOCKET-BINARY", "a WebSocket on which a text frame came is closed").await?;
    let hello = hello(lab, "ann").await?;
    lab.device("ann", &hello).await?.accepted("CONN-WEBSOCKET-BINARY").await
}

async fn ping_frame(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = lab.present("ann").await?;
    device.wire.frame(Message::Ping(Bytes::from_static(b"?"))).await;
    device.is_alive("CONN-WEBSOCKET", "a connection on which a ping of WebSocket came goes on").await
}

/// The keep-alive counts packets. In virtual time.
async fn ping_frame_is_no_packet(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = lab.present("ann").await?;
    let (_, mut other) = lab.present("bob").await?;
    let third = KEEP_ALIVE.mul_f64(KEEP_ALIVE_GRACE / 3.0);
    for _ in 0..3 {
        lab.pass(third).await?;
        device.wire.frame(Message::Ping(Bytes::new())).await;
        other.is_of_use().await?;
    }
    let expected = "a WebSocket on which for 450 s nothing but pings of its own came is closed";
    device.closed("CONN-KEEPALIVE", expected).await?;
    other.is_alive("CONN-KEEPALIVE", "one on which packets came stays").await
}

/// What is answered to these is not laid down.
async fn wrong_handshake(lab: &Lab) -> Result<(), Stop> {
    for (path, protocols) in
        [(None, &[][..]), (None, &["something-else"]), (Some("/elsewhere"), &[SUB_PROTOCOL])]
    {
        lab.handshake("somebody", path, protocols).await?;
    }
    let hello = hello(lab, "ann").await?;
    lab.device("ann", &hello).await?.accepted("CONN-WEBSOCKET").await
}

async fn from_one_to_the_other(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let over = |hello: Hello, way| Hello { over: Some(way), ..hello };
    let by_tcp = over(lab.hello(&ann, "01one").await?, Transport::Tcp);
    let by_websocket = over(lab.hello(&bob, "00one").await?, Transport::Websocket);
    let mut of_ann = lab.online("by tcp", &by_tcp).await?;
    let mut of_bob = lab.online("by websocket", &by_websocket).await?;
    of_ann.push(&bob.own_devices(), Lab::APP_MTS, "\"from tcp\"").await?;
    of_bob.gets("PUSH-APP", "\"from tcp\"").await?;
    of_bob.push(&ann.own_devices(), Lab::APP_MTS, "\"from websocket\"").await?;
    of_ann.gets("PUSH-APP", "\"from websocket\"").await
}
