//! One push connection through the [weather](super::weather): two streams, and what carries bytes between them, each
//! way with its own delay and in order. It ends when either end closes, or when it is cut; both ends then see it end. One
//! that is dead carries nothing, not even that.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::join;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use y2w_sdk::push::ByteStream;

use super::STREAM_BYTES;
use super::frames::Frames;
use super::weather::{Fate, Way, Weather};
use crate::history::{DeviceIndex, End, History, Pushed, What};

/// Pieces that may be under way in one direction before the sender has to wait.
const UNDER_WAY_MAX: usize = 1_024;

/// How long a server has to close a connection of which it has said that it is over, before the wire lets go of it.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// Lays a wire to the server's end; the other end is the device's.
pub(super) fn lay(
    weather: Arc<Weather>,
    history: Arc<History>,
    device: DeviceIndex,
    connection: u32,
    theirs: Box<dyn ByteStream>,
    fate: Fate,
) -> Box<dyn ByteStream> {
    let (ours, end) = tokio::io::duplex(STREAM_BYTES);
    let carry = async move {
        let (from_device, to_device) = tokio::io::split(end);
        let (from_server, to_server) = tokio::io::split(theirs);
        let wire = Wire { weather: &weather, history: &history, device, connection, seen: Mutex::default() };
        let mut up = pin!(wire.carry(Way::Up, from_device, to_server));
        let mut down = pin!(wire.carry(Way::Down, from_server, to_device));
        // Dropping both streams is how the ends learn that it is over.
        let end = tokio::select! { biased;
            () = fate.cut.cancelled() => End::Network,
            () = fate.dead.cancelled() => {
                // Each end writes into the void until it gives up by itself; the other one does not learn of that.
                wire.seen.lock().is_dead = true;
                weather.dead(device, false);
                let noticed = async {
                    up.await;
                    weather.dead(device, true);
                };
                join(noticed, down).await;
                End::Network
            }
            () = &mut down => End::Server,
            () = &mut up => {
                // Whether the server keeps its word, when it has said that it is over, shows only if it is let do so.
                if wire.seen.lock().is_over {
                    drop(tokio::time::timeout(CLOSES_WITHIN, down).await);
                }
                End::Device
            }
        };
        wire.ended(end);
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with either end, or when it is cut")]
    tokio::spawn(carry);
    Box::new(ours)
}

struct Wire<'a> {
    weather: &'a Weather,
    history: &'a History,
    device: DeviceIndex,
    connection: u32,
    seen: Mutex<Seen>,
}

/// What has been seen of a connection.
#[derive(Default)]
struct Seen {
    /// The server has said that it closes the connection: it was refused, or kicked.
    is_over: bool,
    /// Its end is noted.
    has_ended: bool,
    /// What is written into it goes nowhere.
    is_dead: bool,
}

impl Wire<'_> {
    /// Carries one direction until it ends.
    async fn carry(&self, way: Way, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let clock = self.weather.clock();
        // Each piece with when it is there, counted from the clock's beginning.
        let mut under_way: VecDeque<(Duration, Bytes)> = VecDeque::new();
        let mut read = BytesMut::new();
        let mut frames = Frames::new(way);
        let mut piece = 0_u32;
        let mut open = true;
        while open || !under_way.is_empty() {
            let due = under_way.front().map(|(due, _)| due.saturating_sub(clock.elapsed()));
            tokio::select! { biased;
                // Nothing else waits meanwhile: what comes behind is seen, and noted, when it comes.
                () = self.way_is_free(way, due), if due.is_some() => {
                    let Some((_, bytes)) = under_way.pop_front() else { continue };
                    let (is_dead, is_heard) = {
                        let seen = self.seen.lock();
                        (seen.is_dead, !seen.is_over && !seen.has_ended)
                    };
                    if is_dead {
                        continue;
                    }
                    // A server that has done with the connection does not hear what still comes.
                    if way == Way::Up && is_heard {
                        frames.read(&bytes, |pushed| self.note(pushed));
                    }
                    // A device that has gone does not hear the rest of what the server says; it is noted all the same.
                    if to.write_all(&bytes).await.is_err() && !self.seen.lock().is_over {
                        return;
                    }
                }
                result = from.read_buf(&mut read), if open && under_way.len() < UNDER_WAY_MAX => {
                    open = result.is_ok_and(|bytes| bytes > 0);
                    if !open {
                        if way == Way::Down {
                            self.ended(End::Server);
                        }
                        continue;
                    }
                    piece += 1;
                    if way == Way::Down {
                        frames.read(&read, |pushed| self.note(pushed));
                    }
                    let time = self.weather.hop_time(self.device, way, (self.connection, piece));
                    let behind = under_way.back().map_or(Duration::ZERO, |(due, _)| *due);
                    under_way.push_back(((clock.elapsed() + time).max(behind), read.split().freeze()));
                }
            }
        }
    }

    /// Until the first piece is there, and no fault holds it back.
    async fn way_is_free(&self, way: Way, due: Option<Duration>) {
        wait(due).await;
        self.weather.passage(self.device, way, true).await;
    }

    fn note(&self, pushed: Pushed) {
        self.seen.lock().is_over |= pushed.is_dismissal();
        self.history.note(Some(self.device), What::Push { connection: self.connection, pushed });
    }

    fn ended(&self, end: End) {
        if !std::mem::replace(&mut self.seen.lock().has_ended, true) {
            self.note(Pushed::Closed(end));
        }
    }
}

async fn wait(time: Option<Duration>) {
    if let Some(time) = time.filter(|time| !time.is_zero()) {
        tokio::time::sleep(time).await;
    }
}
