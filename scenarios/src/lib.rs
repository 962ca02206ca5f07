//! The runner of y2w: simulated users that talk through the real SDK, and checks that watch every message.
//!
//! * [`load`]: who there is, what they do and when; meters; the result of a run.
//! * [`check`]: what must hold, decided message by message while the run goes on. Pure.
//! * [`cli`]: the command `y2w`.

pub mod check;
pub mod cli;
pub mod load;
