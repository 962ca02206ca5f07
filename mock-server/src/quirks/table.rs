//! Every quirk there is: one row for each. Areas and the rows of an area stand together.

/// Makes the enum and what is told of each variant from one table.
macro_rules! quirks {
    ($($area:literal { $($variant:ident $name:literal [$($rule:literal)+] $does:literal;)+ })+) => {
        /// A named deviation from the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk {
            $($(#[doc = $does] $variant,)+)+
        }

        impl Quirk {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$variant,)+)+];

            fn row(self) -> &'static Row {
                match self {
                    $($(Self::$variant => {
                        &Row { name: $name, area: $area, rules: &[$($rule),+], does: $does }
                    })+)+
                }
            }
        }
    };
}

struct Row {
    name: &'static str,
    area: &'static str,
    rules: &'static [&'static str],
    does: &'static str,
}

impl Quirk {
    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The part of the protocol that it is about.
    pub fn area(self) -> &'static str {
        self.row().area
    }

    /// The rules that it breaks, or, where the server may do so, those by which a client has to bear it.
    pub fn rules(self) -> &'static [&'static str] {
        self.row().rules
    }

    /// What it does, in a line.
    pub fn does(self) -> &'static str {
        self.row().does
    }

    /// Whether it can strike now and then only.
    pub fn takes_rate(self) -> bool {
        matches!(
            self,
            Self::MessageLost | Self::MessageTwice | Self::FanOutLost | Self::PushLost | Self::PushTwice
        )
    }

    /// The quirk of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name)
    }
}

// A set of them is one number.
const _: () = assert!(Quirk::ALL.len() <= 128);

