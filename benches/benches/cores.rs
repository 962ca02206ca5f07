//! The functional cores on the hot path of a run: `cargo bench -p y2w-benches --bench cores`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use y2w_mock_server::push::hub::{ConnId, Hub};
use y2w_scenarios::check::ledger::{Mark, Party, SessionLedger, View};
use y2w_sdk::protocol::push::{ClientId, Command, DeviceClass, ImMember, Notice};
use y2w_sdk::protocol::{ImSessionId, MessageId, SessionType, Timestamp, UserId};

/// One push to a session, decided and addressed to all its members.
fn fan_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("push hub");
    for members in [2_u32, 10, 100, 1_000] {
        group.throughput(Throughput::Elements(u64::from(members)));
        group.bench_with_input(BenchmarkId::new("fan out to", members), &members, |b, &members| {
            let mut hub = Hub::default();
            let uid = |i: u32| UserId::new(i.to_string());
            for i in 0..members {
                let client = ClientId { reconnection: false, device: DeviceClass::Web, guid: i.to_string() };
                hub.connect(ConnId(u64::from(i)), &uid(i), client);
            }
            let session = ImSessionId::new(SessionType::Group, "1");
            let notice = Notice::new_message(&session, "a message").to_raw();
            let all: Vec<ImMember> = (0..members).map(|i| ImMember { uid: uid(i), is_del: false }).collect();
            let update = Command::UpdateSession {
                message_id: "u",
                mts: 1,
                members: &all,
                force: false,
                message: None,
            };
            let topic = session.topic();
            hub.command(ConnId(0), &topic, &update.to_payload());
            let send = Command::SendMessage { message_id: "m", mts: 1, message: &notice }.to_payload();
            b.iter(|| black_box(hub.command(ConnId(0), &topic, &send)));
        });
    }
    group.finish();
}

/// A message that every member of a session sees, verified.
fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    for members in [2_usize, 8, 100] {
        group.throughput(Throughput::Elements(members as u64));
        group.bench_with_input(BenchmarkId::new("members", members), &members, |b, &members| {
            let name = |i: usize| format!("user {i}");
            let parties = (0..members).map(|i| Party { name: name(i), here: true }).collect();
            let views = (0..members).map(|i| View { name: name(i), of: i }).collect();
            let mut ledger = SessionLedger::new("group_1".to_owned(), parties, views);
            let mut number = 0;
            b.iter(|| {
                number = ledger.sending(0);
                let mark = Mark { sender: 0, number };
                let id = MessageId::new(number.to_string());
                let stored = ledger.stored(mark);
                for member in 0..members {
                    let seen = ledger.delivered(member, mark, &id, Timestamp::from_millis(i64::from(number)));
                    black_box(&seen);
                }
                black_box(stored)
            });
        });
    }
    group.finish();
}

criterion_group!(cores, fan_out, verify);
criterion_main!(cores);
