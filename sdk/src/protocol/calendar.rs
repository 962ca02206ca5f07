//! Milliseconds since 1970 and the one text of `API-TIME` for them, each made of the other. Every list is full of times:
//! this is what they cost. Other texts are read elsewhere.
//!
//! The arithmetic counts years from March, so that a leap day is the last of one; 400 years are 146,097 days.

const DAY: u64 = 86_400_000;
/// The end of the year 9999.
const LAST: u64 = 253_402_300_799_999;
/// Days from 1 March of year 0 to 1970.
const TO_1970: u32 = 719_468;

/// `2016-11-24T08:00:00.000Z` for milliseconds since 1970, up to the year 9999.
pub(super) fn write(millis: u64) -> [u8; 24] {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    // Both are small enough up to that year.
    let (day, of_day) = ((millis / DAY) as u32, (millis % DAY) as u32);
    let (year, month, day) = date(day);
    let mut two = |at: usize, number: u32| {
        text[at] = b'0' + (number / 10) as u8;
        text[at + 1] = b'0' + (number % 10) as u8;
    };
    two(0, year / 100);
    two(2, year % 100);
    two(5, month);
    two(8, day);
    two(11, of_day / 3_600_000);
    two(14, of_day / 60_000 % 60);
    two(17, of_day / 1_000 % 60);
    two(20, of_day % 1_000 / 10);
    text[22] = b'0' + (of_day % 10) as u8;
    text
}

/// The milliseconds that [`write`] gives this text for, if there are any.
pub(super) fn read(text: &[u8]) -> Option<u64> {
    let text: &[u8; 24] = text.try_into().ok()?;
    // What is no digit counts as something, and shows below.
    let one = |at: usize| u32::from(text[at].wrapping_sub(b'0'));
    let two = |at: usize| one(at) * 10 + one(at + 1);
    let of_day =
        u64::from((two(11) * 60 + two(14)) * 60 + two(17)) * 1_000 + u64::from(two(20) * 10 + one(22));
    let day = day_of(two(0) * 100 + two(2), two(5), two(8)).checked_sub(TO_1970)?;
    let millis = u64::from(day) * DAY + of_day;
    // Whatever is no digit, no month or no such day comes out as something else.
    (millis <= LAST && write(millis) == *text).then_some(millis)
}

/// Year, month and day of a day since 1970.
fn date(day: u32) -> (u32, u32, u32) {
    let day = day + TO_1970;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u32::from(month <= 2);
    (year, month, day - (153 * from_march + 2) / 5 + 1)
}

/// The day of a date, counted from 1 March of year 0.
fn day_of(year: u32, month: u32, day: u32) -> u32 {
    let year = year.saturating_sub(u32::from(month <= 2));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    year / 400 * 146_097 + year % 400 * 365 + year % 400 / 4 - year % 400 / 100
        + ((153 * from_march + 2) / 5 + day).saturating_sub(1)
}
