//! A login as a thing to keep: the seed puts it into the browser's storage, and goes on with it after a reload.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Api, Credentials, Token};
use crate::protocol::User;

/// What a login needs to go on without the server being asked. It holds secrets: the token, and the MD5 of the password,
/// which is as good as the password. Printing it shows neither.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginState {
    /// Who is logged in.
    pub user: User,
    /// The account name.
    pub account: String,
    /// Lower-case MD5 hex of the password.
    pub password_md5: String,
    /// The bearer token of the business API.
    pub token: String,
    /// The appKey.
    pub key: String,
    /// The day's secret, for the token endpoint.
    pub secret: String,
}

impl Api {
    /// The login of `user` as it is now; `None` without one.
    pub fn login_state(&self, user: &User) -> Option<LoginState> {
        let known = self.credentials()?;
        Some(LoginState {
            user: user.clone(),
            account: known.email,
            password_md5: known.password,
            token: known.token.text.clone(),
            key: known.app_key,
            secret: known.secret,
        })
    }

    /// Later calls are made with this login.
    pub fn resume(&self, login: LoginState) {
        *self.credentials.lock() = Some(Credentials {
            email: login.account,
            password: login.password_md5,
            token: Token::new(login.token),
            app_key: login.key,
            secret: login.secret,
        });
    }

    /// Later calls are made with this token. When it is no longer good, nobody can log in again.
    pub fn use_token(&self, token: &str) {
        *self.credentials.lock() = Some(Credentials {
            email: String::new(),
            password: String::new(),
            token: Token::new(token.to_owned()),
            app_key: String::new(),
            secret: String::new(),
        });
    }

    /// Whether the login gave an appKey. Rule `CONN-APPKEY-LOCAL`.
    pub fn has_app_key(&self) -> bool {
        self.credentials.lock().as_ref().is_some_and(|known| !known.app_key.is_empty())
    }
}

impl fmt::Debug for LoginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginState")
            .field("user", &self.user.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_it_shows_no_secret() {
        let state = LoginState {
            user: serde_json::from_str(r#"{"id":"1"}"#).unwrap(),
            account: "ann".to_owned(),
            password_md5: "hidden-password".to_owned(),
            token: "hidden-token".to_owned(),
            key: "k".to_owned(),
            secret: "hidden-secret".to_owned(),
        };
        assert!(!format!("{state:?}").contains("hidden"));
    }
}
