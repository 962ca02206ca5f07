//! The bytes of attachments, in memory or in a directory. What is known of a file, its name, size and sum, is part of
//! the business state; here is only what is in it, under a key that the server made. All apps of a server share it.
//!
//! Nothing of a path ever comes from a client. A file that was begun and not kept is gone again, also when its sender
//! went away in the middle. What is in memory has a limit; what is in a directory has that of the disk.

mod directory;
mod memory;

use std::io;
use std::path::PathBuf;

use axum::body::Body;
use rustc_hash::FxHashSet;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use directory::{Arriving, Directory};
use memory::{Growing, Memory};

pub use directory::FilesError;

/// See the module.
#[derive(Debug)]
pub(crate) struct Files {
    /// Largest file that is taken, in bytes.
    pub(crate) max: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Memory),
    Directory(Directory),
}

impl Files {
    /// Of that many bytes each, and of `most` together.
    pub(crate) fn in_memory(max: u64, most: u64) -> Self {
        Self { max, place: Place::Memory(Memory::new(most)) }
    }

    /// In that directory, from which is removed what an earlier server has left and is not `in_use`. What is kept is on
    /// disk by then if it is to be `durable`.
    pub(crate) fn in_directory(
        path: PathBuf,
        max: u64,
        durable: bool,
        in_use: &FxHashSet<String>,
    ) -> Result<Self, FilesError> {
        Ok(Self { max, place: Place::Directory(Directory::open(path, durable, in_use)?) })
    }

    /// Begins a file under a new key: the first of `keys`, which are tokens, that is not in use.
    pub(crate) async fn begin(&self, mut keys: impl FnMut() -> String) -> io::Result<Begun<'_>> {
        match &self.place {
            Place::Memory(memory) => Ok(Begun::Memory(memory.begin(keys()))),
            Place::Directory(directory) => Ok(Begun::File(directory.begin(keys).await?)),
        }
    }

    /// `length` bytes of a file from `start` on, as the body of an answer.
    pub(crate) async fn read(&self, key: &str, start: u64, length: u64) -> io::Result<Body> {
        match &self.place {
            Place::Memory(memory) => {
                let bytes = memory.read(key).ok_or(io::ErrorKind::NotFound)?;
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(Body::from(bytes.slice(place(start)..place(start.saturating_add(length)))))
            }
            Place::Directory(directory) => {
                let mut file = directory.open_file(key).await?;
                file.seek(io::SeekFrom::Start(start)).await?;
                Ok(Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK)))
            }
        }
    }

    /// Forgets a file.
    pub(crate) async fn remove(&self, key: &str) -> io::Result<()> {
        match &self.place {
            Place::Memory(memory) => {
                memory.remove(key);
                Ok(())
            }
            Place::Directory(directory) => directory.remove(key).await,
        }
    }
}

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

/// A file that is coming in.
#[derive(Debug)]
pub(crate) enum Begun<'a> {
    Memory(Growing<'a>),
    File(Arriving<'a>),
}

impl Begun<'_> {
    /// The next bytes. Where there is no room for them, the error is [`io::ErrorKind::StorageFull`].
    pub(crate) async fn write(&mut self, more: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(growing) => growing.write(more),
            Self::File(arriving) => arriving.write(more).await,
        }
    }

    /// It is whole, and stays, under this key.
    pub(crate) async fn keep(self) -> io::Result<String> {
        match self {
            Self::Memory(growing) => Ok(growing.keep()),
            Self::File(arriving) => arriving.keep().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn both(directory: PathBuf) -> [Files; 2] {
        let in_directory = Files::in_directory(directory, 100, true, &FxHashSet::default()).unwrap();
        [Files::in_memory(100, 1_000), in_directory]
    }

    async fn text(files: &Files, start: u64, length: u64) -> String {
        let body = files.read("k", start, length).await.unwrap();
        String::from_utf8(to_bytes(body, 100).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_is_kept_is_read_back_in_whole_and_in_part() {
        let directory = tempfile::tempdir().unwrap();
        for files in both(directory.path().join("new")) {
            let mut begun = files.begin(|| "k".to_owned()).await.unwrap();
            begun.write(b"hello ").await.unwrap();
            begun.write(b"world").await.unwrap();
            assert_eq!(begun.keep().await.unwrap(), "k");
            assert_eq!(text(&files, 0, 11).await, "hello world");
            assert_eq!(text(&files, 6, 3).await, "wor");
            assert_eq!(files.read("other", 0, 1).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[tokio::test]
    async fn what_is_not_kept_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        for files in both(directory.path().to_owned()) {
            let mut begun = files.begin(|| "k".to_owned()).await.unwrap();
            begun.write(b"hello").await.unwrap();
            drop(begun);
            assert_eq!(files.read("k", 0, 1).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        let left = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["lock"]);
    }
}
