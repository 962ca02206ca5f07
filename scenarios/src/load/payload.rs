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
}

impl Stamp {
    /// The content of the message: a string of JSON, as messages of type `text` have it.
    pub(crate) fn content(self, text: &str) -> String {
        #[derive(Serialize)]
        struct Content<'a> {
            text: &'a str,
            y2w: Stamp,
        }
        serde_json::to_string(&Content { text, y2w: self }).expect("a stamp has numbers only")
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_from_content_and_notice() {
        let stamp = Stamp { user: 3, number: 7, at: 1_479_974_400_000_000 };
        let content = stamp.content("hi \"there\"");
        assert_eq!(content, r#"{"text":"hi \"there\"","y2w":{"u":3,"n":7,"at":1479974400000000}}"#);
        assert_eq!(Stamp::from_content(&content), Some(stamp));
        assert_eq!(Stamp::from_notice_extra(&stamp.notice_extra()), Some(stamp));
    }

    #[test]
    fn what_carries_no_stamp_gives_none() {
        for content in ["", "{}", r#"{"text":"x"}"#, r#"{"y2w":{"u":-1,"n":1,"at":1}}"#, "\u{0}"] {
            assert_eq!(Stamp::from_content(content), None, "{content}");
        }
    }
}
