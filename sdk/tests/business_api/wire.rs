//! What Ann's requests look like. The headers stand here once, literally.

/// A request without a body, as `GET /v1/users/1`.
pub(crate) fn plain(line: &str) -> String {
    format!("{line}\nauthorization: Bearer t1\n")
}

/// A list request that says since when, in milliseconds.
pub(crate) fn since(line: &str, millis: u64) -> String {
    format!("{line}\nauthorization: Bearer t1\nclient-sync-time: {millis}\n")
}

/// A request with a form.
pub(crate) fn form(line: &str, form: &str) -> String {
    format!("{line}\nauthorization: Bearer t1\ncontent-type: application/x-www-form-urlencoded\n\n{form}")
}
