//! Pictures of the live view, as text.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw::draw;
use super::state::{About, State};
use crate::load::{LatencySoFar, Snapshot, Totals};

fn about() -> About {
    let phase = |name: &str, s| (name.to_owned(), Duration::from_secs(s));
    About {
        title: "Pairs who talk".to_owned(),
        workload: "p2p-steady".to_owned(),
        target: "http://127.0.0.1:8080".to_owned(),
        seed: 42,
        run_id: "r".to_owned(),
        shard: None,
        phases: vec![phase("ramp", 5), phase("hold", 20), phase("drain", 5)],
        max_lag: Duration::from_millis(250),
    }
}

fn setting_up() -> State {
    let mut state = State::new(about());
    state.stage("connecting users", 2_000);
    state.stage("opening sessions", 3_000);
    state.advance(1_234);
    state
}

fn snapshot(t_s: f64) -> Snapshot {
    let latency = |id, name, quantiles| LatencySoFar { id, name, quantiles, count: 900, sum_us: 1e6 };
    let mut snapshot = Snapshot {
        length_s: 30.0,
        phase: Some("hold".to_owned()),
        stored: 12_345,
        verified: 24_690,
        owed: 12,
        latencies: vec![
            latency("send_synced", "send→synced", [2_310, 3_670, 9_810]),
            latency("send_push", "send→push", [1_690, 2_530, 8_600]),
            latency("send_stored", "send→stored", [1_460, 2_260, 6_350]),
            latency("login", "login", [20_600, 30_200, 32_400]),
        ],
        lag_p99_us: 4_320,
        totals: Totals { operations: 12_400, ..Totals::default() },
        ..Snapshot::default()
    };
    let point = &mut snapshot.point;
    point.t_s = t_s;
    point.users_connected = 2_000;
    point.stored_per_s = 1_000.0 + 40.0 * t_s;
    point.delivered_per_s = 2.0 * point.stored_per_s;
    point.requests_per_s = 3.0 * point.stored_per_s;
    (point.synced_p50_us, point.synced_p90_us, point.synced_p99_us) = (Some(2_300), Some(3_600), Some(9_700));
    (point.cpu_share, point.memory) = (Some(0.456), Some(123 << 20));
    snapshot
}

fn running() -> State {
    let mut state = setting_up();
    state.stage("running", 30);
    for t in 1..=12 {
        state.snapshot(&snapshot(f64::from(t)));
    }
    state
}

fn with(change: impl FnOnce(&mut Snapshot)) -> State {
    let mut state = running();
    let mut last = snapshot(13.0);
    change(&mut last);
    state.snapshot(&last);
    state
}

fn terminal(state: &State, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, frame)).unwrap();
    terminal
}

/// The lines, without what is empty at their ends.
fn picture(state: &State, width: u16, height: u16) -> Vec<String> {
    let terminal = terminal(state, width, height);
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect()
}

/// The colour of the first letter of a text.
fn color_of(state: &State, text: &str) -> Color {
    let (lines, terminal) = (picture(state, 100, 40), terminal(state, 100, 40));
    let (y, line) = lines.iter().enumerate().find(|(_, line)| line.contains(text)).unwrap();
    let x = line[..line.find(text).unwrap()].chars().count();
    terminal.backend().buffer()[(x as u16, y as u16)].fg
}

#[test]
fn a_run_that_is_set_up_shows_its_stages() {
    let expected = [
        " Pairs who talk  (p2p-steady)",
        " http://127.0.0.1:8080, seed 42",
        " opening sessions         ━━━━━━━━━━━━━━━━━━━━━━────────────────────────────────",
        " ramp 5 s › hold 20 s › drain 5 s",
        "",
        " connecting users            2,000 of 2,000",
        " opening sessions            1,234 of 3,000",
        "",
        " q ends the run   ? help",
        "",
    ];
    assert_eq!(picture(&setting_up(), 80, 10), expected);
}

#[test]
fn a_run_in_its_middle() {
    let expected = [
        " Pairs who talk  (p2p-steady)",
        " http://127.0.0.1:8080, seed 42",
        " hold, 18 s left          ━━━━━━━━━━━━━━━━━━━━━─────────────────────────────────",
        " ramp 5 s › hold 20 s › drain 5 s",
        "",
        " now                      over the last 12 s",
        " stored          1,480/s  ▅▅▆▆▆▆▆▇▇▇▇█",
        " delivered       2,960/s  ▅▅▆▆▆▆▆▇▇▇▇█",
        " requests        4,440/s  ▅▅▆▆▆▆▆▇▇▇▇█",
        " connections       2,000  ████████████",
        "",
        " latency                      p50       p90       p99",
        " send→synced              2.31 ms   3.67 ms   9.81 ms",
        "   in the last second     2.30 ms   3.60 ms   9.70 ms",
        " send→push                1.69 ms   2.53 ms   8.60 ms",
        " send→stored              1.46 ms   2.26 ms   6.35 ms",
        " login                    20.6 ms   30.2 ms   32.4 ms",
        "",
        " 0 findings, 0 errors; 12,345 stored, 24,690 verified, 12 due",
        " generator: lag p99 4.32 ms (250 ms allowed), CPU 46 %, memory 123 MiB",
        "",
        " q ends the run   ? help",
        "",
        "",
    ];
    assert_eq!(picture(&running(), 80, 24), expected);
}

