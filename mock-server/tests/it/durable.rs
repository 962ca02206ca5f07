//! A server with a data directory: what it was told is there at its next start.

use serde_json::{Value, json};
use tempfile::TempDir;
use y2w_mock_server::MockServer;
use y2w_mock_server::faults::{Faults, RouteFault};
use y2w_mock_server::quirks::{Quirk, Rate};

use crate::support::{Api, Person, builder, group, stored_files};

const BOUNDARY: &str = "multipart/form-data; boundary=b";

fn form(text: &str) -> String {
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"plan.txt\"";
    format!("--b\r\n{head}\r\n\r\n{text}\r\n--b--\r\n")
}

async fn content(api: &Api, by: &Person, id: &str) -> Vec<u8> {
    let answer = api.get(&format!("/v1/attachments/{id}/content")).by(by).send().await;
    assert_eq!(answer.status, 200);
    answer.bytes
}

#[tokio::test]
async fn the_next_start_knows_it_all() {
    let directory = TempDir::new().unwrap();
    let builder = || builder().another_app("other", "secret").data_dir(directory.path().join("new"));
    let server = builder().start().await.unwrap();
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = group(&api, &ann, &[&bob]).await;
    let sent = api.send_text(&ann, &session, "hello").await;
    let upload = api.call("POST", "/v1/attachments").header("content-type", BOUNDARY).body(form("a plan"));
    let file = upload.by(&ann).send().await.ok();
    let id = file["id"].as_str().unwrap();
    let there = Api::at(server.apps().nth(1).unwrap().0);
    let namesake = there.register("ann").await;
    let emojis = api.get("/v1/emojis").by(&ann).send().await.ok();
    server.shutdown().await;

    let server = builder().start().await.unwrap();
    let api = Api::of(&server);
    let list = api.get(&format!("/v1/sessions/{session}/messages")).by(&bob).send().await.ok();
    assert!(list["entries"].as_array().unwrap().contains(&sent), "{list}");
    assert_eq!(content(&api, &bob, id).await, b"a plan");
    assert_eq!(api.get("/v1/emojis").by(&ann).send().await.ok(), emojis);
    let there = Api::at(server.apps().nth(1).unwrap().0);
    there.get("/v1/users/1").by(&namesake).send().await.ok();
    there.get("/v1/users/1").by(&ann).send().await.refused(401);
    // The seed is the same as at the first start, the tokens are not.
    let again = api.register("cid").await;
    for earlier in [&ann, &bob, &namesake] {
        assert_ne!(again.token, earlier.token);
    }
    assert_eq!(api.get(&format!("/v1/users/{}", ann.uid)).by(&ann).send().await.ok()["name"], "ann");
    server.shutdown().await;

    let error = crate::support::builder().data_dir(directory.path().join("new")).start().await.unwrap_err();
    assert!(error.to_string().contains("of the apps key, other, not of key"), "{error}");
}

#[tokio::test]
async fn two_servers_do_not_share_a_directory() {
    let directory = TempDir::new().unwrap();
    let _first = builder().data_dir(directory.path()).start().await.unwrap();
    let error = builder().data_dir(directory.path()).start().await.unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
}

async fn texts(api: &Api, by: &Person, session: &str) -> Vec<String> {
    let list = api.get(&format!("/v1/sessions/{session}/messages?limit=1000")).by(by).send().await.ok();
    let text = |entry: &Value| entry["content"].as_str().unwrap().to_owned();
    list["entries"].as_array().unwrap().iter().filter(|entry| entry["type"] == "text").map(text).collect()
}

/// What a server does wrong by a part of 1 it goes on to do wrong as it would have without a restart; other quirks count
/// from then on.
#[tokio::test]
async fn quirks_are_part_of_what_is_kept() {
    let directory = TempDir::new().unwrap();
    let rate = Rate::new(0.5).unwrap();
    let losing = || builder().data_dir(directory.path()).quirk_at(Quirk::MessageLost, rate);
    let without_restart = builder().quirk_at(Quirk::MessageLost, rate).start().await.unwrap();
    let send = async |server: &MockServer, by: &Person, session: &str, count: usize| {
        for n in 0..count {
            Api::of(server).send_text(by, session, &n.to_string()).await;
        }
    };
    let begin = async |server: &MockServer| {
        let api = Api::of(server);
        let (ann, bob) = (api.register("ann").await, api.register("bob").await);
        let session = group(&api, &ann, &[&bob]).await;
        (ann, session)
    };
    let (ann, session) = begin(&without_restart).await;
    send(&without_restart, &ann, &session, 20).await;
    send(&without_restart, &ann, &session, 20).await;
    let expected = texts(&Api::of(&without_restart), &ann, &session).await;
    assert!((1..40).contains(&expected.len()), "{}", expected.len());

    let server = losing().start().await.unwrap();
    let (ann, session) = begin(&server).await;
    send(&server, &ann, &session, 20).await;
    server.shutdown().await;
    let server = losing().start().await.unwrap();
    send(&server, &ann, &session, 20).await;
    assert_eq!(texts(&Api::of(&server), &ann, &session).await, expected);
    server.shutdown().await;

    // Without the quirk, what was lost stays so, and nothing more is.
    for _ in 0..2 {
        let server = builder().data_dir(directory.path()).start().await.unwrap();
        let api = Api::of(&server);
        let before = texts(&api, &ann, &session).await;
        send(&server, &ann, &session, 10).await;
        let after = texts(&api, &ann, &session).await;
        assert_eq!(&after[..before.len()], before);
        assert_eq!(after.len(), before.len() + 10);
        server.shutdown().await;
    }
}

