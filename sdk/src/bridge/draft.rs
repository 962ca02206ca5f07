//! Drafts: what an application hands over to be sent. Rule `CLIENT-SEND-TYPES`.
//!
//! A draft's body is its content, or something that makes the content when the draft's turn comes: [`Upload`] for
//! files, anything that implements [`Prepare`] for an application's own kinds of message.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::api::{Api, ApiError};
use crate::protocol::content::{File, Image, Text};
use crate::protocol::rest::path;
use crate::protocol::{ImSessionId, MessageType};

/// What an application hands over to be sent, with [`CurrentUser::send`](crate::CurrentUser::send).
///
/// ```
/// use y2w_sdk::Draft;
/// use y2w_sdk::protocol::{ImSessionId, SessionType};
///
/// let team = ImSessionId::new(SessionType::Group, "42");
/// let text = Draft::text(team.clone(), "noodles?").notification("Ann wrote to the team");
/// let file = Draft::file(team.clone(), "menu.txt", "text/plain", &b"noodles, dumplings"[..]);
/// // A kind of message that only this application's clients know.
/// let poke = Draft::custom(team, "poke", r#"{"times":3}"#);
/// assert_eq!(&*poke.preview(), r#"{"times":3}"#);
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    /// To which session.
    pub session: ImSessionId,
    /// What it holds.
    pub kind: MessageType,
    /// Its content, or what makes it.
    pub body: Body,
    /// The text for the receivers' platform notification. The push server sees it: nothing of the content belongs
    /// there (`NOTICE-NO-CONTENT`).
    pub notification: String,
    /// What else the notice carries to the receivers, beside what to sync.
    pub notice_extra: serde_json::Map<String, serde_json::Value>,
}

/// The content of a draft, a string of JSON, or what makes it.
#[derive(Clone)]
pub enum Body {
    /// It is there.
    Ready(Arc<str>),
    /// It has to be made before the message can be stored.
    Prepare(Arc<dyn Prepare>),
}

/// Makes the content of a message when its turn comes: the way to add kinds of messages that need work before they can
/// be stored, as files do. The seed's extension of `sendTypes` and `handleSendMessage`; rule `CLIENT-SEND-TYPES`.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use y2w_sdk::api::Api;
/// use y2w_sdk::bridge::{Prepare, PrepareError};
///
/// /// A place, shown by a map that is uploaded when its turn comes.
/// struct Place {
///     name: String,
///     map: bytes::Bytes,
/// }
///
/// impl Prepare for Place {
///     fn preview(&self) -> String {
///         serde_json::json!({ "name": self.name }).to_string()
///     }
///
///     fn prepare<'a>(&'a self, api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>> {
///         Box::pin(async move {
///             let map = api.upload("map.png", "image/png", self.map.clone()).await?;
///             let src = format!("attachments/{}/content", map.id);
///             Ok(serde_json::json!({ "name": self.name, "src": src }).to_string())
///         })
///     }
/// }
/// ```
pub trait Prepare: Send + Sync {
    /// What is shown as the content until it is made: a string of JSON of the same form, as far as it is known.
    fn preview(&self) -> String;

    /// Makes the content, a string of JSON, within [`HANDLER_MAX`](super::HANDLER_MAX). Later messages wait meanwhile.
    /// It may be called again after it failed or was dropped; once it has succeeded it is not, even if the message has
    /// to be stored again.
    fn prepare<'a>(&'a self, api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>>;
}

/// Why the content of a message could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A request failed; whether it is tried again follows from how.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Another reason, which another try may mend.
    #[error("{0}")]
    Transient(String),
    /// Another reason, which no other try mends: the message has failed.
    #[error("{0}")]
    Final(String),
}

/// A file that is uploaded before its message is stored. Rules `CLIENT-SEND-UPLOAD-FIRST`, `FILE-REFERENCE`.
#[derive(Clone)]
pub struct Upload {
    /// The name that the file goes under.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// Width and height in pixels, if it is a picture.
    pub size: Option<(u32, u32)>,
}

impl Draft {
    /// A message with this content. The default notification says that there is a message, and nothing of it.
    pub fn new(session: ImSessionId, kind: MessageType, body: Body) -> Self {
        let notification = "a new message".to_owned();
        Self { session, kind, body, notification, notice_extra: serde_json::Map::new() }
    }

