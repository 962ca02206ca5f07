//! Damage to JSON that leaves it JSON: values of the wrong type and in the wrong place, fields that lack or are others'.
//! Shared by the property tests here and by the fuzz targets.

use serde_json::Value;

/// The names of fields that the protocol knows.
pub(crate) const FIELDS: &str = "access_token address avatarUrl client_id client_secret cmd content country createdAt \
    data description email entries error expires expires_in fileName force from grant_type height id isDel isDelete \
    jobTitle key lastMessage lastReadTime md5 members message msg mts name nameChanged oldPassword oper package \
    password path phone pinyin pns region remark returnCode role secret secureType sender sessionId \
    sessionUpdatedAt size src status syncs targetId tcp text thumbnail title titlePinyin token token_type top \
    total_count type uid unread updatedAt url userId visiable width y2wMessageId";

/// JSON without spaces: what is plain, and what is at the end of its type or of time.
const PLAIN: &str = "null true false {} [] -9223372036854775808 9223372036854775807 18446744073709551615 4294967295 \
    4294967296 -1 0 1 2 10 27 1e308 -0.5 253402300799999 253402300800000 1479974400000";

/// Texts that mean something somewhere, or nearly.
const WORDS: &str = "0 1 -1 +1 true null p2p p2p_1 group_ _ text master active 253402300799999 18446744073709551615 \
    9999-12-31T23:59:59.999Z 9999-12-31T23:59:60Z 10000-01-01T00:00:00Z 0000-01-01T00:00:00Z 1970-01-01T00:00:00Z \
    2016-11-24T08:00:00.000Z 2016-11-24T08:00:00.0009Z 2016-02-30T08:00:00Z \u{feff}x 李 a李 \0";

/// The same with spaces, or with nothing.
const TEXTS: [&str; 4] = ["", "li xiao long", "Thu, 24 Nov 2016 08:00:00 GMT", r#"{"text": "hi"}"#];

/// Values of the wrong type, in the wrong form, at the ends of their range; and some that are right.
pub(crate) fn odd_values() -> Vec<Value> {
    let plain = PLAIN.split_whitespace().map(|json| json.parse().expect("the table holds JSON"));
    plain.chain(WORDS.split_whitespace().chain(TEXTS).map(Value::from)).collect()
}

/// What is done to a place in a value.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    /// Another value stands there.
    Replace(Value),
    /// What stands at another place stands there too.
    CopyFrom(usize),
    /// The field or the element is not there.
    Remove,
    /// The field has another name, or the element is there twice.
    Move(&'static str),
    /// The object has one more field, or the array one more element.
    Add(&'static str, Value),
}

/// Damages a value at one of its places.
pub(crate) fn apply(value: &mut Value, place: usize, damage: Damage) {
    let mut places = Vec::new();
    collect_places(value, String::new(), &mut places);
    let pointer = &places[place % places.len()];
    match damage {
        Damage::Replace(new) => replace(value, pointer, new),
        Damage::CopyFrom(other) => {
            let copy = value.pointer(&places[other % places.len()]).cloned();
            replace(value, pointer, copy.unwrap_or_default());
        }
        Damage::Add(name, new) => match value.pointer_mut(pointer) {
            Some(Value::Object(fields)) => {
                fields.insert(name.to_owned(), new);
            }
            Some(Value::Array(items)) => items.push(new),
            _ => {}
        },
        Damage::Remove => {
            take(value, pointer);
        }
        Damage::Move(name) => {
            let Some(taken) = take(value, pointer) else { return };
            match pointer.rsplit_once('/').and_then(|(parent, _)| value.pointer_mut(parent)) {
                Some(Value::Object(fields)) => {
                    fields.insert(name.to_owned(), taken);
                }
                Some(Value::Array(items)) => items.extend([taken.clone(), taken]),
                _ => {}
            }
        }
    }
}

fn replace(value: &mut Value, pointer: &str, new: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = new;
    }
}

/// Takes what a pointer points to out of the object or the array that it is in.
fn take(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match value.pointer_mut(parent)? {
        Value::Object(fields) => fields.remove(&name.replace("~1", "/").replace("~0", "~")),
        Value::Array(items) => Some(items.remove(name.parse().ok()?)),
        _ => None,
    }
}

/// JSON pointers to all places in a value.
fn collect_places(value: &Value, pointer: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect_places(inner, format!("{pointer}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                collect_places(inner, format!("{pointer}/{i}"), places);
            }
        }
        _ => {}
    }
    places.push(pointer);
}
