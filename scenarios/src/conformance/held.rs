//! What a client holds of a collection: entries by their ids, and a watermark. It asks and merges as the rules for clients
//! say (`SYNC-MERGE-KEY`, `SYNC-WATERMARK`, `SYNC-LOOP`), so that what it misses in the end the server let slip.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::limits::PAGE_MAX;

use super::collection::watermark;
use super::lab::{Lab, Person};
use super::verdict::Stop;
use super::views::{as_json, told};

/// How many pages a client asks for until it takes it that there is no end.
const PAGES_MAX: usize = 100;

/// See the module's text.
pub(super) struct Held {
    by: Person,
    path: String,
    pub(super) entries: BTreeMap<String, Value>,
    watermark: i64,
}

impl Held {
    /// Nothing yet, of the list at that path as this user is given it.
    pub(super) fn of(by: &Person, path: &str) -> Self {
        Self { by: by.clone(), path: path.to_owned(), entries: BTreeMap::new(), watermark: 0 }
    }

    /// Asks for one page; whether it brought anything.
    pub(super) async fn page(&mut self, lab: &Lab, limit: usize) -> Result<bool, Stop> {
        let ask = lab.ask(Method::GET, format!("{}?limit={limit}", self.path)).by(&self.by);
        let answer = ask.since(self.watermark).send().await?.needed()?;
        self.watermark = self.watermark.max(watermark(answer.entries())?);
        let mut is_new = false;
        for (id, entry) in by_id(answer.entries()) {
            is_new |= self.entries.get(&id) != Some(&entry);
            self.entries.insert(id, entry);
        }
        Ok(is_new)
    }

    /// Asks for pages until there is nothing new. A page of such a size may hold nothing but known entries where stamps
    /// tie or come again: a larger one shows whether there are more (`SYNC-LOOP-TIES`).
    pub(super) async fn catch_up(&mut self, lab: &Lab, limit: usize) -> Result<(), Stop> {
        for _ in 0..PAGES_MAX {
            if !self.page(lab, limit).await? && !self.page(lab, PAGE_MAX).await? {
                return Ok(());
            }
        }
        Err(Stop::Inconclusive(format!("there is no end of it after {PAGES_MAX} pages")))
    }

    /// Checks that it is what there is. Rule `SYNC-LOSSLESS`.
    pub(super) async fn is_all(&self, lab: &Lab, after: &str) -> Result<(), Stop> {
        let full = by_id(&lab.changes(&self.by, &self.path, 0).await?);
        let wrong = full.iter().find(|(id, entry)| self.entries.get(*id) != Some(*entry));
        let there = as_json(&wrong.map(|(_, entry)| entry));
        let expected = format!("after {after}, who follows the watermark holds what is there: {there}");
        let held = wrong.and_then(|(id, _)| self.entries.get(id));
        lab.check("SYNC-LOSSLESS", wrong.is_none(), expected, format!("it holds {}", as_json(&held)))?;
        let extra = self.entries.iter().find(|(id, _)| !full.contains_key(*id)).map(|(_, entry)| entry);
        let expected = format!("after {after}, who follows the watermark holds nothing that is not there");
        lab.check("SYNC-LOSSLESS", extra.is_none(), expected, format!("it holds {}", as_json(&extra)))
    }
}

fn by_id(entries: &[Value]) -> BTreeMap<String, Value> {
    entries.iter().map(|entry| (entry["id"].as_str().unwrap_or_default().to_owned(), told(entry))).collect()
}
