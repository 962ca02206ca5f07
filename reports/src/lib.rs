//! What a run measured and what its checkers found, as plain data ([`RunResult`]), and the files made of it.
//!
//! Parts that do not know of a run, a server or a clock:
//!
//! - [`model`]: the result, with one JSON form (`y2w-run/2`);
//! - [`export`]: one small file per format behind the trait [`Exporter`]; [`write_all`] writes them into a folder;
//! - [`conformance`]: what a run of the conformance suite came to, and its files;
//! - [`compare`](mod@compare): whether one set of runs is slower than another, and the files of that;
//! - [`format`](mod@format): how a number is written for people, so that the terminal and the report never disagree.
//!
//! Invariant: everything here is a pure function of the result. The same result gives the same bytes, in every
//! process and on every machine; what depends on the time or the machine is given by the caller as data.

mod chart;
pub mod compare;
pub mod conformance;
pub mod diagram;
mod error;
pub mod export;
pub mod format;
mod markdown;
pub mod model;
mod read;
mod wire;

pub use error::ReportError;
pub use export::{Exporter, write_all};
pub use model::{
    Check, Counter, Environment, ErrorKind, FORMAT, FormatVersion, Health, Latency, LatencyClock, Mark,
    MarkKind, Outcome, PercentilePoint, Quantiles, Route, RunResult, Setting, Shards, ThresholdOutcome,
    Timeline, TimelinePoint, Totals, Verdict, WorkloadText,
};
