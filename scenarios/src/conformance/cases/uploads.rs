//! Uploads of files: the form that they come in, and the sum beside it. Part 11.

use http::{HeaderName, Method};
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{CONTENT_MD5, path};

use super::super::ask::Ask;
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::attachments::{HELLO, has_content, is_attachment, uploaded};
use super::refusals::is_shaped;
use super::upload::{self, file, form, part};

pub(super) const CASES: &[Case] = &[
    Case::new("attachments.the-field-is-called-anything", &["FILE-FIELD", "FILE-CONTENT"], |lab| {
        Box::pin(any_field(lab))
    }),
    Case::new("attachments.texts-beside-the-file-are-left-aside", &["FILE-FIELD", "FILE-CONTENT"], |lab| {
        Box::pin(other_fields(lab))
    }),
    Case::new(
        "attachments.a-form-without-a-file",
        &["FILE-FIELD", "API-ERROR-SHAPE", "FILE-UPLOAD"],
        |lab| Box::pin(no_file(lab)),
    ),
    Case::new(
        "attachments.a-form-with-two-files",
        &["FILE-FIELD", "API-ERROR-SHAPE", "FILE-UPLOAD"],
        |lab| Box::pin(two_files(lab)),
    ),
    Case::new("attachments.what-is-no-form", &["API-BAD-REQUEST", "API-ERROR-SHAPE", "FILE-UPLOAD"], |lab| {
        Box::pin(no_form(lab))
    }),
    Case::new(
        "attachments.a-form-that-breaks-off",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "FILE-UPLOAD"],
        |lab| Box::pin(breaks_off(lab)),
    ),
    Case::new("attachments.a-sum-in-hexadecimal", &["FILE-MD5-FORMS", "FILE-CONTENT"], |lab| {
        Box::pin(sum_in_hex(lab))
    }),
    Case::new("attachments.a-sum-in-base64", &["FILE-MD5-FORMS", "FILE-CONTENT"], |lab| {
        Box::pin(sum_in_base64(lab))
    }),
    Case::new("attachments.a-wrong-sum", &["FILE-MD5", "API-ERROR-SHAPE", "FILE-UPLOAD"], |lab| {
        Box::pin(wrong_sum(lab))
    }),
    Case::new(
        "attachments.a-sum-that-is-none",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "FILE-UPLOAD"],
        |lab| Box::pin(no_sum(lab)),
    ),
    Case::new("attachments.a-sum-that-is-known", &["FILE-DEDUP", "FILE-CONTENT", "FILE-UPLOAD"], |lab| {
        Box::pin(known_sum(lab))
    }),
];

const HELLO_HEX: &str = "5d41402abc4b2a76b9719d911017c592";

const HELLO_BASE64: &str = "XUFAKrxLKna5cZ2REBfFkg==";

async fn any_field(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for field in ["file", "any", "upload[0]", "例君"] {
        let disposition = format!("name=\"{field}\"; filename=\"a.txt\"");
        let body = form(&[part(&disposition, Some("text/plain"), field.as_bytes())]);
        let stored = lab.uploading(&ann, &body).send().await?.done(lab, "FILE-FIELD")?;
        has_content(lab, &ann, &id(&stored.json)?, field.as_bytes()).await?;
    }
    Ok(())
}

async fn other_fields(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let text = || part("name=\"text\"", None, b"beside");
    let file = || part("name=\"file\"; filename=\"a.txt\"", None, HELLO);
    for body in [form(&[text(), file()]), form(&[file(), text()]), form(&[text(), file(), text()])] {
        let stored = lab.uploading(&ann, &body).send().await?.done(lab, "FILE-FIELD")?;
        has_content(lab, &ann, &id(&stored.json)?, HELLO).await?;
    }
    Ok(())
}

/// These are refused by that rule, and then a form with one file is taken.
async fn are_refused<'a>(
    lab: &'a Lab,
    rule: &'static str,
    by: &Person,
    asks: impl IntoIterator<Item = Ask<'a>, IntoIter: Send>,
) -> Result<(), Stop> {
    for ask in asks {
        is_shaped(lab, &ask.send().await?.refused(lab, rule, &[400])?)?;
    }
    let stored = uploaded(lab, by, &upload::text("a.txt", "hello")).await?;
    is_attachment(lab, "FILE-UPLOAD", &stored)
}

