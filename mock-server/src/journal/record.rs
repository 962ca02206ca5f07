//! How commands stand in the store: a line of JSON for each, and a sum before each batch of them.
//!
//! The store knows about pages that were not written to the end. The sum is for what happened to the file afterwards.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::Timestamp;

use crate::business::Command;

/// A command that was carried out.
#[derive(Deserialize)]
pub(super) struct Record<C = Command> {
    /// Of which app, by its place in the store's header.
    pub(super) app: usize,
    /// When.
    pub(super) at: Timestamp,
    /// What.
    pub(super) command: C,
}

/// A command as a line.
pub(super) fn line<C: Serialize>(app: usize, at: Timestamp, command: C) -> Vec<u8> {
    #[derive(Serialize)]
    struct Written<C> {
        app: usize,
        at: Timestamp,
        command: C,
    }
    let written = Written { app, at, command };
    let mut line = serde_json::to_vec(&written).expect("operations have string keys and finite numbers only");
    line.push(b'\n');
    line
}

/// The records of a batch in their order.
pub(super) fn records(lines: &[u8]) -> impl Iterator<Item = serde_json::Result<Record>> + '_ {
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(serde_json::from_slice)
}

const SUM: usize = 16;

/// Bytes with their sum before them.
pub(super) fn summed(bytes: &[u8]) -> Vec<u8> {
    [&Md5::digest(bytes)[..], bytes].concat()
}

/// The bytes, if they still have the sum they had.
pub(super) fn checked(stored: &[u8]) -> Option<&[u8]> {
    let (sum, bytes) = stored.split_at_checked(SUM)?;
    (Md5::digest(bytes)[..] == *sum).then_some(bytes)
}
