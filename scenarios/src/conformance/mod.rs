//! Whether a server keeps the protocol, rule by rule.
//!
//! Life of a verdict: the [ledger] reads the rules from `docs/protocol.md`. A [case](Case) names the rules that it is
//! about. It is given a [lab](Lab), where it makes its own users and does with the server what only it has need of; each
//! check cites one rule. What it comes to is a [`Verdict`], with the two sides of the check that did not hold, and all
//! that went over the wire until then. The [suite](run) runs the cases beside each other and survives each of them.
//!
//! Invariants:
//!
//! * Nothing is downgraded by itself and nothing is tried again. A check of a SHOULD that does not hold makes the case
//!   non-strict, one of a MUST makes it fail; the ledger knows which is which.
//! * A server that is not there, says nothing, or says the same to everything earns no pass: each case has a positive
//!   control, and an answer that never came is no answer that was expected.
//! * Cases share nothing: the users of each are its own, so that they run beside each other, on a server that others use.
//! * What a case is told is kept on its tape: by it, and without a server, it can be judged again.
//! * What a case sends is a value of the case's name and the run's id; no clock and no chance decides what it does.

mod ask;
mod case;
mod cases;
mod collection;
pub mod coverage;
mod device;
mod groups;
mod held;
mod known;
mod lab;
pub mod ledger;
mod mutants;
mod need;
mod packets;
mod pushes;
mod recording;
pub mod report;
mod same;
mod suite;
mod tape;
mod target;
mod target_file;
mod timeline;
mod verdict;
mod views;
mod wire;

pub use case::Case;
pub use cases::all;
pub use known::{Baseline, fingerprint};
pub use lab::Lab;
pub use mutants::{Mutant, mutant};
pub use need::Need;
pub use recording::Recording;
pub use suite::{Event, Result, Together, run};
pub use tape::Told;
pub use target::Target;
pub use target_file::TargetFile;
pub use verdict::{Broken, Stop, Verdict};
pub use y2w_reports::conformance::Line;
