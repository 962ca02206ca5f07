//! What a case has need of that a server, or whoever tests it, may not have.
//!
//! A case that meets something missing says so, with what showed it. Where the target's file declares it missing, the
//! case is unsupported, and what showed it is the proof. Where the file does not, nothing can be said: nothing is
//! forgiven that nobody declared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// See the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// A gate, a token endpoint and a push server.
    Push,
    /// The push server over TCP.
    Tcp,
    /// The push server over WebSocket.
    Websocket,
    /// Users can be made: by registration, or from a list of accounts.
    Registration,
    /// The app's secret is known to whoever tests.
    AppSecret,
    /// Another app on the same server.
    SecondApp,
    /// The control API of a mock server, or one like it: what only an operator can do.
    Control,
    /// An operator who bars users: no control API has that, only a server of ours in the same process.
    Bar,
    /// Hours can be let pass: in virtual time only.
    Time,
    /// `DELETE users/UID`. Rule `USER-DELETE`.
    UserDelete,
    /// `DELETE sessions/SID`. Rule `SESS-DELETE`.
    SessionDelete,
    /// The header `Idempotency-Key`. Rule `MSG-IDEMPOTENCY-KEY`.
    IdempotencyKey,
    /// A bound on failed logins. Rule `AUTH-LOGIN-LIMIT`.
    LoginLimit,
    /// Parts of attachments. Rule `FILE-RANGE`.
    FileRange,
    /// An attachment that is there already is not kept twice. Rule `FILE-DEDUP`.
    FileDedup,
    /// The token endpoint takes the app's own secret. Rule `TOKEN-RAW-SECRET`.
    RawSecret,
    /// A gate's `tcp`. Rule `GATE-TCP`.
    GateTcp,
    /// A delivery says from whom it is. Rule `PUSH-DELIVER-EXTRA`.
    DeliverExtra,
    /// The app has emojis.
    Emojis,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name in files and the name that people read are the same.
        self.serialize(f)
    }
}
