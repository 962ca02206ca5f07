//! Prometheus' text format, version 0.0.4: what writes it, for whatever there is to count.
//!
//! A family is begun, and its samples follow. Every line ends with a line feed, as the format wants it.

use std::fmt::{Display, Write};

/// What HTTP calls the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// A text in the making.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a family: `counter`, `gauge`, `histogram` or `summary`, and what it means, on one line.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample of the present family, by its labels and their values.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let before = if n == 0 { '{' } else { ',' };
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// All of it.
    pub fn text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_may_be_missing() {
        let mut out = Exposition::default();
        out.family("a_total", "counter", "As");
        out.sample("a_total", &[], 3);
        out.sample("a_total", &[("x", "say \"b\\c\"\n"), ("y", "")], 0.5);
        let expected = "# HELP a_total As\n# TYPE a_total counter\na_total 3\n\
                        a_total{x=\"say \\\"b\\\\c\\\"\\n\",y=\"\"} 0.5\n";
        assert_eq!(out.text(), expected);
    }
}
