//! To whom a message goes, how often and in which order. Part 14.3.

use futures_util::future::try_join_all;
use y2w_sdk::protocol::{ImSessionId, SendReturnCode as Code};

use super::super::case::Case;
use super::super::device::Device;
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::packets::{Got, Word};
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::both("delivery.members-get-it", &["PUSH-DELIVER"], |lab| Box::pin(members_get_it(lab))),
    Case::both("delivery.both-device-classes-of-a-member-get-it", &["PUSH-DELIVER"], |lab| {
        Box::pin(both_classes(lab))
    }),
    Case::both("delivery.the-senders-other-devices-get-it", &["PUSH-DELIVER"], |lab| {
        Box::pin(own_others(lab))
    }),
    Case::both("delivery.the-connection-that-sent-it-does-not", &["PUSH-DELIVER"], |lab| {
        Box::pin(not_to_the_sender(lab))
    }),
    Case::both("delivery.who-is-no-member-gets-nothing", &["PUSH-DELIVER"], |lab| Box::pin(outsiders(lab))),
    Case::both("delivery.a-sender-who-is-no-member-gets-nothing", &["PUSH-DELIVER"], |lab| {
        Box::pin(sender_outside(lab))
    }),
    Case::both("delivery.members-who-are-away-hold-up-nobody", &["PUSH-DELIVER"], |lab| Box::pin(away(lab))),
    Case::both("delivery.a-message-to-nobody-who-is-there-is-a-success", &["PUSH-DELIVER"], |lab| {
        Box::pin(nobody_there(lab))
    }),
    Case::both(
        "delivery.who-connects-later-gets-nothing-of-before",
        &["PUSH-NO-BACKLOG", "PUSH-DELIVER"],
        |lab| Box::pin(no_backlog(lab)),
    ),
    Case::both(
        "delivery.who-comes-back-gets-nothing-of-meanwhile",
        &["PUSH-NO-BACKLOG", "PUSH-DELIVER"],
        |lab| Box::pin(no_backlog_for_who_returns(lab)),
    ),
    Case::both("delivery.each-message-comes-once", &["PUSH-DELIVER-ONCE", "PUSH-DELIVER"], |lab| {
        Box::pin(once(lab))
    }),
    Case::both("delivery.who-is-named-twice-gets-it-once", &["PUSH-DELIVER-ONCE", "PUSH-DELIVER"], |lab| {
        Box::pin(named_twice(lab))
    }),
    Case::both("delivery.many-messages-come-in-order", &["PUSH-DELIVER-ORDER", "PUSH-DELIVER"], |lab| {
        Box::pin(in_order(lab))
    }),
    Case::both(
        "delivery.many-senders-at-once-lose-nothing",
        &["PUSH-DELIVER", "PUSH-DELIVER-ONCE", "PUSH-DELIVER-ORDER"],
        |lab| Box::pin(many_senders(lab)),
    ),
    Case::both("delivery.all-receivers-see-one-order", &["PUSH-DELIVER-ORDER", "PUSH-DELIVER"], |lab| {
        Box::pin(one_order(lab))
    }),
    Case::both("delivery.of-several-sessions-each-has-its-own", &["PUSH-DELIVER"], |lab| {
        Box::pin(several_sessions(lab))
    }),
    Case::both("delivery.to-many-members", &["PUSH-DELIVER", "PUSH-DELIVER-ONCE"], |lab| {
        Box::pin(many_members(lab))
    }),
    Case::both("delivery.nobody-has-to-subscribe", &["PUSH-DELIVER-UNSUBSCRIBED"], |lab| {
        Box::pin(unsubscribed(lab))
    }),
    Case::both("delivery.an-updates-message-goes-to-the-members-after-it", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(members_after_update(lab))
    }),
    Case::both("delivery.an-updates-message-by-force", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(members_after_force(lab))
    }),
    Case::both("delivery.the-first-updates-message", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(first_update(lab))
    }),
    Case::both(
        "delivery.an-updates-message-is-not-echoed",
        &["PUSH-DELIVER", "PUSH-DELIVER-UPDATE"],
        |lab| Box::pin(update_is_not_echoed(lab)),
    ),
    Case::both("delivery.an-update-without-a-message-delivers-nothing", &["PUSH-DELIVER-UPDATE"], |lab| {
        Box::pin(update_without_message(lab))
    }),
    Case::both(
        "delivery.every-delivery-has-the-cmd-send-message",
        &["PUSH-DELIVER-UPDATE", "PUSH-DELIVER"],
        |lab| Box::pin(the_cmd(lab)),
    ),
    Case::both("delivery.it-may-say-from-whom", &["PUSH-DELIVER-EXTRA", "PUSH-DELIVER"], |lab| {
        Box::pin(extra(lab))
    }),
];

