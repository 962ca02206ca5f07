//! Attachments.

use bytes::Bytes;
use serde_json::{Value, json};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::ApiErrorKind;

use crate::canned::{PATIENT, ann, client, exchange, ok, sent};
use crate::wire::plain;

fn plan() -> Value {
    json!({
        "id": "5", "fileName": "plan \"b\".txt", "path": "2016/5", "size": 5, "md5": "5d41402abc4b2a76b9719d911017c592",
        "isDelete": false, "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.000Z",
    })
}

#[tokio::test]
async fn a_file_is_uploaded_as_a_form_of_one_part_with_its_sum() {
    let (attachment, sent) = exchange(ok(plan()), async |api| {
        api.upload("plan \"b\".txt", "text/plain", Bytes::from_static(b"hello")).await
    })
    .await;
    assert_eq!(attachment.unwrap().id.as_str(), "5");
    assert_eq!(
        sent,
        concat!(
            "POST /v1/attachments\n",
            "authorization: Bearer t1\n",
            "content-md5: 5d41402abc4b2a76b9719d911017c592\n",
            "content-type: multipart/form-data; boundary=y2w-5d41402abc4b2a76b9719d911017c592\n",
            "\n",
            "--y2w-5d41402abc4b2a76b9719d911017c592\r\n",
            "Content-Disposition: form-data; name=\"file\"; filename=\"plan %22b%22.txt\"\r\n",
            "Content-Type: text/plain\r\n",
            "\r\n",
            "hello\r\n",
            "--y2w-5d41402abc4b2a76b9719d911017c592--\r\n",
        )
    );
}

#[tokio::test]
async fn what_is_known_of_an_attachment_is_asked_for() {
    let (attachment, sent) = exchange(ok(plan()), async |api| api.attachment(&"5".into()).await).await;
    assert_eq!(attachment.unwrap().size, Some(5));
    assert_eq!(sent, plain("GET /v1/attachments/5"));
}

#[tokio::test]
async fn a_file_is_loaded_as_a_message_refers_to_it() {
    let bytes: &[u8] = b"\x00\xffhello";
    for src in ["attachments/5/content", "/attachments/5/content", "/v1/attachments/5/content"] {
        let answer = ResponseTemplate::new(200).set_body_bytes(bytes);
        let (file, sent) = exchange(answer, async |api| api.download(src).await).await;
        assert_eq!(file.unwrap(), bytes);
        assert_eq!(sent, plain("GET /v1/attachments/5/content"));
    }
}

#[tokio::test]
async fn a_file_is_loaded_by_its_address_on_this_server_and_the_token_is_sent_once() {
    let answer = ResponseTemplate::new(200).set_body_string("hello");
    let (file, sent) = exchange(answer, async |api| {
        let address = api.absolute_url("attachments/5/content/计划.txt").unwrap();
        assert!(
            address.ends_with("/v1/attachments/5/content/%E8%AE%A1%E5%88%92.txt?access_token=t1"),
            "{address}"
        );
        api.download(&address).await
    })
    .await;
    assert_eq!(file.unwrap(), "hello");
    assert_eq!(sent, plain("GET /v1/attachments/5/content/%E8%AE%A1%E5%88%92.txt"));
}

#[tokio::test]
async fn nothing_is_asked_of_another_server() {
    let other = MockServer::start().await;
    let src = format!("{}/v1/attachments/5/content", other.uri());
    let (file, sent_here) = exchange(ResponseTemplate::new(200), async |api| api.download(&src).await).await;
    let error = file.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Request(_)) && !error.is_transient(), "{error}");
    assert_eq!(sent_here, "");
    assert!(sent(&other).await.is_empty());
}

#[tokio::test]
async fn a_picture_has_an_address_that_follows_the_token() {
    let server = MockServer::start().await;
    let base = server.uri();
    let stranger = client(&server, PATIENT);
    assert_eq!(stranger.absolute_url("a.png"), Some(format!("{base}/v1/a.png")));
    let api = ann(&server).await;
    assert_eq!(api.absolute_url("a.png"), Some(format!("{base}/v1/a.png?access_token=t1")));
    assert_eq!(api.absolute_url(" "), None);
    let elsewhere = "https://pictures.example/a.png";
    assert_eq!(api.absolute_url(elsewhere).as_deref(), Some(elsewhere));
    Mock::given(path("/v1/attachments/5/content"))
        .and(header("authorization", "Bearer t2"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    Mock::given(path("/v1/attachments/5/content"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    api.download("attachments/5/content").await.unwrap();
    assert_eq!(api.absolute_url("a.png"), Some(format!("{base}/v1/a.png?access_token=t2")));
}
