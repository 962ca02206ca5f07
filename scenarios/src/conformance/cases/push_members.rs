//! Push sessions: who is in after an update, and after one by force. Part 14.2.

use y2w_sdk::protocol::{ImSessionId, SendReturnCode as Code};

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::push_sessions::MTS;

pub(super) const CASES: &[Case] = &[
    Case::both("push-sessions.an-update-adds-and-leaves-the-others", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(update_adds(lab))
    }),
    Case::both("push-sessions.an-update-removes-and-leaves-the-others", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(update_removes(lab))
    }),
    Case::both("push-sessions.who-was-removed-comes-back", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(comes_back(lab))
    }),
    Case::both("push-sessions.a-removal-of-who-is-not-in", &["MTS-UPDATE-APPLIES"], |lab| {
        Box::pin(removal_of_who_is_not_in(lab))
    }),
    Case::both(
        "push-sessions.an-update-of-nobody-brings-its-mts",
        &["MTS-UPDATE-APPLIES", "MTS-UPDATE-TAKES-MTS"],
        |lab| Box::pin(update_of_nobody(lab)),
    ),
    Case::both("push-sessions.by-force-these-and-no-others-are-in", &["MTS-FORCE"], |lab| {
        Box::pin(by_force(lab))
    }),
    Case::both("push-sessions.by-force-tombstones-are-left-out", &["MTS-FORCE"], |lab| {
        Box::pin(force_with_tombstones(lab))
    }),
    Case::both("push-sessions.by-force-the-mts-goes-back", &["MTS-FORCE", "MTS-UPDATE-TAKES-MTS"], |lab| {
        Box::pin(force_goes_back(lab))
    }),
    Case::both(
        "push-sessions.force-that-is-false-is-none",
        &["MTS-UPDATE-BEHIND", "MTS-UPDATE-APPLIES"],
        |lab| Box::pin(force_false(lab)),
    ),
];

/// A push session of Ann, who sends, and Bob; Eve is not in.
struct Three<'a> {
    session: ImSessionId,
    bob: Person,
    eve: Person,
    of_ann: Device<'a>,
    of_bob: Device<'a>,
    of_eve: Device<'a>,
}

async fn three<'a>(lab: &'a Lab) -> Result<Three<'a>, Stop> {
    let (ann, mut of_ann) = lab.present("ann").await?;
    let (bob, of_bob) = lab.present("bob").await?;
    let (eve, of_eve) = lab.present("eve").await?;
    let session = ann.push_session("chat");
    lab.told(&mut of_ann, &session, MTS, &[&ann, &bob]).await?;
    Ok(Three { session, bob, eve, of_ann, of_bob, of_eve })
}

impl Three<'_> {
    /// Changes the members.
    async fn update(
        &mut self,
        lab: &Lab,
        rule: &'static str,
        mts: i64,
        whom: Changed,
        force: bool,
    ) -> Result<(), Stop> {
        let members: Vec<(&Person, bool)> = match whom {
            Changed::Nobody => Vec::new(),
            Changed::Bob(is_in) => vec![(&self.bob, is_in)],
            Changed::Eve(is_in) => vec![(&self.eve, is_in)],
            Changed::Both(bob, eve) => vec![(&self.bob, bob), (&self.eve, eve)],
        };
        let reply = self.of_ann.update(&self.session, mts, &members, force, None).await?;
        reply.is(lab, rule, Code::SUCCESS, "an updateSession")
    }

    /// Sends with that mts, and checks who of the two gets it.
    async fn reaches(
        &mut self,
        lab: &Lab,
        rule: &'static str,
        mts: i64,
        bob: bool,
        eve: bool,
        message: &str,
    ) -> Result<(), Stop> {
        let reply = self.of_ann.push(&self.session, mts, message).await?;
        reply.is(lab, rule, Code::SUCCESS, "a sendMessage to these members")?;
        for (is_in, person, device, name) in
            [(bob, &self.bob, &mut self.of_bob, "bob"), (eve, &self.eve, &mut self.of_eve, "eve")]
        {
            if is_in {
                device.gets(rule, message).await?;
            } else {
                let expected = format!("{name} is not in the push session and gets nothing");
                device.got_nothing(rule, person, &mut self.of_ann, &expected).await?;
            }
        }
        Ok(())
    }
}

/// Whom an updateSession names, and whether they are in from then on.
enum Changed {
    Nobody,
    Bob(bool),
    Eve(bool),
    Both(bool, bool),
}

async fn update_adds(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.reaches(lab, RULE, MTS, true, false, "\"before\"").await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(true), false).await?;
    all.reaches(lab, RULE, MTS + 1, true, true, "\"after\"").await
}

async fn update_removes(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(true), false).await?;
    all.update(lab, RULE, MTS + 2, Changed::Bob(false), false).await?;
    all.reaches(lab, RULE, MTS + 2, false, true, "\"after\"").await
}

async fn comes_back(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Bob(false), false).await?;
    all.update(lab, RULE, MTS + 2, Changed::Both(true, true), false).await?;
    all.reaches(lab, RULE, MTS + 2, true, true, "\"again\"").await
}

async fn removal_of_who_is_not_in(lab: &Lab) -> Result<(), Stop> {
    const RULE: &str = "MTS-UPDATE-APPLIES";
    let mut all = three(lab).await?;
    all.update(lab, RULE, MTS + 1, Changed::Eve(false), false).await?;
    all.reaches(lab, RULE, MTS + 1, true, false, "1").await
}

async fn update_of_nobody(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-UPDATE-TAKES-MTS", MTS + 1, Changed::Nobody, false).await?;
    all.reaches(lab, "MTS-UPDATE-APPLIES", MTS + 1, true, false, "1").await
}

async fn by_force(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS + 1, Changed::Eve(true), true).await?;
    all.reaches(lab, "MTS-FORCE", MTS + 1, false, true, "\"these only\"").await
}

async fn force_with_tombstones(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS + 1, Changed::Both(false, true), true).await?;
    all.reaches(lab, "MTS-FORCE", MTS + 1, false, true, "\"these only\"").await
}

async fn force_goes_back(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    all.update(lab, "MTS-FORCE", MTS - 1_000, Changed::Both(true, true), true).await?;
    all.reaches(lab, "MTS-UPDATE-TAKES-MTS", MTS - 1_000, true, true, "1").await
}

async fn force_false(lab: &Lab) -> Result<(), Stop> {
    let mut all = three(lab).await?;
    let topic = all.session.topic();
    let update = |mts: i64| {
        let members = serde_json::json!([{"uid": all.eve.uid, "isDel": false}]);
        serde_json::json!({"cmd": "updateSession", "y2wMessageId": "f", "mts": mts, "members": members, "force": false})
            .to_string()
    };
    let (behind, right) = (update(MTS - 1), update(MTS + 1));
    let reply = all.of_ann.command(&topic, behind).await?;
    let what = "an updateSession with force false and an older mts";
    reply.is(lab, "MTS-UPDATE-BEHIND", Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, what)?;
    let reply = all.of_ann.command(&topic, right).await?;
    reply.is(
        lab,
        "MTS-UPDATE-APPLIES",
        Code::SUCCESS,
        "an updateSession with force false and a newer mts",
    )?;
    all.reaches(lab, "MTS-UPDATE-APPLIES", MTS + 1, true, true, "1").await
}
