//! A plot: lines over two axes, in two sizes; phases as bands and faults as marks behind them.
//!
//! Invariants: whatever is drawn lies within the picture; labels of marks do not overlap (one for which there is no
//! room is left out, its line stays; the page lists all of them); no data is a frame and a word, never an error.

use super::{
    axis::Axis,
    canvas::{Anchor, Canvas, Ink, svg, text_width},
};
use crate::{Mark, MarkKind, ReportError};

/// How large a picture is drawn. The page shows the one that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// For desks and tablets.
    Wide,
    /// For phones.
    Narrow,
}

impl Size {
    pub(super) fn is_narrow(self) -> bool {
        self == Self::Narrow
    }

    /// About how many labels an axis along the bottom has room for.
    pub(super) fn ticks_across(self) -> usize {
        if self.is_narrow() { 4 } else { 9 }
    }

    fn class(self) -> &'static str {
        if self.is_narrow() { "narrow" } else { "wide" }
    }

    fn width(self) -> f64 {
        if self.is_narrow() { 340.0 } else { 920.0 }
    }

    /// Room for the labels of an ordinary axis.
    fn usual_label(self) -> f64 {
        if self.is_narrow() { 58.0 } else { 68.0 }
    }
}

/// One line, possibly with gaps.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) ink: Ink,
    /// Whether the room below is tinted.
    pub(super) tinted: bool,
    /// Points in the units of the data; a new segment begins after a gap.
    pub(super) segments: Vec<Vec<(f64, f64)>>,
}

/// A picture, ready to be drawn.
#[derive(Debug, Clone)]
pub(super) struct Plot<'a> {
    /// What can be seen, in one sentence, for those who cannot see it.
    pub(super) label: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Height of the plot without its labels, in pixels.
    pub(super) height: f64,
    pub(super) lines: Vec<Line>,
    pub(super) marks: &'a [Mark],
    /// Whether the marks have their labels.
    pub(super) marks_labelled: bool,
}

/// Height of a row of marks' labels, in pixels.
const ROW: f64 = 17.0;
/// Rows of marks' labels, at most.
const ROWS: usize = 4;
/// Letters of a mark's label that are shown, at most.
const LONGEST_MARK: usize = 30;

