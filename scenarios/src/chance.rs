//! Chance without a sequence: what is drawn depends on the run's seed and on what it is drawn for, and on nothing else.
//! Taking one thing out of a run leaves the draws of all others as they were.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

/// A number that looks random, for this seed and this matter. The same for equal inputs on every machine of the same
/// word size.
pub fn draw(seed: u64, matter: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    seed.hash(&mut hasher);
    matter.hash(&mut hasher);
    mix(hasher.finish())
}

/// Whether something of this rate, from 0 to 1, happens.
pub fn happens(rate: f64, seed: u64, matter: impl Hash) -> bool {
    // 53 bits are what a float holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let share = (draw(seed, matter) >> 11) as f64 / (1_u64 << 53) as f64;
    share < rate
}

/// A number below `limit`; 0 if that is 0.
pub fn below(limit: u64, seed: u64, matter: impl Hash) -> u64 {
    if limit == 0 { 0 } else { draw(seed, matter) % limit }
}

/// The finalizer of splitmix64: what differs in any bit differs in all of them.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_hold_over_many_matters() {
        for rate in [0.0, 0.1, 0.5, 1.0] {
            let hits = (0..10_000_u32).filter(|n| happens(rate, 7, ("request", n))).count();
            let share = f64::from(u32::try_from(hits).unwrap()) / 10_000.0;
            assert!((share - rate).abs() < 0.02, "{rate}: {share}");
        }
    }

    #[test]
    fn a_draw_depends_on_seed_and_matter_alone() {
        assert_eq!(draw(1, ("a", 2)), draw(1, ("a", 2)));
        assert_ne!(draw(1, ("a", 2)), draw(2, ("a", 2)));
        assert_ne!(draw(1, ("a", 2)), draw(1, ("a", 3)));
        assert!((0..1_000_u32).all(|n| below(7, 3, n) < 7));
        assert_eq!(below(0, 3, 1), 0);
    }
}
