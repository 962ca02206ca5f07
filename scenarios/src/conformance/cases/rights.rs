//! Rights: what a stranger, or who is a member no more, is refused, request by request, in each type of session; and that
//! sessions of two and of one stay so. Each is refused by the rule about it; parts 7 to 10.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Ask;
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::{told, top};

/// What is refused to a stranger.
const STRANGERS: &[&str] = &[
    "SESS-UPDATE-RIGHT",
    "MEMBER-ADD-OUTSIDER",
    "MEMBER-UPDATE-RIGHT",
    "MEMBER-REMOVE-RIGHT",
    "MSG-MEMBERS-ONLY",
    "MSG-EDIT-RIGHT",
    "HIST-OUTSIDER",
    "API-NO-EFFECT",
];

pub(super) const CASES: &[Case] = &[
    Case::new("rights.of-a-stranger-in-a-group", STRANGERS, |lab| Box::pin(stranger_in_group(lab))),
    Case::new("rights.of-a-stranger-in-a-session-of-two", STRANGERS, |lab| Box::pin(stranger_in_p2p(lab))),
    Case::new("rights.of-a-stranger-in-a-session-of-one", STRANGERS, |lab| Box::pin(stranger_in_single(lab))),
    Case::new(
        "rights.of-who-was-removed",
        &[
            "SESS-UPDATE-RIGHT",
            "MEMBER-ADD-OUTSIDER",
            "MEMBER-UPDATE-RIGHT",
            "MEMBER-REMOVE-RIGHT",
            "MSG-MEMBERS-ONLY",
            "MSG-EDIT-MEMBER",
            "API-NO-EFFECT",
        ],
        |lab| Box::pin(who_was_removed(lab)),
    ),
    Case::new(
        "rights.of-an-admin-who-was-removed",
        &["SESS-UPDATE-RIGHT", "MEMBER-ROLES", "MEMBER-UPDATE-RIGHT", "MEMBER-REMOVE-RIGHT", "API-NO-EFFECT"],
        |lab| Box::pin(admin_who_was_removed(lab)),
    ),
    Case::new("rights.come-back-with-the-membership", &["MEMBER-REVIVE"], |lab| Box::pin(come_back(lab))),
    Case::new("sessions.two-stay-two", &["SESS-CLOSED", "API-NO-EFFECT", "MEMBER-ADD-RIGHT"], |lab| {
        Box::pin(two_stay_two(lab))
    }),
    Case::new("sessions.one-stays-one", &["SESS-CLOSED", "API-NO-EFFECT", "MEMBER-ADD-RIGHT"], |lab| {
        Box::pin(one_stays_one(lab))
    }),
    Case::new("sessions.nobody-is-two", &["SESS-P2P-SELF", "SESS-P2P-ONE"], |lab| {
        Box::pin(nobody_is_two(lab))
    }),
];

const CONTENT: &str = r#"{"text":"taken over"}"#;

/// What there is in a session, as one of its members is given it: by it one sees whether anything changed.
async fn all_of(lab: &Lab, by: &Person, session: &str) -> Result<(Value, Vec<Value>, Vec<Value>), Stop> {
    let members = lab.members(by, session).await?.iter().map(told).collect();
    Ok((lab.session(by, session).await?, members, lab.messages(by, session).await?))
}

/// All that somebody may try in a session that is not theirs, with the rule that refuses it.
fn tries<'a>(
    lab: &'a Lab,
    by: &Person,
    session: &str,
    member: &Value,
    message: &Value,
    edit: &'static str,
) -> Result<Vec<(&'static str, Ask<'a>)>, Stop> {
    let sync = lab.ask(Method::GET, fill(path::MESSAGES, &[session])).by(by).since(0);
    Ok(vec![
        ("SESS-UPDATE-RIGHT", lab.change_session(by, session, &[("name", "taken")])),
        ("MEMBER-ADD-OUTSIDER", lab.add_member(by, session, by, "user")),
        ("MEMBER-UPDATE-RIGHT", lab.change_member(by, session, member, &[("name", "taken")])?),
        ("MEMBER-REMOVE-RIGHT", lab.remove_member(by, session, member)?),
        ("MSG-MEMBERS-ONLY", lab.store(by, session, "text", CONTENT)),
        ("MSG-MEMBERS-ONLY", sync),
        (edit, lab.edit(by, session, message, &[("content", CONTENT)])?),
        (edit, lab.recall(by, session, message)?),
    ])
}

/// Checks that a stranger is refused everything, and that nothing comes of it.
async fn is_refused_to_eve(lab: &Lab, owner: &Person, session: &str, whom: &Person) -> Result<(), Stop> {
    let eve = lab.person("eve").await?;
    let message = lab.text(owner, session, "between us").await?;
    let member = lab.member(owner, session, whom).await?;
    let before = all_of(lab, owner, session).await?;
    for (rule, ask) in tries(lab, &eve, session, &member, &message, "MSG-EDIT-RIGHT")? {
        ask.send().await?.refused(lab, rule, &[403])?;
    }
    lab.history(&eve, session, top(), 10).send().await?.refused(lab, "HIST-OUTSIDER", &[403])?;
    lab.unchanged("API-NO-EFFECT", "the session is", &before, &all_of(lab, owner, session).await?)?;
    // Who is a member may.
    lab.store(owner, session, "text", CONTENT).send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    lab.change_session(owner, session, &[("description", "ours")])
        .send()
        .await?
        .done(lab, "SESS-UPDATE-RIGHT")?;
    lab.edit(owner, session, &message, &[("content", CONTENT)])?.send().await?.done(lab, "MSG-EDIT-RIGHT")?;
    lab.history(owner, session, top(), 10).send().await?.done(lab, "HIST-OUTSIDER")?;
    Ok(())
}

