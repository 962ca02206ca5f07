//! The command is killed in the middle of its work, again and again: every write that was answered is there afterwards,
//! and nothing that carried an idempotency key is there twice.
//!
//! `Y2W_CRASH_ROUNDS` says how often; `Y2W_CRASH_SEED` which moments.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Api, Call, Person, group};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// The command, until it is killed.
struct Process {
    child: Mutex<Child>,
    url: String,
    // Kept open: the command writes to it.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(data: &Path) -> Self {
        let any = "127.0.0.1:0";
        let mut child = Command::new(env!("CARGO_BIN_EXE_y2w-mock-server"))
            .args(["--http", any, "--push", any, "--ws", any, "--fast-hash", "--seed", "7"])
            // Small, so that many a round has a snapshot.
            .args(["--snapshot-from", "20000", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().expect("the command serves").to_owned();
        Self { child: Mutex::new(child), url, _stdout: stdout }
    }

    fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One who writes, and what the server has said to it.
struct Writer {
    person: Person,
    /// In which session it talks.
    session: String,
    /// The entry that it retitles.
    contact: String,
    next: u64,
    /// A message without an answer.
    pending: Option<u64>,
    /// Answered messages by number, with their ids.
    stored: FxHashMap<u64, String>,
    /// Answered groups: id and name.
    groups: Vec<(String, String)>,
    /// The last title that was answered, and the last that was tried.
    titled: (u64, u64),
}

impl Writer {
    fn message(&self, api: &Api, number: u64) -> Call {
        let content = json!({ "text": format!("{} {number}", self.person.name) }).to_string();
        let form = [("sender", &*self.person.uid), ("content", &content), ("type", "text")];
        let key = format!("{} {number}", self.person.name);
        let path = format!("/v1/sessions/{}/messages", self.session);
        api.post(&path, &form).by(&self.person).header("idempotency-key", &key)
    }

    fn was_stored(&mut self, number: u64, answer: Answer) {
        let id = answer.ok()["id"].as_str().unwrap().to_owned();
        self.pending = None;
        assert_eq!(self.stored.insert(number, id), None);
    }

    /// Sends again what got no answer, under the same key.
    async fn resume(&mut self, api: &Api) {
        if let Some(number) = self.pending {
            let answer = self.message(api, number).send().await;
            self.was_stored(number, answer);
        }
    }

    /// Writes one thing; `None` if the server is gone.
    async fn write(&mut self, api: &Api) -> Option<()> {
        self.next += 1;
        let number = self.next;
        match number % 8 {
            0 => {
                let name = format!("group {number} of {}", self.person.name);
                let form = [("type", "group"), ("name", &*name), ("secureType", "public"), ("avatarUrl", "")];
                let answer = api.post("/v1/sessions", &form).by(&self.person).attempt().await.ok()?.ok();
                self.groups.push((answer["id"].as_str().unwrap().to_owned(), name));
            }
            4 => {
                self.titled.1 = number;
                let path = format!("/v1/users/{}/contacts/{}", self.person.uid, self.contact);
                let title = number.to_string();
                api.put(&path, &[("title", &title)]).by(&self.person).attempt().await.ok()?.ok();
                self.titled.0 = number;
            }
            _ => {
                self.pending = Some(number);
                let answer = self.message(api, number).attempt().await.ok()?;
                self.was_stored(number, answer);
            }
        }
        Some(())
    }

    async fn get(&self, api: &Api, path: &str) -> Value {
        api.get(path).by(&self.person).send().await.ok()
    }

    /// Whether its contact is as it was answered, and the groups from `since` on are there.
    async fn check(&self, api: &Api, since: usize) {
        let path = format!("/v1/users/{}/contacts/{}", self.person.uid, self.contact);
        let title = self.get(api, &path).await["title"].as_str().unwrap().parse().unwrap_or(0);
        let (answered, tried) = self.titled;
        assert!((answered..=tried).contains(&title), "{title} is not from {answered} to {tried}");
        for (id, name) in &self.groups[since..] {
            let session = self.get(api, &format!("/v1/sessions/{id}")).await;
            assert_eq!(session["name"], **name);
        }
    }
}

async fn writer(api: &Api, n: usize) -> Writer {
    let (person, friend) = (api.register(&format!("writer{n}")).await, api.register(&format!("f{n}")).await);
    let form = [("userId", &*friend.uid), ("name", "friend"), ("avatarUrl", "")];
    let path = format!("/v1/users/{}/contacts", person.uid);
    let contact = api.post(&path, &form).by(&person).send().await.ok();
    Writer {
        session: String::new(),
        contact: contact["id"].as_str().unwrap().to_owned(),
        person,
        next: 0,
        pending: None,
        stored: FxHashMap::default(),
        groups: Vec::new(),
        titled: (0, 0),
    }
}

/// The messages of the session from a watermark on: text and id, in order. Moves the watermark.
async fn synced(api: &Api, by: &Writer, since: &mut String) -> Vec<(String, String)> {
    let mut all = Vec::new();
    loop {
        let path = format!("/v1/sessions/{}/messages?limit=1000", by.session);
        let page = api.get(&path).by(&by.person).since(since).send().await.ok();
        let entries = page["entries"].as_array().unwrap();
        let Some(last) = entries.last() else {
            return all;
        };
        last["updatedAt"].as_str().unwrap().clone_into(since);
        for entry in entries.iter().filter(|entry| entry["type"] == "text") {
            let content: Value = serde_json::from_str(entry["content"].as_str().unwrap()).unwrap();
            let text = content["text"].as_str().unwrap().to_owned();
            all.push((text, entry["id"].as_str().unwrap().to_owned()));
        }
    }
}

/// Each answered message is there once, under the id that was answered; of the others there is none.
fn check_messages(found: &[(String, String)], writers: &[Writer]) {
    let mut by_text = FxHashMap::default();
    for (text, id) in found {
        assert_eq!(by_text.insert(&**text, &**id), None, "{text} is there twice");
    }
    let mut answered = 0;
    for writer in writers {
        for (number, id) in &writer.stored {
            let text = format!("{} {number}", writer.person.name);
            assert_eq!(by_text.get(&*text), Some(&&**id), "{text} is there no more");
            answered += 1;
        }
    }
    assert_eq!(found.len(), answered, "each has been sent again until it was answered");
}

#[tokio::test]
async fn what_was_answered_survives_every_kill() {
    let (rounds, seed) = (setting("Y2W_CRASH_ROUNDS", 12), setting("Y2W_CRASH_SEED", 1));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let data = TempDir::new().unwrap();
    let mut process = Process::start(data.path());
    let api = Api::at(process.url.clone());
    let mut writers = join_all((0..8).map(|n| writer(&api, n))).await;
    let all: Vec<&Person> = writers[1..].iter().map(|writer| &writer.person).collect();
    let session = group(&api, &writers[0].person, &all).await;
    for writer in &mut writers {
        writer.session.clone_from(&session);
    }
    let (mut watermark, mut found) = (String::from("0"), Vec::new());
    for round in 1..=rounds {
        // Round by round what is new; all of it in the end.
        let groups: Vec<usize> = writers.iter().map(|writer| writer.groups.len()).collect();
        let api = Api::at(process.url.clone());
        let left = AtomicU64::new(1 + random.next_u64() % 100);
        join_all(writers.iter_mut().map(async |writer| {
            while writer.write(&api).await.is_some() {
                // The one that brings it to nothing kills; the others are anywhere in their requests.
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    process.kill();
                }
            }
        }))
        .await;
        process = Process::start(data.path());
        let api = Api::at(process.url.clone());
        join_all(writers.iter_mut().map(|writer| writer.resume(&api))).await;
        for (writer, since) in writers.iter().zip(groups) {
            writer.check(&api, since).await;
        }
        found.append(&mut synced(&api, &writers[0], &mut watermark).await);
        check_messages(&found, &writers);
        if round == rounds {
            assert_eq!(synced(&api, &writers[0], &mut String::from("0")).await, found);
            join_all(writers.iter().map(|writer| writer.check(&api, 0))).await;
        }
    }
    println!("{rounds} kills, {} messages, seed {seed}", found.len());
}
