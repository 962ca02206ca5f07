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
            Self::AcceptLost
                | Self::ReplyLost
                | Self::MessageLost
                | Self::MessageTwice
                | Self::FanOutLost
                | Self::PushLost
                | Self::PushTwice
        )
    }

    /// The quirk of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name)
    }
}

quirks! {
    "accounts" {
        AppSecretShown "app-secret-shown" ["AUTH-SECRET-HIDDEN" "AUTH-SECRET-DERIVED"]
            "a login gives the app's own secret in place of the derived one";
        EmailTwice "email-twice" ["AUTH-REGISTER-UNIQUE"]
            "an email that is taken is registered again, and belongs to the newer user from then on";
        ExpiredTokenAccepted "expired-token-accepted" ["API-AUTH-INVALID"]
            "a login token is good after its time too";
        InactiveLogsIn "inactive-logs-in" ["AUTH-LOGIN-INACTIVE"]
            "a user who was barred logs in";
        LoginVoidsOthers "login-voids-others" ["AUTH-TOKEN-MANY" "AUTH-TOKEN-LIFE"]
            "a login ends the user's other tokens";
        OldPasswordUnchecked "old-password-unchecked" ["AUTH-SET-PASSWORD-OLD"]
            "a password is changed whatever the old one is said to be";
        QueryTokenIgnored "query-token-ignored" ["API-AUTH-QUERY"]
            "a token in the query is not seen";
        SearchByPart "search-by-part" ["USER-SEARCH"]
            "a search finds the users whose email holds the term";
        SecretUpperCase "secret-upper-case" ["AUTH-SECRET-DERIVED"]
            "the sum in the derived secret is in upper case";
        TokenLifeShort "token-life-short" ["AUTH-TOKEN-LIFE"]
            "a login token is good for half the time that was announced";
        YesterdaysSecretRefused "yesterdays-secret-refused" ["TOKEN-SECRET-WINDOW"]
            "the token endpoint refuses the secret of the day before";
    }
    "answers" {
        BusinessErrors500 "business-errors-500" ["API-ERROR-SHAPE" "AUTH-LOGIN-WRONG" "AUTH-REGISTER-UNIQUE" "API-NOT-FOUND"]
            "what the business refuses is answered with 500, a status and a message in Chinese, and no error";
        ContactAnswerNoStamp "contact-answer-no-stamp" ["CONTACT-ADD" "CONTACT-FIELDS"]
            "the answer to a contact that was added has no updatedAt";
        CorsMissingOnErrors "cors-missing-on-errors" ["API-CORS"]
            "an error is answered without Access-Control-Allow-Origin";
        DeleteAnswersVary "delete-answers-vary" ["API-JSON-ANSWER" "API-DELETE-ANSWER"]
            "a DELETE is answered with nothing, with an empty object or with null";
        EmojiCountWrong "emoji-count-wrong" ["API-LIST" "EMOJI-COUNT"]
            "the total count of the emojis does not match them";
        FileSizeNull "file-size-null" ["FILE-SIZE-NULL"]
            "an attachment's size is null";
        ForbiddenObject "forbidden-object" ["API-ERROR-SHAPE"]
            "the message of a 403 is an object with code, error and status";
        HistoryAsList "history-as-list" ["HIST-ARRAY"]
            "history is answered as a list object";
        IdsAsNumbers "ids-as-numbers" ["API-ID"]
            "ids are JSON numbers";
        MemberUpdateNeedsAll "member-update-needs-all" ["MEMBER-UPDATE"]
            "a change of a member wants all of userId, name, role, avatarUrl and status";
        MissingToken400 "missing-token-400" ["API-AUTH-NEEDED"]
            "a request without a readable token is answered with 400";
        PreflightNeedsToken "preflight-needs-token" ["API-CORS-PREFLIGHT"]
            "a preflight request is answered with 401";
        PutAnswersStale "put-answers-stale" ["CONTACT-UPDATE" "SESS-UPDATE" "SYNC-WATERMARK"]
            "the answer to a PUT has its time of creation as updatedAt, or none at all";
        RefusedWith200 "refused-with-200" ["API-BAD-REQUEST" "API-FORBIDDEN" "API-NOT-FOUND"]
            "every error has HTTP status 200, the real one stands in the body";
        SessionUpdatedAtMissing "session-updated-at-missing" ["MSG-SESSION-UPDATED-AT"]
            "a sync of messages has no sessionUpdatedAt";
        TimesWithoutMillis "times-without-millis" ["API-TIME"]
            "times are written without the decimals of a second";
        UnknownNull "unknown-null" ["API-NOT-FOUND"]
            "a single object that does not exist is answered with 200 and null";
        WriteTimesWholeSecond "write-times-whole-second" ["MSG-STORE" "MTS-FROM-LIST" "SYNC-WATERMARK"]
            "the times in the answer to a write are cut to the second";
    }
    "connections" {
        AcceptLost "accept-lost" ["CONN-ACCEPT"]
            "a connection gets CONNACK 0 and then no accept";
        ClientIdUnchecked "client-id-unchecked" ["CONN-REFUSE-CLIENT-ID"]
            "a client id of any form is let in, as a first connection from the web";
        ExpiredImTokenAccepted "expired-im-token-accepted" ["CONN-REFUSE-EXPIRED"]
            "an imToken is good after its time too";
        ExpiredImTokenAs5 "expired-im-token-as-5" ["CONN-REFUSE-EXPIRED"]
            "an imToken that has expired is refused with 5 in place of 6";
        ImTokenUnchecked "im-token-unchecked" ["CONN-REFUSE-TOKEN"]
            "a password that is no imToken is let in";
        KeepAliveIgnored "keep-alive-ignored" ["CONN-KEEPALIVE"]
            "a silent connection is never closed";
        KeepAliveShort "keep-alive-short" ["CONN-KEEPALIVE-NOT-EARLY"]
            "a connection is closed for silence after half its keep-alive";
        KickAcrossDevices "kick-across-devices" ["CONN-DEVICE-CLASSES"]
            "a first connection kicks the user's connection of the other device class as well";
        KickLeavesOlder "kick-leaves-older" ["CONN-KICK"]
            "the older connection is not kicked; it stays open and gets nothing any more";
        KickNotClosed "kick-not-closed" ["CONN-KICK-CLOSE"]
            "a kicked connection is told 10 and stays open";
        KickSilent "kick-silent" ["CONN-KICK"]
            "a kicked connection is closed without a word";
        PingUnanswered "ping-unanswered" ["CONN-PINGRESP"]
            "a PINGREQ gets no PINGRESP";
        ReconnectionAlwaysWins "reconnection-always-wins" ["CONN-RECONNECT-REFUSED"]
            "a reconnection kicks the newer client that has taken its place";
        ReconnectionNeedsLive "reconnection-needs-live" ["CONN-RECONNECT-FREE"]
            "a reconnection is refused with 10 unless a connection of its own is still live";
        RefusalNotClosed "refusal-not-closed" ["CONN-REFUSE-CLOSE"]
            "a connection that was refused stays open";
        TakeoverKicks "takeover-kicks" ["CONN-TAKEOVER"]
            "a reconnection kicks the client's own older connection";
        UidUnchecked "uid-unchecked" ["CONN-REFUSE-UID"]
            "a connection without a user name is let in";
    }
    "conversations" {
        ClearUnreadUnstamped "clear-unread-unstamped" ["CONV-CHANGE-STAMPED"]
            "clearing unread leaves updatedAt, so that the user's other devices do not learn of it";
        ConversationStaysDeleted "conversation-stays-deleted" ["CONV-RETURNS"]
            "a deleted conversation stays a tombstone when the next message comes";
        LastMessageEditIgnored "last-message-edit-ignored" ["CONV-LAST-MESSAGE-EDITED"]
            "a conversation goes on showing the newest message as it was before its edit";
        LastMessageStale "last-message-stale" ["CONV-LAST-MESSAGE"]
            "a conversation goes on showing the first message of its session as the last";
        P2pSilent "p2p-silent" ["MEMBER-SYSTEM-MESSAGE"]
            "creating a p2p session writes no system message";
        P2pTargetIsSession "p2p-target-is-session" ["CONV-TARGET"]
            "the target of a p2p conversation is the session, not the other user";
        SecondConversation "second-conversation" ["CONV-ONE-PER-TARGET" "CONV-RETURNS"]
            "a message after the deletion of a conversation makes a second one";
        SenderWithoutConversation "sender-without-conversation" ["CONV-ON-MESSAGE"]
            "a message makes no conversation for its sender";
        SyncKeepsUnread "sync-keeps-unread" ["MSG-SYNC-MARKS-READ"]
            "a sync of messages leaves unread as it was";
        UnreadCountsSender "unread-counts-sender" ["CONV-UNREAD"]
            "unread counts the user's own messages";
        UnreadMissesSystem "unread-misses-system" ["CONV-UNREAD-SYSTEM"]
            "unread does not count system messages";
        UnreadStopsAt1 "unread-stops-at-1" ["CONV-UNREAD"]
            "unread is never more than 1";
    }
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
    "members" {
        CreatorJoins "creator-joins" ["SESS-CREATE-GROUP"]
            "a new group has its creator as master already";
        MasterLeavesNone "master-leaves-none" ["MEMBER-MASTER-LEAVES"]
            "nobody becomes master when the master leaves";
        MasterPassedKept "master-passed-kept" ["MEMBER-MASTER-PASSED-ON"]
            "who passes the role of master on keeps it: the group has two";
        MtsKeptOnRemoval "mts-kept-on-removal" ["MEMBER-CREATED-AT" "MTS-GROWS"]
            "removing a member leaves its createdAt, so that the mts does not move";
        MtsKeptOnRevive "mts-kept-on-revive" ["MEMBER-REVIVE" "MTS-GROWS"]
            "a member that is added again keeps the createdAt of its tombstone";
        MtsKeptOnRole "mts-kept-on-role" ["MEMBER-CREATED-AT"]
            "a change of role leaves createdAt";
        MtsMovesOnReAdd "mts-moves-on-re-add" ["MEMBER-ADD-TWICE"]
            "adding who is a member already moves createdAt";
        MtsMovesOnRename "mts-moves-on-rename" ["MEMBER-TWO-CLOCKS" "MEMBER-CREATED-AT"]
            "a change of name moves createdAt, and with it the mts";
        NameKeptOverwritten "name-kept-overwritten" ["SESS-NAME-KEPT" "SESS-NAME-CHOSEN"]
            "a name that was given to an unnamed group is lost with the next change of members";
        P2pPerDirection "p2p-per-direction" ["SESS-P2P-ONE"]
            "it matters for a p2p session which of the two stands first in the path";
        P2pRace "p2p-race" ["SESS-P2P-ONE"]
            "two users who open their p2p session within 50 ms get one each";
        RenameUnstamped "rename-unstamped" ["MEMBER-UPDATED-AT" "SYNC-LOSSLESS"]
            "a member's change of name or status leaves updatedAt, so that no sync brings it";
        SessionStampStill "session-stamp-still" ["SESS-STAMP-ON-MEMBERSHIP"]
            "a change of membership leaves the session's updatedAt";
        SinglePerCall "single-per-call" ["SESS-SINGLE-ONE"]
            "each call for a user's single session makes another one";
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
        PushReordered "push-reordered" ["PUSH-DELIVER-ORDER"]
            "of two messages that follow each other the second is delivered first";
        PushToSender "push-to-sender" ["PUSH-DELIVER"]
            "the connection that sent a command gets its message too";
        PushTwice "push-twice" ["PUSH-DELIVER-ONCE"]
            "a receiver gets a message twice";
        ReplyLost "reply-lost" ["PUSH-REPLY"]
            "a command is carried out and not answered";
        ReplyWithoutId "reply-without-id" ["PUSH-REPLY"]
            "a reply does not repeat y2wMessageId";
        SubscriptionNeeded "subscription-needed" ["PUSH-DELIVER-UNSUBSCRIBED"]
            "messages are delivered to connections that have subscribed to something";
        UpdateNotDelivered "update-not-delivered" ["PUSH-DELIVER-UPDATE"]
            "the message of an updateSession reaches nobody";
    }
    "rights" {
        AnyMemberRemoves "any-member-removes" ["MEMBER-REMOVE-RIGHT"]
            "any member removes others";
        ContactsOfOthers "contacts-of-others" ["CONTACT-OWNER"]
            "anyone reads anyone's contacts";
        MasterRemovable "master-removable" ["MEMBER-MASTER-STAYS"]
            "an admin removes the master";
        MembersListPublic "members-list-public" ["MEMBER-LIST-PRIVATE"]
            "whoever asks is given the members of any session";
        OutsiderAdds "outsider-adds" ["MEMBER-ADD-OUTSIDER" "SESS-CREATE-FIRST-MEMBER"]
            "whoever asks adds members to any group";
        OwnStatusChanges "own-status-changes" ["MEMBER-UPDATE-RIGHT"]
            "a member changes its own status";
        P2pByThird "p2p-by-third" ["SESS-P2P-PARTIES"]
            "anyone opens the p2p session of two others";
        SessionDeletedByAny "session-deleted-by-any" ["SESS-DELETE-RIGHT"]
            "any member ends a group";
        SessionUpdatedByAny "session-updated-by-any" ["SESS-UPDATE-RIGHT"]
            "whoever asks renames any session";
        UserGivesRoles "user-gives-roles" ["MEMBER-ROLES"]
            "a member without a role adds others as admin";
        UserUpdatedByOthers "user-updated-by-others" ["USER-UPDATE-RIGHT"]
            "anyone changes any user";
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
