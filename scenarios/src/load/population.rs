//! Who there is and who talks to whom: decided by the settings and the seed alone.

use std::collections::BTreeSet;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use y2w_sdk::protocol::SessionType;

use super::{RunError, Settings};

/// The users and their sessions, by index.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// The sessions.
    pub sessions: Vec<PlannedSession>,
    /// For each user, the indices of the sessions that it is in.
    pub sessions_of: Vec<Vec<usize>>,
}

/// A session that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSession {
    /// `p2p` or `group`.
    pub kind: SessionType,
    /// The members, ascending.
    pub members: Vec<usize>,
}

impl PlannedSession {
    /// The place of a user among the members.
    pub fn position(&self, user: usize) -> Option<usize> {
        self.members.binary_search(&user).ok()
    }
}

impl Population {
    /// Decides who talks to whom.
    pub fn new(settings: &Settings) -> Result<Self, RunError> {
        let wrong = |text: String| Err(RunError::Settings(text));
        if settings.users < 2 {
            return wrong(format!(
                "{} users cannot talk to each other: at least 2 are needed",
                settings.users
            ));
        }
        if settings.groups > 0 && !(2..=settings.users).contains(&settings.group_size) {
            return wrong(format!(
                "a group of {} cannot be made of {} users: give --group-size from 2 to {}",
                settings.group_size, settings.users, settings.users
            ));
        }
        if settings.partners == 0 && settings.groups == 0 {
            return wrong("nobody has anybody to talk to: give --partners or --groups".to_owned());
        }
        let mut random = stream(settings.seed, "population");
        let mut pairs = BTreeSet::new();
        for user in 0..settings.users {
            for _ in 0..settings.partners {
                let other = (user + 1 + random.random_range(0..settings.users - 1)) % settings.users;
                pairs.insert((user.min(other), user.max(other)));
            }
        }
        let mut sessions: Vec<PlannedSession> = pairs
            .into_iter()
            .map(|(a, b)| PlannedSession { kind: SessionType::P2p, members: vec![a, b] })
            .collect();
        for _ in 0..settings.groups {
            let mut members = BTreeSet::new();
            while members.len() < settings.group_size {
                members.insert(random.random_range(0..settings.users));
            }
            sessions
                .push(PlannedSession { kind: SessionType::Group, members: members.into_iter().collect() });
        }
        let mut sessions_of = vec![Vec::new(); settings.users];
        for (index, session) in sessions.iter().enumerate() {
            for &member in &session.members {
                sessions_of[member].push(index);
            }
        }
        Ok(Self { sessions, sessions_of })
    }
}

/// A generator for one purpose of the run: its draws do not depend on how often others draw.
pub(super) fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    // FNV-1a: small, fixed for ever, and good enough to tell purposes apart.
    let hash = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    ChaCha8Rng::seed_from_u64(seed ^ hash)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    pub(crate) fn settings(users: usize, partners: usize, groups: usize, group_size: usize) -> Settings {
        Settings {
            users,
            duration: Duration::from_secs(1),
            rate: 1.0,
            partners,
            groups,
            group_size,
            seed: 7,
            chaos: None,
            patience: Duration::from_secs(10),
            account_prefix: "t".to_owned(),
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_population_and_another_seed_another() {
        let settings = settings(100, 2, 5, 8);
        let population = Population::new(&settings).unwrap();
        assert_eq!(population, Population::new(&settings).unwrap());
        assert_ne!(population, Population::new(&Settings { seed: 8, ..settings }).unwrap());
    }

    #[test]
    fn everybody_has_somebody_else_to_talk_to() {
        for users in [2, 3, 50] {
            let population = Population::new(&settings(users, 1, 0, 0)).unwrap();
            assert!(population.sessions_of.iter().all(|s| !s.is_empty()));
            assert!(population.sessions.iter().all(|s| s.members.len() == 2 && s.members[0] < s.members[1]));
        }
    }

    #[test]
    fn groups_have_their_size_and_members_know_their_place() {
        let population = Population::new(&settings(20, 0, 3, 20)).unwrap();
        assert!(population.sessions.iter().all(|s| s.members.len() == 20 && s.position(19) == Some(19)));
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_with_a_reason() {
        for (settings, reason) in [
            (settings(1, 1, 0, 0), "1 users cannot talk"),
            (settings(5, 1, 1, 6), "a group of 6 cannot be made of 5 users"),
            (settings(5, 0, 0, 0), "nobody has anybody to talk to"),
        ] {
            let error = Population::new(&settings).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
