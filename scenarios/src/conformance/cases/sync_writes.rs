//! The sync rule, law by law over every collection: no write is missed, whoever syncs and when. Part 12.

use futures_util::future::{join, try_join_all};
use serde_json::Value;

use super::super::case::Case;
use super::super::collection::{Collection, Kind, brief, place, stamp, watermark};
use super::super::held::Held;
use super::super::lab::Lab;
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::sync::laws;

pub(super) const CASES: &[Case] = laws! {
    "that-change-are-stamped-later", ["SYNC-LOSSLESS"], stamped_later;
    "never-share-a-stamp", ["SYNC-STAMP-STRICT"], never_share_a_stamp;
    "are-seen-once-they-are-written", ["SYNC-READ-YOUR-WRITE"], seen_once_written;
    "that-are-removed-come-as-tombstones", ["SYNC-TOMBSTONE"], tombstones;
    "incrementally-are-those-in-full", ["SYNC-LOSSLESS"], incremental_equals_full;
    "that-change-during-a-walk-are-not-missed", ["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE"], changed_during_a_walk;
    "that-many-write-at-once-are-not-missed", ["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE", "SYNC-STAMP-STRICT"], many_at_once;
};

async fn stamped_later(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    let first = list.make(0).await?;
    let mut synced = list.all().await?;
    for step in ["another is made", "it is changed", "it is removed"] {
        let known = watermark(&synced)?;
        let written = match step {
            "another is made" => list.make(1).await?,
            "it is changed" => list.change(&first, "changed").await.map(|()| first.clone())?,
            _ => list.remove(&first).await.map(|()| first.clone())?,
        };
        synced = list.all().await?;
        let entry = &synced[place(&synced, &written)?];
        let later = stamp(entry)? > known;
        let expected =
            format!("{step} after a sync whose newest stamp was {known}: the entry has a later one");
        lab.check("SYNC-LOSSLESS", later, expected, format!("{} of {entry}", stamp(entry)?))?;
    }
    Ok(())
}

async fn never_share_a_stamp(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 4).await?;
    let made = try_join_all((0..4).map(|of| list.make(of))).await?;
    let before = list.all().await?;
    differ(lab, &before)?;
    for one in &made {
        place(&before, one)?;
    }
    try_join_all(made[1..].iter().map(|one| list.change(one, "changed"))).await?;
    let after = list.all().await?;
    differ(lab, &after)?;
    let given = watermark(&before)?;
    for one in &made[1..] {
        let entry = &after[place(&after, one)?];
        let expected = format!("the changed entry {} has a greater stamp than all before: {given}", one.id);
        lab.check("SYNC-STAMP-STRICT", stamp(entry)? > given, expected, format!("{entry}"))?;
    }
    Ok(())
}

/// No two entries have the same stamp.
fn differ(lab: &Lab, entries: &[Value]) -> Result<(), Stop> {
    let mut stamps = Vec::new();
    for entry in entries {
        stamps.push(stamp(entry)?);
    }
    stamps.sort_unstable();
    let differ = stamps.windows(2).all(|two| two[0] != two[1]);
    lab.check("SYNC-STAMP-STRICT", differ, "no two entries have one `updatedAt`", brief(entries))
}

async fn seen_once_written(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    for of in 0..2 {
        let made = list.make(of).await?;
        let seen = list.all().await?;
        let is_there = seen.iter().any(|entry| entry["id"] == *made.id);
        let expected = format!("the entry {} is given once its making was acknowledged", made.id);
        lab.check("SYNC-READ-YOUR-WRITE", is_there, expected, brief(&seen))?;
        list.change(&made, "changed").await?;
        let seen = list.all().await?;
        let shows = seen.iter().any(|entry| entry["id"] == *made.id && list.shows(entry, "changed"));
        let expected = format!("the entry {} shows its change once that was acknowledged", made.id);
        lab.check("SYNC-READ-YOUR-WRITE", shows, expected, as_json(&seen))?;
    }
    Ok(())
}

