//! A group of three: a picture and a file go in, another member loads them, people come and go, the group is renamed
//! and becomes a favourite.
//!
//! ```text
//! cargo run -p y2w-sdk --example group_files
//! ```
//!
//! As in `chat.rs`, the server is a mock server in this process; read `story` from top to bottom.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use y2w_mock_server::{MockServer, PasswordCost};
use y2w_sdk::protocol::content::Content;
use y2w_sdk::protocol::rest::UpdateMember;
use y2w_sdk::protocol::{Role, SessionType};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{ClientConfig, CurrentUser, Draft, Event, Events, NewGroup, SessionMember, Users};

/// Nothing here takes longer, unless it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A picture of two by two pixels.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00,
    0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0x7f, 0x82, 0x01, 0x88, 0xc0, 0x98,
    0x81, 0x01, 0x00, 0x31, 0x41, 0x05, 0x56, 0xd8, 0x0a, 0x85, 0x2a, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

const PLAN: &str = "1. Meet at the station.\n2. Walk.\n3. Eat.\n";

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match story().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("group_files: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn story() -> Result<(), Failure> {
    // These passwords are worth no slow hash.
    let server = MockServer::builder().password_cost(PasswordCost::Fast).start().await?;
    let users = Users::new(ClientConfig::new(&server.http_url())?);
    let ann = newcomer(&users, "Ann").await?;
    let bob = newcomer(&users, "Bob").await?;
    let cid = newcomer(&users, "Cid").await?;
    let (mut of_ann, mut of_bob, mut of_cid) = (ann.events(), bob.events(), cid.events());

    println!("-- Ann makes a group without a name; the server names it after its members");
    let others = [(*bob.me()).clone(), (*cid.me()).clone()];
    let group = ann.sessions().create_group(&NewGroup { members: &others, ..NewGroup::default() }).await?;
    println!("   it is called {:?} and has {} members", group.name, group.members().list().len());

    println!("-- Ann sends a picture and a file");
    // Both go through the one send queue: each is uploaded when its turn comes, then its message is stored, so that the
    // messages stand in the order in which they were handed over. Until then Ann's own client shows what it knows.
    ann.send(Draft::image(group.im_id(), "map.png", "image/png", PICTURE, (2, 2)).notification("a picture"))?;
    ann.send_file(group.id.as_str(), &SessionType::Group, "plan.txt", "text/plain", PLAN).await?;

    println!("-- Bob's client is told, syncs the messages, and loads what they refer to");
    let contents = |user: &CurrentUser| -> Vec<Content> {
        let known = user.sessions().by_id(&group.id);
        let messages = known.map(|session| session.messages().list()).unwrap_or_default();
        messages.iter().map(|message| Content::parse(&message.kind, &message.content)).collect()
    };
    let image = until(&mut of_bob, "Bob has the picture", || {
        contents(&bob).into_iter().find_map(|content| match content {
            Content::Image(image) => Some(image),
            _ => None,
        })
    });
    let image = image.await?;
    let bytes = bob.attachments().download(&image.src).await?;
    println!("   a picture of {} by {} pixels, {} bytes", image.width, image.height, bytes.len());
    if bytes != PICTURE {
        return Err("the picture has changed on its way".into());
    }
    let file = until(&mut of_bob, "Bob has the file", || {
        contents(&bob).into_iter().find_map(|content| match content {
            Content::File(file) => Some(file),
            _ => None,
        })
    });
    let file = file.await?;
    let text = bob.attachments().download(&file.src).await?;
    println!("   {}, {} bytes, which begins: {}", file.name, file.size, first_line(&text));
    if text != PLAN {
        return Err("the file has changed on its way".into());
    }
    // What loads pictures by itself, as a browser does, gets an address instead. It holds Bob's token: not for the log.
    let address = bob.absolute_url(&image.src).ok_or("the picture has no address")?;
    println!(
        "   a browser finds the picture at {}…",
        address.split("access_token").next().unwrap_or_default()
    );

    println!("-- Ann makes Bob an admin, and Bob removes Cid");
    let member = group.members().get(bob.id()).ok_or("Bob is no member")?;
    let change = UpdateMember { role: Some(Role::Admin), ..member.as_update() };
    group.members().update(&member.id, &change).await?;
    let by_bob = until(&mut of_bob, "Bob's client knows his new role", || {
        let known = bob.sessions().by_id(&group.id)?;
        (known.members().get(bob.id())?.role == Role::Admin).then_some(known)
    });
    let by_bob = by_bob.await?;
    let member = by_bob.members().get(cid.id()).ok_or("Cid is no member")?;
    by_bob.members().remove(&member.id).await?;
    wait_for(&mut of_cid, "Cid's client knows that he is out", |event| {
        matches!(event, Event::Removed { session } if *session == group.im_id()).then_some(())
    })
    .await?;
    let late = cid.send_text(group.id.as_str(), &SessionType::Group, "Hello? Anybody?").await?;
    let why = wait_for(&mut of_cid, "Cid's message is refused", |event| match event {
        Event::StoreFailed { local_id, why, .. } if *local_id == late => Some(why.clone()),
        _ => None,
    });
    println!("   Cid writes all the same, and is told: {}", why.await?);
    // A message that was given up stays where it is, marked as such, until it is sent again or discarded.
    cid.discard(late)?;

    println!("-- Ann names the group, and Dan joins; from now on it keeps its name, whoever comes or goes");
    group.rename("Sunday walk").await?;
    let dan = newcomer(&users, "Dan").await?;
    group.members().add_users(&[(*dan.me()).clone()]).await?;
    let by_bob = until(&mut of_bob, "Bob's client knows the name and Dan", || {
        let known = bob.sessions().by_id(&group.id)?;
        (known.name == "Sunday walk" && known.members().get(dan.id()).is_some()).then_some(known)
    });
    let by_bob = by_bob.await?;
    let names: Vec<String> = by_bob.members().list().iter().map(SessionMember::display_name).collect();
    println!("   Bob sees {}: {}", by_bob.name, names.join(", "));

    println!("-- Ann keeps it among her favourite groups");
    let group = ann.sessions().by_id(&group.id).ok_or("the group is gone")?;
    ann.user_sessions().add(&group.id, &group.name, &group.avatar_url).await?;
    let favourites: Vec<String> = ann.user_sessions().list().iter().map(|group| group.name.clone()).collect();
    println!("   her favourites: {}", favourites.join(", "));

    println!("-- Bob writes a last word, which all read");
    bob.send_text(group.id.as_str(), &SessionType::Group, "See you on Sunday").await?;
    let mut of_dan = dan.events();
    for (user, events) in [(&ann, &mut of_ann), (&dan, &mut of_dan)] {
        let read = || contents(user).iter().any(|c| c.text() == Some("See you on Sunday")).then_some(());
        until(events, "the last word", read).await?;
        println!("   {} has read it", user.me().name);
    }

    for user in [ann, bob, cid, dan] {
        user.logout().await;
    }
    server.shutdown().await;
    Ok(())
}

/// A user with a new account, logged in and connected.
async fn newcomer(users: &Users, name: &str) -> Result<CurrentUser, Failure> {
    let account = format!("{}@example.org", name.to_lowercase());
    users.register(&account, "secret", name).await?;
    let user = users.login(&account, "secret").await?;
    let mut events = user.events();
    user.connect();
    let connected = wait_for(&mut events, "the connection", |event| match event {
        Event::Connection(ConnectionState::Connected) => Some(Ok(())),
        Event::Connection(state @ ConnectionState::Disconnected { .. }) => Some(Err(state.to_string())),
        _ => None,
    });
    connected.await??;
    Ok(user)
}

fn first_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).lines().next().unwrap_or_default().to_owned()
}

/// Waits until `look` finds something in what a client knows: looks now, and again at each event. The events must have
/// been asked for before, so that none is missed between the look and the wait.
async fn until<T>(
    events: &mut Events,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> Result<T, Failure> {
    match look() {
        Some(found) => Ok(found),
        None => wait_for(events, what, |_| look()).await,
    }
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
