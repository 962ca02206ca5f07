//! Attachments: files in, and out again in whole or in part. Part 11.

use http::Method;
use http::header::RANGE;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::refusals::is_shaped;
use super::upload::{self, file};

pub(super) const CASES: &[Case] = &[
    Case::new("attachments.an-upload-gives-the-attachment", &["FILE-UPLOAD"], |lab| {
        Box::pin(upload_gives(lab))
    }),
    Case::new("attachments.what-is-known-of-a-file-is-told-to-all", &["FILE-INFO", "FILE-UPLOAD"], |lab| {
        Box::pin(info(lab))
    }),
    Case::new("attachments.what-goes-in-comes-out", &["FILE-CONTENT", "FILE-UPLOAD"], |lab| {
        Box::pin(in_and_out(lab))
    }),
    Case::new("attachments.every-byte-goes-through", &["FILE-CONTENT", "FILE-UPLOAD"], |lab| {
        Box::pin(every_byte(lab))
    }),
    Case::new("attachments.an-empty-file", &["FILE-CONTENT", "FILE-UPLOAD", "FILE-INFO"], |lab| {
        Box::pin(empty(lab))
    }),
    Case::new("attachments.a-file-of-1-mib", &["FILE-SIZE-MAX", "FILE-CONTENT"], |lab| Box::pin(large(lab))),
    Case::new("attachments.files-are-kept-apart", &["FILE-CONTENT", "FILE-UPLOAD"], |lab| {
        Box::pin(kept_apart(lab))
    }),
    Case::new("attachments.uploads-at-once-are-kept-apart", &["FILE-CONTENT", "FILE-UPLOAD"], |lab| {
        Box::pin(at_once(lab))
    }),
    Case::new("attachments.content-under-any-name", &["FILE-CONTENT-NAME", "FILE-CONTENT"], |lab| {
        Box::pin(any_name(lab))
    }),
    Case::new("attachments.content-keeps-its-type", &["FILE-CONTENT-TYPE", "FILE-CONTENT"], |lab| {
        Box::pin(content_type(lab))
    }),
    Case::new("attachments.content-is-not-guessed-at", &["FILE-CONTENT-TYPE", "FILE-CONTENT"], |lab| {
        Box::pin(nosniff(lab))
    }),
    Case::new(
        "attachments.a-name-is-no-path",
        &["FILE-NAME-NO-PATH", "FILE-CONTENT", "FILE-UPLOAD"],
        |lab| Box::pin(no_path(lab)),
    ),
    Case::new("attachments.a-name-in-the-path-is-no-path", &["FILE-CONTENT-NAME", "FILE-CONTENT"], |lab| {
        Box::pin(no_path_out(lab))
    }),
    Case::new(
        "attachments.one-name-is-two-files",
        &["FILE-NAME-NO-PATH", "FILE-CONTENT", "FILE-UPLOAD"],
        |lab| Box::pin(one_name(lab)),
    ),
    Case::new("attachments.a-part-of-a-file", &["FILE-RANGE", "FILE-CONTENT"], |lab| Box::pin(range(lab))),
    Case::new(
        "attachments.a-part-that-a-file-has-not",
        &["FILE-RANGE", "API-ERROR-SHAPE", "FILE-CONTENT"],
        |lab| Box::pin(range_outside(lab)),
    ),
];

/// What is left out of this area, and why.
pub(super) const UNTESTED: &[(&str, &str)] = &[(
    "FILE-NO-ROOM",
    "a server would have to be filled up, on which others are: what its operator does, and not who tests it",
)];

pub(super) const HELLO: &[u8] = b"hello";

pub(super) async fn uploaded(lab: &Lab, by: &Person, form: &[u8]) -> Result<Answer, Stop> {
    lab.uploading(by, form).send().await?.done(lab, "FILE-UPLOAD")
}

fn content<'a>(lab: &'a Lab, by: &Person, file: &str) -> Ask<'a> {
    lab.ask(Method::GET, fill(path::ATTACHMENT_CONTENT, &[file])).by(by)
}

/// An answer holds exactly these bytes.
fn holds(lab: &Lab, rule: &'static str, answer: &Answer, bytes: &[u8]) -> Result<(), Stop> {
    let same = answer.body == bytes;
    let at = answer.body.iter().zip(bytes).position(|(got, sent)| got != sent);
    let at = at.map_or_else(String::new, |at| format!(", the first other one at {at}"));
    let expected = format!("{} is answered with the {} bytes that were uploaded", answer.what, bytes.len());
    let actual = format!("{} bytes{at}", answer.body.len());
    lab.check(rule, same, expected, actual)
}

pub(super) async fn has_content(lab: &Lab, by: &Person, file: &str, bytes: &[u8]) -> Result<Answer, Stop> {
    let answer = content(lab, by, file).send().await?.done(lab, "FILE-CONTENT")?;
    holds(lab, "FILE-CONTENT", &answer, bytes)?;
    Ok(answer)
}

