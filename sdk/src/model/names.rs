//! What people are shown: names and pictures, from whoever knows them best.
//!
//! A contact's `title` goes before every other name, in conversations and members too (`CLIENT-CONTACT-TITLE`).

use super::Model;
use crate::protocol::{Contact, SessionMember, SessionType, UserConversation, UserId};

impl Contact {
    /// The name to show: the owner's own `title` before the user's `name`. The seed's `getName`; rule
    /// `CLIENT-CONTACT-TITLE`.
    pub fn display_name(&self) -> &str {
        chosen(&self.title, &self.name)
    }

    /// The syllables to sort and search by: of the title where there is one, else of the name. The seed's `getPinYin`.
    pub fn display_pinyin(&self) -> &[String] {
        if self.title.trim().is_empty() { &self.pinyin } else { &self.title_pinyin }
    }
}

impl Model {
    /// The name to show for a conversation: of a `p2p` one the contact's, where the other is a contact. The seed's
    /// `getName`.
    pub fn conversation_name<'a>(&'a self, conversation: &'a UserConversation) -> &'a str {
        let contact = match conversation.kind {
            SessionType::P2p => self.contacts.get(&UserId::from(conversation.target_id.as_str())),
            _ => None,
        };
        contact.map(Contact::display_name).filter(|name| !name.is_empty()).unwrap_or(&conversation.name)
    }

    /// Where the picture of a conversation is: the contact's where the other is a contact that has one.
    pub fn conversation_avatar<'a>(&'a self, conversation: &'a UserConversation) -> &'a str {
        let contact = match conversation.kind {
            SessionType::P2p => self.contacts.get(&UserId::from(conversation.target_id.as_str())),
            _ => None,
        };
        contact.map_or(&conversation.avatar_url, |c| chosen(&c.avatar_url, &conversation.avatar_url))
    }

    /// The name to show for a member: the title that this user has given it, else its own.
    pub fn member_name<'a>(&'a self, member: &'a SessionMember) -> &'a str {
        let contact = self.contacts.get(&member.user_id);
        contact.map(|c| c.title.trim()).filter(|title| !title.is_empty()).unwrap_or(&member.name)
    }

    /// The name and the picture of a user, from the contacts, the users met, or the members of any session.
    pub fn person(&self, id: &UserId) -> Option<(&str, &str)> {
        if let Some(contact) = self.contacts.get(id) {
            return Some((contact.display_name(), &contact.avatar_url));
        }
        if let Some(user) = self.user(id) {
            return Some((&user.name, &user.avatar_url));
        }
        let known = self.sessions.values().filter_map(|s| Some((&s.session.id, s.members.get(id)?)));
        let (_, member) = known.min_by(|a, b| a.0.cmp(b.0))?;
        Some((&member.name, &member.avatar_url))
    }
}

/// The first of two texts that says something.
fn chosen<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.trim().is_empty() { second } else { first }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contact(title: &str) -> Contact {
        serde_json::from_value(json!({
            "id": "1", "userId": "2", "name": "李", "pinyin": ["li"], "title": title, "titlePinyin": ["lao", "li"],
            "updatedAt": "2016-11-24T08:00:00.000Z",
        }))
        .unwrap()
    }

    fn conversation() -> UserConversation {
        serde_json::from_value(json!({
            "id": "5", "targetId": "2", "name": "李", "type": "p2p", "avatarUrl": "a",
            "updatedAt": "2016-11-24T08:00:00.000Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_title_goes_before_the_name_and_brings_its_pinyin() {
        assert_eq!(contact("老李").display_name(), "老李");
        assert_eq!(contact("老李").display_pinyin(), ["lao", "li"]);
        for none in ["", " "] {
            assert_eq!(contact(none).display_name(), "李");
            assert_eq!(contact(none).display_pinyin(), ["li"]);
        }
    }

    #[test]
    fn a_contacts_title_is_shown_in_conversations_and_for_members() {
        let mut model = Model::default();
        assert_eq!(model.conversation_name(&conversation()), "李");
        model.contacts.merge_page(vec![contact("老李")]);
        assert_eq!(model.conversation_name(&conversation()), "老李");
        assert_eq!(model.conversation_avatar(&conversation()), "a");
        let member: SessionMember = serde_json::from_value(json!({
            "id": "7", "userId": "2", "name": "Li",
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.000Z",
        }))
        .unwrap();
        assert_eq!(model.member_name(&member), "老李");
        assert_eq!(model.person(&"2".into()).map(|(name, _)| name), Some("老李"));
        assert_eq!(model.person(&"3".into()), None);
    }
}
