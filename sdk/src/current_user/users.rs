//! The accounts of a server: where an application begins.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::CurrentUser;
use crate::api::{Api, ApiError, LoginState};
use crate::bridge::{Core, Event, Shared, drive, load_stored};
use crate::config::{ClientConfig, LoginOptions};
use crate::model::Model;
use crate::protocol::User;
use crate::push::Connection;

/// The accounts of a server: where an application begins. The seed's `Users.getInstance().remote`.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use y2w_sdk::{ClientConfig, Users};
/// let users = Users::new(ClientConfig::new("http://127.0.0.1:8080")?);
/// users.register("ann@example.org", "secret", "Ann").await?;
/// let ann = users.login("ann@example.org", "secret").await?;
/// ann.connect();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Users {
    config: ClientConfig,
}

impl Users {
    /// The accounts of the server that `config` names.
    pub fn new(config: ClientConfig) -> Self {
        Self { config }
    }

    /// Makes an account: `account` is a mail address, a phone number or any other text, `name` is what people see. The
    /// answer is the new user, who is not logged in. An error with a status if the account is taken. The password
    /// leaves the client as its MD5 only. Rules `AUTH-REGISTER`, `AUTH-REGISTER-UNIQUE`, `AUTH-PASSWORD-MD5`.
    pub async fn register(&self, account: &str, password: &str, name: &str) -> Result<User, ApiError> {
        self.config.api().register(account, password, name).await
    }

    /// Logs in. The user is not connected to the push server until [`CurrentUser::connect`]. An error with a status if
    /// the account is unknown, the password wrong, or the user barred. Rules `AUTH-LOGIN`, `AUTH-LOGIN-WRONG`,
    /// `AUTH-LOGIN-INACTIVE`.
    pub async fn login(&self, account: &str, password: &str) -> Result<CurrentUser, ApiError> {
        self.login_with(account, password, LoginOptions::default()).await
    }

    /// Logs in with options: a local store, another device class, an observer, …
    pub async fn login_with(
        &self,
        account: &str,
        password: &str,
        options: LoginOptions,
    ) -> Result<CurrentUser, ApiError> {
        let api = self.config.api();
        let me = api.login(account, password).await?;
        Ok(self.begin(api, me, options).await)
    }

    /// Goes on where an earlier login was, without asking the server: what the seed does with the login that it has put
    /// into the browser's storage. If the token is no longer good, the first call that finds out logs in again
    /// (`CLIENT-RELOGIN`). With the local store of the earlier login, the user has at once what it knew then.
    ///
    /// ```no_run
    /// use y2w_sdk::{CurrentUser, LoginOptions, Users};
    ///
    /// # async fn run(users: Users, ann: CurrentUser) -> Result<(), Box<dyn std::error::Error>> {
    /// // It holds secrets: keep it where only this user can read it.
    /// let kept = serde_json::to_string(&ann.login_state().ok_or("not logged in")?)?;
    /// ann.logout().await;
    /// // When the application begins again:
    /// let ann = users.resume(serde_json::from_str(&kept)?, LoginOptions::default()).await;
    /// ann.connect();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn resume(&self, login: LoginState, options: LoginOptions) -> CurrentUser {
        let api = self.config.api();
        let me = login.user.clone();
        api.resume(login);
        self.begin(api, me, options).await
    }

    /// Finds a user by the whole account name, with the token of somebody who is logged in ([`LoginState::token`]);
    /// `None` if nobody has the account. Who is logged in here asks [`CurrentUser::search`]. Rules `USER-SEARCH`,
    /// `USER-SEARCH-NONE`.
    pub async fn search(&self, account: &str, token: &str) -> Result<Option<User>, ApiError> {
        let api = self.config.api();
        api.use_token(token);
        api.search(account).await
    }

    async fn begin(&self, api: Api, me: User, options: LoginOptions) -> CurrentUser {
        let mut random = ChaCha8Rng::seed_from_u64(options.seed);
        let guid = format!("{:032x}", random.random::<u128>());
        let deadline = self.config.deadline;
        let (model, troubles) =
            tokio::time::timeout(deadline, load_stored(&options, &me.id)).await.unwrap_or_else(|_| {
                let why = format!("it gave nothing within {} s, so all is fetched", deadline.as_secs_f64());
                (Model::default(), vec![why])
            });
        let connection = Connection::new(options.device, guid.clone(), random.random(), deadline);
        let core = Core::new(me.clone(), model, connection, &options, self.config.clock.now());
        let shared = Arc::new(Shared {
            uid: me.id,
            api,
            push: self.config.push.clone(),
            push_url: self.config.push_url.clone(),
            clock: self.config.clock,
            observer: options.observer,
            deadline,
            keep_messages: options.keep_messages,
            message_sync: options.message_sync,
            handlers: options.handlers,
            store: options.store,
            store_messages: options.store_messages,
            guid,
            events: OnceLock::new(),
            core: Mutex::new(core),
            wake: Notify::new(),
            settled: Notify::new(),
        });
        for why in troubles {
            tracing::warn!(why, "the local store");
            shared.tell(Event::LocalStoreFailed { why });
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a user's driver is one task, owned by the CurrentUser"
        )]
        let driver = tokio::spawn(drive(shared.clone()));
        CurrentUser { shared, driver: AbortOnDropHandle::new(driver) }
    }
}
