//! One simulated user: its devices, and whether they are online.
//!
//! A person is online or not: who is offline has no client at all, only what its devices keep between logins. What a
//! person does holds its client ([`Person::client`]); logging out waits until nobody does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard};
use y2w_sdk::protocol::push::DeviceClass;
use y2w_sdk::protocol::rest::AddMember;
use y2w_sdk::protocol::{ImSessionId, UserId};
use y2w_sdk::store::{LocalStore, MemoryStore};
use y2w_sdk::{CurrentUser, LoginOptions, Users};

use super::meters::Metric;
use super::watch::{Stage, Watch};
use crate::chance::draw;

/// Messages that a simulated user keeps in memory per session: enough for what may come again.
const KEEP_MESSAGES: usize = 32;
/// Things of one user that may be under way at the same time; beyond that they are left out, and counted.
const AT_ONCE: usize = 16;

/// A simulated user.
pub(super) struct Person {
    pub(super) stage: Arc<Stage>,
    pub(super) index: usize,
    pub(super) account: String,
    pub(super) password: String,
    pub(super) accounts: Users,
    /// What the server calls the user, once it has logged in.
    id: OnceLock<UserId>,
    /// The device that the user sends from first, then the second one if there is one.
    pub(super) devices: Vec<Device>,
    /// Changes of contacts and members, one after the other.
    pub(super) changes: tokio::sync::Mutex<Changes>,
    under_way: AtomicUsize,
    patience: Duration,
}

/// What a user has changed, to change it back the next time.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Members that it has removed from its groups, by session.
    pub(super) removed: BTreeMap<usize, AddMember>,
}

/// A device of a user.
pub(super) struct Device {
    pub(super) watch: Arc<Watch>,
    class: DeviceClass,
    seed: u64,
    /// Logins so far: each has a seed of its own, so that no idempotency key comes twice.
    logins: AtomicU64,
    /// What it keeps between logins; none where nobody logs in again.
    store: Option<Arc<dyn LocalStore>>,
    /// Who is online. Held, for reading, across whatever a user does, so that it is not logged out in the middle.
    client: RwLock<Option<CurrentUser>>,
}

/// One of the things that a user has under way; the place is free again when it is dropped.
pub(super) struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Person {
    pub(super) fn new(
        stage: Arc<Stage>,
        index: usize,
        (account, seed): (String, u64),
        accounts: Users,
        logs_in_again: bool,
        patience: Duration,
    ) -> Self {
        let count = if stage.population.second_device[index] { 2 } else { 1 };
        let device = |at: u64| {
            let (class, name) = match at {
                0 => (DeviceClass::Web, format!("user {index}")),
                _ => (DeviceClass::Mobile, format!("user {index} on the second device")),
            };
            Device {
                watch: Arc::new(Watch::new(stage.clone(), index, name, at == 0)),
                class,
                seed: draw(seed, at),
                logins: AtomicU64::new(0),
                store: logs_in_again.then(|| Arc::new(MemoryStore::default()) as Arc<dyn LocalStore>),
                client: RwLock::new(None),
            }
        };
        let devices = (0..count).map(device).collect();
        let password = format!("{seed:016x}");
        let (changes, under_way) = (tokio::sync::Mutex::default(), AtomicUsize::new(0));
        let id = OnceLock::new();
        Self { stage, index, account, password, accounts, id, devices, changes, under_way, patience }
    }

    /// The name, for the prose.
    pub(super) fn name(&self) -> &str {
        &self.devices[0].watch.name
    }

    /// The name of one of its devices with the server's id of the user, for the prose.
    pub(super) fn name_of(&self, device: &Device) -> String {
        let id = self.id.get().map_or_else(String::new, |id| format!(" (id {id})"));
        format!("{}{id}", device.watch.name)
    }

    /// The client that the user sends from, if it is online. It stays so while this is held.
    pub(super) async fn client(&self) -> RwLockReadGuard<'_, Option<CurrentUser>> {
        self.devices[0].client.read().await
    }

    /// The same without waiting; `None` also while the user logs in or out.
    pub(super) fn client_now(&self) -> Option<RwLockReadGuard<'_, Option<CurrentUser>>> {
        self.devices[0].client.try_read().ok().filter(|client| client.is_some())
    }

    /// Whether the user is online, and neither logs in nor out.
    pub(super) fn is_online(&self) -> bool {
        self.client_now().is_some()
    }

    /// Something that takes its time is under way until what this gives is dropped.
    pub(super) fn turn(&self) -> Turn<'_> {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        Turn(&self.under_way)
    }

    /// Whether so much is under way that nothing more should be begun.
    pub(super) fn turns_are_taken(&self) -> bool {
        self.under_way.load(Ordering::Acquire) >= AT_ONCE
    }

    /// Waits until every message that was handed over is stored or given up; not longer than the patience.
    pub(super) async fn all_stored(&self) {
        let watch = &self.devices[0].watch;
        let stored = watch.wait_until(|watch| watch.has_stored_all().then_some(()));
        if tokio::time::timeout(self.patience, stored).await.is_err() {
            self.stage.meters.error("messages that took longer than the patience", || watch.name.clone());
        }
    }

    /// Logs in on all devices and connects, if the user is offline; `due` is when that was to be.
    pub(super) async fn come_online(&self, due: u64, give_up_on_trouble: bool) -> Result<(), String> {
        for device in &self.devices {
            device.come_online(self, due, give_up_on_trouble).await?;
        }
        Ok(())
    }

    /// Logs out on all devices, when all that waits to be sent is stored or the patience is over.
    pub(super) async fn go_offline(&self) {
        for device in &self.devices {
            let mut client = device.client.write().await;
            let Some(user) = client.take() else {
                continue;
            };
            if tokio::time::timeout(self.patience, user.settled()).await.is_err() {
                self.stage.meters.error("logouts before all was done", || device.watch.name.clone());
            }
            user.logout().await;
            device.watch.gone();
        }
    }

    /// Looks at the clients of all devices that are online.
    pub(super) fn each_client(&self, mut look: impl FnMut(&Device, &CurrentUser)) {
        for device in &self.devices {
            if let Ok(client) = device.client.try_read()
                && let Some(client) = &*client
            {
                look(device, client);
            }
        }
    }

    /// Waits until no device has anything under way.
    pub(super) async fn settled(&self) {
        for device in &self.devices {
            if let Some(client) = &*device.client.read().await {
                client.settled().await;
            }
        }
    }

    /// Whether no device has anything under way, and all are online.
    pub(super) fn is_settled(&self) -> bool {
        self.devices.iter().all(|device| {
            device.client.try_read().is_ok_and(|client| client.as_ref().is_some_and(CurrentUser::is_settled))
        })
    }
}

