//! Directories that one process at a time may write to.

use std::fs::File;
use std::io;
use std::path::Path;

use fs4::{FileExt, TryLockError};

/// Makes the directory if need be and takes it, until the file that comes back is dropped or the process ends. `None` if
/// somebody else has it.
pub(crate) fn take(directory: &Path) -> io::Result<Option<File>> {
    std::fs::create_dir_all(directory)?;
    let lock = File::create(directory.join(NAME))?;
    match FileExt::try_lock(&lock) {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The file in a directory that stands for it.
const NAME: &str = "lock";
