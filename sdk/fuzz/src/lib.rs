//! The vocabulary and the model of the SDK, compiled from their own sources, and the drivers of `sdk/tests/peer_bytes`.
//!
//! The SDK as a dependency would bring its transports along: TLS, HTTP, a runtime, several times what is fuzzed here to
//! build. That the two modules compile by themselves also shows that they depend on nothing of the shell.

extern crate self as y2w_sdk;

#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/protocol/mod.rs"]
pub mod protocol;

/// Of the local store only what the model's documents are named by.
pub mod store {
    pub use crate::part::Part;
}
#[path = "../../src/store/part.rs"]
mod part;

#[path = "../../tests/peer_bytes/damage.rs"]
mod damage;
#[path = "../../tests/peer_bytes/drivers.rs"]
mod drivers;
mod mutation;

pub use mutation::mutate;

/// Bytes that came in a PUBLISH.
pub fn push_payload(bytes: &[u8]) {
    drivers::push_payload(bytes);
}

/// Bytes that an HTTP peer sent.
pub fn rest_answer(bytes: &[u8]) {
    drivers::rest_answer(bytes);
}
