//! What standing faults do to which request and which push: pure.
//!
//! Nothing is drawn in sequence. Each number is a hash of the server's seed, its purpose, its subject (a route, or a
//! connection) and the count of what happens to that subject. So the n-th request of a route meets the same whatever
//! other faults stand and whatever other routes are asked, and with a greater rate more requests are hit, those of the
//! smaller among them.

use std::time::Duration;

use super::plan::{Latency, PushFaults, RouteFault};

/// Where the numbers come from; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    seed: u64,
}

/// What a number is for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    RouteLatency,
    RouteError,
    LoseRequest,
    LoseAnswer,
    PushDelay,
    PushLoss,
    PushDuplicate,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Before anything else.
    pub(crate) wait: Duration,
    pub(crate) then: Then,
}

/// After the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// As ever.
    Answer,
    /// Not carried out; that status.
    Error(u16),
    /// Not carried out; no answer.
    LoseRequest,
    /// Carried out; no answer.
    LoseAnswer,
}

/// What happens to one push on its way to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PushFate {
    pub(crate) delay: Duration,
    /// How often it arrives: 0, 1 or 2.
    pub(crate) copies: usize,
}

impl Dice {
    /// Split from the server's seed, so that faults do not repeat what tokens are made from.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: mix(seed ^ 0x6661_756C_7473) }
    }

    /// A route's request number `count`. If several faults hit it, the first of lost request, error and lost answer
    /// counts.
    pub(crate) fn of_request(self, fault: &RouteFault, route: u64, count: u64) -> Fate {
        let hits = |purpose, rate| self.fraction(purpose, route, count) < rate;
        let wait = fault
            .latency
            .as_ref()
            .map_or(Duration::ZERO, |latency| self.time(latency, Purpose::RouteLatency, route, count));
        let error = fault.error.as_ref().filter(|error| hits(Purpose::RouteError, error.rate));
        let then = if hits(Purpose::LoseRequest, fault.lose_request) {
            Then::LoseRequest
        } else if let Some(error) = error {
            Then::Error(error.status)
        } else if hits(Purpose::LoseAnswer, fault.lose_answer) {
            Then::LoseAnswer
        } else {
            Then::Answer
        };
        Fate { wait, then }
    }

    /// A connection's push number `count`.
    pub(crate) fn of_push(self, faults: &PushFaults, connection: u64, count: u64) -> PushFate {
        let hits = |purpose, rate| self.fraction(purpose, connection, count) < rate;
        let delay = faults
            .delay
            .as_ref()
            .map_or(Duration::ZERO, |delay| self.time(delay, Purpose::PushDelay, connection, count));
        let copies = if hits(Purpose::PushLoss, faults.loss) {
            0
        } else {
            1 + usize::from(hits(Purpose::PushDuplicate, faults.duplicate))
        };
        PushFate { delay, copies }
    }

    fn time(self, latency: &Latency, purpose: Purpose, subject: u64, count: u64) -> Duration {
        let ms = match latency {
            Latency::Fixed { ms } => *ms,
            Latency::Uniform { min_ms, max_ms } => {
                min_ms + (max_ms - min_ms) * self.fraction(purpose, subject, count)
            }
            Latency::Normal { mean_ms, deviation_ms } => {
                // Irwin and Hall: twelve uniform numbers have a variance of one.
                let drawn = self.hash(purpose, subject, count);
                let sum: f64 = (0..12).map(|n| fraction(mix(drawn ^ n))).sum();
                (mean_ms + (sum - 6.0) * deviation_ms).max(0.0)
            }
        };
        Duration::from_secs_f64(ms / 1_000.0)
    }

    fn fraction(self, purpose: Purpose, subject: u64, count: u64) -> f64 {
        fraction(self.hash(purpose, subject, count))
    }

    fn hash(self, purpose: Purpose, subject: u64, count: u64) -> u64 {
        mix(mix(mix(self.seed ^ purpose as u64) ^ subject) ^ count)
    }
}

