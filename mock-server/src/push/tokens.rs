//! imTokens: what the token endpoint gave out, and until when each is good.
//!
//! A token stands for the app, not for a user (`TOKEN-GRANT`). One that has expired is remembered for a while, so that
//! its owner is told "expired" and not "unknown" (`CONN-REFUSE-EXPIRED`); then it goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use y2w_sdk::protocol::{ConnectionReturnCode, Timestamp};

/// See the module. Every token stands in both, with the same expiry.
#[derive(Debug, Default)]
pub(crate) struct ImTokens {
    expiries: FxHashMap<Arc<str>, Timestamp>,
    by_expiry: BTreeSet<(Timestamp, Arc<str>)>,
}

/// For how long an expired token is remembered.
const MEMORY: Duration = Duration::from_secs(24 * 3_600);

impl ImTokens {
    /// Makes a token good.
    pub(crate) fn insert(&mut self, token: &str, life: Duration, now: Timestamp) {
        while let Some((expired, oldest)) = self.by_expiry.pop_first() {
            if now <= expired.plus(MEMORY) {
                self.by_expiry.insert((expired, oldest));
                break;
            }
            self.expiries.remove(&oldest);
        }
        let token: Arc<str> = Arc::from(token);
        self.expiries.insert(token.clone(), now.plus(life));
        self.by_expiry.insert((now.plus(life), token));
    }

    /// Whether a token is good. Rules `CONN-REFUSE-TOKEN`, `CONN-REFUSE-EXPIRED`.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<(), ConnectionReturnCode> {
        match self.expiries.get(token) {
            Some(expiry) if now < *expiry => Ok(()),
            Some(_) => Err(ConnectionReturnCode::TOKEN_HAS_EXPIRED),
            None => Err(ConnectionReturnCode::TOKEN_IS_INVALID),
        }
    }

    /// Ends every token's life now.
    pub(crate) fn expire_all(&mut self, now: Timestamp) {
        self.by_expiry.clear();
        for (token, expiry) in &mut self.expiries {
            *expiry = now.min(*expiry);
            self.by_expiry.insert((*expiry, token.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_then_expired_then_forgotten() {
        let hour = Duration::from_secs(3_600);
        let start = Timestamp::MIN;
        let mut tokens = ImTokens::default();
        tokens.insert("a", hour, start);
        assert_eq!(tokens.check("a", start), Ok(()));
        assert_eq!(tokens.check("b", start), Err(ConnectionReturnCode::TOKEN_IS_INVALID));
        assert_eq!(tokens.check("a", start.plus(hour)), Err(ConnectionReturnCode::TOKEN_HAS_EXPIRED));
        let later = start.plus(hour + MEMORY).next();
        tokens.insert("c", hour, later);
        assert_eq!(tokens.check("a", later), Err(ConnectionReturnCode::TOKEN_IS_INVALID));
    }

    #[test]
    fn all_can_be_ended_at_once() {
        let start = Timestamp::MIN;
        let mut tokens = ImTokens::default();
        tokens.insert("a", Duration::from_secs(9), start);
        tokens.expire_all(start);
        assert_eq!(tokens.check("a", start), Err(ConnectionReturnCode::TOKEN_HAS_EXPIRED));
        tokens.insert("b", Duration::from_secs(9), start);
        assert_eq!(tokens.check("b", start), Ok(()));
    }
}
