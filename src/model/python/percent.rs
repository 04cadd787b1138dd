//! `urllib.parse.quote` and `unquote`: percent-encoding as Python does it.

use super::{LoneSurrogate, Text};

/// What a blank becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blank {
    /// `%20`, as `quote` does.
    Percent,
    /// `+`, as `quote_plus` and `urlencode` do.
    Plus,
}

/// `quote(text, safe="")` or `quote_plus(text)`: all but ASCII letters, digits and `_.-~` encoded.
pub fn quote(text: &Text, blank: Blank) -> Result<Text, LoneSurrogate> {
    let plain = text.as_str().ok_or(LoneSurrogate)?;
    let mut quoted = Text::with_capacity(plain.len() * 3);
    for byte in plain.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => quoted.push_slice(&[byte]),
            b' ' if blank == Blank::Plus => quoted.push_str("+"),
            _ => quoted.push_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    Ok(quoted)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// `unquote(text)`: broken `%` sequences stay, bytes that are no UTF-8 become U+FFFD.
///
/// Python decodes each stretch of ASCII by itself, so an encoded byte never joins a literal character beyond ASCII.
pub fn unquote(slice: &[u8]) -> Text {
    if !slice.contains(&b'%') {
        return Text::from_slice(slice);
    }
    let mut text = Text::with_capacity(slice.len());
    for stretch in slice.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
        if stretch[0].is_ascii() {
            unquote_ascii(stretch, &mut text);
        } else {
            text.push_slice(stretch);
        }
    }
    text
}

fn unquote_ascii(stretch: &[u8], text: &mut Text) {
    let mut bytes = Text::with_capacity(stretch.len());
    let mut rest = stretch;
    while let Some((first, after)) = rest.split_first() {
        let encoded = match after {
            [high, low, ..] if *first == b'%' => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = encoded {
            bytes.push_slice(&[high << 4 | low]);
            rest = &after[2..];
        } else {
            bytes.push_slice(&[*first]);
            rest = after;
        }
    }
    for chunk in bytes.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str("\u{fffd}");
        }
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
