//! A reference server for the yun2win protocol: business API, token endpoint, gate and push server in one process, made
//! to be tested against.
//!
//! * [`business`]: the business state, pure.
//! * [`push`]: the push server; its [`push::hub`] is pure.
//! * [`Backend`]: both, with what answers requests and connections, and without sockets.
//! * [`MockServer`]: a backend behind its listeners. Any number of them live in one process; they share nothing.
//! * [`quirks`]: what a server can be told to do wrong.
//! * [`cli`]: the command.
//! * [`exposition`], [`http`]: what writes metrics, and what serves a router, for other listeners too.
//!
//! What an operator can inflict on a server are methods of [`Backend`], such as [`Backend::forget_session`], and standing
//! [`faults`].

mod apps;
mod attempts;
mod backend;
pub mod business;
pub mod cli;
mod control;
pub mod exposition;
pub mod faults;
mod files;
pub mod http;
mod journal;
mod listen;
mod locked;
#[cfg(test)]
#[path = "../../sdk/src/machines.rs"]
mod machines;
pub mod push;
pub mod quirks;
mod rest;
mod secrets;
mod server;
#[cfg(feature = "tap")]
mod tap;
mod traffic;

pub use apps::Apps;
pub use attempts::LoginLimits;
pub use backend::{App, Backend, Stats};
pub use files::FilesError;
pub use journal::{DataError, Disk};
pub use secrets::PasswordCost;
pub use server::{
    DEFAULT_APP, DEFAULT_FILES_MEMORY, DEFAULT_MAX_FILE, ListenError, Listener, MockServer,
    MockServerBuilder, StartError,
};
