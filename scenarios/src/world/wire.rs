//! One push connection through the [weather](super::weather): two streams, and what carries bytes between them, each
//! way with its own delay and in order. It ends when either end closes, or when it is cut; both ends then see it end. One
//! that is dead carries nothing, not even that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::join;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use y2w_sdk::push::ByteStream;

use super::weather::{Fate, Way, Weather};
use crate::history::{DeviceIndex, History, What};

/// What a stream in memory holds before its writer has to wait.
const STREAM_BYTES: usize = 64 * 1024;

/// Pieces that may be under way in one direction before the sender has to wait.
const UNDER_WAY_MAX: usize = 1_024;

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
        let (mut from_device, to_device) = tokio::io::split(end);
        let (mut from_server, to_server) = tokio::io::split(theirs);
        let lane = |way| Lane { weather: &weather, history: &history, device, connection, way };
        // Dropping both streams is how the ends learn that it is over.
        tokio::select! { biased;
            () = fate.cut.cancelled() => return,
            () = fate.dead.cancelled() => (),
            () = lane(Way::Up).carry(&mut from_device, to_server) => return,
            () = lane(Way::Down).carry(&mut from_server, to_device) => return,
        }
        // Each end writes into the void until it gives up by itself; the other one does not learn of that.
        weather.dead(device, false);
        let from_device = async {
            drain(from_device).await;
            weather.dead(device, true);
        };
        join(from_device, drain(from_server)).await;
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with either end, or when it is cut")]
    tokio::spawn(carry);
    Box::new(ours)
}

/// One direction.
struct Lane<'a> {
    weather: &'a Weather,
    history: &'a History,
    device: DeviceIndex,
    connection: u32,
    way: Way,
}

impl Lane<'_> {
    async fn carry(self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let clock = self.weather.clock();
        // Each piece with when it is there, counted from the clock's beginning.
        let mut under_way: VecDeque<(Duration, Bytes)> = VecDeque::new();
        let mut read = BytesMut::new();
        let mut piece = 0_u32;
        let mut open = true;
        while open || !under_way.is_empty() {
            let due = under_way.front().map(|(due, _)| due.saturating_sub(clock.elapsed()));
            tokio::select! { biased;
                () = wait(due), if due.is_some() => {
                    self.weather.passage(self.device, self.way, true).await;
                    if let Some((_, bytes)) = under_way.pop_front()
                        && to.write_all(&bytes).await.is_err()
                    {
                        return;
                    }
                }
                result = from.read_buf(&mut read), if open && under_way.len() < UNDER_WAY_MAX => {
                    open = result.is_ok_and(|bytes| bytes > 0);
                    if !open {
                        continue;
                    }
                    piece += 1;
                    self.note_marks(&read);
                    let time = self.weather.hop_time(self.device, self.way, (self.connection, piece));
                    let behind = under_way.back().map_or(Duration::ZERO, |(due, _)| *due);
                    under_way.push_back(((clock.elapsed() + time).max(behind), read.split().freeze()));
                }
            }
        }
    }
}

impl Lane<'_> {
    /// Notes the return codes among the bytes, and members sent by force: what a history wants of the commands. A mark
    /// that two reads cut in half is missed; nothing but what a run has reached hangs on it.
    fn note_marks(&self, bytes: &[u8]) {
        match self.way {
            Way::Down => {
                for at in memchr::memmem::find_iter(bytes, RETURN_CODE) {
                    let digits =
                        bytes[at + RETURN_CODE.len()..].iter().take_while(|byte| byte.is_ascii_digit());
                    let code = digits.fold(0_u16, |code, digit| {
                        code.wrapping_mul(10).wrapping_add(u16::from(digit - b'0'))
                    });
                    self.history.note(Some(self.device), What::Code(code));
                }
            }
            Way::Up => {
                if memchr::memmem::find(bytes, FORCED).is_some() {
                    self.history.note(Some(self.device), What::Forced);
                }
            }
        }
    }
}

const RETURN_CODE: &[u8] = b"\"returnCode\":";
const FORCED: &[u8] = b"\"force\":true";

async fn drain(mut from: impl AsyncRead + Unpin) {
    let mut read = [0; 256];
    while from.read(&mut read).await.is_ok_and(|bytes| bytes > 0) {}
}

async fn wait(time: Option<Duration>) {
    if let Some(time) = time.filter(|time| !time.is_zero()) {
        tokio::time::sleep(time).await;
    }
}
