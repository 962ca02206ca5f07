//! Every operation there is, as one type: how a journal keeps them.
//!
//! A command is written as `{"PostMessage": {…}}`. Names and fields are therefore a format: a change of either is a new
//! format of the journal. An operation that is missing here cannot be applied at all.

use serde::{Deserialize, Serialize, Serializer};
use y2w_sdk::protocol::Timestamp;

use super::{
    AddAttachment, AddContact, AddEmoji, AddFavourite, AddMember, ClearUnread, CreateGroup, DeleteMessage,
    DeleteSession, DeleteUser, EditMessage, ExpireTokens, IssueToken, MarkRead, OpenP2p, OpenSingle,
    PostMessage, Register, RemoveContact, RemoveConversation, RemoveFavourite, RemoveMember, SetPassword,
    SetQuirks, SetUserStatus, UpdateContact, UpdateConversation, UpdateFavourite, UpdateMember,
    UpdateSession, UpdateUser,
};
use super::{Business, Operation, Refusal};

/// What an operation is called where it is kept.
pub trait Named {
    /// The name of its variant in [`Command`].
    const NAME: &'static str;
}

macro_rules! commands {
    ($($operation:ident),* $(,)?) => {
        /// Any operation, as it is read back.
        #[derive(Clone, Debug, Deserialize)]
        #[expect(missing_docs, reason = "each is described where it is defined")]
        pub enum Command {
            $($operation($operation),)*
        }

        impl Command {
            /// Carries it out again; its reply has been given before.
            pub fn apply(self, state: &mut Business, now: Timestamp) -> Result<(), Refusal> {
                match self {
                    $(Self::$operation(operation) => state.apply(operation, now).map(drop),)*
                }
            }
        }

        $(impl Named for $operation {
            const NAME: &'static str = stringify!($operation);
        })*
    };
}

commands![
    AddAttachment,
    AddContact,
    AddEmoji,
    AddFavourite,
    AddMember,
    ClearUnread,
    CreateGroup,
    DeleteMessage,
    DeleteSession,
    DeleteUser,
    EditMessage,
    ExpireTokens,
    IssueToken,
    MarkRead,
    OpenP2p,
    OpenSingle,
    PostMessage,
    Register,
    RemoveContact,
    RemoveConversation,
    RemoveFavourite,
    RemoveMember,
    SetPassword,
    SetQuirks,
    SetUserStatus,
    UpdateContact,
    UpdateConversation,
    UpdateFavourite,
    UpdateMember,
    UpdateSession,
    UpdateUser,
];

/// An operation as the [`Command`] that it is read back as.
#[derive(Clone, Copy, Debug)]
pub struct AsCommand<'a, O>(pub &'a O);

impl<O: Operation> Serialize for AsCommand<'_, O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The number of the variant is for formats that have no names.
        serializer.serialize_newtype_variant("Command", 0, O::NAME, self.0)
    }
}