/// A route as a subject: FNV-1a.
pub(super) fn subject(method: &str, path: &str) -> u64 {
    let bytes = method.bytes().chain(*b" ").chain(path.bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// One step of `SplitMix64`: every bit of the input reaches every bit of the output.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// From 0 up to, but not, 1.
fn fraction(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a fraction holds")]
    let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    fraction
}

#[cfg(test)]
mod tests {
    use super::super::plan::ErrorFault;
    use super::*;

    const MANY: u64 = 20_000;

    fn fates(seed: u64, fault: &RouteFault) -> Vec<Fate> {
        (0..MANY).map(|count| Dice::new(seed).of_request(fault, subject("GET", "/a"), count)).collect()
    }

    fn faulty() -> RouteFault {
        RouteFault {
            latency: Some(Latency::Normal { mean_ms: 50.0, deviation_ms: 10.0 }),
            error: Some(ErrorFault { rate: 0.1, status: 503 }),
            lose_request: 0.05,
            lose_answer: 0.2,
            ..RouteFault::default()
        }
    }

    #[track_caller]
    fn assert_near(measured: f64, expected: f64, tolerance: f64) {
        assert!((measured - expected).abs() < tolerance, "{measured}, not {expected}");
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn share(fates: &[Fate], then: Then) -> f64 {
        fates.iter().filter(|fate| fate.then == then).count() as f64 / fates.len() as f64
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(fates(1, &faulty()), fates(1, &faulty()));
        assert_ne!(fates(1, &faulty()), fates(2, &faulty()));
        let dice = Dice::new(1);
        let elsewhere: Vec<Fate> =
            (0..MANY).map(|count| dice.of_request(&faulty(), subject("GET", "/b"), count)).collect();
        assert_ne!(fates(1, &faulty()), elsewhere);
    }

    #[test]
    fn rates_hold() {
        let fates = fates(3, &faulty());
        assert_near(share(&fates, Then::LoseRequest), 0.05, 0.01);
        assert_near(share(&fates, Then::Error(503)), 0.95 * 0.1, 0.01);
        assert_near(share(&fates, Then::LoseAnswer), 0.95 * 0.9 * 0.2, 0.01);
        let all = |fault: RouteFault| fates_are_all(&fault);
        assert_eq!(all(RouteFault { lose_request: 1.0, ..faulty() }), Some(Then::LoseRequest));
        assert_eq!(all(RouteFault::default()), Some(Then::Answer));
    }

    fn fates_are_all(fault: &RouteFault) -> Option<Then> {
        let fates = fates(5, fault);
        fates.iter().all(|fate| fate.then == fates[0].then).then_some(fates[0].then)
    }

    #[test]
    fn times_are_distributed_as_asked() {
        let times = |latency| {
            let fault = RouteFault { latency: Some(latency), ..RouteFault::default() };
            let mut ms: Vec<f64> =
                fates(4, &fault).iter().map(|fate| fate.wait.as_secs_f64() * 1_000.0).collect();
            ms.sort_by(f64::total_cmp);
            (ms[0], ms[ms.len() * 16 / 100], ms[ms.len() / 2], ms[ms.len() * 84 / 100], ms[ms.len() - 1])
        };
        let (least, low, middle, high, most) = times(Latency::Normal { mean_ms: 50.0, deviation_ms: 10.0 });
        assert_near(middle, 50.0, 0.5);
        assert_near(low, 40.0, 0.7);
        assert_near(high, 60.0, 0.7);
        assert!(least >= 0.0 && most <= 110.0);
        let (least, _, middle, _, most) = times(Latency::Uniform { min_ms: 10.0, max_ms: 30.0 });
        assert_near(middle, 20.0, 0.5);
        assert!((10.0..10.1).contains(&least) && (29.9..30.0).contains(&most));
        let (least, .., most) = times(Latency::Fixed { ms: 2.5 });
        assert_eq!((least, most), (2.5, 2.5));
    }

    /// Taking one fault away leaves what the others do, and a greater rate hits those of the smaller too.
    #[test]
    fn one_fault_does_not_shift_another() {
        let all = fates(6, &faulty());
        let fewer = fates(6, &RouteFault { latency: None, error: None, lose_request: 0.0, ..faulty() });
        for (one, other) in all.iter().zip(&fewer) {
            assert!(one.then != Then::LoseAnswer || other.then == Then::LoseAnswer);
        }
        let more = fates(6, &RouteFault { lose_request: 0.3, ..faulty() });
        for (one, other) in all.iter().zip(&more) {
            assert_eq!(one.wait, other.wait);
            assert!(one.then != Then::LoseRequest || other.then == Then::LoseRequest);
        }
    }

    #[test]
    fn pushes_are_lost_doubled_and_late() {
        let dice = Dice::new(7);
        let faults = PushFaults {
            delay: Some(Latency::Uniform { min_ms: 1.0, max_ms: 9.0 }),
            loss: 0.25,
            duplicate: 0.5,
        };
        let fates: Vec<PushFate> = (0..MANY).map(|count| dice.of_push(&faults, 1, count)).collect();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let share = |copies| fates.iter().filter(|fate| fate.copies == copies).count() as f64 / MANY as f64;
        assert_near(share(0), 0.25, 0.01);
        assert_near(share(1), 0.375, 0.01);
        assert_near(share(2), 0.375, 0.01);
        let without_delay = PushFaults { delay: None, ..faults };
        for (count, fate) in (0..).zip(&fates) {
            assert_eq!(dice.of_push(&without_delay, 1, count).copies, fate.copies);
        }
        let other: Vec<PushFate> = (0..MANY).map(|count| dice.of_push(&without_delay, 2, count)).collect();
        assert!(fates.iter().zip(&other).any(|(one, other)| one.copies != other.copies));
        assert_eq!(dice.of_push(&PushFaults::default(), 1, 1), PushFate { delay: Duration::ZERO, copies: 1 });
    }
}
