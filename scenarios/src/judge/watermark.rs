//! A client's watermark of a list never goes back while the client lives. A request that got no answer is asked again as
//! it was, also when another one has got further meanwhile. Rule `SYNC-WATERMARK`.

use std::collections::BTreeSet;

use http::Method;
use rustc_hash::FxHashMap;
use y2w_sdk::protocol::Timestamp;

use super::{Cast, Checker, Findings};
use crate::history::{Happening, What};

const RULE: &str = "SYNC-WATERMARK";

#[derive(Default)]
pub(super) struct Watermark {
    /// By device and list: the latest, and what else was asked with.
    last: FxHashMap<usize, FxHashMap<String, Asked>>,
}

struct Asked {
    latest: Timestamp,
    witness: u64,
    before: BTreeSet<Timestamp>,
}

impl Checker for Watermark {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        let Some(device) = happening.device else {
            return;
        };
        match &happening.what {
            What::LoggedIn(_) => drop(self.last.remove(&device)),
            What::Request { method: Method::GET, path, since: Some(since), .. } => {
                let list = path.split('?').next().unwrap_or(path);
                // History is read backwards.
                if list.ends_with("/history") {
                    return;
                }
                let lists = self.last.entry(device).or_default();
                let Some(asked) = lists.get_mut(list) else {
                    let before = BTreeSet::from([*since]);
                    lists.insert(list.to_owned(), Asked { latest: *since, witness: number, before });
                    return;
                };
                let is_new = asked.before.insert(*since);
                if *since >= asked.latest {
                    (asked.latest, asked.witness) = (*since, number);
                } else if is_new {
                    let text = format!(
                        "{} asks for {list} since {since}, though it asked since {} before",
                        cast.name(device),
                        asked.latest
                    );
                    found.add(RULE, &[asked.witness, number], text);
                }
            }
            _ => (),
        }
    }
}
