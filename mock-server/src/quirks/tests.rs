//! The table itself: that names, areas and rules are in order, that the documentation shows it, that runs repeat.

use std::collections::BTreeSet;

use super::*;

const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
const DOCUMENTED: &str = include_str!("../../../docs/quirks.md");

#[test]
fn names_are_unique_and_in_kebab_case() {
    let names: BTreeSet<_> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    assert_eq!(names.len(), Quirk::ALL.len());
    for name in names {
        let kebab = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        assert!(name.chars().all(kebab), "{name}");
        assert_eq!(Quirk::find(name).map(Quirk::name), Some(name));
    }
    assert!(Quirk::ALL.is_sorted_by_key(|quirk| quirk.area()), "one area after another");
    assert!(Quirk::ALL.len() >= 60);
}

#[test]
fn every_rule_that_is_cited_exists() {
    let rules: BTreeSet<_> = PROTOCOL.lines().filter_map(|line| line.strip_prefix("#### ")).collect();
    for quirk in Quirk::ALL {
        assert!(!quirk.rules().is_empty(), "{}", quirk.name());
        for rule in quirk.rules() {
            assert!(rules.contains(rule), "{} cites {rule}", quirk.name());
        }
        assert!(!quirk.does().ends_with('.') && !quirk.does().contains(['\n', '|']), "{}", quirk.name());
    }
}

#[test]
fn the_documentation_shows_the_table() {
    let table = as_markdown();
    if !DOCUMENTED.ends_with(&table) {
        // Not compared as a whole: the difference would be as long as the table.
        let wrong = table.lines().find(|line| !DOCUMENTED.lines().any(|known| known == *line));
        panic!(
            "docs/quirks.md does not end with the table of `y2w-mock-server quirks --markdown`: {wrong:?}"
        );
    }
}

#[test]
fn a_quirk_is_on_where_it_was_asked_for() {
    let mut quirks: Quirks = [Quirk::PushLost].into_iter().collect();
    assert!(quirks.on(Quirk::PushLost) && !quirks.on(Quirk::PushTwice));
    assert!(quirks.strikes(Quirk::PushLost) && !quirks.strikes(Quirk::PushTwice));
    assert_eq!(quirks.iter().collect::<Vec<_>>(), [Quirk::PushLost]);
}

#[test]
fn a_rate_is_kept_and_repeats() {
    let mut quirks = Quirks::default();
    quirks.add(Quirk::PushLost, Rate::new(0.25).unwrap());
    let struck = |seed| {
        let mut quirks = quirks.seeded(seed);
        (0..4_000).map(|_| quirks.strikes(Quirk::PushLost)).collect::<Vec<_>>()
    };
    assert_eq!(struck(1), struck(1));
    assert_ne!(struck(1), struck(2));
    let count = struck(1).into_iter().filter(|struck| *struck).count();
    assert!((900..1_100).contains(&count), "{count}");
    quirks.add(Quirk::PushLost, Rate::new(0.0).unwrap());
    assert!(!(0..100).any(|_| quirks.strikes(Quirk::PushLost)));
}

#[test]
fn a_command_line_names_quirks() {
    let named = |text: &str| text.parse::<NamedQuirk>();
    assert_eq!(named("push-lost"), Ok(NamedQuirk { quirk: Quirk::PushLost, rate: Rate::ALWAYS }));
    assert_eq!(named("push-lost=0.5").unwrap().rate, Rate::new(0.5).unwrap());
    let unknown = named("push-lots").unwrap_err();
    assert!(unknown.contains("push-lost") && !unknown.contains('\n'), "{unknown}");
    for bad in ["push-lost=2", "push-lost=x", "push-lost=NaN", "tombstones-missing=0.5", ""] {
        assert!(named(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_was_kept_goes_on_where_it_was() {
    let mut quirks = Profile::Yun2win2016.quirks();
    quirks.add(Quirk::MessageLost, Rate::new(0.3).unwrap());
    let mut quirks = quirks.seeded(7);
    let before = (0..50).filter(|_| quirks.strikes(Quirk::MessageLost)).count();
    assert!((1..50).contains(&before));
    let mut kept: Quirks = serde_json::from_value(serde_json::to_value(&quirks).unwrap()).unwrap();
    assert!(kept.named().eq(quirks.named()));
    for _ in 0..200 {
        assert_eq!(kept.strikes(Quirk::MessageLost), quirks.strikes(Quirk::MessageLost));
    }
}

#[test]
fn quirks_are_named_as_they_were_asked_for() {
    for name in ["push-lost=0.25", "sender-forged"] {
        assert_eq!(name.parse::<NamedQuirk>().unwrap().to_string(), name);
    }
    let quirks: Quirks = [Quirk::SenderForged, Quirk::EmailTwice].into_iter().collect();
    assert_eq!(
        (quirks.to_string(), Quirks::default().to_string()),
        ("email-twice, sender-forged".into(), "no quirks".into())
    );
    let unknown = r#"{"seed":1,"quirks":[{"name":"sender-forget","asked":0}]}"#;
    let error = serde_json::from_str::<Quirks>(unknown).unwrap_err().to_string();
    assert!(error.contains("there is no quirk sender-forget"), "{error}");
}
