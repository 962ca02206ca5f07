//! Plays a plan in a world.
//!
//! Life: users are registered, the devices that begin online log in and connect, and wait until nothing is left to do;
//! only then does the plan's time begin. Each device then does its steps, one after the other, while the faults come and
//! go. When all steps are done and all faults over, everybody has the plan's quiet time to come to rest. At last each
//! device's view is taken, and for each user that of a client that knows nothing and fetches everything: the truth.
//!
//! Invariants: nothing here decides by a clock or by chance but the world's clock and the plan's seed; a step ends by
//! `STEP_PATIENCE`, so a play ends; the network's faults never touch the setting up and the taking of views.

mod device;
mod examine;
mod faults;
mod stage;
mod steps;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use thiserror::Error;
use y2w_sdk::api::ApiError;
use y2w_sdk::protocol::{ImSessionId, Timestamp};

pub use examine::{Answer, Asked, Examined, Since, Stub};
pub(crate) use stage::{step_of, step_pushed, step_said, words_of};
pub use view::{Conversation, Room, UnreadAfter, UserView, View};

use crate::chance;
use crate::history::History;
use crate::plan::{Actor, Misfortune, Plan};
use crate::world::{NotInflicted, World};
use device::Device;
use stage::Stage;

/// How long a step may take.
const STEP_PATIENCE: Duration = Duration::from_secs(120);

/// How long setting up may take for one device.
const SET_UP_PATIENCE: Duration = Duration::from_secs(60);

/// For how long everybody must have been at rest, beside what the network takes: what is under way arrives within it.
const AT_REST: Duration = Duration::from_secs(2);

/// How often it is looked whether everybody is at rest.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// For how long nothing must have happened before a step that waits for that, beside what the network takes: what is
/// under way in a machine that does much else at the same time arrives within it.
const STILL: Duration = Duration::from_millis(60);

/// How often it is looked whether anything happens.
const LOOK_FOR_STILLNESS_EVERY: Duration = Duration::from_millis(10);

/// What became of a plan.
#[derive(Debug)]
pub struct Played {
    /// For each device that is logged in at the end, in the order of the plan, what it knows.
    pub views: Vec<DeviceView>,
    /// For each user, in the order of the plan, what the server knows; nothing where that was lost.
    pub truth: Vec<UserView>,
    /// What the server answered to those who asked for the same in different ways.
    pub examined: Vec<Examined>,
    /// Whether the server began with nothing in the middle of it.
    pub is_state_lost: bool,
    /// Who had not come to rest when the quiet time was over.
    pub restless: Vec<Actor>,
    /// Faults of the plan that could not be inflicted in this world, and why.
    pub not_inflicted: Vec<(u32, NotInflicted)>,
    /// The groups and pairs that came to be, by their names in the plan.
    pub sessions: Vec<(String, ImSessionId)>,
}

impl Played {
    /// A number that stands for all that everybody knows at the end, in the plan's own words: the same in every world
    /// for a plan that leaves nothing to who is faster.
    pub fn digest(&self) -> u64 {
        chance::draw(0, (&self.views, &self.truth))
    }
}

/// What a device knows at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceView {
    /// Its place in the plan.
    pub device: usize,
    /// The user's place in the plan.
    pub user: usize,
    /// Whether it follows all sessions that the user is in, and not only the open one.
    pub follows_all: bool,
    /// What it knows.
    pub view: View,
}

/// Why a plan could not be played.
#[derive(Debug, Error)]
pub enum PlayError {
    /// The users could not be made.
    #[error("{who} could not be set up: {why}")]
    SetUp {
        /// Who.
        who: Actor,
        /// Why not.
        why: String,
    },
    /// What the server knows cannot be fetched.
    #[error("what the server knows of {who} could not be fetched: {why}")]
    Truth {
        /// Of whom.
        who: String,
        /// Why not.
        why: String,
    },
}

