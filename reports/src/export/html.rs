//! `report.html`: the result on one page that needs nothing else: no network, no fonts, no scripts.
//!
//! Invariant: every string of the result goes through the template's escaping, or through the chart's.

use askama::Template as _;

use super::{Exporter, page::Page};
use crate::{ReportError, RunResult};

/// The result as one self-contained page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

impl Exporter for Html {
    fn file_name(&self) -> &'static str {
        "report.html"
    }

    fn render(&self, result: &RunResult) -> Result<String, ReportError> {
        Ok(Page::new(result)?.render()?)
    }
}
