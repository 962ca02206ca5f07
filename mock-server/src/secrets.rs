//! What must not be guessed: tokens, salts, password hashes. All from one generator, seeded once.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// How much work a password hash takes. Rule `AUTH-PASSWORD-STORED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordCost {
    /// As advised for servers; runs on the blocking pool.
    #[default]
    Slow,
    /// As little as there is, done at once: for load runs and simulated time.
    Fast,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Secrets {
    random: Mutex<ChaCha8Rng>,
    cost: PasswordCost,
}

impl Secrets {
    pub(crate) fn new(seed: u64, cost: PasswordCost) -> Self {
        Self { random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)), cost }
    }

    /// 128 random bits in hexadecimal.
    pub(crate) fn token(&self) -> String {
        let mut random = self.random.lock();
        format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
    }

    /// The salted hash of a password, as a PHC string.
    pub(crate) async fn hash(&self, password: String) -> String {
        let mut salt = [0; 16];
        self.random.lock().fill_bytes(&mut salt);
        let cost = self.cost;
        self.work(move || hash(&password, &salt, cost)).await
    }

    /// Whether that is the password of the hash.
    pub(crate) async fn verify(&self, password: String, hash: std::sync::Arc<str>) -> bool {
        self.work(move || verify(&password, &hash)).await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self.cost {
            PasswordCost::Fast => work(),
            PasswordCost::Slow => blocking(work).await,
        }
    }
}

/// Whether a text may be a [token](Secrets::token).
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slow hash would hold up a worker; nothing but its own answer waits for it"
)]
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn hash(password: &str, salt: &[u8; 16], cost: PasswordCost) -> String {
    let params = match cost {
        PasswordCost::Slow => Params::DEFAULT,
        PasswordCost::Fast => Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None)
            .expect("the least of each is within the bounds"),
    };
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), salt)
        .expect("a salt of 16 bytes and a password shorter than 4 GiB are hashed")
        .to_string()
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_its_password_from_others() {
        for cost in [PasswordCost::Fast, PasswordCost::Slow] {
            let stored = hash("right", &[7; 16], cost);
            assert!(stored.starts_with("$argon2id$v=19$"), "{stored}");
            assert!(verify("right", &stored));
            assert!(!verify("wrong", &stored));
        }
        assert!(!verify("right", "no hash"));
    }

    #[test]
    fn the_seed_decides_the_tokens() {
        let tokens = |seed| {
            let secrets = Secrets::new(seed, PasswordCost::Fast);
            [secrets.token(), secrets.token()]
        };
        assert_eq!(tokens(1), tokens(1));
        assert_ne!(tokens(1), tokens(2));
        let [first, second] = tokens(1);
        assert_ne!(first, second);
        assert!(is_token(&first) && !is_token(&first.to_uppercase()) && !is_token(&first[1..]));
    }
}
