//! The live view as a picture: a function of what is known and of the room there is.
//!
//! It is a list of rows, each with a rank. Where the terminal is low, the rows of the highest rank numbers are left out;
//! where it is high, the sparklines grow. Nothing here depends on a terminal, a clock or what was drawn before.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{LineGauge, Paragraph, Sparkline};
use y2w_reports::format;

use super::state::{Rates, State};
use crate::load::{DROPPED_SHARE, Snapshot};

/// A row, or a few of them for a sparkline.
struct Row<'a> {
    /// The lower, the longer it stays.
    rank: u8,
    content: Content<'a>,
}

enum Content<'a> {
    Text(Line<'a>),
    Gauge { share: f64, label: String },
    Spark { name: &'static str, now: String, of: fn(&Rates) -> f64, color: Color },
}

/// The room for the name and the number before a sparkline.
const BEFORE_SPARK: u16 = 26;
/// From this width on there is room for sparklines, and for more than one percentile.
const NARROW: u16 = 54;
/// A sparkline is at most so high.
const SPARK_MAX: u16 = 4;

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().fg(Color::DarkGray);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);
const WARN: Style = Style::new().fg(Color::Yellow);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);

/// Draws it into all of the frame.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut rows = rows(state, area.width);
    fit(&mut rows, area.height);
    let sparks = rows.iter().filter(|row| matches!(row.content, Content::Spark { .. })).count();
    let spare = area.height.saturating_sub(rows.len() as u16);
    let tall = 1 + spare.checked_div(sparks as u16).unwrap_or(0).min(SPARK_MAX - 1);
    let mut y = area.y;
    for row in rows {
        let height = if matches!(row.content, Content::Spark { .. }) { tall } else { 1 };
        let place = Rect { x: area.x, y, width: area.width, height }.intersection(area);
        if !place.is_empty() {
            row.content.draw(state, frame, place);
        }
        y = y.saturating_add(height);
    }
}

/// Leaves out what there is no room for.
fn fit(rows: &mut Vec<Row<'_>>, height: u16) {
    while rows.len() > usize::from(height) {
        // Of several of the same rank the last.
        let Some((at, _)) = rows.iter().enumerate().max_by_key(|(_, row)| row.rank) else {
            return;
        };
        rows.remove(at);
    }
}

impl Content<'_> {
    fn draw(self, state: &State, frame: &mut Frame<'_>, place: Rect) {
        match self {
            Self::Text(line) => frame.render_widget(Paragraph::new(line), place),
            Self::Gauge { share, label } => {
                let gauge = LineGauge::default()
                    .ratio(share.clamp(0.0, 1.0))
                    .label(label)
                    .filled_symbol("━")
                    .unfilled_symbol("─")
                    .filled_style(GOOD)
                    .unfilled_style(DIM);
                frame.render_widget(gauge, place);
            }
            Self::Spark { name, now, of, color } => {
                let [name, now] = match place.width {
                    NARROW.. => [format!(" {name:<13}"), format!("{now:>10}")],
                    _ => [format!(" {name} "), now],
                };
                let text = Line::from(vec![Span::raw(name), Span::styled(now, BOLD)]);
                // The number stands beside the foot of the line.
                let foot = Rect { y: place.bottom() - 1, height: 1, ..place };
                frame.render_widget(Paragraph::new(text), foot);
                let width = place.width.saturating_sub(BEFORE_SPARK + 1);
                if width > 0 && place.width >= NARROW {
                    let line = Rect { x: place.x + BEFORE_SPARK, width, ..place };
                    let data = state.columns(usize::from(width), of);
                    frame.render_widget(Sparkline::default().data(data).style(Style::new().fg(color)), line);
                }
            }
        }
    }
}

