//! Identifiers. Opaque strings on the wire (`API-ID`); cheap to clone here.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the id as it stands on the wire.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(Arc::from(""))
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::lenient::text(deserializer).map(Self::new)
            }
        }
    )*};
}

ids! {
    /// A user's id; the `uid` of the push side.
    UserId;
    /// A session's id on the business side. With its type it makes an [`ImSessionId`](super::ImSessionId).
    SessionId;
    /// The id of a membership, not of the user who is the member.
    MemberId;
    /// A message's id, given by the server when it is stored.
    MessageId;
    /// The id of one user's view of a session, a UserConversation.
    ConversationId;
    /// The id of a contact entry, not of the user who is the contact.
    ContactId;
    /// The id of a favourite group's entry, not of the session.
    UserSessionId;
    /// An uploaded file's id.
    AttachmentId;
    /// An emoji's id.
    EmojiId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_string_on_the_wire_and_a_number_is_taken_too() {
        let id: UserId = serde_json::from_str("\"17\"").unwrap();
        assert_eq!(id, serde_json::from_str::<UserId>("17").unwrap());
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"17\"");
    }
}
