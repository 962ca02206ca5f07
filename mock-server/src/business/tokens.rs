//! Login tokens.
//!
//! A token lives until its time is over; a later login leaves it valid (`AUTH-TOKEN-MANY`). Expired ones go when new
//! ones come, so the state does not grow with the logins of the past.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{Timestamp, UserId};

use super::{Business, Operation, Refusal};
use crate::quirks::Quirk;

/// Makes a token good for a user: the end of a login. Rules `AUTH-LOGIN`, `AUTH-TOKEN-LIFE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueToken {
    /// Whose it is.
    pub user: UserId,
    /// The token, hard to guess.
    pub token: String,
    /// How long it is good.
    pub life: Duration,
}

impl Operation for IssueToken {
    type Reply = ();

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<(), Refusal> {
        state.user(self.user.as_str())?;
        let tokens = &mut state.tokens;
        if !state.quirks.on(Quirk::ExpiredTokenAccepted) {
            tokens.drop_expired(now);
        }
        if state.quirks.on(Quirk::LoginVoidsOthers) {
            tokens.drop_all_of(&self.user);
        }
        let token: Arc<str> = Arc::from(self.token);
        let short = state.quirks.on(Quirk::TokenLifeShort);
        let expires = now.plus(if short { self.life / 2 } else { self.life });
        tokens.by_expiry.insert((expires, token.clone()));
        tokens.owners.insert(token, (self.user, expires));
        Ok(())
    }
}

/// Ends the life of tokens before its time, as an operator can. The reply is how many were good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExpireTokens {
    /// Whose; everybody's if nothing is said.
    pub user: Option<UserId>,
}

impl Operation for ExpireTokens {
    type Reply = usize;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<usize, Refusal> {
        if let Some(user) = &self.user {
            state.user(user.as_str())?;
        }
        let tokens = &mut state.tokens;
        let mut ended = 0;
        for (token, (owner, expires)) in &mut tokens.owners {
            if *expires > now && self.user.as_ref().is_none_or(|user| user == owner) {
                tokens.by_expiry.remove(&(*expires, token.clone()));
                *expires = now;
                tokens.by_expiry.insert((now, token.clone()));
                ended += 1;
            }
        }
        Ok(ended)
    }
}

impl Business {
    /// To whom a token belongs. Rule `API-AUTH-INVALID`.
    pub fn caller(&self, token: &str, now: Timestamp) -> Result<UserId, Refusal> {
        match self.tokens.owners.get(token) {
            Some((owner, expires)) if now < *expires || self.quirks.on(Quirk::ExpiredTokenAccepted) => {
                Ok(owner.clone())
            }
            Some(_) => Err(Refusal::Unauthorized("the token has expired".into())),
            None => Err(Refusal::Unauthorized("the token is not one of this server".into())),
        }
    }
}

/// Every token stands in both, with the same expiry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tokens {
    #[serde(with = "super::sorted")]
    owners: FxHashMap<Arc<str>, (UserId, Timestamp)>,
    by_expiry: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Tokens {
    /// Rule `AUTH-TOKEN-LIFE`.
    pub(super) fn drop_all_of(&mut self, user: &UserId) {
        self.owners.retain(|_, (owner, _)| owner != user);
        self.by_expiry.retain(|(_, token)| self.owners.contains_key(token));
    }

    fn drop_expired(&mut self, now: Timestamp) {
        while self.by_expiry.first().is_some_and(|(expires, _)| *expires <= now) {
            if let Some((_, token)) = self.by_expiry.pop_first() {
                self.owners.remove(&token);
            }
        }
    }
}
