//! Accounts and logins.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use y2w_sdk::protocol::User;
use y2w_sdk::protocol::credential::derived_secret;
use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::rest::{self, List, LoggedIn, Login, Register};

use super::answer::{Answer, Json, list as as_list};
use super::error::ApiError;
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::backend::Inner;
use crate::business::{self, DeleteUser, IssueToken, SetPassword, UpdateUser};
use crate::quirks::Quirk;

/// `POST users/register`. Rules `AUTH-REGISTER`, `AUTH-REGISTER-UNIQUE`.
pub(super) async fn register(
    State(backend): State<Backend>,
    Params(params): Params<Register>,
) -> Answer<Arc<User>> {
    if params.password.is_empty() {
        return Err(ApiError::bad_request("password is missing"));
    }
    let inner = &backend.inner;
    // Checked before the hash is made, and again with it: somebody may have come in between.
    inner.business.lock().check_registration(&params.email, &params.name)?;
    let operation = business::Register {
        password_hash: inner.secrets.hash(params.password).await,
        email: params.email,
        name: params.name,
        avatar_url: params.avatar_url.unwrap_or_default(),
    };
    Ok(Json(backend.apply(operation)?))
}

/// `POST users/login`. Rules `AUTH-LOGIN`, `AUTH-LOGIN-WRONG`, `AUTH-LOGIN-INACTIVE`, `AUTH-SECRET-DERIVED`.
pub(super) async fn login(State(backend): State<Backend>, Params(params): Params<Login>) -> Answer<LoggedIn> {
    let inner = &backend.inner;
    let account = inner.business.lock().account(&params.email);
    // 400, not 401: clients answer a 401 by logging in again.
    let wrong = || ApiError::bad_request("email or password is wrong");
    let account = account.ok_or_else(wrong)?;
    if !inner.secrets.verify(params.password, account.password_hash).await {
        return Err(wrong());
    }
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
    Ok(Json(LoggedIn {
        user: User::clone(&account.user),
        token,
        expires: inner.login_life.as_secs(),
        key: inner.app.key.clone(),
        secret: secret(inner),
    }))
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
pub(super) struct Done {
    success: bool,
}

/// `POST users/setPassword`. Rules `AUTH-SET-PASSWORD`, `AUTH-SET-PASSWORD-OLD`.
pub(super) async fn set_password(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Params(params): Params<rest::SetPassword>,
) -> Answer<Done> {
    if params.password.is_empty() {
        return Err(ApiError::bad_request("password is missing"));
    }
    let inner = &backend.inner;
    let account = inner.business.lock().own_account(&caller)?;
    let old_hash = account.password_hash;
    let unchecked = inner.quirks.on(Quirk::OldPasswordUnchecked);
    if !unchecked && !inner.secrets.verify(params.old_password, old_hash.clone()).await {
        // 400, not 401: clients answer a 401 by logging in again.
        return Err(ApiError::bad_request("oldPassword is wrong"));
    }
    let new_hash = inner.secrets.hash(params.password).await;
    backend.apply(SetPassword { caller, old_hash: old_hash.to_string(), new_hash })?;
    Ok(Json(Done { success: true }))
}

/// `GET users`. Rules `USER-SEARCH`, `USER-SEARCH-NONE`.
pub(super) async fn list(
    State(backend): State<Backend>,
    _: Caller,
    query: ListQuery,
) -> Answer<List<Arc<User>>> {
    let business = backend.inner.business.lock();
    let page = match &query.filter_term {
        Some(email) => business.search_user(email),
        None => business.users(query.range()),
    };
    drop(business);
    Ok(Json(as_list(page)))
}

/// `GET users/UID`. Rule `USER-GET`.
pub(super) async fn one(
    State(backend): State<Backend>,
    _: Caller,
    Ids(user): Ids<String>,
) -> Answer<Arc<User>> {
    let user = backend.inner.business.lock().user(&user)?.clone();
    Ok(Json(user))
}

/// `PUT users/UID`. Rule `USER-UPDATE`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(user): Ids<String>,
    Params(changes): Params<rest::UpdateUser>,
) -> Answer<Arc<User>> {
    Ok(Json(backend.apply(UpdateUser { caller, user, changes })?))
}

/// `DELETE users/UID`. Rule `USER-DELETE`.
pub(super) async fn delete(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(user): Ids<String>,
) -> Answer<Arc<User>> {
    Ok(Json(backend.apply(DeleteUser { caller, user })?))
}