fn rows(state: &State, width: u16) -> Vec<Row<'_>> {
    let mut rows = Vec::with_capacity(32);
    let mut add = |rank: u8, content: Content<'static>| rows.push(Row { rank, content });
    let text = |spans: Vec<Span<'static>>| Content::Text(Line::from(spans));
    let blank = || Content::Text(Line::default());

    add(4, text(title(state)));
    add(6, text(vec![styled(format!(" {}, seed {}", state.about.target, state.about.seed), DIM)]));
    let (share, label) = progress(state);
    // What follows the label does not move when the label changes.
    let label = if width < NARROW { label } else { format!(" {label:<24}") };
    add(0, Content::Gauge { share, label });
    add(5, text(phases(state)));
    if let Some(last) = &state.last {
        add(20, blank());
        if width >= NARROW {
            let over = format::seconds(state.rates.len() as f64);
            let before = usize::from(BEFORE_SPARK);
            add(13, text(vec![styled(format!("{:<before$}over the last {over}", " now"), DIM)]));
        }
        let point = &last.point;
        for (rank, name, now, of, color) in [
            (3, "stored", format::rate(point.stored_per_s), (|r| r.stored) as fn(&Rates) -> f64, Color::Cyan),
            (7, "delivered", format::rate(point.delivered_per_s), |r| r.delivered, Color::Cyan),
            (8, "requests", format::rate(point.requests_per_s), |r| r.requests, Color::Blue),
            (4, "connections", format::count(point.users_connected), |r| r.connected, Color::Green),
        ] {
            add(rank, Content::Spark { name, now, of, color });
        }
        add(20, blank());
        for (rank, line) in latencies(last, width) {
            add(rank, Content::Text(line));
        }
        add(20, blank());
        add(1, text(counts(last)));
        if let Some((kind, first)) = &last.trouble {
            let line = shorten(&format!(" {kind}: {first}"), width);
            add(9, text(vec![styled(line, if last.findings > 0 { BAD } else { WARN })]));
        }
        add(10, text(generator(state, last)));
        if let Some((warning, style)) = warning(state, last) {
            add(2, text(vec![styled(format!(" {warning}"), style)]));
        }
    } else {
        add(20, blank());
        for stage in &state.stages {
            add(8, text(stage_line(stage)));
        }
    }
    add(20, blank());
    if state.held > 0 {
        let lines = if state.held == 1 {
            "1 line".to_owned()
        } else {
            format!("{} lines", format::count(state.held as u64))
        };
        add(15, text(vec![styled(format!(" {lines} of the log will be printed at the end"), DIM)]));
    }
    if state.help {
        for line in HELP {
            add(4, text(vec![styled((*line).to_owned(), PLAIN)]));
        }
    }
    let (rank, style) = if state.ending { (2, WARN) } else { (11, DIM) };
    add(rank, text(vec![styled(footer(state), style)]));
    rows
}

const HELP: &[&str] = &[
    " q, Ctrl-C   ends the run: what was begun is ended, verified and reported; again: quits at once",
    " ?           shows or hides this",
    " Latencies count from when something was due; 1 in 100 took longer than its p99.",
];

fn footer(state: &State) -> String {
    if state.ending {
        " ending: what was begun is ended and verified; q once more quits at once".to_owned()
    } else {
        " q ends the run   ? help".to_owned()
    }
}

fn styled(text: String, style: Style) -> Span<'static> {
    Span::styled(text, style)
}

fn title(state: &State) -> Vec<Span<'static>> {
    let about = &state.about;
    let shard = about.shard.as_ref().map_or_else(String::new, |shard| format!(", shard {shard}"));
    vec![styled(format!(" {}", about.title), BOLD), styled(format!("  ({}{shard})", about.workload), DIM)]
}

/// How far the run is: while it is set up by the present stage, then by all phases.
fn progress(state: &State) -> (f64, String) {
    let stage = state.stages.last();
    let Some(last) = &state.last else {
        let Some(stage) = stage else {
            return (0.0, "beginning".to_owned());
        };
        let share = if stage.total > 0 { stage.done as f64 / stage.total as f64 } else { 0.0 };
        return (share, stage.name.clone());
    };
    let (share, left) = state.through();
    let t = last.point.t_s;
    if t < 0.0 {
        return (0.0, format!("begins in {}", whole_seconds(-t)));
    }
    match (&last.phase, stage) {
        (Some(phase), _) if left > 0.0 => (share, format!("{phase}, {} left", whole_seconds(left))),
        (_, Some(stage)) if stage.name != RUNNING => (1.0, stage.name.clone()),
        _ => (share, "the phases are over".to_owned()),
    }
}

/// The stage of the phases, which has a gauge of its own.
const RUNNING: &str = "running";

fn whole_seconds(seconds: f64) -> String {
    format::seconds(seconds.ceil())
}

/// The phases' names, the present one bold.
fn phases(state: &State) -> Vec<Span<'static>> {
    let t = state.last.as_ref().map_or(-1.0, |last| last.point.t_s);
    let mut spans = vec![Span::raw(" ")];
    let mut begins = Duration::ZERO;
    for (name, length) in &state.about.phases {
        let ends = begins + *length;
        let style = match t {
            t if t >= ends.as_secs_f64() => GOOD,
            t if t >= begins.as_secs_f64() => BOLD,
            _ => DIM,
        };
        if spans.len() > 1 {
            spans.push(styled(" › ".to_owned(), DIM));
        }
        spans.push(styled(format!("{name} {}", format::seconds(length.as_secs_f64())), style));
        begins = ends;
    }
    spans
}