pub(super) fn is_attachment(lab: &Lab, rule: &'static str, answer: &Answer) -> Result<(), Stop> {
    for name in ["id", "fileName", "md5", "createdAt", "updatedAt"] {
        let there = answer.json[name].as_str().is_some_and(|text| !text.is_empty());
        lab.check(rule, there, format!("`{name}` is a string and not empty"), answer.said())?;
    }
    lab.check(rule, answer.json["isDelete"] == false, "`isDelete` is false", answer.said())
}

async fn upload_gives(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let text = lab.account("text");
    let stored = uploaded(lab, &ann, &upload::text("plan.txt", &text)).await?;
    is_attachment(lab, "FILE-UPLOAD", &stored)?;
    let named = stored.json["fileName"] == "plan.txt";
    lab.check("FILE-UPLOAD", named, "`fileName` is plan.txt", stored.said())?;
    let sum = stored.text("/md5").is_some_and(|sum| sum.to_lowercase() == password_md5(&text));
    lab.check(
        "FILE-UPLOAD",
        sum,
        format!("`md5` is that of the file, {}", password_md5(&text)),
        stored.said(),
    )
}

async fn info(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let stored = uploaded(lab, &ann, &upload::text("plan.txt", "plan")).await?;
    for reader in [&ann, &bob] {
        let path = fill(path::ATTACHMENT, &[&id(&stored.json)?]);
        let info = lab.ask(Method::GET, path).by(reader).send().await?;
        if reader.uid != ann.uid && !info.is_done() {
            // Who else may see it is not settled.
            continue;
        }
        let info = info.done(lab, "FILE-INFO")?;
        is_attachment(lab, "FILE-INFO", &info)?;
        let expected = format!("it is the object that the upload gave: {}", stored.said());
        lab.check("FILE-INFO", info.json == stored.json, expected, info.said())?;
    }
    Ok(())
}

async fn in_and_out(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for text in ["hello", "\r\n", "--\r\n\r\n----", "\r\n----frontie", "例君\0"] {
        let stored = uploaded(lab, &ann, &upload::text("a.txt", text)).await?;
        has_content(lab, &ann, &id(&stored.json)?, text.as_bytes()).await?;
    }
    Ok(())
}

async fn every_byte(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    let stored = uploaded(lab, &ann, &file("a.bin", Some("application/octet-stream"), &bytes)).await?;
    has_content(lab, &ann, &id(&stored.json)?, &bytes).await.map(drop)
}

async fn empty(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let stored = uploaded(lab, &ann, &upload::text("a.txt", "")).await?;
    let info = lab.ask(Method::GET, fill(path::ATTACHMENT, &[&id(&stored.json)?])).by(&ann).send().await?;
    is_attachment(lab, "FILE-INFO", &info.done(lab, "FILE-INFO")?)?;
    has_content(lab, &ann, &id(&stored.json)?, b"").await.map(drop)
}

async fn large(lab: &Lab) -> Result<(), Stop> {
    const SIZE: usize = 1024 * 1024;
    let ann = lab.person("ann").await?;
    let bytes: Vec<u8> = b"0123456789abcdefghijklmnopqrstu".iter().copied().cycle().take(SIZE).collect();
    let stored = lab.uploading(&ann, &file("a.bin", None, &bytes)).send().await?;
    let stored = stored.done(lab, "FILE-SIZE-MAX")?;
    has_content(lab, &ann, &id(&stored.json)?, &bytes).await.map(drop)
}

async fn kept_apart(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut files = Vec::new();
    for text in ["one", "two", "three"] {
        files.push((id(&uploaded(lab, &ann, &upload::text(text, text)).await?.json)?, text));
    }
    for (file, text) in &files {
        has_content(lab, &ann, file, text.as_bytes()).await?;
    }
    Ok(())
}

async fn at_once(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let forms: Vec<(String, Vec<u8>)> =
        (0..6).map(|n| (format!("file {n}"), upload::text("a.txt", &format!("file {n}")))).collect();
    let uploads = forms.iter().map(|(_, form)| lab.uploading(&ann, form).send());
    let stored = futures_util::future::try_join_all(uploads).await?;
    for ((text, _), stored) in forms.iter().zip(stored) {
        let stored = stored.done(lab, "FILE-UPLOAD")?;
        has_content(lab, &ann, &id(&stored.json)?, text.as_bytes()).await?;
    }
    Ok(())
}

async fn any_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let stored = lab.upload(&ann, &file("a.txt", Some("text/plain"), HELLO)).await?;
    let stored = id(&stored)?;
    for name in ["a.txt", "b.exe", "no name", "例君.png", "a?b&c=d", "%"] {
        let path = fill(path::ATTACHMENT_CONTENT_NAME, &[&stored, name]);
        let answer = lab.ask(Method::GET, path).by(&ann).send().await?.done(lab, "FILE-CONTENT-NAME")?;
        holds(lab, "FILE-CONTENT-NAME", &answer, HELLO)?;
    }
    has_content(lab, &ann, &stored, HELLO).await.map(drop)
}

async fn content_type(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for kind in ["image/png", "text/plain", "application/vnd.example+json"] {
        let stored = lab.upload(&ann, &file("a", Some(kind), HELLO)).await?;
        let answer = has_content(lab, &ann, &id(&stored)?, HELLO).await?;
        let given = answer.header("content-type").unwrap_or_default();
        let expected = format!("the content has the Content-Type of its upload, {kind}");
        lab.check("FILE-CONTENT-TYPE", given.starts_with(kind), expected, given)?;
    }
    Ok(())
}

