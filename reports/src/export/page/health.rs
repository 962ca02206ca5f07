//! Whether the numbers of a run can be trusted, in a plain sentence, and what is known of its generator.

use crate::{
    Health, Outcome, Quantiles, RunResult,
    format::{self, NOTHING},
};

/// What is to be thought of the numbers.
pub(super) struct Trust {
    /// CSS class.
    pub(super) class: &'static str,
    pub(super) sentence: String,
}

impl Trust {
    pub(super) fn of(run: &RunResult) -> Self {
        let health = &run.health;
        let lag_known = health.lag.count > 0;
        if run.verdict.outcome == Outcome::Invalid {
            let sentence = "Do not use these numbers: the generator could not keep its own schedule, so what they \
                            show is the generator's limit and not the server's.";
            Self { class: "bad", sentence: sentence.to_owned() }
        } else if !health.problems.is_empty() && run.verdict.outcome == Outcome::Failed {
            let sentence = "What was found stands, but do not use the times and rates: the generator itself had \
                            trouble.";
            Self { class: "bad", sentence: sentence.to_owned() }
        } else if !health.problems.is_empty() {
            let sentence = "Read these numbers with care: the generator itself had trouble.";
            Self { class: "warn", sentence: sentence.to_owned() }
        } else if health.dropped_samples > 0 {
            let dropped = format::count(health.dropped_samples);
            let sentence = format!("Read these numbers with care: {dropped} of what was due was left out.");
            Self { class: "warn", sentence }
        } else if !lag_known {
            let sentence = "Nothing was measured of the generator itself, so nothing says how far the numbers can be \
                            trusted.";
            Self { class: "idle", sentence: sentence.to_owned() }
        } else {
            let lag = format::micros(health.lag.p99);
            let cpu = health.cpu_share.map(|share| format!(", took {} of the CPU", format::share(share)));
            Self {
                class: "good",
                sentence: format!(
                    "The numbers can be trusted: the generator kept its schedule (99 % of what was due began within \
                     {lag}){} and left nothing out.",
                    cpu.unwrap_or_default()
                ),
            }
        }
    }
}

/// What is known of the generator, in the order to show.
pub(super) fn facts(health: &Health) -> Vec<(&'static str, String)> {
    let bytes = |value: Option<u64>| value.map_or(NOTHING.to_owned(), format::bytes);
    let cpu = match (health.cpu_s, health.cpu_share) {
        (Some(took), Some(share)) => {
            format!("{}, {} of the cores", format::seconds(took), format::share(share))
        }
        (Some(took), None) => format::seconds(took),
        (None, Some(share)) => format!("{} of the cores", format::share(share)),
        (None, None) => NOTHING.to_owned(),
    };
    let memory = match (health.memory_begin, health.memory_peak, health.memory_end) {
        (None, None, None) => NOTHING.to_owned(),
        (begin, peak, end) => {
            let [begin, peak, end] = [begin, peak, end].map(bytes);
            format!("{begin} at the begin, {peak} at the peak, {end} at the end")
        }
    };
    vec![
        ("Behind its schedule", spread(&health.lag)),
        ("Event loop late", spread(&health.loop_delay)),
        ("CPU time", cpu),
        ("Memory", memory),
        ("Memory per user", bytes(health.memory_per_user)),
        ("Users", format::count(health.users)),
        ("Left out", format::count(health.dropped_samples)),
    ]
}

fn spread(quantiles: &Quantiles) -> String {
    if quantiles.count == 0 {
        return NOTHING.to_owned();
    }
    let [p50, p99, max] = [quantiles.p50, quantiles.p99, quantiles.max].map(format::micros);
    format!("median {p50}, 99 % within {p99}, {max} at most")
}
