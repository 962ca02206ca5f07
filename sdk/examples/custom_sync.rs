//! An application's own things in messages and syncs: polls, whose votes live on a server of the application's own.
//!
//! ```text
//! cargo run -p y2w-sdk --example custom_sync
//! ```
//!
//! Two places of the SDK are open for that:
//!
//! * a [`Draft`]'s content can be made by the application when the message's turn comes ([`Prepare`]): here a poll is
//!   first set up on the application's server, and the message refers to it;
//! * a notice can ask to sync a type of the application's own, and the receivers' clients call its [`SyncHandler`]:
//!   here they fetch the votes. The push server sees a number and the session, never what was voted.
//!
//! As in `chat.rs`, the IM server is a mock server in this process; read `story` from top to bottom.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_sdk::api::Api;
use y2w_sdk::bridge::{Prepare, PrepareError};
use y2w_sdk::protocol::push::{SyncItem, SyncType};
use y2w_sdk::protocol::{MessageType, UserId};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{
    ClientConfig, CurrentUser, Draft, Event, Events, LoginOptions, NewGroup, SyncContext, SyncHandler, Users,
};

/// Nothing here takes longer, unless it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The type of a message that holds a poll. Clients that do not know it get it all the same, and may say so.
const POLL: &str = "poll";
/// What a notice asks to sync when somebody has voted. The protocol's own types are 0 to 4; the others are free.
const VOTES: SyncType = SyncType(100);

type Failure = Box<dyn Error + Send + Sync>;

/// The application's own server. A real one is reached over HTTP.
#[derive(Default)]
struct PollServer {
    /// For each poll, who voted for what.
    polls: Mutex<Vec<BTreeMap<UserId, String>>>,
}

impl PollServer {
    fn set_up(&self) -> Result<usize, String> {
        let mut polls = self.polls.lock().map_err(|e| e.to_string())?;
        polls.push(BTreeMap::new());
        Ok(polls.len())
    }

    fn vote(&self, poll: usize, who: &UserId, choice: &str) -> Result<(), String> {
        let mut polls = self.polls.lock().map_err(|e| e.to_string())?;
        let votes = polls.get_mut(poll.wrapping_sub(1)).ok_or("there is no such poll")?;
        votes.insert(who.clone(), choice.to_owned());
        Ok(())
    }

    fn votes(&self, poll: usize) -> Result<BTreeMap<UserId, String>, String> {
        let polls = self.polls.lock().map_err(|e| e.to_string())?;
        polls.get(poll.wrapping_sub(1)).cloned().ok_or_else(|| "there is no such poll".to_owned())
    }
}

/// What a message of the type `poll` holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Poll {
    /// Its number on the application's server; there is none while the message is only shown.
    number: Option<usize>,
    question: String,
    choices: Vec<String>,
}

impl Poll {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a poll has string keys only")
    }
}

/// A poll to be set up when its message's turn comes.
struct NewPoll {
    server: Arc<PollServer>,
    question: &'static str,
    choices: &'static [&'static str],
}

impl NewPoll {
    fn poll(&self, number: Option<usize>) -> Poll {
        let choices = self.choices.iter().map(|&choice| choice.to_owned()).collect();
        Poll { number, question: self.question.to_owned(), choices }
    }
}

impl Prepare for NewPoll {
    /// What the sender's own screen shows at once.
    fn preview(&self) -> String {
        self.poll(None).to_json()
    }

    /// Called when all earlier messages are stored, and again after a failure that another try may mend. `api` is the
    /// business API as the sender, for uploads and the like; nothing is needed of it here.
    fn prepare<'a>(&'a self, _api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>> {
        Box::pin(async move {
            let number = self.server.set_up().map_err(PrepareError::Transient)?;
            Ok(self.poll(Some(number)).to_json())
        })
    }
}

/// How a poll stands, by the names of the voters.
type Standing = BTreeMap<String, Vec<String>>;

/// Fetches the votes when a notice says that there are new ones.
struct Counter {
    server: Arc<PollServer>,
    /// To the part of the application that draws the poll.
    drawn: mpsc::UnboundedSender<Standing>,
}

