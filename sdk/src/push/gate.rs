//! Where the gate sends a client, and what carries MQTT there. Pure. Rules `GATE-ANSWER`, `GATE-PORTS`,
//! `GATE-URL-PORT`, `GATE-TCP`.

use std::fmt;

use crate::protocol::limits::PUSH_TCP_PORT;
use crate::protocol::rest::GateData;

/// What carries MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// TCP. Rule `CONN-TCP`.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket. Rule `CONN-WEBSOCKET`.
    WebSocket,
    /// WebSocket over TLS.
    SecureWebSocket,
}

impl Carrier {
    /// The carrier that a URL's scheme names.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme {
            "tcp" | "mqtt" => Some(Self::Tcp),
            "ssl" | "mqtts" => Some(Self::Tls),
            "ws" => Some(Self::WebSocket),
            "wss" => Some(Self::SecureWebSocket),
            _ => None,
        }
    }

    /// How the SDK writes it in a URL.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "ssl",
            Self::WebSocket => "ws",
            Self::SecureWebSocket => "wss",
        }
    }

    /// The port where the gate names none: those of `GATE-PORTS`, and with TLS the registered ones.
    pub fn port(self) -> u16 {
        match self {
            Self::Tcp => PUSH_TCP_PORT,
            Self::Tls => 8883,
            Self::WebSocket => 80,
            Self::SecureWebSocket => 443,
        }
    }

    /// Whether MQTT goes in WebSocket frames.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::SecureWebSocket)
    }

    /// Whether there is TLS below.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::SecureWebSocket)
    }

    /// Whether a client that asked for `wanted` may be sent here: TLS may be added, never taken away.
    fn serves(self, wanted: Self) -> bool {
        self.is_websocket() == wanted.is_websocket() && self.is_secure() >= wanted.is_secure()
    }
}

/// The place of a push server; shown as `scheme://host:port/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What carries MQTT there.
    pub carrier: Carrier,
    /// A name or an IP address, an IPv6 address without its brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// What a WebSocket handshake asks for: `/` unless the URL says otherwise.
    pub path: String,
}

impl Address {
    /// Where a client that wants `carrier` finds the push server of the gate's answer; the error says what is wrong
    /// with that.
    pub fn from_gate(gate: &GateData, carrier: Carrier) -> Result<Self, String> {
        match &gate.tcp {
            Some(place) if !carrier.is_websocket() => Self::parse(place, carrier),
            _ => Self::parse(&gate.url, carrier),
        }
    }

    /// Reads `[SCHEME://]HOST[:PORT][/PATH]` for a client that wants `carrier`.
    pub fn parse(place: &str, wanted: Carrier) -> Result<Self, String> {
        let (carrier, rest) = match place.split_once("://") {
            None => (wanted, place),
            Some((scheme, rest)) => match Carrier::of_scheme(&scheme.to_ascii_lowercase()) {
                Some(carrier) if carrier.serves(wanted) => (carrier, rest),
                Some(_) => return Err(format!("`{place}` is not for a client of `{}`", wanted.scheme())),
                None => return Err(format!("`{place}`: `{scheme}` carries no MQTT")),
            },
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = split_port(authority, place)?;
        let port = match port {
            None => carrier.port(),
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(format!("`{place}`: `{port}` is no port number")),
            },
        };
        let path = if carrier.is_websocket() && path.starts_with('/') { path } else { "/" };
        Ok(Self { carrier, host: host.to_owned(), port, path: path.to_owned() })
    }
}

