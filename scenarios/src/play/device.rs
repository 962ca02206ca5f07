//! One device: logs in and out, does its steps, and ends.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::push::DeviceClass;
use y2w_sdk::store::MemoryStore;
use y2w_sdk::{ClientConfig, CurrentUser, LoginOptions, MessageSync, Users};

use super::stage::{PASSWORD, Stage};
use super::{PlayError, SET_UP_PATIENCE, STEP_PATIENCE, View, brief, steps};
use crate::chance;
use crate::history::{Outcome, What};
use crate::plan::{Action, Actor, Step};

/// How long a login that failed waits until it is tried again, and how often.
const LOGIN_AGAIN: Duration = Duration::from_secs(3);
const LOGIN_TRIES: u32 = 20;

/// See the module's text.
pub(super) struct Device<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) index: usize,
    pub(super) user_index: usize,
    pub(super) actor: Actor,
    config: ClientConfig,
    /// For a client that logs in after another one; a device that never does needs none.
    store: Option<Arc<MemoryStore>>,
    /// A client of this device is connected.
    connected: Arc<Notify>,
    logins: u32,
    pub(super) client: Option<CurrentUser>,
    /// What is left to be done, in order.
    steps: VecDeque<&'a Step>,
    /// Steps that failed.
    pub(super) failed: Vec<&'a Step>,
}

impl<'a> Device<'a> {
    /// All devices of the plan; none is logged in yet.
    pub(super) fn all(stage: &'a Stage<'a>) -> Vec<Self> {
        let mut by_actor: BTreeMap<(&str, &str), Vec<&Step>> = BTreeMap::new();
        for step in &stage.plan.steps {
            by_actor.entry((&step.by.user, &step.by.device)).or_default().push(step);
        }
        let device = |(index, actor): (usize, Actor)| {
            let user_index = stage.user_index(&actor.user);
            let planned = &stage.plan.users[user_index];
            let first = planned.devices.first() == Some(&actor.device);
            let mut steps: Vec<&Step> = Vec::new();
            // Whoever is named without a device acts with the first one.
            for device in std::iter::once(&*actor.device).chain(first.then_some("")) {
                steps.extend(by_actor.get(&(&*actor.user, device)).into_iter().flatten());
            }
            steps.sort_by_key(|step| (step.at, step.id));
            let world = stage.world;
            let wall = Timestamp::from_millis(world.clock().now().as_millis().saturating_add(planned.skew));
            let clock = if planned.skew == 0 { world.clock() } else { Clock::starting_at(wall) };
            let push = stage.weather.push(index, &**world, stage.history);
            let http = stage.weather.http(index, &**world, stage.history);
            let config = ClientConfig::with_transports(world.base_url(), http, Arc::new(push))
                .expect("a world knows its own address")
                .clock(clock);
            let logs_in_again = steps.iter().any(|step| matches!(step.action, Action::Login));
            Device {
                stage,
                index,
                user_index,
                actor,
                config,
                store: logs_in_again.then(Arc::default),
                connected: Arc::default(),
                logins: 0,
                client: None,
                steps: steps.into(),
                failed: Vec::new(),
            }
        };
        stage.plan.devices().enumerate().map(device).collect()
    }

    /// Logs in, connects and comes to rest, if the device begins online.
    pub(super) async fn begin(&mut self) -> Result<(), PlayError> {
        if !self.stage.plan.users[self.user_index].begins_online(&self.actor.device) {
            return Ok(());
        }
        let who = self.actor.clone();
        let failed = |why: String| PlayError::SetUp { who: who.clone(), why };
        let late = || failed(format!("it took longer than {SET_UP_PATIENCE:?}"));
        let logged_in = tokio::time::timeout(SET_UP_PATIENCE, self.log_in_once()).await;
        let client = logged_in.map_err(|_| late())?.map_err(failed)?;
        client.connect();
        let connected = async {
            self.connected.notified().await;
            client.settled().await;
        };
        tokio::time::timeout(SET_UP_PATIENCE, connected).await.map_err(|_| late())?;
        self.came(client);
        Ok(())
    }

    /// Does the device's steps.
    pub(super) async fn act(&mut self, begin: Timestamp) {
        while !self.steps.is_empty() {
            self.act_once(begin).await;
        }
    }

