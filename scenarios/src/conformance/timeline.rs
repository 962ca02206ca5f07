//! What went over the wire in a case, in order, as people read it. Secrets are masked before anything is kept.

use http::Method;
use parking_lot::Mutex;
use serde_json::Value;
use y2w_reports::conformance::Line;

/// See the module's text.
#[derive(Default)]
pub(super) struct Timeline {
    lines: Mutex<Vec<Line>>,
}

/// What is kept of one body.
const BODY_MAX: usize = 2_000;

/// Lines that are kept of one case: it may meet a server that never ends.
const LINES_MAX: usize = 2_000;

/// Fields whose values are nobody's business.
const SECRETS: [&str; 6] = ["password", "oldPassword", "token", "secret", "access_token", "client_secret"];

impl Timeline {
    pub(super) fn note(&self, at: u64, who: &str, what: String) {
        let mut lines = self.lines.lock();
        if lines.len() < LINES_MAX {
            lines.push(Line { at_us: at, who: who.to_owned(), what });
        }
    }

    pub(super) fn asked(&self, at: u64, who: &str, method: &Method, path: &str, body: &[u8]) {
        let body = if body.is_empty() { String::new() } else { format!("  {}", masked(body)) };
        self.note(at, who, format!("{method} {}{body}", masked_path(path)));
    }

    pub(super) fn answered(&self, at: u64, who: &str, status: u16, body: &[u8]) {
        self.note(at, who, format!("{status}  {}", masked(body)));
    }

    pub(super) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.lines.lock())
    }
}

/// A path as it may be shown: without the secrets in its query.
pub(super) fn masked_path(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let shown = |field: &str| match field.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}={MASK}"),
        _ => field.to_owned(),
    };
    format!("{path}?{}", query.split('&').map(shown).collect::<Vec<_>>().join("&"))
}

/// A body as it may be shown: JSON and forms without secrets, all else as it is.
pub(super) fn masked(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) => match serde_urlencoded::from_bytes::<Vec<(String, String)>>(body) {
            Ok(fields) if body.contains(&b'=') => {
                let shown = |(key, value): &(String, String)| {
                    let is_secret = SECRETS.contains(&key.as_str());
                    format!("{key}={}", if is_secret { MASK } else { value })
                };
                fields.iter().map(shown).collect::<Vec<_>>().join("&")
            }
            _ => String::from_utf8_lossy(body).escape_debug().to_string(),
        },
    };
    match text.char_indices().nth(BODY_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

const MASK: &str = "***";

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if SECRETS.contains(&key.as_str()) && value.is_string() {
                    *value = MASK.into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_nowhere() {
        assert_eq!(masked(b"email=ann&password=abc"), "email=ann&password=***");
        assert_eq!(
            masked(br#"{"token":"abc","entries":[{"secret":"x"}]}"#),
            r#"{"entries":[{"secret":"***"}],"token":"***"}"#
        );
        assert_eq!(masked(b"\x00no form"), "\\0no form");
        assert_eq!(masked_path("/v1/users?access_token=abc&limit=1"), "/v1/users?access_token=***&limit=1");
    }
}
