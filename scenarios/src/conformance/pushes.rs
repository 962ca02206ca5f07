//! What cases about push have in common: users who are connected, push sessions of their own, and the checks of what a
//! connection brings.

use http::Method;
use tokio::sync::OnceCell;
use y2w_sdk::protocol::push::ImSessionId;
use y2w_sdk::protocol::rest::{GATE_REGISTER, GateData, path};
use y2w_sdk::protocol::{ConnectionReturnCode, SendReturnCode, SessionType};

use super::device::{Device, Hello};
use super::lab::{Lab, Person};
use super::need::Need;
use super::packets::{Got, Word};
use super::same::is_same;
use super::verdict::Stop;

/// What the push connections of a case have in common.
#[derive(Default)]
pub(super) struct Common {
    /// What the gate says.
    pub(super) place: OnceCell<GateData>,
    /// An imToken: it stands for the app, and not for a user. Rule `TOKEN-GRANT`.
    token: OnceCell<String>,
}

impl Person {
    /// A push session of the case's own: named after a user of its own, no other case has it.
    pub(super) fn push_session(&self, name: &str) -> ImSessionId {
        ImSessionId::new(SessionType::Group, format!("{name}-{}", self.uid).as_str())
    }
}

impl Lab {
    /// Asks the gate where the push server is; where the target has none, its file says it.
    pub(super) async fn ask_gate(&self) -> Result<GateData, Stop> {
        let known: Option<GateData> =
            self.tape.told("a gate's words".to_owned(), async { self.known_place() }).await?;
        if let Some(place) = known {
            return Ok(place);
        }
        let gate = self.ask(Method::POST, path::GATE).form(&[("oper", GATE_REGISTER), ("country", "")]);
        let gate = gate.send().await?;
        if gate.status == 404 {
            return Err(self.lacks(Need::Push, format!("{}: {}", gate.what, gate.said())));
        }
        serde_json::from_value(gate.json["data"].clone()).map_err(|why| {
            Stop::Inconclusive(format!("the gate's answer has no place: {why}: {}", gate.said()))
        })
    }

    /// An introduction as that client of that user of the first app.
    pub(super) async fn hello(&self, person: &Person, client_id: &str) -> Result<Hello, Stop> {
        let token = self.common.token.get_or_try_init(|| self.im_token(person)).await?;
        Ok(Hello::of(person, token, client_id))
    }

    /// A new user with one connection, from the web.
    pub(super) async fn present(&self, name: &str) -> Result<(Person, Device<'_>), Stop> {
        let person = self.person(name).await?;
        let device = self.also(&person, name, "00one").await?;
        Ok((person, device))
    }

    /// A connection of a user as that client.
    pub(super) async fn also(&self, person: &Person, who: &str, client_id: &str) -> Result<Device<'_>, Stop> {
        self.online(who, &self.hello(person, client_id).await?).await
    }

    /// A push session with these members, made by the first connection: its topic is the case's own.
    pub(super) async fn told(
        &self,
        by: &mut Device<'_>,
        session: &ImSessionId,
        mts: i64,
        members: &[&Person],
    ) -> Result<(), Stop> {
        let members: Vec<(&Person, bool)> = members.iter().map(|person| (*person, true)).collect();
        let reply = by.update(session, mts, &members, false, None).await?;
        if reply.code() == Some(SendReturnCode::SUCCESS.0.into()) {
            return Ok(());
        }
        Err(Stop::Inconclusive(format!("the push session could not be made: {reply}")))
    }
}

impl Word {
    /// Checks the code of a reply.
    pub(super) fn is(
        &self,
        lab: &Lab,
        rule: &'static str,
        code: SendReturnCode,
        when: &str,
    ) -> Result<(), Stop> {
        let holds = self.code() == Some(code.0.into());
        lab.check(rule, holds, format!("{when} is answered with {}", code.0), self.to_string())
    }
}