#[test]
fn findings_are_red_and_the_newest_is_told() {
    let state = with(|s| {
        (s.findings, s.errors) = (1, 2);
        let text = "in p2p_4, message 3 of user 0\nis missing at user 4, which goes on for longer than a line has room for";
        s.trouble = Some(("SYNC-LOSSLESS", text.to_owned()));
    });
    let lines = picture(&state, 80, 24);
    let line = lines.iter().find(|line| line.contains("SYNC-LOSSLESS")).unwrap();
    assert_eq!(line, " SYNC-LOSSLESS: in p2p_4, message 3 of user 0 is missing at user 4, which goes …");
    assert!(lines.iter().any(|line| line.starts_with(" 1 finding, 2 errors; ")), "{lines:#?}");
    assert_eq!((color_of(&state, "1 finding"), color_of(&state, "2 errors")), (Color::Red, Color::Red));
    assert_eq!(color_of(&running(), "0 findings"), Color::Reset);
}

#[test]
fn a_generator_near_its_limit_is_warned_of_in_plain_words() {
    let warned = |lag_ms: u64, left_out: u64| {
        let state = with(|s| {
            s.lag_p99_us = lag_ms * 1_000;
            s.totals.left_out = left_out;
        });
        picture(&state, 100, 40).into_iter().find(|line| line.contains("count for nothing"))
    };
    assert_eq!(warned(100, 0), None);
    assert!(warned(130, 0).unwrap().contains("hardly keeps the schedule"));
    assert!(warned(251, 0).unwrap().contains("does not keep the schedule"));
    assert_eq!(warned(100, 12), None);
    assert!(warned(100, 13).unwrap().contains("too much is left out"));
}

#[test]
fn after_the_phases_the_stages_are_told() {
    let mut state = with(|s| (s.point.t_s, s.phase) = (30.4, None));
    assert!(picture(&state, 80, 24)[2].contains("the phases are over"));
    state.stage("syncing everybody once more", 0);
    assert!(picture(&state, 80, 24)[2].contains("syncing everybody once more"));
    let waiting = with(|s| s.point.t_s = -12.5);
    assert!(picture(&waiting, 80, 24)[2].contains("begins in 13 s"));
}

#[test]
fn keys_the_end_and_what_the_log_holds_are_told() {
    let mut state = running();
    (state.help, state.held) = (true, 1);
    let lines = picture(&state, 100, 40).join("\n");
    assert!(lines.contains("1 line of the log will be printed at the end"), "{lines}");
    assert!(lines.contains("shows or hides this") && lines.contains("q ends the run"), "{lines}");
    state.ending = true;
    assert!(picture(&state, 80, 22)[21].contains("ending: what was begun is ended and verified"));
}

#[test]
fn what_matters_most_is_there_in_a_tiny_terminal() {
    let expected = [
        " Pairs who talk  (p2",
        "hold, 18 s left ━───",
        " stored 1,480/s",
        " 9.81 ms  send→synce",
        " 0 findings, 0 error",
    ];
    assert_eq!(picture(&running(), 20, 5), expected);
    assert_eq!(picture(&running(), 20, 2), ["hold, 18 s left ━───", " 0 findings, 0 error"]);
}

#[test]
fn no_size_is_too_odd_and_no_figure_either() {
    let strange = with(|s| {
        s.length_s = 0.0;
        s.point = Default::default();
        s.point.t_s = f64::NAN;
        s.point.stored_per_s = f64::INFINITY;
        s.point.delivered_per_s = f64::NAN;
        s.point.cpu_share = Some(f64::NAN);
        (s.owed, s.lag_p99_us, s.stored) = (i64::MIN, u64::MAX, u64::MAX);
        s.latencies.clear();
        s.trouble = Some(("\u{1b}[2J", "家\u{301}🎉\t".repeat(500)));
    });
    let nothing = State::new(About::default());
    for state in [&strange, &nothing, &setting_up(), &running()] {
        for width in (0..=30).chain([79, 80, 81, 300]) {
            for height in (0..=30).chain([100]) {
                terminal(state, width, height);
            }
        }
    }
}

#[test]
fn a_high_terminal_has_room_for_higher_lines() {
    let lines = picture(&running(), 80, 34);
    let stored = lines.iter().position(|line| line.starts_with(" stored")).unwrap();
    assert!(lines[stored].ends_with("████████████"), "{lines:#?}");
    assert!(lines[stored - 2].trim().starts_with(['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']), "{lines:#?}");
}
