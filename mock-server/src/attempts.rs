//! Failed logins of late, by account and by address: who has failed too often is not listened to for a while.
//!
//! Pure. An attempt is looked at twice: before the password is hashed, so that a refusal costs nothing, and once more when
//! the password has been checked. Of guesses that are made at the same time, no more than the limit thus learn whether
//! they were right. Names that no account has are counted like others: that one is refused says nothing about it.
//!
//! Bounded: the oldest are forgotten first.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::time::Duration;

use rustc_hash::FxHashMap;
use y2w_sdk::protocol::Timestamp;

/// How many logins may fail. Rule `AUTH-LOGIN-LIMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// Of one account; 0 for any number.
    pub per_account: u32,
    /// From one address; 0 for any number.
    pub per_address: u32,
    /// For how long failures count, from the first of them on.
    pub window: Duration,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self { per_account: 10, per_address: 100, window: Duration::from_secs(5 * 60) }
    }
}

/// Most accounts and addresses whose failures are remembered.
const REMEMBERED: usize = 20_000;

/// Who tries: an account, by a hash of its name, or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Account(u64),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    until: Timestamp,
}

/// See the module. Whoever stands in `failed` stands in `order` once, with the same time.
#[derive(Debug)]
pub(crate) struct Attempts {
    limits: LoginLimits,
    failed: FxHashMap<Who, Failures>,
    order: VecDeque<(Timestamp, Who)>,
}

impl Attempts {
    pub(crate) fn new(limits: LoginLimits) -> Self {
        Self { limits, failed: FxHashMap::default(), order: VecDeque::new() }
    }

    /// Whether an attempt is listened to; if not, how long it takes until one is.
    pub(crate) fn check(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let limits = &self.limits;
        let of_account = self.wait(account_of(account), limits.per_account, now);
        let of_address = address.and_then(|ip| self.wait(Who::Address(ip), limits.per_address, now));
        of_account.max(of_address).map_or(Ok(()), Err)
    }

    /// An attempt had the wrong password.
    pub(crate) fn failed(&mut self, account: &str, address: Option<IpAddr>, now: Timestamp) {
        while let Some((until, who)) = self.order.front().copied()
            && (until <= now || self.failed.len() >= REMEMBERED)
        {
            self.order.pop_front();
            if self.failed.get(&who).is_some_and(|failures| failures.until == until) {
                self.failed.remove(&who);
            }
        }
        let whos = [Some(account_of(account)), address.map(Who::Address)];
        for who in whos.into_iter().flatten() {
            let until = now.plus(self.limits.window);
            let failures = self.failed.entry(who).or_insert_with(|| {
                self.order.push_back((until, who));
                Failures { count: 0, until }
            });
            failures.count = failures.count.saturating_add(1);
        }
    }

    /// An attempt had the right password. The address keeps its count: otherwise whoever has one account could try as
    /// many passwords of others as they like.
    pub(crate) fn succeeded(&mut self, account: &str) {
        if let Some(failures) = self.failed.get_mut(&account_of(account)) {
            failures.count = 0;
        }
    }

    fn wait(&self, who: Who, limit: u32, now: Timestamp) -> Option<Duration> {
        let failures = self.failed.get(&who)?;
        let refused = limit > 0 && failures.count >= limit && now < failures.until;
        refused.then(|| now.until(failures.until))
    }
}

fn account_of(name: &str) -> Who {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    Who::Account(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LIMITS: LoginLimits =
        LoginLimits { per_account: 2, per_address: 3, window: Duration::from_secs(60) };
    const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn an_account_is_refused_after_its_failures_until_their_time_is_over() {
        let mut attempts = Attempts::new(LIMITS);
        attempts.failed("ann", None, at(0));
        assert_eq!(attempts.check("ann", None, at(10)), Ok(()));
        attempts.failed("ann", None, at(10));
        assert_eq!(attempts.check("ann", None, at(20)), Err(Duration::from_secs(40)));
        assert_eq!(attempts.check("bob", None, at(20)), Ok(()), "others are not concerned");
        assert_eq!(attempts.check("ann", None, at(60)), Ok(()));
        attempts.failed("ann", None, at(61));
        assert_eq!(attempts.check("ann", None, at(61)), Ok(()), "counted anew");
    }

    #[test]
    fn a_success_forgives_the_account_and_not_the_address() {
        let mut attempts = Attempts::new(LIMITS);
        for _ in 0..3 {
            attempts.failed("ann", HERE, at(0));
            attempts.succeeded("ann");
        }
        assert_eq!(attempts.check("ann", None, at(1)), Ok(()));
        assert_eq!(attempts.check("ann", HERE, at(1)), Err(Duration::from_secs(59)));
    }

    #[test]
    fn an_address_is_refused_whatever_the_names_it_tries() {
        let mut attempts = Attempts::new(LIMITS);
        for name in ["a", "b", "c"] {
            assert_eq!(attempts.check(name, HERE, at(0)), Ok(()));
            attempts.failed(name, HERE, at(0));
        }
        assert!(attempts.check("d", HERE, at(0)).is_err());
        let elsewhere = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(attempts.check("d", elsewhere, at(0)), Ok(()));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut attempts = Attempts::new(LoginLimits { per_account: 0, per_address: 0, ..LIMITS });
        (0..99).for_each(|_| attempts.failed("ann", HERE, at(0)));
        assert_eq!(attempts.check("ann", HERE, at(0)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut attempts = Attempts::new(LIMITS);
        for n in 0..2 * REMEMBERED {
            attempts.failed(&n.to_string(), None, at(0));
        }
        assert_eq!((attempts.failed.len(), attempts.order.len()), (REMEMBERED, REMEMBERED));
        attempts.failed("late", None, at(60));
        assert_eq!((attempts.failed.len(), attempts.order.len()), (1, 1));
    }
}
