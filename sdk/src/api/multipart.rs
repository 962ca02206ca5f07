//! The body of an upload: `multipart/form-data` with one part. Rule `FILE-UPLOAD`.

use ::http::HeaderValue;
use bytes::Bytes;

use crate::protocol::credential;

/// A body, and the content type that names its boundary.
pub(super) struct Multipart {
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

impl Multipart {
    /// A form whose only field is this file. The same file gives the same body.
    pub(super) fn of_one_file(field: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Self {
        let boundary = absent(format!("y2w-{}", credential::md5_hex(bytes)), bytes);
        let file_name = quoted(file_name);
        let content_type = if is_header(content_type) { content_type } else { "application/octet-stream" };
        let head = format!(
            "--{boundary}\r\n\
             Content-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--", boundary.as_bytes(), b"--\r\n"].concat();
        Self { content_type: format!("multipart/form-data; boundary={boundary}"), body: body.into() }
    }
}

/// This text, or one made from it, that is not in the bytes: a file can be made to hold its own sum.
fn absent(mut boundary: String, bytes: &[u8]) -> String {
    while bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
        boundary = format!("y2w-{}", credential::md5_hex(boundary.as_bytes()));
    }
    boundary
}

/// A file name as browsers write it between quotes.
fn quoted(file_name: &str) -> String {
    file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn is_header(value: &str) -> bool {
    !value.is_empty() && HeaderValue::from_str(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(file_name: &str, content_type: &str, bytes: &[u8]) -> String {
        let form = Multipart::of_one_file("file", file_name, content_type, bytes);
        String::from_utf8(form.body.to_vec()).unwrap()
    }

    #[test]
    fn a_file_is_this_body() {
        let form = Multipart::of_one_file("file", "计划.txt", "text/plain", b"hello");
        assert_eq!(form.content_type, "multipart/form-data; boundary=y2w-5d41402abc4b2a76b9719d911017c592");
        assert_eq!(
            body("计划.txt", "text/plain", b"hello"),
            "--y2w-5d41402abc4b2a76b9719d911017c592\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"计划.txt\"\r\n\
             Content-Type: text/plain\r\n\
             \r\n\
             hello\r\n\
             --y2w-5d41402abc4b2a76b9719d911017c592--\r\n"
        );
    }

    #[test]
    fn a_name_or_a_type_cannot_break_out_of_its_header() {
        let body = body("a\"b\r\nc", "text/plain\r\nX: 1", b"");
        assert!(
            body.contains(
                "filename=\"a%22b%0D%0Ac\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--"
            )
        );
    }

    #[test]
    fn a_boundary_that_is_in_the_bytes_is_not_taken() {
        let boundary = absent("y2w-1".to_owned(), b"--y2w-1\r\n");
        assert_eq!(boundary, format!("y2w-{}", credential::md5_hex(b"y2w-1")));
        assert_eq!(absent("y2w-1".to_owned(), b"--y2w-2"), "y2w-1");
    }
}
