//! Addresses of files and pictures: a message or a profile holds them relative to the business API, or absolute. Rules
//! `FILE-REFERENCE`, `API-AUTH-QUERY`.

use ::http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::protocol::rest::{ACCESS_TOKEN, BASE_PATH};

/// What cannot stand in a URL as it is; a `%` can, where something is encoded already. A backslash would be read as
/// a slash.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What cannot stand in the value of a query parameter.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where to load it from without any header: an absolute URL as it is, a relative one at `base` and with the token.
pub(super) fn with_token(base: &str, url: &str, token: Option<&str>) -> Option<String> {
    // A single space is how the seed writes that there is none.
    let url = url.trim();
    if url.is_empty() {
        return None;
    }
    if is_absolute(url) {
        return Some(url.to_owned());
    }
    let mut absolute = join(base, url);
    if let Some(token) = token {
        absolute.push(if absolute.contains('?') { '&' } else { '?' });
        absolute.push_str(ACCESS_TOKEN);
        absolute.push('=');
        absolute.extend(utf8_percent_encode(token, IN_QUERY));
    }
    Some(absolute)
}

/// Where to load it from with the token in a header. The error says why that may not be: another server would learn
/// the token.
pub(super) fn on_server(base: &str, url: &str) -> Result<String, String> {
    let url = url.trim();
    if url.is_empty() {
        return Err("there is no file".to_owned());
    }
    if !is_absolute(url) {
        return Ok(join(base, url));
    }
    let url = plain(url);
    match (origin(base), origin(&url)) {
        (Some(ours), Some(its)) if ours == its => Ok(url),
        _ => Err(format!("`{url}` is not on this server")),
    }
}

fn is_absolute(url: &str) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn join(base: &str, relative: &str) -> String {
    // Slashes at the front must not lead to another host.
    let relative = relative.strip_prefix(BASE_PATH).unwrap_or(relative).trim_start_matches(['/', '\\']);
    format!("{base}{BASE_PATH}{}", plain(relative))
}

/// Without what is no part of a request, and without a token: one that came along is stale or somebody else's, and
/// two ways of sending one are an error.
fn plain(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let url = utf8_percent_encode(url, UNSAFE).to_string();
    let Some((path, query)) = url.split_once('?') else {
        return url;
    };
    let is_token = |part: &&str| part.split('=').next() == Some(ACCESS_TOKEN);
    let kept: Vec<&str> = query.split('&').filter(|part| !part.is_empty() && !is_token(part)).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// Scheme, host and port. None for what has a user in it: `http://our.host@other.host/` is at the other.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let url: Uri = url.parse().ok()?;
    let authority = url.authority().filter(|a| !a.as_str().contains('@'))?;
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, authority.host().to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://im.example:8080";

    #[test]
    fn a_relative_url_is_on_the_server_and_carries_the_token() {
        for (url, absolute) in [
            ("attachments/5/content", "http://im.example:8080/v1/attachments/5/content?access_token=t%2B1"),
            ("/attachments/5/content", "http://im.example:8080/v1/attachments/5/content?access_token=t%2B1"),
            (
                "/v1/attachments/5/content",
                "http://im.example:8080/v1/attachments/5/content?access_token=t%2B1",
            ),
            (" attachments/5/content ", "http://im.example:8080/v1/attachments/5/content?access_token=t%2B1"),
            ("a?size=1", "http://im.example:8080/v1/a?size=1&access_token=t%2B1"),
            ("a?access_token=old#top", "http://im.example:8080/v1/a?access_token=t%2B1"),
            ("a/图 1.png", "http://im.example:8080/v1/a/%E5%9B%BE%201.png?access_token=t%2B1"),
            ("//other.example/a", "http://im.example:8080/v1/other.example/a?access_token=t%2B1"),
            ("/\\other.example/a", "http://im.example:8080/v1/other.example/a?access_token=t%2B1"),
        ] {
            assert_eq!(with_token(BASE, url, Some("t+1")).as_deref(), Some(absolute), "{url}");
        }
        assert_eq!(with_token(BASE, "a", None).as_deref(), Some("http://im.example:8080/v1/a"));
    }

    #[test]
    fn an_absolute_url_stays_and_never_gets_the_token() {
        for url in
            ["http://other.example/a.png", "HTTPS://other.example/a?b=c", "http://im.example:8080/v1/a"]
        {
            assert_eq!(with_token(BASE, url, Some("t1")).as_deref(), Some(url));
        }
    }

    #[test]
    fn a_blank_url_is_none() {
        for url in ["", " ", "\n"] {
            assert_eq!(with_token(BASE, url, Some("t1")), None);
            assert!(on_server(BASE, url).is_err());
        }
    }

    #[test]
    fn only_what_is_on_the_server_is_asked_for_with_the_header() {
        for (url, target) in [
            ("attachments/5/content", "http://im.example:8080/v1/attachments/5/content"),
            ("http://im.example:8080/v1/a?access_token=t1", "http://im.example:8080/v1/a"),
            ("HTTP://IM.example:8080/v1/a?b=c", "HTTP://IM.example:8080/v1/a?b=c"),
        ] {
            assert_eq!(on_server(BASE, url).as_deref(), Ok(target), "{url}");
        }
        for url in [
            "http://other.example:8080/v1/a",
            "http://im.example:80801/v1/a",
            "http://im.example/v1/a",
            "https://im.example:8080/v1/a",
            "http://im.example:8080@other.example/v1/a",
            "http://im.example:8080.other.example/v1/a",
            "http://other.example\\@im.example:8080/v1/a",
            "http://",
        ] {
            assert!(on_server(BASE, url).is_err(), "{url}");
        }
        assert!(on_server("https://im.example", "https://im.example:443/v1/a").is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_reference_leads_to_another_host(url in ".*") {
            let Ok(target) = on_server(BASE, &url) else { return Ok(()) };
            let parsed: Result<Uri, _> = target.parse();
            proptest::prop_assert!(parsed.is_ok_and(|uri| uri.host() == Some("im.example")), "{}", target);
        }
    }
}
