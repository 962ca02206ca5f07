//! What a file holds: a line that says what follows, then the document.
//!
//! The line is `y2w-store 1 LENGTH MD5 USER PART`, so that a file which is torn, cut short, changed, of another version or
//! in another's place is told from a good one.

use bytes::Bytes;

use super::names::md5_hex;

const MARK: &str = "y2w-store";
const VERSION: &str = "1";

/// The first line of the file with this content.
pub(super) fn line(user: &str, part: &str, content: &[u8]) -> String {
    format!("{MARK} {VERSION} {} {} {user} {part}\n", content.len(), md5_hex(content))
}

/// The content of a file; the error says what is wrong with it.
pub(super) fn open(file: Vec<u8>, user: &str, part: &str) -> Result<Bytes, String> {
    let line_end = file.iter().position(|byte| *byte == b'\n').map_or(file.len(), |end| end + 1);
    let (found, content) = file.split_at(line_end);
    if found == line(user, part, content).as_bytes() {
        return Ok(Bytes::from(file).slice(line_end..));
    }
    Err(what_is_wrong(found, content, user, part))
}

/// The part that the first line of a user's file speaks of.
pub(super) fn part_in<'a>(line: &'a [u8], user: &str) -> Option<&'a str> {
    let mut fields = fields(line)?;
    (fields.nth(4)? == user).then(|| fields.next()).flatten()
}

fn fields(line: &[u8]) -> Option<std::str::Split<'_, char>> {
    std::str::from_utf8(line.strip_suffix(b"\n")?).ok().map(|line| line.split(' '))
}

/// Why the line is not the one there should be.
fn what_is_wrong(found: &[u8], content: &[u8], user: &str, part: &str) -> String {
    if found.is_empty() {
        return "it is empty".to_owned();
    }
    if !found.starts_with(MARK.as_bytes()) {
        return "it is no document of such a store".to_owned();
    }
    let fields: Vec<&str> = fields(found).into_iter().flatten().collect();
    let &[_, version, length, _, owner, what] = fields.as_slice() else {
        return "its first line is damaged".to_owned();
    };
    if version != VERSION {
        format!("its format is version `{version}`, this is version {VERSION}")
    } else if (owner, what) != (user, part) {
        format!("it is `{what}` of `{owner}`")
    } else if length != content.len().to_string() {
        format!("it holds {} of {length} bytes", content.len())
    } else {
        "its content and its checksum do not match".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(content: &str) -> Vec<u8> {
        (line("user-1", "users", content.as_bytes()) + content).into_bytes()
    }

    fn wrong(file: &[u8]) -> String {
        open(file.to_vec(), "user-1", "users").unwrap_err()
    }

    #[test]
    fn a_file_is_these_bytes() {
        let file = b"y2w-store 1 5 5d41402abc4b2a76b9719d911017c592 user-1 users\nhello";
        assert_eq!(sealed("hello"), file);
        assert_eq!(open(file.to_vec(), "user-1", "users").unwrap(), "hello");
        assert_eq!(
            part_in(b"y2w-store 1 5 5d41402abc4b2a76b9719d911017c592 user-1 users\n", "user-1"),
            Some("users")
        );
        assert_eq!(part_in(b"y2w-store 1 5 5d41402abc4b2a76b9719d911017c592 user-1 users\n", "user-2"), None);
    }

    #[test]
    fn a_file_that_cannot_be_trusted_says_why() {
        let good = sealed("hello");
        assert_eq!(wrong(b""), "it is empty");
        assert_eq!(wrong(b"{\"json\":1}\n"), "it is no document of such a store");
        assert_eq!(wrong(&[0; 4_096]), "it is no document of such a store");
        assert_eq!(wrong(&good[..30]), "its first line is damaged");
        assert_eq!(wrong(&good[..good.len() - 2]), "it holds 3 of 5 bytes");
        assert_eq!(wrong(&[good.clone(), b"more".to_vec()].concat()), "it holds 9 of 5 bytes");
        assert_eq!(
            wrong(&good[..good.len() - 1].iter().copied().chain([b'0']).collect::<Vec<_>>()),
            "its content and its checksum do not match"
        );
        let newer = String::from_utf8(good.clone()).unwrap().replace("y2w-store 1", "y2w-store 2");
        assert_eq!(wrong(newer.as_bytes()), "its format is version `2`, this is version 1");
        assert_eq!(open(good, "user-2", "users").unwrap_err(), "it is `users` of `user-1`");
    }
}
