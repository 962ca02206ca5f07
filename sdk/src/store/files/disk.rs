//! The work on the disk, all of it blocking.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use super::OpenError;
use super::{names, sealed};
use crate::protocol::UserId;
use crate::store::Part;

/// How many untrusted files are kept of one document.
const BROKEN_KEPT: usize = 3;
const BROKEN: &str = "broken-";
const TEMPORARY: &str = "tmp-";
const LOCK: &str = "lock";

/// A directory with documents.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// The lock file as long as the store is open. Work holds it for reading, so closing waits for work under way.
    lock: RwLock<Option<Held>>,
    /// The documents that somebody is at, and for each the number of the latest call that has changed it.
    slots: Mutex<BTreeMap<PathBuf, Arc<Mutex<u64>>>>,
    numbers: AtomicU64,
    making: Mutex<()>,
}

/// The lock, until this is dropped.
///
/// Closing the file would not do: a process that is just being started from here has a copy of it until it begins to be
/// itself, and the last copy that is closed gives up the lock.
#[derive(Debug)]
pub(super) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = fs4::FileExt::unlock(&self.0) {
            tracing::warn!(%error, "a store is given up later than it could be");
        }
    }
}

/// A call's turn at a document.
pub(super) struct Turn {
    disk: Arc<Disk>,
    number: u64,
    slot: Arc<Mutex<u64>>,
    user: String,
    part: String,
    dir: PathBuf,
    name: String,
}

impl Disk {
    pub(super) fn open(root: &Path) -> Result<Self, OpenError> {
        let unusable = |why: io::Error| OpenError::Unusable { dir: root.to_owned(), why: why.to_string() };
        let root = std::path::absolute(root).map_err(unusable)?;
        make_dirs(&root).map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join(LOCK))
            .map_err(unusable)?;
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(fs4::TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(root.join(LOCK)).ok();
                return Err(OpenError::InUse { dir: root, process: holder.and_then(|id| id.parse().ok()) });
            }
            Err(fs4::TryLockError::Error(why)) => return Err(unusable(why)),
        }
        // Only for the message of whoever finds the store in use: it does not matter if it cannot be written.
        let _ = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
        sweep(&root);
        Ok(Self {
            root,
            lock: RwLock::new(Some(Held(lock))),
            slots: Mutex::default(),
            numbers: AtomicU64::new(1),
            making: Mutex::default(),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for work under way; what has not begun by then does nothing.
    pub(super) fn close(&self) {
        *self.lock.write() = None;
    }

    fn still_open(&self) -> Result<RwLockReadGuard<'_, Option<Held>>, String> {
        let lock = self.lock.read();
        if lock.is_some() { Ok(lock) } else { Err("the store was closed before".to_owned()) }
    }

    /// The parts that there are files of.
    pub(super) fn parts(&self, user: &UserId) -> Result<Vec<Part>, String> {
        let _open = self.still_open()?;
        let user = names::user(user);
        let dir = self.root.join(names::file_name(&user));
        let mut parts = Vec::new();
        for name in entries(&dir).map_err(|why| at(&dir, why))? {
            let part = if names::is_whole(&name) {
                names::part_of(&name)
            } else {
                part_in_file(&dir.join(&name), &user)
                    .filter(|part| names::file_name(&names::part(part)) == name)
            };
            parts.extend(part);
        }
        parts.sort();
        Ok(parts)
    }

    /// Takes a turn at a document, later than all turns taken before.
    pub(super) fn turn(self: &Arc<Self>, user: &UserId, part: &Part) -> Turn {
        let (user, part) = (names::user(user), names::part(part));
        let (dir, name) = (self.root.join(names::file_name(&user)), names::file_name(&part));
        let slot = self.slots.lock().entry(dir.join(&name)).or_default().clone();
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Turn { disk: self.clone(), number, slot, user, part, dir, name }
    }

    /// Makes a user's directory. Nobody else gets to use it before it is sure to outlast a power failure.
    fn make_user_dir(&self, dir: &Path) -> io::Result<()> {
        let _alone = self.making.lock();
        if dir.is_dir() {
            return Ok(());
        }
        make_dirs(dir)?;
        sync_dir(&self.root)
    }
}

impl Turn {
    pub(super) fn load(&self) -> Result<Option<Bytes>, String> {
        let _open = self.disk.still_open()?;
        let _alone = self.slot.lock();
        let file = self.file();
        let why = match read(&file) {
            Ok(found) => match sealed::open(found, &self.user, &self.part) {
                Ok(content) => return Ok(Some(content)),
                Err(why) => why,
            },
            Err(error) => match error.kind() {
                ErrorKind::NotFound => return Ok(None),
                ErrorKind::PermissionDenied | ErrorKind::IsADirectory => error.to_string(),
                // The file may be good: too many open files, a disk that is away.
                _ => return Err(at(&file, error)),
            },
        };
        self.move_away(&why)
            .map_err(|error| at(&file, format!("{why}; and it cannot be set aside: {error}")))?;
        Ok(None)
    }

