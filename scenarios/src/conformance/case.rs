//! A case: what it is called, which rules it is about, and what it does.

use futures_util::future::BoxFuture;

use super::lab::Lab;
use super::verdict::Stop;

/// See the module's text.
#[derive(Clone, Copy)]
pub struct Case {
    /// Unique; lower-case words joined by hyphens, after the area and a dot.
    pub name: &'static str,
    /// The rules that it is about. Every check cites one of them.
    pub rules: &'static [&'static str],
    /// What it does.
    pub(super) run: for<'a> fn(&'a Lab) -> BoxFuture<'a, Result<(), Stop>>,
}

impl Case {
    /// What it is about: the part of the name before the dot.
    pub fn area(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }
}
