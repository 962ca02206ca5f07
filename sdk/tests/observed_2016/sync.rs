//! Syncs against a server that cuts times to the second, compares with "at or after", and stamps one object in two ways.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use y2w_sdk::protocol::{ImSessionId, SessionType, Timestamp};
use y2w_sdk::{ClientConfig, CurrentUser, Draft, Event, LoginOptions, NewGroup, Users};

use crate::canned::{PATIENT, answer_logins, ok, sent};

const SECOND: &str = "2016-11-24T08:00:05.000Z";
const MILLI: &str = "2016-11-24T08:00:05.120Z";

/// Ann, who never connects to a push server, and the numbers of her messages once they are stored.
async fn ann(server: &MockServer) -> (CurrentUser, mpsc::UnboundedReceiver<u64>) {
    answer_logins(server).await;
    let (told, stored) = mpsc::unbounded_channel();
    let observer = move |event: &Event| {
        if let Event::Stored { local_id, .. } = event {
            let _ = told.send(*local_id);
        }
    };
    let options = LoginOptions::default().observer(Arc::new(observer)).seed(1);
    let config = ClientConfig::new(&server.uri()).unwrap().deadline(PATIENT);
    (Users::new(config).login_with("a@b.c", "123456", options).await.unwrap(), stored)
}

fn team() -> ImSessionId {
    ImSessionId::new(SessionType::Group, "9")
}

fn group(updated: &str) -> Value {
    json!({"id": 9, "name": "team", "type": "group", "nameChanged": 1, "createdAt": SECOND, "updatedAt": updated})
}

fn member(user: u32, created: &str) -> Value {
    json!({
        "id": user + 100, "userId": user, "name": "x", "role": "user", "status": "active", "isDelete": 0,
        "createdAt": created, "updatedAt": created,
    })
}

fn message(id: u32, at: &str) -> Value {
    json!({
        "id": id, "sender": 1, "type": "text", "content": "{\"text\":\"hi\"}", "isDelete": 0, "createdAt": at,
        "updatedAt": at,
    })
}

/// Answers the group and its members, in seconds.
async fn answer_group(server: &MockServer) {
    let session = Mock::given(method("GET")).and(path("/v1/sessions/9"));
    session.respond_with(ok(group(SECOND))).mount(server).await;
    let members = Mock::given(method("GET")).and(path("/v1/sessions/9/members"));
    let list = json!({"total_count": 1, "entries": [member(1, SECOND)]});
    members.respond_with(ok(list)).mount(server).await;
}

/// Answers every sync of messages so.
async fn answer_messages(
    server: &MockServer,
    answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
) {
    Mock::given(method("GET")).and(path("/v1/sessions/9/messages")).respond_with(answer).mount(server).await;
}

async fn settled(ann: &CurrentUser) {
    tokio::time::timeout(PATIENT, ann.settled()).await.unwrap();
}

/// `limit` and Client-Sync-Time of every sync of messages.
async fn syncs(server: &MockServer) -> Vec<String> {
    let sync = |request: &String| {
        let rest = request.strip_prefix("GET /v1/sessions/9/messages?limit=")?;
        let (limit, headers) = rest.split_once('\n')?;
        let (_, since) = headers.split_once("client-sync-time: ")?;
        Some(format!("{limit} since {}", since.trim_end()))
    };
    sent(server).await.iter().filter_map(sync).collect()
}

#[tokio::test]
async fn a_page_wholly_of_known_entries_ends_the_sync() {
    for count in [0, 2, 99] {
        let server = MockServer::start().await;
        let (ann, _) = ann(&server).await;
        answer_group(&server).await;
        ann.open(&team()).await.unwrap();
        let page = json!({
            "total_count": count, "sessionUpdatedAt": SECOND, "entries": [message(301, SECOND), message(302, MILLI)],
        });
        answer_messages(&server, move |_| ok(page.clone())).await;
        ann.request_messages(&team());
        settled(&ann).await;
        assert_eq!(syncs(&server).await, ["100 since 946684800000", "100 since 1479974405120"]);
        assert_eq!(ann.with_model(|model| model.session(&"9".into()).unwrap().messages.iter().count()), 2);
    }
}

#[tokio::test]
async fn more_entries_of_one_second_than_a_page_holds_are_had_with_a_larger_page() {
    let server = MockServer::start().await;
    let (ann, _) = ann(&server).await;
    answer_group(&server).await;
    ann.open(&team()).await.unwrap();
    answer_messages(&server, |request| {
        let limit: u32 =
            request.url.query_pairs().find(|(name, _)| name == "limit").unwrap().1.parse().unwrap();
        let entries: Vec<Value> = (0..limit.min(150)).map(|id| message(id, SECOND)).collect();
        ok(json!({"total_count": 150, "sessionUpdatedAt": SECOND, "entries": entries}))
    })
    .await;
    ann.request_messages(&team());
    settled(&ann).await;
    assert_eq!(
        syncs(&server).await,
        [
            "100 since 946684800000",
            "100 since 1479974405000",
            "1000 since 1479974405000",
            "1000 since 1479974405000"
        ]
    );
    assert_eq!(ann.with_model(|model| model.session(&"9".into()).unwrap().messages.iter().count()), 150);
}

