//! What tests of small runs have in common.

use std::time::Duration;

use y2w_scenarios::load::workload::Workload;
use y2w_scenarios::load::{Settings, Shard};

/// Has this workload run by itself, patiently.
pub(crate) fn settings(workload: &str) -> Settings {
    Settings {
        workload: Workload::parse("test", workload).unwrap(),
        workload_name: "test".to_owned(),
        seed: 11,
        patience: Duration::from_secs(20),
        max_lag: Duration::from_secs(60),
        account_prefix: "t".to_owned(),
        shard: Shard::ALL,
        start_at: None,
    }
}
