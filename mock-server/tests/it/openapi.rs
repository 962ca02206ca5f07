//! The description of the business API: every operation in it is called, and what is answered is what it says.
//!
//! That no route is missing needs no test: routes and description are made from the same table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use y2w_mock_server::MockServer;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::fill;

use crate::support::{Answer, Api, Call, builder, server};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The description as the server gives it, and what was called of it.
struct Walk {
    api: Api,
    paths: Map<String, Value>,
    /// With nothing in an object that is not described.
    components: Value,
    called: BTreeSet<(String, String)>,
    ids: BTreeMap<&'static str, String>,
    /// The token of who calls.
    caller: Option<String>,
}

impl Walk {
    async fn through(server: &MockServer) -> Self {
        let api = Api::of(server);
        let mut document = api.get("/openapi.json").send().await.ok();
        let mut components = document["components"].take();
        close(&mut components);
        let Value::Object(paths) = document["paths"].take() else { panic!("paths are an object") };
        Self { api, paths, components, called: BTreeSet::new(), ids: BTreeMap::new(), caller: None }
    }

    fn path(&self, template: &str, id: impl Fn(&str) -> String) -> String {
        let names = template.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'));
        let ids: Vec<String> = names.map(id).collect();
        fill(template, &ids.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn call(&self, method: &str, template: &str) -> Call {
        let call = self.api.call(&method.to_uppercase(), &self.path(template, |name| self.ids[name].clone()));
        match &self.caller {
            Some(token) if self.paths[template][method].get("security").is_none() => {
                call.header("authorization", &format!("Bearer {token}"))
            }
            _ => call,
        }
    }

    /// Checks that an answer is one that the operation is described to give.
    fn check(&self, method: &str, template: &str, answer: &Answer) {
        let what = format!("{method} {template}: {}: {}", answer.status, answer.body);
        let mut response = &self.paths[template][method]["responses"][answer.status.to_string()];
        assert!(response.is_object(), "not described: {what}");
        if let Some(reference) = response["$ref"].as_str() {
            let pointer = reference.strip_prefix("#/components").unwrap();
            response = self.components.pointer(pointer).unwrap();
        }
        if response["content"].get("*/*").is_some() {
            return;
        }
        assert_eq!(answer.header("content-type"), "application/json", "{what}");
        let schema = response["content"]["application/json"]["schema"].clone();
        let wrong = self.wrong(schema, &answer.body);
        assert!(wrong.is_empty(), "{what}\n{wrong:#?}");
    }

    /// What a value has that its schema does not allow.
    fn wrong(&self, mut schema: Value, value: &Value) -> Vec<String> {
        close(&mut schema);
        schema["components"] = self.components.clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path)).collect()
    }

    /// Calls an operation, which has to be granted.
    async fn ok(&mut self, method: &str, template: &str, call: Call) -> Value {
        let answer = call.send().await;
        self.check(method, template, &answer);
        assert!(answer.status < 300, "{method} {template}: {}", answer.body);
        self.called.insert((method.to_owned(), template.to_owned()));
        answer.body
    }

    async fn get(&mut self, template: &str) -> Value {
        let call = self.call("get", template);
        self.ok("get", template, call).await
    }

    async fn delete(&mut self, template: &str) -> Value {
        let call = self.call("delete", template);
        self.ok("delete", template, call).await
    }

    /// Calls with parameters that are all described.
    async fn post(&mut self, template: &str, form: &[(&str, &str)]) -> Value {
        self.described(&self.paths[template]["post"], form);
        let call = self.call("post", template).form(form);
        self.ok("post", template, call).await
    }

    /// Calls with the same parameters as a form and as JSON. Rule `API-FORM-AND-JSON`.
    async fn put(&mut self, template: &str, form: &[(&str, &str)]) -> Value {
        self.described(&self.paths[template]["put"], form);
        let call = self.call("put", template).form(form);
        self.ok("put", template, call).await;
        let object: Map<String, Value> =
            form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let call = self.call("put", template).header("content-type", "application/json");
        let call = call.body(Value::Object(object).to_string());
        self.ok("put", template, call).await
    }

    fn described(&self, operation: &Value, form: &[(&str, &str)]) {
        let schema = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        let reference = schema["$ref"].as_str().and_then(|of| of.strip_prefix("#/components"));
        let properties = reference
            .map_or(&Value::Null, |pointer| &self.components.pointer(pointer).unwrap()["properties"]);
        for (name, _) in form {
            assert!(properties.get(name).is_some(), "{name} is not described: {operation}");
        }
    }

    fn keep(&mut self, name: &'static str, answer: &Value) {
        self.ids.insert(name, answer["id"].as_str().unwrap().to_owned());
    }

    fn described_operations(&self) -> BTreeSet<(String, String)> {
        let of_path = |(path, item): (&String, &Value)| {
            let methods: Vec<&str> =
                METHODS.into_iter().filter(|method| item.get(method).is_some()).collect();
            methods.into_iter().map(|method| (method.to_owned(), path.clone())).collect::<Vec<_>>()
        };
        self.paths.iter().flat_map(of_path).collect()
    }
}