    /// A text.
    pub fn text(session: ImSessionId, text: &str) -> Self {
        Self::new(session, MessageType::Text, Body::Ready(Text::json(text).into()))
    }

    /// A file, with its media type as `text/plain`; it is uploaded when its turn comes.
    pub fn file(session: ImSessionId, name: &str, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let upload = Upload {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: bytes.into(),
            size: None,
        };
        Self::new(session, MessageType::File, Body::Prepare(Arc::new(upload)))
    }

    /// A picture, with its media type as `image/png`; `size` is its width and height in pixels. The picture is its own
    /// thumbnail.
    pub fn image(
        session: ImSessionId,
        name: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
        size: (u32, u32),
    ) -> Self {
        let upload = Upload {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: bytes.into(),
            size: Some(size),
        };
        Self::new(session, MessageType::Image, Body::Prepare(Arc::new(upload)))
    }

    /// A message of the application's own kind, with content that is there: a string of JSON. Rules `MSG-TYPE-OPEN`,
    /// `MSG-CONTENT-STRING`.
    pub fn custom(session: ImSessionId, kind: &str, content: impl Into<Arc<str>>) -> Self {
        Self::new(session, MessageType::from(kind), Body::Ready(content.into()))
    }

    /// A message whose content is made when its turn comes: of the application's own kind, or a video or a sound with
    /// [`Upload`].
    pub fn prepared(session: ImSessionId, kind: MessageType, prepare: Arc<dyn Prepare>) -> Self {
        Self::new(session, kind, Body::Prepare(prepare))
    }

    /// Sets the text for the receivers' platform notification. Rules `NOTICE-PNS`, `NOTICE-NO-CONTENT`.
    #[must_use]
    pub fn notification(self, notification: &str) -> Self {
        Self { notification: notification.to_owned(), ..self }
    }

    /// What is shown as the content from the beginning.
    pub fn preview(&self) -> Arc<str> {
        match &self.body {
            Body::Ready(content) => content.clone(),
            Body::Prepare(prepare) => prepare.preview().into(),
        }
    }
}

impl Prepare for Upload {
    fn preview(&self) -> String {
        self.content(String::new())
    }

    fn prepare<'a>(&'a self, api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>> {
        Box::pin(async move {
            let attachment = api.upload(&self.name, &self.content_type, self.bytes.clone()).await?;
            Ok(self.content(path::attachment_reference(&attachment.id)))
        })
    }
}

impl Upload {
    fn content(&self, src: String) -> String {
        match self.size {
            Some((width, height)) => Image { thumbnail: src.clone(), src, width, height }.to_json(),
            None => File { src, name: self.name.clone(), size: self.bytes.len() as u64 }.to_json(),
        }
    }
}

impl PrepareError {
    /// Whether another try may go better.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Api(error) => error.is_transient(),
            Self::Transient(_) => true,
            Self::Final(_) => false,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(content) => write!(f, "Ready({content})"),
            Self::Prepare(prepare) => write!(f, "Prepare({})", prepare.preview()),
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({}, {}, {} bytes)", self.name, self.content_type, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SessionType;
    use crate::protocol::content::Content;

    #[test]
    fn a_file_shows_its_name_and_size_before_it_is_uploaded() {
        let draft = Draft::file(
            ImSessionId::new(SessionType::P2p, "1"),
            "plan.pdf",
            "application/pdf",
            &b"12345"[..],
        );
        assert_eq!(&*draft.preview(), r#"{"src":"","name":"plan.pdf","size":5}"#);
    }

    #[test]
    fn a_video_or_a_sound_has_the_content_of_a_file() {
        let upload = Upload {
            name: "song.ogg".to_owned(),
            content_type: "audio/ogg".to_owned(),
            bytes: Bytes::from_static(b"123"),
            size: None,
        };
        for kind in [MessageType::Audio, MessageType::Video] {
            let session = ImSessionId::new(SessionType::P2p, "1");
            let draft = Draft::prepared(session, kind.clone(), Arc::new(upload.clone()));
            match Content::parse(&draft.kind, &draft.preview()) {
                Content::File(file) => assert_eq!((file.name.as_str(), file.size), ("song.ogg", 3)),
                other => panic!("{kind}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_default_notification_says_nothing_of_the_content() {
        let draft = Draft::text(ImSessionId::new(SessionType::P2p, "1"), "secret");
        assert!(!draft.notification.contains("secret"));
    }
}
