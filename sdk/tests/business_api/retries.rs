//! Which calls are tried again, and when.

use std::time::Duration;

use y2w_sdk::api::ApiErrorKind;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{UpdateSession, UpdateUser};

use crate::script::{DEADLINE, Says, Script};

#[tokio::test(start_paused = true)]
async fn a_get_is_tried_twice_more_after_200_and_400_milliseconds() {
    let clock = Clock::starting_at(Timestamp::MIN);
    let (script, api) = Script::in_order(vec![Says::Breaks, Says::status(503), Says::bob()]);
    assert_eq!(api.user(&"2".into()).await.unwrap().name, "Bob");
    assert_eq!(script.sent(), ["GET /v1/users/2"; 3]);
    assert_eq!(clock.elapsed(), Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_its_error_is_told() {
    for (last, status) in
        [(Says::status(502), Some(502)), (Says::status(504), Some(504)), (Says::Breaks, None)]
    {
        let (script, api) = Script::in_order(vec![Says::status(503), Says::Breaks, last]);
        assert_eq!(api.user(&"2".into()).await.unwrap_err().status(), status);
        assert_eq!(script.sent().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn how_often_a_get_is_tried_can_be_chosen() {
    for tries in [1, 2, 5] {
        let (script, api) = Script::api(|_| Says::Breaks);
        let error = api.with_retries(tries - 1).user(&"2".into()).await.unwrap_err();
        assert!(matches!(error.kind, ApiErrorKind::Transport(_)), "{error}");
        assert_eq!(script.sent().len(), usize::try_from(tries).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_would_be_the_same_again_is_not_asked_for_again() {
    for status in [302, 400, 401, 403, 404, 409, 429, 500, 501] {
        let (script, api) = Script::in_order(vec![Says::status(status)]);
        assert_eq!(api.user(&"2".into()).await.unwrap_err().status(), Some(status));
        assert_eq!(script.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_without_an_answer_ends_at_the_deadline_and_is_not_tried_again() {
    let clock = Clock::starting_at(Timestamp::MIN);
    let (script, api) = Script::in_order(vec![Says::Nothing]);
    let error = api.user(&"2".into()).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Deadline(DEADLINE)), "{error}");
    assert_eq!(clock.elapsed(), DEADLINE);
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_try_has_a_deadline_of_its_own() {
    let late = DEADLINE - Duration::from_secs(1);
    let bob = r#"{"id":"2"}"#.to_owned();
    let answers = vec![Says::After(late, 503, String::new()), Says::After(late, 200, bob)];
    let (_, api) = Script::in_order(answers);
    assert_eq!(api.user(&"2".into()).await.unwrap().id.as_str(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_write_is_tried_once() {
    for broken in [|| Says::Breaks, || Says::status(502), || Says::status(503), || Says::status(504)] {
        let (script, api) = Script::api(move |_| broken());
        assert!(api.register("a@b.c", "x", "Ann").await.is_err());
        assert!(api.update_user(&"1".into(), &UpdateUser::default()).await.is_err());
        assert!(api.update_session(&"9".into(), &UpdateSession::default()).await.is_err());
        assert!(api.remove_session(&"9".into()).await.is_err());
        assert!(api.gate().await.is_err());
        assert_eq!(
            script.sent(),
            [
                "POST /v1/users/register",
                "PUT /v1/users/1",
                "PUT /v1/sessions/9",
                "DELETE /v1/sessions/9",
                "POST /gateHandler"
            ]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_that_is_repeated_with_a_new_token_has_all_its_tries_again() {
    let (script, api) = Script::in_order(vec![
        Says::login("t1"),
        Says::status(503),
        Says::status(503),
        Says::status(401),
        Says::login("t2"),
        Says::Breaks,
        Says::Breaks,
        Says::bob(),
    ]);
    api.login("a@b.c", "x").await.unwrap();
    api.user(&"2".into()).await.unwrap();
    assert_eq!(script.sent()[5..], ["GET /v1/users/2 t2"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_between_its_tries_is_not_tried_again() {
    let (script, api) = Script::in_order(vec![Says::Breaks, Says::bob()]);
    let dropped = tokio::time::timeout(Duration::from_millis(100), api.user(&"2".into())).await;
    assert!(dropped.is_err());
    api.user(&"2".into()).await.unwrap();
    assert_eq!(script.sent().len(), 2);
}