const MTS: i64 = 1_479_974_400_000;

/// A push session of Ann, who sends, and Bob.
struct Two<'a> {
    session: ImSessionId,
    ann: Person,
    bob: Person,
    sender: Device<'a>,
    member: Device<'a>,
}

async fn two(lab: &Lab) -> Result<Two<'_>, Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut sender, &session, MTS, &[&ann, &bob]).await?;
    Ok(Two { session, ann, bob, sender, member })
}

impl Two<'_> {
    /// Sends, and checks that it is carried out.
    async fn push(&mut self, rule: &'static str, message: &str) -> Result<(), Stop> {
        let reply = self.sender.push(&self.session, MTS, message).await?;
        reply.is(self.sender.lab, rule, Code::SUCCESS, "a sendMessage with the push session's mts")
    }
}

async fn members_get_it(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.push("PUSH-DELIVER", "\"hello\"").await?;
    two.member.gets("PUSH-DELIVER", "\"hello\"").await
}

async fn both_classes(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let mut mobile = lab.also(&two.bob, "bob's mobile", "01mobile").await?;
    two.push("PUSH-DELIVER", "\"to both\"").await?;
    two.member.gets("PUSH-DELIVER", "\"to both\"").await?;
    mobile.gets("PUSH-DELIVER", "\"to both\"").await
}

async fn own_others(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let mut mobile = lab.also(&two.ann, "ann's mobile", "01mobile").await?;
    two.push("PUSH-DELIVER", "\"from the web\"").await?;
    mobile.gets("PUSH-DELIVER", "\"from the web\"").await?;
    mobile.push(&two.session, MTS, "\"from mobile\"").await?;
    two.sender.gets("PUSH-DELIVER", "\"from mobile\"").await
}

async fn not_to_the_sender(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.push("PUSH-DELIVER", "\"hello\"").await?;
    two.member.gets("PUSH-DELIVER", "\"hello\"").await?;
    let expected = "the connection that sent a command does not get its message";
    two.sender.got_nothing("PUSH-DELIVER", &two.ann, &mut two.member, expected).await
}

async fn outsiders(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    two.push("PUSH-DELIVER", "\"hello\"").await?;
    two.member.gets("PUSH-DELIVER", "\"hello\"").await?;
    outsider.got_nothing("PUSH-DELIVER", &eve, &mut two.sender, "who is no member gets nothing").await
}

async fn sender_outside(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let (eve, mut outsider) = lab.present("eve").await?;
    let mut mobile = lab.also(&eve, "eve's mobile", "01mobile").await?;
    outsider.push(&two.session, MTS, "\"from outside\"").await?;
    two.member.gets("PUSH-DELIVER", "\"from outside\"").await?;
    let expected = "the other devices of a sender who is no member get nothing";
    mobile.got_nothing("PUSH-DELIVER", &eve, &mut outsider, expected).await
}

async fn away(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let (cat, dan) = (lab.person("cat").await?, lab.person("dan").await?);
    two.sender.update(&two.session, MTS, &[(&cat, true), (&dan, true)], false, None).await?;
    two.push("PUSH-DELIVER", "\"hello\"").await?;
    two.member.gets("PUSH-DELIVER", "\"hello\"").await
}

