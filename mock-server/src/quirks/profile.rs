//! Sets of quirks that known servers show.

use clap::ValueEnum;

use super::{Quirk, Quirks};

/// Which server to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Keeps every rule.
    #[default]
    Strict,
    /// The open-source business server of 2016, as `docs/protocol.md` tells of it at its end.
    #[value(name = "yun2win-2016")]
    Yun2win2016,
}

impl Profile {
    /// Its quirks.
    pub fn quirks(self) -> Quirks {
        match self {
            Self::Strict => Quirks::default(),
            Self::Yun2win2016 => OF_2016.iter().copied().collect(),
        }
    }
}

const OF_2016: &[Quirk] = &[
    Quirk::SinceWholeSecond,
    Quirk::SinceWholeSecondUsers,
    Quirk::EmojiCountWrong,
    Quirk::MissingToken400,
    Quirk::BusinessErrors500,
    Quirk::ForbiddenObject,
    Quirk::UnknownNull,
    Quirk::DeleteAnswersVary,
    Quirk::WriteTimesWholeSecond,
    Quirk::ContactAnswerNoStamp,
    Quirk::PutAnswersStale,
    Quirk::MemberUpdateNeedsAll,
    Quirk::FileSizeNull,
];