/// The rectangle in which data is drawn, in pixels.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot<'_> {
    pub(super) fn svg(&self, size: Size) -> Result<String, ReportError> {
        let widest = self.y.ticks.iter().map(|tick| text_width(&tick.label)).fold(0.0, f64::max);
        // At least so wide that the plots of one page stand exactly below each other.
        let (left, right) = (widest.max(size.usual_label()) + 10.0, size.width() - 22.0);
        // Where the marks' labels go depends on the horizontal place only.
        let across = Frame { left, right, top: 0.0, bottom: 0.0 };
        let (labels, rows) = self.placed_marks(&across);
        let top = 10.0 + rows as f64 * ROW;
        let frame = Frame { left, right, top, bottom: top + self.height };
        let whole = (size.width(), frame.bottom + 26.0);
        svg(whole, size.class(), self.label, |canvas| {
            self.draw_bands(canvas, &frame)?;
            self.draw_axes(canvas, &frame)?;
            self.draw_marks(canvas, &frame, &labels)?;
            self.draw_lines(canvas, &frame)?;
            if self.lines.iter().all(|line| line.segments.is_empty()) {
                let middle = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
                canvas.text(Ink::Label, Anchor::Below, middle, "no data")?;
            }
            Ok(())
        })
        .map_err(|error| ReportError::Chart { chart: self.label.to_owned(), reason: error.to_string() })
    }

    fn x_in(&self, frame: &Frame, place: f64) -> f64 {
        frame.left + (place - self.x.from) / (self.x.to - self.x.from) * (frame.right - frame.left)
    }

    fn y_in(&self, frame: &Frame, place: f64) -> f64 {
        frame.bottom - (place - self.y.from) / (self.y.to - self.y.from) * (frame.bottom - frame.top)
    }

    fn draw_axes(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), super::Failure> {
        for tick in &self.y.ticks {
            let y = self.y_in(frame, tick.at);
            canvas.line(Ink::Grid, 1.0, &[(frame.left, y), (frame.right, y)])?;
            canvas.text(Ink::Label, Anchor::Left, (frame.left - 8.0, y), &tick.label)?;
        }
        canvas.line(Ink::Axis, 1.0, &[(frame.left, frame.bottom), (frame.right, frame.bottom)])?;
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let x = self.x_in(frame, tick.at);
            canvas.line(Ink::Axis, 1.0, &[(x, frame.bottom), (x, frame.bottom + 4.0)])?;
            let half = text_width(&tick.label) / 2.0;
            if x - half > free_from {
                canvas.text(Ink::Label, Anchor::Below, (x, frame.bottom + 8.0), &tick.label)?;
                free_from = x + half + 4.0;
            }
        }
        Ok(())
    }

    fn draw_lines(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), super::Failure> {
        for line in &self.lines {
            for segment in &line.segments {
                let points: Vec<_> = segment
                    .iter()
                    .map(|(x, y)| (self.x_in(frame, self.x.place(*x)), self.y_in(frame, self.y.place(*y))))
                    .collect();
                match points.as_slice() {
                    [] => {}
                    [alone] => canvas.dot(line.ink, 3.5, *alone)?,
                    [first, .., last] => {
                        if line.tinted {
                            let mut outline = points.clone();
                            outline.extend([(last.0, frame.bottom), (first.0, frame.bottom)]);
                            canvas.tint(line.ink, &outline)?;
                        }
                        canvas.line(line.ink, 2.0, &points)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Every other phase, and what lasted of each fault.
    fn draw_bands(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), super::Failure> {
        let phases: Vec<_> = self.marks.iter().filter(|mark| mark.kind == MarkKind::Phase).collect();
        for (index, phase) in phases.iter().enumerate().skip(1).step_by(2) {
            let next = phases.get(index + 1).map_or(self.x.to, |next| next.t_s);
            self.draw_band(canvas, frame, Ink::Band, (phase.t_s, phase.until_s.unwrap_or(next)))?;
        }
        for fault in self.marks.iter().filter(|mark| mark.kind == MarkKind::Fault) {
            if let Some(until) = fault.until_s {
                self.draw_band(canvas, frame, Ink::Bad, (fault.t_s, until))?;
            }
        }
        Ok(())
    }

    fn draw_band(
        &self,
        canvas: &Canvas<'_>,
        frame: &Frame,
        ink: Ink,
        (from, to): (f64, f64),
    ) -> Result<(), super::Failure> {
        let at = |t_s: f64| self.x_in(frame, self.x.place(t_s));
        // Not a number is not in order either.
        if from < to {
            let (left, right) = (at(from), at(to));
            let corners =
                [(left, frame.top), (right, frame.top), (right, frame.bottom), (left, frame.bottom)];
            canvas.tint(ink, &corners)?;
        }
        Ok(())
    }

    fn draw_marks(
        &self,
        canvas: &Canvas<'_>,
        frame: &Frame,
        marks: &[PlacedMark],
    ) -> Result<(), super::Failure> {
        for mark in marks {
            let middle = frame.top - 9.0 - mark.row as f64 * ROW;
            let top = if mark.label.is_empty() { frame.top } else { middle - 6.0 };
            canvas.line(mark.ink, 1.0, &[(mark.x, frame.bottom), (mark.x, top)])?;
            if !mark.label.is_empty() {
                let (anchor, x) =
                    if mark.leftwards { (Anchor::Left, mark.x - 5.0) } else { (Anchor::Right, mark.x + 5.0) };
                let ink = if mark.ink == Ink::Bad { Ink::Bad } else { Ink::Label };
                canvas.text(ink, anchor, (x, middle), &mark.label)?;
            }
        }
        Ok(())
    }

    /// Gives each mark the lowest row in which its label crosses neither a label nor another mark's line; answers the
    /// marks that lie on the axis, and how many rows they take. From the right to the left: labels stand to the right
    /// of their lines if there is room, so a crowd of marks becomes a flight of stairs.
    fn placed_marks(&self, frame: &Frame) -> (Vec<PlacedMark>, usize) {
        let mut placed: Vec<PlacedMark> = Vec::new();
        let on_axis = |mark: &&Mark| (self.x.from..=self.x.to).contains(&mark.t_s);
        for mark in self.marks.iter().rev().filter(on_axis) {
            let x = self.x_in(frame, self.x.place(mark.t_s));
            let ink = if mark.kind == MarkKind::Fault { Ink::Bad } else { Ink::Mark };
            let label = shortened(&mark.label);
            let width = text_width(&label) + 10.0;
            let free = |from: f64, to: f64, row: usize| {
                let apart = |other: &PlacedMark| match other.row.cmp(&row) {
                    // The line of one above passes through this row.
                    std::cmp::Ordering::Greater => other.x <= from || other.x >= to,
                    std::cmp::Ordering::Equal => other.to <= from || other.from >= to,
                    // This one's line would pass through the other's label.
                    std::cmp::Ordering::Less => x <= other.from || x >= other.to,
                };
                placed.iter().filter(|other| !other.label.is_empty()).all(apart)
            };
            let rows = if self.marks_labelled && !label.is_empty() { ROWS } else { 0 };
            let row = |from: f64, to: f64, lowest: usize| {
                let fits = from >= 0.0 && to <= frame.right + 16.0;
                (lowest..rows).find(|row| fits && free(from, to, *row)).map(|row| (row, from, to))
            };
            // To the left are marks that have no place yet: their labels go below.
            let below = || {
                let is_crossed = |other: &&Mark| {
                    let at = self.x_in(frame, self.x.place(other.t_s));
                    x - width < at && at < x
                };
                self.marks.iter().filter(is_crossed).count().min(ROWS - 1)
            };
            placed.push(match row(x, x + width, 0).or_else(|| row(x - width, x, below())) {
                Some((row, from, to)) => PlacedMark { x, ink, from, to, row, leftwards: from < x, label },
                None => PlacedMark { x, ink, from: x, to: x, row: 0, leftwards: false, label: String::new() },
            });
        }
        let labelled = placed.iter().filter(|mark| !mark.label.is_empty());
        let rows = labelled.map(|mark| mark.row + 1).max().unwrap_or(0);
        (placed, rows)
    }
}

/// A mark's line, and its label if there is room for it.
struct PlacedMark {
    x: f64,
    ink: Ink,
    /// The label's ends.
    from: f64,
    to: f64,
    row: usize,
    leftwards: bool,
    label: String,
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LONGEST_MARK {
        return label.to_owned();
    }
    let mut short: String = label.chars().take(LONGEST_MARK - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
