//! Plans in the simulated world.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use y2w_scenarios::fuzz::simulate;
use y2w_scenarios::history::{Happening, Keep, Outcome, What};
use y2w_scenarios::judge::Reached;
use y2w_scenarios::plan::Plan;
use y2w_scenarios::play::{Played, Room};
use y2w_sdk::Event;
use y2w_sdk::push::Trouble;

fn simulated(text: &str) -> (Played, Vec<Happening>, u64) {
    let run = simulate(&Plan::parse(text, "plan").unwrap(), Keep { story: true, hash: true });
    (run.played.unwrap(), run.story, run.hash.unwrap())
}

/// Ann, on two devices, Bob and Carl; a group, a removal, and a message behind it.
const PLAN: &str = r##"
version = 1
seed = 42
network = { latency = "20ms", jitter = "10ms" }

[[user]]
name = "ann"
devices = ["web", "mobile"]
[[user]]
name = "bob"
[[user]]
name = "carl"
current-only = true

[[step]]
id = 1
at = "0s"
by = "ann"
do = { create-group = { group = "team", members = ["bob", "carl"] } }
[[step]]
id = 2
at = "1s"
by = "bob"
do = { send-text = { to = "#team" } }
[[step]]
id = 3
at = "1s"
by = "ann/mobile"
do = { send-text = { to = "carl" } }
[[step]]
id = 4
at = "3s"
by = "ann"
do = { remove-member = { group = "team", user = "bob" } }
[[step]]
id = 5
at = "5s"
by = "carl"
do = { send-file = { to = "#team", bytes = 100 } }
[[step]]
id = 6
at = "6s"
by = "bob"
do = { edit = { step = 2 } }
[[step]]
id = 7
at = "7s"
by = "ann"
do = { add-contact = { user = "carl" } }
"##;

fn outcomes(story: &[Happening]) -> Vec<(u32, Outcome)> {
    let ends = story.iter().filter_map(|happening| match &happening.what {
        What::StepEnds { step, outcome } => Some((*step, outcome.clone())),
        _ => None,
    });
    ends.collect()
}

/// Every device knows what the server knows.
fn agree(played: &Played) {
    for seen in &played.views {
        let (device, truth) = (seen.device, &played.truth[seen.user].view);
        assert_eq!(seen.view.contacts, truth.contacts, "device {device}");
        assert_eq!(seen.view.conversations, truth.conversations, "device {device}");
        for (name, room) in &truth.rooms {
            match seen.view.rooms.get(name) {
                Some(Room { messages: Some(messages), .. }) => {
                    // What the server says itself comes with no push of its own.
                    let said = |all: &[String]| -> Vec<String> {
                        all.iter().filter(|text| text.starts_with("step")).cloned().collect()
                    };
                    let theirs = room.messages.as_deref().unwrap_or_default();
                    assert_eq!(said(messages), said(theirs), "{name} at device {device}");
                }
                _ => assert!(!seen.follows_all, "{name} is missing at device {device}"),
            }
        }
    }
}

#[test]
fn a_plan_is_played_and_everybody_agrees_with_the_server() {
    let (played, story, _) = simulated(PLAN);
    let outcomes = outcomes(&story);
    for (step, outcome) in &outcomes {
        // Bob is out when he wants to edit.
        assert_eq!(*outcome == Outcome::Done, *step != 6, "{step}: {outcome:?}");
    }
    assert_eq!(outcomes.len(), 7);
    assert!(played.restless.is_empty() && played.not_inflicted.is_empty());
    agree(&played);
    let team = &played.truth[0].view.rooms["#team"];
    assert!(team.messages.as_ref().unwrap().contains(&"step 5".to_owned()));
    assert!(!played.truth[1].view.rooms.contains_key("#team"), "Bob was removed");
}

#[test]
fn the_same_plan_is_the_same_story() {
    let (_, story, hash) = simulated(PLAN);
    let (_, again, hash_again) = simulated(PLAN);
    let lines = |story: &[Happening]| story.iter().map(|h| format!("{h:?}")).collect::<Vec<_>>();
    assert_eq!(lines(&story), lines(&again));
    assert_eq!(hash, hash_again);
    let (_, _, other) = simulated(&PLAN.replace("seed = 42", "seed = 43"));
    assert_ne!(hash, other);
}

#[test]
fn what_the_weather_holds_back_arrives_later() {
    let faults = r##"
[[fault]]
id = 10
at = "900ms"
for = "30s"
what = { partition = { who = "bob" } }
[[fault]]
id = 11
at = "2s"
what = { cut-push = { who = "*" } }
[[fault]]
id = 12
at = "2s"
for = "10s"
what = { lose-answers = { who = "ann", rate = 0.3 } }
[[fault]]
id = 13
at = "4s"
what = "restart-push"
"##;
    let (played, _, _) = simulated(&format!("{PLAN}{faults}"));
    assert!(played.restless.is_empty(), "{:?}", played.restless);
    agree(&played);
}

/// Nobody is told that a connection is half open. Bob, who sends, notices by the replies that do not come; Ann's phone
/// by its keep-alive.
#[test]
fn a_half_open_connection_is_noticed_by_what_does_not_come() {
    let faults = r##"
[[fault]]
id = 10
at = "900ms"
for = "5s"
what = { half-open = { who = "bob" } }
[[fault]]
id = 11
at = "10s"
for = "1s"
what = { half-open = { who = "ann/mobile" } }
"##;
    let plan = Plan::parse(&format!("quiet = \"10min\"\n{PLAN}{faults}"), "plan").unwrap();
    let run = simulate(&plan, Keep { story: true, hash: true });
    assert_eq!(run.verdict.anomalies, []);
    assert_eq!(run.verdict.reached.count(Reached::Timeout), 1);
    let played = run.played.unwrap();
    assert!(played.restless.is_empty(), "{:?}", played.restless);
    agree(&played);
    let begin = run.story.iter().find(|h| matches!(h.what, What::StepBegins(1))).unwrap().at;
    let troubles: Vec<(usize, u64, &Trouble)> = run
        .story
        .iter()
        .filter_map(|h| match &h.what {
            What::Told(Event::Trouble(trouble)) => Some((h.device?, (h.at - begin) / 1_000_000, trouble)),
            _ => None,
        })
        .collect();
    match &troubles[..] {
        [(2, 101, Trouble::Unanswered(10)), (1, 400..=510, Trouble::Network(_))] => (),
        other => panic!("{other:?}"),
    }
    let short = PLAN.replace("seed = 42", "seed = 42\nquiet = \"5min\"");
    let refused = Plan::parse(&format!("{short}{faults}"), "plan").unwrap_err().to_string();
    assert!(refused.contains("expected a quiet time of at least 10min, not 5min"), "{refused}");
}
