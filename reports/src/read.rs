//! A result from its file.

use std::{fs, path::Path};

use crate::{ReportError, RunResult, export::Exporter as _, export::Json};

impl RunResult {
    /// Reads a result: from the file itself, or from the folder that [`write_all`](crate::write_all) wrote it to.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is no result of [this format](crate::FORMAT); the error names the file, and the
    /// place in it.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let file = if path.is_dir() { path.join(Json.file_name()) } else { path.to_owned() };
        let bytes = fs::read(&file).map_err(|source| ReportError::Io {
            action: "read",
            path: file.clone(),
            source,
        })?;
        serde_json::from_slice(&bytes).map_err(|source| ReportError::NotAResult { path: file, source })
    }
}
