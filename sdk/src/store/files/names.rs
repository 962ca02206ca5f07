//! Names of files for users and parts, whose ids are arbitrary text.
//!
//! A name has lower-case letters, digits, `-`, `_`, `%` and `+` only, and always a word before its id: so no system
//! reserves it, and none that ignores case or normalises Unicode mixes two up. An id whose name would be too long gets
//! the beginning of it and a hash; then the first line of the file says whole what it is.

use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::protocol::UserId;
use crate::store::Part;

/// The longest name; what is put behind it fits into the 143 bytes of the tightest file system there is.
pub(super) const NAME_MAX: usize = 100;

const ESCAPED: &AsciiSet = &{
    let mut set = NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
};

/// A user's id, for one line of ASCII; no two have the same.
pub(super) fn user(user: &UserId) -> String {
    with_id("user", user.as_str())
}

/// A part, for one line of ASCII; no two have the same.
pub(super) fn part(part: &Part) -> String {
    match part {
        Part::Users => "users".to_owned(),
        Part::Conversations => "conversations".to_owned(),
        Part::Contacts => "contacts".to_owned(),
        Part::UserSessions => "favourites".to_owned(),
        Part::Session(session) => with_id("session", session.as_str()),
        Part::Messages(session) => with_id("messages", session.as_str()),
    }
}

/// The part that [`part`] made this text of.
pub(super) fn part_of(text: &str) -> Option<Part> {
    let read = match text.split_once('-') {
        None => [Part::Users, Part::Conversations, Part::Contacts, Part::UserSessions]
            .into_iter()
            .find(|p| part(p) == text),
        Some((word, id)) => {
            let id = percent_decode_str(id).decode_utf8().ok()?;
            match word {
                "session" => Some(Part::Session(id.as_ref().into())),
                "messages" => Some(Part::Messages(id.as_ref().into())),
                _ => None,
            }
        }
    };
    read.filter(|p| part(p) == text)
}

/// The name of the file or directory for such a text.
pub(super) fn file_name(text: &str) -> String {
    if text.len() <= NAME_MAX {
        return text.to_owned();
    }
    let hash = md5_hex(text.as_bytes());
    format!("{}+{hash}", &text[..NAME_MAX - hash.len() - 1])
}

/// Whether the name tells the whole text that it was made of.
pub(super) fn is_whole(name: &str) -> bool {
    !name.contains('+')
}

/// The MD5 of some bytes as lower-case hexadecimal digits.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}

fn with_id(word: &str, id: &str) -> String {
    format!("{word}-{}", utf8_percent_encode(id, ESCAPED))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name_of(id: &str) -> String {
        file_name(&user(&id.into()))
    }

    #[test]
    fn names_stay_the_same_over_versions() {
        assert_eq!(name_of("42"), "user-42");
        assert_eq!(name_of("Ann.b/ö"), "user-%41nn%2Eb%2F%C3%B6");
        assert_eq!(file_name(&part(&Part::Messages("p2p_7".into()))), "messages-p2p_7");
        let long = "x".repeat(200);
        assert_eq!(name_of(&long), format!("user-{}+899bd3c3505e623f1e5b2674f7cab566", "x".repeat(62)));
    }

    #[test]
    fn the_hash_is_md5() {
        assert_eq!(md5_hex(b"123456"), "e10adc3949ba59abbe56e057f20f883e");
        assert_eq!(md5_hex(b"jk8ssl"), "0000000018e6137ac2caab16074784a6");
    }

    fn id() -> impl Strategy<Value = String> {
        prop_oneof!["[aAbB.%/+-]{0,4}", ".{0,8}", "[a-z]{90,100}", "[aA李]{60,300}"]
    }

    proptest! {
        #[test]
        fn a_name_is_safe_everywhere(id in id()) {
            let name = name_of(&id);
            prop_assert!(name.len() <= NAME_MAX);
            let safe = |c: char| c.is_ascii_alphanumeric() || "-_%+".contains(c);
            prop_assert!(name.starts_with("user-") && name.chars().all(safe), "{}", name);
        }

        #[test]
        fn two_ids_have_two_names_even_where_case_is_ignored(one in id(), other in id()) {
            prop_assert_eq!(name_of(&one).eq_ignore_ascii_case(&name_of(&other)), one == other);
        }

        #[test]
        fn a_part_is_read_back_from_its_text(id in id()) {
            for part in [Part::Session(id.as_str().into()), Part::Messages(id.as_str().into()), Part::UserSessions] {
                let text = super::part(&part);
                prop_assert_eq!(part_of(&text), Some(part));
                prop_assert_eq!(is_whole(&file_name(&text)), text.len() <= NAME_MAX);
            }
        }

        #[test]
        fn no_name_found_on_a_disk_panics(name in "(session-|messages-|users)?[a-zA-Z0-9%+.-]{0,12}") {
            if let Some(part) = part_of(&name) {
                prop_assert_eq!(super::part(&part), name);
            }
        }
    }
}
