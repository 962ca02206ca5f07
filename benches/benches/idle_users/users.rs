//! The users, made in pairs that know each other.

use futures_util::{StreamExt, TryStreamExt, stream};
use y2w_sdk::protocol::SessionType;
use y2w_sdk::{ClientConfig, CurrentUser, Error, LoginOptions, Users};

/// Pairs that are being made at the same time.
const AT_ONCE: usize = 8;

/// Pairs of these numbers, settled.
pub(crate) async fn pairs(
    client: &ClientConfig,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<CurrentUser>, Error> {
    let accounts = Users::new(client.clone());
    let made: Vec<[CurrentUser; 2]> = stream::iter(numbers)
        .map(|number| pair(&accounts, number))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let users: Vec<CurrentUser> = made.into_iter().flatten().collect();
    // What the last pushes asked for is synced too.
    for user in &users {
        user.settled().await;
    }
    Ok(users)
}

/// Whether it is connected and has what it is to have.
pub(crate) fn is_complete(user: &CurrentUser) -> bool {
    let has_all = user.with_model(|model| {
        let sessions = model.sessions();
        let of_two = sessions.iter().all(|s| s.members.iter().count() == 2 && s.messages.len() == 2);
        (model.contacts.len(), model.conversations.len(), sessions.len(), of_two) == (1, 1, 1, true)
    });
    user.is_connected() && has_all
}

async fn pair(accounts: &Users, number: usize) -> Result<[CurrentUser; 2], Error> {
    let a = user(accounts, 2 * number).await?;
    let b = user(accounts, 2 * number + 1).await?;
    // The server adds `a` to the contacts of `b` as well.
    a.contacts().add(b.id(), &b.me().name).await?;
    for (from, to) in [(&a, &b), (&b, &a)] {
        from.send_text(to.id().as_str(), &SessionType::P2p, "a message").await?;
        // A user whose notice has reached the push server is connected.
        from.settled().await;
    }
    for user in [&a, &b] {
        user.contacts().sync().await?;
        user.user_conversations().sync().await?;
        for session in user.sessions().list() {
            session.messages().sync().await?;
        }
    }
    Ok([a, b])
}

async fn user(accounts: &Users, number: usize) -> Result<CurrentUser, Error> {
    let (account, password) = (format!("idle-{number}@y2w.test"), "a password");
    accounts.register(&account, password, &format!("user {number}")).await?;
    let options = LoginOptions::default().seed(number as u64);
    let user = accounts.login_with(&account, password, options).await?;
    user.connect();
    Ok(user)
}