/// A server that gives less than it is asked for, and a message that this client has let go: it was changed before the
/// next one came.
#[tokio::test]
async fn a_page_of_what_was_let_go_is_not_the_end_of_a_sync() {
    let server = MockServer::start().await;
    answer_logins(&server).await;
    let config = ClientConfig::new(&server.uri()).unwrap().deadline(PATIENT);
    let options = LoginOptions::default().keep_messages(1).seed(1);
    let ann = Users::new(config).login_with("a@b.c", "123456", options).await.unwrap();
    answer_group(&server).await;
    ann.open(&team()).await.unwrap();
    let stamp = |n: i64| Timestamp::from_millis(1_479_974_400_000 + n).to_string();
    let changed = json!({ "createdAt": stamp(1), "updatedAt": stamp(3) });
    let mut edited = message(1, &stamp(1));
    edited.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    for log in [vec![message(1, &stamp(1)), message(2, &stamp(2))], vec![edited, message(3, &stamp(4))]] {
        answer_messages(&server, move |request| {
            let since = request.headers["client-sync-time"].to_str().unwrap();
            let later = |entry: &&Value| {
                let stamp = Timestamp::parse(entry["updatedAt"].as_str().unwrap());
                stamp > Timestamp::parse(since)
            };
            let entries: Vec<&Value> = log.iter().filter(later).take(1).collect();
            ok(json!({"total_count": 1, "sessionUpdatedAt": SECOND, "entries": entries}))
        })
        .await;
        ann.request_messages(&team());
        settled(&ann).await;
        // The next log answers from now on.
        server.reset().await;
        answer_group(&server).await;
    }
    let held = |model: &y2w_sdk::model::Model| {
        let messages = &model.session(&"9".into()).unwrap().messages;
        messages.iter().map(|message| message.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ann.with_model(held), ["3"]);
}

#[tokio::test]
async fn whole_second_and_millisecond_stamps_of_one_session_do_not_sync_it_for_ever() {
    let server = MockServer::start().await;
    let (ann, _) = ann(&server).await;
    answer_group(&server).await;
    ann.open(&team()).await.unwrap();
    answer_messages(&server, |_| ok(json!({"total_count": 0, "sessionUpdatedAt": MILLI, "entries": []})))
        .await;
    for _ in 0..3 {
        ann.request_messages(&team());
        settled(&ann).await;
    }
    let asked = sent(&server).await.iter().filter(|r| r.starts_with("GET /v1/sessions/9\n")).count();
    assert_eq!(asked, 2, "once to open it, once for what the page of messages said");
}

#[tokio::test]
async fn the_creator_of_a_group_adds_itself_and_takes_the_mts_from_the_list() {
    let server = MockServer::start().await;
    let (ann, _) = ann(&server).await;
    let answer = |verb, route, body| Mock::given(method(verb)).and(path(route)).respond_with(ok(body));
    answer("POST", "/v1/sessions", group(SECOND)).mount(&server).await;
    // Cut to the second in the answer to the write, or ahead of what the list then says.
    answer("POST", "/v1/sessions/9/members", member(1, "2016-11-24T08:00:06.000Z")).mount(&server).await;
    answer("GET", "/v1/sessions/9", group(MILLI)).mount(&server).await;
    let list = json!({"total_count": 0, "entries": [member(1, MILLI)]});
    answer("GET", "/v1/sessions/9/members", list).mount(&server).await;
    let made =
        ann.sessions().create_group(&NewGroup { name: "team", ..NewGroup::default() }).await.unwrap().im_id();
    assert_eq!(made, team());
    let mts = ann.with_model(|model| model.session(&made.id).unwrap().members.mts());
    assert_eq!(Some(mts), Timestamp::parse(MILLI));
    let lines: Vec<String> =
        sent(&server).await[1..].iter().map(|r| r.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "POST /v1/sessions",
            "POST /v1/sessions/9/members",
            "GET /v1/sessions/9",
            "GET /v1/sessions/9/members?limit=100",
            "GET /v1/sessions/9/members?limit=100",
        ]
    );
    assert!(sent(&server).await[2].contains("userId=1&name=Ann&role=master&"));
}

#[tokio::test]
async fn the_answer_to_a_write_does_not_move_where_the_next_sync_begins() {
    let server = MockServer::start().await;
    let (ann, mut stored) = ann(&server).await;
    answer_group(&server).await;
    ann.open(&team()).await.unwrap();
    answer_messages(&server, |_| {
        ok(json!({"total_count": 1, "sessionUpdatedAt": SECOND, "entries": [message(301, SECOND)]}))
    })
    .await;
    ann.request_messages(&team());
    settled(&ann).await;
    Mock::given(method("POST"))
        .and(path("/v1/sessions/9/messages"))
        .respond_with(ok(message(302, "2016-11-24T09:00:00.000Z")))
        .mount(&server)
        .await;
    let before = syncs(&server).await.len();
    ann.send(Draft::text(team(), "hi")).unwrap();
    tokio::time::timeout(PATIENT, stored.recv()).await.unwrap().unwrap();
    let watermark = ann.with_model(|model| model.session(&"9".into()).unwrap().messages.watermark());
    assert_eq!(Some(watermark), Timestamp::parse(SECOND));
    assert_eq!(syncs(&server).await.len(), before);
}
