//! Names with a table that a peer may exceed: an unknown name is kept as it came.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::protocol::lenient;

macro_rules! open_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$row])* $variant,)*
            /// A name that is not in the table; kept as it came.
            Other(Arc<str>),
        }

        impl $name {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name,
                }
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let known = [$($text),*];
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some(format!("One of {}; a name that is none of them is kept as it came.", known.join(", "))))
                    .examples(known)
                    .into()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($text => Self::$variant,)*
                    other => Self::Other(Arc::from(other)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                lenient::text(deserializer).map(|name| Self::from(name.as_str()))
            }
        }
    };
}

open_names! {
    /// What a session is. Rule `SESS-TYPES`.
    SessionType {
        /// Two users; one session for each unordered pair.
        P2p = "p2p",
        /// Any number of users.
        Group = "group",
        /// One user's own session, for their other devices.
        Single = "single",
        /// Not a business session: a push straight to one user. Rule `PUSH-APP`.
        App = "y2wIMApp",
    }
}

open_names! {
    /// What a message holds. Rule `MSG-TYPES`.
    MessageType {
        /// `{text}`
        Text = "text",
        /// `{src, thumbnail, width, height}`
        Image = "image",
        /// A video file.
        Video = "video",
        /// An audio file.
        Audio = "audio",
        /// `{src, name, size}`
        File = "file",
        /// `{text}`, written by the server.
        System = "system",
        /// A place.
        Location = "location",
    }
}

open_names! {
    /// What a member may do. Rule `MEMBER-ROLES`.
    Role {
        /// The owner of a group.
        Master = "master",
        /// May do what the master may, but not end the mastership.
        Admin = "admin",
        /// Everybody else.
        User = "user",
    }
}

open_names! {
    /// Whether a user or a member is in good standing. Rule `MEMBER-STATUS`.
    Status {
        /// In good standing.
        Active = "active",
        /// Barred.
        Inactive = "inactive",
    }
}

/// What a user or a member without a `status` is taken for.
pub(super) fn active() -> Status {
    Status::Active
}

/// What a member without a `role` is taken for.
pub(super) fn role_user() -> Role {
    Role::User
}
