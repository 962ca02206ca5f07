//! `result.json`: the model itself, indented, for programs and for comparing two runs line by line.

use super::Exporter;
use crate::{ReportError, RunResult};

/// The result as JSON, `y2w-run/1`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Exporter for Json {
    fn file_name(&self) -> &'static str {
        "result.json"
    }

    fn render(&self, result: &RunResult) -> Result<String, ReportError> {
        let mut text = serde_json::to_string_pretty(result)?;
        text.push('\n');
        Ok(text)
    }
}
