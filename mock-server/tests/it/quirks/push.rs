//! Push sessions, their mts, and what is delivered.

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::Subscribe;
use serde_json::{Value, json};

use super::world::probes;

fn code(reply: &Value) -> i64 {
    reply["returnCode"].as_i64().unwrap_or_default()
}

probes! {
    AppNeedsSession => |mut world| {
        let [mut first, ..] = world.pushing().await;
        let command = json!({"cmd": "sendMessage", "y2wMessageId": "a", "mts": 1_264_953_600_000_i64, "message": 1});
        code(&first.ask("y2w/session/y2wIMApp_2", &command.to_string()).await) != 20
    }
    BehindAs28 => |mut world| {
        let [mut first, ..] = world.pushing().await;
        code(&first.send(9, json!(1)).await) != 27
    }
    EmptySession20 => |mut world| {
        let [mut first, ..] = world.pushing().await;
        first.update(11, json!([]), true, Value::Null).await;
        code(&first.send(11, json!(1)).await) != 31
    }
    ForceMerges => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.update(11, json!([{"uid": "3"}]), true, Value::Null).await;
        first.send(11, json!(1)).await;
        second.next().await.is_some()
    }
    MtsUnchecked => |mut world| {
        let [mut first, ..] = world.pushing().await;
        code(&first.send(9, json!(1)).await) == 20 || code(&first.send(11, json!(1)).await) == 20
    }
    NewMemberNotPushed => |mut world| {
        let [mut first, _, mut third] = world.pushing().await;
        first.update(11, json!([{"uid": "3"}]), false, Value::Null).await;
        first.send(11, json!(1)).await;
        third.next().await.is_none()
    }
    RefusedUpdateApplies => |mut world| {
        let [mut first, _, mut third] = world.pushing().await;
        first.update(9, json!([{"uid": "3"}]), false, Value::Null).await;
        first.send(10, json!(1)).await;
        third.next().await.is_some()
    }
    RemovedStillPushed => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.update(11, json!([{"uid": "2", "isDel": true}]), false, Value::Null).await;
        first.send(11, json!(1)).await;
        second.next().await.is_some()
    }
    ReplyWithoutMts => |mut world| {
        let [mut first, ..] = world.pushing().await;
        first.send(11, json!(1)).await["mts"] != 10
    }
    UnknownSession20 => |mut world| {
        let mut conn = world.connect("1", "00a").await;
        code(&conn.send(1, json!(1)).await) != 26
    }
    UpdateBehindApplies => |mut world| {
        let [mut first, ..] = world.pushing().await;
        code(&first.update(9, json!([]), false, Value::Null).await) != 27
    }
    UpdateKeepsMts => |mut world| {
        let [mut first, ..] = world.pushing().await;
        first.update(11, json!([]), false, Value::Null).await;
        code(&first.send(11, json!(1)).await) != 20
    }
    UpdateNeedsSession => |mut world| {
        let mut conn = world.connect("1", "00a").await;
        code(&conn.update(1, json!([{"uid": "1"}]), false, Value::Null).await) != 20
    }
    UpdateReplaces => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.update(11, json!([{"uid": "3"}]), false, Value::Null).await;
        first.send(11, json!(1)).await;
        second.next().await.is_none()
    }

    BadJson22 => |mut world| {
        let mut conn = world.connect("1", "00a").await;
        code(&conn.ask("y2w/session/group_4", "{").await) != 30
    }
    FanOutLost => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        code(&first.send(10, json!(1)).await) == 20 && second.next().await.is_none()
    }
    PushAsString => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.send(10, json!({"a": 1})).await;
        second.next().await.unwrap()["message"] != json!({"a": 1})
    }
    PushLost => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.send(10, json!(1)).await;
        second.next().await.is_none()
    }
    PushNotToOwnDevices => |mut world| {
        let [mut first, ..] = world.pushing().await;
        let mut other = world.connect("1", "01d").await;
        first.send(10, json!(1)).await;
        other.next().await.is_none()
    }
    PushReordered => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.send(10, json!(1)).await;
        first.send(10, json!(2)).await;
        second.next().await.is_none_or(|delivered| delivered["message"] != 1)
    }
    PushToSender => |mut world| {
        let [mut first, ..] = world.pushing().await;
        let reply = first.send(10, json!(1)).await;
        reply["message"] == 1 || first.next().await.is_some()
    }
    PushTwice => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.send(10, json!(1)).await;
        second.next().await;
        second.next().await.is_some()
    }
    ReplyLost => |mut world| {
        let mut conn = world.connect("1", "00a").await;
        conn.update(10, json!([]), false, Value::Null).await.is_null()
    }
    ReplyWithoutId => |mut world| {
        let [mut first, ..] = world.pushing().await;
        first.send(10, json!(1)).await["y2wMessageId"] != "g"
    }
    SubscriptionNeeded => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.send(10, json!(1)).await;
        let mut subscribe = BytesMut::new();
        Subscribe::new("#", QoS::AtMostOnce).write(&mut subscribe).unwrap();
        let unsubscribed = second.next().await;
        second.write(&subscribe).await;
        second.packet().await;
        first.send(10, json!(2)).await;
        unsubscribed.is_none() && second.next().await.is_some()
    }
    UpdateNotDelivered => |mut world| {
        let [mut first, mut second, _] = world.pushing().await;
        first.update(11, json!([]), false, json!(1)).await;
        second.next().await.is_none()
    }
}