    /// The steps that are left.
    pub(super) fn steps(&self) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().copied()
    }

    /// Does the next step, at its time.
    pub(super) async fn act_once(&mut self, begin: Timestamp) {
        let Some(step) = self.steps.pop_front() else {
            return;
        };
        self.stage.world.clock().sleep_until(begin.plus(step.at.duration())).await;
        let history = self.stage.history;
        history.note(Some(self.index), What::StepBegins(step.id));
        let outcome = tokio::time::timeout(STEP_PATIENCE, self.step(step)).await;
        let outcome =
            outcome.unwrap_or_else(|_| Outcome::Failed(format!("not done after {STEP_PATIENCE:?}")));
        if matches!(outcome, Outcome::Failed(_)) {
            self.failed.push(step);
        }
        history.note(Some(self.index), What::StepEnds { step: step.id, outcome });
    }

    async fn step(&mut self, step: &Step) -> Outcome {
        match (&step.action, &self.client) {
            (Action::Login, None) => self.log_in().await,
            (Action::Login, Some(_)) => Outcome::Skipped("logged in already"),
            (_, None) => Outcome::Skipped("not logged in"),
            (Action::Logout, Some(_)) => {
                if let Some(client) = self.client.take() {
                    client.logout().await;
                }
                self.stage.history.note(Some(self.index), What::LoggedOut);
                Outcome::Done
            }
            (Action::Crash { keep_store }, Some(_)) => {
                self.client = None;
                if let Some(store) = self.store.as_mut().filter(|_| !keep_store) {
                    *store = Arc::default();
                }
                self.stage.history.note(Some(self.index), What::LoggedOut);
                Outcome::Done
            }
            (_, Some(client)) => steps::take(self.stage, client, &self.actor, step).await,
        }
    }

    async fn log_in(&mut self) -> Outcome {
        let mut tries = 0;
        loop {
            match self.log_in_once().await {
                Ok(client) => {
                    client.connect();
                    self.came(client);
                    return Outcome::Done;
                }
                Err(why) if tries == LOGIN_TRIES => return Outcome::Failed(why),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(LOGIN_AGAIN).await;
        }
    }

    async fn log_in_once(&mut self) -> Result<CurrentUser, String> {
        self.logins += 1;
        let planned = &self.stage.plan.users[self.user_index];
        let seed = chance::draw(self.stage.plan.seed, ("login", &self.actor, self.logins));
        let sync = if planned.current_only { MessageSync::CurrentSession } else { MessageSync::Everywhere };
        let class =
            if self.actor.device.starts_with("mobile") { DeviceClass::Mobile } else { DeviceClass::Web };
        let mut options = LoginOptions::default()
            .observer(Arc::new(self.stage.observer(self.index, &self.connected)))
            .device(class)
            .seed(seed)
            .message_sync(sync);
        if let Some(store) = &self.store {
            options = options.store(store.clone());
        }
        let account = self.stage.world.account(&planned.name);
        let uid = self.stage.users[self.user_index].id.clone();
        self.stage.history.note(Some(self.index), What::LoggedIn(uid));
        let client = Users::new(self.config.clone()).login_with(&account, PASSWORD, options).await;
        client.map_err(|error| brief(&error))
    }

    fn came(&mut self, client: CurrentUser) {
        self.client = Some(client);
    }

    /// Looks at everything that the server has, as far as it lets it.
    pub(super) async fn refresh(&self) {
        if let Some(client) = &self.client {
            // What cannot be had shows when the views are compared.
            drop(tokio::time::timeout(STEP_PATIENCE, steps::refresh(client)).await);
        }
    }

    /// Whether nothing is left to do for it, and it is connected. Who was kicked stays away and is at rest; who does not
    /// know that its connection is dead is not.
    pub(super) fn is_at_rest(&self) -> bool {
        if self.stage.weather.is_in_the_dark(self.index) {
            return false;
        }
        let is_there = |client: &CurrentUser| client.is_connected() || self.stage.is_away(self.index);
        self.client.as_ref().is_none_or(|client| client.is_settled() && is_there(client))
    }

    /// What it knows, if it is logged in.
    pub(super) fn view(&self) -> Option<View> {
        self.client.as_ref().map(|client| View::of(self.stage, client))
    }
}
