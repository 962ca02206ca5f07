//! What the schedule promises, phase by phase.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::load::workload::Workload;

/// Phases as (seconds, load at the beginning, load at the end).
fn workload(phases: &[(u32, f64, f64)]) -> Workload {
    let mut text = "version = 1\ntitle = \"t\"\npopulation = { users = 2 }\nmix = { idle = 1 }\n".to_owned();
    for (seconds, from, to) in phases {
        text += &format!(
            "[[phase]]\nname = \"p\"\nlength = \"{seconds}s\"\nload = {{ from = {from:?}, to = {to:?} }}\n\
             online = {{ from = {:?}, to = 1 }}\n",
            from.min(1.0)
        );
    }
    Workload::parse("w.toml", &text).unwrap()
}

fn timeline(phases: &[(u32, f64, f64)]) -> Timeline {
    Timeline::of(&workload(phases))
}

fn seconds(times: impl Iterator<Item = Duration>) -> Vec<f64> {
    times.map(|time| time.as_secs_f64()).collect()
}

/// So many numbers from a fixed seed.
fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    move || random.random()
}

#[test]
fn levels_rise_and_fall_evenly_and_a_border_belongs_to_the_second_phase() {
    let timeline = timeline(&[(10, 0.0, 2.0), (5, 1.0, 1.0), (10, 0.5, 0.0)]);
    let at = |seconds: f64| {
        let at = Duration::from_secs_f64(seconds);
        (timeline.phase_at(at), timeline.load_at(at), timeline.online_at(at))
    };
    assert_eq!(at(0.0), (Some(0), 0.0, 0.0));
    assert_eq!(at(5.0), (Some(0), 1.0, 0.5));
    assert_eq!(at(10.0), (Some(1), 1.0, 1.0));
    assert_eq!(at(20.0), (Some(2), 0.25, 0.75));
    assert_eq!(at(25.0), (None, 0.0, 1.0));
    assert_eq!((timeline.length(), timeline.load_seconds()), (Duration::from_secs(25), 17.5));
}

#[test]
fn at_a_constant_rate_arrivals_have_equal_distances_from_a_start_of_their_own() {
    let timeline = timeline(&[(10, 1.0, 1.0)]);
    let times = seconds(arrivals(&timeline, Process::Constant, 2.0, || 0.5));
    assert_eq!(times, (0..20).map(|n| 0.25 + f64::from(n) * 0.5).collect::<Vec<_>>());
    // From the very beginning, and never at the end.
    let times = seconds(arrivals(&timeline, Process::Constant, 1.0, || 0.0));
    assert_eq!((times.len(), times[0], times[9]), (10, 0.0, 9.0));
}

#[test]
fn no_error_gathers_in_a_week() {
    let timeline = timeline(&[(7 * 24 * 3600, 1.0, 1.0)]);
    let times = arrivals(&timeline, Process::Constant, 3.0, || 0.0);
    let last = times.enumerate().last().map(|(n, time)| (n, time.as_secs_f64())).unwrap();
    assert_eq!(last.0, 7 * 24 * 3600 * 3 - 1);
    assert!((last.1 - last.0 as f64 / 3.0).abs() < 2e-9, "{last:?}");
}

#[test]
fn on_a_ramp_arrivals_come_closer_as_the_load_grows() {
    let timeline = timeline(&[(10, 0.0, 2.0)]);
    // The integral is t^2 / 10: the n-th arrival is at sqrt(10 n).
    let times = seconds(arrivals(&timeline, Process::Constant, 1.0, || 0.0));
    assert_eq!(times.len(), 10);
    for (n, time) in times.iter().enumerate() {
        assert!((time - (10.0 * n as f64).sqrt()).abs() < 1e-8, "{n}: {time}");
    }
    let falling = self::timeline(&[(10, 2.0, 0.0)]);
    let times = seconds(arrivals(&falling, Process::Constant, 1.0, || 0.0));
    for (n, time) in times.iter().enumerate() {
        assert!((time - (10.0 - (100.0 - 10.0 * n as f64).sqrt())).abs() < 1e-8, "{n}: {time}");
    }
}

