//! The histograms of a run over time, as they are kept until they are written: packed, and of a long run in longer
//! intervals, so that memory does not grow with the length of a run.
//!
//! At first each interval is as it came, one a second. Once there are [`INTERVALS_MAX`], each new one makes two neighbours
//! one: a sweep from the oldest to the newest makes all of them twice as long, and begins again. What belongs together is
//! a matter of when it ended, so that the logs of all shards have the same intervals. Sums stay exact throughout.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};

use super::hlog::Entry;

/// A quarter of an hour by the second.
const INTERVALS_MAX: usize = 900;

/// A histogram in some hundred bytes, where the table of all values has more than a hundred thousand.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::load) struct Packed(Box<[u8]>);

impl Packed {
    pub(in crate::load) fn of(histogram: &Histogram<u64>) -> Self {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(histogram, &mut bytes).expect("writing to memory does not fail");
        Self(bytes.into())
    }

    pub(in crate::load) fn histogram(&self) -> Histogram<u64> {
        Deserializer::new().deserialize(&mut &*self.0).expect("it was packed here")
    }

    /// Adds what is packed.
    pub(in crate::load) fn add_to(&self, sum: &mut Histogram<u64>) {
        sum.add(self.histogram()).expect("all histograms have the same bounds");
    }

    fn and(&self, other: &Self) -> Self {
        let mut sum = self.histogram();
        other.add_to(&mut sum);
        Self::of(&sum)
    }
}

/// What was measured in an interval, by tag; times are since the run began.
#[derive(Debug)]
struct Interval {
    start: Duration,
    end: Duration,
    histograms: BTreeMap<String, Packed>,
}

impl Interval {
    /// Which interval of that many seconds it belongs to.
    fn slot(&self, width: u64) -> u64 {
        (self.end.as_secs_f64().round() as u64).div_ceil(width)
    }

    fn absorb(&mut self, next: Self) {
        self.end = next.end;
        for (tag, theirs) in next.histograms {
            let sum = self.histograms.get(&tag).map(|mine| mine.and(&theirs));
            self.histograms.insert(tag, sum.unwrap_or(theirs));
        }
    }
}

/// See the module's text.
#[derive(Debug)]
pub(in crate::load) struct Log {
    intervals: Vec<Interval>,
    /// Where the present sweep is, and how many seconds long it makes the intervals.
    sweep: usize,
    width: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self { intervals: Vec::new(), sweep: 0, width: 2 }
    }
}

impl Log {
    /// Takes an interval in; what is empty is left out.
    pub(in crate::load) fn push(
        &mut self,
        start: Duration,
        end: Duration,
        histograms: impl IntoIterator<Item = (String, Histogram<u64>)>,
    ) {
        let histograms = histograms.into_iter().filter(|(_, histogram)| !histogram.is_empty());
        let histograms = histograms.map(|(tag, histogram)| (tag, Packed::of(&histogram))).collect();
        self.intervals.push(Interval { start, end, histograms });
        while self.intervals.len() > INTERVALS_MAX {
            self.make_two_one();
        }
    }

    /// All of it, in order.
    pub(in crate::load) fn into_entries(self) -> Vec<Entry> {
        let entries = |Interval { start, end, histograms }| {
            histograms.into_iter().map(move |(tag, samples)| Entry {
                tag,
                start,
                length: end.saturating_sub(start),
                samples,
            })
        };
        self.intervals.into_iter().flat_map(entries).collect()
    }

    fn make_two_one(&mut self) {
        loop {
            match self.intervals.get(self.sweep..) {
                Some([one, next, ..]) if one.slot(self.width) == next.slot(self.width) => {
                    let next = self.intervals.remove(self.sweep + 1);
                    self.intervals[self.sweep].absorb(next);
                    return;
                }
                Some([_, _, ..]) => self.sweep += 1,
                _ => (self.sweep, self.width) = (0, 2 * self.width),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram;
    use super::*;

    fn of(samples: &[u64]) -> Histogram<u64> {
        let mut histogram = histogram();
        samples.iter().for_each(|sample| histogram.record(*sample).unwrap());
        histogram
    }

    #[test]
    fn what_is_packed_comes_back_exactly_and_is_small() {
        let histogram = of(&[1, 900, 900, 5_000, 120_000_000]);
        let packed = Packed::of(&histogram);
        assert_eq!(packed.histogram(), histogram);
        assert!(packed.0.len() < 100, "{}", packed.0.len());
    }

    #[test]
    fn a_long_run_has_longer_intervals_and_the_same_sum() {
        let mut log = Log::default();
        let seconds = 5 * INTERVALS_MAX as u64;
        let mut sum = histogram();
        // What the set-up measured.
        log.push(Duration::ZERO, Duration::ZERO, [("login".to_owned(), of(&[7]))]);
        for second in 1..=seconds {
            let samples = of(&[second, 2 * second]);
            sum.add(&samples).unwrap();
            let (start, end) = (Duration::from_secs(second - 1), Duration::from_secs(second));
            log.push(start, end, [("lag".to_owned(), samples), ("connect".to_owned(), histogram())]);
            assert!(log.intervals.len() <= INTERVALS_MAX);
        }
        let entries = log.into_entries();
        assert_eq!((&*entries[0].tag, entries[0].length), ("login", Duration::ZERO));
        let lag: Vec<&Entry> = entries.iter().filter(|entry| entry.tag == "lag").collect();
        assert_eq!(lag.len() + 1, entries.len(), "what is empty is left out");
        let mut end = Duration::ZERO;
        let mut added = histogram();
        for entry in lag {
            assert_eq!(entry.start, end);
            assert!(entry.length <= Duration::from_secs(8), "{entry:?}");
            end = entry.start + entry.length;
            entry.samples.add_to(&mut added);
        }
        assert_eq!((end, added), (Duration::from_secs(seconds), sum));
    }

    #[test]
    fn intervals_that_two_shards_have_both_end_at_the_same_times() {
        let ends = |missed: u64| -> Vec<u64> {
            let mut log = Log::default();
            let mut start = Duration::ZERO;
            for second in (1..=2 * INTERVALS_MAX as u64).filter(|second| *second != missed) {
                let end = Duration::from_secs(second);
                log.push(start, end, [("lag".to_owned(), of(&[1]))]);
                start = end;
            }
            log.into_entries().iter().map(|e| (e.start + e.length).as_secs()).collect()
        };
        let (one, other) = (ends(0), ends(101));
        let differing = one.iter().filter(|end| !other.contains(end)).count();
        assert!(differing <= 2, "{differing} of {}", one.len());
    }
}
