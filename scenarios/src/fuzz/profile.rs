//! Which kinds of steps and faults cases have: all that there are, and profiles that keep to a part of them.

use clap::ValueEnum;

/// Which kinds of cases are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// All kinds of steps and faults
    #[default]
    All,
    /// Lists, edits, history, what is deleted, logins; requests that are slow or lost
    Sync,
    /// Members come, go and change roles while others write to the group
    Members,
    /// Push connections: logins, kicks, lost and refused connections, push sessions that are forgotten or out of date
    Push,
    /// All kinds of steps, and no faults
    Calm,
    /// All kinds of steps and faults in small cases: two users with a device each, up to eight steps, one fault at most
    Small,
}

/// Kinds of steps, each as often as it stands here.
const ACTIONS: &[Kind] = {
    use Kind::*;
    &[
        Text,
        Text,
        Text,
        Text,
        TextToGroup,
        TextToGroup,
        TextToGroup,
        TextToGroup,
        TextToGroup,
        File,
        Edit,
        Edit,
        Recall,
        Add,
        Add,
        Remove,
        Remove,
        Promote,
        Promote,
        Intrude,
        PassMaster,
        BanSelf,
        Nickname,
        PushMembers,
        PushMembers,
        PushMembers,
        Rename,
        Contact,
        NoContact,
        Favourite,
        NoFavourite,
        Pin,
        Delete,
        Read,
        Read,
        History,
        Sync,
        Login,
        Logout,
        Crash,
    ]
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TextToGroup,
    File,
    Edit,
    Recall,
    Add,
    Remove,
    Promote,
    Intrude,
    PassMaster,
    BanSelf,
    Nickname,
    PushMembers,
    Rename,
    Contact,
    NoContact,
    Favourite,
    NoFavourite,
    Pin,
    Delete,
    Read,
    History,
    Sync,
    Login,
    Logout,
    Crash,
}

/// Kinds of faults, each as often as it stands here.
const FAULTS: &[FaultKind] = {
    use FaultKind::*;
    &[
        Slow,
        LoseRequests,
        LoseAnswers,
        Partition,
        Deaf,
        Mute,
        CutPush,
        CutPush,
        HalfOpen,
        HalfOpen,
        Refuse,
        RestartPush,
        RestartServer,
        Forget,
        MoveMts,
        ExpireTokens,
        ExpireImTokens,
        Kick,
    ]
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Slow,
    LoseRequests,
    LoseAnswers,
    Partition,
    Deaf,
    Mute,
    CutPush,
    HalfOpen,
    Refuse,
    RestartPush,
    RestartServer,
    Forget,
    MoveMts,
    ExpireTokens,
    ExpireImTokens,
    Kick,
}

/// What a profile is made of.
struct Mask {
    actions: &'static [Kind],
    /// Of each of these groups, every case has something on.
    needs: &'static [&'static [Kind]],
    faults: &'static [FaultKind],
}

const ALL: Mask = Mask { actions: ACTIONS, needs: &[], faults: FAULTS };

const SYNC: Mask = {
    use Kind::*;
    const TELLING: &[Kind] =
        &[Edit, Recall, Contact, NoContact, Favourite, NoFavourite, Pin, Delete, History, Sync, Login];
    Mask {
        actions: &[
            Text,
            Text,
            TextToGroup,
            TextToGroup,
            File,
            Edit,
            Edit,
            Recall,
            Contact,
            NoContact,
            Favourite,
            NoFavourite,
            Pin,
            Delete,
            Read,
            History,
            History,
            Sync,
            Login,
            Logout,
            Crash,
        ],
        needs: &[&[Text, TextToGroup], TELLING],
        faults: &[
            FaultKind::Slow,
            FaultKind::LoseRequests,
            FaultKind::LoseAnswers,
            FaultKind::Partition,
            FaultKind::ExpireTokens,
        ],
    }
};

const MEMBERS: Mask = {
    use Kind::*;
    Mask {
        actions: &[
            TextToGroup,
            TextToGroup,
            TextToGroup,
            File,
            Edit,
            Add,
            Add,
            Remove,
            Remove,
            Promote,
            Promote,
            Intrude,
            PassMaster,
            BanSelf,
            Nickname,
            PushMembers,
            PushMembers,
            Rename,
            Read,
            History,
            Login,
        ],
        needs: &[&[TextToGroup], &[Add, Remove, Promote]],
        faults: &[
            FaultKind::Slow,
            FaultKind::LoseAnswers,
            FaultKind::Partition,
            FaultKind::CutPush,
            FaultKind::RestartPush,
            FaultKind::Forget,
            FaultKind::MoveMts,
        ],
    }
};

const PUSH: Mask = {
    use Kind::*;
    Mask {
        actions: &[
            Text,
            Text,
            TextToGroup,
            TextToGroup,
            Add,
            Remove,
            PushMembers,
            Sync,
            Login,
            Login,
            Logout,
            Crash,
        ],
        needs: &[&[Text, TextToGroup], &[Login, Logout, Crash]],
        faults: &[
            FaultKind::Deaf,
            FaultKind::Mute,
            FaultKind::CutPush,
            FaultKind::CutPush,
            FaultKind::HalfOpen,
            FaultKind::Refuse,
            FaultKind::RestartPush,
            FaultKind::Forget,
            FaultKind::MoveMts,
            FaultKind::ExpireImTokens,
            FaultKind::Kick,
        ],
    }
};

