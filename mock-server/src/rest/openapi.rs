//! `openapi.json` is made from the tables of routes and from the types that go over the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use y2w_sdk::protocol::rest::{ErrorBody, List};

use super::described::{Gives, Place, Said, Shape, Takes};
use super::route::Route;
use super::{OPENAPI, TABLE};

/// Set, the test writes the document in place of comparing it.
const WRITE: &str = "Y2W_WRITE_OPENAPI";

/// Types by name.
pub(super) type Schemas = BTreeMap<String, Value>;

/// Adds a type, and those in it, and gives its name.
pub(super) fn add<T: ToSchema>(to: &mut Schemas) -> String {
    let mut found: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    to.extend(found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap())));
    T::name().into_owned()
}

/// Adds the list of a type, and gives its name: types with parameters have one name, whatever they hold.
pub(super) fn add_list<T: ToSchema>(to: &mut Schemas) -> String {
    let name = format!("{}List", add::<T>(to));
    let schema = <List<T> as PartialSchema>::schema();
    to.insert(name.clone(), serde_json::to_value(schema).unwrap());
    name
}

fn reference(shape: Shape, schemas: &mut Schemas) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", (shape.of)(schemas))})
}

/// What the braces of a path stand for.
const IN_PATHS: &[(&str, &str)] = &[
    ("user", "The id of a user."),
    ("other", "The id of the other user."),
    ("contact", "The id of the contact's entry."),
    ("user_session", "The id of the favourite group's entry."),
    ("conversation", "The id of the conversation."),
    ("session", "The id of the session."),
    ("member", "The id of the membership."),
    ("message", "The id of the message."),
    ("attachment", "The id of the attachment."),
    ("name", "Any name."),
];

const STATUSES: &[(u16, &str)] = &[
    (400, "A parameter is missing or cannot be read, or what is asked makes no sense."),
    (
        401,
        "The token is missing, unknown or expired; for the token endpoint, the appKey or the secret is wrong.",
    ),
    (403, "The caller has no right to this."),
    (404, "There is no such object."),
    (408, "The body did not come in time."),
    (413, "The body is too large."),
    (416, "The file has none of these bytes."),
    (507, "There is no room for the file."),
    (429, "Too many attempts have failed; `Retry-After` says when the next one is heard."),
];

fn document() -> Value {
    let mut schemas = Schemas::new();
    let error = add::<ErrorBody>(&mut schemas);
    let mut paths: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    let mut given = BTreeSet::new();
    for (resource, routes) in &TABLE {
        for route in *routes {
            let operation = operation(resource, route, &mut schemas, &mut given);
            let method = route.method.as_str().to_ascii_lowercase();
            let twice = paths.entry(route.path).or_default().insert(method, operation);
            assert!(twice.is_none(), "{} {} stands twice", route.method, route.path);
        }
    }
    complete(&mut schemas, given);
    let refusals: BTreeMap<String, Value> = STATUSES
        .iter()
        .map(|(status, what)| {
            let schema = json!({"$ref": format!("#/components/schemas/{error}")});
            let content = json!({"application/json": {"schema": schema}});
            (status.to_string(), json!({"description": what, "content": content}))
        })
        .collect();
    let tags: Vec<Value> = TABLE.iter().map(|(resource, _)| json!({"name": resource})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "y2w mock server: business API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The business API of the yun2win protocol, its token endpoint and its gate. The rules that \
                each operation names stand in docs/protocol.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "security": [{"bearer": []}, {"query": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a login."},
                "query": {"type": "apiKey", "in": "query", "name": "access_token", "description": "The same, where no header can be set."},
            },
        },
    })
}

