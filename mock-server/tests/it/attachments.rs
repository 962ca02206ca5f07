//! Files in and out, and emojis, as raw HTTP.

use md5::{Digest, Md5};
use serde_json::json;
use y2w_mock_server::business::AddEmoji;
use y2w_sdk::protocol::credential::password_md5;

use crate::support::{Answer, Api, Call, Person, builder, server, stored_files};

const BOUNDARY: &str = "----frontier";

/// One part of a form: its headers after the name, and its bytes.
fn part(disposition: &str, kind: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    let kind = kind.map_or(String::new(), |kind| format!("Content-Type: {kind}\r\n"));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n");
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}

fn file(name: &str, kind: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    form(&[part(&format!("name=\"any\"; filename=\"{name}\""), kind, bytes)])
}

fn post(api: &Api, body: Vec<u8>) -> Call {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    api.call("POST", "/v1/attachments").header("content-type", &kind).body(body)
}

async fn upload(api: &Api, by: &Person, name: &str, kind: Option<&str>, bytes: &[u8]) -> Answer {
    post(api, file(name, kind, bytes)).by(by).send().await
}

#[tokio::test]
async fn what_goes_in_comes_out() {
    let directory = tempfile::tempdir().unwrap();
    for server in [builder(), builder().files(directory.path())] {
        let server = server.start().await.unwrap();
        let api = Api::of(&server);
        let (ann, bob) = (api.register("ann").await, api.register("bob").await);
        let stored = upload(&api, &ann, "../plan.pdf", Some("application/pdf"), b"hello").await.ok();
        let golden = json!({
            "id": "1", "fileName": "plan.pdf", "path": "attachments/1/content", "size": 5,
            "md5": "5d41402abc4b2a76b9719d911017c592", "isDelete": false,
            "createdAt": stored["createdAt"], "updatedAt": stored["createdAt"],
        });
        assert_eq!(stored, golden);
        assert_eq!(api.get("/v1/attachments/1").by(&bob).send().await.ok(), golden);
        let in_query = format!("/v1/attachments/1/content?access_token={}", bob.token);
        for call in [
            api.get("/v1/attachments/1/content").by(&bob),
            api.get("/v1/attachments/1/content/any%20name.exe").by(&bob),
            api.get(&in_query),
        ] {
            let got = call.send().await;
            assert_eq!((got.status, &*got.bytes), (200, &b"hello"[..]));
            assert_eq!(got.header("content-type"), "application/pdf");
            assert_eq!(got.header("content-length"), "5");
            assert_eq!(got.header("x-content-type-options"), "nosniff");
            assert_eq!(got.header("access-control-allow-origin"), "*");
        }
        let head = api.call("HEAD", "/v1/attachments/1/content").by(&bob).send().await;
        assert_eq!((head.status, head.bytes.len(), head.header("content-length")), (200, 0, "5"));
        let plain = upload(&api, &ann, "x", None, b"").await.ok();
        assert_eq!((&plain["id"], &plain["size"]), (&json!("2"), &json!(0)));
        let got = api.get("/v1/attachments/2/content").by(&ann).send().await;
        assert_eq!((got.header("content-type"), got.bytes.len()), ("application/octet-stream", 0));
        api.get("/v1/attachments/1/content").send().await.refused(401);
        for path in ["/v1/attachments/9", "/v1/attachments/9/content", "/v1/attachments/9/content/x"] {
            api.get(path).by(&ann).send().await.refused(404);
        }
    }
    assert_eq!(stored_files(directory.path()).len(), 2);
}

#[tokio::test]
async fn a_part_of_a_file_is_sent_where_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    for server in [builder(), builder().files(directory.path())] {
        let server = server.start().await.unwrap();
        let api = Api::of(&server);
        let ann = api.register("ann").await;
        upload(&api, &ann, "x", None, b"0123456789").await.ok();
        let path = "/v1/attachments/1/content";
        let get = async |range: &str| api.get(path).by(&ann).header("range", range).send().await;
        for (range, bytes, place) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-1", "9", "bytes 9-9/10"),
        ] {
            let got = get(range).await;
            assert_eq!((got.status, &*got.bytes), (206, bytes.as_bytes()));
            assert_eq!((got.header("content-range"), got.header("accept-ranges")), (place, "bytes"));
        }
        let outside = get("bytes=10-").await;
        assert_eq!(outside.header("content-range"), "bytes */10");
        outside.refused(416);
        assert_eq!(get("bytes=0-1,3-4").await.bytes, b"0123456789");
    }
}

#[tokio::test]
async fn a_sum_is_checked_and_saves_a_second_copy() {
    let directory = tempfile::tempdir().unwrap();
    let server = builder().files(directory.path()).start().await.unwrap();
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let with_sum = async |by: &Person, sum: &str| {
        post(&api, file("x", None, b"hello")).by(by).header("content-md5", sum).send().await
    };
    let (hex, base64) = ("5d41402abc4b2a76b9719d911017c592", "XUFAKrxLKna5cZ2REBfFkg==");
    let first = with_sum(&ann, hex).await.ok();
    assert_eq!(with_sum(&bob, base64).await.ok(), first, "FILE-DEDUP");
    assert_ne!(
        upload(&api, &ann, "x", None, b"hello").await.ok()["id"],
        first["id"],
        "only where it is asked for"
    );
    with_sum(&ann, &password_md5("other")).await.refused(400);
    with_sum(&ann, "nonsense").await.refused(400);
    assert_eq!(stored_files(directory.path()).len(), 2, "what was refused left nothing");
}

