//! The pictures of how a run went over time. All have the same time axis, and its phases and faults.
//!
//! Invariant: a run of any length makes a picture of at most [`Thinned::MOST`] points.

use super::{
    Chart, Series,
    axis::Axis,
    canvas::Ink,
    draw, lines, milliseconds,
    plot::{Plot, Size},
};
use crate::{Mark, ReportError, Timeline, TimelinePoint};

/// A mebibyte, which memory is drawn in.
const MIB: f64 = 1_048_576.0;

/// The pictures of one timeline.
pub(crate) struct OverTime<'a> {
    timeline: &'a Timeline,
    points: Vec<TimelinePoint>,
}

impl<'a> OverTime<'a> {
    pub(crate) fn new(timeline: &'a Timeline) -> Self {
        Self { timeline, points: Thinned::new(timeline).points }
    }

    /// Messages sent, stored and delivered per second.
    pub(crate) fn throughput(&self) -> Result<Chart, ReportError> {
        let series = vec![
            self.rate(Ink::Line(0), "sent", |point| point.sent_per_s).tinted(),
            self.rate(Ink::Line(1), "stored", |point| point.stored_per_s),
            self.rate(Ink::Line(2), "delivered", |point| point.delivered_per_s),
        ];
        self.large("Messages per second over time", series, |series| Axis::linear(most(series), 4, 0.0, "/s"))
    }

    /// Percentiles of send→synced, interval by interval; none if nothing was synced.
    pub(crate) fn latency(&self) -> Option<Result<Chart, ReportError>> {
        let series = vec![
            self.time(Ink::Line(0), "p50", |point| point.synced_p50_us),
            self.time(Ink::Line(2), "p90", |point| point.synced_p90_us),
            self.time(Ink::Line(1), "p99", |point| point.synced_p99_us),
            self.time(Ink::Line(4), "max", |point| point.synced_max_us),
        ];
        let series = measured(series)?;
        Some(self.large("Latency from send to synced over time, by percentile", series, |series| {
            Axis::milliseconds(series.iter().flat_map(Series::values), 4)
        }))
    }

    /// Users with a live push connection.
    pub(crate) fn users(&self) -> Result<Chart, ReportError> {
        let series =
            vec![self.rate(Ink::Line(3), "connected users", |point| point.users_connected as f64).tinted()];
        self.small("Connected users over time", series, |series| Axis::linear(most(series), 2, 1.0, ""))
    }

    /// Requests to the business API.
    pub(crate) fn requests(&self) -> Result<Chart, ReportError> {
        let series = vec![self.rate(Ink::Line(5), "requests", |point| point.requests_per_s).tinted()];
        self.small("Requests per second over time", series, |series| Axis::linear(most(series), 2, 0.0, "/s"))
    }

    /// What went wrong; none if nothing did.
    pub(crate) fn errors(&self) -> Option<Result<Chart, ReportError>> {
        let series = vec![self.rate(Ink::Bad, "errors", |point| point.errors_per_s).tinted()];
        (most(&series) > 0.0).then(|| {
            self.small("Errors per second over time", series, |series| {
                Axis::linear(most(series), 2, 0.0, "/s")
            })
        })
    }

    /// The generator's CPU time, in percent of its cores; none if it is not known.
    pub(crate) fn cpu(&self) -> Option<Result<Chart, ReportError>> {
        let points = self.points.iter().map(|point| (point.t_s, point.cpu_share.map(|share| share * 100.0)));
        let series = measured(vec![Series::new(Ink::Line(6), "CPU", points).tinted()])?;
        Some(self.small("CPU of the generator over time", series, |series| {
            Axis::linear(most(series).max(100.0), 2, 0.0, "%")
        }))
    }

    /// The generator's memory; none if it is not known.
    pub(crate) fn memory(&self) -> Option<Result<Chart, ReportError>> {
        let points =
            self.points.iter().map(|point| (point.t_s, point.memory.map(|bytes| bytes as f64 / MIB)));
        let series = measured(vec![Series::new(Ink::Line(7), "memory", points).tinted()])?;
        Some(self.small("Memory of the generator over time", series, |series| {
            Axis::linear(most(series), 2, 0.0, "MiB")
        }))
    }

    /// How late the generator was; none if it is not known.
    pub(crate) fn lag(&self) -> Option<Result<Chart, ReportError>> {
        let series = measured(vec![self.time(Ink::Line(1), "lag, p99", |point| point.lag_p99_us)])?;
        Some(self.small("Lag of the generator over time, 99th percentile", series, |series| {
            Axis::linear(most(series), 2, 0.0, "ms")
        }))
    }

