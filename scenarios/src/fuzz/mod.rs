//! Looks for plans that break a rule, and makes them small.
//!
//! Life of a case: a plan is [generated](generate) from the campaign's seed and the case's number, played in the
//! simulated world, judged. The first that breaks a rule is [shrunk](shrink) as long as it breaks the same rule.
//!
//! Invariants: a case depends on profile, seed and number alone; what a campaign reports, a plan file shows again.

pub mod generate;
mod profile;
pub mod score;
pub mod shrink;
mod simulate;

pub use profile::Profile;
pub use simulate::{Simulated, breaks, judged, simulate};

use crate::judge::{Anomaly, Reach};
use crate::plan::Plan;

/// What a campaign looks at.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Where all chance comes from.
    pub seed: u64,
    /// Which kinds of cases.
    pub profile: Profile,
    /// The server's quirks, as a plan has them.
    pub quirks: Vec<String>,
}

/// What a campaign found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The number of the case.
    pub case: u64,
    /// The plan as it was generated.
    pub plan: Plan,
    /// The rule that it breaks, and by what.
    pub anomaly: Anomaly,
}

impl Campaign {
    /// The plan of a case.
    pub fn plan(&self, case: u64) -> Plan {
        generate::plan_in(self.profile, self.seed, case, &self.quirks)
    }

    /// Plays one case; what it reached is added to `reach`.
    pub fn case(&self, case: u64, reach: &mut Reach) -> Option<Found> {
        let plan = self.plan(case);
        let run = simulate(&plan, crate::history::Keep::default());
        reach.add(&run.verdict.reached);
        let anomaly = run.verdict.anomalies.into_iter().next()?;
        Some(Found { case, plan, anomaly })
    }
}
