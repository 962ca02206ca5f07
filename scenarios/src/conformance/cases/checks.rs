//! Which code a command gets, where several things are wrong with it at once. Part 14.2, `PUSH-CHECK-ORDER`.

use serde_json::{Value, json};
use y2w_sdk::protocol::{ImSessionId, SendReturnCode as Code};

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::packets::Word;
use super::super::verdict::Stop;

/// One thing that is wrong.
const ONE: &[&str] = &["PUSH-RETURN-CODES", "PUSH-FAILURE-NO-EFFECT"];
/// Several of them.
const SEVERAL: &[&str] = &["PUSH-CHECK-ORDER", "PUSH-FAILURE-NO-EFFECT"];

pub(super) const CASES: &[Case] = &[
    Case::both("checks.a-payload-that-is-not-json", ONE, |lab| Box::pin(not_json(lab))),
    Case::both("checks.json-that-is-no-object", SEVERAL, |lab| Box::pin(no_object(lab))),
    Case::both("checks.a-cmd-that-is-missing-or-unknown", ONE, |lab| Box::pin(bad_cmd(lab))),
    Case::both("checks.a-topic-without-a-session-id", ONE, |lab| Box::pin(no_session_id(lab))),
    Case::both("checks.an-mts-that-is-missing-or-no-number", ONE, |lab| Box::pin(bad_mts(lab))),
    Case::both("checks.members-that-are-missing-or-no-array", ONE, |lab| Box::pin(bad_members(lab))),
    Case::both("checks.an-array-that-holds-no-members", ONE, |lab| Box::pin(bad_elements(lab))),
    Case::both("checks.not-json-comes-before-the-topic", SEVERAL, |lab| Box::pin(json_before_topic(lab))),
    Case::both("checks.cmd-comes-before-the-topic", SEVERAL, |lab| Box::pin(cmd_before_topic(lab))),
    Case::both("checks.cmd-comes-before-mts-and-members", SEVERAL, |lab| Box::pin(cmd_before_fields(lab))),
    Case::both("checks.the-topic-comes-before-mts", SEVERAL, |lab| Box::pin(topic_before_mts(lab))),
    Case::both("checks.the-topic-comes-before-members", SEVERAL, |lab| Box::pin(topic_before_members(lab))),
    Case::both("checks.mts-comes-before-members", SEVERAL, |lab| Box::pin(mts_before_members(lab))),
    Case::both("checks.mts-comes-before-whether-a-session-is-known", SEVERAL, |lab| {
        Box::pin(mts_before_unknown(lab))
    }),
    Case::both("checks.members-come-before-who-is-behind", SEVERAL, |lab| {
        Box::pin(members_before_behind(lab))
    }),
    Case::both("checks.members-are-checked-with-force-too", SEVERAL, |lab| Box::pin(members_with_force(lab))),
    Case::both("checks.who-is-behind-comes-before-having-no-members", SEVERAL, |lab| {
        Box::pin(behind_before_empty(lab))
    }),
    Case::both("checks.who-is-ahead-comes-before-having-no-members", SEVERAL, |lab| {
        Box::pin(ahead_before_empty(lab))
    }),
    Case::both("checks.a-refused-send-reaches-nobody", &["PUSH-FAILURE-NO-EFFECT", "PUSH-DELIVER"], |lab| {
        Box::pin(refused_send(lab))
    }),
    Case::both("checks.a-refused-update-changes-nobody", &["PUSH-FAILURE-NO-EFFECT"], |lab| {
        Box::pin(refused_update(lab))
    }),
    Case::both(
        "checks.a-refused-update-reaches-nobody",
        &["PUSH-FAILURE-NO-EFFECT", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(refused_update_reaches_nobody(lab)),
    ),
    Case::both(
        "checks.a-refused-update-makes-no-session",
        &["PUSH-FAILURE-NO-EFFECT", "MTS-UPDATE-CREATES"],
        |lab| Box::pin(refused_update_makes_none(lab)),
    ),
    Case::both("checks.a-refused-send-leaves-the-session", &["PUSH-FAILURE-NO-EFFECT"], |lab| {
        Box::pin(refused_send_leaves(lab))
    }),
    Case::both("checks.no-code-of-the-client-is-sent", &["PUSH-RETURN-CODES"], |lab| {
        Box::pin(no_client_codes(lab))
    }),
];

const MTS: i64 = 1_479_974_400_000;

/// A push session of Ann and Bob, to be left as it is by whatever is refused.
struct Known<'a> {
    lab: &'a Lab,
    session: ImSessionId,
    ann: Person,
    bob: Person,
    device: Device<'a>,
    member: Device<'a>,
}

