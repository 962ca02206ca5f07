//! A request of a case, and what came of it. Nothing is made better on the way: no retries, no logins, no defaults.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::Value;

use super::lab::{DEADLINE, Lab, Person};
use super::verdict::Stop;

/// A request that is being put together.
pub(super) struct Ask<'a> {
    lab: &'a Lab,
    who: String,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// What was asked, as `GET /v1/users`.
    pub(super) what: String,
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// The body, if it is JSON; null otherwise.
    pub(super) json: Value,
}

impl<'a> Ask<'a> {
    pub(super) fn new(lab: &'a Lab, method: Method, path: String) -> Self {
        Self { lab, who: "somebody".to_owned(), method, path, headers: Vec::new(), body: Bytes::new() }
    }

    /// What is asked, as people say it.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// By this user.
    pub(super) fn by(self, person: &Person) -> Self {
        Self { who: person.name.clone(), ..self }.header(AUTHORIZATION, format!("Bearer {}", person.token))
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap_or_default();
        let ask = self.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        Self { body: body.into(), ..ask }
    }

    pub(super) fn json(self, value: &Value) -> Self {
        let ask = self.header(CONTENT_TYPE, "application/json");
        Self { body: value.to_string().into(), ..ask }
    }

    /// Sends it. No answer within the deadline, or none at all, leaves nothing to be said.
    pub(super) async fn send(self) -> Result<Answer, Stop> {
        let what = self.what();
        let wrong =
            |why: &dyn std::fmt::Display| Stop::Harness(format!("{what} cannot be put together: {why}"));
        let mut request = Request::builder()
            .method(&self.method)
            .uri(format!("{}{}", self.lab.world.base_url(), self.path))
            .body(self.body.clone())
            .map_err(|why| wrong(&why))?;
        for (name, value) in &self.headers {
            let value = HeaderValue::try_from(value).map_err(|why| wrong(&why))?;
            request.headers_mut().append(name, value);
        }
        let timeline = &self.lab.timeline;
        timeline.asked(&self.who, &self.method, &self.path, &self.body);
        let answer = tokio::time::timeout(DEADLINE, self.lab.world.http().send(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs())));
        let answer = answer.map_err(|why| {
            timeline.note(&self.who, format!("no answer: {why}"));
            Stop::Inconclusive(format!("{what}: {why}"))
        })?;
        let (head, body) = answer.into_parts();
        timeline.answered(&self.who, head.status.as_u16(), &body);
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { what, status: head.status.as_u16(), body, json })
    }
}

impl Answer {
    /// A string in the body, by its JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        self.json.pointer(pointer)?.as_str().map(str::to_owned)
    }

    /// Checks that it went well, by that rule.
    pub(super) fn done(self, lab: &Lab, rule: &'static str) -> Result<Self, Stop> {
        let well = (200..300).contains(&self.status);
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

    /// What was answered, in short.
    pub(super) fn said(&self) -> String {
        const SHOWN: usize = 300;
        let body = String::from_utf8_lossy(&self.body);
        let shown: String = body.chars().take(SHOWN).collect();
        format!("{}  {shown}{}", self.status, if shown.len() < body.len() { "…" } else { "" })
    }
}
