//! What the push connection needs from HTTP: the imToken and the gate.

use ::http::StatusCode;

use super::{Api, ApiError, ApiErrorKind};
use crate::protocol::rest::{
    GATE_REGISTER, GRANT_TYPE, GateAnswer, GateData, GateRequest, TokenAnswer, TokenRequest, path,
};

impl Api {
    /// Fetches an imToken with the secret that the login gave. Rule `TOKEN-GRANT`.
    ///
    /// The secret is good for a day or two: when it is refused, a new login brings a new one.
    pub async fn im_token(&self) -> Result<String, ApiError> {
        let stale = self.token();
        match (self.im_token_once().await, stale) {
            (Err(error), Some(stale)) if error.status().is_some_and(|s| s == 400 || s == 401) => {
                self.login_again(&stale).await?;
                self.im_token_once().await
            }
            (answer, _) => answer,
        }
    }

    /// Asks which push server to use; no token is needed. Rules `GATE-REQUEST`, `GATE-ANSWER`.
    pub async fn gate(&self) -> Result<GateData, ApiError> {
        let form = GateRequest { oper: GATE_REGISTER.to_owned(), country: String::new() };
        let answer: GateAnswer = self.post(path::GATE, &[]).form(&form).send().await?;
        Ok(answer.data)
    }

    async fn im_token_once(&self) -> Result<String, ApiError> {
        let call = self.post(path::TOKEN, &[]);
        let Some(known) = self.credentials() else {
            return Err(call.error(ApiErrorKind::Status {
                status: StatusCode::UNAUTHORIZED.as_u16(),
                message: "not logged in".to_owned(),
            }));
        };
        let form = TokenRequest {
            grant_type: GRANT_TYPE.to_owned(),
            client_id: known.app_key,
            client_secret: known.secret,
        };
        let answer: TokenAnswer = call.form(&form).send().await?;
        Ok(answer.access_token)
    }
}
