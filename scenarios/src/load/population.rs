//! Who there is and who talks to whom: decided by the workload and the seed alone, the same in every shard.

use std::collections::BTreeSet;

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use y2w_sdk::protocol::SessionType;

use super::workload::{Behaviour, Workload};
use super::{RunError, Shard};
use crate::chance;

/// The users and their sessions, by index.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// How many users there are in all shards.
    pub users: usize,
    /// The sessions.
    pub sessions: Vec<PlannedSession>,
    /// For each user, the indices of the sessions that it is in.
    pub sessions_of: Vec<Vec<u32>>,
    /// Whether each user has a second device.
    pub second_device: Vec<bool>,
    /// When each user comes online as more do: at 0 the first, at 1 the last.
    pub rank: Vec<f64>,
}

/// A session that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSession {
    /// `p2p` or `group`.
    pub kind: SessionType,
    /// The members, ascending.
    pub members: Vec<usize>,
    /// Who made the group and may remove members.
    pub master: usize,
    /// The member who is removed and added again, and sends nothing; if the workload has that.
    pub floater: Option<usize>,
}

impl PlannedSession {
    /// The place of a user among the members.
    pub fn position(&self, user: usize) -> Option<usize> {
        self.members.binary_search(&user).ok()
    }
}

/// Members that a group needs for one of them to come and go.
const FLOATING_FROM: usize = 3;

impl Population {
    /// Decides who talks to whom.
    pub fn new(workload: &Workload, seed: u64) -> Result<Self, RunError> {
        let population = &workload.population;
        let users = population.users;
        let mut random = stream(seed, "population");
        let mut sessions = pairs(workload, &mut random);
        let churn = workload.mix.get(&Behaviour::MemberChurn).is_some_and(|weight| *weight > 0.0);
        for groups in &population.groups {
            for _ in 0..groups.count_for(users) {
                let size = groups.size.draw(random.random::<f64>()).clamp(2, users);
                sessions.push(group(users, size, churn, &mut random));
            }
        }
        if sessions.is_empty() {
            let text = "nobody has anybody to talk to: give the population contacts or groups";
            return Err(RunError::Settings(text.to_owned()));
        }
        let mut sessions_of = vec![Vec::new(); users];
        for (index, session) in sessions.iter().enumerate() {
            for &member in &session.members {
                sessions_of[member].push(u32::try_from(index).expect("sessions fit memory"));
            }
        }
        let mut ranks: Vec<usize> = (0..users).collect();
        ranks.shuffle(&mut stream(seed, "rank"));
        let mut rank = vec![0.0; users];
        for (place, user) in ranks.into_iter().enumerate() {
            rank[user] = place as f64 / users as f64;
        }
        let second = |user: usize| chance::happens(population.second_devices, seed, ("second device", user));
        Ok(Self { users, sessions, sessions_of, second_device: (0..users).map(second).collect(), rank })
    }

    /// The users of a shard.
    pub fn users_of(&self, shard: Shard) -> impl Iterator<Item = usize> + use<> {
        (0..self.users).filter(move |user| shard.has(*user))
    }
}

fn pairs(workload: &Workload, random: &mut ChaCha8Rng) -> Vec<PlannedSession> {
    let population = &workload.population;
    let mut pairs = BTreeSet::new();
    for user in 0..population.users {
        for _ in 0..population.contacts.draw(random.random::<f64>()) {
            let other = (user + 1 + random.random_range(0..population.users - 1)) % population.users;
            pairs.insert((user.min(other), user.max(other)));
        }
    }
    let pair =
        |(a, b)| PlannedSession { kind: SessionType::P2p, members: vec![a, b], master: a, floater: None };
    pairs.into_iter().map(pair).collect()
}

fn group(users: usize, size: usize, churn: bool, random: &mut ChaCha8Rng) -> PlannedSession {
    // Drawing until enough are found takes for ever where nearly all are wanted: then those who are left out are drawn.
    let few = size * 2 <= users;
    let mut chosen = BTreeSet::new();
    while chosen.len() < if few { size } else { users - size } {
        chosen.insert(random.random_range(0..users));
    }
    let members: Vec<usize> =
        if few { chosen.into_iter().collect() } else { (0..users).filter(|u| !chosen.contains(u)).collect() };
    let master = random.random_range(0..size);
    let floater = (churn && size >= FLOATING_FROM)
        .then(|| members[(master + 1 + random.random_range(0..size - 1)) % size]);
    PlannedSession { kind: SessionType::Group, master: members[master], members, floater }
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
mod tests {
    use super::*;

    fn population(text: &str, seed: u64) -> Population {
        let text = format!(
            "version = 1\ntitle = \"t\"\n[mix]\np2p-text = 1\ngroup-text = 1\nmember-churn = 1\n[[phase]]\nname = \"hold\"\n\
             length = \"1s\"\n[population]\n{text}"
        );
        Population::new(&Workload::parse("test", &text).unwrap(), seed).unwrap()
    }

    const MANY: &str = "users = 100\ncontacts = 2\ngroups = [{ count = 5, size = 8 }]";

    #[test]
    fn the_same_seed_gives_the_same_population_and_another_seed_another() {
        assert_eq!(population(MANY, 7), population(MANY, 7));
        assert_ne!(population(MANY, 7), population(MANY, 8));
    }

    #[test]
    fn everybody_has_somebody_else_to_talk_to() {
        for users in [2, 3, 50] {
            let text = format!("users = {users}\ncontacts = 1\ngroups = [{{ count = 1, size = 2 }}]");
            let population = population(&text, 7);
            assert!(population.sessions_of.iter().all(|s| !s.is_empty()));
            assert!(population.sessions.iter().all(|s| s.members.len() == 2 && s.members[0] < s.members[1]));
        }
    }

    #[test]
    fn groups_have_their_size_and_members_know_their_place() {
        for size in [3, 9, 19, 20] {
            let population = population(
                &format!("users = 20\ncontacts = 1\ngroups = [{{ count = 3, size = {size} }}]"),
                7,
            );
            for group in population.sessions.iter().filter(|s| s.kind == SessionType::Group) {
                assert_eq!(group.members.len(), size);
                assert!(group.members.iter().enumerate().all(|(i, m)| group.position(*m) == Some(i)));
                let floater = group.floater.unwrap();
                assert!(group.position(floater).is_some() && floater != group.master);
            }
        }
    }

    #[test]
    fn shards_have_every_user_once() {
        let population = population(MANY, 7);
        let mut all: Vec<usize> =
            (0..3).flat_map(|index| population.users_of(Shard { index, count: 3 })).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn ranks_spread_over_all_users() {
        let mut ranks = population(MANY, 7).rank;
        ranks.sort_by(f64::total_cmp);
        assert!(ranks.iter().enumerate().all(|(i, r)| (r - i as f64 / 100.0).abs() < 1e-9));
    }
}