const CALM: Mask = Mask { faults: &[], ..ALL };

impl Profile {
    fn mask(self) -> &'static Mask {
        match self {
            Self::All | Self::Small => &ALL,
            Self::Sync => &SYNC,
            Self::Members => &MEMBERS,
            Self::Push => &PUSH,
            Self::Calm => &CALM,
        }
    }

    /// The kinds of steps that are on in this swarm.
    pub(super) fn actions(self, swarm: u64) -> Vec<Kind> {
        let mask = self.mask();
        let on = mask.actions.iter().enumerate().filter(|(n, _)| swarm >> n & 1 == 1);
        let mut on: Vec<Kind> = on.map(|(_, kind)| *kind).collect();
        for group in mask.needs {
            if !on.iter().any(|kind| group.contains(kind)) {
                on.extend_from_slice(group);
            }
        }
        if on.is_empty() { mask.actions.to_vec() } else { on }
    }

    /// The kinds of faults that it has.
    pub(super) fn faults(self) -> &'static [FaultKind] {
        self.mask().faults
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fuzz::generate;
    use crate::plan::Plan;

    /// The names of the steps and of the faults in a plan, as its file has them.
    fn names(plan: &Plan) -> (BTreeSet<String>, BTreeSet<String>) {
        let name = |words: String| words.split(' ').next().unwrap_or_default().to_owned();
        // The first step makes the group, in every case.
        let steps = plan.steps[1..].iter().map(|step| name(step.action.to_string()));
        (steps.collect(), plan.faults.iter().map(|fault| name(fault.what.to_string())).collect())
    }

    fn set(names: &str) -> BTreeSet<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    /// Over many cases, a profile has these kinds, all of them and no others.
    fn has_over_many_cases(profile: Profile, steps: &str, faults: &str) {
        let (mut all_steps, mut all_faults) = (BTreeSet::new(), BTreeSet::new());
        for case in 0..400 {
            let plan = generate::plan_in(profile, 3, case, &[]);
            assert_eq!(plan.check(), Ok(()));
            let (steps, faults) = names(&plan);
            all_steps.extend(steps);
            all_faults.extend(faults);
        }
        assert_eq!((all_steps, all_faults), (set(steps), set(faults)), "{profile:?}");
    }

    const STEPS: &str = "send-text send-file edit recall add-member remove-member promote intrude pass-master ban nickname push-members rename add-contact \
                         remove-contact favourite unfavourite pin delete-conversation read history sync login logout crash";

    #[test]
    fn all_has_everything() {
        let faults = "slow lose-requests lose-answers partition deaf mute cut-push refuse-connections restart-push \
                      forget-session move-mts expire-tokens expire-im-tokens kick half-open restart-server";
        has_over_many_cases(Profile::All, STEPS, faults);
    }

    #[test]
    fn calm_has_all_steps_and_no_faults() {
        has_over_many_cases(Profile::Calm, STEPS, "");
    }

    #[test]
    fn small_has_everything_in_small_cases() {
        for case in 0..400 {
            let plan = generate::plan_in(Profile::Small, 3, case, &[]);
            assert_eq!(plan.check(), Ok(()));
            assert!(plan.users.len() == 2 && plan.users.iter().all(|user| user.devices.len() == 1));
            // The first step makes the group.
            assert!((2..=9).contains(&plan.steps.len()) && plan.faults.len() <= 1, "{plan:?}");
        }
        let steps = |profile| -> BTreeSet<String> {
            (0..400).flat_map(|case| names(&generate::plan_in(profile, 3, case, &[])).0).collect()
        };
        assert_eq!(steps(Profile::Small), steps(Profile::All));
    }

    #[test]
    fn sync_has_what_lists_and_sessions_are_made_of() {
        let steps = "send-text send-file edit recall add-contact remove-contact favourite unfavourite pin \
                     delete-conversation read history sync login logout crash";
        has_over_many_cases(Profile::Sync, steps, "slow lose-requests lose-answers partition expire-tokens");
    }

    const CHANGES: &str = "add-member remove-member promote intrude pass-master nickname";

    #[test]
    fn members_has_changes_of_members_among_messages() {
        let steps = "send-text send-file edit add-member remove-member promote intrude pass-master ban nickname push-members \
                     rename read history login";
        let faults = "slow lose-answers partition cut-push restart-push forget-session move-mts";
        has_over_many_cases(Profile::Members, steps, faults);
        let mixed = (0..400).filter(|case| {
            let (steps, _) = names(&generate::plan_in(Profile::Members, 3, *case, &[]));
            let changes = steps.intersection(&set(CHANGES)).count();
            steps.contains("send-text") && changes > 0
        });
        // A short case may draw only one of both.
        assert!(mixed.count() > 280);
    }

    #[test]
    fn push_has_connections_and_what_befalls_them() {
        let steps = "send-text add-member remove-member push-members sync login logout crash";
        let faults = "deaf mute cut-push half-open refuse-connections restart-push forget-session move-mts expire-im-tokens kick";
        has_over_many_cases(Profile::Push, steps, faults);
    }
}