    fn rate(&self, ink: Ink, name: &str, of: fn(&TimelinePoint) -> f64) -> Series {
        Series::new(ink, name, self.points.iter().map(|point| (point.t_s, Some(of(point)))))
    }

    fn time(&self, ink: Ink, name: &str, of: fn(&TimelinePoint) -> Option<u64>) -> Series {
        Series::new(ink, name, self.points.iter().map(|point| (point.t_s, of(point).map(milliseconds))))
    }

    fn large(
        &self,
        label: &str,
        series: Vec<Series>,
        y: impl Fn(&[Series]) -> Axis,
    ) -> Result<Chart, ReportError> {
        self.over_time(label, series, y, 200.0, true)
    }

    /// One that stands below others, whose labels of phases and faults are its own, too.
    fn small(
        &self,
        label: &str,
        series: Vec<Series>,
        y: impl Fn(&[Series]) -> Axis,
    ) -> Result<Chart, ReportError> {
        self.over_time(label, series, y, 80.0, false)
    }

    fn over_time(
        &self,
        label: &str,
        series: Vec<Series>,
        y: impl Fn(&[Series]) -> Axis,
        height: f64,
        marks_labelled: bool,
    ) -> Result<Chart, ReportError> {
        draw(label, series, |series, size| Plot {
            label,
            x: time_axis(self.timeline, size),
            y: y(series),
            height,
            lines: lines(series),
            marks: &self.timeline.marks,
            marks_labelled,
        })
    }
}

/// How many intervals one drawn point stands for.
pub(crate) fn intervals_per_point(timeline: &Timeline) -> usize {
    Thinned::new(timeline).intervals
}

fn most(series: &[Series]) -> f64 {
    series.iter().flat_map(Series::values).fold(0.0, f64::max)
}

/// The series that have a value; none if none has.
fn measured(mut series: Vec<Series>) -> Option<Vec<Series>> {
    series.retain(|series| !series.line.segments.is_empty());
    (!series.is_empty()).then_some(series)
}

fn time_axis(timeline: &Timeline, size: Size) -> Axis {
    let points = timeline.points.iter().map(|point| point.t_s);
    let marks = timeline.marks.iter().flat_map(|mark: &Mark| [mark.t_s, mark.until_s.unwrap_or(0.0)]);
    let end = points.chain(marks).filter(|t| t.is_finite()).fold(0.0, f64::max);
    Axis::time(end, size.ticks_across())
}

/// A timeline of at most [`Thinned::MOST`] points. Each stands for the same number of intervals, rates by their mean,
/// latencies by the worst.
struct Thinned {
    points: Vec<TimelinePoint>,
    intervals: usize,
}

impl Thinned {
    const MOST: usize = 600;

    fn new(timeline: &Timeline) -> Self {
        let intervals = timeline.points.len().div_ceil(Self::MOST).max(1);
        let points = timeline.points.chunks(intervals).map(Self::joined).collect();
        Self { points, intervals }
    }

    fn joined(points: &[TimelinePoint]) -> TimelinePoint {
        let last = points.last().copied().unwrap_or_default();
        let mean =
            |of: fn(&TimelinePoint) -> f64| points.iter().map(of).sum::<f64>() / points.len().max(1) as f64;
        let worst = |of: fn(&TimelinePoint) -> Option<u64>| points.iter().filter_map(of).max();
        TimelinePoint {
            t_s: last.t_s,
            users_connected: last.users_connected,
            sent_per_s: mean(|point| point.sent_per_s),
            stored_per_s: mean(|point| point.stored_per_s),
            pushed_per_s: mean(|point| point.pushed_per_s),
            delivered_per_s: mean(|point| point.delivered_per_s),
            requests_per_s: mean(|point| point.requests_per_s),
            errors_per_s: mean(|point| point.errors_per_s),
            bytes_in_per_s: mean(|point| point.bytes_in_per_s),
            bytes_out_per_s: mean(|point| point.bytes_out_per_s),
            synced_p50_us: worst(|point| point.synced_p50_us),
            synced_p90_us: worst(|point| point.synced_p90_us),
            synced_p99_us: worst(|point| point.synced_p99_us),
            synced_max_us: worst(|point| point.synced_max_us),
            stored_p50_us: worst(|point| point.stored_p50_us),
            stored_p99_us: worst(|point| point.stored_p99_us),
            lag_p99_us: worst(|point| point.lag_p99_us),
            cpu_share: last.cpu_share.map(|_| mean(|point| point.cpu_share.unwrap_or(0.0))),
            memory: worst(|point| point.memory),
        }
    }
}
