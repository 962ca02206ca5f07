//! The pictures that the app offers for messages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{Emoji, Timestamp};

use super::collection::{Collection, Page, Range, Stamps};
use super::{Business, Ids, Operation, Refusal, require};

/// Offers one more emoji. Rule `EMOJI-LIST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddEmoji {
    /// Its name.
    pub name: String,
    /// The package that it belongs to.
    pub package: String,
    /// Where the picture is.
    pub url: String,
}

impl AddEmoji {
    /// What an app has that is given no emojis. The pictures are in their URLs, so nothing else has to serve them.
    pub fn built_in() -> Vec<Self> {
        let drawn = |(name, code): &(&str, &str)| Self {
            name: (*name).to_owned(),
            package: "default".to_owned(),
            url: format!(
                "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2032%2032'%3E\
                 %3Ctext%20y='26'%20font-size='26'%3E%26%23x{code};%3C/text%3E%3C/svg%3E"
            ),
        };
        BUILT_IN.iter().map(drawn).collect()
    }
}

const BUILT_IN: [(&str, &str); 8] = [
    ("smile", "1F642"),
    ("laugh", "1F602"),
    ("wink", "1F609"),
    ("sad", "1F641"),
    ("angry", "1F620"),
    ("thumbs up", "1F44D"),
    ("heart", "2764"),
    ("flower", "1F339"),
];

impl Operation for AddEmoji {
    type Reply = Arc<Emoji>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Emoji>, Refusal> {
        require(!self.name.is_empty(), "name")?;
        let emojis = &mut state.emojis;
        let stamp = emojis.stamps.next(now);
        let slot = emojis.all.insert(Emoji {
            id: emojis.ids.next(),
            name: self.name,
            package: self.package,
            url: self.url,
            is_delete: false,
            created_at: Some(stamp),
            updated_at: stamp,
        });
        Ok(emojis.all.get(slot).clone())
    }
}

impl Business {
    /// Whether there are any.
    pub fn has_emojis(&self) -> bool {
        !self.emojis.all.is_empty()
    }

    /// The emojis of the app. Rule `EMOJI-LIST`.
    pub fn emojis(&self, range: Range) -> Page<Emoji> {
        self.sync(range, |range| self.emojis.all.page(range))
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Emojis {
    all: Collection<Emoji>,
    stamps: Stamps,
    ids: Ids,
}
