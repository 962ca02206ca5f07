//! Accounts and logins.

use std::sync::Arc;

use serde::Serialize;
use y2w_sdk::protocol::User;
use y2w_sdk::protocol::credential::derived_secret;
use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::rest::{self, LoggedIn, Login, Register, path};

use super::answer::{Made, ok};
use super::call::{Asked, Call};
use super::described::SYNC_OR_SEARCH;
use super::error::ApiError;
use super::route::Act::{Open, Step, Wait};
use super::route::{Route, delete, get, post, put};
use crate::backend::Inner;
use crate::business::{self, DeleteUser, IssueToken, SetPassword, UpdateUser};
use crate::quirks::Quirk;

pub(super) const ROUTES: &[Route] = &[
    post(path::REGISTER, Open(|asked| Box::pin(register(asked))))
        .says("Make an account", &["AUTH-REGISTER", "AUTH-REGISTER-UNIQUE"])
        .takes::<Register>()
        .gives::<User>(),
    post(path::LOGIN, Open(|asked| Box::pin(login(asked))))
        .says(
            "Log in",
            &[
                "AUTH-LOGIN",
                "AUTH-LOGIN-WRONG",
                "AUTH-LOGIN-INACTIVE",
                "AUTH-LOGIN-ALIKE",
                "AUTH-LOGIN-LIMIT",
                "AUTH-SECRET-DERIVED",
            ],
        )
        .takes::<Login>()
        .gives::<LoggedIn>()
        .refuses(&[429]),
    post(path::SET_PASSWORD, Wait(|call| Box::pin(set_password(call))))
        .says("Change the own password", &["AUTH-SET-PASSWORD", "AUTH-SET-PASSWORD-OLD"])
        .takes::<rest::SetPassword>()
        .gives::<Done>()
        .refuses(&[429]),
    get(path::USERS, Step(list))
        .says(
            "The users that have changed since a time, or the one of an account",
            &["USER-SEARCH", "USER-SEARCH-NONE"],
        )
        .asks(SYNC_OR_SEARCH)
        .gives_list::<User>(),
    get(path::USER, Step(one)).says("A user", &["USER-GET"]).gives::<User>(),
    put(path::USER, Step(update))
        .says("Change what the caller says of themself", &["USER-UPDATE"])
        .takes::<rest::UpdateUser>()
        .gives::<User>()
        .refuses(&[403]),
    delete(path::USER, Step(remove))
        .says("End the own account", &["USER-DELETE"])
        .gives::<User>()
        .refuses(&[403]),
];

/// `POST users/register`.
async fn register(asked: Asked) -> Made {
    let params: Register = asked.params()?;
    if params.password.is_empty() {
        return Err(ApiError::bad_request("password is missing"));
    }
    let inner = &asked.backend().inner;
    // Checked before the hash is made, and again with it: somebody may have come in between.
    inner.business.lock().check_registration(&params.email, &params.name)?;
    let operation = business::Register {
        password_hash: inner.secrets.hash(params.password).await,
        email: params.email,
        name: params.name,
        avatar_url: params.avatar_url.unwrap_or_default(),
    };
    asked.apply(operation)
}

/// `POST users/login`.
async fn login(asked: Asked) -> Made {
    let params: Login = asked.params()?;
    let backend = asked.backend();
    let inner = &backend.inner;
    let account = inner.business.lock().account(&params.email);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = is_right(&asked, &params.email, params.password, hash).await?;
    let Some(account) = account.filter(|_| is_right) else {
        // 400, not 401: clients answer a 401 by logging in again.
        return Err(ApiError::bad_request("email or password is wrong"));
    };
    let quirks = &inner.quirks;
    if account.user.status != Status::Active && !quirks.on(Quirk::InactiveLogsIn) {
        return Err(ApiError::bad_request("the user is inactive"));
    }
    let token = inner.secrets.token();
    backend.apply(IssueToken {
        user: account.user.id.clone(),
        token: token.clone(),
        life: inner.login_life,
    })?;
    ok(&LoggedIn {
        user: User::clone(&account.user),
        token,
        expires: inner.login_life.as_secs(),
        key: inner.app.key.clone(),
        secret: secret(inner),
    })
}

/// Whether that is the password of the account, if somebody may still ask. An account that does not exist takes as long
/// as one that does. Rules `AUTH-LOGIN-LIMIT`, `AUTH-LOGIN-ALIKE`.
async fn is_right(
    asked: &Asked,
    account: &str,
    password: String,
    hash: Option<Arc<str>>,
) -> Result<bool, ApiError> {
    let inner = &asked.backend().inner;
    let address = asked.address();
    let now = inner.clock.now();
    inner.attempts.lock().check(account, address, now).map_err(ApiError::too_many_attempts)?;
    let is_right = match hash {
        Some(hash) => inner.secrets.verify(password, hash).await,
        None => {
            inner.secrets.hash(password).await;
            false
        }
    };
    let now = inner.clock.now();
    let mut attempts = inner.attempts.lock();
    attempts.check(account, address, now).map_err(ApiError::too_many_attempts)?;
    if is_right {
        attempts.succeeded(account);
    } else {
        attempts.failed(account, address, now);
    }
    Ok(is_right)
}

/// Rules `AUTH-SECRET-DERIVED`, `AUTH-SECRET-HIDDEN`.
fn secret(inner: &Inner) -> String {
    if inner.quirks.on(Quirk::AppSecretShown) {
        return inner.app.secret.clone();
    }
    let secret = derived_secret(&inner.app.secret, inner.clock.now());
    if inner.quirks.on(Quirk::SecretUpperCase) { secret.to_uppercase() } else { secret }
}

/// The answer to a change of password.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Done {
    success: bool,
}

/// `POST users/setPassword`.
async fn set_password(call: Call) -> Made {
    let params: rest::SetPassword = call.params()?;
    let (backend, caller) = (call.backend(), call.caller());
    if params.password.is_empty() {
        return Err(ApiError::bad_request("password is missing"));
    }
    let inner = &backend.inner;
    let account = inner.business.lock().own_account(&caller)?;
    let old_hash = account.password_hash;
    let unchecked = inner.quirks.on(Quirk::OldPasswordUnchecked);
    let email = &account.user.email;
    if !unchecked && !is_right(&call, email, params.old_password, Some(old_hash.clone())).await? {
        // 400, not 401: clients answer a 401 by logging in again.
        return Err(ApiError::bad_request("oldPassword is wrong"));
    }
    let new_hash = inner.secrets.hash(params.password).await;
    backend.apply(SetPassword { caller, old_hash: old_hash.to_string(), new_hash })?;
    ok(&Done { success: true })
}

/// `GET users`.
fn list(call: &Call) -> Made {
    let query = call.query()?;
    call.page(|business| {
        Ok(match &query.filter_term {
            Some(email) => business.search_user(email),
            None => business.users(query.range()),
        })
    })
}

/// `GET users/UID`.
fn one(call: &Call) -> Made {
    let [user] = call.ids();
    call.entry(|business| business.user(&user))
}

/// `PUT users/UID`.
fn update(call: &Call) -> Made {
    let [user] = call.ids();
    call.apply(UpdateUser { caller: call.caller(), user, changes: call.params()? })
}

/// `DELETE users/UID`.
fn remove(call: &Call) -> Made {
    let [user] = call.ids();
    call.apply(DeleteUser { caller: call.caller(), user })
}
