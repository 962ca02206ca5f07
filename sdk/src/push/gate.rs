//! Where the gate sends a client. Rules `GATE-ANSWER`, `GATE-PORTS`, `GATE-TCP`.

use crate::protocol::limits::PUSH_TCP_PORT;
use crate::protocol::rest::GateData;

/// The host and port for MQTT over TCP; the error says what is wrong with the gate's answer.
pub fn tcp_address(data: &GateData) -> Result<(String, u16), String> {
    let place = data.tcp.as_deref().unwrap_or(&data.url);
    let place = place.split_once("://").map_or(place, |(_, rest)| rest);
    let place = place.split('/').next().unwrap_or_default();
    // A colon inside of an IPv6 address stands before its closing bracket.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (host, port),
            Err(_) => return Err(format!("`{place}` has no port number after the colon")),
        },
        _ => (place, PUSH_TCP_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(format!("`{place}` names no host"));
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, tcp: Option<&str>) -> Result<(String, u16), String> {
        tcp_address(&GateData { region: String::new(), url: url.to_owned(), tcp: tcp.map(str::to_owned) })
    }

    #[test]
    fn a_bare_host_means_the_protocols_port() {
        assert_eq!(address("push.example", None), Ok(("push.example".to_owned(), 1883)));
        assert_eq!(address("[::1]", None), Ok(("::1".to_owned(), 1883)));
    }

    #[test]
    fn a_port_and_a_place_for_tcp_are_followed() {
        assert_eq!(address("push.example:7000", None), Ok(("push.example".to_owned(), 7000)));
        assert_eq!(address("push.example", Some("127.0.0.1:42")), Ok(("127.0.0.1".to_owned(), 42)));
        assert_eq!(address("x", Some("tcp://[::1]:42/")), Ok(("::1".to_owned(), 42)));
    }

    #[test]
    fn what_names_no_place_is_refused_and_says_why() {
        assert_eq!(address("", None), Err("`` names no host".to_owned()));
        assert_eq!(address("h:x", None), Err("`h:x` has no port number after the colon".to_owned()));
    }
}
