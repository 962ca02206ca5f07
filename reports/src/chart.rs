//! The pictures of a report, each from its piece of the result: an SVG element for desks and one for phones.
//!
//! Invariants: a picture is a pure function of the data; numbers that are not finite are gaps; a run of any length
//! makes a picture of bounded size (see [`over_time`]).

mod axis;
mod canvas;
mod over_time;
mod plot;

use self::{
    axis::Axis,
    plot::{Line, Plot, Size},
};
use crate::{Latency, LatencyClock, ReportError};

pub(crate) use self::{
    canvas::{Ink, text_width},
    over_time::{OverTime, intervals_per_point},
};

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

/// How long the slowest took: latency by percentile, one line for each of the latencies, which are of one kind and differ
/// in their clock.
pub(crate) fn distribution(latencies: &[&Latency]) -> Result<Chart, ReportError> {
    let measured = latencies.iter().filter(|latency| latency.quantiles.count > 0);
    let series: Vec<_> = measured
        .enumerate()
        .map(|(index, latency)| {
            let name = match latency.clock {
                LatencyClock::Intended => "from when it was due",
                LatencyClock::Service => "from when it was begun",
            };
            Series::new(Ink::Line(index), name, distribution_of(latency))
        })
        .collect();
    let last =
        series.iter().flat_map(|series| &series.line.segments).flatten().map(|(percentile, _)| *percentile);
    let last = last.fold(0.0, f64::max);
    let label = "Latency by percentile: how long all but the slowest took";
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

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