    pub(super) fn save(&self, content: &[u8]) -> Result<(), String> {
        self.change(|turn| {
            turn.disk.make_user_dir(&turn.dir)?;
            if turn.file().is_dir() {
                turn.move_away("it is a directory")?;
            }
            let temporary = turn.dir.join(format!("{}.{TEMPORARY}{}", turn.name, turn.number));
            let line = sealed::line(&turn.user, &turn.part, content);
            let replaced = write(&temporary, line.as_bytes(), content)
                .and_then(|()| fs::rename(&temporary, turn.file()))
                .and_then(|()| sync_dir(&turn.dir));
            if replaced.is_err() {
                let _ = fs::remove_file(&temporary);
            }
            replaced
        })
    }

    pub(super) fn set_aside(&self, why: &str) -> Result<(), String> {
        self.change(|turn| if turn.file().exists() { turn.move_away(why) } else { Ok(()) })
    }

    pub(super) fn remove(&self) -> Result<(), String> {
        self.change(|turn| {
            let ours = |name: &str| {
                name.strip_prefix(&turn.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            for name in entries(&turn.dir)?.into_iter().filter(|name| ours(name)) {
                let file = turn.dir.join(name);
                // A directory is nothing that a store has made.
                if !file.is_dir() {
                    fs::remove_file(file)?;
                }
            }
            if turn.dir.is_dir() { sync_dir(&turn.dir) } else { Ok(()) }
        })
    }

    /// Changes the document, unless a later call has done so already.
    fn change(&self, change: impl FnOnce(&Self) -> io::Result<()>) -> Result<(), String> {
        let _open = self.disk.still_open()?;
        let mut latest = self.slot.lock();
        if self.number > *latest {
            change(self).map_err(|why| at(&self.file(), why))?;
            *latest = self.number;
        }
        Ok(())
    }

    /// Renames the document so that it is loaded no more, and drops the oldest of those before it.
    fn move_away(&self, why: &str) -> io::Result<()> {
        let prefix = format!("{}.{BROKEN}", self.name);
        let names = entries(&self.dir)?;
        let mut numbers: Vec<u64> =
            names.iter().filter_map(|n| n.strip_prefix(&prefix)?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.push(numbers.last().map_or(1, |last| last.saturating_add(1)));
        let place = |number: &u64| self.dir.join(format!("{prefix}{number}"));
        let aside = numbers.last().map(place).unwrap_or_default();
        fs::rename(self.file(), &aside)?;
        for number in &numbers[..numbers.len().saturating_sub(BROKEN_KEPT)] {
            let _ = fs::remove_file(place(number));
        }
        tracing::warn!(
            file = %self.file().display(), aside = %aside.display(),
            "a stored document is set aside, its content is fetched again: {why}"
        );
        sync_dir(&self.dir)
    }

    fn file(&self) -> PathBuf {
        self.dir.join(&self.name)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut slots = self.disk.slots.lock();
        // Copies are made under this lock only: if there are two, nobody else is at the document or waits for it.
        if Arc::strong_count(&self.slot) == 2 {
            slots.remove(&self.file());
        }
    }
}

/// What stood in the way, and where.
fn at(place: &Path, why: impl Display) -> String {
    format!("{}: {why}", place.display())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    // Opening what is no file may wait for ever, or tell nothing of why it fails.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is no file"));
    }
    fs::read(file)
}

fn write(file: &Path, line: &[u8], content: &[u8]) -> io::Result<()> {
    let mut file = File::create(file)?;
    file.write_all(line)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The part that the file says it holds.
fn part_in_file(file: &Path, user: &str) -> Option<Part> {
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?).read_until(b'\n', &mut line).ok()?;
    names::part_of(sealed::part_in(&line, user)?)
}

/// The names in a directory that are text; none if it is not there.
fn entries(dir: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(dir) {
        Ok(entries) => {
            let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
            names.filter_map(Result::transpose).collect()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Removes what saves that were cut off have left.
fn sweep(root: &Path) {
    let swept = entries(root).map(|names| {
        for dir in names.iter().map(|name| root.join(name)).filter(|dir| dir.is_dir()) {
            if let Err(why) = sweep_dir(&dir) {
                tracing::warn!(dir = %dir.display(), "what unfinished saves have left here stays: {why}");
            }
        }
    });
    if let Err(why) = swept {
        tracing::warn!(dir = %root.display(), "what unfinished saves have left here stays: {why}");
    }
}

fn sweep_dir(dir: &Path) -> io::Result<()> {
    let left_over = |name: &String| name.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(TEMPORARY));
    entries(dir)?.iter().filter(|name| left_over(name)).try_for_each(|name| fs::remove_file(dir.join(name)))
}

/// Makes a directory that nobody but its owner may look into.
fn make_dirs(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Makes renames in a directory outlast a power failure, where the system has that.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that this one is starting has copies of its files until it begins to be itself.
    #[test]
    fn a_copy_of_the_lock_file_holds_nothing_up() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path()).unwrap();
        let copy = disk.lock.read().as_ref().unwrap().0.try_clone().unwrap();
        assert!(Disk::open(directory.path()).is_err(), "it is in use");
        disk.close();
        assert!(Disk::open(directory.path()).is_ok(), "it was closed, whoever has a copy");
        drop(copy);
    }
}
