//! Whatever bytes a peer sends: nothing panics, what can be read is written and read again as the same, and no page
//! moves a watermark back. The fuzz targets in `sdk/fuzz` do the same with inputs that they find themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod damage;
mod drivers;
mod json;
mod requests;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use y2w_sdk::protocol::Timestamp;

/// Answers and pushes that the fuzzer begins with too.
const ANSWERS: &str = "fuzz/seeds/rest_answer";
const PUSHES: &str = "fuzz/seeds/push_payload";
/// Requests, as JSON and as forms.
const REQUESTS: &str = "tests/peer_bytes/request_seeds";

/// The files in a directory, by name.
fn seeds(dir: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut seeds: Vec<_> = files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&file).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

/// The lines of the seeds that are JSON.
fn seed_values(dir: &str) -> Vec<Value> {
    let lines = seeds(dir)
        .into_iter()
        .flat_map(|(_, seed)| seed.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>());
    lines.filter_map(|line| serde_json::from_slice(&line).ok()).collect()
}

/// Bytes that begin as those of a seed and do not stay so.
fn damaged_bytes(dir: &str) -> impl Strategy<Value = Vec<u8>> {
    let seeds: Vec<Vec<u8>> = seeds(dir).into_iter().map(|(_, seed)| seed).collect();
    let changes = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    (select(seeds), changes, any::<Index>(), any::<bool>()).prop_map(|(mut bytes, changes, end, cut)| {
        for (at, byte) in changes.into_iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut && !bytes.is_empty() {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    })
}

#[test]
fn every_seed_is_read_and_every_type_has_a_seed() {
    type Driver = fn(&[u8]) -> Vec<&'static str>;
    let drivers: [(&str, Driver); 3] = [
        (ANSWERS, drivers::rest_answer),
        (REQUESTS, requests::rest_request),
        (PUSHES, drivers::push_payload),
    ];
    let mut read = BTreeSet::new();
    for (dir, driver) in drivers {
        for (name, seed) in seeds(dir) {
            let by = driver(&seed);
            assert!(!by.is_empty() || name.starts_with("unreadable"), "nothing reads {name}");
            read.extend(by);
        }
    }
    let tables = [drivers::ANSWERS, drivers::PUSHES, requests::JSON, requests::FORMS];
    let known =
        tables.iter().flat_map(|table| table.iter()).map(|(name, _)| *name).chain(["Control", "Delivery"]);
    assert_eq!(known.filter(|name| !read.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_json_is_too_odd(value in json::value()) {
        let bytes = serde_json::to_vec(&value).unwrap();
        drivers::rest_answer(&bytes);
        requests::rest_request(&bytes);
        drivers::push_payload(&bytes);
    }

    #[test]
    fn no_answer_that_is_nearly_right_does_harm(value in json::damaged(seed_values(ANSWERS))) {
        drivers::rest_answer(&serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn no_request_that_is_nearly_right_does_harm(value in json::damaged(seed_values(REQUESTS))) {
        requests::rest_request(&serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn no_push_that_is_nearly_right_does_harm(value in json::damaged(seed_values(PUSHES))) {
        drivers::push_payload(&serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        damaged_bytes(ANSWERS),
        damaged_bytes(REQUESTS),
        damaged_bytes(PUSHES),
    ]) {
        drivers::rest_answer(&bytes);
        requests::rest_request(&bytes);
        drivers::push_payload(&bytes);
    }

    #[test]
    fn no_pages_move_a_watermark_back(pages in proptest::collection::vec(json::damaged(seed_values(ANSWERS)), 1..8)) {
        let mut known = drivers::Known::new();
        for page in pages {
            known.merge(&serde_json::to_vec(&page).unwrap());
        }
    }

    #[test]
    fn no_time_is_too_far_away(millis: i64, other: i64, later: Duration) {
        let (time, other) = (Timestamp::from_millis(millis), Timestamp::from_millis(other));
        for moved in [time.plus(later), time.next(), time.plus(time.until(other))] {
            prop_assert!(moved >= time);
            prop_assert_eq!(Timestamp::parse(&moved.to_string()), Some(moved));
        }
        prop_assert_eq!(time.plus(time.until(other)), time.max(other));
        prop_assert!(other <= time || time.next() <= other);
    }
}

#[test]
fn the_ends_of_time_hold() {
    let last = Timestamp::from_millis(i64::MAX);
    assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
    assert_eq!((last.next(), last.plus(Duration::MAX)), (last, last));
    assert_eq!(Timestamp::from_millis(i64::MIN), Timestamp::EPOCH);
    assert_eq!(last.until(Timestamp::EPOCH), Duration::ZERO);
    assert_eq!(Timestamp::EPOCH.plus(Timestamp::EPOCH.until(last)), last);
    for number in
        [i64::MIN.to_string(), i64::MAX.to_string(), u64::MAX.to_string(), "1e99".to_owned(), "-1".to_owned()]
    {
        serde_json::from_str::<Timestamp>(&number).unwrap_err();
    }
}
