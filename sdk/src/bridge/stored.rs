//! What a client finds in its local store at login, and how documents are written. Rule `CLIENT-LOCAL-STORE`.

use bytes::Bytes;

use super::Shared;
use crate::config::LoginOptions;
use crate::model::Model;
use crate::protocol::UserId;
use crate::store::{LocalStore, Part, StoreError};

/// Loads what is stored of a user. Nothing here can fail a login: what cannot be used is left out, set aside where it
/// can be, and told; the server's answers take its place.
pub(crate) async fn load(options: &LoginOptions, user: &UserId) -> (Model, Vec<String>) {
    let mut model = Model::default();
    let mut troubles = Vec::new();
    let Some(store) = options.store.as_deref() else {
        return (model, troubles);
    };
    let parts = match store.parts(user).await {
        Ok(parts) => parts,
        Err(error) => return (model, vec![error.to_string()]),
    };
    let wanted = |part: &&Part| options.store_messages || !matches!(part, Part::Messages(_));
    for part in parts.iter().filter(wanted) {
        if let Err(trouble) = load_part(store, user, part, &mut model, options.keep_messages).await {
            troubles.push(trouble);
        }
    }
    (model, troubles)
}

async fn load_part(
    store: &dyn LocalStore,
    user: &UserId,
    part: &Part,
    model: &mut Model,
    keep_messages: usize,
) -> Result<(), String> {
    let Some(document) = store.load(user, part).await.map_err(|e| e.to_string())? else {
        return Ok(());
    };
    if let Err(why) = model.restore(part, &document, keep_messages) {
        store.set_aside(user, part, &why).await.map_err(|e| e.to_string())?;
        return Err(format!("the stored {part:?} of user {user} cannot be used and was set aside: {why}"));
    }
    Ok(())
}

impl Shared {
    /// Writes one part as it is now; forgets it if there is nothing to keep.
    pub(super) async fn save(&self, part: &Part) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let document = {
            let core = self.core.lock();
            core.model.save(part, &core.me)
        };
        match document {
            Some(document) => store.save(&self.uid, part, Bytes::from(document)).await,
            None => store.remove(&self.uid, part).await,
        }
    }
}