async fn stranger_in_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    is_refused_to_eve(lab, &ann, &group, &bob).await
}

async fn stranger_in_p2p(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    is_refused_to_eve(lab, &ann, &session, &bob).await
}

/// Somebody's session of their own devices.
async fn single(lab: &Lab, of: &Person) -> Result<String, Stop> {
    let opened = lab.ask(Method::GET, fill(path::SINGLE_SESSION, &[&of.uid])).by(of).send().await?;
    id(&opened.needed()?.json)
}

async fn stranger_in_single(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let session = single(lab, &ann).await?;
    is_refused_to_eve(lab, &ann, &session, &ann).await
}

async fn who_was_removed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let message = lab.text(&bob, &group, "what bob said").await?;
    lab.put_out(&ann, &group, &bob).await?;
    let member = lab.member(&ann, &group, &cat).await?;
    let before = all_of(lab, &ann, &group).await?;
    for (rule, ask) in tries(lab, &bob, &group, &member, &message, "MSG-EDIT-MEMBER")? {
        ask.send().await?.refused(lab, rule, &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the group is", &before, &all_of(lab, &ann, &group).await?)?;
    lab.store(&cat, &group, "text", CONTENT).send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    lab.change_session(&cat, &group, &[("description", "ours")])
        .send()
        .await?
        .done(lab, "SESS-UPDATE-RIGHT")?;
    Ok(())
}

async fn admin_who_was_removed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&cat]).await?;
    lab.join(&ann, &group, &bob, "admin").await?;
    let entry = lab.member(&ann, &group, &cat).await?;
    let called = lab.change_member(&bob, &group, &entry, &[("name", "kat")])?.send().await?;
    called.done(lab, "MEMBER-UPDATE-RIGHT")?;
    lab.put_out(&ann, &group, &bob).await?;
    let before = all_of(lab, &ann, &group).await?;
    for (rule, ask) in [
        ("SESS-UPDATE-RIGHT", lab.change_session(&bob, &group, &[("name", "taken")])),
        ("MEMBER-UPDATE-RIGHT", lab.change_member(&bob, &group, &entry, &[("name", "taken")])?),
        ("MEMBER-ROLES", lab.change_member(&bob, &group, &entry, &[("role", "admin")])?),
        ("MEMBER-REMOVE-RIGHT", lab.remove_member(&bob, &group, &entry)?),
    ] {
        ask.send().await?.refused(lab, rule, &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the group is", &before, &all_of(lab, &ann, &group).await?)?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-REMOVE-RIGHT")?;
    Ok(())
}

async fn come_back(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let message = lab.text(&bob, &group, "what bob said").await?;
    lab.put_out(&ann, &group, &bob).await?;
    // As an admin, who was a user before.
    lab.join(&ann, &group, &bob, "admin").await?;
    let entry = lab.member(&ann, &group, &cat).await?;
    for ask in [
        lab.change_session(&bob, &group, &[("description", "ours")]),
        lab.change_member(&bob, &group, &entry, &[("name", "kat")])?,
        lab.edit(&bob, &group, &message, &[("content", CONTENT)])?,
        lab.recall(&bob, &group, &message)?,
        lab.remove_member(&bob, &group, &entry)?,
    ] {
        ask.send().await?.done(lab, "MEMBER-REVIVE")?;
    }
    Ok(())
}

/// Checks that nobody comes into a session and nobody goes, where the server keeps it closed.
async fn is_closed(lab: &Lab, session: &str, by: &Person, tries: Vec<Ask<'_>>) -> Result<(), Stop> {
    let before: Vec<Value> = lab.members(by, session).await?.iter().map(told).collect();
    let mut all_refused = true;
    for ask in tries {
        let answer = ask.send().await?;
        all_refused &= (400..500).contains(&answer.status);
        answer.refused(lab, "SESS-CLOSED", &[403])?;
    }
    if all_refused {
        let after: Vec<Value> = lab.members(by, session).await?.iter().map(told).collect();
        lab.unchanged("API-NO-EFFECT", "the members are", &before, &after)?;
    }
    Ok(())
}

async fn two_stay_two(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let (own, other) = (lab.member(&ann, &session, &ann).await?, lab.member(&ann, &session, &bob).await?);
    let tries = vec![
        lab.add_member(&ann, &session, &cat, "user"),
        lab.remove_member(&ann, &session, &other)?,
        lab.remove_member(&ann, &session, &own)?,
    ];
    is_closed(lab, &session, &bob, tries).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    lab.add_member(&ann, &group, &cat, "user").send().await?.done(lab, "MEMBER-ADD-RIGHT")?;
    Ok(())
}

async fn one_stays_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = single(lab, &ann).await?;
    let own = lab.member(&ann, &session, &ann).await?;
    let tries = vec![lab.add_member(&ann, &session, &bob, "user"), lab.remove_member(&ann, &session, &own)?];
    is_closed(lab, &session, &ann, tries).await?;
    let group = lab.group(&ann, &[]).await?;
    lab.add_member(&ann, &group, &bob, "user").send().await?.done(lab, "MEMBER-ADD-RIGHT")?;
    Ok(())
}

async fn nobody_is_two(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let oneself = fill(path::P2P_SESSION, &[&ann.uid, &ann.uid]);
    lab.ask(Method::GET, oneself).by(&ann).send().await?.refused_somehow(lab, "SESS-P2P-SELF")?;
    let other = fill(path::P2P_SESSION, &[&ann.uid, &bob.uid]);
    lab.ask(Method::GET, other).by(&ann).send().await?.done(lab, "SESS-P2P-ONE")?;
    Ok(())
}
