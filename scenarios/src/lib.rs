//! The runner of y2w: simulated users that talk through the real SDK, and checks that watch every message.
//!
//! * [`plan`]: what is to happen in a simulated run, as data. [`world`]: where it happens. [`play`]: has it happen.
//!   [`history`]: what happened. [`judge`]: which rules that broke.
//! * [`fuzz`]: looks for plans that break a rule, and makes them small. [`diagram`]: a run as a picture.
//! * [`conformance`]: whether a server keeps the protocol, rule by rule.
//! * [`load`]: who there is, what they do and when; meters; the result of a run.
//! * [`check`]: what must hold, decided message by message while the run goes on. Pure.
//! * [`cli`]: the command `y2w`.

pub mod chance;
pub mod check;
pub mod cli;
pub mod conformance;
pub mod diagram;
pub mod fuzz;
pub mod history;
pub mod judge;
pub mod load;
mod nearest;
pub mod plan;
pub mod play;
mod toml_file;
pub mod world;

pub use toml_file::TomlFileError;