async fn nobody_there(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let bob = lab.person("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut sender, &session, MTS, &[&bob]).await?;
    let reply = sender.push(&session, MTS, "\"to nobody\"").await?;
    let what = "a sendMessage to a push session whose members are all away";
    reply.is(lab, "PUSH-DELIVER", Code::SUCCESS, what)
}

async fn no_backlog(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let bob = lab.person("bob").await?;
    let session = ann.push_session("chat");
    lab.told(&mut sender, &session, MTS, &[&bob]).await?;
    sender.push(&session, MTS, "\"before\"").await?;
    let mut late = lab.also(&bob, "bob", "00late").await?;
    sender.push(&session, MTS, "\"after\"").await?;
    let got = late.next().await?;
    let message = got.word().and_then(Word::message).map(str::to_owned);
    let expected = "a connection gets nothing that was sent before it was accepted";
    lab.check("PUSH-NO-BACKLOG", message.as_deref() != Some("\"before\""), expected, got.to_string())?;
    lab.check(
        "PUSH-DELIVER",
        message.as_deref() == Some("\"after\""),
        "what was sent then comes",
        got.to_string(),
    )
}

async fn no_backlog_for_who_returns(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.member.leave().await?;
    two.push("PUSH-DELIVER", "\"meanwhile\"").await?;
    let mut back = lab.also(&two.bob, "bob again", "10one").await?;
    two.push("PUSH-DELIVER", "\"after\"").await?;
    back.gets("PUSH-NO-BACKLOG", "\"after\"").await
}

async fn once(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    for message in ["1", "2", "3"] {
        two.push("PUSH-DELIVER", message).await?;
        two.member.gets("PUSH-DELIVER", message).await?;
        let expected = "a message comes once";
        two.member.got_nothing("PUSH-DELIVER-ONCE", &two.bob, &mut two.sender, expected).await?;
    }
    Ok(())
}

async fn named_twice(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let bob = (&two.bob, true);
    two.sender.update(&two.session, MTS, &[bob, bob, bob], false, None).await?;
    two.push("PUSH-DELIVER", "1").await?;
    two.member.gets("PUSH-DELIVER", "1").await?;
    let expected = "a member that was named several times gets a message once";
    two.member.got_nothing("PUSH-DELIVER-ONCE", &two.bob, &mut two.sender, expected).await
}

/// The next deliveries until there are so many, each a whole number, and what came in place of another one.
async fn numbers(device: &mut Device<'_>, count: usize) -> Result<(Vec<i64>, Option<Got>), Stop> {
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count {
        let got = device.next().await?;
        let number: Option<i64> = got.word().and_then(Word::message).and_then(|message| message.parse().ok());
        match number {
            Some(number) => numbers.push(number),
            None => return Ok((numbers, Some(got))),
        }
    }
    Ok((numbers, None))
}

/// Checks that nothing is missing.
fn all_came(lab: &Lab, count: usize, came: &[i64], instead: Option<&Got>) -> Result<(), Stop> {
    let expected = format!("all of {count} messages come");
    let actual = instead.map_or_else(String::new, |got| format!("after {} of them: {got}", came.len()));
    lab.check("PUSH-DELIVER", instead.is_none(), expected, actual)
}

async fn in_order(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 40;
    let mut two = two(lab).await?;
    let topic = two.session.topic();
    // Without waiting for replies, so that many are under way.
    for number in 0..MANY {
        let payload = two.sender.send_message(MTS, &number.to_string())?;
        two.sender.publish(&topic, payload).await?;
    }
    let (came, instead) = numbers(&mut two.member, MANY).await?;
    let expected = "the messages that one connection sends to a push session, 0 to 39, come in their order";
    lab.check("PUSH-DELIVER-ORDER", came.is_sorted(), expected, format!("{came:?}"))?;
    all_came(lab, MANY, &came, instead.as_ref())
}

async fn many_senders(lab: &Lab) -> Result<(), Stop> {
    const SENDERS: i64 = 4;
    const EACH: i64 = 10;
    let mut two = two(lab).await?;
    let topic = two.session.topic();
    let sending = (0..SENDERS).map(|sender| {
        let topic = topic.clone();
        async move {
            let (_, mut device) = lab.present(&format!("sender{sender}")).await?;
            for number in 0..EACH {
                let payload = device.send_message(MTS, &(sender * 100 + number).to_string())?;
                device.publish(&topic, payload).await?;
            }
            // Until all of it has been carried out.
            for _ in 0..EACH {
                device.reply().await?;
            }
            Ok::<_, Stop>(device)
        }
    });
    let _senders = try_join_all(sending).await?;
    let (came, instead) = numbers(&mut two.member, 40).await?;
    for sender in 0..SENDERS {
        let of_one: Vec<i64> = came.iter().copied().filter(|number| number / 100 == sender).collect();
        let expected = "the messages of each of several senders come in their order";
        lab.check("PUSH-DELIVER-ORDER", of_one.is_sorted(), expected, format!("{of_one:?}"))?;
    }
    let mut each = came.clone();
    each.sort_unstable();
    each.dedup();
    let expected = "each of 40 messages by four senders at once comes once";
    lab.check("PUSH-DELIVER-ONCE", each.len() == came.len(), expected, format!("{came:?}"))?;
    all_came(lab, 40, &came, instead.as_ref())
}

async fn one_order(lab: &Lab) -> Result<(), Stop> {
    const EACH: i64 = 10;
    let mut two = two(lab).await?;
    let (cat, mut of_cat) = lab.present("cat").await?;
    let (dan, mut of_dan) = lab.present("dan").await?;
    let topic = two.session.topic();
    let members = [(&two.ann, false), (&cat, true), (&dan, true)];
    two.sender.update(&two.session, MTS, &members, false, None).await?;
    let (_, mut other) = lab.present("eve").await?;
    for number in 0..EACH {
        for (device, base) in [(&mut two.sender, 0), (&mut other, 100)] {
            let payload = device.send_message(MTS, &(base + number).to_string())?;
            device.publish(&topic, payload).await?;
        }
    }
    let (first, instead) = numbers(&mut two.member, 20).await?;
    all_came(lab, 20, &first, instead.as_ref())?;
    for device in [&mut of_cat, &mut of_dan] {
        let (came, instead) = numbers(device, 20).await?;
        all_came(lab, 20, &came, instead.as_ref())?;
        let expected =
            format!("the messages of two senders come to all in one order, as to the first: {first:?}");
        lab.check("PUSH-DELIVER-ORDER", came == first, expected, format!("{came:?}"))?;
    }
    Ok(())
}

async fn several_sessions(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut of_bob) = lab.present("bob").await?;
    let (cat, mut of_cat) = lab.present("cat").await?;
    let (one, other) = (ann.push_session("one"), ann.push_session("other"));
    lab.told(&mut sender, &one, MTS, &[&bob]).await?;
    lab.told(&mut sender, &other, MTS, &[&cat]).await?;
    sender.push(&one, MTS, "\"for bob\"").await?;
    sender.push(&other, MTS, "\"for cat\"").await?;
    of_bob.gets("PUSH-DELIVER", "\"for bob\"").await?;
    of_cat.gets("PUSH-DELIVER", "\"for cat\"").await?;
    let expected = "what is sent to one push session does not come to the members of another";
    of_bob.got_nothing("PUSH-DELIVER", &bob, &mut sender, expected).await?;
    of_cat.got_nothing("PUSH-DELIVER", &cat, &mut sender, expected).await
}