async fn known(lab: &Lab) -> Result<Known<'_>, Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let (bob, member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut device, &session, MTS, &[&ann, &bob]).await?;
    Ok(Known { lab, session, ann, bob, device, member })
}

impl Known<'_> {
    /// Sends this on that topic, and checks the code.
    async fn gives(
        &mut self,
        rule: &'static str,
        topic: &str,
        payload: &str,
        code: Code,
    ) -> Result<(), Stop> {
        let reply = self.device.command(topic, payload).await?;
        let what = format!("{payload} on {topic}, where the push session of mts {MTS} is {},", self.session);
        reply.is(self.lab, rule, code, &what)
    }

    /// The same on the topic of the session.
    async fn says(&mut self, rule: &'static str, payload: &Value, code: Code) -> Result<(), Stop> {
        let topic = self.session.topic();
        self.gives(rule, &topic, &payload.to_string(), code).await
    }

    /// All that was refused has changed nothing: a right command is the first that reaches the member.
    async fn is_untouched(&mut self) -> Result<(), Stop> {
        let reply = self.device.push(&self.session, MTS, "\"right\"").await?;
        let what = "a sendMessage with the push session's mts, after others that were refused,";
        reply.is(self.lab, "PUSH-FAILURE-NO-EFFECT", Code::SUCCESS, what)?;
        let got = self.member.next().await?;
        let refused = got.word().and_then(Word::message) == Some("\"refused\"");
        let expected = "the messages of commands that were refused reach nobody";
        self.lab.check("PUSH-FAILURE-NO-EFFECT", !refused, expected, got.to_string())?;
        if got.word().and_then(Word::message).is_some() {
            return Ok(());
        }
        Err(Stop::Inconclusive(format!("the message of a command that is right did not come, but {got}")))
    }
}

impl Known<'_> {
    /// What was refused would have taken Bob out.
    async fn bob_is_in(&mut self) -> Result<(), Stop> {
        let reply = self.device.push(&self.session, MTS, "\"right\"").await?;
        let what = "a sendMessage with the push session's mts, after updateSessions that were refused,";
        reply.is(self.lab, "PUSH-FAILURE-NO-EFFECT", Code::SUCCESS, what)?;
        self.member.gets("PUSH-FAILURE-NO-EFFECT", "\"right\"").await
    }
}

fn send(fields: Value) -> Value {
    with(json!({"cmd": "sendMessage", "y2wMessageId": "c", "message": "refused"}), fields)
}

fn update(fields: Value) -> Value {
    with(json!({"cmd": "updateSession", "y2wMessageId": "c", "message": "refused"}), fields)
}

fn with(mut command: Value, fields: Value) -> Value {
    if let (Value::Object(command), Value::Object(fields)) = (&mut command, fields) {
        command.extend(fields);
    }
    command
}

/// Topics in which no session is named.
const NAMELESS: [&str; 4] = ["y2w/session/", "y2w/session/group", "y2w/session/group_", "something/else"];

