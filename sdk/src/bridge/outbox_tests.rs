use super::*;
use crate::protocol::SessionType;

const NOW: Timestamp = Timestamp::MIN;

fn session(id: &str) -> ImSessionId {
    ImSessionId::new(SessionType::Group, id)
}

fn outbox(notices: &[(&str, u64)]) -> Outbox {
    let mut outbox = Outbox::default();
    outbox.online();
    for (id, local_id) in notices {
        outbox.push(&session(id), Some(*local_id), RawValue::from_string("{}".to_owned()).unwrap());
    }
    outbox
}

fn all(outbox: &mut Outbox, now: Timestamp) -> Vec<Action> {
    std::iter::from_fn(|| outbox.poll(now)).collect()
}

fn send(id: u64, to: &str) -> Action {
    Action::Send { id, session: session(to) }
}

fn update(id: u64, to: &str, scope: Scope) -> Action {
    Action::Update { id, session: session(to), scope }
}

#[test]
fn one_notice_of_a_session_is_on_its_way_at_a_time_and_sessions_do_not_wait_for_each_other() {
    let mut outbox = outbox(&[("a", 1), ("a", 2), ("b", 3)]);
    assert_eq!(all(&mut outbox, NOW), [send(0, "a"), send(1, "b")]);
    outbox.reply(0, SendReturnCode::SUCCESS, None);
    assert_eq!(all(&mut outbox, NOW), [Action::Done { local_id: Some(1), commands: 1 }, send(2, "a")]);
    assert_eq!(outbox.len(), 2);
}

#[test]
fn an_unknown_session_is_told_its_members_and_the_notice_with_them() {
    let mut outbox = outbox(&[("a", 1)]);
    all(&mut outbox, NOW);
    outbox.reply(0, SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST, None);
    assert_eq!(all(&mut outbox, NOW), [update(1, "a", Scope::Present)]);
    outbox.reply(1, SendReturnCode::SUCCESS, None);
    assert_eq!(all(&mut outbox, NOW), [Action::Done { local_id: Some(1), commands: 2 }]);
    assert!(outbox.is_empty());
}

#[test]
fn a_push_server_that_is_behind_is_told_what_changed_since() {
    let mut outbox = outbox(&[("a", 1)]);
    all(&mut outbox, NOW);
    outbox.reply(0, SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED, Some(NOW));
    assert_eq!(all(&mut outbox, NOW), [update(1, "a", Scope::Since(NOW))]);
}

#[test]
fn a_client_that_is_behind_syncs_and_sends_again_and_after_three_rounds_forces() {
    let mut outbox = outbox(&[("a", 1)]);
    assert_eq!(all(&mut outbox, NOW), [send(0, "a")]);
    for round in 0..3 {
        outbox.reply(round, SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, Some(NOW));
        assert_eq!(all(&mut outbox, NOW), [Action::SyncMembers(session("a"))]);
        outbox.members_synced(&session("a"));
        assert_eq!(all(&mut outbox, NOW), [send(round + 1, "a")]);
    }
    outbox.reply(3, SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, Some(NOW));
    assert_eq!(all(&mut outbox, NOW), [Action::SyncMembers(session("a"))]);
    outbox.members_synced(&session("a"));
    assert_eq!(all(&mut outbox, NOW), [update(4, "a", Scope::All)]);
}

#[test]
fn a_code_that_no_recovery_mends_is_reported_and_the_next_notice_goes() {
    for code in [22, 23, 24, 25, 29, 30, 31, 4711] {
        let mut outbox = outbox(&[("a", 1), ("a", 2)]);
        all(&mut outbox, NOW);
        outbox.reply(0, SendReturnCode(code), None);
        let failed = Action::Failed { local_id: Some(1), code: SendReturnCode(code) };
        assert_eq!(all(&mut outbox, NOW), [failed, send(1, "a")]);
    }
}

#[test]
fn a_command_without_a_reply_goes_again_and_its_late_reply_is_ignored() {
    let mut outbox = outbox(&[("a", 1)]);
    all(&mut outbox, NOW);
    let later = NOW.plus(limits::SEND_TIMEOUT);
    assert_eq!(outbox.deadline(), Some(later));
    assert_eq!(all(&mut outbox, later), [send(1, "a")]);
    outbox.reply(0, SendReturnCode::SUCCESS, None);
    assert_eq!(all(&mut outbox, later), []);
    assert_eq!(outbox.len(), 1);
}

#[test]
fn ten_timeouts_in_a_row_ask_for_another_connection() {
    let mut outbox = outbox(&[("a", 1)]);
    let mut now = NOW;
    all(&mut outbox, now);
    for timeout in 1..=limits::TIMEOUTS_BEFORE_RECONNECT {
        now = now.plus(limits::SEND_TIMEOUT);
        let reconnects = all(&mut outbox, now).contains(&Action::Reconnect);
        assert_eq!(reconnects, timeout == limits::TIMEOUTS_BEFORE_RECONNECT, "timeout {timeout}");
    }
}

/// However often a command went unanswered, the first answer begins the recovery and does not end it.
#[test]
fn timeouts_do_not_use_up_what_recovery_needs() {
    let mut outbox = outbox(&[("a", 1)]);
    let mut now = NOW;
    for _ in 0..=2 * ANSWERS_MAX {
        all(&mut outbox, now);
        now = now.plus(limits::SEND_TIMEOUT);
    }
    let Some(Action::Send { id, .. }) = all(&mut outbox, now).pop() else { panic!("it is not sent again") };
    outbox.reply(id, SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, Some(NOW));
    assert_eq!(all(&mut outbox, now), [Action::SyncMembers(session("a"))]);
}

#[test]
fn what_was_on_its_way_when_the_connection_was_lost_goes_again_on_the_next() {
    let mut outbox = outbox(&[("a", 1), ("b", 2)]);
    all(&mut outbox, NOW);
    outbox.reply(1, SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST, None);
    outbox.offline();
    assert_eq!(all(&mut outbox, NOW), []);
    outbox.online();
    let mut again = all(&mut outbox, NOW);
    again.sort_by_key(|a| format!("{a:?}").contains("Update"));
    assert!(
        matches!(&again[..], [Action::Send { .. }, Action::Update { scope: Scope::Present, .. }]),
        "{again:?}"
    );
}

#[test]
fn a_push_server_that_always_asks_for_more_does_not_keep_a_notice_for_ever() {
    let mut outbox = outbox(&[("a", 1)]);
    let mut commands = 0;
    loop {
        match outbox.poll(NOW) {
            Some(Action::Send { id, .. } | Action::Update { id, .. }) => {
                commands += 1;
                outbox.reply(id, SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST, None);
            }
            Some(Action::Failed { local_id: Some(1), .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(commands, ANSWERS_MAX);
}

#[test]
fn a_notice_to_one_users_own_address_is_not_recovered() {
    let mut outbox = Outbox::default();
    outbox.online();
    let app = ImSessionId::new(SessionType::App, "7");
    outbox.push(&app, None, RawValue::from_string("{}".to_owned()).unwrap());
    assert_eq!(all(&mut outbox, NOW), [Action::Send { id: 0, session: app }]);
    let code = SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST;
    outbox.reply(0, code, None);
    assert_eq!(all(&mut outbox, NOW), [Action::Failed { local_id: None, code }]);
    assert!(outbox.is_empty());
}
