//! What routes get of a request. Nearly all are alike: know who calls, read ids and parameters, take one step in the
//! business state, answer in JSON. What they share stands here, and is compiled, once.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use y2w_sdk::protocol::UserId;

use super::answer::{Made, list, ok};
use super::body::whole;
use super::error::ApiError;
use super::request::{ListQuery, caller, idempotency_key, is_json, parameters};
use super::site::Scope;
use crate::Backend;
use crate::business::{Business, Operation, Page, Range, Refusal};
use crate::http::Peer;

/// A request that has come in whole, whoever sent it.
pub(super) struct Asked {
    scope: Arc<Scope>,
    ids: Vec<String>,
    head: Parts,
    body: Bytes,
}

/// One whose sender is known. Rules `API-AUTH-NEEDED`, `API-AUTH-INVALID`.
pub(super) struct Call {
    asked: Asked,
    caller: UserId,
}

impl Asked {
    pub(super) async fn read(request: Request, scope: Arc<Scope>, body_max: usize) -> Result<Self, ApiError> {
        let (mut head, body) = request.into_parts();
        let ids = RawPathParams::from_request_parts(&mut head, &())
            .await
            .map_err(|_| ApiError::bad_request("an id in the path cannot be read"))?
            .iter()
            .map(|(_, id)| id.to_owned())
            .collect();
        let body = match head.method {
            // Its deadlines take room that most requests have no need of.
            Method::POST | Method::PUT => Box::pin(whole(body, body_max)).await?,
            _ => Bytes::new(),
        };
        Ok(Self { scope, ids, head, body })
    }

    /// What answers it.
    pub(super) fn backend(&self) -> &Backend {
        &self.scope.backend
    }

    /// What else there is beside that.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The address that it comes from, if it came over a network.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.head.extensions.get().map(|Peer(ip)| *ip)
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The ids in the path, in order. One that the route's path does not have is empty, and names nothing.
    pub(super) fn ids<const N: usize>(&self) -> [String; N] {
        std::array::from_fn(|n| self.ids.get(n).cloned().unwrap_or_default())
    }

    /// The parameters in the body.
    pub(super) fn params<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        parameters(&self.body, is_json(&self.head.headers))
    }

    /// What a list is asked for.
    pub(super) fn query(&self) -> Result<ListQuery, ApiError> {
        ListQuery::read(&self.head, self.backend())
    }

    /// Which part of a list is asked for.
    pub(super) fn range(&self) -> Result<Range, ApiError> {
        self.query().map(|query| query.range())
    }

    /// Rule `MSG-IDEMPOTENCY-KEY`.
    pub(super) fn idempotency_key(&self) -> Result<Option<String>, ApiError> {
        idempotency_key(&self.head.headers)
    }

    /// Carries out an operation and answers its reply.
    pub(super) fn apply<O>(&self, operation: O) -> Made
    where
        O: Operation,
        O::Reply: Serialize,
    {
        ok(&self.backend().apply(operation)?)
    }

    /// Answers something that is in the state.
    pub(super) fn entry<T: Serialize>(
        &self,
        read: impl FnOnce(&Business) -> Result<&Arc<T>, Refusal>,
    ) -> Made {
        let entry = read(&self.backend().inner.business.lock())?.clone();
        ok(&entry)
    }

    /// Answers a part of a list.
    pub(super) fn page<T: Serialize>(
        &self,
        read: impl FnOnce(&Business) -> Result<Page<T>, Refusal>,
    ) -> Made {
        let page = read(&self.backend().inner.business.lock())?;
        ok(&list(page))
    }
}

impl Call {
    /// Who has no right to ask is told so before the body is read.
    pub(super) async fn read(request: Request, scope: Arc<Scope>, body_max: usize) -> Result<Self, ApiError> {
        let caller = caller(request.uri(), request.headers(), &scope.backend)?;
        let asked = Asked::read(request, scope, body_max).await?;
        Ok(Self { asked, caller })
    }

    /// Who calls.
    pub(super) fn caller(&self) -> UserId {
        self.caller.clone()
    }
}

impl Deref for Call {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}
