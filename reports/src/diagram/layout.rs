//! Where everything in a diagram stands, in pixels: rectangles, lines and texts, in the order in which they are drawn.

use askama::Template;

use super::{Diagram, Lane, Mark, Row, Tone};
use crate::chart::text_width;

const MARGIN: f64 = 24.0;
/// Where times end, and where what made things happen begins.
const TIME_END: f64 = 112.0;
const SIDE: f64 = 124.0;
const SIDE_WIDTH: f64 = 216.0;
const FIRST_LANE: f64 = 400.0;
/// From one device to the next, from the last to the first server, and from server to server: what devices say to
/// servers is what there is most to read of.
const BETWEEN_LANES: f64 = 170.0;
const BETWEEN_MANY: f64 = 130.0;
const BEFORE_SERVERS: f64 = 290.0;
const AFTER_LANES: f64 = 210.0;
const LANE_WIDTH: f64 = 132.0;

const LINE: f64 = 17.0;
const ROW: f64 = 27.0;
/// What one reads without losing the line; and what has to be told at an arrow or a lane.
const FACT_WIDTH: f64 = 1_100.0;
const TEXT_MAX: f64 = 560.0;

/// The file, ready to be written; the template only arranges it.
#[derive(Template)]
#[template(path = "diagram.svg")]
pub(super) struct Picture<'a> {
    diagram: &'a Diagram,
    width: f64,
    height: f64,
    /// In the order in which they are drawn.
    boxes: Vec<Box>,
    lines: Vec<Line>,
    texts: Vec<Text>,
}

struct Box {
    class: &'static str,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    round: f64,
}

struct Line {
    class: String,
    /// Its path.
    d: String,
}

struct Text {
    class: String,
    x: f64,
    y: f64,
    text: String,
    /// The whole text, where it had to be cut.
    whole: Option<String>,
}

impl<'a> Picture<'a> {
    pub(super) fn of(diagram: &'a Diagram) -> Self {
        let lanes = lane_places(&diagram.lanes);
        let end = lanes.last().map_or(FIRST_LANE, |last| last + AFTER_LANES);
        let mut picture = Picture {
            diagram,
            width: end + MARGIN,
            height: 0.0,
            boxes: Vec::new(),
            lines: Vec::new(),
            texts: Vec::new(),
        };
        let top = picture.heading() + 12.0;
        let rows = row_places(&diagram.rows, top + 62.0);
        let foot = rows.last().map_or(top + 62.0, |place| place.end) + 10.0;
        picture.height = foot + 46.0;
        // What lies below comes first.
        picture.highlights(&rows);
        picture.bands(&lanes, &rows);
        picture.lanes(&lanes, top, foot);
        picture.waits(&lanes, &rows);
        picture.rows(&lanes, &rows);
        picture
    }

    /// The title, the findings and the facts; answers where they end.
    fn heading(&mut self) -> f64 {
        let mut y = 44.0;
        self.text("title", MARGIN, y, &self.diagram.title, f64::INFINITY);
        y += 4.0;
        for (number, finding) in self.diagram.findings.iter().enumerate() {
            y += LINE + 6.0;
            self.number(MARGIN + 9.0, y - 4.0, number);
            let x = MARGIN + 26.0;
            self.text("rule", x, y, &finding.rule, f64::INFINITY);
            // In bold.
            let x = x + text_width(&finding.rule) * 1.15 + 12.0;
            let lines = wrapped(&finding.text, self.width - MARGIN - x);
            for (n, line) in lines.iter().enumerate() {
                if n > 0 {
                    y += LINE;
                }
                self.text("finding", x, y, line, f64::INFINITY);
            }
        }
        y += 8.0;
        let room = (self.width - 2.0 * MARGIN).min(FACT_WIDTH);
        for line in self.diagram.facts.iter().flat_map(|fact| wrapped(fact, room)) {
            y += LINE;
            self.text("fact", MARGIN, y, &line, f64::INFINITY);
        }
        y
    }

    /// Rows that show a finding.
    fn highlights(&mut self, rows: &[Place]) {
        for (row, place) in self.diagram.rows.iter().zip(rows) {
            if !row.findings.is_empty() {
                let width = self.width - 12.0;
                self.boxes.push(place.filled("witness", 6.0, width));
            }
        }
    }

    fn bands(&mut self, lanes: &[f64], rows: &[Place]) {
        for band in &self.diagram.bands {
            let (Some(from), Some(to)) = (rows.get(band.from), rows.get(band.to)) else {
                continue;
            };
            for lane in band.lanes.iter().filter_map(|lane| lanes.get(*lane)) {
                self.boxes.push(Box {
                    class: "band",
                    x: lane - 26.0,
                    y: from.middle,
                    width: 52.0,
                    height: (to.middle - from.middle).max(0.0),
                    round: 4.0,
                });
            }
        }
    }

