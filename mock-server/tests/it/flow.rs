//! From nothing to a message that is delivered and synced.

use serde_json::json;

use crate::support::{Api, Mqtt, mts, server};

#[tokio::test]
async fn a_message_travels_from_one_user_to_another() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let bob = api.register("bob").await;

    let gate = api.post("/gateHandler", &[("oper", "register"), ("country", "")]).send().await.ok();
    let (url, tcp) = (server.websocket_addr().to_string(), server.push_addr().to_string());
    assert_eq!(gate, json!({"data": {"region": "loopback", "url": url, "tcp": tcp}}));

    let mut of_ann = Mqtt::accepted(&server, &ann.uid, &api.im_token(&ann).await, "01a").await;
    let mut of_bob = Mqtt::accepted(&server, &bob.uid, &api.im_token(&bob).await, "00b").await;
    assert_eq!(server.stats().connections, 2);

    let session = api.p2p(&ann, &bob).await;
    assert_eq!(api.p2p(&bob, &ann).await, session, "one session for the pair");
    let stored = api.send_text(&ann, &session, "hi").await;
    assert_eq!(stored["sender"], ann.uid);
    assert_eq!(stored["createdAt"], stored["updatedAt"]);

    let mts = mts(&api, &session, &ann).await;
    let im_session = format!("p2p_{session}");
    let notice = json!({"syncs": [{"type": 0}, {"type": 1, "sessionId": im_session}], "pns": {"msg": "hi"}});
    let send = json!({"cmd": "sendMessage", "y2wMessageId": "g1", "mts": mts, "message": notice});
    assert_eq!(
        of_ann.ask(&im_session, send).await,
        json!({"cmd": "sendMessage", "y2wMessageId": "g1", "returnCode": 26})
    );
    let update = json!({
        "cmd": "updateSession", "y2wMessageId": "g2", "mts": mts, "message": notice,
        "members": [{"uid": ann.uid, "isDel": false}, {"uid": bob.uid, "isDel": false}],
    });
    assert_eq!(
        of_ann.ask(&im_session, update).await,
        json!({"cmd": "updateSession", "y2wMessageId": "g2", "returnCode": 20})
    );
    let delivered =
        json!({"cmd": "sendMessage", "message": notice, "from": ann.uid, "sessionId": im_session});
    assert_eq!(of_bob.payload().await, delivered);

    let conversations = format!("/v1/users/{}/userConversations", bob.uid);
    let list = api.get(&conversations).by(&bob).send().await.ok();
    let conversation = &list["entries"][0];
    assert_eq!(conversation["targetId"], ann.uid);
    assert_eq!(conversation["type"], "p2p");
    assert_eq!(conversation["name"], "ann");
    assert_eq!(conversation["unread"], 2, "the server's own is the first");
    assert_eq!(conversation["lastMessage"]["content"], r#"{"text":"hi"}"#);

    let messages = format!("/v1/sessions/{session}/messages");
    let synced = api.get(&messages).by(&bob).send().await.ok();
    assert_eq!((&synced["entries"][0]["type"], &synced["entries"][1]), (&json!("system"), &stored));
    assert_eq!(synced["total_count"], 2);
    assert!(synced["sessionUpdatedAt"].is_string());
    let watermark = stored["updatedAt"].as_str().unwrap();
    let again = api.get(&messages).by(&bob).since(watermark).send().await.ok();
    assert_eq!(again["entries"], json!([]));

    let since = conversation["updatedAt"].as_str().unwrap();
    let changed = api.get(&conversations).by(&bob).since(since).send().await.ok();
    assert_eq!(changed["entries"][0]["unread"], 0, "the sync has marked it read");

    of_bob.mark(&ann.uid, "end").await;
    assert_eq!(of_ann.payload().await["message"], "end", "no delivery to the sender");
    assert_eq!(server.stats().messages, 2);
    server.shutdown().await;
}