fn stage_line(stage: &super::state::Stage) -> Vec<Span<'static>> {
    let how_far = match stage.total {
        0 => String::new(),
        total => format!("{} of {}", format::count(stage.done), format::count(total)),
    };
    let style = if stage.done == stage.total && stage.total > 0 { GOOD } else { BOLD };
    vec![Span::raw(format!(" {:<28}", stage.name)), styled(how_far, style)]
}

/// A head, the last second, and all so far.
fn latencies(last: &Snapshot, width: u16) -> Vec<(u8, Line<'static>)> {
    let line = |name: &str, [p50, p90, p99]: [String; 3]| match width {
        NARROW.. => format!(" {name:<22}{p50:>10}{p90:>10}{p99:>10}"),
        _ => format!(" {p99:<8} {name}"),
    };
    let head = line("latency", ["p50", "p90", "p99"].map(str::to_owned));
    let mut lines = vec![(5, Line::styled(head, DIM))];
    let point = &last.point;
    let second = [point.synced_p50_us, point.synced_p90_us, point.synced_p99_us];
    let second = second.map(|us| us.map_or_else(|| format::NOTHING.to_owned(), format::micros));
    let mut so_far = last.latencies.iter();
    let row = |latency: &crate::load::LatencySoFar| line(latency.name, latency.quantiles.map(format::micros));
    match so_far.next() {
        Some(first) => lines.push((3, Line::raw(row(first)))),
        None => lines.push((5, Line::styled(" nothing measured yet".to_owned(), DIM))),
    }
    lines.push((6, Line::raw(line("  in the last second", second))));
    lines.extend(so_far.map(|latency| (12, Line::raw(row(latency)))));
    lines
}

fn counts(last: &Snapshot) -> Vec<Span<'static>> {
    let owed = u64::try_from(last.owed).unwrap_or(0);
    let rest = format!(
        "; {} stored, {} verified, {} due",
        format::count(last.stored),
        format::count(last.verified),
        format::count(owed)
    );
    let number = |count: u64, one: &str, many: &str| {
        format!("{} {}", format::count(count), if count == 1 { one } else { many })
    };
    let style = |count: u64, bad: Style| if count > 0 { bad } else { PLAIN };
    vec![
        Span::raw(" "),
        styled(number(last.findings, "finding", "findings"), style(last.findings, BAD)),
        Span::raw(", "),
        styled(number(last.errors, "error", "errors"), style(last.errors, BAD)),
        Span::raw(rest),
    ]
}

fn generator(state: &State, last: &Snapshot) -> Vec<Span<'static>> {
    let allowed = format::seconds(state.about.max_lag.as_secs_f64());
    let mut text = format!(" generator: lag p99 {} ({allowed} allowed)", format::micros(last.lag_p99_us));
    if let Some(cpu) = last.point.cpu_share {
        text.push_str(&format!(", CPU {} %", format::decimal(cpu * 100.0, 0)));
    }
    if let Some(memory) = last.point.memory {
        text.push_str(&format!(", memory {}", format::bytes(memory)));
    }
    let mut spans = vec![Span::raw(text)];
    if last.totals.left_out > 0 {
        spans.push(styled(format!(", {} left out", format::count(last.totals.left_out)), WARN));
    }
    spans
}

/// Whether this machine keeps its schedule.
fn warning(state: &State, last: &Snapshot) -> Option<(&'static str, Style)> {
    let allowed = u64::try_from(state.about.max_lag.as_micros()).unwrap_or(u64::MAX);
    let left_out = last.totals.left_out as f64 > DROPPED_SHARE * last.totals.operations as f64;
    if last.lag_p99_us > allowed {
        Some(("this machine does not keep the schedule: as it stands the run will count for nothing", BAD))
    } else if left_out {
        Some((
            "too much is left out: the server is too slow for this rate, and the run will count for nothing",
            BAD,
        ))
    } else if last.lag_p99_us > allowed / 2 {
        Some((
            "this machine hardly keeps the schedule: near what is allowed the run will count for nothing",
            WARN,
        ))
    } else {
        None
    }
}

/// The beginning of a text that is too wide, without what would end its line.
fn shorten(text: &str, width: u16) -> String {
    let width = usize::from(width).max(1);
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().count() <= width {
        return clean.collect();
    }
    clean.take(width - 1).chain(['…']).collect()
}
