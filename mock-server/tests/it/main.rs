//! The server over real sockets: raw HTTP by reqwest, MQTT by rumqttc, WebSocket by tungstenite.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

mod apps;
mod attachments;
mod changes;
mod connections;
mod control;
mod crash;
mod durable;
mod faults;
mod flow;
mod listeners;
mod lists;
mod openapi;
mod push_only;
mod quirks;
mod rest;
mod support;
#[cfg(feature = "tap")]
mod tap;
mod websocket;
