//! How the fuzzer makes one input of another. Bytes changed at random are hardly ever JSON any more, so half of the time
//! a line of the input is changed as what it says, not as what it is written with.

use serde_json::Value;

use crate::damage::{self, Damage};

/// What texts are made of: letters of one to four bytes, and what stands between others.
const LETTERS: [char; 10] = ['a', 'Z', '0', '_', '/', ' ', '"', 'é', '李', '🦀'];

/// Mutates the `size` bytes at the start of `data`; the answer is how many they are then.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed));
    if dice.roll(2) == 0
        && let Some(damaged) = damage_line(&data[..size], &mut dice)
        && damaged.len() <= max_size
    {
        data[..damaged.len()].copy_from_slice(&damaged);
        return damaged.len();
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}

/// The input with one of its lines damaged, unless that line is no JSON.
fn damage_line(input: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let chosen = dice.roll(lines.len());
    let mut value: Value = serde_json::from_slice(lines[chosen]).ok()?;
    for _ in 0..=dice.roll(3) {
        let place = dice.roll(usize::MAX);
        damage::apply(&mut value, place, dice.damage());
    }
    let line = serde_json::to_vec(&value).ok()?;
    lines[chosen] = &line;
    Some(lines.join(&b'\n'))
}

/// SplitMix64: the fuzzer gives a seed for each mutation, and expects the same of it each time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn value(&mut self) -> Value {
        let values = damage::odd_values();
        match self.roll(8) {
            0 => Value::from(self.roll(usize::MAX >> 1) >> self.roll(63)),
            1 => Value::from(f64::from_bits(self.roll(usize::MAX) as u64)),
            2..=3 => (0..self.roll(8)).map(|_| LETTERS[self.roll(LETTERS.len())]).collect::<String>().into(),
            _ => values[self.roll(values.len())].clone(),
        }
    }

    fn field(&mut self) -> &'static str {
        let count = damage::FIELDS.split_whitespace().count();
        damage::FIELDS.split_whitespace().nth(self.roll(count)).unwrap_or_default()
    }

    fn damage(&mut self) -> Damage {
        match self.roll(8) {
            0..=2 => Damage::Replace(self.value()),
            3..=4 => Damage::CopyFrom(self.roll(usize::MAX)),
            5 => Damage::Remove,
            6 => Damage::Move(self.field()),
            _ => Damage::Add(self.field(), self.value()),
        }
    }
}