impl Device<'_> {
    /// Checks that it is accepted: CONNACK 0, and the control message 11 as the first that follows.
    pub(super) async fn accepted(&mut self, rule: &'static str) -> Result<(), Stop> {
        let connack = self.next().await?;
        let zero = matches!(connack, Got::Connack(0));
        self.lab.check(rule, zero, "the CONNECT is answered with CONNACK 0", connack.to_string())?;
        let first = self.next().await?;
        let accept = first.is_control(ConnectionReturnCode::ACCEPT_CONNECT);
        self.lab.check(
            rule,
            accept,
            r#"the first that follows CONNACK 0 is {"returnCode":11}"#,
            first.to_string(),
        )
    }

    /// Checks that it is refused with that code, and closed.
    pub(super) async fn refused(
        &mut self,
        rule: &'static str,
        code: ConnectionReturnCode,
        what: &str,
    ) -> Result<(), Stop> {
        let connack = self.next().await?;
        let refused = matches!(connack, Got::Connack(said) if u32::from(said) == code.0);
        let expected = format!("{what} is refused with CONNACK {}", code.0);
        self.lab.check(rule, refused, expected, connack.to_string())?;
        self.closed("CONN-REFUSE-CLOSE", &format!("the connection is closed after CONNACK {}", code.0)).await
    }

    /// Checks that the next is the end of the connection.
    pub(super) async fn closed(&mut self, rule: &'static str, expected: &str) -> Result<(), Stop> {
        let end = self.next().await?;
        self.lab.check(rule, end.is_closed(), expected, end.to_string())
    }

    /// Checks that it is kicked, and closed.
    pub(super) async fn kicked(&mut self) -> Result<(), Stop> {
        let kick = self.next().await?;
        let kicked = kick.is_control(ConnectionReturnCode::KICKED);
        let expected = r#"the older connection gets {"returnCode":10}"#;
        self.lab.check("CONN-KICK", kicked, expected, kick.to_string())?;
        self.closed("CONN-KICK-CLOSE", "the older connection is closed after it was kicked").await
    }

    /// What comes next, but for a message that has come before: only who looks at that counts how often it comes.
    async fn next_new(&mut self, rule: &'static str) -> Result<Got, Stop> {
        loop {
            let got = self.next().await?;
            let message = got.word().and_then(Word::message);
            let is_again = message.is_some() && message == self.last.as_deref();
            if !is_again || rule == "PUSH-DELIVER-ONCE" {
                return Ok(got);
            }
        }
    }

    /// Checks that the next is the delivery of this message.
    pub(super) async fn gets(&mut self, rule: &'static str, message: &str) -> Result<(), Stop> {
        let got = self.next_new(rule).await?;
        let is_it = self.is_message(&got, message, rule == "PUSH-DELIVER-VERBATIM");
        let shown: String = message.chars().take(300).collect();
        self.lab.check(rule, is_it, format!("the next that comes is the message {shown}"), got.to_string())
    }

    /// Whether it is the delivery of this message. Where it does not matter whether it has come to harm on its way, a
    /// text that holds it will do.
    fn is_message(&mut self, got: &Got, message: &str, exactly: bool) -> bool {
        let Some(came) = got.word().and_then(Word::message) else { return false };
        let within = || serde_json::from_str::<String>(came).is_ok_and(|text| is_same(&text, message));
        let is_it = is_same(came, message) || (!exactly && within());
        if is_it {
            self.last = Some(came.to_owned());
        }
        is_it
    }

    /// Checks that nothing has come: a message that is sent now to the user's own devices is the next. Where that does
    /// not come either, nothing can be said.
    pub(super) async fn got_nothing(
        &mut self,
        rule: &'static str,
        owner: &Person,
        by: &mut Device<'_>,
        expected: &str,
    ) -> Result<(), Stop> {
        const MARK: &str = "\"sent afterwards\"";
        by.push(&owner.own_devices(), Lab::APP_MTS, MARK).await?;
        let got = self.next_new(rule).await?;
        if matches!(got, Got::Nothing(_)) {
            return Err(Stop::Inconclusive(format!(
                "what was sent to {}'s devices did not come",
                owner.name
            )));
        }
        let is_mark = self.is_message(&got, MARK, false);
        let expected = format!("{expected}; what is sent afterwards comes next");
        self.lab.check(rule, is_mark, expected, got.to_string())
    }

    /// Checks that this message comes, whatever comes before.
    pub(super) async fn gets_at_last(&mut self, rule: &'static str, message: &str) -> Result<(), Stop> {
        loop {
            let got = self.next().await?;
            let is_it = self.is_message(&got, message, false);
            if is_it || got.word().and_then(Word::message).is_none() {
                return self.lab.check(rule, is_it, format!("the message {message} comes"), got.to_string());
            }
        }
    }

    /// What comes next, but for deliveries.
    pub(super) async fn next_but_deliveries(&mut self) -> Result<Got, Stop> {
        loop {
            let got = self.next().await?;
            if got.word().and_then(Word::message).is_none() {
                return Ok(got);
            }
        }
    }

    /// Where a connection that was accepted does nothing, nothing can be said: whoever accepts all is no push server.
    pub(super) async fn is_of_use(&mut self) -> Result<(), Stop> {
        self.ping().await?;
        match self.next_but_deliveries().await? {
            Got::Pingresp => Ok(()),
            other => Err(Stop::Inconclusive(format!("a ping was answered with {other}"))),
        }
    }

    /// Checks that the connection is live: a ping is answered, whatever is delivered before that.
    pub(super) async fn is_alive(&mut self, rule: &'static str, expected: &str) -> Result<(), Stop> {
        self.ping().await?;
        let got = self.next_but_deliveries().await?;
        let answered = matches!(got, Got::Pingresp);
        self.lab.check(rule, answered, format!("{expected}: a ping is answered"), got.to_string())
    }
}
