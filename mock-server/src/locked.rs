//! Directories that one process at a time may write to.

use std::fs::File;
use std::io;
use std::path::Path;

use fs4::{FileExt, TryLockError};

/// A directory that is ours until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Taken(File);

/// Closing the file would not do: a process that is just being started from here has a copy of it until it begins to be
/// itself, and the last copy that is closed gives up the lock.
impl Drop for Taken {
    fn drop(&mut self) {
        if let Err(error) = FileExt::unlock(&self.0) {
            tracing::warn!(%error, "a directory is given up later than it could be");
        }
    }
}

/// Makes the directory if need be and takes it. `None` if somebody else has it.
pub(crate) fn take(directory: &Path) -> io::Result<Option<Taken>> {
    std::fs::create_dir_all(directory)?;
    let lock = File::create(directory.join(NAME))?;
    match FileExt::try_lock(&lock) {
        Ok(()) => Ok(Some(Taken(lock))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The file in a directory that stands for it.
const NAME: &str = "lock";

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_directory_is_one_holders_until_it_lets_go() {
        let directory = TempDir::new().unwrap();
        let taken = take(directory.path()).unwrap().unwrap();
        assert!(take(directory.path()).unwrap().is_none());
        drop(taken);
        assert!(take(directory.path()).unwrap().is_some());
    }

    /// A process that this one is starting has copies of its files until it begins to be itself.
    #[test]
    fn a_copy_of_the_file_holds_nothing_up() {
        let directory = TempDir::new().unwrap();
        let taken = take(directory.path()).unwrap().unwrap();
        let _of_a_process_that_starts = taken.0.try_clone().unwrap();
        drop(taken);
        assert!(take(directory.path()).unwrap().is_some());
    }
}
