//! The pictures of a report, each from its piece of the result: an SVG element for desks and one for phones.
//!
//! Invariants: a picture is a pure function of the data; numbers that are not finite are gaps; a run of any length
//! makes a picture of bounded size (see [`Thinned`]).

mod axis;
mod canvas;
mod plot;

use self::{
    axis::Axis,
    plot::{Line, Plot, Size},
};
use crate::{Latency, Mark, ReportError, Timeline, TimelinePoint};

pub(crate) use self::canvas::{Ink, text_width};

type Failure = plotters::drawing::DrawingAreaErrorKind<std::io::Error>;

/// A picture with what belongs beside it.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// `<svg>` for wide pages.
    pub(crate) wide: String,
    /// `<svg>` for narrow ones.
    pub(crate) narrow: String,
    /// What each line is.
    pub(crate) legend: Vec<Legend>,
    /// Whether its values stand by their logarithm.
    pub(crate) logarithmic: bool,
}

/// One line's ink and name.
#[derive(Debug, Clone)]
pub(crate) struct Legend {
    /// The CSS class of its ink.
    pub(crate) class: String,
    /// What it shows.
    pub(crate) name: String,
}

/// A line with its name.
struct Series {
    name: String,
    line: Line,
}

impl Series {
    fn new(ink: Ink, name: impl Into<String>, points: impl Iterator<Item = (f64, Option<f64>)>) -> Self {
        Self { name: name.into(), line: Line { ink, tinted: false, segments: segments(points) } }
    }

    fn tinted(mut self) -> Self {
        self.line.tinted = true;
        self
    }

    fn values(&self) -> impl Iterator<Item = f64> + Clone {
        self.line.segments.iter().flatten().map(|(_, value)| *value)
    }
}

/// How long the slowest took: latency by percentile, one line for each kind.
pub(crate) fn distribution(latencies: &[Latency]) -> Result<Chart, ReportError> {
    let measured = || latencies.iter().filter(|latency| latency.quantiles.count > 0);
    let series: Vec<_> = measured()
        .enumerate()
        .map(|(index, latency)| {
            Series::new(Ink::Line(index), latency.name.as_str(), distribution_of(latency))
        })
        .collect();
    let last =
        series.iter().flat_map(|series| &series.line.segments).flatten().map(|(percentile, _)| *percentile);
    let last = last.fold(0.0, f64::max);
    let label = "Latency by percentile: how long all but the slowest took, one line for each kind of latency";
    draw(label, series, |series, size| {
        let values = series.iter().flat_map(Series::values);
        let y = Axis::milliseconds(values, 5);
        Plot {
            label,
            x: Axis::percentiles(last, size.is_narrow()),
            y,
            height: 250.0,
            lines: lines(series),
            marks: &[],
            marks_labelled: false,
        }
    })
}

/// Messages sent, stored and synced per second, and requests that failed if there were any.
pub(crate) fn throughput(timeline: &Timeline) -> Result<Chart, ReportError> {
    let points = Thinned::new(timeline).points;
    let rate = |of: fn(&TimelinePoint) -> f64| points.iter().map(move |point| (point.t_s, Some(of(point))));
    let mut series = vec![
        Series::new(Ink::Line(0), "sent", rate(|point| point.sent_per_s)).tinted(),
        Series::new(Ink::Line(1), "stored", rate(|point| point.stored_per_s)),
        Series::new(Ink::Line(2), "synced", rate(|point| point.delivered_per_s)),
    ];
    if points.iter().any(|point| point.errors_per_s > 0.0) {
        series.push(Series::new(Ink::Bad, "errors", errors(&points)));
    }
    over_time(timeline, "Messages per second over time", series, |series| {
        Axis::linear(series.iter().flat_map(Series::values).fold(0.0, f64::max), 4, 0.0, "/s")
    })
}

/// Median and 99th percentile of send→synced, interval by interval.
pub(crate) fn latency_over_time(timeline: &Timeline) -> Result<Chart, ReportError> {
    let points = Thinned::new(timeline).points;
    let of = |of: fn(&TimelinePoint) -> Option<u64>| {
        points.iter().map(move |point| (point.t_s, of(point).map(milliseconds)))
    };
    let series = vec![
        Series::new(Ink::Line(0), "p50", of(|point| point.synced_p50_us)),
        Series::new(Ink::Line(1), "p99", of(|point| point.synced_p99_us)),
    ];
    over_time(
        timeline,
        "Latency from send to synced over time, median and 99th percentile",
        series,
        |series| Axis::milliseconds(series.iter().flat_map(Series::values), 4),
    )
}

