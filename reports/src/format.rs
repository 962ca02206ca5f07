//! How numbers are written for people. The only place that knows: the page and the terminal both call it.
//!
//! Invariants: values are rounded half up to three significant digits where precision would only pretend; a number
//! that is not a measure (not finite, negative time) is written as [`NOTHING`]; no function panics or allocates more
//! than its answer.

/// What stands where there is no number: an en dash.
pub const NOTHING: &str = "–";

/// A count with thousands separators: `12,345`.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A time given in microseconds, with three significant digits: `980 µs`, `1.23 ms`, `45.6 s`.
pub fn micros(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} µs"),
        // From 999,500 on it rounds to a second.
        1_000..999_500 => scaled(value, 1_000, "ms"),
        _ => scaled(value, 1_000_000, "s"),
    }
}

/// A mean of microseconds, written as [`micros`] writes it.
pub fn mean_micros(value: f64) -> String {
    if measurable(value) { micros(to_u64(value)) } else { NOTHING.to_owned() }
}

/// So many per second, with three significant digits below a hundred: `12,345/s`, `4.56/s`.
pub fn rate(value: f64) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    let digits = match value.abs() {
        0.0 => 0,
        small if small < 9.995 => 2,
        small if small < 99.95 => 1,
        _ => 0,
    };
    format!("{}/s", decimal(value, digits))
}

/// A size in bytes, with three significant digits: `980 B`, `51.2 KiB`, `1.23 GiB`.
pub fn bytes(value: u64) -> String {
    const KIB: u64 = 1 << 10;
    // Each from where the one below would round to a thousand and more.
    match value {
        0..1_000 => format!("{value} B"),
        1_000..1_023_488 => scaled(value, KIB, "KiB"),
        1_023_488..1_048_051_712 => scaled(value, KIB * KIB, "MiB"),
        _ => scaled(value, KIB * KIB * KIB, "GiB"),
    }
}

/// A share of 1 in percent, with two significant digits below ten: `59 %`, `1.7 %`, `0.017 %`; a whole number as it is.
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    let digits = match percent.abs() {
        whole if (whole - whole.round()).abs() < 1e-9 => 0,
        small if small < 0.0995 => 3,
        small if small < 0.995 => 2,
        small if small < 9.95 => 1,
        _ => 0,
    };
    if percent.is_finite() { format!("{} %", decimal(percent, digits)) } else { NOTHING.to_owned() }
}

/// A length of time given in seconds, as one would say it: `250 ms`, `12.3 s`, `2 min 5 s`, `1 h 30 min`.
pub fn seconds(value: f64) -> String {
    if !measurable(value) {
        return NOTHING.to_owned();
    }
    if value < 59.95 {
        return match to_u64(value * 1e6) {
            0 => "0 s".to_owned(),
            whole if whole % 1_000_000 == 0 => format!("{} s", whole / 1_000_000),
            micro => micros(micro),
        };
    }
    let whole = to_u64(value);
    let (large, large_unit, small, small_unit) = if whole < 3_600 {
        (whole / 60, "min", whole % 60, "s")
    } else {
        // To the minute: nobody reads the seconds of an hour.
        let minutes = whole.saturating_add(30) / 60;
        (minutes / 60, "h", minutes % 60, "min")
    };
    if small == 0 {
        format!("{} {large_unit}", count(large))
    } else {
        format!("{} {large_unit} {small} {small_unit}", count(large))
    }
}

/// A number with so many decimals and thousands separators: `1,234.50`.
pub fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", group(whole)),
        None => group(&text),
    }
}

fn scaled(value: u64, unit: u64, name: &str) -> String {
    // Decimals that leave three digits, as the power of ten to scale by. The bounds are where rounding adds a digit.
    let (decimals, power) = match u128::from(value) * 1_000 / u128::from(unit) {
        0..9_995 => (2, 100),
        9_995..99_950 => (1, 10),
        _ => (0, 1),
    };
    let rounded = (u128::from(value) * power + u128::from(unit / 2)) / u128::from(unit);
    let whole = group(&(rounded / power).to_string());
    if decimals == 0 {
        format!("{whole} {name}")
    } else {
        format!("{whole}.{:0decimals$} {name}", rounded % power)
    }
}

