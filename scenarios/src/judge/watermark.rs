//! A client's watermark of a list never goes back while the client lives. Rule `SYNC-WATERMARK`.

use std::collections::BTreeMap;

use http::Method;
use y2w_sdk::protocol::Timestamp;

use super::{Cast, Checker, Findings};
use crate::history::{Happening, What};

const RULE: &str = "SYNC-WATERMARK";

#[derive(Default)]
pub(super) struct Watermark {
    last: BTreeMap<(usize, String), (Timestamp, u64)>,
}

impl Checker for Watermark {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        let Some(device) = happening.device else {
            return;
        };
        match &happening.what {
            What::LoggedIn => self.last.retain(|(of, _), _| *of != device),
            What::Request { method: Method::GET, path, since: Some(since), .. } => {
                let list = path.split('?').next().unwrap_or(path);
                // History is read backwards.
                if list.ends_with("/history") {
                    return;
                }
                let last = self.last.entry((device, list.to_owned())).or_insert((*since, number));
                if last.0 > *since {
                    let text = format!(
                        "{} asks for {list} since {since}, though it asked since {} before",
                        cast.name(device),
                        last.0
                    );
                    found.add(RULE, &[last.1, number], text);
                }
                *last = (*since, number);
            }
            _ => (),
        }
    }
}
