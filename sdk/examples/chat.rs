//! Two people chat: accounts, contacts, texts both ways, history, logout.
//!
//! ```text
//! cargo run -p y2w-sdk --example chat
//! ```
//!
//! The server is a mock server in this process, on loopback sockets; what the clients do is what they would do with any
//! other. To watch the SDK from an application's side, read `story` from top to bottom.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use y2w_mock_server::{MockServer, PasswordCost};
use y2w_sdk::protocol::content::Content;
use y2w_sdk::protocol::{Message, SessionType, User};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{
    Changed, ClientConfig, CurrentUser, Event, Events, LoginOptions, MessageSync, Observer, Users,
};

/// Nothing here takes longer, unless it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match story().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("chat: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn story() -> Result<(), Failure> {
    // These passwords are worth no slow hash.
    let server = MockServer::builder().password_cost(PasswordCost::Fast).start().await?;
    // The one address that a client needs: the gate, which is there too, tells it where the push server is.
    let users = Users::new(ClientConfig::new(&server.http_url())?);

    println!("-- Ann and Bob make their accounts and log in");
    users.register("ann@example.org", "ann's secret", "Ann").await?;
    users.register("bob@example.org", "bob's secret", "Bob").await?;
    let ann = users.login_with("ann@example.org", "ann's secret", told_as("Ann")).await?;
    let bob = users.login_with("bob@example.org", "bob's secret", told_as("Bob")).await?;
    connect(&ann).await?;
    connect(&bob).await?;

    println!("-- Ann looks Bob up and adds him; that makes her a contact of his as well");
    // Whoever waits for an event asks for the events before doing what leads to it.
    let mut of_bob = bob.events();
    let found: User = ann.search("bob@example.org").await?.ok_or("Bob is not to be found")?;
    let contact = ann.contacts().add(&found.id, &found.name).await?;
    wait_for(&mut of_bob, "Ann among Bob's contacts", |event| {
        let contacts = matches!(event, Event::Changed(Changed::Contacts));
        (contacts && bob.contacts().get(ann.id()).is_some()).then_some(())
    })
    .await?;
    // A title is Ann's own name for Bob. It stands in place of his name wherever Ann's client shows one.
    contact.set_title("Bobby").await?;

    println!("-- They talk");
    let mut of_ann = ann.events();
    // `send_text` takes the message in and returns: it is shown at once, stored when its turn comes, then announced.
    // Bob's client is told that there is something new, fetches it, and says so.
    ann.send_text(bob.id().as_str(), &SessionType::P2p, "Are you there?").await?;
    heard(&mut of_bob, "Are you there?").await?;
    bob.send_text(ann.id().as_str(), &SessionType::P2p, "Always. What is it?").await?;
    heard(&mut of_ann, "Always. What is it?").await?;
    for number in 1..=25 {
        ann.send_text(bob.id().as_str(), &SessionType::P2p, &format!("Idea number {number}")).await?;
    }
    heard(&mut of_bob, "Idea number 25").await?;
    // Settled: nothing waits to be stored, announced or synced any more.
    within("Ann's client comes to rest", ann.settled()).await?;
    within("Bob's client comes to rest", bob.settled()).await?;

    println!("-- What Ann's list of conversations shows");
    ann.user_conversations().sync().await?;
    for conversation in ann.user_conversations().list(None) {
        let newest = conversation.last_message.as_ref();
        let newest = newest.map(|m| Content::parse(&m.kind, &m.content));
        let newest = newest.as_ref().and_then(Content::text).unwrap_or("nothing yet");
        println!("   {}: {newest} ({} unread)", conversation.display_name(), conversation.unread);
    }

    println!("-- Bob logs out, comes back with nothing, and reads the past, twenty messages at a time");
    bob.logout().await;
    // This login leaves the messages on the server until somebody asks for them.
    let options = LoginOptions::default().message_sync(MessageSync::CurrentSession);
    let bob = users.login_with("bob@example.org", "bob's secret", options).await?;
    let session = bob.sessions().get(ann.id().as_str(), &SessionType::P2p).await?;
    let messages = session.messages();
    while messages.more() {
        let page = messages.last().await?;
        println!("   {} messages more, {} in all", page.new_entries(), messages.count());
    }
    let texts: Vec<String> = messages.list().iter().filter_map(|m| text_of(m)).collect();
    let ideas = texts.iter().filter(|text| text.starts_with("Idea")).count();
    if ideas != 25 {
        return Err(format!("the history holds {ideas} ideas of 25").into());
    }
    println!("   it begins with: {}", texts.iter().take(3).cloned().collect::<Vec<_>>().join(" / "));

    println!("-- They log out");
    ann.logout().await;
    bob.logout().await;
    server.shutdown().await;
    Ok(())
}

