//! The app's emojis.

use y2w_sdk::protocol::rest::path;

use super::answer::Made;
use super::call::Call;
use super::route::{Act::Step, Route, get};

pub(super) static ROUTES: &[Route] = &[get(path::EMOJIS, Step(list))];

/// `GET emojis`. Rule `EMOJI-LIST`.
fn list(call: &Call) -> Made {
    let range = call.range()?;
    call.page(|business| Ok(business.emojis(range)))
}
