//! Axes: where a value stands, and which values get a label.
//!
//! Invariants: an axis always has some extent, whatever the data; every label stands within it; there are never more
//! than a dozen or so. Values are placed as plain numbers; the drawing only scales them.

use crate::format::decimal;

/// How values turn into places.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    /// By the decimal logarithm.
    Log,
    /// By 1/(1-p), as HdrHistogram draws it: each nine takes the same room.
    Percentile,
}

/// One axis, from its lower to its upper end.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Labelled places, ascending.
    pub(super) ticks: Vec<Tick>,
    scale: Scale,
}

#[derive(Debug, Clone)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Axis {
    /// The place of a value, within the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
            Scale::Percentile => nines(value),
        };
        place.clamp(self.from, self.to)
    }

    /// From zero to a round number at or above `max`, in about `wanted` steps that are no smaller than `least_step`.
    pub(super) fn linear(max: f64, wanted: usize, least_step: f64, unit: &str) -> Self {
        let max = if max > 0.0 { max } else { least_step.max(1.0) };
        let step = round_step(max / wanted as f64).max(least_step);
        let steps = (max / step - 1e-9).ceil().max(1.0) as usize;
        let decimals = decimals_of(step);
        let ticks = (0..=steps)
            .map(|index| index as f64 * step)
            .map(|at| Tick { at, label: decimal(at, decimals) })
            .collect();
        Self { from: 0.0, to: steps as f64 * step, ticks, scale: Scale::Linear }.with_unit(unit)
    }

    /// Milliseconds from the smallest to the largest value above zero; logarithmic when they are over two decades
    /// apart.
    pub(super) fn milliseconds(values: impl Iterator<Item = f64> + Clone, wanted: usize) -> Self {
        let positive = values.filter(|value| *value > 0.0);
        let min = positive.clone().fold(f64::INFINITY, f64::min);
        let max = positive.fold(0.0, f64::max);
        if max / min > 100.0 { Self::log(min, max, "ms") } else { Self::linear(max, wanted, 0.0, "ms") }
    }

    fn log(min: f64, max: f64, unit: &str) -> Self {
        let (from, to) = (round_down(min).log10(), round_up(max).log10());
        let (first, last) = ((from - 1e-9).ceil() as i32, (to + 1e-9).floor() as i32);
        let step = (last - first) / 8 + 1;
        let ticks = (first..=last)
            .step_by(step.unsigned_abs() as usize)
            .map(|power| Tick {
                at: f64::from(power).clamp(from, to),
                label: decimal(10f64.powi(power), (-power).max(0).unsigned_abs() as usize),
            })
            .collect();
        Self { from, to, ticks, scale: Scale::Log }.with_unit(unit)
    }

    /// Whether values stand by their logarithm.
    pub(super) fn is_log(&self) -> bool {
        self.scale == Scale::Log
    }

    /// Percentiles from 0 to the given one, at least to 99 %.
    pub(super) fn percentiles(max: f64, narrow: bool) -> Self {
        const LABELS: [(f64, &str); 9] = [
            (0.0, "0%"),
            (50.0, "50%"),
            (90.0, "90%"),
            (99.0, "99%"),
            (99.9, "99.9%"),
            (99.99, "99.99%"),
            (99.999, "99.999%"),
            (99.9999, "99.9999%"),
            (99.99999, "99.99999%"),
        ];
        let to = nines(max).clamp(nines(99.0), nines(99.99999));
        // Between 50 % and 90 % there is hardly room for both on a phone.
        let ticks = LABELS
            .iter()
            .filter(|(percentile, _)| nines(*percentile) <= to + 1e-9)
            .filter(|(percentile, _)| !(narrow && *percentile == 0.0))
            .map(|(percentile, label)| Tick { at: nines(*percentile).min(to), label: (*label).to_owned() })
            .collect();
        Self { from: 0.0, to, ticks, scale: Scale::Percentile }
    }

    /// Seconds from zero to exactly `max`, labelled in a unit that fits.
    pub(super) fn time(max: f64, wanted: usize) -> Self {
        const MINUTE: f64 = 60.0;
        const HOUR: f64 = 3_600.0;
        const DAY: f64 = 86_400.0;
        // Below these, steps are 1, 2 and 5; above, whole days.
        const STEPS: [f64; 15] = [
            10.0, 15.0, 20.0, 30.0, MINUTE, 120.0, 300.0, 600.0, 900.0, 1_800.0, HOUR, 7_200.0, 10_800.0,
            21_600.0, 43_200.0,
        ];
        let max = if max > 0.0 { max } else { 1.0 };
        let least = max / wanted as f64;
        let step = if least <= 5.0 {
            round_step(least)
        } else {
            let days = || round_step(least / DAY).max(1.0) * DAY;
            STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(days)
        };
        let (divisor, unit) = match step {
            step if step < MINUTE => (1.0, "s"),
            step if step < HOUR => (MINUTE, "min"),
            step if step < DAY => (HOUR, "h"),
            _ => (DAY, "d"),
        };
        let decimals = decimals_of(step / divisor);
        let ticks = (0..=(max / step + 1e-9).floor() as usize)
            .map(|index| (index as f64 * step).min(max))
            .map(|at| Tick { at, label: format!("{} {unit}", decimal(at / divisor, decimals)) })
            .collect();
        Self { from: 0.0, to: max, ticks, scale: Scale::Linear }
    }

    /// Writes the unit once, at the topmost label.
    fn with_unit(mut self, unit: &str) -> Self {
        if let Some(last) = self.ticks.last_mut() {
            last.label = if unit.starts_with('/') {
                format!("{}{unit}", last.label)
            } else {
                format!("{} {unit}", last.label).trim_end().to_owned()
            };
        }
        self
    }
}

