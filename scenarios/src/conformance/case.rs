//! A case: what it is called, which rules it is about, and what it does.

use futures_util::future::BoxFuture;

use super::lab::Lab;
use super::verdict::Stop;

/// See the module's text.
#[derive(Clone, Copy)]
pub struct Case {
    /// Unique but for the way; lower-case words joined by hyphens, after the area and a dot.
    pub name: &'static str,
    /// The rules that it is about. Every check cites one of them.
    pub rules: &'static [&'static str],
    /// The way of its push connections.
    pub(super) transport: Transport,
    /// Whether it is to be run over each of the ways.
    pub(super) is_over_both: bool,
    /// What it does.
    pub(super) run: Run,
}

/// A way of push connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// Rule `CONN-TCP`.
    Tcp,
    /// Rule `CONN-WEBSOCKET`.
    Websocket,
}

type Run = for<'a> fn(&'a Lab) -> BoxFuture<'a, Result<(), Stop>>;

impl Case {
    /// A case of that name, about these rules.
    pub(super) const fn new(name: &'static str, rules: &'static [&'static str], run: Run) -> Self {
        Self { name, rules, transport: Transport::Tcp, is_over_both: false, run }
    }

    /// One that is run over TCP and over WebSocket alike: a case for each.
    pub(super) const fn both(name: &'static str, rules: &'static [&'static str], run: Run) -> Self {
        Self { is_over_both: true, ..Self::new(name, rules, run) }
    }

    /// One about WebSocket.
    pub(super) const fn websocket(name: &'static str, rules: &'static [&'static str], run: Run) -> Self {
        Self { transport: Transport::Websocket, ..Self::new(name, rules, run) }
    }

    /// What it is called, with the way of its push connections where that is not TCP.
    pub fn title(&self) -> String {
        match self.transport {
            Transport::Tcp => self.name.to_owned(),
            Transport::Websocket => format!("{}@websocket", self.name),
        }
    }

    /// What it is about: the part of the name before the dot.
    pub fn area(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }
}