/// Forbids, wherever a type is meant, what is not described of it.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value {
                    Value::Array(parts) if key == "allOf" => {
                        let inner = parts.iter_mut().filter(|part| part.get("$ref").is_none());
                        inner.for_each(close);
                    }
                    other => close(other),
                }
            }
            if object.contains_key("$ref") {
                object.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => (),
    }
}

#[tokio::test]
async fn every_operation_answers_what_its_description_says() {
    let server = server().await;
    let mut walk = Walk::through(&server).await;
    let (ann, bob) = (walk.api.register("ann").await, walk.api.register("bob").await);
    let (uid, bobs_uid) = (ann.uid.clone(), bob.uid.clone());
    let token =
        [("grant_type", "client_credentials"), ("client_id", &*ann.key), ("client_secret", &*ann.secret)];
    walk.post("/oauth/token", &token).await;
    walk.post("/gateHandler", &[("oper", "register"), ("country", "")]).await;
    walk.ids.extend([("user", uid.clone()), ("other", bobs_uid.clone()), ("name", "plan.pdf".to_owned())]);
    walk.caller = Some(ann.token);

    let password = password_md5("carl");
    let carl = [("email", "carl"), ("password", &*password), ("name", "Carl"), ("avatarUrl", "a")];
    walk.post("/v1/users/register", &carl).await;
    walk.post("/v1/users/login", &carl[..2]).await;
    let anns = password_md5("ann");
    walk.post("/v1/users/setPassword", &[("oldPassword", &anns), ("password", &anns)]).await;
    walk.get("/v1/users").await;
    walk.get("/v1/users/{user}").await;
    let changes = [("name", "Ann"), ("jobTitle", "t"), ("phone", "1"), ("address", "x"), ("avatarUrl", "a")];
    walk.put("/v1/users/{user}", &changes).await;

    let contacts = "/v1/users/{user}/contacts";
    let added = walk.post(contacts, &[("userId", &bobs_uid), ("name", "Bob"), ("avatarUrl", "a")]).await;
    walk.keep("contact", &added);
    walk.get(contacts).await;
    let contact = "/v1/users/{user}/contacts/{contact}";
    walk.get(contact).await;
    let changes =
        [("userId", &*bobs_uid), ("name", "Bob"), ("title", "B"), ("remark", "r"), ("avatarUrl", "a")];
    walk.put(contact, &changes).await;
    walk.delete(contact).await;

    walk.get("/v1/sessions/single/{user}").await;
    walk.get("/v1/sessions/p2p/{user}/{other}").await;
    let group = [("type", "group"), ("name", ""), ("secureType", "public"), ("avatarUrl", "")];
    let created = walk.post("/v1/sessions", &group).await;
    walk.keep("session", &created);
    let session = "/v1/sessions/{session}";
    walk.get(session).await;

    let members = "/v1/sessions/{session}/members";
    let master =
        [("userId", &*uid), ("name", "Ann"), ("role", "master"), ("avatarUrl", ""), ("status", "active")];
    walk.post(members, &master).await;
    let invited = [("userId", &*bobs_uid), ("name", "Bob")];
    let invited = walk.post("/v1/sessions/{session}/members/invite", &invited).await;
    walk.keep("member", &invited);
    walk.get(members).await;
    let member = "/v1/sessions/{session}/members/{member}";
    walk.get(member).await;
    let changes =
        [("userId", &*bobs_uid), ("name", "B"), ("role", "user"), ("avatarUrl", ""), ("status", "active")];
    walk.put(member, &changes).await;
    let changes = [
        ("name", "G"),
        ("nameChanged", "1"),
        ("secureType", "private"),
        ("description", "d"),
        ("avatarUrl", "a"),
    ];
    walk.put(session, &changes).await;

    let messages = "/v1/sessions/{session}/messages";
    let stored = walk.post(messages, &[("sender", &uid), ("content", "{}"), ("type", "text")]).await;
    walk.keep("message", &stored);
    walk.get(messages).await;
    walk.get("/v1/sessions/{session}/messages/history").await;
    let message = "/v1/sessions/{session}/messages/{message}";
    walk.put(message, &[("sender", &uid), ("content", r#"{"text":"x"}"#), ("type", "text")]).await;
    walk.delete(message).await;

    let favourites = "/v1/users/{user}/userSessions";
    let session_id = walk.ids["session"].clone();
    let added = walk.post(favourites, &[("sessionId", &session_id), ("name", "G"), ("avatarUrl", "")]).await;
    walk.keep("user_session", &added);
    walk.get(favourites).await;
    let favourite = "/v1/users/{user}/userSessions/{user_session}";
    walk.get(favourite).await;
    walk.put(favourite, &[("name", "G"), ("avatarUrl", "a")]).await;
    walk.delete(favourite).await;

    let conversations = walk.get("/v1/users/{user}/userConversations").await;
    let of_group =
        conversations["entries"].as_array().unwrap().iter().find(|one| one["targetId"] == *session_id);
    walk.keep("conversation", of_group.unwrap());
    let conversation = "/v1/users/{user}/userConversations/{conversation}";
    walk.get(conversation).await;
    let changes =
        [("targetId", &*session_id), ("name", "G"), ("type", "group"), ("top", "1"), ("avatarUrl", "a")];
    walk.put(conversation, &changes).await;
    walk.put("/v1/users/{user}/userConversations/{conversation}/unread", &[]).await;
    walk.delete(conversation).await;

    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"plan.pdf\"\r\n\r\nhello\r\n--x--\r\n";
    let upload = walk.call("post", "/v1/attachments");
    let upload = upload.header("content-type", "multipart/form-data; boundary=x").body(form);
    let uploaded = walk.ok("post", "/v1/attachments", upload).await;
    walk.keep("attachment", &uploaded);
    walk.get("/v1/attachments/{attachment}").await;
    for content in ["/v1/attachments/{attachment}/content", "/v1/attachments/{attachment}/content/{name}"] {
        walk.get(content).await;
        let part = walk.call("get", content).header("range", "bytes=1-2");
        walk.ok("get", content, part).await;
        let outside = walk.call("get", content).header("range", "bytes=9-").send().await;
        walk.check("get", content, &outside);
        assert_eq!(outside.status, 416);
    }
    walk.get("/v1/emojis").await;

    walk.delete(member).await;
    walk.delete(session).await;
    walk.delete("/v1/users/{user}").await;
    assert_eq!(walk.called, walk.described_operations());
}

#[tokio::test]
async fn what_is_refused_is_refused_as_described() {
    let server = server().await;
    let mut walk = Walk::through(&server).await;
    let stranger = walk.api.register("eve").await;
    let ann = walk.api.register("ann").await;
    walk.ids.extend(
        ["contact", "user_session", "conversation", "session", "member", "message"]
            .map(|name| (name, "1".to_owned())),
    );
    walk.ids.extend([("attachment", "1".to_owned()), ("name", "n".to_owned())]);
    walk.ids.extend([("user", ann.uid.clone()), ("other", ann.uid.clone())]);
    let bob = walk.api.register("bob").await;
    walk.api.p2p(&ann, &bob).await;
    for (method, template) in walk.described_operations() {
        let operation = &walk.paths[&template][&method];
        let is_open = operation.get("security").is_some();
        walk.caller = None;
        let nobody = walk.call(&method, &template).send().await;
        walk.check(&method, &template, &nobody);
        assert_eq!(nobody.status, if is_open { 400 } else { 401 }, "{method} {template}");
        walk.caller = Some(stranger.token.clone());
        let by_stranger = walk.call(&method, &template).send().await;
        walk.check(&method, &template, &by_stranger);
        if let Some(content) = operation["requestBody"]["content"].as_object() {
            for (kind, _) in content {
                let garbled =
                    walk.call(&method, &template).header("content-type", kind).body("[").send().await;
                walk.check(&method, &template, &garbled);
                assert!(garbled.status >= 400 || method == "put", "{method} {template}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_described_is_not_there() {
    let server = server().await;
    let walk = Walk::through(&server).await;
    for (template, item) in &walk.paths {
        let path = walk.path(template, |_| "1".to_owned());
        for method in METHODS.into_iter().filter(|method| item.get(method).is_none()) {
            let refused = walk.api.call(&method.to_uppercase(), &path).send().await;
            refused.refused(405);
        }
    }
    walk.api.get("/v1/sessionz").send().await.refused(404);
}

#[tokio::test]
async fn an_answer_that_is_not_as_described_is_noticed() {
    let server = server().await;
    let walk = Walk::through(&server).await;
    let ann = walk.api.register("ann").await;
    let list = json!({"$ref": "#/components/schemas/UserList"});
    let mut answer = walk.api.get("/v1/users").by(&ann).send().await.ok();
    assert_eq!(walk.wrong(list.clone(), &answer), [""; 0]);
    answer["entries"][0]["shoeSize"] = json!(43);
    assert!(!walk.wrong(list.clone(), &answer).is_empty());
    answer["entries"][0]["id"] = json!(1);
    answer["entries"][0].as_object_mut().unwrap().remove("email");
    assert!(walk.wrong(list, &answer).len() > 1);
    let login = json!({"$ref": "#/components/schemas/LoggedIn"});
    let form = [("email", "ann@example.org"), ("password", &*password_md5("ann"))];
    let mut answer = walk.api.post("/v1/users/login", &form).send().await.ok();
    answer["shoeSize"] = json!(43);
    assert!(!walk.wrong(login, &answer).is_empty());
}

#[tokio::test]
async fn the_viewer_needs_nothing_else_and_each_app_has_its_own_document() {
    let server = builder().another_app("other", "s").start().await.unwrap();
    for (base, prefix) in [(server.http_url(), ""), (server.http_url() + "/apps/other", "/apps/other")] {
        let api = Api::at(base);
        let page = api.get("/docs").send().await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        let page = String::from_utf8(page.bytes).unwrap();
        assert!(!page.contains("http://") && !page.contains("https://"));
        let document = api.get("/openapi.json").send().await.ok();
        assert_eq!(document["servers"], json!([{"url": format!("{prefix}/")}]));
    }
}
