//! JSON as a peer may send it that means no good, or knows no better.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use crate::damage::{self, Damage};

/// A name of a field that the protocol knows.
fn field() -> impl Strategy<Value = &'static str> {
    select(damage::FIELDS.split_whitespace().collect::<Vec<_>>())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => ".{0,6}".prop_map(Value::from),
        8 => select(damage::odd_values()),
    ]
}

/// Any JSON, its names mostly those of the protocol.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![9 => field().prop_map(str::to_owned), 1 => ".{0,3}"];
    scalar().prop_recursive(5, 60, 8, move |inner| {
        let object = proptest::collection::vec((name.clone(), inner.clone()), 0..8);
        prop_oneof![
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            3 => object.prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// One of these values, damaged in a few places.
pub(crate) fn damaged(seeds: Vec<Value>) -> impl Strategy<Value = Value> {
    let damage = prop_oneof![
        3 => scalar().prop_map(Damage::Replace),
        1 => value().prop_map(Damage::Replace),
        2 => any::<usize>().prop_map(Damage::CopyFrom),
        1 => Just(Damage::Remove),
        1 => field().prop_map(Damage::Move),
        1 => (field(), value()).prop_map(|(name, value)| Damage::Add(name, value)),
    ];
    let damages = proptest::collection::vec((any::<usize>(), damage), 0..4);
    (select(seeds), damages).prop_map(|(mut value, damages)| {
        for (place, damage) in damages {
            damage::apply(&mut value, place, damage);
        }
        value
    })
}
