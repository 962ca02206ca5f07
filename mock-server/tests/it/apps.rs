//! Several apps of one server. Rules `API-APP-ISOLATION`, `CONN-APP-SCOPE`.

use serde_json::json;

use crate::support::{Api, Mqtt, Seen, builder};

#[tokio::test]
async fn what_is_in_one_app_is_nowhere_in_another() {
    let server = builder().another_app("other key", "other secret").start().await.unwrap();
    let urls: Vec<String> = server.apps().map(|(url, _)| url).collect();
    assert_eq!(urls, [server.http_url(), format!("{}/apps/other%20key", server.http_url())]);
    let (here, there) = (Api::at(urls[0].clone()), Api::at(urls[1].clone()));
    let ann = here.register("ann").await;
    let namesake = there.register("ann").await;
    let bob = here.register("bob").await;
    assert_eq!((&*ann.key, &*namesake.key), ("key", "other key"));
    assert_eq!(ann.uid, namesake.uid, "each app counts for itself");
    assert_ne!(ann.token, namesake.token);

    there.get("/v1/users/1").by(&ann).send().await.refused(401);
    here.get("/v1/users/1").by(&namesake).send().await.refused(401);
    let none = there.get("/v1/users?filter_term=bob%40example.org").by(&namesake).send().await.ok();
    assert_eq!(none["total_count"], 0);
    there.get(&format!("/v1/users/{}", bob.uid)).by(&namesake).send().await.refused(404);
    let session = here.p2p(&ann, &bob).await;
    there.get(&format!("/v1/sessions/{session}")).by(&namesake).send().await.refused(404);
    there.get("/v1/nowhere").by(&namesake).send().await.refused(404);
    let preflight = there.call("OPTIONS", "/v1/users/1").send().await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "*"));
    let counts: Vec<u64> = server.apps().map(|(_, app)| app.stats().users).collect();
    assert_eq!(counts, [2, 1]);
}

#[tokio::test]
async fn push_connections_of_two_apps_do_not_meet() {
    let server = builder().another_app("other", "other secret").start().await.unwrap();
    let urls: Vec<String> = server.apps().map(|(url, _)| url).collect();
    let (here, there) = (Api::at(urls[0].clone()), Api::at(urls[1].clone()));
    let (ann, namesake) = (here.register("ann").await, there.register("ann").await);
    // The token endpoint is told the app: any of its places will do.
    let (token, other_token) = (there.im_token(&ann).await, here.im_token(&namesake).await);
    let mut of_ann = Mqtt::accepted(&server, &ann.uid, &token, "00a").await;
    let mut of_namesake = Mqtt::accepted(&server, &namesake.uid, &other_token, "00b").await;
    let mut also_there = Mqtt::accepted(&server, "9", &other_token, "00c").await;
    also_there.mark(&ann.uid, "to the namesake").await;
    assert_eq!(of_namesake.payload().await["message"], "to the namesake");
    let update = json!({"cmd": "updateSession", "mts": 5, "members": [{"uid": ann.uid}]});
    assert_eq!(of_ann.ask("p2p_1", update).await["returnCode"], 20, "nobody was kicked, nothing was heard");
    let send = json!({"cmd": "sendMessage", "mts": 5, "message": 1});
    assert_eq!(also_there.ask("p2p_1", send).await["returnCode"], 26);

    let (_, other) = server.apps().nth(1).unwrap();
    other.expire_im_tokens();
    let mut late = Mqtt::open(&server, "9", &other_token, "01c");
    assert_eq!(late.next().await, Seen::ConnAck(6));
    let _still = Mqtt::accepted(&server, "9", &token, "01c").await;
    let mut unknown = Mqtt::open(&server, "9", "nonsense", "01d");
    assert_eq!(unknown.next().await, Seen::ConnAck(5));
}
