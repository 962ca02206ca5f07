//! The network between the devices and the server: what it is like by the plan, and what befalls it.
//!
//! It lies around a client's transports, at the client's end. Requests and answers are held back, lost or delayed one by
//! one; push connections as the bytes that they are, so that the client's and the server's keep-alive notice what such
//! connections notice. What a fault holds back arrives when the fault is over, as TCP has it.
//!
//! Life: one [`Weather`] per run. Faults come and go by [`Weather::set`]; a device's transports are made once by
//! [`Weather::http`] and [`Weather::push`] and ask it at each hop.
//!
//! Invariants: a hop takes at least the latency of the network; what travels one way on one push connection stays in
//! order; every wait here ends with a fault, or when whoever waits gives up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{BASE_PATH, CLIENT_SYNC_TIME, GateData, IDEMPOTENCY_KEY};
use y2w_sdk::push::{ByteStream, OverStreams, Streams};

use super::{RESET, World, wire};
use crate::chance;
use crate::history::{Arrived, DeviceIndex, History, Served, What, is_taken_down};
use crate::plan::{Actor, Fault, Misfortune, Network, Plan};

/// See the module's text.
pub struct Weather {
    seed: u64,
    network: Network,
    clock: Clock,
    devices: Vec<Actor>,
    standing: Mutex<Vec<Fault>>,
    /// Some fault has come or gone.
    changed: Notify,
    /// What befalls the push connections of each device that stand now.
    fates: Vec<Mutex<Fate>>,
    /// Of how many dead push connections each device has not noticed yet that they are.
    unnoticed: Vec<AtomicU32>,
}

/// What can befall a push connection.
#[derive(Clone, Default)]
pub(super) struct Fate {
    /// It ends, and both ends see it.
    pub(super) cut: CancellationToken,
    /// Nothing gets through any more, and neither end is told.
    pub(super) dead: CancellationToken,
}

/// The way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

