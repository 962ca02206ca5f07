//! Parameters and answers of accounts, tokens and the gate.

use serde::{Deserialize, Serialize};

use crate::protocol::entity::User;
use crate::protocol::lenient;

/// `POST users/register`. Rule `AUTH-REGISTER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The account name.
    pub email: String,
    /// Lower-case MD5 hex of the password.
    pub password: String,
    /// The name that people see.
    pub name: String,
    /// Where the picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `POST users/login`. Rule `AUTH-LOGIN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Login {
    /// The account name.
    pub email: String,
    /// Lower-case MD5 hex of the password.
    pub password: String,
}

/// The answer to a login. Rule `AUTH-LOGIN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LoggedIn {
    /// Who logged in.
    #[serde(flatten)]
    pub user: User,
    /// The bearer token of the business API.
    pub token: String,
    /// For how many seconds it is good.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub expires: u64,
    /// The appKey.
    pub key: String,
    /// The day's secret, for the token endpoint. Rule `AUTH-SECRET-DERIVED`.
    pub secret: String,
}

/// `POST /oauth/token`. Rule `TOKEN-GRANT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TokenRequest {
    /// `client_credentials`
    pub grant_type: String,
    /// The appKey.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
}

/// The only grant there is. Rule `TOKEN-GRANT`.
pub const GRANT_TYPE: &str = "client_credentials";

/// The answer of the token endpoint. Rule `TOKEN-GRANT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TokenAnswer {
    /// The imToken.
    pub access_token: String,
    /// For how many seconds it is good.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub expires_in: u64,
    /// `bearer`
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_type: String,
}

/// `POST /gateHandler`. Rule `GATE-REQUEST`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GateRequest {
    /// `register`
    pub oper: String,
    /// May be empty.
    #[serde(default)]
    pub country: String,
}

/// The only operation of the gate. Rule `GATE-REQUEST`.
pub const GATE_REGISTER: &str = "register";

/// The gate's answer. Rule `GATE-ANSWER`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GateAnswer {
    /// Where to go.
    pub data: GateData,
}

/// Where the push server is. Rule `GATE-ANSWER`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GateData {
    /// The region that the client now belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub region: String,
    /// The host; the ports are those of the protocol.
    pub url: String,
    /// `HOST:PORT` for MQTT over TCP where it differs from `url` and 1883; an extension of ours. Rule `GATE-TCP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
}

/// `POST users/setPassword`. Rule `AUTH-SET-PASSWORD`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SetPassword {
    /// Lower-case MD5 hex of the password so far.
    pub old_password: String,
    /// Lower-case MD5 hex of the new password.
    pub password: String,
}

/// `PUT users/UID`: what is absent stays. Rule `USER-UPDATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateUser {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}
