//! Maps as sorted lists of pairs: for keys that are not one string, and so that equal states are written alike.

use std::hash::{BuildHasher, Hash};

#[expect(clippy::disallowed_types, reason = "for any hasher; it is sorted before anything shows")]
type Map<K, V, H> = std::collections::HashMap<K, V, H>;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For `#[serde(with = "sorted")]`.
pub(super) fn serialize<K, V, H, S>(map: &Map<K, V, H>, serializer: S) -> Result<S::Ok, S::Error>
where
    K: Serialize + Ord,
    V: Serialize,
    S: Serializer,
{
    let mut pairs: Vec<(&K, &V)> = map.iter().collect();
    pairs.sort_unstable_by_key(|(key, _)| *key);
    serializer.collect_seq(pairs)
}

/// For `#[serde(with = "sorted")]`.
pub(super) fn deserialize<'de, K, V, H, D>(deserializer: D) -> Result<Map<K, V, H>, D::Error>
where
    K: Deserialize<'de> + Eq + Hash,
    V: Deserialize<'de>,
    H: BuildHasher + Default,
    D: Deserializer<'de>,
{
    let pairs = Vec::<(K, V)>::deserialize(deserializer)?;
    Ok(pairs.into_iter().collect())
}
