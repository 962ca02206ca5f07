//! What an operator can inflict on a running server.

use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::{ImSessionId, UserId};

use crate::Backend;
use crate::business::SetUserStatus;

impl Backend {
    /// Ends a user's push connections abruptly; says how many there were.
    pub fn drop_connection(&self, uid: &UserId) -> usize {
        self.inner.push.drop_user(uid)
    }

    /// Ends all push connections abruptly; says how many there were.
    pub fn drop_all_connections(&self) -> usize {
        self.inner.push.drop_all()
    }

    /// Makes the push server forget a session, as a restart would (`MTS-FORGETS`); says whether it knew it.
    pub fn forget_session(&self, session: &ImSessionId) -> bool {
        self.inner.push.forget(session)
    }

    /// From now on, or no longer, new push connections get CONNACK 0 and then no accept (`CONN-ACCEPT`).
    pub fn withhold_accept(&self, withhold: bool) {
        self.inner.push.withhold_accept(withhold);
    }

    /// Ends the life of every imToken given out so far (`CONN-REFUSE-EXPIRED`). Live connections stay.
    pub fn expire_im_tokens(&self) {
        self.inner.push.expire_tokens();
    }

    /// Bars a user, whose tokens are then void, or lets them in again (`AUTH-LOGIN-INACTIVE`); says whether there is
    /// such a user.
    pub fn set_user_status(&self, uid: &UserId, status: Status) -> bool {
        self.apply(SetUserStatus { user: uid.clone(), status }).is_ok()
    }
}
