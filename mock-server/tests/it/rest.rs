//! The business API as raw HTTP.

use serde_json::{Value, json};
use y2w_mock_server::LoginLimits;
use y2w_sdk::protocol::credential::{derived_secret, password_md5};

use crate::support::{Api, Person, builder, server};

#[tokio::test]
async fn forms_and_json_do_the_same() {
    let server = server().await;
    let api = Api::of(&server);
    let form = [("email", "a"), ("password", "x"), ("name", "Ann & Co")];
    let by_form = api.post("/v1/users/register", &form).send().await.ok();
    let by_json = api
        .call("POST", "/v1/users/register")
        .header("content-type", "application/json; charset=utf-8")
        .body(json!({"email": "b", "password": "x", "name": "Ann & Co"}).to_string())
        .send()
        .await
        .ok();
    assert_eq!(by_form["name"], by_json["name"]);
    assert_eq!((&by_form["id"], &by_json["id"]), (&json!("1"), &json!("2")));
    assert!(by_form["createdAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(by_form["pinyin"], json!(["ann", "co"]));
    assert!(!by_form.to_string().contains("argon2"), "AUTH-PASSWORD-HIDDEN");
}

#[tokio::test]
async fn accounts_are_guarded() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let again = [("email", "ann@example.org"), ("password", "x"), ("name", "x")];
    api.post("/v1/users/register", &again).send().await.refused(400);
    api.post("/v1/users/register", &again[..2]).send().await.refused(400);
    let wrong = [("email", "ann@example.org"), ("password", "x")];
    api.post("/v1/users/login", &wrong).send().await.refused(400);
    let unknown = [("email", "nobody"), ("password", "x")];
    api.post("/v1/users/login", &unknown).send().await.refused(400);
    let password = password_md5("ann");
    let right = [("email", "ann@example.org"), ("password", &*password)];
    let login = api.post("/v1/users/login", &right).send().await.ok();
    assert_ne!(login["token"], ann.token);
    assert_eq!(login["key"], "key");
    assert_eq!(login["secret"], derived_secret("secret", server.clock().now()));
    assert_eq!(login["expires"], 86_400);
    api.get("/v1/users/1").by(&ann).send().await.ok();
}

#[tokio::test]
async fn a_token_comes_in_one_way() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let in_query = format!("/v1/users/1?access_token={}", ann.token);
    api.get(&in_query).send().await.ok();
    api.get(&in_query).by(&ann).send().await.refused(400);
    api.get("/v1/users/1").send().await.refused(401);
    for wrong in ["Bearer nonsense", "Basic eDp5", "Bearer"] {
        let call = api.get("/v1/users/1").header("authorization", wrong);
        call.send().await.refused(401);
    }
}

#[tokio::test]
async fn every_error_has_the_shape() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    api.get("/v1/nowhere").send().await.refused(404);
    api.get("/").send().await.refused(404);
    api.call("DELETE", "/v1/users/register").send().await.refused(405);
    api.get("/v1/users/99").by(&ann).send().await.refused(404);
    api.get("/v1/sessions/99").by(&ann).send().await.refused(404);
    api.get("/v1/users/99/userConversations").by(&ann).send().await.refused(403);
    api.get("/v1/users/%ff").by(&ann).send().await.refused(400);
    api.get("/v1/users?limit=x").by(&ann).send().await.refused(400);
    api.call("POST", "/v1/users/login").send().await.refused(400);
    api.call("POST", "/v1/users/login")
        .header("content-type", "application/json")
        .body("{".to_owned())
        .send()
        .await
        .refused(400);
    for size in [70_000, 2_000_000] {
        api.call("POST", "/v1/users/login").body("x".repeat(size)).send().await.refused(413);
    }
    let bob = api.register("bob").await;
    let path = format!("/v1/sessions/{}/messages", api.p2p(&ann, &bob).await);
    for (size, status) in [(500_000, 200), (1_200_000, 413)] {
        let content = "x".repeat(size);
        let form = [("sender", &*ann.uid), ("type", "text"), ("content", &content)];
        assert_eq!(api.post(&path, &form).by(&ann).send().await.status, status);
    }
}

