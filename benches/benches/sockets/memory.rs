//! What idle connections cost, and how many one process holds.

use std::time::Duration;

use crate::child::Process;
use crate::crowd::Crowd;
use crate::fan_out::{FanOut, uid};
use crate::mqtt::Broker;

/// For what is on its way to come, and what is no longer needed to be given back.
const SETTLE: Duration = Duration::from_secs(2);

/// Idle connections of one server.
pub(crate) struct Idle {
    crowd: Crowd,
    none: u64,
}

impl Idle {
    pub(crate) fn on(server: &Process, broker: Broker<'_>) -> Self {
        // The first ones pay for what is there once.
        let mut crowd = Crowd::new();
        grow(&mut crowd, broker, 500);
        settle();
        Self { crowd, none: server.memory() }
    }

    /// As many connections more; bytes of resident memory for each.
    pub(crate) fn per_connection(&mut self, server: &Process, broker: Broker<'_>, more: usize) -> f64 {
        let all = self.crowd.len() + more;
        grow(&mut self.crowd, broker, all);
        settle();
        server.memory().saturating_sub(self.none) as f64 / more as f64
    }

    /// Connects until there are that many, and pushes one message to all of them.
    pub(crate) fn up_to(mut self, broker: Broker<'_>, all: usize) -> FanOut {
        grow(&mut self.crowd, broker, all);
        FanOut::with(broker, self.crowd)
    }
}

fn grow(crowd: &mut Crowd, broker: Broker<'_>, all: usize) {
    for number in crowd.len()..all {
        let uid = uid(number);
        crowd.add(broker.connected(&uid, true).unwrap_or_else(|error| panic!("{uid}: {error}")));
    }
}

fn settle() {
    #[expect(clippy::disallowed_methods, reason = "the measured process is another one, and idle")]
    std::thread::sleep(SETTLE);
}
