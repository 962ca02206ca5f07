//! What a message may be: any JSON value, which comes as it was sent. Rule `PUSH-DELIVER-VERBATIM`.

use y2w_sdk::protocol::SendReturnCode as Code;

use super::super::case::Case;
use super::super::lab::Lab;
use super::super::verdict::Stop;

const VERBATIM: &[&str] = &["PUSH-DELIVER-VERBATIM", "PUSH-DELIVER"];

pub(super) const CASES: &[Case] = &[
    Case::both("payloads.a-notice", VERBATIM, |lab| {
        Box::pin(come_as_sent(
            lab,
            &[r#"{"syncs":[{"type":0},{"type":1,"sessionId":"p2p_42"}],"pns":{"msg":"new"}}"#],
        ))
    }),
    Case::both("payloads.objects-and-arrays", VERBATIM, |lab| {
        Box::pin(come_as_sent(lab, &["{}", "[]", "[[],{}]", r#"{"b": 1,  "a":[true,null,{"c":{}}]}"#]))
    }),
    Case::both("payloads.strings", VERBATIM, |lab| {
        Box::pin(come_as_sent(lab, &[r#""""#, r#"" ""#, r#""sendMessage""#, r#""{\"cmd\":1}""#, r#""null""#]))
    }),
    Case::both("payloads.escapes", VERBATIM, |lab| {
        Box::pin(come_as_sent(lab, &[r#""\"\\\/\b\f\n\r\t\u0000\u001f\u007f""#, r#"{"\n":"\u2028\u2029"}"#]))
    }),
    Case::both("payloads.letters-of-all-kinds", VERBATIM, |lab| {
        Box::pin(come_as_sent(
            lab,
            &["\"中文 é ß שלום 😀\"", r#""\u4e2d \ud83d\ude00""#, r#"{"键":"值"}"#, "\"e\u{301}\""],
        ))
    }),
    Case::both("payloads.truth-and-nothing", VERBATIM, |lab| {
        Box::pin(come_as_sent(lab, &["true", "false", "null", r#"{"a":null}"#, "[null,false]"]))
    }),
    Case::both("payloads.numbers", VERBATIM, |lab| {
        Box::pin(come_as_sent(
            lab,
            &["0", "-1", "1.0", "0.1", "1e3", "-2.5E-7", "1479974400000", "9007199254740991"],
        ))
    }),
    Case::both("payloads.numbers-beyond-those-of-scripts", VERBATIM, |lab| {
        Box::pin(come_as_sent(
            lab,
            &[
                "9007199254740993",
                "18446744073709551615",
                "123456789012345678901234567890",
                "0.1000000000000000055511",
            ],
        ))
    }),
    Case::both("payloads.names-of-the-protocol-within", VERBATIM, |lab| {
        Box::pin(come_as_sent(
            lab,
            &[
                r#"{"returnCode":10}"#,
                r#"{"cmd":"updateSession","mts":1,"members":[],"message":2}"#,
                r#"{"message":{"message":1},"y2wMessageId":"x"}"#,
            ],
        ))
    }),
    Case::both("payloads.deep-ones", VERBATIM, |lab| {
        Box::pin(async {
            let arrays = format!("{}1{}", "[".repeat(64), "]".repeat(64));
            let objects = format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64));
            come_as_sent(lab, &[&arrays, &objects]).await
        })
    }),
    Case::both("payloads.many-fields", VERBATIM, |lab| {
        Box::pin(async {
            let fields: Vec<String> = (0..500).map(|number| format!("\"field {number}\":{number}")).collect();
            come_as_sent(lab, &[&format!("{{{}}}", fields.join(","))]).await
        })
    }),
    Case::both("payloads.one-of-20-kib", VERBATIM, |lab| {
        Box::pin(async { come_as_sent(lab, &[&format!("\"{}\"", "中x".repeat(5 * 1024))]).await })
    }),
    Case::both("payloads.one-of-200-kib", &["PUSH-PACKET-MAX", "PUSH-DELIVER"], |lab| Box::pin(large(lab))),
    Case::both("payloads.an-updates-message-as-well", &["PUSH-DELIVER-VERBATIM"], |lab| {
        Box::pin(by_update(lab))
    }),
    Case::both("payloads.to-own-devices-as-well", &["PUSH-DELIVER-VERBATIM"], |lab| {
        Box::pin(to_own_devices(lab))
    }),
];

const MTS: i64 = 1_479_974_400_000;

/// Each of these, sent to a member.
async fn come_as_sent(lab: &Lab, messages: &[&str]) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut sender, &session, MTS, &[&bob]).await?;
    for message in messages {
        let reply = sender.push(&session, MTS, message).await?;
        let shown: String = message.chars().take(100).collect();
        reply.is(lab, "PUSH-DELIVER", Code::SUCCESS, &format!("a sendMessage with the message {shown}"))?;
        member.gets("PUSH-DELIVER-VERBATIM", message).await?;
    }
    Ok(())
}

async fn large(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut sender, &session, MTS, &[&bob]).await?;
    sender.push(&session, MTS, "\"small\"").await?;
    member.gets("PUSH-DELIVER", "\"small\"").await?;
    let large = format!("\"{}\"", "x".repeat(200 * 1024));
    let payload = sender.send_message(MTS, &large)?;
    sender.publish(&session.topic(), payload).await?;
    member.gets("PUSH-PACKET-MAX", &large).await
}

/// A value with one of each kind.
const MIXED: &str = r#"{"b": 1.50,  "a":[true,null,"\u00e9"], "n":9007199254740993}"#;

async fn by_update(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    sender.update(&session, MTS, &[(&bob, true)], false, Some(MIXED)).await?;
    member.gets("PUSH-DELIVER-VERBATIM", MIXED).await
}

async fn to_own_devices(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut web) = lab.present("ann").await?;
    let mut mobile = lab.also(&ann, "mobile", "01mobile").await?;
    mobile.push(&ann.own_devices(), Lab::APP_MTS, MIXED).await?;
    web.gets("PUSH-DELIVER-VERBATIM", MIXED).await
}
