//! What a client proves itself with: the hashed password and the day's secret.

use md5::{Digest, Md5};

use super::time::Timestamp;

/// The password as it goes over the wire: lower-case MD5 hex. Rule `AUTH-PASSWORD-MD5`.
pub fn password_md5(password: &str) -> String {
    md5_hex(password.as_bytes())
}

/// The secret that a login hands out for one day: MD5 hex of the app's secret followed by the day, then `==` and
/// the day as `YYYY-M-D` without zero padding, in UTC. Rule `AUTH-SECRET-DERIVED`.
pub fn derived_secret(app_secret: &str, day: Timestamp) -> String {
    let date = day.to_string();
    let number = |range: std::ops::Range<usize>| date[range].trim_start_matches('0').to_owned();
    let day = format!("{}-{}-{}", number(0..4), number(5..7), number(8..10));
    format!("{}=={day}", md5_hex(format!("{app_secret}{day}").as_bytes()))
}

/// Lower-case MD5 hex.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String does not fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_travels_as_lower_case_md5_hex() {
        assert_eq!(password_md5("123456"), "e10adc3949ba59abbe56e057f20f883e");
    }

    #[test]
    fn the_days_secret_is_not_zero_padded() {
        let day = Timestamp::parse("2016-03-07T23:59:59.999Z").unwrap();
        // md5 of "secret2016-3-7"
        assert_eq!(derived_secret("secret", day), "9130264eb4eb39d2230b6396b26e1187==2016-3-7");
    }
}
