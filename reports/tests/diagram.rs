//! The sequence diagram as a file: complete, harmless, the same each time.

use y2w_reports::diagram::{Band, Diagram, Finding, Lane, Mark, Row, Tone, Wait};

fn row(mark: Mark) -> Row {
    Row { time: "1.000 s".to_owned(), side: String::new(), mark, findings: Vec::new() }
}

fn lane(name: &str, is_server: bool) -> Lane {
    Lane { name: name.to_owned(), note: String::new(), is_server }
}

fn arrow(from: usize, to: usize, text: &str) -> Row {
    row(Mark::Arrow { from, to, text: text.to_owned(), tone: Tone::Request })
}

fn diagram() -> Diagram {
    let begin = Row { side: "ann: send-text to #team, step 4".to_owned(), ..row(Mark::Begin { lane: 0 }) };
    let text = "POST messages → 200".to_owned();
    let exchange = Mark::Exchange { from: 0, to: 1, text, tone: Tone::Request };
    Diagram {
        title: "How MSG-ONCE was broken".to_owned(),
        facts: vec!["seed 7".to_owned()],
        findings: vec![Finding { rule: "MSG-ONCE".to_owned(), text: "it is there twice".to_owned() }],
        lanes: vec![lane("ann", false), lane("business API", true)],
        rows: vec![
            begin,
            Row { findings: vec![0], ..row(exchange) },
            row(Mark::Skipped { count: 1_214 }),
            row(Mark::Lost { from: 1, to: 0, text: "no answer to GET contacts".to_owned() }),
            row(Mark::Note { lane: 0, text: "is kicked".to_owned(), tone: Tone::Bad }),
            row(Mark::Fault { lanes: vec![0] }),
            row(Mark::End { text: "in the end".to_owned() }),
        ],
        bands: vec![Band { lanes: vec![0], from: 1, to: 3 }],
        waits: vec![Wait { lane: 0, from: 1, to: 3 }],
    }
}

#[test]
fn a_diagram_says_everything_and_needs_nothing() {
    let svg = diagram().svg().unwrap();
    for text in [
        "<title id=\"title\">How MSG-ONCE was broken</title>",
        "MSG-ONCE: it is there twice",
        "business API",
        "send-text to",
        "POST messages → 200",
        "… 1,214 more",
        "no answer to GET contacts",
        "is kicked",
        "in the end",
        "class=\"rule\" x=\"124\"",
        "prefers-color-scheme: dark",
    ] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    let elsewhere = svg.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http") && !elsewhere.contains("<script") && !elsewhere.contains("@import"));
    assert_eq!(svg, diagram().svg().unwrap());
}

#[test]
fn no_text_becomes_markup() {
    let evil = "</text><script>alert('&')</script>\"";
    let mut diagram = diagram();
    diagram.title = evil.to_owned();
    diagram.facts = vec![evil.to_owned()];
    diagram.findings = vec![Finding { rule: evil.to_owned(), text: evil.to_owned() }];
    diagram.lanes[0] = Lane { name: evil.to_owned(), note: evil.to_owned(), is_server: false };
    diagram.rows = vec![
        Row { side: evil.to_owned(), time: evil.to_owned(), ..row(Mark::Begin { lane: 0 }) },
        arrow(0, 1, evil),
        row(Mark::Note { lane: 0, text: evil.to_owned(), tone: Tone::Plain }),
        row(Mark::Lost { from: 0, to: 1, text: evil.to_owned() }),
        row(Mark::End { text: evil.to_owned() }),
    ];
    let svg = diagram.svg().unwrap();
    assert!(!svg.contains("<script") && svg.contains("&#60;script"), "{svg}");
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn what_is_too_long_is_cut_and_whole_in_the_tooltip() {
    let mut diagram = diagram();
    let long = "very ".repeat(100);
    diagram.rows = vec![arrow(0, 1, &long)];
    let svg = diagram.svg().unwrap();
    assert!(svg.contains(&format!("…<title>{long}</title>")), "{svg}");
}

#[test]
fn what_points_nowhere_is_not_drawn() {
    let mut diagram = diagram();
    diagram.rows = vec![
        arrow(0, 9, "to nobody"),
        row(Mark::Note { lane: usize::MAX, text: "nobody's".to_owned(), tone: Tone::Plain }),
        row(Mark::Fault { lanes: vec![7] }),
    ];
    diagram.bands = vec![Band { lanes: vec![0, 9], from: 2, to: 8 }];
    diagram.waits = vec![Wait { lane: 9, from: 0, to: 1 }, Wait { lane: 0, from: 2, to: 0 }];
    let svg = diagram.svg().unwrap();
    assert!(!svg.contains("nobody") && !svg.contains("NaN") && !svg.contains("height=\"-"), "{svg}");
    assert!(Diagram::default().svg().unwrap().contains("</svg>"));
}
