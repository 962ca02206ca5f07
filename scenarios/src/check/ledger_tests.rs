use proptest::prelude::*;

use super::*;

fn ledger(members: usize) -> SessionLedger {
    let name = |i: usize| format!("user {i}");
    let parties = (0..members).map(|i| Party { name: name(i), here: true }).collect();
    let views = (0..members).map(|i| View { name: name(i), of: i }).collect();
    SessionLedger::new("group_7".to_owned(), parties, views)
}

fn mark(sender: usize, number: u32) -> Mark {
    Mark { sender, number }
}

/// Delivers the messages of the script, given as (sender, number), at the stamps of their places in `order`.
fn deliver(ledger: &mut SessionLedger, member: usize, order: &[Mark], script: &[Mark]) -> Vec<Finding> {
    let stamp = |m: &Mark| {
        let place = order.iter().position(|o| o == m).unwrap();
        Timestamp::from_millis(1 + i64::try_from(place).unwrap())
    };
    let id = |m: &Mark| MessageId::new(format!("{}-{}", m.sender, m.number));
    script.iter().filter_map(|m| ledger.delivered(member, *m, &id(m), stamp(m)).err()).collect()
}

/// A ledger in which everything in `order` was sent and acknowledged.
fn stored(members: usize, order: &[Mark]) -> SessionLedger {
    let mut ledger = ledger(members);
    for message in order {
        ledger.sending(message.sender);
    }
    for message in order {
        ledger.stored(*message).unwrap();
    }
    ledger
}

fn rules_of(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| f.rule).collect()
}

const ORDER: [Mark; 4] = [
    Mark { sender: 0, number: 1 },
    Mark { sender: 1, number: 1 },
    Mark { sender: 0, number: 2 },
    Mark { sender: 0, number: 3 },
];

#[test]
fn members_who_see_all_in_one_order_give_no_finding() {
    let mut ledger = stored(2, &ORDER);
    assert_eq!(deliver(&mut ledger, 0, &ORDER, &ORDER), []);
    assert_eq!(ledger.unseen_of_others(1), 3);
    assert_eq!(deliver(&mut ledger, 1, &ORDER, &ORDER), []);
    assert_eq!(ledger.missing(), []);
}

#[test]
fn a_message_that_one_member_lacks_is_named_with_that_member() {
    let mut ledger = stored(2, &ORDER);
    deliver(&mut ledger, 0, &ORDER, &ORDER);
    assert_eq!(deliver(&mut ledger, 1, &ORDER, &[ORDER[0], ORDER[2], ORDER[3]]), []);
    let missing = ledger.missing();
    assert_eq!(rules_of(&missing), [rules::LOST]);
    assert_eq!(missing[0].text, "in group_7, message 1 of user 1 was acknowledged but is missing at user 1");
}

#[test]
fn a_message_that_everybody_lacks_is_missing_at_each() {
    let mut ledger = stored(2, &ORDER);
    for member in 0..2 {
        deliver(&mut ledger, member, &ORDER, &[ORDER[0], ORDER[1], ORDER[3]]);
    }
    assert_eq!(rules_of(&ledger.missing()), [rules::LOST, rules::LOST]);
    let mut nobody = stored(2, &ORDER);
    deliver(&mut nobody, 0, &ORDER, &ORDER[..3]);
    assert_eq!(nobody.missing().len(), 1 + 4);
}

#[test]
fn a_message_under_a_second_id_is_there_twice() {
    let mut ledger = stored(2, &ORDER);
    deliver(&mut ledger, 0, &ORDER, &ORDER[..1]);
    let again = ledger.delivered(0, ORDER[0], &"other".into(), Timestamp::from_millis(9)).unwrap_err();
    assert_eq!(again.rule, rules::TWICE);
    assert_eq!(
        again.text,
        "in group_7, user 0 sees message 1 of user 0 (id other) twice, the first time with id 0-1"
    );
}

#[test]
fn two_members_who_see_different_orders_break_the_sessions_order() {
    let mut ledger = stored(2, &ORDER);
    deliver(&mut ledger, 0, &ORDER, &ORDER);
    let swapped = [ORDER[1], ORDER[0], ORDER[2], ORDER[3]];
    let findings = deliver(&mut ledger, 1, &swapped, &swapped);
    assert_eq!(rules_of(&findings), [rules::SESSION_ORDER]);
    assert_eq!(ledger.missing(), []);
}

