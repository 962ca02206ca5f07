//! Drawing a chart as SVG with plotters, in colours that the page decides.
//!
//! Plotters writes fixed colours and whole pixels. So that one drawing fits a light and a dark page, each [`Ink`] is
//! drawn in a colour of its own that stands for a CSS class, and the classes are put in afterwards; so that lines are
//! not jagged, everything is drawn [`FINE`] times larger and scaled down by the view box.
//!
//! Invariant: text reaches the drawing only through plotters' escaping, in which no quote survives. A replaced
//! attribute therefore is never a piece of text.

use std::fmt::Write as _;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

/// Drawing units in one pixel of the page.
const FINE: f64 = 10.0;
/// Size of the labels, in pixels of the page.
const FONT_PX: f64 = 12.0;
/// Plotters divides a font's size by this before it writes it.
const FONT_SCALE: f64 = 1.24;

/// What something is drawn with: a CSS class of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Grid,
    Axis,
    Label,
    Mark,
    /// Every other phase.
    Band,
    /// Failures.
    Bad,
    /// One of several lines; numbers beyond the palette begin again.
    Line(usize),
}

/// Lines that can be told apart.
pub(crate) const LINES: usize = 8;

impl Ink {
    fn all() -> impl Iterator<Item = Self> {
        [Self::Grid, Self::Axis, Self::Label, Self::Mark, Self::Band, Self::Bad]
            .into_iter()
            .chain((0..LINES).map(Self::Line))
    }

    /// The CSS class, without the prefix that says whether it is the stroke or the filling.
    pub(crate) fn class(self) -> String {
        match self {
            Self::Grid => "grid".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Label => "label".to_owned(),
            Self::Mark => "mark".to_owned(),
            Self::Band => "band".to_owned(),
            Self::Bad => "bad".to_owned(),
            Self::Line(index) => format!("s{}", index % LINES + 1),
        }
    }

    fn stand_in(self) -> RGBColor {
        match self {
            Self::Grid => RGBColor(1, 0, 1),
            Self::Axis => RGBColor(1, 0, 2),
            Self::Label => RGBColor(1, 0, 3),
            Self::Mark => RGBColor(1, 0, 4),
            Self::Band => RGBColor(1, 0, 6),
            Self::Bad => RGBColor(1, 0, 5),
            Self::Line(index) => RGBColor(2, 0, (index % LINES) as u8),
        }
    }
}

/// Where the text of a label stands, seen from its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Right,
    Below,
}

type Failure = DrawingAreaErrorKind<std::io::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A surface measured in pixels of the page.
pub(super) struct Canvas<'a> {
    area: Area<'a>,
}

impl Canvas<'_> {
    pub(super) fn line(&self, ink: Ink, width: f64, points: &[(f64, f64)]) -> Result<(), Failure> {
        let points: Vec<_> = points.iter().map(fine).collect();
        self.area.draw(&PathElement::new(points, ink.stand_in().stroke_width((width * FINE) as u32)))
    }

    pub(super) fn dot(&self, ink: Ink, radius: f64, at: (f64, f64)) -> Result<(), Failure> {
        self.area.draw(&Circle::new(fine(&at), (radius * FINE) as i32, ink.stand_in().filled()))
    }

    /// Fills an outline so that what lies below still shows.
    pub(super) fn tint(&self, ink: Ink, outline: &[(f64, f64)]) -> Result<(), Failure> {
        let outline: Vec<_> = outline.iter().map(fine).collect();
        self.area.draw(&Polygon::new(outline, ink.stand_in().mix(0.14)))
    }

    pub(super) fn text(&self, ink: Ink, anchor: Anchor, at: (f64, f64), text: &str) -> Result<(), Failure> {
        let pos = match anchor {
            Anchor::Left => Pos::new(HPos::Right, VPos::Center),
            Anchor::Right => Pos::new(HPos::Left, VPos::Center),
            Anchor::Below => Pos::new(HPos::Center, VPos::Top),
        };
        let font = ("sans-serif", FONT_PX * FINE * FONT_SCALE).into_font();
        let style = font.color(&ink.stand_in()).pos(pos);
        self.area.draw(&Text::new(text, fine(&at), style))
    }
}

fn fine(point: &(f64, f64)) -> (i32, i32) {
    ((point.0 * FINE).round() as i32, (point.1 * FINE).round() as i32)
}

/// About how wide a label is, in pixels. Generous, since the page's font is not known.
pub(crate) fn text_width(text: &str) -> f64 {
    let em = |letter: char| if letter.is_ascii() { 0.62 } else { 1.0 };
    text.chars().map(em).sum::<f64>() * FONT_PX
}

/// Draws a picture of this size, in pixels; answers an `<svg>` element to stand within a page.
///
/// `class` is the element's CSS class, `label` its accessible name.
pub(super) fn svg(
    size: (f64, f64),
    class: &str,
    label: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let (width, height) = ((size.0 * FINE) as u32, (size.1 * FINE) as u32);
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
        let canvas = Canvas { area };
        draw(&canvas)?;
        canvas.area.present()?;
    }
    let body = drawn.split_once('>').map_or("", |(_opening, body)| body);
    let label = escaped(label);
    let mut svg = String::with_capacity(body.len() + 512);
    // Writing into a string cannot fail.
    let _ = write!(
        svg,
        "<svg class=\"{class}\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {width} {height}\">\
         <title>{label}</title>"
    );
    svg.push_str(&with_classes(body));
    Ok(svg)
}

fn with_classes(body: &str) -> String {
    let mut body = body.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    for ink in Ink::all() {
        let RGBColor(red, green, blue) = ink.stand_in();
        for (attribute, prefix) in [("stroke", "l"), ("fill", "f")] {
            let colour = format!("{attribute}=\"#{red:02X}{green:02X}{blue:02X}\"");
            body = body.replace(&colour, &format!("class=\"{prefix}-{}\"", ink.class()));
        }
    }
    body
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