    fn lanes(&mut self, lanes: &[f64], top: f64, foot: f64) {
        for (lane, x) in self.diagram.lanes.iter().zip(lanes) {
            self.line("life", format!("M{x} {}V{foot}", top + 42.0));
            for (y, class) in [(top, "head"), (foot, "foot")] {
                let height = if class == "head" { 42.0 } else { 26.0 };
                let class = if lane.is_server { "head server" } else { "head" };
                self.boxes.push(Box {
                    class,
                    x: x - LANE_WIDTH / 2.0,
                    y,
                    width: LANE_WIDTH,
                    height,
                    round: 8.0,
                });
            }
            self.text("name", *x, top + 18.0, &lane.name, LANE_WIDTH - 8.0);
            self.text("note", *x, top + 33.0, &lane.note, LANE_WIDTH + 10.0);
            self.text("name", *x, foot + 17.5, &lane.name, LANE_WIDTH - 8.0);
        }
    }

    fn waits(&mut self, lanes: &[f64], rows: &[Place]) {
        for wait in &self.diagram.waits {
            if let (Some(x), Some(from), Some(to)) =
                (lanes.get(wait.lane), rows.get(wait.from), rows.get(wait.to))
            {
                let height = (to.middle - from.middle).max(0.0);
                let (x, y) = (x - 3.0, from.middle);
                self.boxes.push(Box { class: "wait", x, y, width: 6.0, height, round: 3.0 });
            }
        }
    }

    fn rows(&mut self, lanes: &[f64], rows: &[Place]) {
        let mut time = "";
        for (row, place) in self.diagram.rows.iter().zip(rows) {
            if row.time != time && !row.time.is_empty() {
                time = &row.time;
                self.text("time", TIME_END, place.middle + 4.0, time, TIME_END - 50.0);
            }
            for (n, number) in row.findings.iter().take(2).enumerate() {
                self.number(20.0 + 20.0 * n as f64, place.middle, *number);
            }
            if row.side.is_empty() && !row.findings.is_empty() {
                let rules = row.findings.iter().filter_map(|number| self.diagram.findings.get(*number));
                let mut rules: Vec<&str> = rules.map(|finding| &*finding.rule).collect();
                rules.dedup();
                self.text("rule", SIDE, place.middle + 4.0, &rules.join(", "), SIDE_WIDTH);
            } else {
                self.side(row, place);
            }
            self.mark(row, lanes, place.middle);
        }
    }

    fn side(&mut self, row: &Row, place: &Place) {
        let lines = wrapped(&row.side, SIDE_WIDTH);
        let class = if matches!(row.mark, Mark::Fault { .. }) { "side fault" } else { "side" };
        let first = place.middle + 4.0 - (lines.len() as f64 - 1.0) * LINE / 2.0;
        for (n, line) in lines.iter().enumerate() {
            self.text(class, SIDE, first + n as f64 * LINE, line, f64::INFINITY);
        }
    }

    fn mark(&mut self, row: &Row, lanes: &[f64], y: f64) {
        let place = |lane: &usize| lanes.get(*lane).copied();
        match &row.mark {
            Mark::Arrow { from, to, text, tone } => {
                if let (Some(from), Some(to)) = (place(from), place(to)) {
                    let line = if to < from { "arrow back" } else { "arrow" };
                    self.line(
                        &format!("{line} {}", tone.class()),
                        format!("M{from} {y}H{}", short_of(to, from)),
                    );
                    self.head(*tone, to, from, y);
                    self.label(row, *tone, from.min(to) + 12.0, y - 5.0, text);
                }
            }
            Mark::Exchange { from, to, text, tone } => {
                if let (Some(from), Some(to)) = (place(from), place(to)) {
                    let (a, b) = (short_of(from, to), short_of(to, from));
                    self.line(&format!("arrow {}", tone.class()), format!("M{a} {y}H{b}"));
                    self.head(*tone, to, from, y);
                    self.head(*tone, from, to, y);
                    self.label(row, *tone, from.min(to) + 12.0, y - 5.0, text);
                }
            }
            Mark::Lost { from, to, text } => {
                if let (Some(from), Some(to)) = (place(from), place(to)) {
                    let end = to + (from - to).signum() * 40.0;
                    self.line("arrow back bad", format!("M{from} {y}H{end}"));
                    let cross = format!("M{} {}l10 10m0 -10l-10 10", end - 5.0, y - 5.0);
                    self.line("cross", cross);
                    self.label(row, Tone::Bad, from.min(to) + 12.0, y - 5.0, text);
                }
            }
            Mark::Note { lane, text, tone } => {
                if let Some(x) = place(lane) {
                    // Nearer to what it follows from than to what follows.
                    let y = y - 3.0;
                    self.line(&format!("dot {}", tone.class()), circle(x, y, 4.0));
                    self.label(row, *tone, x + 12.0, y + 4.0, text);
                }
            }
            Mark::Begin { lane } => {
                if let Some(x) = place(lane) {
                    self.line("guide", format!("M{} {y}H{x}", SIDE + SIDE_WIDTH + 8.0));
                    self.line("dot begin", circle(x, y, 5.0));
                }
            }
            Mark::Fault { lanes } => {
                for x in lanes.iter().filter_map(place) {
                    self.line("bar", format!("M{} {y}h52", x - 26.0));
                }
            }
            Mark::Skipped { count } => {
                let text = format!("… {} more", crate::format::count(*count));
                self.text("skipped", SIDE, y + 4.0, &text, SIDE_WIDTH);
                let (from, to) = (FIRST_LANE - 70.0, self.width - MARGIN);
                self.line("skip", format!("M{from} {y}H{to}"));
            }
            Mark::End { text } => {
                self.text("label shown", FIRST_LANE, y + 4.0, text, self.width - MARGIN - FIRST_LANE);
            }
        }
    }