/// The host, and the port if there is one.
fn split_port<'a>(authority: &'a str, place: &str) -> Result<(&'a str, Option<&'a str>), String> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let Some((host, rest)) = bracketed.split_once(']') else {
            return Err(format!("`{place}`: a bracket is not closed"));
        };
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("`{place}`: `{host}` is no IPv6 address"));
        }
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(format!("`{place}`: `{rest}` follows the address")),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((_, rest)) if rest.contains(':') => {
            return Err(format!("`{place}`: an IPv6 address stands in brackets"));
        }
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if host.is_empty() {
        return Err(format!("`{place}` names no host"));
    }
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !host.chars().all(of_name) {
        return Err(format!("`{place}`: `{host}` is no host name"));
    }
    Ok((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { carrier, host, port, path } = self;
        let scheme = carrier.scheme();
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}{path}")
        } else {
            write!(f, "{scheme}://{host}:{port}{path}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Carrier::{SecureWebSocket, Tcp, Tls, WebSocket};
    use super::*;

    fn address(url: &str, carrier: Carrier) -> Result<String, String> {
        let gate = GateData { region: String::new(), url: url.to_owned(), tcp: None };
        Address::from_gate(&gate, carrier).map(|address| address.to_string())
    }

    #[test]
    fn a_bare_host_means_the_carriers_port() {
        for (carrier, url) in [
            (Tcp, "tcp://push.example:1883/"),
            (Tls, "ssl://push.example:8883/"),
            (WebSocket, "ws://push.example:80/"),
            (SecureWebSocket, "wss://push.example:443/"),
        ] {
            assert_eq!(address("push.example", carrier).unwrap(), url);
            assert_eq!(address(url, carrier).unwrap(), url);
        }
    }

    #[test]
    fn a_port_of_the_gate_is_followed() {
        assert_eq!(address("push.example:7000", Tcp).unwrap(), "tcp://push.example:7000/");
        assert_eq!(address("127.0.0.1:7000", WebSocket).unwrap(), "ws://127.0.0.1:7000/");
    }

    #[test]
    fn the_place_for_tcp_is_for_tcp() {
        let gate =
            GateData { region: String::new(), url: "a:1".to_owned(), tcp: Some("tcp://b:2/x".to_owned()) };
        let of = |carrier| Address::from_gate(&gate, carrier).map(|address| address.to_string());
        assert_eq!(of(Tcp).unwrap(), "tcp://b:2/");
        assert_eq!(of(WebSocket).unwrap(), "ws://a:1/");
        assert_eq!(of(Tls).unwrap_err(), "`tcp://b:2/x` is not for a client of `ssl`");
    }

    #[test]
    fn a_scheme_may_add_tls_and_nothing_else() {
        assert_eq!(address("MQTTS://h", Tcp).unwrap(), "ssl://h:8883/");
        assert_eq!(address("mqtt://h/x", Tcp).unwrap(), "tcp://h:1883/");
        assert_eq!(address("wss://h", WebSocket).unwrap(), "wss://h:443/");
        assert_eq!(address("ws://h/mqtt?a=b", WebSocket).unwrap(), "ws://h:80/mqtt?a=b");
        for (url, carrier) in [("ws://h", SecureWebSocket), ("ws://h", Tcp), ("tcp://h", WebSocket)] {
            let why = format!("`{url}` is not for a client of `{}`", carrier.scheme());
            assert_eq!(address(url, carrier), Err(why));
        }
        assert_eq!(address("https://h", WebSocket).unwrap_err(), "`https://h`: `https` carries no MQTT");
    }

    #[test]
    fn ipv6_addresses_stand_in_brackets() {
        assert_eq!(address("[::1]", Tcp).unwrap(), "tcp://[::1]:1883/");
        assert_eq!(address("wss://[fe80::1]:42/", SecureWebSocket).unwrap(), "wss://[fe80::1]:42/");
        assert_eq!(address("::1", Tcp).unwrap_err(), "`::1`: an IPv6 address stands in brackets");
        assert_eq!(address("[::1", Tcp).unwrap_err(), "`[::1`: a bracket is not closed");
        assert_eq!(address("[h]:1", Tcp).unwrap_err(), "`[h]:1`: `h` is no IPv6 address");
        assert_eq!(address("[::1]1", Tcp).unwrap_err(), "`[::1]1`: `1` follows the address");
    }

    #[test]
    fn what_names_no_place_is_refused_and_says_why() {
        assert_eq!(address("", Tcp).unwrap_err(), "`` names no host");
        assert_eq!(address("ws://:80/", WebSocket).unwrap_err(), "`ws://:80/` names no host");
        assert_eq!(address("a b", Tcp).unwrap_err(), "`a b`: `a b` is no host name");
        assert_eq!(address("u@h", Tcp).unwrap_err(), "`u@h`: `u@h` is no host name");
        for port in ["", "x", "0", "65536", "-1"] {
            let why = format!("`h:{port}`: `{port}` is no port number");
            assert_eq!(address(&format!("h:{port}"), Tcp), Err(why));
        }
    }
}
