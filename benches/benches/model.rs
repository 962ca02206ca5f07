//! What a client knows, at its full size: merging a page, and writing all of it down.
//! `cargo bench -p y2w-benches --bench model`.
//!
//! The bar: merging a page of 1,000 entries into a collection of 100,000 costs less than 1 ms. Half of each page is new,
//! the other half are entries from all over the collection that have changed; so the cost holds a collection's growth,
//! and what is dropped for what takes its place.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use y2w_sdk::clock::Clock;
use y2w_sdk::model::{Collection, Entry, Messages, Model};
use y2w_sdk::protocol::{Contact, Message, MessageType, SessionType, Timestamp, User, UserConversation};
use y2w_sdk::store::Part;

/// Entries in a page.
const PAGE: u32 = 1_000;
/// The size that the bar is about; smaller ones show that the cost does not grow with it.
const SIZE: u32 = 100_000;
/// What merging a page may cost.
const BAR: Duration = Duration::from_millis(1);
/// Pages that are merged before a collection is made anew.
const PAGES: u32 = 100;

/// Something that pages are merged into, and how to make its entries.
struct Kind<S, E> {
    name: &'static str,
    /// Nothing yet; it holds at most so many, if it has a bound.
    empty: fn(u32) -> S,
    /// The entry of this number, with this stamp.
    entry: fn(u32, i64) -> E,
    merge: fn(&mut S, Vec<E>) -> usize,
}

impl<S, E> Kind<S, E> {
    fn filled(&self, size: u32) -> S {
        let mut state = (self.empty)(size);
        (self.merge)(&mut state, (0..size).map(|i| (self.entry)(i, 0)).collect());
        state
    }

    /// The page that comes after so many others.
    fn page(&self, size: u32, pages: u32) -> Vec<E> {
        let half = PAGE / 2;
        // Numbers that are held whether or not the oldest are let go.
        let (oldest, newest) = (pages * half, size + pages * half);
        let changed = (0..half).map(|i| oldest + i * (size / half) + pages % (size / half));
        changed.chain(newest..newest + half).map(|i| (self.entry)(i, i64::from(pages) + 1)).collect()
    }

    fn bench(&self, c: &mut Criterion) {
        let clock = Clock::system();
        let mut costs = Vec::new();
        let mut group = c.benchmark_group("merge a page of 1,000 into");
        group.throughput(Throughput::Elements(u64::from(PAGE)));
        for size in [PAGE, SIZE / 10, SIZE] {
            let (mut state, mut pages) = (None, 0);
            let mut merge = || {
                if pages == PAGES {
                    (state, pages) = (None, 0);
                }
                let state = state.get_or_insert_with(|| self.filled(size));
                let page = self.page(size, pages);
                pages += 1;
                let begun = clock.elapsed();
                let new = (self.merge)(state, black_box(page));
                let cost = clock.elapsed() - begun;
                assert_eq!(new, PAGE as usize, "every entry of a page changes something");
                if size == SIZE {
                    costs.push(cost);
                }
                cost
            };
            group.bench_function(BenchmarkId::new(self.name, size), |b| {
                b.iter_custom(|iterations| (0..iterations).map(|_| merge()).sum());
            });
        }
        group.finish();
        costs.sort_unstable();
        // None if this one was not asked for.
        let Some(median) = costs.get(costs.len() / 2) else { return };
        println!(
            "merging a page of 1,000 into 100,000 {}: {:.2} ms, at worst {:.2} ms (bar: {} ms): {}\n",
            self.name,
            median.as_secs_f64() * 1e3,
            costs.last().unwrap_or(median).as_secs_f64() * 1e3,
            BAR.as_millis(),
            if *median < BAR { "met" } else { "MISSED" }
        );
    }
}

fn at(stamp: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::MIN.as_millis() + stamp)
}

fn contact(number: u32, stamp: i64) -> Contact {
    Contact {
        id: number.to_string().as_str().into(),
        user_id: number.to_string().as_str().into(),
        name: format!("user {number}"),
        pinyin: vec!["user".to_owned(), number.to_string()],
        title: format!("title {number}"),
        title_pinyin: vec!["title".to_owned(), number.to_string()],
        remark: String::new(),
        email: format!("user-{number}@y2w.test"),
        avatar_url: format!("/v1/attachments/{number}/content"),
        is_delete: false,
        created_at: Some(at(0)),
        updated_at: Some(at(stamp)),
    }
}

fn conversation(number: u32, stamp: i64) -> UserConversation {
    UserConversation {
        id: number.to_string().as_str().into(),
        target_id: number.to_string(),
        name: format!("user {number}"),
        kind: SessionType::P2p,
        top: false,
        visiable: true,
        unread: 1,
        last_message: None,
        avatar_url: format!("/v1/attachments/{number}/content"),
        is_delete: false,
        created_at: Some(at(0)),
        updated_at: at(stamp),
    }
}

fn message(number: u32, stamp: i64) -> Message {
    Message {
        id: number.to_string().as_str().into(),
        sender: "1".into(),
        kind: MessageType::Text,
        content: format!(r#"{{"text":"message {number} at {stamp}"}}"#),
        is_delete: false,
        created_at: at(number.into()),
        updated_at: at(i64::from(number) + stamp),
    }
}

fn collection<E: Entry>(name: &'static str, entry: fn(u32, i64) -> E) -> Kind<Collection<E>, E> {
    Kind { name, empty: |_| Collection::default(), entry, merge: Collection::merge_page }
}

fn merge(c: &mut Criterion) {
    collection("contacts", contact).bench(c);
    collection("conversations", conversation).bench(c);
    Kind {
        name: "messages",
        empty: |keep| Messages::keeping(keep as usize),
        entry: message,
        merge: |messages, page| messages.merge_page(page, None).new_entries(),
    }
    .bench(c);
}

/// What a local store is given each time something has changed: the whole document.
fn save(c: &mut Criterion) {
    let me: User = serde_json::from_str(r#"{"id":"1"}"#).expect("a user needs an id only");
    let mut model = Model::default();
    model.contacts.merge_page((0..SIZE).map(|i| contact(i, 0)).collect());
    let mut group = c.benchmark_group("save");
    let size = model.save(&Part::Contacts, &me).map_or(0, |document| document.len());
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function(BenchmarkId::new("contacts", SIZE), |b| {
        b.iter(|| model.save(&Part::Contacts, black_box(&me)));
    });
    group.finish();
}

criterion_group! {
    name = model;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2));
    targets = merge, save
}
criterion_main!(model);

// As in the command `y2w`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
