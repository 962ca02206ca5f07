//! Signs of life: pings, and who is silent for too long. Part 13.6.

use std::time::Duration;

use y2w_sdk::protocol::limits::{KEEP_ALIVE, KEEP_ALIVE_GRACE};

use super::super::case::Case;
use super::super::device::{Device, Hello};
use super::super::lab::{Lab, Person};
use super::super::packets::Got;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::both("keep-alive.a-ping-is-answered", &["CONN-PINGRESP"], |lab| Box::pin(a_ping(lab))),
    Case::both("keep-alive.each-of-many-pings-is-answered", &["CONN-PINGRESP"], |lab| {
        Box::pin(many_pings(lab))
    }),
    Case::both("keep-alive.a-ping-right-behind-the-connect", &["CONN-PINGRESP", "CONN-ACCEPT"], |lab| {
        Box::pin(ping_behind_connect(lab))
    }),
    Case::both("keep-alive.a-ping-brings-nothing-to-others", &["CONN-PINGRESP"], |lab| {
        Box::pin(ping_to_nobody_else(lab))
    }),
    Case::both("keep-alive.who-is-silent-is-closed", &["CONN-KEEPALIVE", "CONN-ACCEPT"], |lab| {
        Box::pin(silent_is_closed(lab))
    }),
    Case::both("keep-alive.who-is-silent-is-not-closed-early", &["CONN-KEEPALIVE-NOT-EARLY"], |lab| {
        Box::pin(not_early(lab))
    }),
    Case::both("keep-alive.a-command-is-a-sign-of-life", &["CONN-KEEPALIVE-NOT-EARLY"], |lab| {
        Box::pin(commands_count(lab))
    }),
    Case::both("keep-alive.what-the-server-sends-is-none", &["CONN-KEEPALIVE"], |lab| {
        Box::pin(deliveries_do_not_count(lab))
    }),
    Case::both(
        "keep-alive.of-five-minutes",
        &["CONN-KEEPALIVE", "CONN-KEEPALIVE-NOT-EARLY", "CONN-PINGRESP"],
        |lab| Box::pin(five_minutes(lab)),
    ),
    Case::both(
        "keep-alive.whoever-was-closed-is-free-to-come-back",
        &["CONN-KEEPALIVE", "CONN-RECONNECT-FREE"],
        |lab| Box::pin(back_after_silence(lab)),
    ),
];

async fn a_ping(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = lab.present("ann").await?;
    device.is_alive("CONN-PINGRESP", "the connection is live").await
}

async fn many_pings(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 10;
    let (_, mut device) = lab.present("ann").await?;
    for _ in 0..MANY {
        device.ping().await?;
    }
    for number in 1..=MANY {
        let got = device.next().await?;
        let expected =
            format!("{MANY} pings are answered with as many PINGRESPs, this being number {number}");
        lab.check("CONN-PINGRESP", matches!(got, Got::Pingresp), expected, got.to_string())?;
    }
    Ok(())
}

async fn ping_behind_connect(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut device = lab.stranger("ann").await?;
    let mut bytes = lab.hello(&ann, "00one").await?.packet();
    bytes.extend([0xC0, 0x00]);
    device.bytes("CONNECT and PINGREQ at once", &bytes).await;
    let connack = device.next().await?;
    let zero = matches!(connack, Got::Connack(0));
    lab.check("CONN-ACCEPT", zero, "the CONNECT is answered first, with CONNACK 0", connack.to_string())?;
    // The accept and the answer may come in either order.
    let (one, other) = (device.next().await?, device.next().await?);
    let answered = [&one, &other].into_iter().any(|got| matches!(got, Got::Pingresp));
    let expected = "a ping sent together with the CONNECT is answered";
    lab.check("CONN-PINGRESP", answered, expected, format!("{one}, then {other}"))
}

async fn ping_to_nobody_else(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let mut mobile = lab.also(&ann, "mobile", "01one").await?;
    web.is_alive("CONN-PINGRESP", "the connection is live").await?;
    let expected = "a PINGRESP goes to the connection that sent the PINGREQ, and to no other";
    mobile.got_nothing("CONN-PINGRESP", &ann, &mut web, expected).await
}