/// Options of a login whose events are printed as they happen. An observer is told of each event before anybody else,
/// so what is printed stands in the order in which it happened.
fn told_as(name: &'static str) -> LoginOptions {
    let print = move |event: &Event| {
        if let Some(line) = line_of(event) {
            println!("   {name}'s client: {line}");
        }
    };
    let observer: Arc<dyn Observer> = Arc::new(print);
    LoginOptions::default().observer(observer)
}

/// The events that a reader of this story wants to see. An application shows them as what they are: a new line in the
/// open conversation, a mark beside a message, a dot that turns green.
fn line_of(event: &Event) -> Option<String> {
    Some(match event {
        Event::Connection(state) => state.to_string(),
        Event::Trouble(trouble) => format!("trouble: {trouble}"),
        Event::Changed(Changed::Contacts) => "the contacts have changed".to_owned(),
        // The first few say it all; the others would fill the screen.
        Event::Shown { message, .. } if message.local_id < 2 => {
            format!("shows its message {}, which is still to be stored", message.local_id)
        }
        Event::Stored { local_id, message, .. } if *local_id < 2 => {
            format!("message {local_id} is stored as {}", message.id)
        }
        Event::StoreFailed { local_id, why, .. } => format!("message {local_id} is given up: {why}"),
        Event::NoticeSent { local_id: Some(id), .. } if *id < 2 => format!("message {id} is announced"),
        Event::Messages { merged, .. } => {
            let texts: Vec<String> = merged.added.iter().filter_map(|m| text_of(m)).collect();
            let last = texts.last()?;
            format!("has {} new, the last: {last}", texts.len())
        }
        _ => return None,
    })
}

/// Connects, and waits until the push server has taken the connection.
async fn connect(user: &CurrentUser) -> Result<(), Failure> {
    let mut events = user.events();
    user.connect();
    let connected = wait_for(&mut events, "the connection", |event| match event {
        Event::Connection(ConnectionState::Connected) => Some(Ok(())),
        // There is no connection, and none will be tried for: a wrong token, or a second login that has taken over.
        Event::Connection(state @ ConnectionState::Disconnected { .. }) => Some(Err(state.to_string())),
        _ => None,
    });
    Ok(connected.await??)
}

/// Waits until a sync has brought this text.
async fn heard(events: &mut Events, text: &str) -> Result<(), Failure> {
    wait_for(events, text, |event| match event {
        Event::Messages { merged, .. } => {
            merged.added.iter().any(|m| text_of(m).as_deref() == Some(text)).then_some(())
        }
        _ => None,
    })
    .await
}

/// What a message says, if it is a text and nobody withdrew it. The server's own messages, as that somebody joined, are
/// no texts.
fn text_of(message: &Message) -> Option<String> {
    if message.is_delete || message.kind.as_str() != "text" {
        return None;
    }
    Content::parse(&message.kind, &message.content).text().map(str::to_owned)
}

/// Waits for the first event that `choose` makes something of, but not for ever.
async fn wait_for<T>(
    events: &mut Events,
    what: &str,
    choose: impl FnMut(&Event) -> Option<T>,
) -> Result<T, Failure> {
    let event = within(what, events.wait_for(choose)).await?;
    event.ok_or_else(|| format!("{what}: the user is gone").into())
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T, Failure> {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.map_err(|_| format!("{what}: not within {} s", PATIENCE.as_secs()).into())
}
