//! One value of a `.env` file in Docker Compose's spelling: read as its `dotenv` does, and written so that it does.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// A value and how much of the text it takes.
pub struct Reading {
    /// In bytes, from the start.
    pub length: usize,
    /// The value, or why it has none of its own.
    pub value: Result<Zeroizing<String>, &'static str>,
}

const REFERS: &str = "a `$` in it refers to another variable, which only Docker Compose can fill in; \
                      write `$$` for a `$`, or put the value in single quotes";

/// Reads the value that a text begins with; `None` for a quote that is never closed.
pub fn read(text: &str) -> Option<Reading> {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(text, quote),
        _ => Some(unquoted(text)),
    }
}

fn unquoted(text: &str) -> Reading {
    let line = text.split('\n').next().unwrap_or_default();
    let value = line.split(" #").next().unwrap_or_default().trim_end();
    Reading { length: value.len(), value: filled_in(value) }
}

fn quoted(text: &str, quote: char) -> Option<Reading> {
    let mut inside = Zeroizing::new(String::with_capacity(text.len()));
    let mut escaped = false;
    for (offset, letter) in text.char_indices().skip(1) {
        match (letter == quote, escaped) {
            (true, false) => {
                let value = if quote == '"' { filled_in(&unescaped(&inside)) } else { Ok(inside) };
                return Some(Reading { length: offset + 1, value });
            }
            (true, true) => inside.push(letter),
            (false, false) if letter == '\\' => {
                escaped = true;
                continue;
            }
            (false, true) => {
                inside.push('\\');
                inside.push(letter);
            }
            (false, false) => inside.push(letter),
        }
        escaped = false;
    }
    None
}

/// Resolves the escapes of double quotes; `\$` becomes `$$`.
fn unescaped(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 8));
    let mut rest = text;
    while let Some(found) = rest.find('\\') {
        out.push_str(&rest[..found]);
        let after = &rest[found + 1..];
        let plain = match after.chars().next() {
            Some('$') => "$$",
            Some('a') => "\u{7}",
            Some('b') => "\u{8}",
            Some('f') => "\u{c}",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\u{b}",
            Some('"') => "\"",
            Some('\\') => "\\",
            Some('0') => {
                rest = octal(&mut out, after);
                continue;
            }
            _ => {
                out.push('\\');
                rest = after;
                continue;
            }
        };
        out.push_str(plain);
        rest = &after[1..];
    }
    out.push_str(rest);
    out
}

/// `\0` and up to three digits, as compose-go rewrites them for Go; gives what follows.
fn octal<'a>(out: &mut String, after: &'a str) -> &'a str {
    let count = after[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = after[1..].split_at(count);
    let code = (count == 3).then(|| u8::from_str_radix(digits, 8).ok()).flatten();
    match code {
        Some(code) => out.push(char::from(code)),
        // Go refuses it, and compose-go has already dropped the 0.
        None => {
            let _ = write!(out, "\\{digits}");
        }
    }
    rest
}

/// Fills in variables, of which only the sign for a `$` itself can be known.
fn filled_in(text: &str) -> Result<Zeroizing<String>, &'static str> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(found) = rest.find('$') {
        out.push_str(&rest[..=found]);
        rest = &rest[found + 1..];
        match rest.chars().next() {
            Some('$') => rest = &rest[1..],
            Some(next) if begins_variable(next) => return Err(REFERS),
            // Before anything else a `$` stands for itself.
            _ => {}
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// compose-go's `(?i)[_a-z]`, which takes the two letters that fold to an s and a k, and `{`.
fn begins_variable(letter: char) -> bool {
    letter.is_ascii_alphabetic() || matches!(letter, '_' | '{' | '\u{17f}' | '\u{212a}')
}

/// Spells a value: bare where every reader of `.env` files agrees on it, else in single quotes, else in double ones.
pub fn spell(value: &str) -> Zeroizing<String> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_.,:/@%+=-".contains(&byte);
    let is_simple = |letter: char| !letter.is_control() && !matches!(letter, '\'' | '\\');
    if value.bytes().all(is_bare) {
        return Zeroizing::new(value.to_owned());
    }
    let mut out = Zeroizing::new(String::with_capacity(2 * value.len() + 2));
    if value.chars().all(is_simple) {
        let _ = write!(out, "'{value}'");
        return out;
    }
    out.push('"');
    for letter in value.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' => out.push_str("\\$"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
