//! Accounts: register, login, search.

use super::{Api, ApiError, Credentials};
use crate::protocol::rest::{List, LoggedIn, Login, Register, path};
use crate::protocol::{User, credential};

impl Api {
    /// Makes an account. Rule `AUTH-REGISTER`.
    pub async fn register(&self, account: &str, password: &str, name: &str) -> Result<User, ApiError> {
        let form = Register {
            email: account.to_owned(),
            password: credential::password_md5(password),
            name: name.to_owned(),
            avatar_url: None,
        };
        self.post(path::REGISTER, &[]).form(&form)?.send().await
    }

    /// Logs in; later calls are made as this user. Rule `AUTH-LOGIN`.
    pub async fn login(&self, account: &str, password: &str) -> Result<User, ApiError> {
        self.login_with(account.to_owned(), credential::password_md5(password)).await
    }

    /// Logs in again with what the last login was made with. Rule `CLIENT-RELOGIN`.
    pub(super) async fn login_again(&self) -> Result<(), ApiError> {
        if let Some(known) = self.credentials() {
            self.login_with(known.email, known.password).await?;
        }
        Ok(())
    }

    /// Finds a user by the whole account name. Rule `USER-SEARCH`.
    pub async fn search(&self, account: &str) -> Result<Option<User>, ApiError> {
        let call = self.get(path::USERS, &[]).query(&[("filter_term", account)])?;
        let found: List<User> = call.send_as_user().await?;
        Ok(found.entries.into_iter().next())
    }

    async fn login_with(&self, email: String, password: String) -> Result<User, ApiError> {
        let form = Login { email, password };
        let answer: LoggedIn = self.post(path::LOGIN, &[]).form(&form)?.send().await?;
        *self.credentials.lock() = Some(Credentials {
            email: form.email,
            password: form.password,
            token: answer.token.into(),
            app_key: answer.key,
            secret: answer.secret,
        });
        Ok(answer.user)
    }
}
