//! Accounts, logins, and tokens that run out.

use http::Method;
use y2w_sdk::protocol::rest::UpdateUser;
use y2w_sdk::{Changed, Error, Event, LoginOptions};

use crate::world::{Fate, World, account, connected, within};

#[tokio::test(start_paused = true)]
async fn a_user_registers_logs_in_and_is_found_by_its_whole_account() {
    let world = World::new();
    let ann = world.user("ann").await;
    let bob = world.users().register(&account("bob"), "pw", "Bob").await.unwrap();
    assert_eq!(ann.me().name, "ann");
    assert_eq!(ann.search(&account("bob")).await.unwrap().map(|u| u.id), Some(bob.id.clone()));
    assert!(ann.search("bob").await.unwrap().is_none());
    assert_eq!(ann.user(&bob.id).await.unwrap().name, "Bob");
    let token = ann.login_state().unwrap().token;
    assert_eq!(world.users().search(&account("bob"), &token).await.unwrap().map(|u| u.id), Some(bob.id));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_an_error_that_says_so() {
    let world = World::new();
    world.user("ann").await;
    let error = world.users().login(&account("ann"), "wrong").await.unwrap_err();
    assert!(error.status().is_some(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_user_changes_its_name_and_its_password() {
    let world = World::new();
    let ann = world.user("ann").await;
    let mut events = ann.events();
    let change = UpdateUser { name: Some("Anna".to_owned()), ..UpdateUser::default() };
    assert_eq!(ann.update(&change).await.unwrap().name, "Anna");
    let changed = |event: &Event| matches!(event, Event::Changed(Changed::Me)).then_some(());
    within(events.wait_for(changed)).await.unwrap();
    assert_eq!(ann.sync().await.unwrap().name, "Anna");
    ann.set_password("pw", "new").await.unwrap();
    assert!(world.users().login(&account("ann"), "pw").await.is_err());
    assert_eq!(world.users().login(&account("ann"), "new").await.unwrap().me().name, "Anna");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_run_out_costs_one_login_and_the_call_is_repeated() {
    let world = World::new();
    let ann = world.user("ann").await;
    tokio::time::sleep(std::time::Duration::from_secs(400 * 24 * 3_600)).await;
    within(ann.settled()).await;
    world.requests();
    ann.contacts().sync().await.unwrap();
    let requests = world.requests();
    let logins = requests.iter().filter(|r| r.path.ends_with("/login")).count();
    assert!(logins <= 1, "{requests:?}");
    ann.search(&account("ann")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_login_can_be_kept_and_gone_on_with_without_asking_the_server() {
    let world = World::new();
    let ann = world.user("ann").await;
    let kept = serde_json::to_string(&ann.login_state().unwrap()).unwrap();
    let id = ann.id().clone();
    ann.logout().await;
    world.requests();
    let state = serde_json::from_str(&kept).unwrap();
    let ann = world.users().resume(state, LoginOptions::default()).await;
    assert_eq!((ann.id(), world.requests()), (&id, Vec::new()));
    connected(&ann).await;
}

#[tokio::test(start_paused = true)]
async fn a_resumed_login_whose_token_the_server_does_not_know_logs_in_again() {
    let world = World::new();
    let ann = world.user("ann").await;
    let mut state = ann.login_state().unwrap();
    state.token = "stale".to_owned();
    let ann = world.users().resume(state, LoginOptions::default()).await;
    assert!(ann.search(&account("ann")).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_im_token_is_fetched_with_the_days_secret() {
    let world = World::new();
    let ann = world.user("ann").await;
    assert!(!ann.sync_im_token().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_costs_a_call_its_deadline() {
    let world = World::new();
    let ann = world.user("ann").await;
    world.judge(|method, _| if *method == Method::GET { Fate::Hangs } else { Fate::Arrives });
    match within(ann.contacts().sync()).await {
        Err(Error::Api(error)) => assert!(error.to_string().contains("no answer within"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_taken_is_not_made_again() {
    let world = World::new();
    let made = world.users().register(&account("ann"), "pw", "Ann").await.unwrap();
    assert_eq!(
        (made.email.as_str(), made.name.as_str(), made.avatar_url.as_str()),
        ("ann@example.org", "Ann", "")
    );
    let error = world.users().register(&account("ann"), "other", "Anna").await.unwrap_err();
    assert!(matches!(error.status(), Some(400..=499)), "{error}");
    assert_eq!(world.users().login(&account("ann"), "pw").await.unwrap().me().name, "Ann");
}

#[tokio::test(start_paused = true)]
async fn a_login_holds_what_the_seed_keeps_of_it() {
    let world = World::new();
    let ann = world.user("ann").await;
    let login = ann.login_state().unwrap();
    assert_eq!(
        (&login.user.id, login.account.as_str(), login.key.as_str()),
        (ann.id(), "ann@example.org", "key")
    );
    assert!(login.secret.contains("=="), "AUTH-SECRET-DERIVED: {}", login.secret);
    assert!(!login.token.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whatever_belongs_to_a_user_leads_back_to_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    let session = contact.session().await.unwrap();
    let owners = [
        ann.user_conversations().current_user(),
        ann.contacts().current_user(),
        ann.user_sessions().current_user(),
        ann.sessions().current_user(),
        session.members().current_user(),
        session.messages().current_user(),
        session.current_user(),
        contact.current_user(),
    ];
    assert!(owners.iter().all(|owner| std::ptr::eq(*owner, &ann)));
    assert_eq!((session.members().im_id(), session.messages().im_id()), (&session.im_id(), &session.im_id()));
}
