//! Syncs of the application's own kinds. Rules `CLIENT-SEND-TYPES`, `NOTICE-TYPES`.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::api::Api;
use crate::protocol::UserId;

/// How long a handler may take, here and in [`Prepare`](super::Prepare): others wait behind it.
pub const HANDLER_MAX: Duration = Duration::from_secs(600);

/// What a handler may use.
#[derive(Clone, Copy)]
pub struct SyncContext<'a> {
    /// Who is logged in.
    pub uid: &'a UserId,
    /// The business API as this user.
    pub api: &'a Api,
    /// The session that the notice named, as `TYPE_ID`, if it named one.
    pub session: Option<&'a str>,
}

/// Syncs something of the application's own when a notice asks for it: the seed's extension of `syncTypes` and
/// `handleMessage`. Registered with
/// [`LoginOptions::sync_handler`](crate::LoginOptions::sync_handler); it runs in the user's sync queue, so that it never
/// runs twice at the same time for one session, and once more if another notice comes meanwhile.
pub trait SyncHandler: Send + Sync {
    /// Syncs. An error is reported, and the sync is tried again after a growing pause. So it is with one that takes
    /// longer than [`HANDLER_MAX`]: its future is dropped.
    fn sync<'a>(&'a self, context: SyncContext<'a>) -> BoxFuture<'a, Result<(), String>>;
}