#[tokio::test]
async fn browsers_are_let_in() {
    let server = server().await;
    let api = Api::of(&server);
    for path in ["/v1/users/1", "/oauth/token", "/gateHandler", "/v1/nowhere"] {
        let preflight = api.call("OPTIONS", path).send().await;
        assert_eq!(preflight.status, 200);
        let text = |name: &str| preflight.headers[name].to_str().unwrap();
        assert_eq!(text("access-control-allow-origin"), "*");
        for header in ["Client-Sync-Time", "Authorization", "Content-MD5"] {
            assert!(text("access-control-allow-headers").contains(header));
        }
        assert!(text("access-control-allow-methods").contains("DELETE"));
        let refused = api.get(path).send().await;
        assert_eq!(refused.headers["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn users_are_found_by_their_whole_account() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let found = api.get("/v1/users?filter_term=ann%40example.org").by(&ann).send().await.ok();
    assert_eq!(found["total_count"], 1);
    assert_eq!(found["entries"][0]["id"], ann.uid);
    let none = api.get("/v1/users?filter_term=ann").by(&ann).send().await.ok();
    assert_eq!(none, json!({"total_count": 0, "entries": []}));
}

#[tokio::test]
async fn the_token_endpoint_takes_the_secrets_of_these_days() {
    let server = server().await;
    let api = Api::of(&server);
    let today = server.clock().now().as_millis();
    let of_day = |days: i64| {
        let day = y2w_sdk::protocol::Timestamp::from_millis(today + days * 24 * 3_600_000);
        derived_secret("secret", day)
    };
    let grant = async |kind: &str, id: &str, secret: &str| {
        let form = [("grant_type", kind), ("client_id", id), ("client_secret", secret)];
        api.post("/oauth/token", &form).send().await
    };
    let kind = "client_credentials";
    for secret in ["secret", &of_day(0), &of_day(-1), &of_day(1)] {
        let answer = grant(kind, "key", secret).await.ok();
        assert_eq!(answer["token_type"], "bearer");
        assert_eq!(answer["expires_in"], 86_400);
    }
    for (id, secret) in [("key", "wrong"), ("other", "secret"), ("key", &*of_day(-2))] {
        let body = grant(kind, id, secret).await.refused(401);
        assert_eq!(body["error"], "invalid_client");
    }
    let body = grant("password", "key", "secret").await.refused(400);
    assert_eq!(body["error"], "unsupported_grant_type");
    let gate = api.post("/gateHandler", &[("oper", "other")]).send().await;
    gate.refused(400);
}

#[tokio::test]
async fn a_sync_takes_every_form_of_a_time() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = api.p2p(&ann, &bob).await;
    let path = format!("/v1/sessions/{session}/members");
    let all = api.get(&path).by(&ann).send().await.ok();
    let stamp = all["entries"][0]["updatedAt"].as_str().unwrap();
    let millis = y2w_sdk::protocol::Timestamp::parse(stamp).unwrap().as_millis().to_string();
    for since in [stamp, &millis] {
        let rest = api.get(&path).by(&ann).since(since).send().await.ok();
        assert_eq!(rest["entries"], json!([all["entries"][1]]));
        assert_eq!(rest["total_count"], 1);
    }
    let page = format!("{path}?limit=1&offset=1");
    let page = api.get(&page).by(&ann).send().await.ok();
    assert_eq!(page["entries"], json!([all["entries"][1]]));
    assert_eq!(page["total_count"], 2);
    api.get(&path).by(&ann).since("yesterday").send().await.refused(400);
}

async fn member(api: &Api, by: &Person, session: &str, who: &Person, role: &str) -> crate::support::Answer {
    let form = [("userId", &*who.uid), ("name", "N"), ("role", role)];
    api.post(&format!("/v1/sessions/{session}/members"), &form).by(by).send().await
}

#[tokio::test]
async fn a_group_lives() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob, eve) = (api.register("ann").await, api.register("bob").await, api.register("eve").await);
    let p2p = [("type", "p2p"), ("name", "x")];
    api.post("/v1/sessions", &p2p).by(&ann).send().await.refused(400);
    let form = [("type", "group"), ("name", ""), ("secureType", "private"), ("avatarUrl", "")];
    let created = api.post("/v1/sessions", &form).by(&ann).send().await.ok();
    assert_eq!(created["secureType"], "private");
    let session = created["id"].as_str().unwrap();
    member(&api, &eve, session, &eve, "master").await.refused(403);
    let master = member(&api, &ann, session, &ann, "master").await.ok();
    assert_eq!(master["role"], "master");
    assert_eq!(master["lastReadTime"], Value::Null);
    let entry = member(&api, &ann, session, &bob, "user").await.ok();
    member(&api, &bob, session, &eve, "admin").await.refused(403);

    let path = format!("/v1/sessions/{session}");
    let named = api.get(&path).by(&bob).send().await.ok();
    assert_eq!(named["name"], "N,N");
    api.get(&path).by(&eve).send().await.refused(403);

    let messages = format!("{path}/messages");
    api.send_text(&bob, session, "hi").await;
    let in_anothers_name = [("sender", &*ann.uid), ("content", "{}"), ("type", "text")];
    api.post(&messages, &in_anothers_name).by(&bob).send().await.refused(403);
    let history = api.get(&format!("{messages}/history?limit=2")).by(&ann).send().await.ok();
    assert_eq!(history.as_array().unwrap().len(), 2);
    assert_eq!(history[0]["content"], r#"{"text":"hi"}"#);
    assert_eq!(history[1]["type"], "system");

    let entry = format!("{path}/members/{}", entry["id"].as_str().unwrap());
    let removed = api.call("DELETE", &entry).by(&ann).send().await.ok();
    assert_eq!(removed["isDelete"], true);
    api.get(&messages).by(&bob).send().await.refused(403);
    let own = api.get(&entry).by(&bob).send().await.ok();
    assert_eq!(own, removed, "a removed member sees the own tombstone");
}

#[tokio::test]
async fn a_repeated_store_with_its_key_stores_once() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = api.p2p(&ann, &bob).await;
    let path = format!("/v1/sessions/{session}/messages");
    let form = [("sender", &*ann.uid), ("content", "{}"), ("type", "text")];
    let store = async |key: &str| {
        let call = api.post(&path, &form).by(&ann).header("idempotency-key", key);
        call.send().await
    };
    let first = store("k").await.ok();
    assert_eq!(store("k").await.ok(), first);
    assert_ne!(store("l").await.ok()["id"], first["id"]);
    store("").await.refused(400);
    assert_eq!(server.stats().messages, 3, "the first is the server's own");
}

#[tokio::test]
async fn passwords_are_not_guessed_for_long() {
    let limits = LoginLimits { per_account: 3, per_address: 6, ..LoginLimits::default() };
    let server = builder().login_limits(limits).start().await.unwrap();
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let right = password_md5("ann");
    let login = async |email: &str, password: &str| {
        api.post("/v1/users/login", &[("email", email), ("password", password)]).send().await
    };
    for _ in 0..2 {
        login("ann@example.org", "x").await.refused(400);
    }
    login("ann@example.org", &right).await.ok();
    // The success has forgiven the two before.
    for _ in 0..3 {
        login("ann@example.org", "x").await.refused(400);
    }
    let refused = login("ann@example.org", &right).await;
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=301).contains(&seconds));
    assert_eq!(refused.refused(429)["error"], "too_many_attempts");
    let old = [("oldPassword", &*right), ("password", "y")];
    api.post("/v1/users/setPassword", &old).by(&ann).send().await.refused(429);
    api.get("/v1/users/1").by(&ann).send().await.ok();
    // One more from this address, whatever the name.
    login("nobody", "x").await.refused(400);
    login("nobody", "x").await.refused(429);
    login("somebody", "x").await.refused(429);
}