fn operation(resource: &str, route: &Route, schemas: &mut Schemas, given: &mut BTreeSet<String>) -> Value {
    let Said { what, rules, gives, takes, .. } = &route.said;
    assert!(!what.is_empty(), "{} {} does not say what it is for", route.method, route.path);
    let rules: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    let success = match gives {
        Gives::One(shape) => {
            given.insert((shape.of)(schemas));
            json!({"application/json": {"schema": reference(*shape, schemas)}})
        }
        Gives::Array(shape) => {
            given.insert((shape.of)(schemas));
            json!({"application/json": {"schema": {"type": "array", "items": reference(*shape, schemas)}}})
        }
        Gives::File => json!({"*/*": {"schema": {}}}),
    };
    let mut responses =
        BTreeMap::from([("200".to_owned(), json!({"description": "Done.", "content": success}))]);
    if matches!(gives, Gives::File) {
        responses.insert("206".to_owned(), json!({"description": "The range.", "content": success}));
    }
    for status in statuses(route) {
        assert!(STATUSES.iter().any(|(known, _)| *known == status), "{status} is not described");
        let response = json!({"$ref": format!("#/components/responses/{status}")});
        responses.insert(status.to_string(), response);
    }
    let mut operation = json!({
        "tags": [resource],
        "summary": what,
        "description": format!("Rules {}.", rules.join(", ")),
        "operationId": operation_id(route),
        "parameters": parameters(route),
        "responses": responses,
    });
    let body = match takes {
        Takes::Nothing => None,
        Takes::Parameters(shape) => {
            let schema = json!({"schema": reference(*shape, schemas)});
            Some(json!({"application/x-www-form-urlencoded": schema, "application/json": schema}))
        }
        Takes::File => {
            let file = json!({"type": "string", "contentMediaType": "application/octet-stream"});
            let form = json!({"type": "object", "properties": {"file": file}, "required": ["file"]});
            Some(json!({"multipart/form-data": {"schema": form}}))
        }
    };
    if let Some(content) = body {
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    if !route.needs_token() {
        operation["security"] = json!([]);
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route.path.split('/').filter(|word| !word.is_empty() && *word != "v1");
    let words = words.map(|word| word.trim_matches(['{', '}']));
    let method = route.method.as_str().to_ascii_lowercase();
    std::iter::once(&*method).chain(words).collect::<Vec<_>>().join("_")
}

/// Those that follow from what a route takes, and those that it names.
fn statuses(route: &Route) -> BTreeSet<u16> {
    let mut statuses: BTreeSet<u16> = route.said.refuses.iter().copied().collect();
    statuses.insert(400);
    if route.needs_token() {
        statuses.insert(401);
    }
    if route.path.contains('{') {
        statuses.insert(404);
    }
    if !matches!(route.said.takes, Takes::Nothing) {
        statuses.extend([408, 413]);
    }
    statuses
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| {
        let (_, what) = IN_PATHS.iter().find(|(known, _)| *known == name).expect("a description");
        json!({"name": name, "in": "path", "required": true, "description": what, "schema": {"type": "string"}})
    });
    let others = route.said.parameters.iter().map(|parameter| {
        let place = if parameter.place == Place::Query { "query" } else { "header" };
        let schema = if parameter.is_number {
            json!({"type": "integer", "minimum": 0})
        } else {
            json!({"type": "string"})
        };
        json!({"name": parameter.name, "in": place, "description": parameter.what, "schema": schema})
    });
    in_path.chain(others).collect()
}

/// The server gives every field of an answer; that some may be missing is a client's leniency.
fn complete(schemas: &mut Schemas, mut given: BTreeSet<String>) {
    let mut done = BTreeSet::new();
    while let Some(name) = given.pop_first() {
        let known: Vec<String> = schemas.keys().cloned().collect();
        let schema = schemas.get_mut(&name).unwrap_or_else(|| panic!("{name} is not described: {known:?}"));
        complete_one(schema, &mut given);
        done.insert(name);
        given.retain(|name| !done.contains(name));
    }
}

fn complete_one(schema: &mut Value, given: &mut BTreeSet<String>) {
    /// The gate names it only where it differs from `url`.
    const MAY_BE_ABSENT: &str = "tcp";
    match schema {
        Value::Array(several) => several.iter_mut().for_each(|one| complete_one(one, given)),
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str) {
                given.insert(name.trim_start_matches("#/components/schemas/").to_owned());
            }
            if let Some(Value::Object(properties)) = object.get("properties") {
                let names: Vec<_> =
                    properties.keys().filter(|name| *name != MAY_BE_ABSENT).cloned().collect();
                object.insert("required".to_owned(), json!(names));
            }
            object.values_mut().for_each(|one| complete_one(one, given));
        }
        _ => (),
    }
}

#[test]
fn the_document_is_what_the_code_says() {
    let made = document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest/openapi.json");
    if std::env::var_os(WRITE).is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
        std::fs::write(path, text).unwrap();
        return;
    }
    let written: Value = serde_json::from_str(OPENAPI).unwrap();
    assert!(
        made == written,
        "src/rest/openapi.json is not what the code says; {WRITE}=1 cargo test -p y2w-mock-server \
         the_document_is_what_the_code_says writes it"
    );
}

#[test]
fn every_rule_that_a_route_names_is_in_the_text() {
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let text = std::fs::read_to_string(text).unwrap();
    let known: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("#### ")).collect();
    for route in TABLE.iter().flat_map(|(_, routes)| *routes) {
        assert!(!route.said.rules.is_empty(), "{} {} names no rule", route.method, route.path);
        for rule in route.said.rules {
            assert!(known.contains(rule), "{} {}: {rule}", route.method, route.path);
        }
    }
}