async fn nosniff(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let page = b"<script>alert(1)</script>";
    for kind in [Some("text/plain"), Some("text/html"), None] {
        let stored = lab.upload(&ann, &file("a.txt", kind, page)).await?;
        let answer = has_content(lab, &ann, &id(&stored)?, page).await?;
        let given = answer.header("x-content-type-options").unwrap_or_default();
        let expected = "the content has X-Content-Type-Options: nosniff";
        lab.check("FILE-CONTENT-TYPE", given.eq_ignore_ascii_case("nosniff"), expected, given)?;
    }
    Ok(())
}

async fn no_path(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut files = Vec::new();
    for name in ["../../../../etc/passwd", "/etc/passwd", "..", "C:\\windows\\system.ini", "a/../../b", "con"]
    {
        let text = lab.account(name);
        let stored = uploaded(lab, &ann, &upload::text(name, &text)).await?;
        is_attachment(lab, "FILE-NAME-NO-PATH", &stored)?;
        files.push((id(&stored.json)?, text));
    }
    for (file, text) in &files {
        has_content(lab, &ann, file, text.as_bytes()).await?;
    }
    Ok(())
}

async fn no_path_out(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let (one, other) = (lab.account("one"), lab.account("other"));
    let file = id(&lab.upload(&ann, &upload::text("a.txt", &one)).await?)?;
    let beside = id(&lab.upload(&ann, &upload::text("b.txt", &other)).await?)?;
    for name in
        ["../../etc/passwd", "/etc/passwd", &format!("../../{beside}/content"), "..%2f..%2fetc%2fpasswd"]
    {
        let path = fill(path::ATTACHMENT_CONTENT_NAME, &[&file, name]);
        let answer = lab.ask(Method::GET, path).by(&ann).send().await?.done(lab, "FILE-CONTENT-NAME")?;
        holds(lab, "FILE-CONTENT-NAME", &answer, one.as_bytes())?;
    }
    has_content(lab, &ann, &beside, other.as_bytes()).await.map(drop)
}

async fn one_name(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let of_ann = uploaded(lab, &ann, &upload::text("a.txt", "of ann")).await?;
    let of_bob = uploaded(lab, &bob, &upload::text("a.txt", "of bob")).await?;
    let two = id(&of_ann.json)? != id(&of_bob.json)?;
    lab.check("FILE-NAME-NO-PATH", two, format!("it is another file than {}", of_ann.said()), of_bob.said())?;
    for (by, stored, text) in [(&ann, &of_ann, "of ann"), (&bob, &of_bob, "of bob")] {
        let answer = content(lab, by, &id(&stored.json)?).send().await?.done(lab, "FILE-CONTENT")?;
        holds(lab, "FILE-NAME-NO-PATH", &answer, text.as_bytes())?;
    }
    Ok(())
}

async fn range(lab: &Lab) -> Result<(), Stop> {
    const DIGITS: &[u8] = b"0123456789";
    let ann = lab.person("ann").await?;
    let stored = id(&lab.upload(&ann, &file("a.txt", None, DIGITS)).await?)?;
    has_content(lab, &ann, &stored, DIGITS).await?;
    for (asked, first, last) in
        [("bytes=2-4", 2, 4), ("bytes=7-", 7, 9), ("bytes=-1", 9, 9), ("bytes=0-99", 0, 9)]
    {
        let answer = content(lab, &ann, &stored).header(RANGE, asked).send().await?;
        if answer.status != 206 {
            let answer = answer.done(lab, "FILE-CONTENT")?;
            holds(lab, "FILE-CONTENT", &answer, DIGITS)?;
            return Err(lab.lacks(Need::FileRange, format!("{asked}: {}", answer.said())));
        }
        let place = answer.header("content-range").map(str::to_owned);
        let right = place.as_deref() == Some(&*format!("bytes {first}-{last}/10"));
        let expected = format!("the answer to {asked} says bytes {first}-{last}/10 and holds these");
        lab.check(
            "FILE-CONTENT",
            right && answer.body == DIGITS[first..=last],
            expected,
            format!("{}  {}", place.as_deref().unwrap_or("no Content-Range"), answer.said()),
        )?;
    }
    Ok(())
}

async fn range_outside(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let stored = id(&lab.upload(&ann, &file("a.txt", None, HELLO)).await?)?;
    let answer = content(lab, &ann, &stored).header(RANGE, "bytes=5-").send().await?;
    has_content(lab, &ann, &stored, HELLO).await?;
    if answer.is_done() {
        holds(lab, "FILE-CONTENT", &answer, HELLO)?;
        return Err(lab.lacks(Need::FileRange, answer.said()));
    }
    is_shaped(lab, &answer)?;
    let refused = answer.status == 416;
    let expected = "a part that the file has not is refused with 416, or the whole is given";
    lab.check("FILE-CONTENT", refused, expected, answer.said())
}
