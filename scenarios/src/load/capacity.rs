//! The search for the highest load that holds: which one to try next, by what came of those before. Pure.
//!
//! First the load doubles until it does not hold any more, then the interval between the highest that held and the lowest
//! that did not is halved until it is as narrow as was asked for. While doubling one trial is enough; within the interval
//! a load is tried until most of its trials agree, since near the limit chance decides. Loads are compared by their
//! logarithm, so that the interval is narrow in proportion.
//!
//! It always ends: every trial narrows the interval or is one of a bounded number for the same load, and whoever runs it
//! may stop at any time and ask for the [`Answer`] so far.

use serde::Serialize;

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The first load to try.
    pub from: f64,
    /// The highest that is tried.
    pub to: f64,
    /// How narrow the interval is to be, as a share of the load: 0.1 for a tenth.
    pub precision: f64,
    /// Trials of a load within the interval, an odd number: most of them decide.
    pub trials: u32,
}

/// What is known: the limit is between two loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The highest load that held; none if not even the first did.
    pub holds: Option<f64>,
    /// The lowest load that did not hold; none if all did: then the limit was not reached.
    pub fails: Option<f64>,
}

/// See the module's text.
#[derive(Clone, Debug)]
pub struct Search {
    bounds: Bounds,
    answer: Answer,
    /// The load that is being tried, and how often it held and did not.
    trying: f64,
    held: u32,
    failed: u32,
}

impl Search {
    /// A search that has tried nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, answer: Answer::default(), trying: bounds.from, held: 0, failed: 0 }
    }

    /// The load to try next; none when the interval is as narrow as it is to be.
    pub fn next(&self) -> Option<f64> {
        match self.answer {
            Answer { holds: Some(holds), fails: Some(fails) }
                if fails <= holds * (1.0 + self.bounds.precision) =>
            {
                None
            }
            Answer { holds: Some(holds), fails: None } if holds >= self.bounds.to => None,
            Answer { holds: None, fails: Some(_) } => None,
            _ => Some(self.trying),
        }
    }

    /// What came of a trial of [`Self::next`].
    pub fn tell(&mut self, held: bool) {
        *(if held { &mut self.held } else { &mut self.failed }) += 1;
        let enough = if self.answer.fails.is_some() { self.bounds.trials / 2 + 1 } else { 1 };
        // What fails while the load doubles is looked at again: one bad moment must not decide where the interval ends.
        let enough_failures = if self.answer.fails.is_some() { enough } else { self.bounds.trials / 2 + 1 };
        if self.held >= enough {
            self.answer.holds = Some(self.trying);
        } else if self.failed >= enough_failures {
            self.answer.fails = Some(self.trying);
        } else {
            return;
        }
        (self.held, self.failed) = (0, 0);
        self.trying = match self.answer {
            Answer { holds: Some(holds), fails: Some(fails) } => (holds * fails).sqrt(),
            Answer { holds: Some(holds), fails: None } => (holds * 2.0).min(self.bounds.to),
            _ => self.trying,
        };
    }

    /// What is known so far.
    pub fn answer(&self) -> Answer {
        self.answer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { from: 10.0, to: 100_000.0, precision: 0.1, trials: 3 };

    /// Searches a server that holds below the limit; the answer and the number of trials.
    fn search(bounds: Bounds, mut holds: impl FnMut(f64) -> bool) -> (Answer, u32) {
        let mut search = Search::new(bounds);
        let mut trials = 0;
        while let Some(load) = search.next() {
            search.tell(holds(load));
            trials += 1;
            assert!(trials < 200, "the search does not end");
        }
        (search.answer(), trials)
    }

    #[test]
    fn a_limit_that_was_not_reached_is_said_to_be_so() {
        let (answer, _) = search(BOUNDS, |_| true);
        assert_eq!(answer, Answer { holds: Some(100_000.0), fails: None });
    }

    #[test]
    fn where_not_even_the_first_load_holds_there_is_no_interval() {
        let (answer, trials) = search(BOUNDS, |_| false);
        assert_eq!(answer, Answer { holds: None, fails: Some(10.0) });
        assert_eq!(trials, 2);
    }

    #[test]
    fn one_bad_moment_does_not_decide() {
        let mut bad = true;
        let (answer, _) =
            search(BOUNDS, |load| load < 1_000.0 && !(load == 40.0 && std::mem::take(&mut bad)));
        assert!(answer.holds.unwrap() > 900.0, "{answer:?}");
    }

    proptest! {
        #[test]
        fn the_limit_is_in_the_interval_which_is_as_narrow_as_asked_for(
            limit in 11.0..99_000.0_f64,
            precision in 0.02..0.5_f64,
        ) {
            let (answer, trials) = search(Bounds { precision, ..BOUNDS }, |load| load <= limit);
            let (holds, fails) = (answer.holds.unwrap(), answer.fails.unwrap());
            prop_assert!(holds <= limit && limit < fails, "{answer:?}");
            prop_assert!(fails <= holds * (1.0 + precision));
            prop_assert!(trials <= 40, "{trials}");
        }

        #[test]
        fn it_ends_whatever_comes_of_the_trials(outcomes in proptest::collection::vec(any::<bool>(), 200)) {
            let mut outcomes = outcomes.into_iter();
            search(BOUNDS, |_| outcomes.next().unwrap());
        }
    }
}