/// An answer may be lost or late: what it would have said is kept all the same.
#[tokio::test]
async fn a_write_whose_answer_is_lost_is_kept() {
    let directory = TempDir::new().unwrap();
    let builder = || builder().data_dir(directory.path()).control("127.0.0.1:0".parse().unwrap());
    let server = builder().start().await.unwrap();
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = group(&api, &ann, &[&bob]).await;
    let route =
        RouteFault { lose_answer: 1.0, path: "/v1/sessions/{id}/messages".to_owned(), ..Default::default() };
    server.set_faults(Faults { routes: vec![route], ..Faults::default() }).unwrap();
    let content = json!({ "text": "unheard" }).to_string();
    let form = [("sender", &*ann.uid), ("content", &content), ("type", "text")];
    api.post(&format!("/v1/sessions/{session}/messages"), &form).by(&ann).unanswered().await;
    server.clear_faults();
    let control = Api::at(format!("http://{}", server.control_addr().unwrap()));
    let expire = control.call("POST", "/_mock/tokens/expire").body(json!({ "uid": bob.uid }).to_string());
    assert_eq!(expire.send().await.ok(), json!({ "count": 1 }));
    server.shutdown().await;

    let server = builder().start().await.unwrap();
    let api = Api::of(&server);
    assert_eq!(texts(&api, &ann, &session).await, [content]);
    api.get("/v1/emojis").by(&bob).send().await.refused(401);
}

/// What a crash leaves of an upload is a file that nothing refers to.
#[tokio::test]
async fn files_without_an_attachment_go_at_the_next_start() {
    let directory = TempDir::new().unwrap();
    let kept = directory.path().join("files");
    let builder = || builder().another_app("other", "secret").data_dir(directory.path());
    let server = builder().start().await.unwrap();
    let mut of_apps = Vec::new();
    for (url, _) in server.apps() {
        let api = Api::at(url);
        let ann = api.register("ann").await;
        let upload =
            api.call("POST", "/v1/attachments").header("content-type", BOUNDARY).body(form("a plan"));
        upload.by(&ann).send().await.ok();
        of_apps.push(ann);
    }
    server.shutdown().await;
    let before = stored_files(&kept);
    assert_eq!(before.len(), 2);
    std::fs::write(kept.join(format!("{:032x}.attachment", 7)), "half of a").unwrap();
    std::fs::write(kept.join("notes.txt"), "somebody's").unwrap();

    let server = builder().start().await.unwrap();
    assert_eq!(stored_files(&kept), before);
    assert!(kept.join("notes.txt").exists());
    for ((url, _), ann) in server.apps().zip(&of_apps) {
        assert_eq!(content(&Api::at(url), ann, "1").await, b"a plan");
    }
    server.shutdown().await;
}

/// Without a data directory no attachment outlives its server, wherever its bytes are.
#[tokio::test]
async fn files_of_a_state_that_was_not_kept_go_at_the_next_start() {
    let directory = TempDir::new().unwrap();
    for _ in 0..2 {
        let server = builder().files(directory.path()).start().await.unwrap();
        assert_eq!(stored_files(directory.path()), [""; 0]);
        let api = Api::of(&server);
        let ann = api.register("ann").await;
        let upload =
            api.call("POST", "/v1/attachments").header("content-type", BOUNDARY).body(form("a plan"));
        upload.by(&ann).send().await.ok();
        assert_eq!(stored_files(directory.path()).len(), 1);
        let error = builder().files(directory.path()).start().await.unwrap_err();
        assert!(error.to_string().contains("in use by another server"), "{error}");
        server.shutdown().await;
    }
}