async fn with_keep_alive<'a>(lab: &'a Lab, name: &str, seconds: u16) -> Result<(Person, Device<'a>), Stop> {
    let person = lab.person(name).await?;
    let hello = lab.hello(&person, "00one").await?;
    let device = lab.online(name, &Hello { keep_alive: seconds, ..hello }).await?;
    Ok((person, device))
}

async fn silent_is_closed(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = with_keep_alive(lab, "ann", 1).await?;
    let expected = "a connection with a keep-alive of 1 s is closed after 1.5 s of silence";
    device.closed("CONN-KEEPALIVE", expected).await?;
    lab.device("again", &lab.hello(&ann, "10one").await?).await?.accepted("CONN-ACCEPT").await
}

/// The wait is four fifths of what is allowed; where this machine was so slow that all of it has passed, nothing can be
/// said.
async fn not_early(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = with_keep_alive(lab, "ann", 2).await?;
    device.is_alive("CONN-KEEPALIVE-NOT-EARLY", "the connection is live").await?;
    let began = lab.time().await?;
    lab.pass(Duration::from_millis(2_200)).await?;
    device.ping().await?;
    let waited = lab.time().await? - began;
    let got = device.next().await?;
    if waited >= 2_900 {
        return Err(Stop::Inconclusive(format!("2.2 s were to pass, and {waited} ms have")));
    }
    let expected =
        "a connection with a keep-alive of 2 s is live after 2.2 s of silence: its ping is answered";
    lab.check("CONN-KEEPALIVE-NOT-EARLY", matches!(got, Got::Pingresp), expected, got.to_string())
}

fn allowed() -> Duration {
    KEEP_ALIVE.mul_f64(KEEP_ALIVE_GRACE)
}

const MOMENT: Duration = Duration::from_secs(10);

/// In virtual time, as all that follow.
async fn commands_count(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    for _ in 0..3 {
        lab.pass(allowed() - MOMENT).await?;
        device.publish(&ann.own_devices().topic(), device_mark()).await?;
        let got = device.next_reply().await?;
        let is_reply = got.word().is_some();
        let expected = "a connection that sends a command every 440 s stays, with a keep-alive of 300 s";
        lab.check("CONN-KEEPALIVE-NOT-EARLY", is_reply, expected, got.to_string())?;
    }
    Ok(())
}

fn device_mark() -> String {
    let mts = Lab::APP_MTS;
    serde_json::json!({"cmd": "sendMessage", "y2wMessageId": "m", "mts": mts, "message": 1}).to_string()
}

async fn deliveries_do_not_count(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (_, mut sender) = lab.present("bob").await?;
    for round in 0..2 {
        lab.pass(allowed() / 2 - MOMENT).await?;
        sender.push(&ann.own_devices(), Lab::APP_MTS, &round.to_string()).await?;
        let got = device.next().await?;
        if got.is_end() {
            return Err(Stop::Inconclusive(format!("no delivery came, but {got}")));
        }
    }
    lab.pass(MOMENT * 2).await?;
    let expected = "a connection that gets pushes and sends nothing is closed after 450 s";
    let end = device.next_but_deliveries().await?;
    lab.check("CONN-KEEPALIVE", end.is_closed(), expected, end.to_string())?;
    sender.is_alive("CONN-KEEPALIVE", "who sends is not closed").await
}

async fn five_minutes(lab: &Lab) -> Result<(), Stop> {
    let (_, mut device) = lab.present("ann").await?;
    lab.pass(allowed() - MOMENT).await?;
    device.is_alive("CONN-KEEPALIVE-NOT-EARLY", "a connection that was silent for 440 s is live").await?;
    device.is_alive("CONN-PINGRESP", "and so is it afterwards").await?;
    lab.pass(allowed() - MOMENT).await?;
    device
        .is_alive("CONN-KEEPALIVE-NOT-EARLY", "a ping counts: 440 s after it the connection is live")
        .await?;
    lab.pass(allowed() + MOMENT).await?;
    device.closed("CONN-KEEPALIVE", "a connection that was silent for 460 s is closed").await
}

async fn back_after_silence(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = with_keep_alive(lab, "ann", 1).await?;
    device.closed("CONN-KEEPALIVE", "a silent connection is closed after 1.5 s").await?;
    let mut other = lab.device("another", &lab.hello(&ann, "10another").await?).await?;
    other.accepted("CONN-RECONNECT-FREE").await
}
