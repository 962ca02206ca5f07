//! The business server of 2016 as it was observed, answer for answer, and how the client lives with it. See the table at
//! the end of `docs/protocol.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod answers;
#[path = "../business_api/canned.rs"]
mod canned;
mod errors;
mod sync;
mod writes;
