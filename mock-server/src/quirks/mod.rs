//! Named deviations from the rules: what a server can be told to do wrong.
//!
//! There is one mechanism for wrong servers. A [`Quirk`] is one deviation, with the rules it breaks; a [`Profile`] is a
//! set of them that a known server shows. Without quirks a server keeps the rules, and a conformance suite is as good as
//! the number of quirks that it notices. The table of them is in `table`, and in `docs/quirks.md` for people.
//!
//! Whoever implements a rule asks [`Quirks::on`] at that place. The pure parts get their quirks when they are made, and
//! nothing of what they decide is drawn at random: where a quirk strikes now and then only, a hash of the run's seed and
//! of how often the question was asked decides, so that a run repeats.

mod kept;
mod listing;
mod profile;
mod table;

#[cfg(test)]
mod tests;

use std::str::FromStr;

pub use listing::{as_json, as_markdown, as_text};
pub use profile::Profile;
pub use table::Quirk;

/// The quirks that a server, or a part of it, has.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    set: [u64; WORDS],
    seed: u64,
    /// Those that strike now and then only.
    rated: Vec<Rated>,
}

#[derive(Clone, Debug)]
struct Rated {
    quirk: Quirk,
    rate: Rate,
    asked: u64,
}

impl Quirks {
    /// Whether the server has that quirk.
    pub fn on(&self, quirk: Quirk) -> bool {
        let (word, bit) = place(quirk);
        self.set[word] & bit != 0
    }

    /// Whether the server keeps all the rules.
    pub fn is_empty(&self) -> bool {
        self.set == [0; WORDS]
    }

    /// Whether the server has one of them.
    pub fn any(&self, quirks: &[Quirk]) -> bool {
        quirks.iter().any(|quirk| self.on(*quirk))
    }

    /// Whether a quirk strikes this time: always, or as often as its rate says.
    pub fn strikes(&mut self, quirk: Quirk) -> bool {
        if !self.on(quirk) {
            return false;
        }
        let Some(rated) = self.rated.iter_mut().find(|rated| rated.quirk == quirk) else {
            return true;
        };
        rated.asked += 1;
        rated.rate.covers(mix(self.seed ^ mix(quirk as u64) ^ rated.asked.wrapping_mul(SPREAD)))
    }

    /// One more of them; given again, it has the later rate.
    pub fn add(&mut self, quirk: Quirk, rate: Rate) {
        let (word, bit) = place(quirk);
        self.set[word] |= bit;
        self.rated.retain(|rated| rated.quirk != quirk);
        if rate != Rate::ALWAYS {
            self.rated.push(Rated { quirk, rate, asked: 0 });
        }
    }

    /// The same quirks for a run of that seed, asked never yet.
    #[must_use]
    pub fn seeded(&self, seed: u64) -> Self {
        let mut quirks = Self { seed, ..self.clone() };
        quirks.rated.iter_mut().for_each(|rated| rated.asked = 0);
        quirks
    }

    /// Those that the server has, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Quirk> + '_ {
        Quirk::ALL.iter().copied().filter(|quirk| self.on(*quirk))
    }

    /// The same with their rates.
    pub fn named(&self) -> impl Iterator<Item = NamedQuirk> + '_ {
        let rate = |quirk| self.rated(quirk).map_or(Rate::ALWAYS, |rated| rated.rate);
        self.iter().map(move |quirk| NamedQuirk { quirk, rate: rate(quirk) })
    }

    fn rated(&self, quirk: Quirk) -> Option<&Rated> {
        self.rated.iter().find(|rated| rated.quirk == quirk)
    }
}

impl FromIterator<Quirk> for Quirks {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        let mut set = Self::default();
        quirks.into_iter().for_each(|quirk| set.add(quirk, Rate::ALWAYS));
        set
    }
}

/// How many words a set of all quirks takes.
const WORDS: usize = Quirk::ALL.len().div_ceil(64);

/// Where a quirk stands in a set: the word, and its bit in it.
fn place(quirk: Quirk) -> (usize, u64) {
    let n = quirk as usize;
    (n / 64, 1 << (n % 64))
}

/// How often a quirk strikes, from never to always.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// Each time.
    pub const ALWAYS: Self = Self(1.0);

    /// As a part of 1; `None` if it is not between 0 and 1.
    pub fn new(rate: f64) -> Option<Self> {
        (0.0..=1.0).contains(&rate).then_some(Self(rate))
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    fn covers(self, hash: u64) -> bool {
        ((hash >> 11) as f64) < self.0 * (1_u64 << 53) as f64
    }
}

/// A quirk as it is named on a command line: `NAME`, or `NAME=RATE` for one that can strike now and then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedQuirk {
    /// Which.
    pub quirk: Quirk,
    /// How often.
    pub rate: Rate,
}

impl FromStr for NamedQuirk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rate) = text.split_once('=').map_or((text, None), |(name, rate)| (name, Some(rate)));
        let quirk = Quirk::find(name).ok_or_else(|| {
            format!("there is no quirk {name}; near to it are {}", listing::nearest(name).join(", "))
        })?;
        let Some(rate) = rate else {
            return Ok(Self { quirk, rate: Rate::ALWAYS });
        };
        if !quirk.takes_rate() {
            return Err(format!("{name} takes no rate: it strikes each time"));
        }
        let rate = rate.parse().ok().and_then(Rate::new);
        let rate = rate.ok_or_else(|| "a rate is a number from 0 to 1".to_owned())?;
        Ok(Self { quirk, rate })
    }
}

/// Spreads small numbers over all bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of splitmix64.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(SPREAD);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
