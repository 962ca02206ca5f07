//! A target's file: where somebody's server is, and what is known of it. `docs/conform-target.toml` has one of everything,
//! and is shown by `y2w conform --help`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use y2w_sdk::protocol::rest::GateData;

use super::need::Need;
use super::target::{Account, Target};
use crate::toml_file::{TomlFile, TomlFileError};
use crate::world::Remote;

/// A target as its file has it, checked.
pub struct TargetFile {
    /// The target.
    pub target: Target,
    /// Cases that may run beside each other; none where the file does not say.
    pub at_once: Option<usize>,
    /// The id of the run: the accounts of its users have it in their names.
    pub run: String,
}

const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    base_url: Spanned<String>,
    #[serde(default)]
    missing: BTreeSet<Need>,
    control: Option<Spanned<String>>,
    app: Option<AppFile>,
    #[serde(default)]
    push: PushFile,
    accounts: Option<Spanned<AccountsFile>>,
    second_app: Option<SecondApp>,
    #[serde(default)]
    speed: Speed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppFile {
    secret: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PushFile {
    gate: Option<Spanned<String>>,
    token: Option<Spanned<String>>,
    tcp: Option<String>,
    websocket: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondApp {
    base_url: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsFile {
    pattern: Option<String>,
    from: Option<u32>,
    to: Option<u32>,
    password: Option<String>,
    #[serde(default)]
    list: Vec<AccountFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountFile {
    account: String,
    password: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Speed {
    at_once: Option<Spanned<usize>>,
    requests_per_second: Option<Spanned<u32>>,
    #[serde(default, deserialize_with = "duration")]
    answer_within: Option<Duration>,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

impl TargetFile {
    /// Reads and checks a target's file. Nothing is asked yet.
    pub fn read(file: &Path) -> Result<Self, TomlFileError> {
        Self::of(&TomlFile::read(file)?)
    }

    fn of(file: &TomlFile) -> Result<Self, TomlFileError> {
        let content: File = file.parse()?;
        if *content.version.get_ref() != VERSION {
            let text = format!("version {} is not known: expected {VERSION}", content.version.get_ref());
            return Err(file.wrong_at(content.version.span().start, text));
        }
        let base_url = url(file, &content.base_url)?;
        let control = content.control.as_ref().map(|url_of| url(file, url_of)).transpose()?;
        let mut world = Remote::new(&base_url, control.as_deref(), 0)
            .map_err(|error| file.wrong_at(content.base_url.span().start, error))?;
        if let Some(second) = &content.second_app {
            world = world.with_neighbour(url(file, &second.base_url)?);
        }
        if let Some(rate) = &content.speed.requests_per_second {
            if *rate.get_ref() == 0 {
                return Err(file.wrong_at(rate.span().start, "expected at least 1 request a second"));
            }
            world = world.paced(*rate.get_ref());
        }
        let at_once = content.speed.at_once;
        if let Some(at_once) = at_once.as_ref().filter(|at_once| *at_once.get_ref() == 0) {
            return Err(file.wrong_at(at_once.span().start, "expected at least 1 case at a time"));
        }
        let run = world.run().to_owned();
        let mut target = Target::new(Arc::new(world), &base_url);
        target.missing = content.missing;
        // What the file cannot give, or does not, is not there.
        target.missing.extend([Need::Time, Need::Bar]);
        for (need, is_given) in [
            (Need::Control, control.is_some()),
            (Need::AppSecret, content.app.is_some()),
            (Need::SecondApp, content.second_app.is_some()),
        ] {
            if !is_given {
                target.missing.insert(need);
            }
        }
        target.secret = content.app.map(|app| app.secret);
        let PushFile { gate, token, tcp, websocket } = content.push;
        target.gate = gate.map(|gate| url(file, &gate)).transpose()?;
        target.token = token.map(|token| url(file, &token)).transpose()?;
        if let Some(place) = tcp.as_ref().or(websocket.as_ref()) {
            let url = websocket.clone().unwrap_or_else(|| place.clone());
            target.push = Some(GateData { region: String::new(), url, tcp: tcp.clone() });
        }
        if let Some(accounts) = content.accounts {
            let at = accounts.span().start;
            let list = accounts_of(accounts.into_inner()).map_err(|why| file.wrong_at(at, why))?;
            target.accounts = Some(Arc::new(Mutex::new(list)));
            target.missing.insert(Need::Registration);
        }
        if let Some(within) = content.speed.answer_within {
            target.deadline = within;
        }
        Ok(Self { target, at_once: at_once.map(Spanned::into_inner), run })
    }
}

/// An address of HTTP, without the slash at its end.
fn url(file: &TomlFile, url: &Spanned<String>) -> Result<String, TomlFileError> {
    let text = url.get_ref().trim_end_matches('/');
    let is_one = text.parse::<http::Uri>().is_ok_and(|uri| {
        uri.host().is_some_and(|host| !host.is_empty()) && matches!(uri.scheme_str(), Some("http" | "https"))
    });
    if is_one {
        return Ok(text.to_owned());
    }
    let text = format!("{:?} is no address: expected one as http://127.0.0.1:8080", url.get_ref());
    Err(file.wrong_at(url.span().start, text))
}

/// The accounts of a list and a pattern; the first is the last to be taken.
fn accounts_of(file: AccountsFile) -> Result<Vec<Account>, String> {
    let mut accounts: Vec<Account> =
        file.list.into_iter().map(|one| Account { account: one.account, password: one.password }).collect();
    match (file.pattern, file.password, file.from, file.to) {
        (None, None, None, None) if !accounts.is_empty() => (),
        (Some(pattern), Some(password), from, Some(to)) if pattern.contains("{i}") => {
            let numbers = from.unwrap_or(1)..=to;
            accounts.extend(numbers.map(|n| Account {
                account: pattern.replace("{i}", &n.to_string()),
                password: password.clone(),
            }));
        }
        _ => {
            let expected =
                "expected a `list` of { account, password }, or a `pattern` with {i}, a `password` and `to`";
            return Err(expected.to_owned());
        }
    }
    accounts.reverse();
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TargetFile, String> {
        TargetFile::of(&TomlFile::new("target.toml", text)).map_err(|error| error.to_string())
    }

    fn error(text: &str) -> String {
        read(text).err().unwrap_or_default()
    }

    #[test]
    fn the_example_is_one() {
        let text = include_str!("../../../docs/conform-target.toml");
        let file = read(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.target.accounts.map(|accounts| accounts.lock().len()), Some(3000));
    }

    #[test]
    fn a_target_is_read_with_all_that_is_known_of_it() {
        let file = read(
            "version = 1\nbase_url = \"https://im.example/\"\nmissing = [\"file-dedup\"]\n[app]\nsecret = \"s\"\n\
             [push]\ngate = \"https://gate.example\"\ntcp = \"push.example:1883\"\n\
             [accounts]\npattern = \"t{i}@x\"\nto = 3\npassword = \"p\"\n\
             [speed]\nat_once = 4\nrequests_per_second = 50\nanswer_within = \"2s\"\n",
        );
        let TargetFile { target, at_once, .. } = file.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (at_once, target.name(), target.deadline),
            (Some(4), "https://im.example", Duration::from_secs(2))
        );
        let missing =
            [Need::Registration, Need::SecondApp, Need::Control, Need::Bar, Need::Time, Need::FileDedup];
        assert_eq!(*target.missing(), BTreeSet::from(missing));
        assert_eq!(target.gate.as_deref(), Some("https://gate.example"));
        assert_eq!(target.push.as_ref().and_then(|push| push.tcp.as_deref()), Some("push.example:1883"));
        let accounts = target.accounts.as_ref().map(|accounts| accounts.lock().clone()).unwrap_or_default();
        let names: Vec<&str> = accounts.iter().map(|account| &*account.account).collect();
        assert_eq!(names, ["t3@x", "t2@x", "t1@x"]);
    }

    #[test]
    fn a_broken_file_says_where_and_what_was_expected() {
        assert_eq!(
            error("version = 2\nbase_url = \"\"\n"),
            "target.toml:1:11: version 2 is not known: expected 1"
        );
        assert_eq!(
            error("version = 1\nbase_url = \"im.example\"\n"),
            "target.toml:2:12: \"im.example\" is no address: expected one as http://127.0.0.1:8080"
        );
        let with = |more: &str| error(&format!("version = 1\nbase_url = \"http://im.example\"\n{more}\n"));
        assert!(
            with("missing = [\"tea\"]")
                .starts_with("target.toml:3:12: unknown variant `tea`, expected one of `push`")
        );
        assert!(with("bas_url = 1").starts_with("target.toml:3:1: unknown field `bas_url`"));
        assert_eq!(with("[speed]\nat_once = 0"), "target.toml:4:11: expected at least 1 case at a time");
        assert!(
            with("[accounts]\npattern = \"t\"\npassword = \"p\"\nto = 3").contains("a `pattern` with {i}")
        );
        assert!(with("[speed]\nanswer_within = \"soon\"").starts_with("target.toml:4:17: "));
    }
}
