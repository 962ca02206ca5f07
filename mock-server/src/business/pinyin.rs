//! Names as people type them: by the syllables of Chinese characters. Rule `USER-PINYIN`.

use pinyin::ToPinyin;

/// The syllables of a name, for sorting and searching. Words of other scripts stay what they are, in lower case.
pub(super) fn syllables(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    for sign in name.chars() {
        let syllable = sign.to_pinyin();
        if syllable.is_some() || sign.is_whitespace() {
            put(&mut word, &mut found);
        } else {
            word.extend(sign.to_lowercase());
        }
        // As it is typed: keyboards have no ü.
        found.extend(syllable.map(|syllable| syllable.plain().replace('ü', "v")));
    }
    put(&mut word, &mut found);
    found
}

/// Leaves out what is no word, as a dash between two.
fn put(word: &mut String, found: &mut Vec<String>) {
    let word = std::mem::take(word);
    if word.chars().any(char::is_alphanumeric) {
        found.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart() {
        for (name, parts) in [
            ("李小龙", &["li", "xiao", "long"][..]),
            ("老李 Lee", &["lao", "li", "lee"]),
            ("Bruce李", &["bruce", "li"]),
            ("O'Neil & Söhne", &["o'neil", "söhne"]),
            ("绿", &["lv"]),
            ("ΑΒΓ 1号", &["αβγ", "1", "hao"]),
            ("  - ", &[]),
            ("", &[]),
        ] {
            assert_eq!(syllables(name), parts, "{name}");
        }
    }
}
