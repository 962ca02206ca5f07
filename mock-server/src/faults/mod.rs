//! What an operator can inflict on a running server, by these methods or through the control API.
//!
//! There are two kinds. One-time inflictions happen at once: a kick, a lost session, a restart of the push side.
//! Standing faults ([`Faults`]) stay until they are replaced: delays, losses and errors at given rates. What they do to
//! which request or push is decided by `draw`, from the server's seed.

mod draw;
mod layer;
mod lost;
mod plan;

use std::time::Duration;

use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::{ImSessionId, UserId};

use crate::Backend;
use crate::business::{ExpireTokens, SetUserStatus};

pub(crate) use draw::{Dice, PushFate};
pub(crate) use layer::Standing;
pub(crate) use lost::is_lost;
pub use plan::{ErrorFault, Faults, FaultyPlan, Latency, PushFaults, RouteFault};

impl Backend {
    /// The faults that stand now.
    pub fn faults(&self) -> Faults {
        (*self.inner.standing.faults()).clone()
    }

    /// Puts these faults in place of all that stand; refuses what makes no sense, and then nothing changes.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultyPlan> {
        faults.check()?;
        self.inner.push.set_faults(faults.push.clone());
        self.inner.standing.set(faults);
        Ok(())
    }

    /// Ends all standing faults. What they hold back is still to come.
    pub fn clear_faults(&self) {
        self.inner.push.set_faults(PushFaults::default());
        self.inner.standing.set(Faults::default());
    }

    /// Ends a user's push connections abruptly; says how many there were.
    pub fn drop_connection(&self, uid: &UserId) -> usize {
        self.inner.push.drop_user(uid)
    }

    /// Ends all push connections abruptly; says how many there were.
    pub fn drop_all_connections(&self) -> usize {
        self.inner.push.drop_all()
    }

    /// Ends a user's push connections with the notice 10, as a later connection of each class would
    /// (`CONN-KICK`, `CONN-KICK-CLOSE`); says how many there were.
    pub fn kick(&self, uid: &UserId) -> usize {
        self.inner.push.kick(uid)
    }

    /// For that long from now, answers who connects to the push server with CONNACK 99. Live connections stay.
    pub fn refuse_connections(&self, for_time: Duration) {
        self.inner.push.refuse_for(for_time);
    }

    /// Restarts the push side: every connection ends abruptly and every push session is forgotten (`MTS-FORGETS`);
    /// says how many of each there were. imTokens stay good.
    pub fn restart_push(&self) -> (usize, usize) {
        self.inner.push.restart()
    }

    /// Makes the push server forget a session, as a restart would (`MTS-FORGETS`); says whether it knew it.
    pub fn forget_session(&self, session: &ImSessionId) -> bool {
        self.inner.push.forget(session)
    }

    /// The mts that the push server knows of a session, if it knows it.
    pub fn session_mts(&self, session: &ImSessionId) -> Option<i64> {
        self.inner.push.mts(session)
    }

    /// Gives a push session another mts and leaves its members; says which it had, if it is known.
    pub fn move_mts(&self, session: &ImSessionId, mts: i64) -> Option<i64> {
        self.inner.push.set_mts(session, mts)
    }

    /// From now on, or no longer, new push connections get CONNACK 0 and then no accept (`CONN-ACCEPT`).
    pub fn withhold_accept(&self, withhold: bool) {
        self.inner.push.withhold_accept(withhold);
    }

    /// Ends the life of every imToken given out so far (`CONN-REFUSE-EXPIRED`). Live connections stay.
    pub fn expire_im_tokens(&self) {
        self.inner.push.expire_tokens();
    }

    /// Ends the life of every login token, or of those of one user (`API-AUTH-INVALID`); says how many were good.
    pub fn expire_tokens(&self, of: Option<&UserId>) -> usize {
        // What it would refuse is a user who is not there, whose tokens are none.
        self.apply(ExpireTokens { user: of.cloned() }).unwrap_or(0)
    }

    /// Bars a user, whose tokens are then void, or lets them in again (`AUTH-LOGIN-INACTIVE`); says whether there is
    /// such a user.
    pub fn set_user_status(&self, uid: &UserId, status: Status) -> bool {
        self.apply(SetUserStatus { user: uid.clone(), status }).is_ok()
    }
}