impl Weather {
    /// The plan's network without faults.
    pub fn new(plan: &Plan, clock: Clock) -> Arc<Self> {
        let devices: Vec<Actor> = plan.devices().collect();
        Arc::new(Self {
            seed: plan.seed,
            network: plan.network,
            clock,
            fates: devices.iter().map(|_| Mutex::default()).collect(),
            unnoticed: devices.iter().map(|_| AtomicU32::new(0)).collect(),
            devices,
            standing: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// These faults stand now, and no others. Those on the server are of no matter here.
    pub fn set(&self, faults: Vec<Fault>) {
        *self.standing.lock() = faults;
        self.changed.notify_waiters();
    }

    /// Ends the push connections of these devices.
    pub fn cut(&self, covers: impl Fn(&Actor) -> bool) {
        self.doom(covers, |fate| &fate.cut);
    }

    /// Lets nothing more through on the push connections of these devices that stand now.
    pub fn deaden(&self, covers: impl Fn(&Actor) -> bool) {
        self.doom(covers, |fate| &fate.dead);
    }

    fn doom(&self, covers: impl Fn(&Actor) -> bool, which: impl Fn(&Fate) -> &CancellationToken) {
        for (device, fate) in self.devices.iter().zip(&self.fates) {
            if covers(device) {
                which(&std::mem::take(&mut *fate.lock())).cancel();
            }
        }
    }

    /// A device's way for requests.
    pub fn http(
        self: &Arc<Self>,
        device: DeviceIndex,
        world: &dyn World,
        history: &Arc<History>,
    ) -> Arc<dyn HttpTransport> {
        Arc::new(Requests {
            device,
            inner: world.http(),
            weather: self.clone(),
            history: history.clone(),
            sent: Mutex::default(),
        })
    }

    /// A device's way to the push server.
    pub fn push(
        self: &Arc<Self>,
        device: DeviceIndex,
        world: &dyn World,
        history: &Arc<History>,
    ) -> OverStreams {
        OverStreams::new(Arc::new(Connections {
            device,
            inner: world.streams(),
            weather: self.clone(),
            history: history.clone(),
            dialled: Mutex::new(0),
        }))
    }

    /// Waits as long as one hop takes, and as long as a fault holds things back.
    async fn hop(&self, device: DeviceIndex, way: Way, matter: impl std::hash::Hash) {
        self.passage(device, way, false).await;
        let time = self.hop_time(device, way, matter);
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    /// Waits while a fault holds back what goes this way; on push connections more faults do.
    pub(super) async fn passage(&self, device: DeviceIndex, way: Way, push: bool) {
        self.while_held(|| self.is_held(device, way, push)).await;
    }

    async fn while_held(&self, is_held: impl Fn() -> bool) {
        while is_held() {
            let changed = self.changed.notified();
            // What has changed before that was asked for wakes nobody.
            if is_held() {
                changed.await;
            }
        }
    }

    /// Whether no new push connections get through.
    fn is_barred(&self, device: DeviceIndex) -> bool {
        self.standing.lock().iter().any(
            |fault| matches!(&fault.what, Misfortune::HalfOpen { who } if who.covers(&self.devices[device])),
        )
    }

    fn is_held(&self, device: DeviceIndex, way: Way, push: bool) -> bool {
        self.standing.lock().iter().any(|fault| match &fault.what {
            Misfortune::Partition { who } => who.covers(&self.devices[device]),
            Misfortune::Deaf { who } => push && way == Way::Down && who.covers(&self.devices[device]),
            Misfortune::Mute { who } => push && way == Way::Up && who.covers(&self.devices[device]),
            _ => false,
        })
    }

    /// How long one hop takes.
    pub(super) fn hop_time(&self, device: DeviceIndex, way: Way, matter: impl std::hash::Hash) -> Duration {
        let slow = self.standing.lock().iter().fold(0, |sum, fault| match &fault.what {
            Misfortune::Slow { who, by } if who.covers(&self.devices[device]) => sum + by.0,
            _ => sum,
        });
        let jitter = match self.network.jitter.0 {
            0 => 0,
            most => chance::below(most + 1, self.seed, (&self.devices[device], way, matter)),
        };
        Duration::from_millis(self.network.latency.0 + slow + jitter)
    }

    /// Whether a device waits for what will never come, and does not know it yet.
    pub fn is_in_the_dark(&self, device: DeviceIndex) -> bool {
        self.unnoticed[device].load(Ordering::Relaxed) > 0
    }

    /// A connection of that device is dead, or the device has noticed that.
    pub(super) fn dead(&self, device: DeviceIndex, noticed: bool) {
        let unnoticed = &self.unnoticed[device];
        if noticed {
            unnoticed.fetch_sub(1, Ordering::Relaxed);
        } else {
            unnoticed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether a request, or its answer, is lost.
    fn loses(&self, device: DeviceIndex, way: Way, matter: impl std::hash::Hash) -> bool {
        let rates = self.standing.lock().iter().fold(0.0_f64, |rate, fault| match (&fault.what, way) {
            (Misfortune::LoseRequests { who, rate: more }, Way::Up)
            | (Misfortune::LoseAnswers { who, rate: more }, Way::Down)
                if who.covers(&self.devices[device]) =>
            {
                rate.max(*more)
            }
            _ => rate,
        });
        rates > 0.0 && chance::happens(rates, self.seed, ("lost", &self.devices[device], way, matter))
    }
}

/// The path and query of a request as the protocol has them, wherever the business API's address is.
fn path_of(request: &Request<Bytes>) -> &str {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    path.find(BASE_PATH).map_or(path, |begin| &path[begin..])
}

/// One device's requests.
struct Requests {
    device: DeviceIndex,
    inner: Arc<dyn HttpTransport>,
    weather: Arc<Weather>,
    history: Arc<History>,
    /// How often each method and path was asked for: what a request is, for chance.
    sent: Mutex<FxHashMap<u64, u32>>,
}

impl HttpTransport for Requests {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let path: Arc<str> = path_of(&request).into();
        let asked = chance::draw(0, (request.method().as_str(), &path));
        let nth = {
            let mut sent = self.sent.lock();
            let nth = sent.entry(asked).or_default();
            *nth += 1;
            *nth
        };
        let since = request.headers().get(CLIENT_SYNC_TIME).and_then(|value| value.to_str().ok());
        let since = since.and_then(Timestamp::parse);
        let call = self.history.note_request(self.device, request.method().clone(), path, since);
        Box::pin(async move {
            let ended = Ended { requests: self, call, status: None };
            self.answer(request, (asked, nth), ended).await
        })
    }
}

impl Requests {
    async fn answer(
        &self,
        request: Request<Bytes>,
        matter: (u64, u32),
        mut ended: Ended<'_>,
    ) -> Result<Response<Bytes>, String> {
        let (weather, device) = (&self.weather, self.device);
        weather.hop(device, Way::Up, matter).await;
        if weather.loses(device, Way::Up, matter) {
            return Err(RESET.to_owned());
        }
        let answer = self.serve(ended.call, request).await?;
        weather.hop(device, Way::Down, matter).await;
        if weather.loses(device, Way::Down, matter) {
            return Err(RESET.to_owned());
        }
        ended.status = Some(answer.status());
        Ok(answer)
    }

    /// Has the server do it.
    async fn serve(&self, call: u64, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let path = path_of(&request);
        if !is_taken_down(request.method(), path) {
            return self.inner.send(request).await;
        }
        let (method, path, body) = (request.method().clone(), path.into(), request.body().clone());
        let key = request.headers().get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok()).map(Into::into);
        let arrived = Arrived { call, method, path, key, body };
        self.history.note(Some(self.device), What::Arrives(Arc::new(arrived)));
        let mut serving = Serving { requests: self, call, answer: None };
        let answer = self.inner.send(request).await?;
        serving.answer = Some(Served { status: answer.status(), body: answer.body().clone() });
        Ok(answer)
    }
}

/// One device's push connections.
struct Connections {
    device: DeviceIndex,
    inner: Arc<dyn Streams>,
    weather: Arc<Weather>,
    history: Arc<History>,
    dialled: Mutex<u32>,
}

impl Streams for Connections {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        self.inner.address(gate)
    }

    fn open(&self, address: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let connection = {
            let mut dialled = self.dialled.lock();
            *dialled += 1;
            *dialled
        };
        self.history.note(Some(self.device), What::Dials);
        let (weather, history, device) = (self.weather.clone(), self.history.clone(), self.device);
        let (streams, address) = (self.inner.clone(), address.to_owned());
        Box::pin(async move {
            weather.while_held(|| weather.is_barred(device)).await;
            weather.hop(device, Way::Up, ("dial", connection)).await;
            let theirs = streams.open(&address).await?;
            let fate = weather.fates[device].lock().clone();
            Ok(wire::lay(weather, history, device, connection, theirs, fate))
        })
    }
}

/// Notes the end of a request, also of one that was given up.
struct Ended<'a> {
    requests: &'a Requests,
    call: u64,
    status: Option<http::StatusCode>,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let what = What::Answer { call: self.call, status: self.status };
        self.requests.history.note(Some(self.requests.device), what);
    }
}

/// Notes what the server says, also when nobody waits for it any more.
struct Serving<'a> {
    requests: &'a Requests,
    call: u64,
    answer: Option<Served>,
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let what = What::Served { call: self.call, answer: self.answer.take() };
        self.requests.history.note(Some(self.requests.device), what);
    }
}
