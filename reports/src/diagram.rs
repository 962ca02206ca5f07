//! A sequence diagram: who told whom what, row by row downwards, as one SVG file that needs nothing else.
//!
//! [`Diagram`] is the picture as plain data: lanes, and rows that point at lanes by number. [`Diagram::svg`] lays it out
//! and draws it in colours that fit light and dark surroundings.
//!
//! Invariants: the drawing is a pure function of the data; every text of it goes through the template's escaping, and
//! what is too long for its place is cut there and whole in the tooltip; a lane or row that is not there is not drawn.
//! Whoever makes a diagram bounds its rows: the drawing is linear in them.

mod layout;

use askama::Template as _;

use crate::ReportError;

/// See the module's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagram {
    /// What it shows, in a line.
    pub title: String,
    /// What one has to know to read it, a line each.
    pub facts: Vec<String>,
    /// What went wrong; rows name it by its place here.
    pub findings: Vec<Finding>,
    /// Who takes part, from left to right.
    pub lanes: Vec<Lane>,
    /// What happened, from top to bottom.
    pub rows: Vec<Row>,
    /// What lay over some lanes for some time.
    pub bands: Vec<Band>,
    /// Who waited for an answer, from which row to which.
    pub waits: Vec<Wait>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that it breaks.
    pub rule: String,
    /// What was seen.
    pub text: String,
}

/// One who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What it is called.
    pub name: String,
    /// What it is, in a word or two.
    pub note: String,
    /// Whether it is one of the servers.
    pub is_server: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When; shown where it differs from the row above.
    pub time: String,
    /// What made it happen: shown at the left, in words.
    pub side: String,
    /// What it was.
    pub mark: Mark,
    /// The findings that it shows, by their place in [`Diagram::findings`].
    pub findings: Vec<usize>,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Something on its way from one lane to another.
    Arrow {
        /// From which lane.
        from: usize,
        /// To which.
        to: usize,
        /// What.
        text: String,
        /// Of which kind.
        tone: Tone,
    },
    /// A question and its answer, with nothing in between.
    Exchange {
        /// Whose question.
        from: usize,
        /// Whose answer.
        to: usize,
        /// Both.
        text: String,
        /// Of which kind.
        tone: Tone,
    },
    /// Something that was on its way to a lane and does not arrive.
    Lost {
        /// From which lane.
        from: usize,
        /// To which.
        to: usize,
        /// What.
        text: String,
    },
    /// Something at one lane.
    Note {
        /// Which lane.
        lane: usize,
        /// What.
        text: String,
        /// Of which kind.
        tone: Tone,
    },
    /// A lane begins with what the row's side says.
    Begin {
        /// Which lane.
        lane: usize,
    },
    /// What the row's side says befalls these lanes.
    Fault {
        /// Which lanes.
        lanes: Vec<usize>,
    },
    /// So many things that are not shown.
    Skipped {
        /// How many.
        count: u64,
    },
    /// What is seen when all is over.
    End {
        /// What.
        text: String,
    },
}

/// What kind of thing a row shows: its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A request or its answer.
    Request,
    /// Something over a push connection.
    Push,
    /// A step on the way.
    Plain,
    /// As it should be.
    Good,
    /// Something that was refused, or went wrong.
    Bad,
    /// Of little matter.
    Quiet,
}

/// Something that lay over some lanes for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// Over which lanes.
    pub lanes: Vec<usize>,
    /// From which row.
    pub from: usize,
    /// To which row, which is part of it.
    pub to: usize,
}

/// A lane that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Which lane.
    pub lane: usize,
    /// From which row.
    pub from: usize,
    /// To which row.
    pub to: usize,
}

impl Diagram {
    /// The whole file. The same diagram gives the same bytes.
    ///
    /// # Errors
    ///
    /// When the template fails.
    pub fn svg(&self) -> Result<String, ReportError> {
        Ok(layout::Picture::of(self).render()?)
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Push => "push",
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}