/// Plays a plan that was [checked](Plan::check).
pub async fn play(plan: &Plan, world: &Arc<dyn World>, history: &Arc<History>) -> Result<Played, PlayError> {
    let stage = Stage::set(plan, world, history).await?;
    let mut devices: Vec<Device<'_>> = Device::all(&stage);
    let online = join_all(devices.iter_mut().map(Device::begin)).await;
    online.into_iter().collect::<Result<(), _>>()?;

    let begin = world.clock().now();
    let (not_inflicted, ()) = join(faults::befall(&stage, begin), async {
        if plan.in_turn {
            act_in_turn(&stage, &mut devices, begin).await;
        } else {
            join_all(devices.iter_mut().map(|device| device.act(begin))).await;
        }
    })
    .await;
    let mut restless = rest(plan, &devices).await;
    let unsure = unsure(plan, &devices);
    if !unsure.is_empty() {
        let concerned = devices.iter().filter(|device| unsure.contains(&*device.actor.user));
        join_all(concerned.map(Device::refresh)).await;
        restless = rest(plan, &devices).await;
    }

    let mut views = Vec::new();
    for device in &devices {
        if let Some(view) = device.view() {
            let follows_all = !plan.users[device.user_index].current_only;
            views.push(DeviceView { device: device.index, user: device.user_index, follows_all, view });
        }
    }
    let is_state_lost = plan.faults.iter().any(|fault| {
        let is_it = matches!(fault.what, Misfortune::RestartServer { journal: false });
        is_it && !not_inflicted.iter().any(|(id, _)| *id == fault.id)
    });
    // Nobody can log in any more to look.
    let (truth, examined) = if is_state_lost { Default::default() } else { view::truth(&stage).await? };
    Ok(Played {
        is_state_lost,
        views,
        truth,
        examined,
        restless,
        not_inflicted,
        sessions: stage.learnt().sessions(),
    })
}

/// Whom steps are about that failed. Their outcome is not known: the server may have done what was asked, and then
/// nobody was told, so that these users look for themselves before their views are taken.
fn unsure<'a>(plan: &'a Plan, devices: &[Device<'a>]) -> BTreeSet<&'a str> {
    let failed = || devices.iter().flat_map(|device| &device.failed);
    if failed().any(|step| step.action.group().is_some() || step.action.of_step().is_some()) {
        return plan.users.iter().map(|user| &*user.name).collect();
    }
    failed().flat_map(|step| step.action.users().into_iter().chain([&*step.by.user])).collect()
}

/// Has the devices do their steps one after the other, each when nothing is under way any more.
async fn act_in_turn(stage: &Stage<'_>, devices: &mut [Device<'_>], begin: Timestamp) {
    let turns = |device: &Device<'_>| {
        let index = device.index;
        device.steps().map(move |step| (step.at, step.id, index)).collect::<Vec<_>>()
    };
    let mut turns: Vec<_> = devices.iter().flat_map(turns).collect();
    turns.sort_unstable();
    for (_, _, device) in turns {
        still(stage, devices).await;
        devices[device].act_once(begin).await;
    }
}

/// Waits until everybody is at rest and nothing has happened for a while, or for as long as a step may take.
async fn still(stage: &Stage<'_>, devices: &[Device<'_>]) {
    let network = stage.plan.network;
    let enough = STILL + network.latency.duration() + network.jitter.duration();
    let (mut waited, mut still, mut happened) = (Duration::ZERO, Duration::ZERO, stage.history.count());
    while still < enough && waited < STEP_PATIENCE {
        tokio::time::sleep(LOOK_FOR_STILLNESS_EVERY).await;
        waited += LOOK_FOR_STILLNESS_EVERY;
        let before = std::mem::replace(&mut happened, stage.history.count());
        let nothing = before == happened && devices.iter().all(Device::is_at_rest);
        still = if nothing { still + LOOK_FOR_STILLNESS_EVERY } else { Duration::ZERO };
    }
}

/// Waits until everybody is at rest; who is not when the quiet time is over is named.
async fn rest(plan: &Plan, devices: &[Device<'_>]) -> Vec<Actor> {
    let enough = AT_REST + longest_hop(plan);
    let mut waited = Duration::ZERO;
    let mut at_rest = Duration::ZERO;
    while at_rest < enough && waited < plan.quiet.duration() {
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
        let all = devices.iter().all(Device::is_at_rest);
        at_rest = if all { at_rest + LOOK_EVERY } else { Duration::ZERO };
    }
    devices.iter().filter(|device| !device.is_at_rest()).map(|device| device.actor.clone()).collect()
}

/// The longest that something can be under way; what has set out on a slow link stays slow when the fault is over.
fn longest_hop(plan: &Plan) -> Duration {
    let slow = plan.faults.iter().map(|fault| match fault.what {
        Misfortune::Slow { by, .. } => by.duration(),
        _ => Duration::ZERO,
    });
    plan.network.latency.duration() + plan.network.jitter.duration() + slow.sum()
}

/// An error of a call on one line.
fn brief(error: &ApiError) -> String {
    error.to_string()
}