async fn not_json(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let topic = known.session.topic();
    for payload in
        ["", "{", "sendMessage", r#"{"cmd":"sendMessage","mts":1"#, "{'cmd':'sendMessage'}", r#"{"cmd":}"#]
    {
        known.gives("PUSH-RETURN-CODES", &topic, payload, Code::INVALID_FORMAT_OF_JSON_CONTENT).await?;
    }
    let reply = known.device.command(&topic, [b'{', 0xFF, 0xFE, b'}']).await?;
    reply.is(lab, "PUSH-RETURN-CODES", Code::INVALID_FORMAT_OF_JSON_CONTENT, "a payload that is no text")?;
    known.is_untouched().await
}

async fn no_object(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let topic = known.session.topic();
    for payload in ["[]", "1", "null", "true", "\"sendMessage\"", r#"["sendMessage","c",1,2]"#] {
        known.gives("PUSH-CHECK-ORDER", &topic, payload, Code::CMD_IS_INVALID).await?;
    }
    known.is_untouched().await
}

async fn bad_cmd(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for cmd in [
        json!("noSuchCommand"),
        json!(""),
        json!("sendmessage"),
        json!(1),
        Value::Null,
        json!(["sendMessage"]),
    ] {
        known.says("PUSH-RETURN-CODES", &send(json!({"cmd": cmd, "mts": MTS})), Code::CMD_IS_INVALID).await?;
    }
    let without = json!({"y2wMessageId": "c", "mts": MTS, "message": "refused"});
    known.says("PUSH-RETURN-CODES", &without, Code::CMD_IS_INVALID).await?;
    known.says("PUSH-RETURN-CODES", &json!({}), Code::CMD_IS_INVALID).await?;
    known.is_untouched().await
}

async fn no_session_id(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let members = json!([{"uid": known.bob.uid, "isDel": false}]);
    for command in [send(json!({"mts": MTS})), update(json!({"mts": MTS, "members": members}))] {
        for topic in NAMELESS {
            let payload = command.to_string();
            known.gives("PUSH-RETURN-CODES", topic, &payload, Code::SESSION_ID_IS_INVALID).await?;
        }
    }
    known.is_untouched().await
}

fn no_numbers() -> [Value; 6] {
    [Value::Null, json!(MTS.to_string()), json!(""), json!(true), json!([MTS]), json!({"mts": MTS})]
}

async fn bad_mts(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let members = json!([{"uid": known.bob.uid, "isDel": false}]);
    for mts in no_numbers() {
        for command in [send(json!({"mts": mts})), update(json!({"mts": mts, "members": members}))] {
            known.says("PUSH-RETURN-CODES", &command, Code::SESSION_MTS_IS_INVALID).await?;
        }
    }
    for command in [send(json!({})), update(json!({"members": members}))] {
        known.says("PUSH-RETURN-CODES", &command, Code::SESSION_MTS_IS_INVALID).await?;
    }
    known.is_untouched().await
}

async fn bad_members(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for members in [Value::Null, json!({}), json!("12"), json!(12), json!({"uid": "12", "isDel": false})] {
        let command = update(json!({"mts": MTS + 1, "members": members}));
        known.says("PUSH-RETURN-CODES", &command, Code::SESSION_MEMBERS_IS_INVALID).await?;
    }
    let without = update(json!({"mts": MTS + 1}));
    known.says("PUSH-RETURN-CODES", &without, Code::SESSION_MEMBERS_IS_INVALID).await?;
    known.is_untouched().await
}

async fn bad_elements(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let right = json!({"uid": known.bob.uid, "isDel": true});
    for wrong in [json!(known.bob.uid), json!(1), Value::Null, json!({}), json!({"isDel": false}), json!([])]
    {
        // Beside one that is right as well: no part of the command is carried out.
        for members in [json!([wrong]), json!([right, wrong])] {
            let command = update(json!({"mts": MTS + 1, "members": members}));
            known.says("PUSH-RETURN-CODES", &command, Code::SESSION_MEMBERS_IS_INVALID).await?;
        }
    }
    known.bob_is_in().await
}

async fn json_before_topic(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for topic in NAMELESS {
        known.gives("PUSH-CHECK-ORDER", topic, "{", Code::INVALID_FORMAT_OF_JSON_CONTENT).await?;
    }
    known.is_untouched().await
}

async fn cmd_before_topic(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for topic in NAMELESS {
        for payload in ["[]", "{}", r#"{"cmd":"noSuchCommand","mts":1}"#] {
            known.gives("PUSH-CHECK-ORDER", topic, payload, Code::CMD_IS_INVALID).await?;
        }
    }
    known.is_untouched().await
}

async fn cmd_before_fields(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for fields in
        [json!({}), json!({"mts": "x"}), json!({"mts": MTS - 1, "members": 1}), json!({"members": []})]
    {
        let command = with(json!({"cmd": "noSuchCommand", "y2wMessageId": "c"}), fields);
        known.says("PUSH-CHECK-ORDER", &command, Code::CMD_IS_INVALID).await?;
    }
    known.is_untouched().await
}

async fn topic_before_mts(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for topic in NAMELESS {
        for command in [send(json!({})), send(json!({"mts": "x"})), update(json!({"members": []}))] {
            let payload = command.to_string();
            known.gives("PUSH-CHECK-ORDER", topic, &payload, Code::SESSION_ID_IS_INVALID).await?;
        }
    }
    known.is_untouched().await
}

async fn topic_before_members(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for topic in NAMELESS {
        let payload = update(json!({"mts": MTS, "members": "x"})).to_string();
        known.gives("PUSH-CHECK-ORDER", topic, &payload, Code::SESSION_ID_IS_INVALID).await?;
    }
    known.is_untouched().await
}

async fn mts_before_members(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for mts in no_numbers() {
        let command = update(json!({"mts": mts, "members": "x"}));
        known.says("PUSH-CHECK-ORDER", &command, Code::SESSION_MTS_IS_INVALID).await?;
    }
    known.says("PUSH-CHECK-ORDER", &update(json!({})), Code::SESSION_MTS_IS_INVALID).await?;
    known.is_untouched().await
}

async fn mts_before_unknown(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let topic = known.ann.push_session("unknown").topic();
    for command in [send(json!({})), send(json!({"mts": "x"}))] {
        let payload = command.to_string();
        known.gives("PUSH-CHECK-ORDER", &topic, &payload, Code::SESSION_MTS_IS_INVALID).await?;
    }
    let right = send(json!({"mts": MTS})).to_string();
    known.gives("PUSH-CHECK-ORDER", &topic, &right, Code::SESSION_ON_SERVER_IS_NOT_EXIST).await?;
    known.is_untouched().await
}

async fn members_before_behind(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for members in [json!("x"), json!([1])] {
        let command = update(json!({"mts": MTS - 1, "members": members}));
        known.says("PUSH-CHECK-ORDER", &command, Code::SESSION_MEMBERS_IS_INVALID).await?;
    }
    let right = update(json!({"mts": MTS - 1, "members": []}));
    known.says("PUSH-CHECK-ORDER", &right, Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED).await?;
    known.is_untouched().await
}

async fn members_with_force(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for fields in [json!({"mts": MTS}), json!({"mts": MTS, "members": [1]})] {
        let command = update(with(fields, json!({"force": true})));
        known.says("PUSH-CHECK-ORDER", &command, Code::SESSION_MEMBERS_IS_INVALID).await?;
    }
    let command = update(json!({"members": [], "force": true}));
    known.says("PUSH-CHECK-ORDER", &command, Code::SESSION_MTS_IS_INVALID).await?;
    known.is_untouched().await
}

/// A push session that has no members.
async fn emptied(lab: &Lab) -> Result<(Known<'_>, ImSessionId), Stop> {
    let mut known = known(lab).await?;
    let session = known.ann.push_session("empty");
    lab.told(&mut known.device, &session, MTS, &[]).await?;
    Ok((known, session))
}

async fn without_members(lab: &Lab, mts: i64, code: Code, when: &str) -> Result<(), Stop> {
    let (mut known, session) = emptied(lab).await?;
    let reply = known.device.push(&session, mts, "1").await?;
    reply.is(
        lab,
        "PUSH-CHECK-ORDER",
        code,
        &format!("a sendMessage {when}, to a push session without members"),
    )?;
    let reply = known.device.push(&session, MTS, "1").await?;
    let what = "a sendMessage with its mts to a push session without members";
    reply.is(lab, "PUSH-CHECK-ORDER", Code::SESSION_MEMBERS_IS_NULL, what)?;
    known.is_untouched().await
}

async fn behind_before_empty(lab: &Lab) -> Result<(), Stop> {
    without_members(lab, MTS - 1, Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, "with an older mts").await
}

async fn ahead_before_empty(lab: &Lab) -> Result<(), Stop> {
    without_members(lab, MTS + 1, Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED, "with a newer mts").await
}

async fn refused_send(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for mts in [MTS - 1, MTS + 1] {
        let reply = known.device.push(&known.session, mts, "\"refused\"").await?;
        let refused = reply.code() != Some(Code::SUCCESS.0.into());
        if !refused {
            return Err(Stop::Inconclusive(format!("it was not refused: {reply}")));
        }
    }
    let expected = "a sendMessage that was answered with 27 or 28 delivers nothing";
    known.member.got_nothing("PUSH-FAILURE-NO-EFFECT", &known.bob, &mut known.device, expected).await?;
    known.device.push(&known.session, MTS, "\"right\"").await?;
    known.member.gets("PUSH-DELIVER", "\"right\"").await
}

/// Refuses an updateSession that would take Bob out and bring Eve in.
async fn refused_change(known: &mut Known<'_>, eve: &Person, message: Option<&str>) -> Result<(), Stop> {
    let members = [(&known.bob, false), (eve, true)];
    let reply = known.device.update(&known.session, MTS - 1, &members, false, message).await?;
    if reply.code() == Some(Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED.0.into()) {
        return Ok(());
    }
    Err(Stop::Inconclusive(format!("it was not refused with 27: {reply}")))
}

async fn refused_update(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    refused_change(&mut known, &eve, None).await?;
    known.bob_is_in().await?;
    let expected = "whom an updateSession names that was answered with 27 is not in";
    outsider.got_nothing("PUSH-FAILURE-NO-EFFECT", &eve, &mut known.device, expected).await
}

async fn refused_update_reaches_nobody(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    refused_change(&mut known, &eve, Some("\"refused\"")).await?;
    let expected = "the message of an updateSession that was answered with 27 reaches nobody";
    outsider.got_nothing("PUSH-FAILURE-NO-EFFECT", &eve, &mut known.device, expected).await?;
    known.member.got_nothing("PUSH-FAILURE-NO-EFFECT", &known.bob, &mut known.device, expected).await?;
    known.device.update(&known.session, MTS, &[], false, Some("\"right\"")).await?;
    known.member.gets("PUSH-DELIVER-UPDATE", "\"right\"").await
}

async fn refused_update_makes_none(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut device) = lab.present("ann").await?;
    let session = ann.push_session("chat");
    let topic = session.topic();
    for command in [update(json!({"mts": MTS, "members": "x"})), update(json!({"mts": "x", "members": []}))] {
        let reply = device.command(&topic, command.to_string()).await?;
        if reply.code() == Some(Code::SUCCESS.0.into()) {
            return Err(Stop::Inconclusive(format!("it was not refused: {reply}")));
        }
    }
    let reply = device.push(&session, MTS, "1").await?;
    let what = "a sendMessage to a push session whose updateSessions were all refused";
    reply.is(lab, "PUSH-FAILURE-NO-EFFECT", Code::SESSION_ON_SERVER_IS_NOT_EXIST, what)?;
    let reply = device.update(&session, MTS, &[(&ann, true)], false, None).await?;
    reply.is(lab, "MTS-UPDATE-CREATES", Code::SUCCESS, "one that is right")
}

/// A sendMessage that is ahead does not bring its mts with it.
async fn refused_send_leaves(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    for mts in [MTS + 5, MTS - 5] {
        known.device.push(&known.session, mts, "\"refused\"").await?;
        known.is_untouched().await?;
    }
    Ok(())
}

/// 21 and 23 are raised by clients.
async fn no_client_codes(lab: &Lab) -> Result<(), Stop> {
    let mut known = known(lab).await?;
    let commands = [
        json!({}),
        send(json!({})),
        send(json!({"mts": MTS})),
        update(json!({"mts": MTS})),
        update(json!({"mts": MTS, "members": []})),
    ];
    for command in commands {
        let reply = known.device.command(&known.session.topic(), command.to_string()).await?;
        let known_code = reply.code().is_some_and(|code| {
            let by_client = [Code::TIMEOUT, Code::SESSION_IS_INVALID].map(|code| i64::from(code.0));
            (20..=31).contains(&code) && !by_client.contains(&code)
        });
        let expected = "a reply has a code of the table that a push server sends: not 21 or 23";
        lab.check("PUSH-RETURN-CODES", known_code, expected, reply.to_string())?;
    }
    Ok(())
}
