//! The login after a token was refused: one for all who were refused with it. Rules `CLIENT-RELOGIN`,
//! `CLIENT-RELOGIN-ONCE`.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Api, ApiError, Token};

/// Whose turn it is to log in again, and how that last failed.
#[derive(Default)]
pub(super) struct Relogin {
    turn: tokio::sync::Mutex<()>,
    failed: Mutex<Failed>,
}

#[derive(Default)]
struct Failed {
    times: u64,
    last: Option<ApiError>,
}

impl Api {
    /// Logs in again with what the last login was made with, unless somebody has done so since `stale` was given out.
    /// A login that fails, fails for all who waited for it.
    pub(super) async fn login_again(&self, stale: &Arc<Token>) -> Result<(), ApiError> {
        let failures_before = self.relogin.failed.lock().times;
        // Held across the await on purpose: a hundred calls refused at once wait here for one login, and then find
        // its token. Whoever is dropped while holding it hands the turn to the next.
        let _turn = self.relogin.turn.lock().await;
        // Without an account there is only a token, and nothing to log in with.
        let Some(known) = self.credentials().filter(|known| !known.email.is_empty()) else {
            return Ok(());
        };
        if !Arc::ptr_eq(&known.token, stale) {
            return Ok(());
        }
        {
            let failed = self.relogin.failed.lock();
            if let Some(last) = failed.last.as_ref().filter(|_| failed.times != failures_before) {
                return Err(last.clone());
            }
        }
        let answer = match self.log_in(&known.email, &known.password).await {
            Ok(answer) => answer,
            Err(error) => {
                let mut failed = self.relogin.failed.lock();
                failed.times += 1;
                failed.last = Some(error.clone());
                return Err(error);
            }
        };
        // In place: the password may have been changed meanwhile, and the new one must stay; or another user has
        // logged in, and this token is nobody's.
        let mut credentials = self.credentials.lock();
        if let Some(known) = credentials.as_mut().filter(|known| Arc::ptr_eq(&known.token, stale)) {
            known.token = Token::new(answer.token);
            known.app_key = answer.key;
            known.secret = answer.secret;
        }
        Ok(())
    }
}