#[test]
fn a_senders_messages_out_of_order_are_found_even_by_the_first_to_see_them() {
    let mut ledger = stored(1, &ORDER[..1]);
    ledger.sending(0);
    ledger.stored(mark(0, 2)).unwrap();
    let order = [mark(0, 2), mark(0, 1)];
    assert_eq!(rules_of(&deliver(&mut ledger, 0, &order, &order)), [rules::SESSION_ORDER]);
}

#[test]
fn stamps_that_go_back_break_the_sessions_order() {
    let mut ledger = stored(1, &[mark(0, 1), mark(0, 2)]);
    let stamps_swapped = [mark(0, 2), mark(0, 1)];
    let findings = deliver(&mut ledger, 0, &stamps_swapped, &[mark(0, 1), mark(0, 2)]);
    assert_eq!(rules_of(&findings), [rules::SESSION_ORDER]);
}

#[test]
fn what_was_never_sent_is_found() {
    let mut ledger = stored(1, &ORDER[..1]);
    for unknown in [mark(0, 2), mark(0, 0), mark(5, 1)] {
        let finding = ledger.delivered(0, unknown, &"x".into(), Timestamp::MIN).unwrap_err();
        assert_eq!(finding.rule, rules::VERBATIM);
    }
}

#[test]
fn what_was_sent_but_never_acknowledged_is_found_and_not_called_lost() {
    let mut ledger = ledger(2);
    ledger.sending(0);
    assert_eq!(rules_of(&ledger.missing()), [rules::STORED]);
}

#[test]
fn acknowledgements_out_of_order_are_found() {
    let mut ledger = ledger(1);
    ledger.sending(0);
    ledger.sending(0);
    assert_eq!(ledger.stored(mark(0, 2)).unwrap_err().rule, rules::SENDER_ORDER);
}

#[test]
fn what_all_have_seen_is_forgotten() {
    let order: Vec<Mark> = (1..=1_000).map(|n| mark(0, n)).collect();
    let mut ledger = stored(3, &order);
    for chunk in order.chunks(10) {
        for member in 0..3 {
            assert_eq!(deliver(&mut ledger, member, &order, chunk), []);
        }
    }
    assert!(ledger.held() <= 3 * LOG_SLACK, "{}", ledger.held());
    assert_eq!(ledger.missing(), []);
}

/// What goes wrong at one member.
#[derive(Clone, Debug)]
enum Fault {
    None,
    Lose(usize),
    Repeat(usize),
    Swap(usize),
}

fn faults(len: usize) -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::None),
        (0..len).prop_map(Fault::Lose),
        (0..len).prop_map(Fault::Repeat),
        (0..len - 1).prop_map(Fault::Swap),
    ]
}

proptest! {
    // Any interleaving of any senders, seen by members at any pace: findings if and only if something went wrong, and
    // of the right kind.
    #[test]
    fn exactly_the_faults_are_found(senders in proptest::collection::vec(0..3usize, 2..200),
                                    pace in proptest::collection::vec(0..3usize, 0..400),
                                    victim in 0..3usize,
                                    fault in faults(200)) {
        let mut counts = [0u32; 3];
        let order: Vec<Mark> = senders.iter().map(|&s| { counts[s] += 1; mark(s, counts[s]) }).collect();
        let mut scripts = vec![order.clone(); 3];
        let in_range = |i: usize| i % order.len();
        match fault {
            Fault::None => {}
            Fault::Lose(i) => { scripts[victim].remove(in_range(i)); }
            Fault::Repeat(i) => { let m = order[in_range(i)]; scripts[victim].push(m); }
            Fault::Swap(i) => { let i = i % (order.len() - 1); scripts[victim].swap(i, i + 1); }
        }
        let mut ledger = stored(3, &order);
        let mut positions = [0usize; 3];
        let mut found = Vec::new();
        let tail = (0..3).flat_map(|m| std::iter::repeat_n(m, order.len() + 1));
        for member in pace.into_iter().chain(tail) {
            if let Some(message) = scripts[member].get(positions[member]) {
                positions[member] += 1;
                found.extend(deliver(&mut ledger, member, &order, &[*message]));
            }
        }
        let missing = ledger.missing();
        match fault {
            Fault::None => prop_assert!(found.is_empty() && missing.is_empty(), "{found:?} {missing:?}"),
            Fault::Lose(_) => prop_assert!(rules_of(&missing) == [rules::LOST], "{found:?} {missing:?}"),
            Fault::Repeat(_) => prop_assert!(rules_of(&found).contains(&rules::TWICE), "{found:?}"),
            Fault::Swap(_) => prop_assert!(rules_of(&found).contains(&rules::SESSION_ORDER) && missing.is_empty(),
                                           "{found:?} {missing:?}"),
        }
    }
}
