//! Connections that do what no client does: what is no MQTT, what is too large, what comes out of turn. No rule says what
//! becomes of them; every rule holds for the others.

use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish, Subscribe};
use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::packets::Got;
use super::super::verdict::Stop;

/// What the others have need of.
const OTHERS: &[&str] = &["CONN-ACCEPT", "PUSH-APP", "CONN-PINGRESP"];

pub(super) const CASES: &[Case] = &[
    Case::both("hostile.bytes-that-are-no-mqtt", OTHERS, |lab| Box::pin(no_mqtt(lab))),
    Case::both("hostile.a-request-of-http-on-an-open-stream", OTHERS, |lab| Box::pin(http(lab))),
    Case::both("hostile.a-remaining-length-that-never-ends", OTHERS, |lab| Box::pin(endless_length(lab))),
    Case::both("hostile.reserved-types-of-packets", OTHERS, |lab| Box::pin(reserved_types(lab))),
    Case::both("hostile.a-command-before-the-connect", OTHERS, |lab| Box::pin(command_first(lab))),
    Case::both("hostile.a-ping-before-the-connect", OTHERS, |lab| Box::pin(ping_first(lab))),
    Case::both("hostile.a-second-connect", OTHERS, |lab| Box::pin(second_connect(lab))),
    Case::both("hostile.a-connect-that-is-cut", OTHERS, |lab| Box::pin(cut_connect(lab))),
    Case::both("hostile.a-command-that-is-cut", OTHERS, |lab| Box::pin(cut_command(lab))),
    Case::both("hostile.fields-longer-than-their-packet", OTHERS, |lab| Box::pin(lying_lengths(lab))),
    Case::both("hostile.a-packet-of-a-mebibyte", OTHERS, |lab| Box::pin(oversize(lab))),
    Case::both("hostile.a-topic-that-is-no-text", OTHERS, |lab| Box::pin(topic_is_no_text(lab))),
    Case::both("hostile.packets-that-only-servers-send", OTHERS, |lab| Box::pin(server_packets(lab))),
    Case::both("hostile.a-command-with-qos-2", OTHERS, |lab| Box::pin(qos_2(lab))),
    Case::both("hostile.a-subscription-brings-nothing-of-others", &["PUSH-APP", "CONN-PINGRESP"], |lab| {
        Box::pin(subscription_of_others(lab))
    }),
    Case::both("hostile.a-subscription-doubles-nothing", &["PUSH-DELIVER-ONCE", "PUSH-APP"], |lab| {
        Box::pin(subscription_of_own(lab))
    }),
    Case::both("hostile.a-word-on-anothers-topic", &["PUSH-CHECK-ORDER", "PUSH-APP"], |lab| {
        Box::pin(on_anothers_topic(lab))
    }),
    Case::both("hostile.many-who-come-and-go", OTHERS, |lab| Box::pin(come_and_go(lab))),
];

/// Who was there before, and what they have need of.
struct Others<'a> {
    lab: &'a Lab,
    bob: Person,
    sender: Device<'a>,
    member: Device<'a>,
}

async fn others(lab: &Lab) -> Result<Others<'_>, Stop> {
    let (_, sender) = lab.present("cat").await?;
    let (bob, member) = lab.present("bob").await?;
    Ok(Others { lab, bob, sender, member })
}

impl Others<'_> {
    /// They reach each other as before, and whoever comes is let in.
    async fn are_served(&mut self) -> Result<(), Stop> {
        self.member.is_alive("CONN-PINGRESP", "the connections of others go on").await?;
        let reply = self.sender.push(&self.bob.own_devices(), Lab::APP_MTS, "\"still here\"").await?;
        reply.is(self.lab, "PUSH-APP", Code::SUCCESS, "a command of another connection")?;
        self.member.gets("PUSH-APP", "\"still here\"").await?;
        let hello = self.lab.hello(&self.bob, "01another").await?;
        self.lab.device("newcomer", &hello).await?.accepted("CONN-ACCEPT").await
    }
}

/// Waits until the server has ended a connection, or a moment.
async fn settle(device: &mut Device<'_>) -> Result<(), Stop> {
    while !device.next_within(Duration::from_millis(200)).await?.is_end() {}
    Ok(())
}