    fn label(&mut self, row: &Row, tone: Tone, x: f64, y: f64, text: &str) {
        let room = (self.width - 8.0 - x).min(TEXT_MAX);
        let shown = if row.findings.is_empty() { "" } else { " shown" };
        self.text(&format!("label {}{shown}", tone.class()), x, y, text, room);
    }

    /// The point of an arrow that comes from `from`.
    fn head(&mut self, tone: Tone, to: f64, from: f64, y: f64) {
        let back = (from - to).signum() * 9.0;
        let d = format!("M{to} {y}l{back} -4.5v9z");
        self.line(&format!("point {}", tone.class()), d);
    }

    /// The number of a finding.
    fn number(&mut self, x: f64, y: f64, number: usize) {
        self.line("badge", circle(x, y, 9.0));
        self.text("number", x, y + 4.0, &(number + 1).to_string(), f64::INFINITY);
    }

    fn line(&mut self, class: &str, d: String) {
        self.lines.push(Line { class: class.to_owned(), d });
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str, room: f64) {
        let cut = cut(text, room);
        let whole = (cut != text).then(|| text.to_owned());
        self.texts.push(Text { class: class.to_owned(), x, y, text: cut, whole });
    }
}

/// Where a row stands.
struct Place {
    begin: f64,
    middle: f64,
    end: f64,
}

impl Place {
    fn filled(&self, class: &'static str, x: f64, width: f64) -> Box {
        Box { class, x, y: self.begin, width, height: self.end - self.begin, round: 4.0 }
    }
}

fn lane_places(lanes: &[Lane]) -> Vec<f64> {
    let devices = lanes.iter().filter(|lane| !lane.is_server).count();
    let between = if devices > 5 { BETWEEN_MANY.max(LANE_WIDTH + 8.0) } else { BETWEEN_LANES };
    let mut x = FIRST_LANE;
    let mut places = Vec::with_capacity(lanes.len());
    for (n, lane) in lanes.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|before| lanes.get(before));
        x += match before {
            None => 0.0,
            Some(before) if lane.is_server && !before.is_server => BEFORE_SERVERS,
            Some(_) => between,
        };
        places.push(x);
    }
    places
}

fn row_places(rows: &[Row], top: f64) -> Vec<Place> {
    let mut y = top;
    let place = |row: &Row| {
        let lines = wrapped(&row.side, SIDE_WIDTH).len().max(1) as f64;
        // A step of the plan stands off from what came before.
        let above = if matches!(row.mark, Mark::Begin { .. } | Mark::End { .. }) { 6.0 } else { 0.0 };
        let height = ROW + (lines - 1.0) * LINE;
        let begin = y + above;
        y = begin + height;
        Place { begin, middle: begin + height / 2.0 + 2.0, end: y }
    };
    rows.iter().map(place).collect()
}

/// Where a line ends that has an arrow's point at `to`.
fn short_of(to: f64, from: f64) -> f64 {
    to + (from - to).signum() * 7.0
}

fn circle(x: f64, y: f64, r: f64) -> String {
    format!("M{} {y}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0 {} 0", x - r, 2.0 * r, -2.0 * r)
}

/// As much of a text as there is room for.
fn cut(text: &str, room: f64) -> String {
    if text_width(text) <= room {
        return text.to_owned();
    }
    let mut width = text_width("…");
    let fits = |letter: &char| {
        width += text_width(letter.encode_utf8(&mut [0; 4]));
        width <= room
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// A text in lines that fit, broken at spaces that may be; a word that is too long for a line is cut. Nothing for an empty
/// text.
fn wrapped(text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
        let word = cut(word, room);
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(" ") + text_width(&word) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}
