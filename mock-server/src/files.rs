//! The bytes of attachments, in memory or in a directory. What is known of a file, its name, size and sum, is part of
//! the business state; here is only what is in it, under a key that the server made.
//!
//! Nothing of a path ever comes from a client. A file that was begun and not kept is gone again, also when its sender
//! went away in the middle.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

/// See the module.
#[derive(Debug)]
pub(crate) struct Files {
    /// Largest file that is taken, in bytes.
    pub(crate) max: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Mutex<FxHashMap<String, Bytes>>),
    Directory { path: PathBuf, durable: bool },
}

impl Files {
    /// In that directory, or in memory. What is kept in a directory is on disk by then if it is to be `durable`.
    pub(crate) fn new(directory: Option<PathBuf>, max: u64, durable: bool) -> Self {
        let place = match directory {
            Some(path) => Place::Directory { path, durable },
            None => Place::Memory(Mutex::default()),
        };
        Self { max, place }
    }

    /// Begins a file under a new key, the first of `keys` that is not in use: a directory may hold files of a server
    /// before this one, which had the same seed.
    pub(crate) async fn begin(&self, mut keys: impl FnMut() -> String) -> io::Result<Begun<'_>> {
        match &self.place {
            Place::Memory(held) => Ok(Begun::Memory { held, key: keys(), bytes: BytesMut::new() }),
            Place::Directory { path: directory, durable } => {
                fs::create_dir_all(directory).await?;
                loop {
                    let key = keys();
                    let path = directory.join(&key);
                    match File::create_new(&path).await {
                        Ok(file) => {
                            let directory = durable.then_some(&**directory);
                            return Ok(Begun::File { file, key, unkept: Unkept(Some(path)), directory });
                        }
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    /// `length` bytes of a file from `start` on, as the body of an answer.
    pub(crate) async fn read(&self, key: &str, start: u64, length: u64) -> io::Result<Body> {
        match &self.place {
            Place::Memory(held) => {
                let bytes = held.lock().get(key).cloned().ok_or(io::ErrorKind::NotFound)?;
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(Body::from(bytes.slice(place(start)..place(start.saturating_add(length)))))
            }
            Place::Directory { path: directory, .. } => {
                let mut file = File::open(directory.join(key)).await?;
                file.seek(io::SeekFrom::Start(start)).await?;
                Ok(Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK)))
            }
        }
    }

    /// Forgets a file.
    pub(crate) async fn remove(&self, key: &str) -> io::Result<()> {
        match &self.place {
            Place::Memory(held) => {
                held.lock().remove(key);
                Ok(())
            }
            Place::Directory { path: directory, .. } => fs::remove_file(directory.join(key)).await,
        }
    }
}

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

/// A file that is coming in.
pub(crate) enum Begun<'a> {
    Memory {
        held: &'a Mutex<FxHashMap<String, Bytes>>,
        key: String,
        bytes: BytesMut,
    },
    /// With the directory it is in where its name has to be durable too.
    File {
        file: File,
        key: String,
        unkept: Unkept,
        directory: Option<&'a Path>,
    },
}

impl Begun<'_> {
    /// The next bytes.
    pub(crate) async fn write(&mut self, more: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory { bytes, .. } => {
                bytes.extend_from_slice(more);
                Ok(())
            }
            Self::File { file, .. } => file.write_all(more).await,
        }
    }

    /// It is whole, and stays, under this key.
    pub(crate) async fn keep(self) -> io::Result<String> {
        match self {
            Self::Memory { held, key, bytes } => {
                held.lock().insert(key.clone(), bytes.freeze());
                Ok(key)
            }
            Self::File { mut file, key, mut unkept, directory } => {
                file.flush().await?;
                if let Some(directory) = directory {
                    file.sync_all().await?;
                    File::open(directory).await?.sync_all().await?;
                }
                unkept.0 = None;
                Ok(key)
            }
        }
    }
}

/// Where a file lies that goes unless it is kept.
pub(crate) struct Unkept(Option<PathBuf>);

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
    use axum::body::to_bytes;

    use super::*;

    async fn text(files: &Files, start: u64, length: u64) -> String {
        let body = files.read("k", start, length).await.unwrap();
        String::from_utf8(to_bytes(body, 100).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_is_kept_is_read_back_in_whole_and_in_part() {
        let directory = tempfile::tempdir().unwrap();
        for place in [None, Some(directory.path().join("new"))] {
            let files = Files::new(place, 100, true);
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
        for place in [None, Some(directory.path().to_owned())] {
            let files = Files::new(place, 100, true);
            let mut begun = files.begin(|| "k".to_owned()).await.unwrap();
            begun.write(b"hello").await.unwrap();
            drop(begun);
            assert_eq!(files.read("k", 0, 1).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_file_of_another_run_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        for key in ["1", "2"] {
            let files = Files::new(Some(directory.path().to_owned()), 100, false);
            let mut keys = 0;
            let next = || {
                keys += 1;
                keys.to_string()
            };
            let begun = files.begin(next).await.unwrap();
            assert_eq!(begun.keep().await.unwrap(), key);
        }
    }
}
