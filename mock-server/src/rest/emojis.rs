//! The app's emojis.

use y2w_sdk::protocol::Emoji;
use y2w_sdk::protocol::rest::path;

use super::answer::Made;
use super::call::Call;
use super::described::SYNC;
use super::route::{Act::Step, Route, get};

pub(super) const ROUTES: &[Route] = &[get(path::EMOJIS, Step(list))
    .says("The emojis that have changed since a time", &["EMOJI-LIST"])
    .asks(SYNC)
    .gives_list::<Emoji>()];

/// `GET emojis`.
fn list(call: &Call) -> Made {
    let range = call.range()?;
    call.page(|business| Ok(business.emojis(range)))
}
