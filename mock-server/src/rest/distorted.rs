//! Answers in another form than the rules have it, for a server with such quirks: the one place where a finished answer
//! is taken apart again. A server without them never comes here.

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::path;

use crate::quirks::{Quirk, Quirks};

/// The quirks that need this.
pub(super) const QUIRKS: &[Quirk] = &[
    Quirk::BusinessErrors500,
    Quirk::ContactAnswerNoStamp,
    Quirk::DeleteAnswersVary,
    Quirk::EmojiCountWrong,
    Quirk::FileSizeNull,
    Quirk::ForbiddenObject,
    Quirk::HistoryAsList,
    Quirk::IdsAsNumbers,
    Quirk::PutAnswersStale,
    Quirk::RefusedWith200,
    Quirk::SessionUpdatedAtMissing,
    Quirk::TimesWithoutMillis,
    Quirk::UnknownNull,
    Quirk::WriteTimesWholeSecond,
];

/// What the server of 2016 says where ours refuses with 400 or 404 and these words.
const IN_CHINESE: &[(&str, &str)] = &[
    ("the email is taken", "该邮箱已被注册"),
    ("email or password is wrong", "用户名或密码错误"),
    ("oldPassword is wrong", "原密码错误"),
    ("the user is inactive", "用户已被禁用"),
    ("the user is a contact already", "联系人已存在"),
    ("no such session", "会话不存在"),
    ("no such user", "用户不存在"),
];

/// Where an answer is one object that may not exist.
const SINGLE: &[&str] = &[
    path::USER,
    path::CONTACT,
    path::USER_SESSION,
    path::USER_CONVERSATION,
    path::SESSION,
    path::MEMBER,
    path::ATTACHMENT,
];

/// Changes an answer in JSON.
pub(super) async fn distort(
    quirks: &Quirks,
    method: Method,
    path: &'static str,
    response: Response,
) -> Response {
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let (mut head, body) = response.into_parts();
    if !is_json {
        return Response::from_parts(head, body);
    }
    // It was made in memory, whole.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(body) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    let call = Call { quirks, method, path };
    let (status, body) = if head.status.is_success() {
        call.granted(head.status, body)
    } else {
        call.refused(head.status, body)
    };
    head.status = status;
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
}

struct Call<'a> {
    quirks: &'a Quirks,
    method: Method,
    path: &'static str,
}

impl Call<'_> {
    fn has(&self, quirk: Quirk) -> bool {
        self.quirks.on(quirk)
    }

    fn is(&self, method: &Method, path: &str) -> bool {
        self.method == *method && self.path.ends_with(path)
    }

    fn refused(&self, mut status: StatusCode, mut body: Value) -> (StatusCode, Option<Value>) {
        let is_single = SINGLE.iter().any(|path| self.is(&Method::GET, path));
        if status == StatusCode::NOT_FOUND && is_single && self.has(Quirk::UnknownNull) {
            return (StatusCode::OK, Some(Value::Null));
        }
        let said = body["message"].as_str().unwrap_or_default();
        let known = IN_CHINESE.iter().find(|(english, _)| *english == said);
        if let Some((_, message)) = known.filter(|_| self.has(Quirk::BusinessErrors500)) {
            status = StatusCode::INTERNAL_SERVER_ERROR;
            body = json!({"status": status.as_u16(), "message": message});
        }
        if status == StatusCode::FORBIDDEN && self.has(Quirk::ForbiddenObject) {
            let error = body["error"].take();
            body = json!({"status": 403, "message": {"code": 403, "error": error, "status": 403}});
        }
        if self.has(Quirk::RefusedWith200) {
            status = StatusCode::OK;
        }
        (status, Some(body))
    }

    fn granted(&self, status: StatusCode, mut body: Value) -> (StatusCode, Option<Value>) {
        if self.method == Method::DELETE && self.has(Quirk::DeleteAnswersVary) {
            let body = match self.path {
                path if path.ends_with(path::CONTACT) => None,
                path if path.ends_with(path::MESSAGE) => Some(json!({})),
                _ => Some(Value::Null),
            };
            return (status, body);
        }
        each_object(&mut body, &mut |object| self.object(object));
        if self.is(&Method::GET, path::EMOJIS) && self.has(Quirk::EmojiCountWrong) {
            body["total_count"] = json!(body["total_count"].as_u64().unwrap_or_default() + 1);
        }
        if self.is(&Method::GET, path::MESSAGES_HISTORY) && self.has(Quirk::HistoryAsList) {
            body = json!({"total_count": body.as_array().map_or(0, Vec::len), "entries": body});
        }
        (status, Some(body))
    }

    fn object(&self, object: &mut Map<String, Value>) {
        if self.has(Quirk::IdsAsNumbers)
            && let Some(id) = object.get_mut("id")
            && let Some(number) = id.as_str().and_then(|id| id.parse::<u64>().ok())
        {
            *id = json!(number);
        }
        if self.path.contains(path::ATTACHMENTS) && self.has(Quirk::FileSizeNull) {
            object.insert("size".to_owned(), Value::Null);
        }
        if self.has(Quirk::SessionUpdatedAtMissing) {
            object.remove("sessionUpdatedAt");
        }
        if self.is(&Method::POST, path::CONTACTS) && self.has(Quirk::ContactAnswerNoStamp) {
            object.remove("updatedAt");
        }
        if self.method == Method::PUT && self.has(Quirk::PutAnswersStale) {
            let created = object.get("createdAt").cloned();
            match created.filter(|_| !self.path.ends_with(path::CONTACT)) {
                Some(created) => object.insert("updatedAt".to_owned(), created),
                None => object.remove("updatedAt"),
            };
        }
        for time in ["createdAt", "updatedAt"] {
            let Some(time) = object.get_mut(time) else { continue };
            let Some(known) = time.as_str().and_then(Timestamp::parse) else { continue };
            if self.method != Method::GET && self.has(Quirk::WriteTimesWholeSecond) {
                let second = Timestamp::from_millis(known.as_millis() / 1_000 * 1_000);
                *time = json!(second.to_string());
            }
            if self.has(Quirk::TimesWithoutMillis)
                && let Some((whole, _)) = known.to_string().split_once('.')
            {
                *time = json!(format!("{whole}Z"));
            }
        }
    }
}

fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| each_object(value, change)),
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|value| each_object(value, change));
        }
        _ => (),
    }
}