impl Device {
    /// Has the device know a session and its members.
    pub(super) async fn open(&self, session: &ImSessionId) -> Result<(), String> {
        match &*self.client.read().await {
            Some(client) => client.open(session).await.map_err(|e| e.to_string()),
            None => Err(format!("{} is offline", self.watch.name)),
        }
    }

    async fn come_online(&self, person: &Person, due: u64, give_up_on_trouble: bool) -> Result<(), String> {
        let mut client = self.client.write().await;
        if client.is_some() {
            return Ok(());
        }
        let stage = &person.stage;
        let begun = stage.clock.micros();
        let mut options = LoginOptions::default()
            .observer(self.watch.clone())
            .device(self.class)
            .seed(draw(self.seed, self.logins.fetch_add(1, Ordering::Relaxed)))
            .keep_messages(KEEP_MESSAGES);
        if let Some(store) = &self.store {
            options = options.store(store.clone()).store_messages();
        }
        let login = person.accounts.login_with(&person.account, &person.password, options);
        let user = login.await.map_err(|e| e.to_string())?;
        let _ = person.id.set(user.id().clone());
        let now = stage.clock.micros();
        stage.meters.record(Metric::Login, now.saturating_sub(due), now.saturating_sub(begun));
        self.watch.connecting(due.max(begun));
        user.connect();
        let up = self.up(give_up_on_trouble);
        let connected = match tokio::time::timeout(person.patience, up).await {
            Ok(connected) => connected,
            Err(_) => Err(self.not_up(person.patience)),
        };
        *client = Some(user);
        connected
    }

    async fn up(&self, give_up_on_trouble: bool) -> Result<(), String> {
        let state = |watch: &Watch| {
            if watch.is_up() {
                return Some(Ok(()));
            }
            give_up_on_trouble.then(|| watch.trouble.lock().take().map(Err)).flatten()
        };
        self.watch.wait_until(state).await
    }

    fn not_up(&self, patience: Duration) -> String {
        let trouble = self.watch.trouble.lock().take().unwrap_or_else(|| "no reason is known".to_owned());
        format!(
            "{} was not connected to the push server within {} s: {trouble}",
            self.watch.name,
            patience.as_secs_f64()
        )
    }
}