quirks! {
    "history" {
        HistoryAfterRemoval "history-after-removal" ["HIST-REMOVED"]
            "a removed member reads on in history what was stored after the removal";
        HistoryByUpdate "history-by-update" ["HIST-ORDER"]
            "history is ordered by updatedAt: an edited message comes up as if it were new";
        HistoryForOutsiders "history-for-outsiders" ["HIST-OUTSIDER"]
            "whoever asks is given the history of any session";
        HistoryMarksRead "history-marks-read" ["MSG-SYNC-MARKS-READ" "CONV-UNREAD"]
            "reading history sets unread to 0";
        HistoryOldestFirst "history-oldest-first" ["HIST-ORDER"]
            "a page of history begins with its oldest message";
        HistoryPageShort "history-page-short" ["HIST-PAGE"]
            "a page of history holds one message less than was asked for, though there are more";
        HistoryRefusesRemoved "history-refuses-removed" ["HIST-REMOVED"]
            "a removed member gets 403 for the history up to the removal";
        HistorySkipsOne "history-skips-one" ["HIST-BOUNDARY" "HIST-PAGE"]
            "at the border of two pages one message is on neither";
        HistoryWithoutBoundary "history-without-boundary" ["HIST-BOUNDARY"]
            "history leaves out the message at the boundary";
    }
    "messages" {
        ContentReencoded "content-reencoded" ["MSG-CONTENT-VERBATIM"]
            "content is read as JSON and written anew: spaces and the order of keys are lost";
        EditByAnyone "edit-by-anyone" ["MSG-EDIT-RIGHT"]
            "any member edits and deletes the messages of others";
        EditByRemoved "edit-by-removed" ["MSG-EDIT-MEMBER"]
            "a removed member goes on editing its messages";
        EditMovesCreated "edit-moves-created" ["MSG-EDIT-CREATED-AT"]
            "an edit gives a message a new createdAt";
        EditUnstamped "edit-unstamped" ["MSG-EDIT" "SYNC-LOSSLESS"]
            "an edited or deleted message keeps its updatedAt, so that no sync brings the change";
        IdempotencyKeyShared "idempotency-key-shared" ["MSG-IDEMPOTENCY-KEY" "MSG-STORE"]
            "an idempotency key of one user answers the message of another";
        MessageLost "message-lost" ["MSG-ONCE" "SYNC-READ-YOUR-WRITE"]
            "a message is acknowledged and not stored";
        MessageTwice "message-twice" ["MSG-ONCE"]
            "a message is stored twice, under two ids";
        SenderForged "sender-forged" ["MSG-SENDER"]
            "a message is stored in whatever name it is given";
        SyncByRemoved "sync-by-removed" ["MSG-MEMBERS-ONLY"]
            "a removed member goes on syncing messages";
        PostByRemoved "post-by-removed" ["MSG-MEMBERS-ONLY"]
            "a removed member goes on storing messages";
        TypesClosed "types-closed" ["MSG-TYPES" "MSG-TYPE-OPEN"]
            "messages of other types than text, image, file and system are refused";
    }
    "mts" {
        AppNeedsSession "app-needs-session" ["PUSH-APP"]
            "a command to a user's own topic is answered with 26, as one to a session that is not known";
        BehindAs28 "behind-as-28" ["MTS-CLIENT-BEHIND"]
            "a client whose mts is behind is told 28 in place of 27";
        EmptySession20 "empty-session-20" ["PUSH-RETURN-CODES" "PUSH-CHECK-ORDER"]
            "a push session without members answers 20 in place of 31";
        ForceMerges "force-merges" ["MTS-FORCE"]
            "an updateSession with force adds to the members in place of replacing them";
        MtsUnchecked "mts-unchecked" ["MTS-CLIENT-BEHIND" "MTS-SERVER-BEHIND"]
            "a sendMessage is carried out whatever its mts";
        NewMemberNotPushed "new-member-not-pushed" ["MTS-UPDATE-APPLIES"]
            "a member added to a push session that is known gets no pushes";
        RefusedUpdateApplies "refused-update-applies" ["PUSH-FAILURE-NO-EFFECT"]
            "an updateSession that is answered with 27 changes the members all the same";
        RemovedStillPushed "removed-still-pushed" ["MTS-UPDATE-APPLIES"]
            "a member removed from a push session goes on getting pushes";
        ReplyWithoutMts "reply-without-mts" ["PUSH-REPLY-MTS"]
            "a reply with 27 or 28 has no mts";
        UnknownSession20 "unknown-session-20" ["MTS-UNKNOWN-SESSION"]
            "a sendMessage to a session that is not known is answered with 20 and reaches nobody";
        UpdateBehindApplies "update-behind-applies" ["MTS-UPDATE-BEHIND"]
            "an updateSession with an old mts is carried out";
        UpdateKeepsMts "update-keeps-mts" ["MTS-UPDATE-TAKES-MTS"]
            "an updateSession leaves the push session's mts as it was";
        UpdateNeedsSession "update-needs-session" ["MTS-UPDATE-CREATES"]
            "an updateSession for a session that is not known is answered with 26";
        UpdateReplaces "update-replaces" ["MTS-UPDATE-APPLIES"]
            "an updateSession without force replaces the members";
    }
    "push" {
        BadJson22 "bad-json-22" ["PUSH-CHECK-ORDER" "PUSH-RETURN-CODES"]
            "a payload that is not JSON is answered with 22 in place of 30";
        FanOutLost "fan-out-lost" ["PUSH-DELIVER"]
            "a command is answered with 20 and its message reaches nobody";
        PushAsString "push-as-string" ["PUSH-DELIVER-VERBATIM"]
            "a message is delivered as a string that holds its JSON";
        PushLost "push-lost" ["PUSH-DELIVER"]
            "a receiver does not get a message that the others get";
        PushNotToOwnDevices "push-not-to-own-devices" ["PUSH-DELIVER"]
            "the sender's other devices get nothing";
        PushToSender "push-to-sender" ["PUSH-DELIVER"]
            "the connection that sent a command gets its message too";
        PushTwice "push-twice" ["PUSH-DELIVER-ONCE"]
            "a receiver gets a message twice";
        ReplyWithoutId "reply-without-id" ["PUSH-REPLY"]
            "a reply does not repeat y2wMessageId";
        UpdateNotDelivered "update-not-delivered" ["PUSH-DELIVER-UPDATE"]
            "the message of an updateSession reaches nobody";
    }
    "sync" {
        LimitIgnored "limit-ignored" ["API-LIST-LIMIT"]
            "a list answer holds all that matches, whatever the limit";
        OffsetIgnored "offset-ignored" ["API-LIST-OFFSET"]
            "offset leaves out nothing";
        PageBorderLost "page-border-lost" ["SYNC-PAGE-PREFIX" "SYNC-LOSSLESS"]
            "the last entry of a full page is left out, and the one after it given";
        PageNewest "page-newest" ["SYNC-PAGE-PREFIX" "SYNC-LOSSLESS"]
            "a page that is cut at the limit holds the newest entries and leaves out the oldest";
        ReplicaBehind "replica-behind" ["SYNC-READ-YOUR-WRITE"]
            "a sync does not show the newest change of a collection until another one follows";
        SinceAbsentIsNow "since-absent-is-now" ["SYNC-HEADER-ABSENT"]
            "a sync without Client-Sync-Time gives nothing that was there before";
        SinceBadAccepted "since-bad-accepted" ["SYNC-HEADER-BAD"]
            "a Client-Sync-Time that cannot be read is taken as absent";
        SinceDateRefused "since-date-refused" ["SYNC-HEADER-DATE"]
            "a Client-Sync-Time in the form of a date is answered with 400";
        SinceIgnored "since-ignored" ["SYNC-SINCE"]
            "each sync gives the whole collection";
        SinceInclusive "since-inclusive" ["SYNC-SINCE"]
            "a sync gives the entries that changed at Client-Sync-Time as well";
        SinceInSeconds "since-in-seconds" ["SYNC-HEADER"]
            "Client-Sync-Time is read as seconds";
        SinceWholeSecond "since-whole-second" ["SYNC-SINCE"]
            "Client-Sync-Time is cut to the second, and lists other than users and emojis give what changed at or after it";
        SinceWholeSecondUsers "since-whole-second-users" ["SYNC-SINCE"]
            "Client-Sync-Time is cut to the second, and users and emojis give what changed after it";
        StampsCoarse "stamps-coarse" ["SYNC-STAMP-STRICT" "SYNC-LOSSLESS"]
            "stamps are cut to 10 ms, so that they tie, and a sync gives what is later: ties with the watermark are lost";
        StampsWholeSecond "stamps-whole-second" ["SYNC-STAMP-STRICT" "SYNC-LOSSLESS"]
            "stamps are cut to the second, and a sync gives what is later: the rest of the watermark's second is lost";
        SyncNewestFirst "sync-newest-first" ["SYNC-ORDER"]
            "a sync answer begins with its newest entry";
        TotalOfPage "total-of-page" ["API-LIST"]
            "the total count of a list is the number of entries on the page";
        WatermarkAhead "watermark-ahead" ["SYNC-LOSSLESS" "SYNC-PAGE-PREFIX"]
            "the last entry of a page that is cut carries the collection's newest stamp, beyond entries not seen yet";
    }
    "tombstones" {
        ContactReviveSecond "contact-revive-second" ["CONTACT-REVIVE"]
            "a contact that is added again comes as a second entry beside its tombstone";
        ContactRemovalMutual "contact-removal-mutual" ["CONTACT-DELETE-OWN-SIDE"]
            "who removes a contact is removed from the contacts of the other";
        MemberReviveSecond "member-revive-second" ["MEMBER-REVIVE" "MEMBER-ONE-PER-USER"]
            "a member that is added again comes as a second entry beside its tombstone";
        TombstonesMissing "tombstones-missing" ["SYNC-TOMBSTONE"]
            "a removed entry is not in sync answers any more";
        TombstonesUnstamped "tombstones-unstamped" ["SYNC-TOMBSTONE" "SYNC-LOSSLESS"]
            "a removed contact, favourite group or conversation keeps its updatedAt, so that no sync brings the tombstone";
    }
}
