//! The sync rule, law by law over every collection: what is asked, and what is answered. Part 12. What becomes of writes
//! between the asking is in `sync_writes.rs`.

use std::time::Duration;

use y2w_sdk::protocol::Timestamp;

use super::super::case::Case;
use super::super::collection::{Collection, Kind, brief, place, stamp, watermark};
use super::super::lab::Lab;
use super::super::verdict::Stop;

/// A case of each law for each of the collections.
macro_rules! laws {
    ($($name:literal, [$($rule:literal),*], $law:ident;)*) => {
        &[$(
            Case::new(concat!("sync.contacts-", $name), &[$($rule),*], |lab| Box::pin($law(lab, Kind::Contacts))),
            Case::new(concat!("sync.favourites-", $name), &[$($rule),*], |lab| {
                Box::pin($law(lab, Kind::Favourites))
            }),
            Case::new(concat!("sync.conversations-", $name), &[$($rule),*], |lab| {
                Box::pin($law(lab, Kind::Conversations))
            }),
            Case::new(concat!("sync.members-", $name), &[$($rule),*], |lab| Box::pin($law(lab, Kind::Members))),
            Case::new(concat!("sync.messages-", $name), &[$($rule),*], |lab| Box::pin($law(lab, Kind::Messages))),
        )*]
    };
}
pub(super) use laws;

pub(super) const CASES: &[Case] = laws! {
    "come-oldest-change-first", ["SYNC-ORDER"], oldest_change_first;
    "are-given-from-their-stamp-on", ["SYNC-HEADER", "SYNC-SINCE"], from_their_stamp_on;
    "are-given-once", ["SYNC-SINCE", "API-LIST"], given_once;
    "are-asked-for-by-a-date", ["SYNC-HEADER-DATE"], by_a_date;
    "all-come-without-a-time", ["SYNC-HEADER-ABSENT"], without_a_time;
    "are-not-given-for-a-time-that-is-none", ["SYNC-HEADER-BAD", "SYNC-HEADER"], a_time_that_is_none;
    "come-on-pages-of-the-oldest", ["API-LIST-LIMIT", "SYNC-PAGE-PREFIX", "API-LIST"], pages_of_the_oldest;
    "come-from-an-offset-on", ["API-LIST-OFFSET"], from_an_offset_on;
    "are-walked-page-by-page", ["SYNC-PAGE-PREFIX", "SYNC-SINCE"], walked;
};

async fn oldest_change_first(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 3).await?;
    let made = list.make_all(3).await?;
    list.change(&made[0], "changed").await?;
    let all = list.all().await?;
    let mut stamps = Vec::new();
    for entry in &all {
        stamps.push(stamp(entry)?);
    }
    let expected = "each entry has a later `updatedAt` than the one before it";
    lab.check("SYNC-ORDER", stamps.is_sorted(), expected, brief(&all))?;
    let (first, second, third) = (place(&all, &made[0])?, place(&all, &made[1])?, place(&all, &made[2])?);
    let expected = format!(
        "the entry {} stands behind {} and {}, which changed before it",
        made[0].id, made[1].id, made[2].id
    );
    lab.check("SYNC-ORDER", second < third && third < first, expected, brief(&all))
}

async fn from_their_stamp_on(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 3).await?;
    let made = list.make_all(3).await?;
    let all = list.all().await?;
    for one in &made[..2] {
        let at = place(&all, one)?;
        let stamp = stamp(&all[at])?;
        let before = list.since(stamp - 1).await?;
        let expected = format!("who asks for what is later than {} is given the entry of {stamp}", stamp - 1);
        let is_there = before.iter().any(|entry| entry["id"] == *one.id);
        lab.check("SYNC-HEADER", is_there, expected, brief(&before))?;
        let expected = format!("that entry and the later ones, and no others: {}", brief(&all[at..]));
        lab.check("SYNC-SINCE", brief(&before) == brief(&all[at..]), expected, brief(&before))?;
        let after = list.since(stamp).await?;
        let expected =
            format!("who asks for what is later than {stamp} is given exactly {}", brief(&all[at + 1..]));
        lab.check("SYNC-SINCE", brief(&after) == brief(&all[at + 1..]), expected, brief(&after))?;
    }
    Ok(())
}

async fn given_once(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    let made = list.make_all(2).await?;
    let all = list.all().await?;
    let known = watermark(&all)?;
    let nothing = list.page(known, 1_000).await?;
    let expected = "nothing for who holds all of it";
    lab.check("SYNC-SINCE", nothing.entries.is_empty(), expected, brief(&nothing.entries))?;
    lab.check("API-LIST", nothing.total == 0, "a `total_count` of 0 then", nothing.total.to_string())?;
    list.change(&made[0], "changed").await?;
    let changed = list.page(known, 1_000).await?;
    let is_it = changed.entries.len() == 1 && changed.entries[0]["id"] == *made[0].id;
    let expected = format!("the entry {} alone, which changed since", made[0].id);
    lab.check("SYNC-SINCE", is_it, expected, brief(&changed.entries))?;
    lab.check("API-LIST", changed.total == 1, "a `total_count` of 1 then", changed.total.to_string())
}

