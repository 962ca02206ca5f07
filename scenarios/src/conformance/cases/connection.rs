//! CONNECT, the accept, kicks. Part 13.

use y2w_sdk::protocol::push::ImSessionId;

use super::super::case::Case;
use super::super::device::{Device, Hello};
use super::super::lab::Lab;
use super::super::verdict::Stop;
use crate::history::Pushed;

pub(super) const CASES: &[Case] = &[
    Case::new("connection.who-has-an-im-token-is-accepted", &["CONN-ACCEPT", "CONN-ACCEPT-FIRST"], |lab| {
        Box::pin(accepted(lab))
    }),
    Case::new(
        "connection.a-client-id-of-another-form",
        &["CONN-REFUSE-CLIENT-ID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(client_id_of_another_form(lab)),
    ),
    Case::new("connection.no-user-name", &["CONN-REFUSE-UID", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"], |lab| {
        Box::pin(no_user_name(lab))
    }),
    Case::new(
        "connection.a-password-that-is-no-im-token",
        &["CONN-REFUSE-TOKEN", "CONN-REFUSE-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(no_im_token(lab)),
    ),
    Case::new(
        "connection.a-newer-client-kicks-the-older-one",
        &["CONN-KICK", "CONN-KICK-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(newer_kicks_older(lab)),
    ),
    Case::new(
        "connection.device-classes-stand-side-by-side",
        &["CONN-DEVICE-CLASSES", "CONN-ACCEPT"],
        |lab| Box::pin(side_by_side(lab)),
    ),
    Case::new(
        "connection.a-reconnection-does-not-put-out-a-newer-client",
        &["CONN-RECONNECT-REFUSED", "CONN-REFUSE-CLOSE", "CONN-KICK", "CONN-KICK-CLOSE", "CONN-ACCEPT"],
        |lab| Box::pin(reconnection_refused(lab)),
    ),
];

async fn accepted(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = Hello::of(&ann, &lab.im_token(&ann).await?, "00one");
    let mut device = lab.device("ann", &hello).await?;
    is_accepted(lab, &mut device, "CONN-ACCEPT-FIRST").await
}

/// CONNACK 0, and the accept as the first that follows.
async fn is_accepted(lab: &Lab, device: &mut Device<'_>, rule: &'static str) -> Result<(), Stop> {
    let connack = device.next().await?;
    let zero = matches!(connack, Some(Pushed::Connack(0)));
    lab.check("CONN-ACCEPT", zero, "the CONNACK has the code 0", format!("{connack:?}"))?;
    let first = device.next().await?;
    let accept = matches!(first, Some(Pushed::Control(11)));
    lab.check(rule, accept, "the first that follows is the control message 11", format!("{first:?}"))
}

async fn client_id_of_another_form(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let token = lab.im_token(&ann).await?;
    for id in ["20one", "02one", "00", "one"] {
        let mut device = lab.device("ann", &Hello::of(&ann, &token, id)).await?;
        is_refused(lab, &mut device, "CONN-REFUSE-CLIENT-ID", 2, &format!("client id {id}")).await?;
    }
    let mut device = lab.device("ann", &Hello::of(&ann, &token, "00one")).await?;
    is_accepted(lab, &mut device, "CONN-ACCEPT").await
}

async fn no_user_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let hello = Hello::of(&ann, &lab.im_token(&ann).await?, "00one");
    let nameless = hello.login.clone().map(|(_, token)| (String::new(), token));
    let mut device = lab.device("nobody", &Hello { login: nameless, ..hello.clone() }).await?;
    is_refused(lab, &mut device, "CONN-REFUSE-UID", 4, "an empty user name").await?;
    let mut device = lab.device("ann", &hello).await?;
    is_accepted(lab, &mut device, "CONN-ACCEPT").await
}

async fn no_im_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut device = lab.device("ann", &Hello::of(&ann, "nobody-was-given-this", "00one")).await?;
    is_refused(lab, &mut device, "CONN-REFUSE-TOKEN", 5, "a password that is no imToken").await?;
    // The login token is another one.
    let mut device = lab.device("ann", &Hello::of(&ann, &ann.token, "00one")).await?;
    is_refused(lab, &mut device, "CONN-REFUSE-TOKEN", 5, "the login token as password").await?;
    let mut device = lab.device("ann", &Hello::of(&ann, &lab.im_token(&ann).await?, "00one")).await?;
    is_accepted(lab, &mut device, "CONN-ACCEPT").await
}

/// A CONNACK with that code, and the end of the connection.
async fn is_refused(
    lab: &Lab,
    device: &mut Device<'_>,
    rule: &'static str,
    code: u8,
    what: &str,
) -> Result<(), Stop> {
    let connack = device.next().await?;
    let refused = matches!(connack, Some(Pushed::Connack(said)) if said == code);
    lab.check(rule, refused, format!("{what} is refused with CONNACK {code}"), format!("{connack:?}"))?;
    let end = device.next().await?;
    lab.check("CONN-REFUSE-CLOSE", end.is_none(), "the connection is closed then", format!("{end:?}"))
}

async fn newer_kicks_older(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let token = lab.im_token(&ann).await?;
    let mut older = lab.online("older", &Hello::of(&ann, &token, "00older")).await?;
    let mut newer = lab.device("newer", &Hello::of(&ann, &token, "00newer")).await?;
    is_accepted(lab, &mut newer, "CONN-ACCEPT").await?;
    is_kicked(lab, &mut older).await
}

async fn is_kicked(lab: &Lab, older: &mut Device<'_>) -> Result<(), Stop> {
    let kick = older.next().await?;
    let kicked = matches!(kick, Some(Pushed::Control(10)));
    lab.check("CONN-KICK", kicked, "the older connection gets the control message 10", format!("{kick:?}"))?;
    let end = older.next().await?;
    lab.check("CONN-KICK-CLOSE", end.is_none(), "the older connection is closed then", format!("{end:?}"))
}

async fn side_by_side(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let token = lab.im_token(&ann).await?;
    let mut web = lab.online("web", &Hello::of(&ann, &token, "00web")).await?;
    let mut mobile = lab.device("mobile", &Hello::of(&ann, &token, "01mobile")).await?;
    is_accepted(lab, &mut mobile, "CONN-ACCEPT").await?;
    // Each answers still: the fence is a push to the user's own devices, which the other one gets.
    let own = ann.own_devices();
    reaches(lab, &mut mobile, &mut web, &own, "\"one\"").await?;
    reaches(lab, &mut web, &mut mobile, &own, "\"two\"").await
}

async fn reaches(
    lab: &Lab,
    from: &mut Device<'_>,
    to: &mut Device<'_>,
    own: &ImSessionId,
    mark: &str,
) -> Result<(), Stop> {
    from.push(own, Lab::APP_MTS, mark).await?;
    let got = to.next().await?;
    let is_it = matches!(&got, Some(Pushed::Delivery(message)) if **message == *mark);
    let expected = format!("the other device is there and gets {mark}");
    lab.check("CONN-DEVICE-CLASSES", is_it, expected, format!("{got:?}"))
}

async fn reconnection_refused(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let token = lab.im_token(&ann).await?;
    let mut older = lab.online("older", &Hello::of(&ann, &token, "00older")).await?;
    let mut newer = lab.device("newer", &Hello::of(&ann, &token, "00newer")).await?;
    is_accepted(lab, &mut newer, "CONN-ACCEPT").await?;
    is_kicked(lab, &mut older).await?;
    let mut back = lab.device("older", &Hello::of(&ann, &token, "10older")).await?;
    is_refused(lab, &mut back, "CONN-RECONNECT-REFUSED", 10, "a reconnection while a newer client is live")
        .await?;
    // The newer one is there still.
    let reply = newer.push(&ann.own_devices(), Lab::APP_MTS, "\"still here\"").await?;
    let answers = reply.return_code.0 == 20;
    lab.check("CONN-RECONNECT-REFUSED", answers, "the newer client stays", format!("{reply:?}"))
}