/// Sends these bytes on connections that are new, and on ones that were accepted.
async fn bytes_do_no_harm(lab: &Lab, pieces: &[(&str, &[u8])]) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let eve = lab.person("eve").await?;
    for (what, bytes) in pieces {
        let mut stranger = lab.stranger("stranger").await?;
        stranger.bytes(what, bytes).await;
        settle(&mut stranger).await?;
        let mut device = lab.also(&eve, "eve", "00eve").await?;
        device.bytes(what, bytes).await;
        settle(&mut device).await?;
    }
    others.are_served().await
}

async fn no_mqtt(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(lab, &[("zeros", &[0; 64]), ("bytes 255", &[0xFF; 64])]).await
}

async fn http(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(lab, &[("a request", b"GET / HTTP/1.1\r\nHost: push.example\r\n\r\n")]).await
}

async fn endless_length(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(
        lab,
        &[
            ("five bytes of length", &[0x30, 0x80, 0x80, 0x80, 0x80, 0x01]),
            ("a length that goes on", &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ],
    )
    .await
}

async fn reserved_types(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(lab, &[("type 0", &[0x00, 0x00]), ("type 15", &[0xF0, 0x00])]).await
}

async fn server_packets(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(
        lab,
        &[
            ("CONNACK", &[0x20, 0x02, 0x00, 0x00]),
            ("SUBACK", &[0x90, 0x03, 0x00, 0x01, 0x00]),
            ("PINGRESP", &[0xD0, 0x00]),
        ],
    )
    .await
}

async fn lying_lengths(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(
        lab,
        &[
            ("a PUBLISH whose topic is longer than it", &[0x30, 0x04, 0xFF, 0xFF, b'a', b'b']),
            ("a PUBLISH without room for a topic", &[0x30, 0x01, 0x00]),
            ("a CONNECT of two bytes", &[0x10, 0x02, 0x00, 0x04]),
            ("a SUBSCRIBE of nothing", &[0x82, 0x00]),
        ],
    )
    .await
}

async fn topic_is_no_text(lab: &Lab) -> Result<(), Stop> {
    bytes_do_no_harm(lab, &[("a PUBLISH", &[0x30, 0x06, 0x00, 0x02, 0xC3, 0x28, b'{', b'}'])]).await
}

async fn command_first(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let mut stranger = lab.stranger("stranger").await?;
    let payload = stranger.send_message(Lab::APP_MTS, "\"from nobody\"")?;
    stranger.publish(&others.bob.own_devices().topic(), payload).await?;
    settle(&mut stranger).await?;
    others.are_served().await
}

async fn ping_first(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let mut stranger = lab.stranger("stranger").await?;
    stranger.ping().await?;
    settle(&mut stranger).await?;
    others.are_served().await
}

async fn second_connect(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let eve = lab.person("eve").await?;
    let mut device = lab.also(&eve, "eve", "00one").await?;
    device.connect(&lab.hello(&eve, "00two").await?).await;
    settle(&mut device).await?;
    others.are_served().await
}

async fn cut_connect(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let eve = lab.person("eve").await?;
    let packet = lab.hello(&eve, "00one").await?.packet();
    for cut in [1, 2, 10, packet.len() - 1] {
        let mut device = lab.stranger("eve").await?;
        device.bytes(&format!("{cut} bytes of a CONNECT"), &packet[..cut]).await;
        device.wire.close();
    }
    others.are_served().await
}

async fn cut_command(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let eve = lab.person("eve").await?;
    let topic = others.bob.own_devices().topic();
    for part in [1, 10, 40] {
        let mut device = lab.also(&eve, "eve", "00one").await?;
        let payload = device.send_message(Lab::APP_MTS, "\"never whole\"")?;
        let packet = Packet::Publish(Publish::new(&topic, QoS::AtMostOnce, payload));
        let bytes = super::super::device::written(&packet)?;
        device.bytes(&format!("{part} bytes of a command"), &bytes[..part]).await;
        device.wire.close();
    }
    others.are_served().await
}

async fn oversize(lab: &Lab) -> Result<(), Stop> {
    const MEBIBYTE: usize = 1024 * 1024;
    let mut others = others(lab).await?;
    let (eve, mut device) = lab.present("eve").await?;
    let large = format!("\"{}\"", "x".repeat(MEBIBYTE - 1_000));
    let payload = device.send_message(Lab::APP_MTS, &large)?;
    device.publish(&eve.own_devices().topic(), payload).await?;
    // Answered or closed, as the server likes.
    device.next().await?;
    others.are_served().await
}

async fn qos_2(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let (eve, mut device) = lab.present("eve").await?;
    let payload = device.send_message(Lab::APP_MTS, "1")?;
    let mut publish = Publish::new(eve.own_devices().topic(), QoS::ExactlyOnce, payload);
    publish.pkid = 1;
    device.send(&Packet::Publish(publish)).await?;
    settle(&mut device).await?;
    others.are_served().await
}

async fn subscribe(device: &mut Device<'_>, filters: &[&str]) -> Result<(), Stop> {
    for (filter, pkid) in filters.iter().zip(1..) {
        let mut subscribe = Subscribe::new(*filter, QoS::AtMostOnce);
        subscribe.pkid = pkid;
        device.send(&Packet::Subscribe(subscribe)).await?;
    }
    // Answered or not: what the answer to the ping follows has been read.
    device.ping().await?;
    loop {
        match device.next().await? {
            Got::Pingresp => return Ok(()),
            end if end.is_end() => return Err(Stop::Inconclusive(format!("subscribing led to {end}"))),
            _ => (),
        }
    }
}

/// Nobody gets what is not for them by asking for it.
async fn subscription_of_others(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let (eve, mut device) = lab.present("eve").await?;
    let of_bob = format!("y2w/user/{}", others.bob.uid);
    let subscribed = subscribe(&mut device, &["#", &of_bob, &others.bob.own_devices().topic()]).await;
    others.sender.push(&others.bob.own_devices(), Lab::APP_MTS, "\"for bob\"").await?;
    others.member.gets("PUSH-APP", "\"for bob\"").await?;
    if subscribed.is_ok() {
        let expected = "whoever subscribes to the topics of others gets nothing of theirs";
        device.got_nothing("PUSH-APP", &eve, &mut others.sender, expected).await?;
    }
    others.member.is_alive("CONN-PINGRESP", "the connections of others go on").await
}

async fn subscription_of_own(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let (eve, mut device) = lab.present("eve").await?;
    let own = format!("y2w/user/{}", eve.uid);
    subscribe(&mut device, &["#", "y2w/user/+", &own]).await?;
    others.sender.push(&eve.own_devices(), Lab::APP_MTS, "\"for eve\"").await?;
    device.gets("PUSH-APP", "\"for eve\"").await?;
    let expected = "whoever has subscribed gets each message once";
    device.got_nothing("PUSH-DELIVER-ONCE", &eve, &mut others.sender, expected).await
}

/// What comes on a user's topic comes from the push server.
async fn on_anothers_topic(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let (_, mut device) = lab.present("eve").await?;
    let of_bob = format!("y2w/user/{}", others.bob.uid);
    let reply = device.command(&of_bob, r#"{"returnCode":10}"#).await?;
    let what = "a PUBLISH without cmd on the topic of another user";
    reply.is(lab, "PUSH-CHECK-ORDER", Code::CMD_IS_INVALID, what)?;
    let payload = device.send_message(Lab::APP_MTS, "\"forged\"")?;
    let reply = device.command(&of_bob, payload).await?;
    let what = "a sendMessage on the topic of another user, which holds no session id,";
    reply.is(lab, "PUSH-CHECK-ORDER", Code::SESSION_ID_IS_INVALID, what)?;
    let expected = "what is published on a user's topic does not reach that user";
    others.member.got_nothing("PUSH-APP", &others.bob, &mut others.sender, expected).await
}

async fn come_and_go(lab: &Lab) -> Result<(), Stop> {
    let mut others = others(lab).await?;
    let eve = lab.person("eve").await?;
    for number in 0..10 {
        let mut device = lab.device("eve", &lab.hello(&eve, &format!("00client{number}")).await?).await?;
        device.wire.close();
    }
    others.are_served().await
}
