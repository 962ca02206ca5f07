//! When things happen: the load and who is online at any time, and the times at which a user does something.
//!
//! Times of arrivals are found by inverting the integral of the load: the next one is where so much load has gone by as
//! the draw says. That is exact in every phase (load changes evenly, so that its integral is quadratic), needs no
//! rejection, and gathers no error: phases begin when they begin, and the n-th arrival at a constant rate is computed from
//! n.

use std::time::Duration;

use super::{Process, Ramp, Workload};

/// The phases of a workload, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    pieces: Vec<Piece>,
}

/// A phase.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    begin: Duration,
    end: Duration,
    load: Ramp,
    online: Ramp,
    /// Load times seconds until it ends, since the first phase began.
    gone_by: f64,
}

impl Timeline {
    /// The timeline of a workload.
    pub fn of(workload: &Workload) -> Self {
        let (mut begin, mut gone_by) = (Duration::ZERO, 0.0);
        let pieces = workload.phases.iter().map(|phase| {
            let end = begin.saturating_add(phase.length);
            let load = phase.load.ramp();
            gone_by += load.from.midpoint(load.to) * phase.length.as_secs_f64();
            let piece = Piece { begin, end, load, online: phase.online.ramp(), gone_by };
            begin = end;
            piece
        });
        Self { pieces: pieces.collect() }
    }

    /// When the last phase ends.
    pub fn length(&self) -> Duration {
        self.pieces.last().map_or(Duration::ZERO, |piece| piece.end)
    }

    /// The phase that is on at that time, by its place from 0; none after the end. Where two meet it is the second.
    pub fn phase_at(&self, at: Duration) -> Option<usize> {
        let phase = self.pieces.partition_point(|piece| piece.end <= at);
        (phase < self.pieces.len()).then_some(phase)
    }

    /// The load at that time; none after the end.
    pub fn load_at(&self, at: Duration) -> f64 {
        self.phase_at(at).map_or(0.0, |phase| self.pieces[phase].level(at, |piece| piece.load))
    }

    /// Which share of the users is online at that time; after the end, as many as at the end.
    pub fn online_at(&self, at: Duration) -> f64 {
        match self.phase_at(at) {
            Some(phase) => self.pieces[phase].level(at, |piece| piece.online),
            None => self.pieces.last().map_or(0.0, |piece| piece.online.to),
        }
    }

    /// The integral of the load over all phases, in seconds: times the rate, what each user does on average.
    pub fn load_seconds(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.gone_by)
    }

    /// When so much load, in seconds, has gone by; none if that is beyond the end. Where load is 0 for a while, when it
    /// begins again.
    fn time_of(&self, load_seconds: f64) -> Option<Duration> {
        let index = self.pieces.partition_point(|piece| piece.gone_by <= load_seconds);
        let piece = self.pieces.get(index)?;
        let before = index.checked_sub(1).map_or(0.0, |index| self.pieces[index].gone_by);
        let into = Duration::try_from_secs_f64(piece.seconds_of(load_seconds - before)).unwrap_or_default();
        Some(piece.begin.saturating_add(into).min(piece.end))
    }
}

impl Piece {
    fn level(&self, at: Duration, of: impl Fn(&Self) -> Ramp) -> f64 {
        let Ramp { from, to } = of(self);
        let into = at.saturating_sub(self.begin).as_secs_f64();
        from + (to - from) * into / (self.end - self.begin).as_secs_f64()
    }

    /// How many seconds into the piece so much load has gone by.
    fn seconds_of(&self, load_seconds: f64) -> f64 {
        let Ramp { from, to } = self.load;
        let slope = (to - from) / (self.end - self.begin).as_secs_f64();
        // from * s + slope / 2 * s^2 = load_seconds, solved for s in the way that loses no digits where the slope is small.
        let root = (from * from + 2.0 * slope * load_seconds).max(0.0).sqrt();
        if load_seconds > 0.0 { 2.0 * load_seconds / (from + root) } else { 0.0 }
    }
}

/// The times at which one user does something, where arrivals are open.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    process: Process,
    rate: f64,
    /// Arrivals until now.
    count: u64,
    /// Where the last one, or with a constant rate the first one, lies: in arrivals at that rate.
    at: f64,
    last: Duration,
}

impl Arrivals {
    /// So many a second at load 1.
    pub fn new(process: Process, rate: f64) -> Self {
        Self { process, rate, count: 0, at: 0.0, last: Duration::ZERO }
    }

    /// The next one; none if it were after the end. `uniform` gives numbers that are drawn evenly from 0 to below 1: one for
    /// each arrival of a Poisson process, and one in all for a constant rate.
    pub fn next(&mut self, timeline: &Timeline, mut uniform: impl FnMut() -> f64) -> Option<Duration> {
        let at = match self.process {
            Process::Constant => {
                if self.count == 0 {
                    self.at = uniform();
                }
                self.at + self.count as f64
            }
            Process::Poisson => {
                self.at -= (1.0 - uniform()).max(f64::MIN_POSITIVE).ln();
                self.at
            }
        };
        self.count += 1;
        // Rounding must not let time go back.
        self.last = timeline.time_of(at / self.rate)?.max(self.last);
        Some(self.last)
    }
}

/// [`Arrivals`] as an iterator.
pub fn arrivals(
    timeline: &Timeline,
    process: Process,
    rate: f64,
    mut uniform: impl FnMut() -> f64,
) -> impl Iterator<Item = Duration> {
    let mut arrivals = Arrivals::new(process, rate);
    std::iter::from_fn(move || arrivals.next(timeline, &mut uniform)).fuse()
}

impl Workload {
    /// The same in another time: all phases and faults are shortened or lengthened alike. The rate stays.
    #[must_use]
    pub fn stretched(&self, total: Duration) -> Self {
        let mut stretched = self.clone();
        let factor = total.as_secs_f64() / self.length().as_secs_f64();
        if !factor.is_finite() {
            return stretched;
        }
        let scaled = |length: Duration| {
            Duration::try_from_secs_f64(length.as_secs_f64() * factor).unwrap_or(Duration::MAX).min(total)
        };
        // Ends are scaled, not lengths, so that what is rounded does not add up and the last phase ends with the whole.
        let (mut end, mut begun) = (Duration::ZERO, Duration::ZERO);
        for phase in &mut stretched.phases {
            end = end.saturating_add(phase.length);
            let scaled_end = scaled(end);
            phase.length = scaled_end.saturating_sub(begun);
            begun = scaled_end;
        }
        if let Some(last) = stretched.phases.last_mut() {
            last.length = last.length.saturating_add(total.saturating_sub(begun));
        }
        for fault in &mut stretched.faults {
            fault.at = scaled(fault.at);
            fault.length = scaled(fault.length).min(total.saturating_sub(fault.at));
        }
        stretched
    }

    /// The same with so many users: no group has more members, and nobody more contacts, than there are others.
    #[must_use]
    pub fn of_users(&self, users: usize) -> Self {
        let mut resized = self.clone();
        let population = &mut resized.population;
        population.users = users;
        population.contacts = population.contacts.at_most(users.saturating_sub(1));
        for groups in &mut population.groups {
            groups.size = groups.size.at_most(users);
        }
        resized
    }
}
