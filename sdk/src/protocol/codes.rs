//! Numbers that mean something on the wire.
//!
//! A code is a newtype over the number with the known names as constants: a number nobody knows survives, compares
//! and prints. One row per code gives constant, number and meaning.

use serde::{Deserialize, Serialize};

macro_rules! wire_codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$row_doc:meta])* $code:ident = $number:literal, $meaning:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            $(
                #[doc = concat!("`", stringify!($number), "`: ", $meaning, ".")]
                $(#[$row_doc])*
                pub const $code: Self = Self($number);
            )*

            /// Every known code, in the order of the table.
            pub const KNOWN: &'static [Self] = &[$(Self::$code),*];

            /// What the code means, or `None` for a number that is in no table.
            pub fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($meaning),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} ({})", self.0, self.meaning().unwrap_or("unknown code"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}

wire_codes! {
    /// The state of a client's push connection, as applications see it. Rule `CONN-STATUS`.
    ConnectionStatus {
        CONNECTING = 0, "connecting";
        CONNECTED = 1, "connected";
        RECONNECTING = 2, "reconnecting";
        NETWORK_DISCONNECTED = 3, "network disconnected";
        DISCONNECTED = 100, "disconnected";
    }
}

wire_codes! {
    /// Why a push connection was accepted, refused or ended: in CONNACK or in a control message.
    /// Rule `CONN-RETURN-CODES`.
    ConnectionReturnCode {
        IDENTIFIER_REJECTED = 2, "client identifier rejected";
        UNACCEPTABLE_PROTOCOL_VERSION = 3, "unacceptable protocol version";
        UID_IS_INVALID = 4, "uid is invalid";
        TOKEN_IS_INVALID = 5, "imToken is invalid";
        TOKEN_HAS_EXPIRED = 6, "imToken has expired";
        AUTHENTICATION_SERVER_ERROR = 7, "authentication server error";
        KICKED = 10, "kicked by another device of the same class";
        ACCEPT_CONNECT = 11, "connection accepted";
        SERVER_UNAVAILABLE = 99, "server unavailable";
        SERVER_INTERNAL_ERROR = 100, "server internal error";
        REQUEST_GATE_ERROR = 101, "the gate did not answer usably";
    }
}

impl ConnectionReturnCode {
    /// Whether a client must not reconnect by itself after this code. Rule `CONN-STOP-CODES`.
    ///
    /// 5 and 6 stop the automatic reconnection as well; the bridge then fetches a new imToken and connects with it
    /// (`CONN-RENEW-TOKEN`).
    pub fn stops_reconnection(self) -> bool {
        matches!(
            self,
            Self::IDENTIFIER_REJECTED
                | Self::UNACCEPTABLE_PROTOCOL_VERSION
                | Self::UID_IS_INVALID
                | Self::TOKEN_IS_INVALID
                | Self::TOKEN_HAS_EXPIRED
                | Self::KICKED
        )
    }

    /// Whether a new imToken may help. Rule `CONN-RENEW-TOKEN`.
    pub fn asks_for_new_token(self) -> bool {
        matches!(self, Self::TOKEN_IS_INVALID | Self::TOKEN_HAS_EXPIRED)
    }
}

wire_codes! {
    /// The push server's answer to a command. Rule `PUSH-RETURN-CODES`.
    SendReturnCode {
        SUCCESS = 20, "success";
        /// Never on the wire: the client raises it itself when no reply came in time (`PUSH-TIMEOUT`).
        TIMEOUT = 21, "no reply in time";
        CMD_IS_INVALID = 22, "unknown command";
        SESSION_IS_INVALID = 23, "session is invalid";
        SESSION_ID_IS_INVALID = 24, "session id is missing or invalid";
        SESSION_MTS_IS_INVALID = 25, "mts is missing or no number";
        SESSION_ON_SERVER_IS_NOT_EXIST = 26, "the push server does not know the session";
        SESSION_MTS_ON_CLIENT_HAS_EXPIRED = 27, "the client's mts is behind the push server's";
        SESSION_MTS_ON_SERVER_HAS_EXPIRED = 28, "the push server's mts is behind the client's";
        SESSION_MEMBERS_IS_INVALID = 29, "members is no array of members";
        INVALID_FORMAT_OF_JSON_CONTENT = 30, "the payload is not JSON";
        SESSION_MEMBERS_IS_NULL = 31, "the session has no members";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_prints_its_number_and_meaning() {
        assert_eq!(SendReturnCode(26).to_string(), "26 (the push server does not know the session)");
    }

    #[test]
    fn an_unknown_code_survives_and_prints() {
        let code: SendReturnCode = serde_json::from_str("4711").unwrap();
        assert_eq!(code.0, 4711);
        assert_eq!(code.to_string(), "4711 (unknown code)");
        assert_eq!(serde_json::to_string(&code).unwrap(), "4711");
    }

    #[test]
    fn the_numbers_are_those_of_the_wire() {
        let numbers: Vec<u32> = SendReturnCode::KNOWN.iter().map(|c| c.0).collect();
        assert_eq!(numbers, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
        let numbers: Vec<u32> = ConnectionReturnCode::KNOWN.iter().map(|c| c.0).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 10, 11, 99, 100, 101]);
    }

    #[test]
    fn exactly_these_codes_stop_reconnection() {
        let stops: Vec<u32> =
            ConnectionReturnCode::KNOWN.iter().filter(|c| c.stops_reconnection()).map(|c| c.0).collect();
        assert_eq!(stops, [2, 3, 4, 5, 6, 10]);
    }
}
