//! Members and contacts that come and go.
//!
//! A user changes one thing after the other, and remembers what it has changed, to change it back the next time; at the end
//! of a run everybody who was removed is added again ([`Script::all_back`]).

use y2w_sdk::protocol::rest::AddMember;
use y2w_sdk::{CurrentUser, Error};

use super::behaviour::{Deed, Script, opened, user_name};
use super::person::Person;
use crate::chance;
use crate::check::Verifier;
use crate::check::floater::Floater;

impl Script {
    /// Removes the member of one of the user's groups that comes and goes, or adds it again.
    pub(super) async fn churn(
        &self,
        person: &Person,
        client: &CurrentUser,
        verifier: &Verifier,
        deed: Deed,
    ) -> Result<(), Error> {
        let groups: Vec<usize> = self.churned_by(person).collect();
        let Some(session) = deed.pick(self.seed, "session", &groups) else {
            return Ok(());
        };
        let mut changes = person.changes.lock().await;
        match changes.removed.remove(&session) {
            Some(member) => self.add_again(client, verifier, session, &member).await,
            None => {
                let removed = self.remove_for_now(person, client, verifier, session).await?;
                changes.removed.extend(removed.map(|member| (session, member)));
                Ok(())
            }
        }
    }

    async fn remove_for_now(
        &self,
        person: &Person,
        client: &CurrentUser,
        verifier: &Verifier,
        session: usize,
    ) -> Result<Option<AddMember>, Error> {
        let planned = &person.stage.population.sessions[session];
        let (Some(floater), Some(im_id), Some(watched)) =
            (planned.floater, &self.sessions[session], self.watched[session])
        else {
            return Ok(None);
        };
        let members = opened(client, im_id)?.members();
        let name = user_name(floater);
        let Some(member) = members.list().into_iter().find(|m| m.name == name) else {
            return Ok(None);
        };
        verifier.float(watched, Floater::leaving);
        if let Err(error) = members.remove(&member.id).await {
            verifier.float(watched, Floater::lost_track);
            return Err(error);
        }
        match members.mts() {
            Some(at) => verifier.float(watched, |f| f.left(at)),
            None => verifier.float(watched, Floater::lost_track),
        }
        let member = member.into_inner();
        Ok(Some(AddMember {
            user_id: member.user_id,
            name: member.name,
            role: Some(member.role),
            avatar_url: member.avatar_url,
            status: None,
        }))
    }

    /// Adds a member again that was removed before.
    async fn add_again(
        &self,
        client: &CurrentUser,
        verifier: &Verifier,
        session: usize,
        member: &AddMember,
    ) -> Result<(), Error> {
        let (Some(im_id), Some(watched)) = (&self.sessions[session], self.watched[session]) else {
            return Ok(());
        };
        verifier.float(watched, Floater::joining);
        match opened(client, im_id)?.members().add(member).await {
            Ok(added) => {
                verifier.float(watched, |f| f.joined(added.created_at));
                Ok(())
            }
            Err(error) => {
                verifier.float(watched, Floater::lost_track);
                Err(error)
            }
        }
    }

    /// Adds all members again that this user has removed from its groups.
    pub(super) async fn all_back(&self, person: &Person, verifier: &Verifier) {
        let client = person.client().await;
        let Some(client) = &*client else {
            return;
        };
        let removed = std::mem::take(&mut person.changes.lock().await.removed);
        for (session, member) in removed {
            if let Err(error) = self.add_again(client, verifier, session, &member).await {
                let kind = "changes of members that failed";
                person.stage.meters.error(kind, || format!("{}: {error}", person.name()));
            }
        }
    }

    /// Adds a user to the contacts, or removes one that is there.
    pub(super) async fn contact(
        &self,
        person: &Person,
        client: &CurrentUser,
        deed: Deed,
    ) -> Result<(), Error> {
        let users = person.stage.population.users as u64;
        let other = chance::below(users - 1, self.seed, (deed.user, deed.number, "contact"));
        let other = (person.index + 1 + usize::try_from(other).unwrap_or(0)) % person.stage.population.users;
        let _one_by_one = person.changes.lock().await;
        let account = super::setup::account(&self.account_prefix, other);
        let Some(user) = client.search(&account).await? else {
            return Ok(());
        };
        let contacts = client.contacts();
        match contacts.get(&user.id) {
            Some(contact) => contact.remove().await,
            // The other may have added this user at the same moment, and is a contact then.
            None => match contacts.add(&user.id, &user.name).await {
                Err(Error::Api(error))
                    if error.status().is_some_and(|status| (400..500).contains(&status)) =>
                {
                    Ok(())
                }
                added => added.map(drop),
            },
        }
    }
}
