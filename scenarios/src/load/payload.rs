//! What a message carries so that its way can be followed: who sent it, its number, and when.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key under which the mark stands in a message's content and in its notice.
const KEY: &str = "y2w";

/// Who, which, when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Index of the sender among the run's users.
    #[serde(rename = "u")]
    pub(crate) user: usize,
    /// Its number in the sender's sequence in this session, from 1.
    #[serde(rename = "n")]
    pub(crate) number: u32,
    /// When it was due to be sent, in microseconds since 1970.
    pub(crate) at: u64,
    /// By how many microseconds it was handed over later than that.
    #[serde(default, rename = "l", skip_serializing_if = "is_zero")]
    pub(crate) late: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a message's words are made of, again and again.
const WORDS: &str = "the quick brown fox jumps over the lazy dog ";

impl Stamp {
    /// The content of a text with so many bytes of words: a string of JSON, as messages of type `text` have it.
    pub(crate) fn content(self, bytes: usize) -> String {
        #[derive(Serialize)]
        struct Content<'a> {
            text: &'a str,
            y2w: Stamp,
        }
        let mut text = String::with_capacity(bytes);
        while text.len() < bytes {
            text.push_str(&WORDS[..WORDS.len().min(bytes - text.len())]);
        }
        serde_json::to_string(&Content { text: &text, y2w: self }).expect("a stamp has numbers only")
    }

    /// The same in the content of another kind of message.
    pub(crate) fn put_into(self, mut content: Map<String, Value>) -> String {
        content.extend(self.notice_extra());
        Value::Object(content).to_string()
    }

    /// What the notice carries beside what to sync.
    pub(crate) fn notice_extra(self) -> Map<String, Value> {
        let value = serde_json::to_value(self).expect("a stamp has numbers only");
        Map::from_iter([(KEY.to_owned(), value)])
    }

    /// Reads it from a message's content.
    pub(crate) fn from_content(content: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Content {
            y2w: Stamp,
        }
        serde_json::from_str::<Content>(content).ok().map(|c| c.y2w)
    }

    /// Reads it from a notice.
    pub(crate) fn from_notice_extra(extra: &Map<String, Value>) -> Option<Self> {
        Self::deserialize(extra.get(KEY)?).ok()
    }

    /// How long ago it was due, and how long ago it was handed over, in microseconds.
    pub(crate) fn ages(self, now: u64) -> (u64, u64) {
        let since_due = now.saturating_sub(self.at);
        (since_due, since_due.saturating_sub(self.late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { user: 3, number: 7, at: 1_479_974_400_000_000, late: 0 };

    #[test]
    fn a_stamp_comes_back_from_content_and_notice() {
        let content = STAMP.content(9);
        assert_eq!(content, r#"{"text":"the quick","y2w":{"u":3,"n":7,"at":1479974400000000}}"#);
        assert_eq!(Stamp::from_content(&content), Some(STAMP));
        let late = Stamp { late: 250, ..STAMP };
        assert_eq!(Stamp::from_content(&late.content(0)), Some(late));
        assert_eq!(Stamp::from_content(&late.put_into(Map::new())), Some(late));
        assert_eq!(Stamp::from_notice_extra(&late.notice_extra()), Some(late));
    }

    #[test]
    fn a_text_is_as_long_as_it_is_said() {
        for bytes in [0, 1, 44, 45, 1_000] {
            let content: Value = serde_json::from_str(&STAMP.content(bytes)).unwrap();
            assert_eq!(content["text"].as_str().unwrap().len(), bytes);
        }
    }

    #[test]
    fn ages_count_from_when_it_was_due_and_from_when_it_was_handed_over() {
        let late = Stamp { late: 250, ..STAMP };
        assert_eq!(late.ages(late.at + 1_000), (1_000, 750));
        assert_eq!(late.ages(0), (0, 0));
    }

    #[test]
    fn what_carries_no_stamp_gives_none() {
        for content in ["", "{}", r#"{"text":"x"}"#, r#"{"y2w":{"u":-1,"n":1,"at":1}}"#, "\u{0}"] {
            assert_eq!(Stamp::from_content(content), None, "{content}");
        }
    }
}
