//! A request of a case, and what came of it. Nothing is made better on the way: no retries, no logins, no defaults.

use std::fmt::Display;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use y2w_sdk::protocol::rest::{CLIENT_SYNC_TIME, path};

use super::lab::{Lab, Person};
use super::tape::Kept;
use super::timeline::{masked, masked_path};
use super::verdict::Stop;
use crate::chance;

/// A request that is being put together.
pub(super) struct Ask<'a> {
    lab: &'a Lab,
    who: String,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
    next_door: bool,
}

/// An answer as it is kept on the tape.
#[derive(Serialize, Deserialize)]
struct Heard {
    status: u16,
    headers: Vec<(String, String)>,
    body: Kept,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// What was asked, as `GET /v1/users`.
    pub(super) what: String,
    pub(super) status: u16,
    /// Names in lower case, in the order in which they came.
    headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The body, if it is JSON; null otherwise.
    pub(super) json: Value,
}

impl<'a> Ask<'a> {
    pub(super) fn new(lab: &'a Lab, method: Method, path: String) -> Self {
        let (who, headers, body) = ("somebody".to_owned(), Vec::new(), Bytes::new());
        Self { lab, who, method, path, headers, body, next_door: false }
    }

    /// What is asked, as people say it.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.method, masked_path(&self.path))
    }

    /// By this user, in their app.
    pub(super) fn by(self, person: &Person) -> Self {
        let bearer = format!("Bearer {}", person.token);
        Self { who: person.name.clone(), next_door: person.next_door, ..self }.header(AUTHORIZATION, bearer)
    }

    /// By somebody of that name, who shows no token.
    pub(super) fn named(self, name: &str) -> Self {
        Self { who: name.to_owned(), ..self }
    }

    /// In the other app of the server.
    pub(super) fn next_door(self) -> Self {
        Self { next_door: true, ..self }
    }

    /// What has changed since then: milliseconds, or whatever is to be sent in their place. Rule `SYNC-HEADER`.
    pub(super) fn since(self, time: impl Display + Copy) -> Self {
        self.header(HeaderName::from_static(CLIENT_SYNC_TIME), time.to_string())
    }

    /// With these bytes as body.
    pub(super) fn body(self, kind: &str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.header(CONTENT_TYPE, kind) }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap_or_default();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub(super) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Sends it. No answer within the deadline, or none at all, leaves nothing to be said.
    pub(super) async fn send(self) -> Result<Answer, Stop> {
        let what = self.what();
        let wrong = |why: &dyn Display| Stop::Harness(format!("{what} cannot be put together: {why}"));
        let base =
            if self.next_door { self.lab.base_url_next_door()? } else { self.lab.base_url(&self.path) };
        let mut request = Request::builder()
            .method(&self.method)
            .uri(format!("{base}{}", self.path))
            .body(self.body.clone())
            .map_err(|why| wrong(&why))?;
        for (name, value) in &self.headers {
            let value = HeaderValue::try_from(value).map_err(|why| wrong(&why))?;
            request.headers_mut().append(name, value);
        }
        let (lab, timeline) = (self.lab, &self.lab.timeline);
        timeline.asked(lab.now(), &self.who, &self.method, &self.path, &self.body);
        let heard = lab.tape.told(self.key(), hear(lab, request)).await?.map_err(|why| {
            lab.note(&self.who, format!("no answer: {why}"));
            Stop::Inconclusive(format!("{what}: {why}"))
        })?;
        let Heard { status, headers, body: Kept(body) } = heard;
        timeline.answered(lab.now(), &self.who, status, &body);
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { what, status, headers, body, json })
    }

    /// What tells this request from others on the tape, with nothing in it that is secret.
    fn key(&self) -> String {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let digest = chance::draw(0, (&self.path, headers, self.lab.masked(&self.body), self.next_door));
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {} {path} {digest:016x}", self.who, self.method)
    }
}

