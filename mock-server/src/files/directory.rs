//! Files in a directory, one for each attachment, under names by which they are known again.
//!
//! Whoever opens the directory has it alone, and removes what nothing refers to: uploads that the end of an earlier
//! process cut off or whose record it lost, and all files of a server that kept no state. Whatever else lies there stays.

use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use thiserror::Error;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::locked;
use crate::secrets::is_token;

/// Why a server cannot keep attachments where it was told to.
#[derive(Debug, Error)]
pub enum FilesError {
    /// The directory cannot be made or used.
    #[error("cannot use {} for attachments: {source}", .directory.display())]
    Directory {
        /// The directory asked for.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another server has it.
    #[error("the attachments in {} are in use by another server; choose another directory", .0.display())]
    Locked(PathBuf),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Whether what is kept is to be on disk by then.
    durable: bool,
    _lock: locked::Taken,
}

impl Directory {
    /// Takes a directory, which is made if need be, and removes the files that are not among those `in_use`.
    pub(super) fn open(path: PathBuf, durable: bool, in_use: &FxHashSet<String>) -> Result<Self, FilesError> {
        let unusable = |source| FilesError::Directory { directory: path.clone(), source };
        let Some(lock) = locked::take(&path).map_err(unusable)? else {
            return Err(FilesError::Locked(path));
        };
        clean(&path, in_use).map_err(unusable)?;
        Ok(Self { path, durable, _lock: lock })
    }

    /// Begins a file under the first of `keys` that is not in use.
    pub(super) async fn begin(&self, mut keys: impl FnMut() -> String) -> io::Result<Arriving<'_>> {
        loop {
            let key = keys();
            let path = self.path.join(name(&key));
            match File::create_new(&path).await {
                Ok(file) => return Ok(Arriving { of: self, file, key, unkept: Unkept(Some(path)) }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn open_file(&self, key: &str) -> io::Result<File> {
        File::open(self.path.join(name(key))).await
    }

    pub(super) async fn remove(&self, key: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name(key))).await
    }
}

/// What the file of a key is called.
fn name(key: &str) -> String {
    format!("{key}{SUFFIX}")
}

const SUFFIX: &str = ".attachment";

/// The key of a file with that name, if it can be one of ours.
fn key_of(name: &str) -> Option<&str> {
    let key = name.strip_suffix(SUFFIX)?;
    is_token(key).then_some(key)
}

fn clean(directory: &Path, in_use: &FxHashSet<String>) -> io::Result<()> {
    let (mut found, mut removed) = (0, 0);
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(key) = file_name.to_str().and_then(key_of) else {
            continue;
        };
        if in_use.contains(key) {
            found += 1;
        } else {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    let place = directory.display();
    if removed > 0 {
        tracing::info!("removed {removed} files from {place} that no attachment refers to");
    }
    if found < in_use.len() {
        tracing::warn!("{} attachments have no file in {place} and cannot be read", in_use.len() - found);
    }
    Ok(())
}

/// A file that is coming in.
#[derive(Debug)]
pub(crate) struct Arriving<'a> {
    of: &'a Directory,
    file: File,
    key: String,
    unkept: Unkept,
}

impl Arriving<'_> {
    pub(super) async fn write(&mut self, more: &[u8]) -> io::Result<()> {
        self.file.write_all(more).await
    }

    pub(super) async fn keep(mut self) -> io::Result<String> {
        self.file.flush().await?;
        if self.of.durable {
            self.file.sync_all().await?;
            // Its name has to be durable too.
            File::open(&self.of.path).await?.sync_all().await?;
        }
        self.unkept.0 = None;
        Ok(self.key)
    }
}

/// Where a file lies that goes unless it is kept.
#[derive(Debug)]
struct Unkept(Option<PathBuf>);

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(%error, path = %path.display(), "a file that was not kept stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As tokens are.
    fn key(n: u32) -> String {
        format!("{n:032x}")
    }

    fn names(directory: &Path) -> Vec<String> {
        let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(name).collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn what_nothing_refers_to_is_removed_and_what_is_not_ours_stays() {
        let directory = tempfile::tempdir().unwrap();
        let foreign = ["letter.attachment", "0123456789abcdef0123456789abcdef", "photo.png"];
        for name in foreign {
            std::fs::write(directory.path().join(name), "not ours").unwrap();
        }
        let open = |in_use: &[String]| {
            Directory::open(directory.path().to_owned(), false, &in_use.iter().cloned().collect())
        };
        let opened = open(&[]).unwrap();
        for n in 1..4 {
            opened.begin(|| key(n)).await.unwrap().keep().await.unwrap();
        }
        assert!(matches!(open(&[]), Err(FilesError::Locked(_))), "one server at a time has it");
        drop(opened);
        let opened = open(&[key(2), key(9)]).unwrap();
        assert!(opened.open_file(&key(2)).await.is_ok());
        let mut expected = vec![name(&key(2)), "lock".to_owned()];
        expected.extend(foreign.map(str::to_owned));
        expected.sort_unstable();
        assert_eq!(names(directory.path()), expected);
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let opened = Directory::open(directory.path().to_owned(), true, &FxHashSet::default()).unwrap();
        for expected in 1..3 {
            let mut n = 0;
            let next = || {
                n += 1;
                key(n)
            };
            assert_eq!(opened.begin(next).await.unwrap().keep().await.unwrap(), key(expected));
        }
    }
}
