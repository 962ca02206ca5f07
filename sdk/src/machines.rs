//! How the state machines of the tests are run: here for the client's cores, and by the mock server for its own.
//!
//! A machine sends a core and a small reference through the same steps, chosen by chance, and compares what both say.
//! Chance begins with a fixed seed, so every run plays the same cases, and nothing is written beside the code.
//! `PROPTEST_CASES` says how many cases there are, `PROPTEST_RNG_SEED` with which seed they begin. A failure names both,
//! and the fewest steps that still lead to it.

use std::fmt::Write;

use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

const SEED: u64 = 20_161_124;

/// Plays `cases` cases of at most `steps` steps each, unless the environment asks for another number of cases.
pub(crate) fn run<M: StateMachineTest>(cases: u32, steps: usize) {
    let from_environment = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { from_environment.cases } else { cases };
    let seed = match from_environment.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => SEED,
    };
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        // So many steps may be drawn that do not fit where they stand: a few for each that does.
        max_local_rejects: cases.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX)).saturating_mul(4),
        ..from_environment
    };
    let mut runner = TestRunner::new(config.clone());
    let strategy = M::Reference::sequential_strategy(1..=steps);
    let play = |(start, steps, seen)| -> TestCaseResult {
        M::test_sequential(config.clone(), start, steps, seen);
        Ok(())
    };
    match runner.run(&strategy, play) {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("no case could be made: {why}"),
        Err(TestError::Fail(why, (start, steps, _))) => {
            let mut told = format!("{why}\nfrom {start:?}\n");
            for (n, step) in steps.iter().enumerate() {
                let _ = writeln!(told, "{:3}. {step:?}", n + 1);
            }
            panic!("{told}again with PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases}");
        }
    }
}
