//! Numbers the protocol fixes: sizes, periods, counts. Each stands here only.

use std::time::Duration;

/// Entries in a list answer when the request does not say. Rule `API-LIST-LIMIT`.
pub const PAGE_DEFAULT: usize = 100;
/// Most entries in a list answer, whatever the request says. Rule `API-LIST-LIMIT`.
pub const PAGE_MAX: usize = 1_000;
/// Messages in a page of history. Rule `HIST-PAGE`.
pub const HISTORY_PAGE: usize = 20;

/// Keep-alive of a push connection. Rule `CONN-KEEPALIVE`.
pub const KEEP_ALIVE: Duration = Duration::from_secs(300);
/// A peer silent for this many keep-alive periods is gone. Rule `CONN-KEEPALIVE`.
pub const KEEP_ALIVE_GRACE: f64 = 1.5;
/// Port of the push server over TCP when the gate names a bare host. Rule `GATE-PORTS`.
pub const PUSH_TCP_PORT: u16 = 1883;

/// A command without a reply for this long has timed out. Rule `PUSH-TIMEOUT`.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeouts in a row after which a client reconnects. Rule `CLIENT-RECOVER-TIMEOUT-RECONNECT`.
pub const TIMEOUTS_BEFORE_RECONNECT: u32 = 10;
/// Rounds of recovery from 27 after which a client forces its members. Rule `CLIENT-RECOVER-27-FORCE`.
pub const ROUNDS_BEFORE_FORCE: u32 = 3;

/// Pause before a failed store is tried again. Rule `CLIENT-STORE-RETRY`.
pub const STORE_RETRY: Duration = Duration::from_secs(5);
/// How often a failed store is tried again before the message counts as failed. Rule `CLIENT-STORE-RETRY`.
pub const STORE_RETRIES: u32 = 60;

/// First pause before a client reconnects. Rule `CONN-BACKOFF`.
pub const RECONNECT_PERIOD: Duration = Duration::from_secs(1);
/// Longest pause before a client reconnects. Rule `CONN-BACKOFF`.
pub const RECONNECT_PERIOD_MAX: Duration = Duration::from_secs(30);
/// Pause before a failed renewal of the imToken is tried again. Rule `CONN-RENEW-RETRY`.
pub const TOKEN_RETRY: Duration = Duration::from_secs(10);

/// Longest uid on the push side, in bytes. Rule `CONN-UID-LENGTH`.
pub const UID_MAX: usize = 128;
/// Longest client identifier, in bytes. Rule `CONN-CLIENT-ID-LENGTH`.
pub const CLIENT_ID_MAX: usize = 64;
/// Largest MQTT packet either side takes, in bytes. Rule `PUSH-PACKET-MAX`.
pub const PACKET_MAX: usize = 256 * 1024;

/// The fixed mts of a message to one user directly. Rule `PUSH-APP`.
pub const APP_MTS: i64 = 1_264_953_600_000;
