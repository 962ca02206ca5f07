//! The page's pictures, with their headings and captions.

use crate::{
    Latency, ReportError, RunResult,
    chart::{self, Chart, OverTime},
    format,
};

/// A chart with its heading.
pub(super) struct Picture {
    /// CSS class.
    pub(super) class: &'static str,
    pub(super) title: &'static str,
    pub(super) caption: String,
    pub(super) chart: Chart,
}

/// The distribution of the headline, by each of its clocks.
pub(super) fn distribution(run: &RunResult) -> Result<Option<Picture>, ReportError> {
    let Some(first) = run.latencies.first() else { return Ok(None) };
    let headline: Vec<&Latency> = run.latencies.iter().filter(|latency| latency.id == first.id).collect();
    if headline.iter().all(|latency| latency.quantiles.count == 0) {
        return Ok(None);
    }
    let chart = chart::distribution(&headline)?;
    let scale = if chart.logarithmic { "Milliseconds, on a logarithmic scale" } else { "Milliseconds" };
    let caption = format!("{}. {scale}. From 90% on, ten times fewer are slower at each label.", first.name);
    Ok(Some(Picture { class: "distribution", title: "Latency by percentile", caption, chart }))
}

/// What users and server did. Empty without a timeline.
pub(super) fn over_time(run: &RunResult) -> Result<Vec<Picture>, ReportError> {
    let timeline = &run.timeline;
    if timeline.points.is_empty() {
        return Ok(Vec::new());
    }
    let charts = OverTime::new(timeline);
    let point = format::seconds(timeline.interval_s * chart::intervals_per_point(timeline) as f64);
    let picture =
        |class, title, caption: &str, chart| Picture { class, title, caption: caption.to_owned(), chart };
    let caption = format!(
        "Messages per second, each point over {point}. Delivered counts each who receives a message."
    );
    let mut pictures = vec![picture("throughput", "Throughput", &caption, charts.throughput()?)];
    if let Some(chart) = charts.latency() {
        let chart = chart?;
        let scale = if chart.logarithmic { ", on a logarithmic scale" } else { "" };
        let caption = format!("Milliseconds{scale}. A gap is an interval in which nothing arrived.");
        pictures.push(picture("latency", "Latency, send→synced", &caption, chart));
    }
    pictures.push(picture("users", "Connected users", "With a live push connection.", charts.users()?));
    pictures.push(picture("requests", "Requests", "To the business API, per second.", charts.requests()?));
    if let Some(chart) = charts.errors() {
        pictures.push(picture("errors", "Errors", "Of all kinds, per second.", chart?));
    }
    Ok(pictures)
}

/// What the generator itself did.
pub(super) fn health(run: &RunResult) -> Result<Vec<Picture>, ReportError> {
    if run.timeline.points.is_empty() {
        return Ok(Vec::new());
    }
    let charts = OverTime::new(&run.timeline);
    let pictures = [
        ("lag", "Behind schedule", "99th percentile, in milliseconds.", charts.lag()),
        ("cpu", "CPU", "Of all cores together, in percent.", charts.cpu()),
        ("memory", "Memory", "Resident, in MiB.", charts.memory()),
    ];
    let drawn = pictures.into_iter().filter_map(|(class, title, caption, chart)| {
        let picture = |chart| Picture { class, title, caption: caption.to_owned(), chart };
        chart.map(|chart| chart.map(picture))
    });
    drawn.collect()
}
