//! Milliseconds since 1970 and the one text of `API-TIME` for them, each made of the other. Every list is full of times:
//! this is what they cost. Other texts are read elsewhere.
//!
//! The arithmetic counts years from March, so that a leap day is the last of one; 400 years are 146,097 days.

const DAY: i64 = 86_400_000;
/// Days from 1 March of year 0 to 1970.
const TO_1970: i64 = 719_468;

/// `2016-11-24T08:00:00.000Z` for milliseconds since 1970, up to the year 9999.
pub(super) fn write(millis: i64) -> [u8; 24] {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let (year, month, day) = date(millis.div_euclid(DAY));
    let of_day = millis.rem_euclid(DAY);
    for (at, digits, number) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, of_day / 3_600_000),
        (14, 2, of_day / 60_000 % 60),
        (17, 2, of_day / 1_000 % 60),
        (20, 3, of_day % 1_000),
    ] {
        let mut left = number;
        for digit in text[at..at + digits].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
    text
}

/// The milliseconds that [`write`] gives this text for, if there are any.
pub(super) fn read(text: &[u8]) -> Option<i64> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let number = |at: usize, digits: usize| {
        text[at..at + digits]
            .iter()
            .fold(0, |number, digit| number * 10 + i64::from(*digit) - i64::from(b'0'))
    };
    let of_day = number(11, 2) * 3_600_000 + number(14, 2) * 60_000 + number(17, 2) * 1_000 + number(20, 3);
    let millis = day_of(number(0, 4), number(5, 2), number(8, 2)) * DAY + of_day;
    // Whatever is no digit, no month or no such day comes out as something else.
    (millis >= 0 && write(millis) == *text).then_some(millis)
}

/// Year, month and day of a day since 1970.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + TO_1970;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day - (153 * from_march + 2) / 5 + 1)
}

/// The day since 1970 of a date.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day - TO_1970
}
