//! Histograms in files that other HDR tools read: interval logs, format 1.3, compressed histograms, a tag for each
//! metric. Values are microseconds.
//!
//! Two files of a run: the intervals of every latency, for a picture over time; and the whole run's histogram of each
//! route. Reading them back and adding gives exactly what was measured ([`read`]), which is how runs in several processes
//! are put together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::histogram;
use super::log::Packed;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", .file.display())]
pub struct HlogError {
    file: PathBuf,
    why: String,
}

/// One histogram of a log.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::load) struct Entry {
    /// Which metric.
    pub(in crate::load) tag: String,
    /// When its interval began, since the run did.
    pub(in crate::load) start: Duration,
    /// How long the interval was.
    pub(in crate::load) length: Duration,
    /// What was measured, in microseconds; something.
    pub(in crate::load) samples: Packed,
}

/// Writes a log: what it holds, when its time 0 was, in seconds since 1970, and its entries in order.
pub(in crate::load) fn write(
    file: &Path,
    comment: &str,
    began_s: f64,
    entries: &[Entry],
) -> Result<(), HlogError> {
    let wrong = |why: String| HlogError { file: file.to_owned(), why };
    let mut out = BufWriter::new(File::create(file).map_err(|e| wrong(e.to_string()))?);
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(began_s.max(0.0));
    builder.add_comment(comment).with_start_time(began).with_base_time(began);
    let mut log = builder.begin_log_with(&mut out, &mut serializer).map_err(|e| wrong(e.to_string()))?;
    for Entry { tag, start, length, samples } in entries {
        let tag = Tag::new(tag).ok_or_else(|| wrong(format!("`{tag}` is no tag")))?;
        // The last column is the greatest value; values are written as they are.
        let written = log.write_histogram(&samples.histogram(), *start, *length, Some(tag));
        written.map_err(|e| wrong(format!("{e:?}")))?;
    }
    drop(log);
    out.flush().map_err(|e| wrong(e.to_string()))
}

/// Reads a log that [`write`] wrote.
pub(in crate::load) fn read(file: &Path) -> Result<Vec<Entry>, HlogError> {
    let wrong = |why: String| HlogError { file: file.to_owned(), why };
    let text = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let mut entries = Vec::new();
    let mut deserializer = Deserializer::new();
    for entry in IntervalLogIterator::new(&text) {
        let entry = entry.map_err(|e| wrong(format!("this is no interval log of histograms ({e:?})")))?;
        let LogEntry::Interval(interval) = entry else {
            continue;
        };
        entries.push(one(&interval, &mut deserializer).map_err(&wrong)?);
    }
    Ok(entries)
}

fn one(interval: &IntervalLogHistogram<'_>, deserializer: &mut Deserializer) -> Result<Entry, String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(interval.encoded_histogram())
        .map_err(|e| format!("a histogram is no base64: {e}"))?;
    let read: Histogram<u64> = deserializer
        .deserialize(&mut bytes.as_slice())
        .map_err(|e| format!("a histogram cannot be read: {e}"))?;
    // What is read has the bounds that its values need; all of ours have the same.
    let mut histogram = histogram();
    histogram.add(&read).map_err(|e| format!("a histogram has values that do not fit: {e}"))?;
    Ok(Entry {
        tag: interval.tag().map_or_else(String::new, |tag| tag.as_str().to_owned()),
        start: interval.start_timestamp(),
        length: interval.duration(),
        samples: Packed::of(&histogram),
    })
}

/// The sum of each tag's histograms.
pub(in crate::load) fn sums(entries: &[Entry]) -> BTreeMap<String, Histogram<u64>> {
    let mut sums = BTreeMap::new();
    for entry in entries {
        entry.samples.add_to(sums.entry(entry.tag.clone()).or_insert_with(histogram));
    }
    sums
}

/// A name as a tag may be: without commas, spaces and line ends.
pub(in crate::load) fn tag(name: &str) -> String {
    name.chars().map(|c| if c == ',' || c.is_whitespace() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: &str, second: u64, samples: &[u64]) -> Entry {
        let mut histogram = histogram();
        samples.iter().for_each(|s| histogram.record(*s).unwrap());
        Entry {
            tag: tag.to_owned(),
            start: Duration::from_secs(second),
            length: Duration::from_secs(1),
            samples: Packed::of(&histogram),
        }
    }

    #[test]
    fn what_was_written_is_read_and_adds_up_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("latency.hlog");
        let entries = [
            entry("send_synced", 0, &[1, 900, 120_000_000]),
            entry("send_synced", 1, &[900, 5_000]),
            entry("GET_/v1/users/{user}", 1, &[77]),
        ];
        write(&file, "microseconds", 1_479_974_400.0, &entries).unwrap();
        let read = read(&file).unwrap();
        assert_eq!(read, entries);
        let sums = sums(&read);
        assert_eq!((sums["send_synced"].len(), sums["GET_/v1/users/{user}"].len()), (5, 1));
    }

    #[test]
    fn the_file_is_an_interval_log_as_other_tools_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("latency.hlog");
        write(&file, "microseconds", 1_479_974_400.0, &[entry("login", 0, &[7])]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "#microseconds");
        assert!(text.contains("#[StartTime: 1479974400"), "{text}");
        // Compressed histograms begin with a cookie that is `HIST` in base64.
        assert!(lines.last().unwrap().starts_with("Tag=login,0.000,1.000,"), "{text}");
        assert!(lines.last().unwrap().contains(",HIST"), "{text}");
    }

    #[test]
    fn a_file_that_is_none_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("latency.hlog");
        std::fs::write(&file, "0.0,1.0,2.0,!!!\n").unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("latency.hlog"), "{error}");
        assert!(read(&dir.path().join("none.hlog")).is_err());
    }
}