async fn tombstones(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    let made = list.make_all(2).await?;
    let before = list.all().await?;
    let known = watermark(&before)?;
    place(&before, &made[0])?;
    list.remove(&made[0]).await?;
    let is = |entries: &[Value], id: &str, removed: bool| {
        entries.iter().any(|entry| entry["id"] == *id && entry["isDelete"] == removed)
    };
    let changed = list.since(known).await?;
    let expected = format!("{} is removed: who knew it is given it with `isDelete` true", made[0].id);
    lab.check("SYNC-TOMBSTONE", is(&changed, &made[0].id, true), expected, as_json(&changed))?;
    let all = list.all().await?;
    let expected = format!("who knew nothing is given it too: {} with `isDelete` true", made[0].id);
    lab.check("SYNC-TOMBSTONE", is(&all, &made[0].id, true), expected, as_json(&all))?;
    // What was not removed is no tombstone.
    let expected = format!("{} with `isDelete` false, which nobody removed", made[1].id);
    lab.check("SYNC-TOMBSTONE", is(&all, &made[1].id, false), expected, as_json(&all))
}

async fn incremental_equals_full(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 3).await?;
    let made = list.make_all(2).await?;
    let mut held = Held::of(&list.owner, &list.path);
    held.catch_up(lab, 2).await?;
    for one in &made {
        let is_held = held.entries.contains_key(&one.id);
        let expected = format!("who syncs from the beginning is given {}", one.id);
        lab.check("SYNC-LOSSLESS", is_held, expected, as_json(&held.entries.keys().collect::<Vec<_>>()))?;
    }
    for step in ["a change", "a removal", "an addition", "a revival", "a change of what was revived"] {
        match step {
            "a change" => list.change(&made[0], "changed").await?,
            "a removal" => list.remove(&made[0]).await?,
            "an addition" => drop(list.make(2).await?),
            "a revival" => drop(list.make(0).await?),
            _ if list.revives() => list.change(&made[0], "back").await?,
            _ => list.change(&made[1], "back").await?,
        }
        held.catch_up(lab, 2).await?;
        held.is_all(lab, step).await?;
    }
    Ok(())
}

async fn changed_during_a_walk(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 4).await?;
    let made = list.make_all(4).await?;
    let mut held = Held::of(&list.owner, &list.path);
    // What was on a page changes, and what is on none yet.
    held.page(lab, 2).await?;
    list.change(&made[0], "changed").await?;
    list.remove(&made[3]).await?;
    held.page(lab, 2).await?;
    list.change(&made[1], "changed").await?;
    held.catch_up(lab, 2).await?;
    held.is_all(lab, "a walk during which others wrote").await?;
    let shows = |of: usize| held.entries.get(&made[of].id).is_some_and(|entry| list.shows(entry, "changed"));
    let expected = "the changes made during the walk are held in the end";
    lab.check("SYNC-READ-YOUR-WRITE", shows(0) && shows(1), expected, as_json(&held.entries))
}

async fn many_at_once(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    const WRITERS: usize = 4;
    const ROUNDS: usize = 6;
    let list = Collection::new(lab, kind, WRITERS).await?;
    let writers = try_join_all((0..WRITERS).map(async |of| {
        let made = list.make(of).await?;
        list.change(&made, "first").await?;
        list.change(&made, "last").await?;
        Ok(made)
    }));
    let reader = async {
        let mut held = Held::of(&list.owner, &list.path);
        for _ in 0..ROUNDS {
            held.page(lab, 3).await?;
        }
        Ok::<_, Stop>(held)
    };
    let (made, held) = join(writers, reader).await;
    let (made, mut held) = (made?, held?);
    held.catch_up(lab, 3).await?;
    held.is_all(lab, "many writes beside its syncs").await?;
    for one in &made {
        let last = held.entries.get(&one.id);
        let shows = last.is_some_and(|entry| list.shows(entry, "last"));
        let expected = format!("the last change of {} is held in the end", one.id);
        lab.check("SYNC-READ-YOUR-WRITE", shows, expected, as_json(&last))?;
    }
    differ(lab, &list.all().await?)
}