#[test]
fn nothing_happens_at_load_0_and_it_goes_on_where_load_begins_again() {
    let timeline =
        timeline(&[(5, 0.0, 0.0), (2, 1.0, 1.0), (5, 0.0, 0.0), (5, 0.0, 0.0), (2, 1.0, 1.0), (9, 0.0, 0.0)]);
    let times = seconds(arrivals(&timeline, Process::Constant, 1.0, || 0.0));
    assert_eq!(times, [5.0, 6.0, 17.0, 18.0]);
    for (random, time) in [(1, Process::Poisson), (2, Process::Poisson), (3, Process::Constant)]
        .into_iter()
        .flat_map(|(seed, process)| {
            seconds(arrivals(&timeline, process, 50.0, draws(seed))).into_iter().map(move |time| (seed, time))
        })
    {
        assert!((5.0..=7.0).contains(&time) || (17.0..=19.0).contains(&time), "seed {random}: {time}");
    }
    let idle = self::timeline(&[(5, 0.0, 0.0)]);
    assert_eq!(arrivals(&idle, Process::Poisson, 100_000.0, draws(1)).count(), 0);
    assert_eq!(arrivals(&idle, Process::Constant, 100_000.0, || 0.0).count(), 0);
}

#[test]
fn of_a_poisson_process_as_many_come_in_each_second_as_the_load_says() {
    let timeline = timeline(&[(10, 0.0, 2.0), (10, 2.0, 2.0), (10, 0.0, 0.0), (10, 1.0, 0.0)]);
    let rate = 1_000.0;
    let mut counts = [0_u32; 40];
    let mut last = 0.0;
    for time in seconds(arrivals(&timeline, Process::Poisson, rate, draws(7))) {
        assert!(time >= last);
        last = time;
        counts[time as usize] += 1;
    }
    for (second, count) in counts.into_iter().enumerate() {
        let load = timeline.load_at(Duration::from_secs_f64(second as f64 + 0.5));
        let expected = load * rate;
        // Of a Poisson count, five standard deviations.
        assert!((f64::from(count) - expected).abs() <= 5.0 * expected.sqrt(), "second {second}: {count}");
    }
}

#[test]
fn the_distances_of_a_poisson_process_are_exponential() {
    let timeline = timeline(&[(1_000, 1.0, 1.0)]);
    let times = seconds(arrivals(&timeline, Process::Poisson, 20.0, draws(3)));
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let share = |above: f64| gaps.iter().filter(|gap| **gap > above).count() as f64 / gaps.len() as f64;
    // Of 20,000, four standard deviations are at most 0.014.
    for above in [0.01, 0.05, 0.1, 0.2] {
        assert!((share(above) - (-20.0 * above).exp()).abs() < 0.015, "{above}: {}", share(above));
    }
}

#[test]
fn the_same_draws_give_the_same_times() {
    let timeline = timeline(&[(10, 0.3, 1.7)]);
    let times = |seed| seconds(arrivals(&timeline, Process::Poisson, 5.0, draws(seed)));
    assert_eq!(times(1), times(1));
    assert_ne!(times(1), times(2));
}

#[test]
fn a_workload_is_stretched_as_a_whole() {
    let mut workload = workload(&[(10, 0.0, 1.0), (20, 1.0, 1.0), (30, 1.0, 0.0)]);
    let text = "[[fault]]\nat = \"30s\"\nlength = \"30s\"\nwhat = \"refuse-connections\"\n";
    workload = Workload::parse("w.toml", &(workload.text() + text)).unwrap();
    for total in [Duration::from_secs(600), Duration::from_secs(1), Duration::from_nanos(1_000_000_007)] {
        let stretched = workload.stretched(total);
        assert_eq!(stretched.length(), total);
        stretched.check().unwrap();
        let share = stretched.faults[0].at.as_secs_f64() / total.as_secs_f64();
        assert!((share - 0.5).abs() < 1e-8, "{share}");
    }
    let lengths: Vec<u64> = workload
        .stretched(Duration::from_secs(600))
        .phases
        .iter()
        .map(|phase| phase.length.as_secs())
        .collect();
    assert_eq!(lengths, [100, 200, 300]);
}

#[test]
fn fewer_users_have_smaller_groups_and_fewer_contacts() {
    let groups = "[[population.groups]]\none-per-users = 20\nsize = { min = 4, max = 30 }\n";
    let text = workload(&[(1, 1.0, 1.0)]).text();
    let text = text.replacen("users = 2\ncontacts = 0", "users = 100\ncontacts = 50", 1) + groups;
    let workload = Workload::parse("w.toml", &text).unwrap();
    assert_eq!(workload.population.groups[0].count_for(100), 5);
    let small = workload.of_users(5);
    small.check().unwrap();
    assert_eq!((small.population.contacts.max(), small.population.groups[0].size.max()), (4, 5));
    assert_eq!(small.population.groups[0].count_for(5), 1);
    assert_eq!(workload.of_users(1_000).population.contacts.max(), 50);
}