async fn many_members(lab: &Lab) -> Result<(), Stop> {
    const MANY: usize = 8;
    let (ann, mut sender) = lab.present("ann").await?;
    let names: Vec<String> = (0..MANY).map(|number| format!("member{number}")).collect();
    let mut members = try_join_all(names.iter().map(|name| lab.present(name))).await?;
    let session = ann.push_session("chat");
    let people: Vec<&Person> = members.iter().map(|(person, _)| person).collect();
    lab.told(&mut sender, &session, MTS, &people).await?;
    sender.push(&session, MTS, "\"to all\"").await?;
    for (person, device) in &mut members {
        device.gets("PUSH-DELIVER", "\"to all\"").await?;
        device.got_nothing("PUSH-DELIVER-ONCE", person, &mut sender, "it comes once").await?;
    }
    Ok(())
}

/// No connection of these cases subscribes to anything; here it is what is looked at.
async fn unsubscribed(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.push("PUSH-DELIVER-UNSUBSCRIBED", "\"hello\"").await?;
    two.member.gets("PUSH-DELIVER-UNSUBSCRIBED", "\"hello\"").await
}

/// Bob goes, Eve comes; the message is for who is in then.
async fn changed(lab: &Lab, force: bool) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let (eve, mut new) = lab.present("eve").await?;
    let members = [(&two.bob, false), (&eve, true)];
    let reply = two.sender.update(&two.session, MTS + 1, &members, force, Some("\"hello\"")).await?;
    reply.is(lab, "PUSH-DELIVER-UPDATE", Code::SUCCESS, "an updateSession with a message")?;
    new.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    let expected = "who is removed by an updateSession does not get its message";
    two.member.got_nothing("PUSH-DELIVER-UPDATE", &two.bob, &mut two.sender, expected).await
}

