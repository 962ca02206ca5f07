//! What must not be guessed: tokens, salts, password hashes. All from one generator, seeded once.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use md5::{Digest, Md5};
use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// How much work a password hash takes. Rule `AUTH-PASSWORD-STORED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordCost {
    /// As advised for servers; runs on the blocking pool.
    #[default]
    Slow,
    /// One round of salted MD5, done at once; protects nothing: for load runs and simulated time.
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

    /// The salted hash of a password, as a text that says how it was made.
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

/// How the hash of [`PasswordCost::Fast`] begins; salt and sum follow. Those of [`PasswordCost::Slow`] are PHC strings.
const FAST: &str = "$md5$";

fn hash(password: &str, salt: &[u8; 16], cost: PasswordCost) -> String {
    match cost {
        PasswordCost::Slow => Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
            .hash_password_with_salt(password.as_bytes(), salt)
            .expect("a salt of 16 bytes and a password shorter than 4 GiB are hashed")
            .to_string(),
        PasswordCost::Fast => fast(password, &format!("{:032x}", u128::from_be_bytes(*salt))),
    }
}

fn fast(password: &str, salt: &str) -> String {
    let sum = Md5::digest(format!("{salt}{password}"));
    format!("{FAST}{salt}${:032x}", u128::from_be_bytes(sum.into()))
}

fn verify(password: &str, stored: &str) -> bool {
    match stored.strip_prefix(FAST) {
        Some(rest) => rest.split_once('$').is_some_and(|(salt, _)| fast(password, salt) == stored),
        None => PasswordHash::new(stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_its_password_from_others() {
        for (cost, begins) in [(PasswordCost::Fast, "$md5$0707"), (PasswordCost::Slow, "$argon2id$v=19$")] {
            let stored = hash("right", &[7; 16], cost);
            assert!(stored.starts_with(begins), "{stored}");
            assert!(verify("right", &stored));
            assert!(!verify("wrong", &stored));
        }
        assert_ne!(hash("right", &[7; 16], PasswordCost::Fast), hash("right", &[8; 16], PasswordCost::Fast));
        for none in ["no hash", "$md5$", "$md5$07", "$md5$07$"] {
            assert!(!verify("right", none), "{none}");
        }
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