/// Puts a comma before each group of three digits; a sign in front is kept.
fn group(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    grouped.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn measurable(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// Rounds a measurable number; what is beyond 64 bits saturates, as `as` does.
fn to_u64(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_thousands_separators() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(count(value), text);
        }
    }

    #[test]
    fn times_have_three_significant_digits() {
        for (value, text) in [
            (0, "0 µs"),
            (7, "7 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (1_234, "1.23 ms"),
            (1_235, "1.24 ms"),
            (9_994, "9.99 ms"),
            (9_995, "10.0 ms"),
            (45_650, "45.7 ms"),
            (99_949, "99.9 ms"),
            (99_950, "100 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (1_500_000, "1.50 s"),
            (61_250_000, "61.3 s"),
            (1_234_567_890, "1,235 s"),
            (u64::MAX, "18,446,744,073,710 s"),
        ] {
            assert_eq!(micros(value), text, "{value}");
        }
    }

    #[test]
    fn means_are_times_or_nothing() {
        for (value, text) in [
            (0.0, "0 µs"),
            (1_234.4, "1.23 ms"),
            (f64::NAN, NOTHING),
            (-1.0, NOTHING),
            (f64::INFINITY, NOTHING),
        ] {
            assert_eq!(mean_micros(value), text, "{value}");
        }
    }

    #[test]
    fn rates_lose_their_decimals_as_they_grow() {
        for (value, text) in [
            (0.0, "0/s"),
            (0.05, "0.05/s"),
            (4.557, "4.56/s"),
            (9.996, "10.0/s"),
            (45.61, "45.6/s"),
            (99.96, "100/s"),
            (12_345.4, "12,345/s"),
            (-1_234.0, "-1,234/s"),
            (f64::NAN, NOTHING),
        ] {
            assert_eq!(rate(value), text, "{value}");
        }
    }

    #[test]
    fn sizes_have_three_significant_digits() {
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "0.98 KiB"),
            (52_429, "51.2 KiB"),
            (1_023_487, "999 KiB"),
            (1_023_488, "0.98 MiB"),
            (291_000_000, "278 MiB"),
            (1_048_051_711, "999 MiB"),
            (1 << 40, "1,024 GiB"),
        ] {
            assert_eq!(bytes(value), text, "{value}");
        }
    }

    #[test]
    fn shares_are_percent() {
        for (value, text) in [
            (0.0, "0 %"),
            (0.000_17, "0.017 %"),
            (0.005, "0.50 %"),
            (0.017, "1.7 %"),
            (0.05, "5 %"),
            (0.594, "59 %"),
            (1.0, "100 %"),
            (-0.125, "-12 %"),
            (f64::NAN, NOTHING),
        ] {
            assert_eq!(share(value), text, "{value}");
        }
    }

    #[test]
    fn lengths_of_time_read_as_one_says_them() {
        for (value, text) in [
            (0.0, "0 s"),
            (0.25, "250 ms"),
            (5.0, "5 s"),
            (12.34, "12.3 s"),
            (59.96, "1 min"),
            (60.0, "1 min"),
            (125.0, "2 min 5 s"),
            (3_599.6, "1 h"),
            (5_400.0, "1 h 30 min"),
            (5_429.0, "1 h 30 min"),
            (3_600_000.0, "1,000 h"),
            (-1.0, NOTHING),
            (f64::NAN, NOTHING),
        ] {
            assert_eq!(seconds(value), text, "{value}");
        }
    }

    #[test]
    fn decimals_are_kept_as_asked() {
        for (value, decimals, text) in [
            (0.0, 0, "0"),
            (1_234.5, 2, "1,234.50"),
            (0.001, 3, "0.001"),
            (-999.6, 0, "-1,000"),
            (f64::INFINITY, 1, NOTHING),
        ] {
            assert_eq!(decimal(value, decimals), text, "{value}");
        }
    }
}
