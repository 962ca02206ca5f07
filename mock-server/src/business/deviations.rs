//! Which rules the state breaks. That is a part of it: the same operations under other quirks give another state.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use y2w_sdk::protocol::Timestamp;

use super::{Business, Operation, Refusal};
use crate::quirks::Quirks;

/// Breaks the rules as these quirks say from now on, and keeps all others. What was done before stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetQuirks {
    /// All there are to be.
    pub quirks: Quirks,
}

impl Operation for SetQuirks {
    type Reply = ();

    fn apply(self, state: &mut Business, _: Timestamp) -> Result<(), Refusal> {
        state.sessions.set_quirks(&self.quirks);
        state.quirks = self.quirks;
        Ok(())
    }
}

impl Business {
    /// The rules it breaks.
    pub fn quirks(&self) -> &Quirks {
        &self.quirks
    }
}

// The derived functions of the type are those that write and read it. A session has the quirks of its state, so they
// are written once and given to the sessions here.

impl Serialize for Business {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Business {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut state = Self::deserialize(deserializer)?;
        state.sessions.set_quirks(&state.quirks);
        Ok(state)
    }
}