impl SyncHandler for Counter {
    /// One such sync runs at a time, and notices that come meanwhile make one more, however many they are. After an
    /// error it is tried again later.
    fn sync<'a>(&'a self, context: SyncContext<'a>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let mut standing = Standing::new();
            // The notice names a session, not a poll; this application has one poll at a time.
            for (voter, choice) in self.server.votes(1)? {
                let voter = context.api.user(&voter).await.map_err(|e| e.to_string())?;
                standing.entry(choice).or_default().push(voter.name);
            }
            // If nobody draws any more, nobody needs it.
            let _ = self.drawn.send(standing);
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match story().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("custom_sync: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn story() -> Result<(), Failure> {
    // These passwords are worth no slow hash.
    let server = MockServer::builder().password_cost(PasswordCost::Fast).start().await?;
    let users = Users::new(ClientConfig::new(&server.http_url())?);
    let polls = Arc::new(PollServer::default());
    let (ann, mut anns_screen) = newcomer(&users, "Ann", &polls).await?;
    let (bob, mut bobs_screen) = newcomer(&users, "Bob", &polls).await?;
    let (cid, _) = newcomer(&users, "Cid", &polls).await?;
    let members = [(*bob.me()).clone(), (*cid.me()).clone()];
    let new = NewGroup { name: "lunch", members: &members, ..NewGroup::default() };
    let group = ann.sessions().create_group(&new).await?.im_id();

    println!("-- Ann asks the group");
    let (mut of_bob, mut of_cid) = (bob.events(), cid.events());
    let poll =
        NewPoll { server: polls.clone(), question: "What shall we eat,", choices: &["noodles", "dumplings"] };
    ann.send(Draft::prepared(group.clone(), MessageType::from(POLL), Arc::new(poll)))?;
    let mut number = 0;
    for (name, events) in [("Bob", &mut of_bob), ("Cid", &mut of_cid)] {
        let poll = asked(events).await?;
        number = poll.number.ok_or("the message names no poll")?;
        println!("   {name} sees poll {number}: {} {}?", poll.question, poll.choices.join(" or "));
    }

    println!("-- Bob and Cid vote; the others' clients are told to fetch the votes");
    for (user, choice) in [(&bob, "dumplings"), (&cid, "dumplings")] {
        polls.vote(number, user.id(), choice)?;
        // To everybody in the group but the client that says it. If the push server has to be told first who is in the
        // group, that is done on the way, as for messages.
        let votes = SyncItem { kind: VOTES, session_id: Some(group.to_string()) };
        user.announce(&group, vec![votes])?;
    }
    println!("   Ann's screen: {}", line_of(&two_votes(&mut anns_screen).await?));
    println!("   Bob's screen: {}", line_of(&two_votes(&mut bobs_screen).await?));

    for user in [ann, bob, cid] {
        user.logout().await;
    }
    server.shutdown().await;
    Ok(())
}

/// A user with a new account, logged in and connected, and what its application draws.
async fn newcomer(
    users: &Users,
    name: &str,
    polls: &Arc<PollServer>,
) -> Result<(CurrentUser, mpsc::UnboundedReceiver<Standing>), Failure> {
    let account = format!("{}@example.org", name.to_lowercase());
    users.register(&account, "secret", name).await?;
    let (drawn, screen) = mpsc::unbounded_channel();
    let handler = Arc::new(Counter { server: polls.clone(), drawn });
    let options = LoginOptions::default().sync_handler(VOTES, handler);
    let user = users.login_with(&account, "secret", options).await?;
    let mut events = user.events();
    user.connect();
    let connected = wait_for(&mut events, "the connection", |event| match event {
        Event::Connection(ConnectionState::Connected) => Some(Ok(())),
        Event::Connection(state @ ConnectionState::Disconnected { .. }) => Some(Err(state.to_string())),
        _ => None,
    });
    connected.await??;
    Ok((user, screen))
}

/// Waits until a sync brings a poll.
async fn asked(events: &mut Events) -> Result<Poll, Failure> {
    let content = wait_for(events, "the poll", |event| match event {
        Event::Messages { merged, .. } => {
            let poll = merged.added.iter().find(|m| m.kind.as_str() == POLL);
            poll.map(|m| m.content.clone())
        }
        _ => None,
    });
    Ok(serde_json::from_str(&content.await?)?)
}

/// Waits until a screen shows two votes. It may show one before: each notice leads to a sync, unless one is yet to run.
async fn two_votes(screen: &mut mpsc::UnboundedReceiver<Standing>) -> Result<Standing, Failure> {
    let two = async {
        while let Some(standing) = screen.recv().await {
            if standing.values().map(Vec::len).sum::<usize>() == 2 {
                return Ok(standing);
            }
        }
        Err("nothing is drawn any more")
    };
    let shown = tokio::time::timeout(PATIENCE, two).await;
    Ok(shown.map_err(|_| format!("two votes: not within {} s", PATIENCE.as_secs()))??)
}

fn line_of(standing: &Standing) -> String {
    let choices = standing.iter().map(|(choice, voters)| format!("{choice}: {}", voters.join(", ")));
    choices.collect::<Vec<_>>().join("; ")
}

/// Waits for the first event that `choose` makes something of, but not for ever.
async fn wait_for<T>(
    events: &mut Events,
    what: &str,
    choose: impl FnMut(&Event) -> Option<T>,
) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, events.wait_for(choose)).await {
        Ok(Some(chosen)) => Ok(chosen),
        Ok(None) => Err(format!("{what}: the user is gone").into()),
        Err(_) => Err(format!("{what}: not within {} s", PATIENCE.as_secs()).into()),
    }
}
