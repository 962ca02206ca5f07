use super::*;

const NOW: Timestamp = Timestamp::MIN;
const ACCEPT_WITHIN: Duration = Duration::from_secs(10);

fn connection() -> Connection {
    Connection::new(DeviceClass::Web, "guid".to_owned(), 7, ACCEPT_WITHIN)
}

fn actions(connection: &mut Connection) -> Vec<Action> {
    std::iter::from_fn(|| connection.poll()).collect()
}

fn dial(reconnection: bool) -> Action {
    Action::Dial(ClientId { reconnection, device: DeviceClass::Web, guid: "guid".to_owned() })
}

/// Brings the machine from the gate's question to `Up`.
fn come_up(connection: &mut Connection, now: Timestamp) {
    connection.gate(Ok(String::new()), now);
    connection.dialled(Dialled::Connack, now);
    connection.control(ConnectionReturnCode::ACCEPT_CONNECT, now);
    assert!(connection.is_up());
}

fn started() -> Connection {
    let mut connection = connection();
    connection.start();
    connection.token(Ok(()), NOW);
    actions(&mut connection);
    connection
}

#[test]
fn a_client_fetches_a_token_asks_the_gate_dials_and_waits_for_the_accept() {
    let mut c = connection();
    c.start();
    assert_eq!(
        actions(&mut c),
        [Action::State(ConnectionState::Connecting { region: None }), Action::FetchToken]
    );
    c.token(Ok(()), NOW);
    assert_eq!(actions(&mut c), [Action::AskGate]);
    c.gate(Ok(String::new()), NOW);
    assert_eq!(actions(&mut c), [dial(false)]);
    c.dialled(Dialled::Connack, NOW);
    assert_eq!(actions(&mut c), []);
    assert!(!c.is_up());
    c.control(ConnectionReturnCode::ACCEPT_CONNECT, NOW);
    assert_eq!(actions(&mut c), [Action::State(ConnectionState::Connected)]);
}

#[test]
fn a_lost_connection_is_opened_again_as_a_reconnection_after_a_pause() {
    let mut c = started();
    come_up(&mut c, NOW);
    actions(&mut c);
    c.lost("reset".to_owned(), NOW);
    assert_eq!(
        actions(&mut c),
        [
            Action::State(ConnectionState::NetworkDisconnected),
            Action::Trouble(Trouble::Network("reset".to_owned())),
        ]
    );
    let due = c.deadline().unwrap();
    assert!(NOW.until(due) >= limits::RECONNECT_PERIOD / 2);
    c.tick(due);
    assert_eq!(
        actions(&mut c),
        [Action::State(ConnectionState::Reconnecting { attempt: 1 }), Action::AskGate]
    );
    c.gate(Ok(String::new()), due);
    assert_eq!(actions(&mut c), [dial(true)]);
}

#[test]
fn the_pause_grows_with_every_attempt_up_to_its_bound() {
    let mut c = started();
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..12 {
        c.gate(Err("down".to_owned()), now);
        let due = c.deadline().unwrap();
        pauses.push(now.until(due));
        now = due;
        c.tick(now);
    }
    assert!(pauses[0] < limits::RECONNECT_PERIOD * 2, "{pauses:?}");
    assert!(pauses[4] > pauses[0] * 4, "{pauses:?}");
    assert!(pauses.iter().all(|p| *p <= limits::RECONNECT_PERIOD_MAX.mul_f64(1.5)), "{pauses:?}");
}

#[test]
fn stop_codes_end_it_whether_they_come_in_the_connack_or_later() {
    for code in [2, 3, 4, 10].map(ConnectionReturnCode) {
        let mut refused = started();
        refused.gate(Ok(String::new()), NOW);
        refused.dialled(Dialled::Refused(code), NOW);
        let mut ended = started();
        come_up(&mut ended, NOW);
        ended.control(code, NOW);
        for mut c in [refused, ended] {
            let last = actions(&mut c).pop();
            assert_eq!(last, Some(Action::State(ConnectionState::Disconnected { code: Some(code) })));
            assert!(c.is_stopped());
            assert_eq!(c.deadline(), None);
        }
    }
}

#[test]
fn a_kicked_client_closes_and_does_not_reconnect_when_the_server_closes_too() {
    let mut c = started();
    come_up(&mut c, NOW);
    actions(&mut c);
    c.control(ConnectionReturnCode::KICKED, NOW);
    assert!(actions(&mut c).contains(&Action::Close));
    c.lost("closed".to_owned(), NOW);
    c.tick(NOW.plus(Duration::from_secs(3_600)));
    assert_eq!(actions(&mut c), []);
}

#[test]
fn codes_that_do_not_stop_lead_to_another_attempt() {
    for code in [7, 99, 100, 4711].map(ConnectionReturnCode) {
        let mut c = started();
        c.gate(Ok(String::new()), NOW);
        c.dialled(Dialled::Refused(code), NOW);
        assert!(c.deadline().is_some(), "{code}");
    }
}