/// How many nines a percentile has: 0 for 0 %, 1 for 90 %, 2 for 99 %; without end towards 100 %.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile.clamp(0.0, 100.0) / 100.0).log10()
}

/// The least of 1, 2, 5 times a power of ten that is not below the value.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| value <= factor * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

/// The greatest of 1, 2, 5 times a power of ten that is not above the value.
fn round_down(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|factor| value >= factor * power * (1.0 - 1e-9));
    factor.unwrap_or(1.0) * power
}

fn round_step(value: f64) -> f64 {
    round_up(value.max(1e-6))
}

/// Decimals that tell the multiples of a step apart.
fn decimals_of(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        assert!(axis.from < axis.to, "{axis:?}");
        assert!(axis.ticks.iter().all(|tick| (axis.from..=axis.to).contains(&tick.at)), "{axis:?}");
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn linear_axes_end_at_a_round_number() {
        assert_eq!(labels(&Axis::linear(1_730.0, 4, 0.0, "/s")), ["0", "500", "1,000", "1,500", "2,000/s"]);
        assert_eq!(labels(&Axis::linear(0.7, 4, 0.0, "ms")), ["0.0", "0.2", "0.4", "0.6", "0.8 ms"]);
        assert_eq!(labels(&Axis::linear(1.0, 4, 1.0, "")), ["0", "1"]);
        assert_eq!(labels(&Axis::linear(0.0, 4, 1.0, "/s")), ["0", "1/s"]);
    }

    #[test]
    fn milliseconds_are_logarithmic_over_two_decades_only() {
        assert!(!Axis::milliseconds([1.0, 100.0].into_iter(), 4).is_log());
        let axis = Axis::milliseconds([0.0, 0.3, 45.0].into_iter(), 4);
        assert!(axis.is_log());
        assert_eq!(labels(&axis), ["1", "10 ms"]);
        assert_eq!(axis.place(0.0), axis.from, "zero stands at the foot");
        assert!(!Axis::milliseconds([].into_iter(), 4).is_log());
        assert!(labels(&Axis::milliseconds([1e-3, u64::MAX as f64].into_iter(), 4)).len() < 12);
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let axis = Axis::percentiles(99.99, false);
        assert_eq!(labels(&axis), ["0%", "50%", "90%", "99%", "99.9%", "99.99%"]);
        assert!((axis.place(99.9) - axis.place(99.0) - 1.0).abs() < 1e-9);
        assert_eq!(axis.place(100.0), axis.to);
        assert_eq!(labels(&Axis::percentiles(0.0, true)), ["50%", "90%", "99%"]);
    }

    #[test]
    fn time_is_labelled_in_a_unit_that_fits() {
        assert_eq!(labels(&Axis::time(1.0, 5)), ["0.0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]);
        assert_eq!(labels(&Axis::time(65.0, 5)), ["0 s", "15 s", "30 s", "45 s", "60 s"]);
        assert_eq!(labels(&Axis::time(300.0, 5)), ["0 min", "1 min", "2 min", "3 min", "4 min", "5 min"]);
        assert_eq!(labels(&Axis::time(7.0 * 3_600.0, 4)), ["0 h", "2 h", "4 h", "6 h"]);
        assert_eq!(labels(&Axis::time(10.0 * 86_400.0, 5)).last(), Some(&"10 d"));
        assert_eq!(labels(&Axis::time(0.0, 2)), ["0.0 s", "0.5 s", "1.0 s"]);
    }
}
