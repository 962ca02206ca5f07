//! What an app holds, as the control API shows it. No secret and no token is in it.

use serde::Serialize;
use y2w_sdk::protocol::{Timestamp, UserId};

use crate::apps::Apps;
use crate::faults::Faults;
use crate::push::{ConnectionView, PushView};
use crate::{Backend, Stats};

/// See the module.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    now: Timestamp,
    /// The one that the rest is about.
    app: String,
    apps: Vec<String>,
    counts: Counts,
    connections: Vec<Connection>,
    push_sessions: Vec<PushSession>,
    refusing_connections: bool,
    faults: Faults,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    users: u64,
    sessions: u64,
    messages: u64,
    requests: u64,
    connections: u64,
    connections_accepted: u64,
    push_sessions: u64,
    commands: u64,
    deliveries: u64,
    overflows: u64,
    kicks: u64,
}

#[derive(Serialize)]
struct Connection {
    id: u64,
    uid: UserId,
    device: &'static str,
}

#[derive(Serialize)]
struct PushSession {
    id: String,
    mts: i64,
    members: usize,
}

impl State {
    /// Of one of the apps, with at most `limit` entries in each list.
    pub(super) fn of(apps: &Apps, app: &Backend, limit: usize) -> Self {
        let PushView { connections, sessions } = app.inner.push.view(limit);
        let connection =
            |ConnectionView { id, uid, device }| Connection { id: id.0, uid, device: device_name(device) };
        Self {
            now: app.clock().now(),
            app: app.app_key().to_owned(),
            apps: apps.all().map(|app| app.app_key().to_owned()).collect(),
            counts: Counts::of(app),
            connections: connections.into_iter().map(connection).collect(),
            push_sessions: sessions
                .into_iter()
                .map(|(id, mts, members)| PushSession { id: id.to_string(), mts, members })
                .collect(),
            refusing_connections: app.inner.push.check_open().is_err(),
            faults: app.faults(),
        }
    }
}

impl Counts {
    fn of(app: &Backend) -> Self {
        let Stats {
            users,
            sessions,
            messages,
            connections,
            connections_accepted,
            commands,
            deliveries,
            overflows,
            kicks,
            push_sessions,
        } = app.stats();
        let requests = app.inner.traffic.requests();
        Self {
            users,
            sessions,
            messages,
            requests,
            connections,
            connections_accepted,
            push_sessions,
            commands,
            deliveries,
            overflows,
            kicks,
        }
    }
}

fn device_name(device: y2w_sdk::protocol::push::DeviceClass) -> &'static str {
    match device {
        y2w_sdk::protocol::push::DeviceClass::Web => "web",
        y2w_sdk::protocol::push::DeviceClass::Mobile => "mobile",
    }
}