/// Sends a request, and waits for its answer until the deadline.
async fn hear(lab: &Lab, request: Request<Bytes>) -> Result<Heard, String> {
    let deadline = lab.deadline();
    let answer = tokio::time::timeout(deadline, lab.http().send(request)).await;
    let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", deadline.as_secs_f64())))?;
    let (head, body) = answer.into_parts();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = head.headers.iter().map(header).collect();
    Ok(Heard { status: head.status.as_u16(), headers, body: Kept(body) })
}

impl Answer {
    /// A string in the body, by its JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        self.json.pointer(pointer)?.as_str().map(str::to_owned)
    }

    /// The first header of that name, which is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// All headers of that name, which is in lower case.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Whether it is 2xx. Rule `API-SUCCESS`.
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The entries of a list; none where it is none. Rule `API-LIST`.
    pub(super) fn entries(&self) -> &[Value] {
        self.json["entries"].as_array().map_or(&[], Vec::as_slice)
    }

    /// What a case has need of, from an answer that another case is about: where it went wrong, nothing can be said.
    pub(super) fn needed(self) -> Result<Self, Stop> {
        if self.is_done() {
            return Ok(self);
        }
        Err(Stop::Inconclusive(format!("{} was answered with {}", self.what, self.said())))
    }

    /// Checks that it went well, by that rule.
    pub(super) fn done(self, lab: &Lab, rule: &'static str) -> Result<Self, Stop> {
        let has_password = [path::LOGIN, path::SET_PASSWORD].iter().any(|path| self.what.ends_with(path));
        if self.status == 429 && has_password {
            // Rule `AUTH-LOGIN-LIMIT`: others have failed too often, from here or with this account.
            let why = format!("{} is not listened to for now: {}", self.what, self.said());
            return Err(Stop::Inconclusive(why));
        }
        let well = self.is_done();
        lab.check(rule, well, format!("{} is answered with 200", self.what), self.said())?;
        Ok(self)
    }

    /// Checks that it was refused with one of these statuses, by that rule.
    pub(super) fn refused(self, lab: &Lab, rule: &'static str, statuses: &[u16]) -> Result<Self, Stop> {
        let named: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let expected = format!("{} is refused with {}", self.what, named.join(" or "));
        lab.check(rule, statuses.contains(&self.status), expected, self.said())?;
        Ok(self)
    }

    /// Checks that it was refused with any 4xx, by that rule.
    pub(super) fn refused_somehow(self, lab: &Lab, rule: &'static str) -> Result<Self, Stop> {
        let refused = (400..500).contains(&self.status);
        lab.check(rule, refused, format!("{} is refused with a 4xx status", self.what), self.said())?;
        Ok(self)
    }

    /// What was answered, in short, and without what is secret.
    pub(super) fn said(&self) -> String {
        const SHOWN: usize = 300;
        let body = masked(&self.body);
        let shown: String = body.chars().take(SHOWN).collect();
        format!("{}  {shown}{}", self.status, if shown.len() < body.len() { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tape::Tape;
    use super::super::target::DEADLINE;
    use super::*;
    use crate::conformance::all;

    fn answer(what: &str, status: u16) -> Answer {
        let (headers, body) = (Vec::new(), Bytes::from_static(br#"{"token":"abc"}"#));
        Answer { what: what.to_owned(), status, headers, body, json: Value::Null }
    }

    #[test]
    fn a_login_that_nobody_listens_to_for_now_breaks_no_rule() {
        let case = all().into_iter().find(|case| case.rules.contains(&"AUTH-LOGIN")).unwrap();
        let lab = Lab::on(Tape::of(Vec::new()), &case, "test", DEADLINE);
        let login = |status| answer("POST /v1/users/login", status).done(&lab, "AUTH-LOGIN");
        assert!(matches!(login(429), Err(Stop::Inconclusive(_))));
        assert!(matches!(login(400), Err(Stop::Broken(_))));
        let other = answer("GET /v1/users", 429).done(&lab, "AUTH-LOGIN");
        assert!(matches!(other, Err(Stop::Broken(_))));
    }

    #[test]
    fn what_is_secret_is_said_in_no_evidence() {
        assert_eq!(answer("GET /v1/users", 200).said(), r#"200  {"token":"***"}"#);
    }
}
