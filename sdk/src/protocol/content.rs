//! What the content of a message holds: a string of JSON whose form depends on the message's type. Rules
//! `MSG-CONTENT-STRING`, `MSG-CONTENT-FORMS`.

use serde::{Deserialize, Serialize};

use super::entity::MessageType;
use super::lenient;

/// The content of a message, read. A form that is not in the table is kept as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `text` and `system`.
    Text(Text),
    /// `image`
    Image(Image),
    /// `file`, `video` and `audio`.
    File(File),
    /// Of another type, or not in the form of its type.
    Other(String),
}

/// `{"text":"hello"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What was said.
    #[serde(deserialize_with = "lenient::text")]
    pub text: String,
}

/// `{"src":"attachments/5/content","thumbnail":"attachments/6/content","width":640,"height":480}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where the picture is, as `attachments/ID/content`.
    pub src: String,
    /// Where a small form of it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub thumbnail: String,
    /// In pixels.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub width: u32,
    /// In pixels.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub height: u32,
}

/// `{"src":"attachments/7/content","name":"plan.pdf","size":12345}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where the bytes are, as `attachments/ID/content`.
    pub src: String,
    /// The file's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// In bytes.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub size: u64,
}

impl Content {
    /// Reads the content of a message of that type; it never fails, since a peer may send anything.
    pub fn parse(kind: &MessageType, content: &str) -> Self {
        let read = match kind {
            MessageType::Text | MessageType::System => serde_json::from_str(content).map(Self::Text),
            MessageType::Image => serde_json::from_str(content).map(Self::Image),
            MessageType::File | MessageType::Video | MessageType::Audio => {
                serde_json::from_str(content).map(Self::File)
            }
            MessageType::Location | MessageType::Other(_) => return Self::Other(content.to_owned()),
        };
        read.unwrap_or_else(|_| Self::Other(content.to_owned()))
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }
}

impl Text {
    /// The content of a message that says this.
    pub fn json(text: &str) -> String {
        to_json(&Self { text: text.to_owned() })
    }
}

impl Image {
    /// As the content of a message.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

impl File {
    /// As the content of a message.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

fn to_json<T: Serialize>(content: &T) -> String {
    serde_json::to_string(content).expect("a content has string keys and finite numbers only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_table_are_these_strings() {
        assert_eq!(Text::json("hello"), r#"{"text":"hello"}"#);
        let file = File { src: "attachments/7/content".to_owned(), name: "plan.pdf".to_owned(), size: 12345 };
        assert_eq!(file.to_json(), r#"{"src":"attachments/7/content","name":"plan.pdf","size":12345}"#);
        let image = Image {
            src: "attachments/5/content".to_owned(),
            thumbnail: "attachments/6/content".to_owned(),
            width: 640,
            height: 480,
        };
        assert_eq!(
            image.to_json(),
            r#"{"src":"attachments/5/content","thumbnail":"attachments/6/content","width":640,"height":480}"#
        );
        assert_eq!(Content::parse(&MessageType::File, &file.to_json()), Content::File(file));
        assert_eq!(Content::parse(&MessageType::Image, &image.to_json()), Content::Image(image));
    }

    #[test]
    fn what_has_not_the_form_of_its_type_is_kept() {
        for content in ["", "no JSON", "[]", r#"{"text":null}"#] {
            assert_eq!(Content::parse(&MessageType::Text, content), Content::Other(content.to_owned()));
        }
        let custom = MessageType::from("vote");
        assert_eq!(Content::parse(&custom, "{}"), Content::Other("{}".to_owned()));
    }
}