#[test]
fn a_token_that_is_refused_is_renewed_but_never_in_a_tight_loop() {
    for code in [5, 6].map(ConnectionReturnCode) {
        let mut c = started();
        c.gate(Ok(String::new()), NOW);
        c.dialled(Dialled::Refused(code), NOW);
        actions(&mut c);
        let due = c.deadline().unwrap();
        assert!(due > NOW);
        c.tick(due);
        assert_eq!(
            actions(&mut c),
            [Action::State(ConnectionState::Reconnecting { attempt: 1 }), Action::FetchToken]
        );
    }
}

#[test]
fn a_token_that_cannot_be_had_is_tried_for_again_after_ten_seconds() {
    let mut c = connection();
    c.start();
    c.token(Err("500".to_owned()), NOW);
    assert_eq!(c.deadline(), Some(NOW.plus(Duration::from_secs(10))));
}

#[test]
fn a_push_server_that_never_accepts_is_left_and_tried_again() {
    let mut c = started();
    c.gate(Ok(String::new()), NOW);
    c.dialled(Dialled::Connack, NOW);
    actions(&mut c);
    let due = c.deadline().unwrap();
    c.tick(due);
    assert_eq!(actions(&mut c), [Action::Close, Action::Trouble(Trouble::NotAccepted(ACCEPT_WITHIN))]);
    assert!(c.deadline().is_some());
}

#[test]
fn after_stop_nothing_happens_until_start() {
    let mut c = started();
    come_up(&mut c, NOW);
    c.stop();
    actions(&mut c);
    c.control(ConnectionReturnCode::KICKED, NOW);
    c.lost("x".to_owned(), NOW);
    assert_eq!(actions(&mut c), []);
    c.start();
    assert!(actions(&mut c).contains(&Action::FetchToken));
}

proptest::proptest! {
    // Whatever happens in whatever order, there is never a second thing under way and never a reconnect without pause.
    #[test]
    fn any_order_of_events_keeps_the_invariants(events in proptest::collection::vec((0..12u8, 0..40_000u64), 0..80)) {
        let mut c = connection();
        let mut now = NOW;
        let mut failed_at = NOW;
        for (event, wait) in events {
            now = now.plus(Duration::from_millis(wait));
            match event {
                0 => c.start(),
                1 => c.token(Ok(()), now),
                2 => c.token(Err(String::new()), now),
                3 => c.gate(Ok(String::new()), now),
                4 => c.gate(Err(String::new()), now),
                5 => c.dialled(Dialled::Connack, now),
                6 => c.dialled(Dialled::Network(String::new()), now),
                7 => c.dialled(Dialled::Refused(ConnectionReturnCode(u32::try_from(wait % 12).unwrap())), now),
                8 => c.control(ConnectionReturnCode(u32::try_from(wait % 12).unwrap()), now),
                9 => c.lost(String::new(), now),
                10 => c.reconnect(Trouble::Unanswered(10), now),
                _ => c.tick(now),
            }
            let out = actions(&mut c);
            let under_way = out.iter().filter(|a| matches!(a, Action::FetchToken | Action::AskGate | Action::Dial(_))).count();
            proptest::prop_assert!(under_way <= 1, "{out:?}");
            if out.iter().any(|a| matches!(a, Action::State(ConnectionState::Reconnecting { attempt: _ }))) {
                proptest::prop_assert!(failed_at.until(now) >= limits::RECONNECT_PERIOD / 2);
            }
            if out.iter().any(|a| matches!(a, Action::Trouble(_))) {
                failed_at = now;
            }
        }
    }
}

#[test]
fn the_region_that_the_gate_names_is_told_while_first_connecting_only() {
    let mut c = started();
    c.gate(Ok("cn".to_owned()), NOW);
    let connecting = Action::State(ConnectionState::Connecting { region: Some("cn".to_owned()) });
    assert_eq!(actions(&mut c), [connecting, dial(false)]);
    c.dialled(Dialled::Network("reset".to_owned()), NOW);
    let due = c.deadline().unwrap();
    c.tick(due);
    actions(&mut c);
    c.gate(Ok("cn".to_owned()), due);
    assert_eq!(actions(&mut c), [dial(false)]);
}

#[test]
fn without_an_app_key_code_7_is_reported_and_nothing_is_dialled() {
    let mut c = connection();
    c.refuse_without_app_key();
    let code = ConnectionReturnCode::AUTHENTICATION_SERVER_ERROR;
    assert_eq!(
        actions(&mut c),
        [
            Action::Trouble(Trouble::NoAppKey),
            Action::State(ConnectionState::Disconnected { code: Some(code) })
        ]
    );
    assert!(c.is_stopped());
}

#[test]
fn a_gate_that_does_not_answer_is_code_101() {
    assert_eq!(Trouble::NoGate(String::new()).code(), Some(ConnectionReturnCode::REQUEST_GATE_ERROR));
}
