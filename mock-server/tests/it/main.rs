//! The server over real sockets: raw HTTP by reqwest, MQTT by rumqttc.

mod flow;
mod support;
