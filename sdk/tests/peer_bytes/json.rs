//! JSON as a peer may send it that means no good, or knows no better.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

/// The names of fields that the protocol knows.
const FIELDS: &str = "access_token address avatarUrl client_id client_secret cmd content country createdAt data \
    description email entries error expires expires_in fileName force from grant_type height id isDel isDelete \
    jobTitle key lastMessage lastReadTime md5 members message msg mts name nameChanged oldPassword oper package \
    password path phone pinyin pns region remark returnCode role secret secureType sender sessionId \
    sessionUpdatedAt size src status syncs targetId tcp text thumbnail title titlePinyin token token_type top \
    total_count type uid unread updatedAt url userId visiable width y2wMessageId";

/// Numbers at the ends of what types and times hold.
const NUMBERS: &str = "-9223372036854775808 9223372036854775807 18446744073709551615 4294967295 4294967296 -1 0 1 2 \
    1e308 -0.5 253402300799999 253402300800000 1479974400000";

/// Texts that mean something somewhere, or nearly.
const WORDS: &str = "0 1 -1 +1 true null p2p p2p_1 group_ _ text master active 253402300799999 18446744073709551615 \
    9999-12-31T23:59:59.999Z 9999-12-31T23:59:60Z 10000-01-01T00:00:00Z 0000-01-01T00:00:00Z 1970-01-01T00:00:00Z \
    2016-11-24T08:00:00.000Z 2016-11-24T08:00:00.0009Z 2016-02-30T08:00:00Z \u{feff}x 李";

/// The same with spaces, or with nothing.
const TEXTS: &[&str] = &["", "\0", "li xiao long", "Thu, 24 Nov 2016 08:00:00 GMT", "{\"text\": \"hi\"}"];

/// Values of the wrong type, in the wrong form, at the ends of their range; and some that are right.
fn odd() -> impl Strategy<Value = Value> {
    let numbers: Vec<Value> = NUMBERS.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let texts: Vec<&str> = WORDS.split_whitespace().chain(TEXTS.iter().copied()).collect();
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => ".{0,6}".prop_map(Value::from),
        4 => select(numbers),
        4 => select(texts).prop_map(Value::from),
    ]
}

/// Any JSON, its names mostly those of the protocol.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let fields: Vec<&str> = FIELDS.split_whitespace().collect();
    let name = prop_oneof![9 => select(fields).prop_map(str::to_owned), 1 => ".{0,3}"];
    odd().prop_recursive(5, 60, 8, move |inner| {
        let object = proptest::collection::vec((name.clone(), inner.clone()), 0..8);
        prop_oneof![
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            3 => object.prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// What is done to a place in a value.
#[derive(Clone, Debug)]
enum Damage {
    Replace(Value),
    CopyFrom(Index),
    Remove,
    Repeat,
}

/// One of these values, damaged in a few places.
pub(crate) fn damaged(seeds: Vec<Value>) -> impl Strategy<Value = Value> {
    let damage = prop_oneof![
        3 => odd().prop_map(Damage::Replace),
        1 => value().prop_map(Damage::Replace),
        2 => any::<Index>().prop_map(Damage::CopyFrom),
        1 => Just(Damage::Remove),
        1 => Just(Damage::Repeat),
    ];
    let damages = proptest::collection::vec((any::<Index>(), damage), 0..4);
    (select(seeds), damages).prop_map(|(mut value, damages)| {
        for (place, damage) in damages {
            apply(&mut value, place, damage);
        }
        value
    })
}

fn apply(value: &mut Value, place: Index, damage: Damage) {
    let mut places = Vec::new();
    collect_places(value, String::new(), &mut places);
    let pointer = &places[place.index(places.len())];
    let new = match damage {
        Damage::Replace(new) => new,
        Damage::CopyFrom(other) => {
            value.pointer(&places[other.index(places.len())]).cloned().unwrap_or_default()
        }
        Damage::Remove | Damage::Repeat => {
            let Some((parent, name)) = pointer.rsplit_once('/') else { return };
            match (value.pointer_mut(parent), damage) {
                (Some(Value::Object(fields)), Damage::Remove) => {
                    fields.remove(name);
                }
                (Some(Value::Array(items)), Damage::Repeat) => {
                    let item = name.parse().ok().and_then(|i: usize| items.get(i)).cloned();
                    items.extend(item);
                }
                _ => {}
            }
            return;
        }
    };
    if let Some(target) = value.pointer_mut(pointer) {
        *target = new;
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
