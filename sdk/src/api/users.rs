//! Accounts and users: register, login, passwords, profiles, search.

use serde_json::Value;

use super::{Api, ApiError, ApiErrorKind, Credentials, Token};
use crate::protocol::rest::{LoggedIn, Login, Register, SetPassword, UpdateUser, path};
use crate::protocol::{User, UserId, credential};

impl Api {
    /// Makes an account; nobody is logged in by it. An error with a status if the account is taken. Rules
    /// `AUTH-REGISTER`, `AUTH-REGISTER-UNIQUE`, `AUTH-PASSWORD-MD5`.
    pub async fn register(&self, account: &str, password: &str, name: &str) -> Result<User, ApiError> {
        let form = Register {
            email: account.to_owned(),
            password: credential::password_md5(password),
            name: name.to_owned(),
            avatar_url: None,
        };
        self.post(path::REGISTER, &[]).form(&form).send().await
    }

    /// Logs in; later calls are made as this user. An error with a status if the account is unknown, the password
    /// wrong, or the user barred. Rules `AUTH-LOGIN`, `AUTH-LOGIN-WRONG`, `AUTH-LOGIN-INACTIVE`.
    pub async fn login(&self, account: &str, password: &str) -> Result<User, ApiError> {
        let password = credential::password_md5(password);
        let answer = self.log_in(account, &password).await?;
        *self.credentials.lock() = Some(Credentials {
            email: account.to_owned(),
            password,
            token: Token::new(answer.token),
            app_key: answer.key,
            secret: answer.secret,
        });
        Ok(answer.user)
    }

    /// Changes the user's password, and remembers the new one for logins to come. An error with a status if `old` is
    /// wrong. Where no answer comes, nobody knows which of the two holds: log in again with either. Rules
    /// `AUTH-SET-PASSWORD`, `AUTH-SET-PASSWORD-OLD`.
    pub async fn set_password(&self, old: &str, new: &str) -> Result<(), ApiError> {
        let form = SetPassword {
            old_password: credential::password_md5(old),
            password: credential::password_md5(new),
        };
        let call = self.post(path::SET_PASSWORD, &[]).form(&form);
        let body = call.body_as_user().await?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        if answer.is_some_and(|answer| answer.get("success") == Some(&Value::Bool(false))) {
            return Err(call.error(ApiErrorKind::Answer("no success".to_owned())));
        }
        if let Some(known) = self.credentials.lock().as_mut() {
            known.password = form.password;
        }
        Ok(())
    }

    /// Finds a user by the whole account name; `None` if nobody has it. Rules `USER-SEARCH`, `USER-SEARCH-NONE`.
    pub async fn search(&self, account: &str) -> Result<Option<User>, ApiError> {
        let found = self.get(path::USERS, &[]).query(&[("filter_term", account)]).list().await?;
        Ok(found.into_iter().next())
    }

    /// A user by the id. Rule `USER-GET`.
    pub async fn user(&self, id: &UserId) -> Result<User, ApiError> {
        self.get(path::USER, &[id.as_str()]).find("user").await
    }

    /// Changes the given fields of the user, who is the caller (else 403). Where the answer does not hold the user,
    /// asks for it. Rules `USER-UPDATE`, `USER-UPDATE-RIGHT`.
    pub async fn update_user(&self, id: &UserId, change: &UpdateUser) -> Result<User, ApiError> {
        match self.put(path::USER, &[id.as_str()]).form(change).write().await? {
            Some(user) => Ok(user),
            None => self.user(id).await,
        }
    }

    /// Deletes the user, where the server lets one. Rule `USER-DELETE`.
    pub async fn delete_user(&self, id: &UserId) -> Result<(), ApiError> {
        self.delete(path::USER, &[id.as_str()]).done().await
    }

    /// The call alone: what is remembered of it is the caller's affair.
    pub(super) async fn log_in(&self, email: &str, password_md5: &str) -> Result<LoggedIn, ApiError> {
        let form = Login { email: email.to_owned(), password: password_md5.to_owned() };
        self.post(path::LOGIN, &[]).form(&form).send().await
    }
}