#[tokio::test]
async fn a_file_too_large_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    for server in [builder(), builder().files(directory.path())] {
        let server = server.max_file(1_000_000).start().await.unwrap();
        let api = Api::of(&server);
        let ann = api.register("ann").await;
        let largest = vec![b'x'; 1_000_000];
        let stored = upload(&api, &ann, "x", None, &largest).await.ok();
        let sum: [u8; 16] = Md5::digest(&largest).into();
        assert_eq!(stored["md5"], format!("{:032x}", u128::from_be_bytes(sum)));
        assert_eq!(api.get("/v1/attachments/1/content").by(&ann).send().await.bytes, largest);
        // Just above, seen only at the end; far above, seen at the start.
        for size in [1_000_001, 8_000_000] {
            upload(&api, &ann, "x", None, &vec![b'x'; size]).await.refused(413);
        }
        let noise = form(&[part("name=\"text\"", None, &vec![b'x'; 1_100_000])]);
        post(&api, noise).by(&ann).send().await.refused(413);
    }
    assert_eq!(stored_files(directory.path()).len(), 1);
}

#[tokio::test]
async fn what_is_no_form_with_one_file_is_refused() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let one = part("name=\"a\"; filename=\"a\"", None, b"1");
    let text = part("name=\"b\"", None, b"2");
    let fits = form(&[text.clone(), one.clone(), text.clone()]);
    for bad in [form(&[one.clone(), one.clone()]), form(&[text]), form(&[]), vec![], one, b"--".to_vec()] {
        post(&api, bad).by(&ann).send().await.refused(400);
    }
    let call = || api.call("POST", "/v1/attachments").by(&ann);
    call().body(fits.clone()).send().await.refused(400);
    call().header("content-type", "multipart/form-data").body(fits.clone()).send().await.refused(400);
    post(&api, fits.clone()).send().await.refused(401);
    post(&api, fits).by(&ann).send().await.ok();
    assert_eq!(api.get("/v1/attachments/1/content").by(&ann).send().await.bytes, b"1");
}

/// Rule `CLIENT-RELOGIN`: whoever uploads with an old token has to hear of it.
#[tokio::test]
async fn a_refusal_is_heard_behind_a_large_body() {
    let server = server().await;
    let api = Api::of(&server);
    let body = file("x", None, &vec![b'x'; 6_000_000]);
    post(&api, body).header("authorization", "Bearer old").send().await.refused(401);
}

#[tokio::test]
async fn emojis_are_synced() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let list = api.get("/v1/emojis").by(&ann).send().await.ok();
    assert_eq!((&list["total_count"], &list["entries"][0]["name"]), (&json!(8), &json!("smile")));
    assert!(list["entries"][0]["url"].as_str().unwrap().starts_with("data:image/svg+xml,"));
    let emoji = |name: &str| AddEmoji {
        name: name.to_owned(),
        package: "own".to_owned(),
        url: format!("https://example.org/{name}.png"),
    };
    let server = builder().emojis(vec![emoji("a"), emoji("b")]).start().await.unwrap();
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let list = api.get("/v1/emojis").by(&ann).send().await.ok();
    let first = &list["entries"][0];
    let golden = json!({
        "id": "1", "name": "a", "package": "own", "url": "https://example.org/a.png", "isDelete": false,
        "createdAt": first["createdAt"], "updatedAt": first["createdAt"],
    });
    assert_eq!(*first, golden);
    let since = first["updatedAt"].as_str().unwrap();
    let rest = api.get("/v1/emojis").by(&ann).since(since).send().await.ok();
    assert_eq!(rest, json!({"total_count": 1, "entries": [list["entries"][1]]}));
    api.get("/v1/emojis").send().await.refused(401);
}

/// Rule `FILE-NO-ROOM`: all apps together, and what is refused takes nothing.
#[tokio::test]
async fn memory_for_attachments_has_a_limit() {
    let server = builder().another_app("other", "secret").files_memory(3_000_000).start().await.unwrap();
    let api = Api::of(&server);
    let there = Api::at(server.apps().nth(1).unwrap().0);
    let (ann, bob) = (api.register("ann").await, there.register("bob").await);
    let megabyte = vec![b'x'; 1_000_000];
    let sum = password_md5(std::str::from_utf8(&megabyte).unwrap());
    for _ in 0..2 {
        upload(&api, &ann, "x", None, &megabyte).await.ok();
        upload(&there, &bob, "x", None, &vec![b'x'; 2_500_000]).await.refused(507);
    }
    upload(&there, &bob, "x", None, &megabyte).await.ok();
    upload(&api, &ann, "x", None, b"one more").await.refused(507);
    let known = post(&api, file("x", None, b"")).by(&ann).send().await.ok();
    assert_eq!(known["size"], 0);
    assert_eq!(api.get("/v1/attachments/1/content").by(&ann).send().await.bytes, megabyte);
    let again = post(&api, file("x", None, &megabyte)).by(&ann).header("content-md5", &sum).send().await;
    again.refused(507);
}