/// Users with a live push connection.
pub(crate) fn users(timeline: &Timeline) -> Result<Chart, ReportError> {
    let points = Thinned::new(timeline).points;
    let connected = points.iter().map(|point| (point.t_s, Some(point.users_connected as f64)));
    let series = vec![Series::new(Ink::Line(3), "connected users", connected).tinted()];
    let max = series.iter().flat_map(Series::values).fold(0.0, f64::max);
    let label = "Connected users over time";
    draw(label, series, |series, size| Plot {
        label,
        x: time_axis(timeline, size),
        y: Axis::linear(max, 2, 1.0, ""),
        height: 80.0,
        lines: lines(series),
        marks: &timeline.marks,
        marks_labelled: false,
    })
}

/// How many intervals one drawn point stands for.
pub(crate) fn intervals_per_point(timeline: &Timeline) -> usize {
    Thinned::new(timeline).intervals
}

fn over_time(
    timeline: &Timeline,
    label: &str,
    series: Vec<Series>,
    y: impl Fn(&[Series]) -> Axis,
) -> Result<Chart, ReportError> {
    draw(label, series, |series, size| Plot {
        label,
        x: time_axis(timeline, size),
        y: y(series),
        height: 200.0,
        lines: lines(series),
        marks: &timeline.marks,
        marks_labelled: true,
    })
}

fn draw<'a>(
    label: &str,
    series: Vec<Series>,
    plot: impl Fn(&[Series], Size) -> Plot<'a>,
) -> Result<Chart, ReportError> {
    debug_assert!(!label.is_empty(), "a picture without a name cannot be read aloud");
    let wide = plot(&series, Size::Wide);
    let narrow = plot(&series, Size::Narrow).svg(Size::Narrow)?;
    let logarithmic = wide.y.is_log();
    let wide = wide.svg(Size::Wide)?;
    let legend = series
        .into_iter()
        .map(|series| Legend { class: series.line.ink.class(), name: series.name })
        .collect();
    Ok(Chart { wide, narrow, legend, logarithmic })
}

fn lines(series: &[Series]) -> Vec<Line> {
    series.iter().map(|series| series.line.clone()).collect()
}

fn time_axis(timeline: &Timeline, size: Size) -> Axis {
    let points = timeline.points.iter().map(|point| point.t_s);
    let marks = timeline.marks.iter().map(|mark: &Mark| mark.t_s);
    let end = points.chain(marks).filter(|t| t.is_finite()).fold(0.0, f64::max);
    Axis::time(end, size.ticks_across())
}

/// Splits points where there is no value.
fn segments(points: impl Iterator<Item = (f64, Option<f64>)>) -> Vec<Vec<(f64, f64)>> {
    let mut segments = vec![Vec::new()];
    for (x, y) in points {
        match y.filter(|y| y.is_finite() && x.is_finite()) {
            Some(y) => segments.last_mut().into_iter().for_each(|segment: &mut Vec<_>| segment.push((x, y))),
            None => segments.push(Vec::new()),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

/// The points of one latency's distribution, in milliseconds. The longest stands where its rank puts it, since 100 %
/// has no place on the axis.
fn distribution_of(latency: &Latency) -> impl Iterator<Item = (f64, Option<f64>)> {
    let short = &latency.quantiles;
    let summary = [
        (0.0, short.min),
        (50.0, short.p50),
        (90.0, short.p90),
        (95.0, short.p95),
        (99.0, short.p99),
        (99.9, short.p999),
        (100.0, short.max),
    ];
    let mut points: Vec<(f64, u64)> = if latency.percentiles.is_empty() {
        summary.into()
    } else {
        latency.percentiles.iter().map(|point| (point.percentile, point.value_us)).collect()
    };
    let rank = 100.0 * (1.0 - 0.5 / short.count.max(1) as f64);
    let last =
        points.iter().map(|point| point.0).filter(|percentile| *percentile < 100.0).fold(rank, f64::max);
    for (percentile, _) in &mut points {
        *percentile = percentile.min(last);
    }
    points.into_iter().map(|(percentile, value)| (percentile, Some(milliseconds(value))))
}

/// Errors where there were any, from and to zero: a line along the foot of the whole chart would say nothing.
fn errors(points: &[TimelinePoint]) -> impl Iterator<Item = (f64, Option<f64>)> {
    points.iter().enumerate().map(|(index, point)| {
        let around = &points[index.saturating_sub(1)..(index + 2).min(points.len())];
        let shown = around.iter().any(|point| point.errors_per_s > 0.0);
        (point.t_s, shown.then_some(point.errors_per_s))
    })
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
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