async fn members_after_update(lab: &Lab) -> Result<(), Stop> {
    changed(lab, false).await
}

async fn members_after_force(lab: &Lab) -> Result<(), Stop> {
    changed(lab, true).await
}

async fn first_update(lab: &Lab) -> Result<(), Stop> {
    let (ann, mut sender) = lab.present("ann").await?;
    let (bob, mut member) = lab.present("bob").await?;
    let session = ann.push_session("chat");
    let members = [(&ann, true), (&bob, true)];
    let reply = sender.update(&session, MTS, &members, false, Some("\"hello\"")).await?;
    reply.is(
        lab,
        "PUSH-DELIVER-UPDATE",
        Code::SUCCESS,
        "an updateSession with a message for a new push session",
    )?;
    member.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await
}

async fn update_is_not_echoed(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    let mut mobile = lab.also(&two.ann, "ann's mobile", "01mobile").await?;
    two.sender.update(&two.session, MTS, &[], false, Some("\"hello\"")).await?;
    two.member.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    mobile.gets("PUSH-DELIVER-UPDATE", "\"hello\"").await?;
    let expected = "the connection that sent an updateSession does not get its message";
    two.sender.got_nothing("PUSH-DELIVER", &two.ann, &mut two.member, expected).await
}

async fn update_without_message(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.sender.update(&two.session, MTS + 1, &[(&two.bob, true)], false, None).await?;
    let expected = "an updateSession without a message delivers nothing";
    two.member.got_nothing("PUSH-DELIVER-UPDATE", &two.bob, &mut two.sender, expected).await?;
    two.sender.update(&two.session, MTS + 2, &[], false, Some("1")).await?;
    two.member.gets("PUSH-DELIVER-UPDATE", "1").await
}

async fn the_cmd(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.sender.push(&two.session, MTS, "1").await?;
    let by_send = two.member.next().await?;
    two.sender.update(&two.session, MTS, &[], false, Some("2")).await?;
    let by_update = two.member.next().await?;
    for (got, rule, cmd) in
        [(by_send, "PUSH-DELIVER", "sendMessage"), (by_update, "PUSH-DELIVER-UPDATE", "updateSession")]
    {
        let named = got.word().and_then(|word| word.text("cmd"));
        let expected = format!("what a {cmd} delivers has the cmd sendMessage");
        lab.check(rule, named.as_deref() == Some("sendMessage"), expected, got.to_string())?;
    }
    Ok(())
}

/// A liberty: a delivery need not say it.
async fn extra(lab: &Lab) -> Result<(), Stop> {
    let mut two = two(lab).await?;
    two.push("PUSH-DELIVER", "1").await?;
    let got = two.member.next().await?;
    let is_it = got.word().and_then(Word::message) == Some("1");
    lab.check("PUSH-DELIVER", is_it, "the next that comes is the message 1", got.to_string())?;
    let said = got.word().and_then(|word| Some((word.text("from")?, word.text("sessionId")?)));
    if said == Some((two.ann.uid.clone(), two.session.to_string())) {
        return Ok(());
    }
    Err(lab.lacks(Need::DeliverExtra, got.to_string()))
}
