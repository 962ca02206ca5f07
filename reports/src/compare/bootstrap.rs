//! How far chance may have moved a difference: the percentile bootstrap of the difference of two medians.
//!
//! Runs are drawn with replacement from each side by itself, as many as it has. The median, not the mean, since one run
//! that something else on the machine disturbed must not decide; percentiles, not `BCa`, since the acceleration of a
//! median is not defined for so few values.
//!
//! Invariant: the same values and the same random numbers give the same interval.

use rand::{RngExt as _, rngs::ChaCha8Rng};

use super::Interval;

/// The median: the middle value, or the mean of the two middle ones. 0 of nothing.
pub(super) fn median(values: &[f64]) -> f64 {
    median_of(&mut values.to_vec())
}

fn median_of(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => values[middle - 1].midpoint(values[middle]),
        _ => values[middle],
    }
}

/// Between what the difference of the medians, `b` less `a`, lies with this confidence. None if a side has one value or
/// none: nothing is known of its spread.
pub(super) fn interval(
    a: &[f64],
    b: &[f64],
    confidence: f64,
    resamples: u32,
    rng: &mut ChaCha8Rng,
) -> Option<Interval> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let (mut drawn_a, mut drawn_b) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    let mut differences: Vec<f64> = (0..resamples)
        .map(|_| {
            draw(a, &mut drawn_a, rng);
            draw(b, &mut drawn_b, rng);
            median_of(&mut drawn_b) - median_of(&mut drawn_a)
        })
        .collect();
    differences.sort_unstable_by(f64::total_cmp);
    let last = differences.len().checked_sub(1)?;
    let outside = (1.0 - confidence) / 2.0;
    let low = (outside * differences.len() as f64).floor() as usize;
    Some(Interval { low: differences[low.min(last)], high: differences[last - low.min(last)] })
}

fn draw(from: &[f64], into: &mut [f64], rng: &mut ChaCha8Rng) {
    for value in into {
        *value = from[rng.random_range(0..from.len())];
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    /// A sample of a skewed distribution, as latencies have: log-normal, of this median.
    fn sample(n: usize, median: f64, spread: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let normal = |rng: &mut ChaCha8Rng| {
            let (u, v): (f64, f64) = (rng.random(), rng.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        (0..n).map(|_| median * (spread * normal(rng)).exp()).collect()
    }

    /// How many of 500 pairs of samples have an interval that `is_so`.
    fn count(n: usize, median_b: f64, is_so: impl Fn(Interval) -> bool) -> usize {
        let mut rng = ChaCha8Rng::seed_from_u64(20_261_123);
        let is_counted = |_: &i32| {
            let a = sample(n, 100.0, 0.2, &mut rng);
            let b = sample(n, median_b, 0.2, &mut rng);
            is_so(interval(&a, &b, 0.95, 500, &mut rng).unwrap())
        };
        (0..500).filter(is_counted).count()
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, middle) in [
            (&[][..], 0.0),
            (&[7.0], 7.0),
            (&[9.0, 1.0], 5.0),
            (&[9.0, 1.0, 2.0], 2.0),
            (&[4.0, 1.0, 3.0, 100.0], 3.5),
        ] {
            assert_eq!(median(values), middle);
        }
    }

    #[test]
    fn one_value_has_no_interval_and_equal_ones_a_point() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut of = |a: &[f64], b: &[f64]| interval(a, b, 0.95, 1_000, &mut rng);
        assert_eq!(of(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(of(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(of(&[1.0; 5], &[3.0; 5]), Some(Interval { low: 2.0, high: 2.0 }));
    }

    #[test]
    fn an_interval_ends_within_the_values_and_narrows_as_they_become_more() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut width = |n| {
            let a = sample(n, 100.0, 0.2, &mut rng);
            let b = sample(n, 150.0, 0.2, &mut rng);
            let Interval { low, high } = interval(&a, &b, 0.95, 2_000, &mut rng).unwrap();
            let ends = |values: &[f64]| {
                (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(0.0, f64::max))
            };
            let ((least_a, most_a), (least_b, most_b)) = (ends(&a), ends(&b));
            assert!(least_b - most_a <= low && low <= high && high <= most_b - least_a);
            high - low
        };
        assert!(width(5) > width(80));
    }

    #[test]
    fn the_true_difference_lies_in_19_of_20_intervals() {
        let inside = count(10, 130.0, |interval| (interval.low..=interval.high).contains(&30.0));
        assert!((450..=495).contains(&inside), "{inside} of 500");
    }

    #[test]
    fn what_is_the_same_seldom_looks_worse_and_what_is_worse_often_does() {
        // Beyond a tolerance of 5 %.
        let is_worse = |interval: Interval| interval.low > 5.0;
        let (of_same, of_worse) = (count(5, 100.0, is_worse), count(10, 160.0, is_worse));
        assert!(of_same <= 13, "{of_same} of 500 pairs of equals differ");
        assert!(of_worse >= 450, "{of_worse} of 500 are seen");
    }
}
