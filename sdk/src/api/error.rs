//! Why a call failed, and how that is read from an answer.

use std::time::Duration;

use ::http::StatusCode;
use serde_json::Value;

/// Characters of what a server said that an error carries.
const TEXT_MAX: usize = 300;

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{call}: {kind}")]
pub struct ApiError {
    /// The call: method and path template.
    pub call: String,
    /// What went wrong.
    pub kind: ApiErrorKind,
}

/// What went wrong with a call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiErrorKind {
    /// The call cannot be made into a request; nothing was sent.
    #[error("the request cannot be made: {0}")]
    Request(String),
    /// No answer: no connection, or it broke.
    #[error("{0}")]
    Transport(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Deadline(Duration),
    /// An answer that is an error. Rule `API-ERROR-SHAPE`.
    #[error("{status}{}{message}", if message.is_empty() { "" } else { ": " })]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the server said, in whatever form; cut where it is long.
        message: String,
    },
    /// A success without the object that was asked for: how the server of 2016 says that there is none.
    #[error("the server knows no such {0}")]
    Missing(&'static str),
    /// An answer that cannot be understood.
    #[error("the answer is not what was expected: {0}")]
    Answer(String),
}

impl ApiError {
    /// The HTTP status, if there was an answer that is an error.
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            ApiErrorKind::Status { status, .. } => Some(status),
            _ => None,
        }
    }

    /// Whether the server says that what was asked for does not exist, in its own way or in that of 2016. Rule
    /// `API-NOT-FOUND`.
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, ApiErrorKind::Missing(_) | ApiErrorKind::Status { status: 404, .. })
    }

    /// Whether the same call may go better another time.
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            ApiErrorKind::Transport(_) | ApiErrorKind::Deadline(_) | ApiErrorKind::Answer(_) => true,
            ApiErrorKind::Status { status, .. } => !matches!(status, 400 | 403 | 404 | 409 | 413),
            ApiErrorKind::Request(_) | ApiErrorKind::Missing(_) => false,
        }
    }

    /// Whether the request got no answer from the server itself, and none is to be expected from waiting longer.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.kind, ApiErrorKind::Transport(_) | ApiErrorKind::Status { status: 502..=504, .. })
    }
}

/// Reads whatever form an error takes: ours, the object in `message` of the 2016 server, that of OAuth, a proxy's page, or
/// nothing.
pub(super) fn refused(status: StatusCode, body: &[u8]) -> ApiErrorKind {
    let message = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => ["message", "error_description", "error"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(spoken))
            .unwrap_or_default(),
        Ok(value) => spoken(&value).unwrap_or_default(),
        // Cut first: nothing at the end of a long page is going to be shown.
        Err(_) => without_tags(&String::from_utf8_lossy(&body[..body.len().min(16 * TEXT_MAX)])),
    };
    ApiErrorKind::Status { status: status.as_u16(), message: readable(&message) }
}

/// Why an answer could not be understood. The words are serde's, which quote the answer at any length.
pub(super) fn not_understood(error: &serde_json::Error) -> ApiErrorKind {
    ApiErrorKind::Answer(readable(&error.to_string()))
}

/// Fit for one line of a log: no control characters, single spaces, not long.
pub(super) fn readable(text: &str) -> String {
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.len() > 4 * TEXT_MAX {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    match line.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn spoken(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The text of a page, if it is one.
fn without_tags(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let mut in_tag = false;
    text.chars()
        .filter_map(|c| match c {
            '<' => {
                in_tag = true;
                Some(' ')
            }
            '>' if in_tag => {
                in_tag = false;
                None
            }
            _ => (!in_tag).then_some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &[u8]) -> String {
        match refused(StatusCode::INTERNAL_SERVER_ERROR, body) {
            ApiErrorKind::Status { status: 500, message } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatever_form_an_error_takes_its_words_are_found() {
        for (body, words) in [
            (r#"{"status":500,"error":"taken","message":"the email is taken"}"#, "the email is taken"),
            (r#"{"status":500,"message":"该邮箱已被注册"}"#, "该邮箱已被注册"),
            (
                r#"{"message":{"code":1,"error":"no right","status":403}}"#,
                r#"{"code":1,"error":"no right","status":403}"#,
            ),
            (r#"{"error":"invalid_client","error_description":"wrong secret"}"#, "wrong secret"),
            (r#"{"error":"invalid_client","message":null}"#, "invalid_client"),
            (r#"{"message":""}"#, ""),
            (r#""no""#, "no"),
            ("[1]", "[1]"),
            ("null", ""),
            ("", ""),
            ("Bad\r\n\u{7}Gateway", "Bad Gateway"),
            ("<html><title>502 Bad Gateway</title>\n<h1>nginx</h1>", "502 Bad Gateway nginx"),
            ("<p", ""),
        ] {
            assert_eq!(message(body.as_bytes()), words, "{body}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "错".repeat(10_000);
        assert_eq!(message(long.as_bytes()).chars().count(), TEXT_MAX + 1);
        assert_eq!(message("错 ".repeat(10_000).as_bytes()).chars().count(), TEXT_MAX + 1);
        let json = serde_json::json!({ "message": long }).to_string();
        assert_eq!(message(json.as_bytes()).chars().count(), TEXT_MAX + 1);
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics_or_leaves_control_characters(body: Vec<u8>) {
            proptest::prop_assert!(!message(&body).contains(char::is_control));
        }
    }
}
