//! Connections: who is let in, who is kicked, who is closed.

use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{Packet, PingReq};
use serde_json::json;

use super::world::probes;

const KICKED: u8 = 10;

/// Long enough for a close, and far from every keep-alive.
const SOON: Duration = Duration::from_secs(10);

probes! {
    AcceptLost => |mut world| {
        world.connect_seen("1", "00a").await.1.is_none()
    }
    ClientIdUnchecked => |mut world| {
        world.open("1", "x").await.code == Some(0)
    }
    ExpiredImTokenAccepted => |mut world| {
        let token = world.im_token().await;
        world.backend.expire_im_tokens();
        world.open_with("1", "00a", &token).await.code == Some(0)
    }
    ExpiredImTokenAs5 => |mut world| {
        let token = world.im_token().await;
        world.backend.expire_im_tokens();
        world.open_with("1", "00a", &token).await.code == Some(5)
    }
    ImTokenUnchecked => |mut world| {
        world.open_with("1", "00a", "nonsense").await.code == Some(0)
    }
    KeepAliveIgnored => |mut world| {
        !world.connect("1", "00a").await.closes(Duration::from_secs(500)).await
    }
    KeepAliveShort => |mut world| {
        world.connect("1", "00a").await.closes(Duration::from_secs(400)).await
    }
    KickAcrossDevices => |mut world| {
        let mut web = world.connect("1", "00a").await;
        world.connect("1", "01b").await;
        web.next().await.is_some()
    }
    KickLeavesOlder => |mut world| {
        let mut older = world.connect("1", "00a").await;
        let _newer = world.connect("1", "00b").await;
        !older.closes(SOON).await
    }
    KickNotClosed => |mut world| {
        let mut older = world.connect("1", "00a").await;
        let _newer = world.connect("1", "00b").await;
        older.next().await == Some(json!({"returnCode": KICKED})) && !older.closes(SOON).await
    }
    KickSilent => |mut world| {
        let mut older = world.connect("1", "00a").await;
        let _newer = world.connect("1", "00b").await;
        older.next().await.is_none() && older.closes(SOON).await
    }
    PingUnanswered => |mut world| {
        let mut conn = world.connect("1", "00a").await;
        let mut ping = BytesMut::new();
        PingReq.write(&mut ping).unwrap();
        conn.write(&ping).await;
        !matches!(conn.packet().await, Some(Packet::PingResp))
    }
    ReconnectionAlwaysWins => |mut world| {
        let _newer = world.connect("1", "00b").await;
        world.open("1", "10a").await.code == Some(0)
    }
    ReconnectionNeedsLive => |mut world| {
        world.open("1", "10a").await.code == Some(KICKED)
    }
    RefusalNotClosed => |mut world| {
        let mut refused = world.open_with("1", "00a", "nonsense").await;
        refused.code == Some(5) && !refused.closes(SOON).await
    }
    TakeoverKicks => |mut world| {
        let mut older = world.connect("1", "00a").await;
        let _again = world.connect("1", "10a").await;
        older.next().await.is_some()
    }
    UidUnchecked => |mut world| {
        world.open("", "00a").await.code == Some(0)
    }
}