async fn by_a_date(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    let made = list.make_all(2).await?;
    let all = list.all().await?;
    let at = place(&all, &made[0])?;
    for since in [stamp(&all[at])? - 1, stamp(&all[at])?] {
        let date = Timestamp::from_millis(since).to_string();
        let by_number = list.since(since).await?;
        place(&by_number, &made[1])?;
        let by_date = list.ask(Some(date.clone()), "?limit=1000").await?.done(lab, "SYNC-HEADER-DATE")?;
        let expected = format!("{date} gives what {since} gives: {}", brief(&by_number));
        let same = brief(by_date.entries()) == brief(&by_number);
        lab.check("SYNC-HEADER-DATE", same, expected, by_date.said())?;
    }
    Ok(())
}

async fn without_a_time(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 2).await?;
    let made = list.make_all(2).await?;
    // So that they are of the past, and a server that takes the present for what is absent gives nothing.
    lab.pass(Duration::from_millis(50)).await?;
    let all = list.all().await?;
    place(&all, &made[0])?;
    place(&all, &made[1])?;
    let without = list.ask(None, "?limit=1000").await?.done(lab, "SYNC-HEADER-ABSENT")?;
    let expected = format!("without Client-Sync-Time what its 0 gives: {}", brief(&all));
    lab.check("SYNC-HEADER-ABSENT", brief(without.entries()) == brief(&all), expected, without.said())
}

async fn a_time_that_is_none(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 1).await?;
    let made = list.make(0).await?;
    for none in ["yesterday", "12 monkeys", "0x10", "2016-13-45T99:00:00.000Z", "2016-11-24T08:00:00.000Zzz"]
    {
        let answer = list.ask(Some(none.to_owned()), "").await?;
        let expected = format!("Client-Sync-Time {none:?} is refused with 400");
        lab.check("SYNC-HEADER-BAD", answer.status == 400, expected, answer.said())?;
    }
    // It is the time, and not the list.
    let right = list.ask(Some("0".to_owned()), "").await?.done(lab, "SYNC-HEADER")?;
    place(right.entries(), &made)?;
    Ok(())
}

async fn pages_of_the_oldest(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 4).await?;
    let made = list.make_all(4).await?;
    let all = list.all().await?;
    for one in &made {
        place(&all, one)?;
    }
    for limit in 1..=3 {
        let page = list.page(0, limit).await?;
        let expected = format!("a page of at most {limit} of {} entries", all.len());
        lab.check("API-LIST-LIMIT", page.entries.len() <= limit, expected, brief(&page.entries))?;
        let expected = format!("the oldest {limit} entries: {}", brief(&all[..limit]));
        let oldest = brief(&page.entries) == brief(&all[..limit]);
        lab.check("SYNC-PAGE-PREFIX", oldest, expected, brief(&page.entries))?;
        let expected = format!("a `total_count` of all that match: {}", all.len());
        lab.check("API-LIST", page.total == all.len(), expected, page.total.to_string())?;
    }
    Ok(())
}

async fn from_an_offset_on(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 3).await?;
    let made = list.make_all(3).await?;
    let all = list.all().await?;
    for one in &made {
        place(&all, one)?;
    }
    for offset in 0..=all.len() {
        let page =
            Collection::read(list.ask(Some("0".to_owned()), &format!("?limit=2&offset={offset}")).await?)?;
        let rest = &all[offset..all.len().min(offset + 2)];
        let expected = format!("with an offset of {offset} and a limit of 2: {}", brief(rest));
        let same = brief(&page.entries) == brief(rest);
        lab.check("API-LIST-OFFSET", same, expected, brief(&page.entries))?;
    }
    Ok(())
}

async fn walked(lab: &Lab, kind: Kind) -> Result<(), Stop> {
    let list = Collection::new(lab, kind, 4).await?;
    let made = list.make_all(4).await?;
    list.remove(&made[2]).await?;
    list.change(&made[1], "changed").await?;
    let all = list.all().await?;
    for one in &made {
        place(&all, one)?;
    }
    for limit in 1..=3 {
        let mut since = 0;
        for rest in all.chunks(limit) {
            let page = list.page(since, limit).await?.entries;
            let mut earliest = i64::MAX;
            for entry in &page {
                earliest = earliest.min(stamp(entry)?);
            }
            let expected =
                format!("who asks for what is later than {since} is given nothing of then or before");
            lab.check("SYNC-SINCE", earliest > since, expected, brief(&page))?;
            let expected = format!("after {since} the next {limit}: {}", brief(rest));
            lab.check("SYNC-PAGE-PREFIX", brief(&page) == brief(rest), expected, brief(&page))?;
            since = watermark(&page)?;
        }
        let end = list.page(since, limit).await?.entries;
        lab.check("SYNC-SINCE", end.is_empty(), "nothing more after the last page", brief(&end))?;
    }
    Ok(())
}