async fn no_file(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let text = part("name=\"file\"", None, HELLO);
    let bodies = [form(std::slice::from_ref(&text)), form(&[text.clone(), text])];
    are_refused(lab, "FILE-FIELD", &ann, [lab.uploading(&ann, &bodies[0]), lab.uploading(&ann, &bodies[1])])
        .await
}

async fn two_files(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let (one, other) = (
        part("name=\"one\"; filename=\"a.txt\"", None, HELLO),
        part("name=\"other\"; filename=\"b.txt\"", None, HELLO),
    );
    let bodies = [form(&[one.clone(), other]), form(&[one.clone(), one])];
    are_refused(lab, "FILE-FIELD", &ann, [lab.uploading(&ann, &bodies[0]), lab.uploading(&ann, &bodies[1])])
        .await
}

async fn no_form(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let ask = || lab.ask(Method::POST, path::ATTACHMENTS).by(&ann);
    let body = upload::text("a.txt", "hello");
    let asks = [
        ask(),
        ask().form(&[("file", "hello")]),
        ask().body("application/json", "{}"),
        ask().body("multipart/form-data", body.clone()),
        ask().body("application/octet-stream", body.clone()),
        ask().body("multipart/form-data; boundary=another", body),
        lab.uploading(&ann, b""),
        lab.uploading(&ann, b"hello"),
    ];
    are_refused(lab, "API-BAD-REQUEST", &ann, asks).await
}

async fn breaks_off(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let whole = upload::text("a.txt", "hello");
    let lengths = [10, 40, whole.len() - 30, whole.len() - 18];
    let asks = lengths.map(|length| lab.uploading(&ann, &whole[..length]));
    are_refused(lab, "API-BAD-REQUEST", &ann, asks).await
}

fn with_sum<'a>(lab: &'a Lab, by: &Person, form: &[u8], sum: &str) -> Ask<'a> {
    lab.uploading(by, form).header(HeaderName::from_static(CONTENT_MD5), sum)
}

async fn sum_is_taken(lab: &Lab, sum: &str) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let stored = with_sum(lab, &ann, &file("a.txt", None, HELLO), sum).send().await?;
    let taken = stored.is_done();
    lab.check(
        "FILE-MD5-FORMS",
        taken,
        format!("an upload with the right Content-MD5, {sum}, is taken"),
        stored.said(),
    )?;
    if taken {
        has_content(lab, &ann, &id(&stored.json)?, HELLO).await?;
    }
    Ok(())
}

async fn sum_in_hex(lab: &Lab) -> Result<(), Stop> {
    sum_is_taken(lab, HELLO_HEX).await
}

async fn sum_in_base64(lab: &Lab) -> Result<(), Stop> {
    sum_is_taken(lab, HELLO_BASE64).await
}

async fn wrong_sum(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let body = file("a.txt", None, HELLO);
    let other = password_md5("another text");
    let asks = [&*other, "1B2M2Y8AsgTpgAmY7PhCfg=="].map(|sum| with_sum(lab, &ann, &body, sum));
    are_refused(lab, "FILE-MD5", &ann, asks).await
}

async fn no_sum(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let body = file("a.txt", None, HELLO);
    let asks = ["nonsense", "0", &HELLO_HEX[1..]].map(|sum| with_sum(lab, &ann, &body, sum));
    are_refused(lab, "API-BAD-REQUEST", &ann, asks).await
}

async fn known_sum(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let (text, other) = (lab.account("text"), lab.account("other"));
    let sum = password_md5(&text);
    let first =
        with_sum(lab, &ann, &upload::text("a.txt", &text), &sum).send().await?.done(lab, "FILE-UPLOAD")?;
    let again =
        with_sum(lab, &ann, &upload::text("b.txt", &text), &sum).send().await?.done(lab, "FILE-UPLOAD")?;
    // Whichever it is: it is that text, and another text is another file.
    has_content(lab, &ann, &id(&again.json)?, text.as_bytes()).await?;
    let another = with_sum(lab, &ann, &upload::text("a.txt", &other), &password_md5(&other)).send().await?;
    let another = another.done(lab, "FILE-UPLOAD")?;
    has_content(lab, &ann, &id(&another.json)?, other.as_bytes()).await?;
    has_content(lab, &ann, &id(&first.json)?, text.as_bytes()).await?;
    if again.json["id"] == first.json["id"] {
        return Ok(());
    }
    Err(lab.lacks(Need::FileDedup, format!("{} after {}", again.said(), first.said())))
}
