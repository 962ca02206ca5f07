//! Times on the wire: milliseconds since 1970 as a number, or RFC 3339 UTC with milliseconds. Rule `API-TIME`.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::calendar;

/// A point in time in whole milliseconds since 1970-01-01 UTC; never negative, never after the year 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = DateTime, example = "2016-11-24T08:00:00.000Z")
)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 2000-01-01: where every collection's watermark begins. Rule `SYNC-WATERMARK`.
    pub const MIN: Self = Self(946_684_800_000);
    /// 3000-01-01: where paging back through history begins. Rule `CLIENT-HISTORY-TOP`.
    pub const MAX: Self = Self(32_503_680_000_000);
    /// 1970-01-01.
    pub const EPOCH: Self = Self(0);

    const LAST: i64 = 253_402_300_799_999;

    /// From milliseconds since 1970; what is outside the range is set to its nearer end.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, Self::LAST))
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `later` after this one.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(later.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The smallest time after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self::from_millis(self.0 + 1)
    }

    /// The greatest time before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::from_millis(self.0 - 1)
    }

    /// From this moment until `later`; zero if that has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0 - self.0).unwrap_or(0))
    }

    /// Reads every form a time takes on the wire: milliseconds, RFC 3339 UTC, an HTTP date.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(millis) = calendar::read(text.as_bytes()) {
            return i64::try_from(millis).ok().map(Self::from_millis);
        }
        let text = text.trim();
        if let Ok(millis) = text.parse::<i64>() {
            return (0..=Self::LAST).contains(&millis).then_some(Self(millis));
        }
        let time =
            humantime::parse_rfc3339_weak(text).ok().or_else(|| httpdate::parse_http_date(text).ok())?;
        let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since_epoch.as_millis()).ok().filter(|m| *m <= Self::LAST).map(Self)
    }

    fn with_text<T>(self, take: impl FnOnce(&str) -> T) -> T {
        take(str::from_utf8(&calendar::write(self.0.unsigned_abs())).expect("digits and the like"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Time;

        impl Visitor<'_> for Time {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time as RFC 3339 UTC or as milliseconds since 1970")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: Error>(self, millis: u64) -> Result<Timestamp, E> {
                i64::try_from(millis)
                    .ok()
                    .filter(|m| *m <= Timestamp::LAST)
                    .map(Timestamp)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(millis), &self))
            }
        }

        deserializer.deserialize_any(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_in_utc() {
        assert_eq!(Timestamp::from_millis(1_479_974_400_000).to_string(), "2016-11-24T08:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_479_974_400_007).to_string(), "2016-11-24T08:00:00.007Z");
        assert_eq!(Timestamp::MIN.to_string(), "2000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "3000-01-01T00:00:00.000Z");
    }

    #[test]
    fn every_form_of_a_time_is_read() {
        let expected = Some(Timestamp::from_millis(1_479_974_400_000));
        for text in [
            "1479974400000",
            "2016-11-24T08:00:00.000Z",
            "2016-11-24T08:00:00Z",
            "Thu, 24 Nov 2016 08:00:00 GMT",
            " 1479974400000 ",
        ] {
            assert_eq!(Timestamp::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "-1", "99999999999999999", "1960-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn text_and_back_gives_the_same_time(millis in 0..=Timestamp::LAST) {
            let time = Timestamp::from_millis(millis);
            proptest::prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn a_time_is_written_as_others_write_it(millis in 0..=Timestamp::LAST) {
            let theirs = UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap());
            let theirs = humantime::format_rfc3339_millis(theirs).to_string();
            proptest::prop_assert_eq!(Timestamp::from_millis(millis).to_string(), theirs);
        }

        #[test]
        fn a_time_is_read_as_others_read_it(
            text in "[0-3][0-9]{3}-[0-3][0-9]-[0-3][0-9]T[0-3][0-9]:[0-7][0-9]:[0-7][0-9][.:][0-9]{3}[Z+]",
        ) {
            let theirs = humantime::parse_rfc3339_weak(&text).ok();
            let theirs = theirs.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|time| time.as_millis());
            let ours = Timestamp::parse(&text).map(|time| time.as_millis().try_into().unwrap());
            proptest::prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Timestamp::parse(&text);
        }
    }
}
