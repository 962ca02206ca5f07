//! What every Markdown file needs: words of others that stay words.

/// Words of others, on one line, without a meaning to Markdown.
pub(crate) fn cell(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' => {
                plain.push('\\');
                plain.push(c);
            }
            c if c.is_control() => (),
            c => plain.push(c),
        }
    }
    plain
}
