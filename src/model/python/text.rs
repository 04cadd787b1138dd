//! Python's `str`: any code points, lone surrogates included, redacted and wiped when dropped.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

use crate::model::SecretValue;

/// A Python text.
///
/// Held as UTF-8 in which a lone surrogate takes the three bytes UTF-8 would give it if it could (WTF-8), so bytes
/// order as code points do and ASCII can be searched bytewise.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(Zeroizing<Vec<u8>>);

impl Text {
    /// An empty text that grows to `bytes` without leaving copies behind.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    /// Copies a slice of another text, cut at code points.
    pub(in crate::model) fn from_slice(slice: &[u8]) -> Self {
        Self(Zeroizing::new(slice.to_vec()))
    }

    /// The bytes: UTF-8 but for lone surrogates.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text as Rust knows it; `None` if it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text as a secret; `None` if it holds a lone surrogate.
    pub fn to_secret(&self) -> Option<SecretValue> {
        self.as_str().map(SecretValue::from)
    }

    /// Tells whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a text that Rust knows.
    pub fn push_str(&mut self, text: &str) {
        self.push_slice(text.as_bytes());
    }

    /// Appends a slice of another text.
    pub(in crate::model) fn push_slice(&mut self, slice: &[u8]) {
        let needed = self.0.len() + slice.len();
        if needed > self.0.capacity() {
            // A growing vector would leave its old bytes behind in freed memory; this one is wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(self.0.len() * 2).max(32)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(slice);
    }

    /// Appends one code point, which may be a surrogate; a number beyond Unicode appends nothing.
    pub fn push_code_point(&mut self, code: u32) {
        if let Some(character) = char::from_u32(code) {
            self.push_str(character.encode_utf8(&mut [0; 4]));
        } else if code <= 0xffff {
            self.push_slice(&[
                0xe0 | (code >> 12) as u8,
                0x80 | ((code >> 6) & 0x3f) as u8,
                0x80 | (code & 0x3f) as u8,
            ]);
        }
    }

    /// The code points, in order.
    pub fn code_points(&self) -> CodePoints<'_> {
        CodePoints(&self.0)
    }

    /// `str.lower()`.
    pub fn lower(&self) -> Self {
        lower(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from_slice(text.as_bytes())
    }
}

impl From<&SecretValue> for Text {
    fn from(value: &SecretValue) -> Self {
        Self::from(value.expose())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(redacted)")
    }
}

/// The code points of a [`Text`].
pub struct CodePoints<'a>(&'a [u8]);

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let length = sequence_length(*self.0.first()?).min(self.0.len());
        let (sequence, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(code_point(sequence))
    }
}

fn sequence_length(lead: u8) -> usize {
    match lead {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

fn code_point(sequence: &[u8]) -> u32 {
    let lead = match sequence.len() {
        1 => u32::from(sequence[0]),
        2 => u32::from(sequence[0] & 0x1f),
        3 => u32::from(sequence[0] & 0x0f),
        _ => u32::from(sequence[0] & 0x07),
    };
    sequence[1..].iter().fold(lead, |code, byte| code << 6 | u32::from(byte & 0x3f))
}

/// `str.isspace()` of one code point.
pub(super) fn is_blank(code: u32) -> bool {
    matches!(code, 0x09..=0x0d | 0x1c..=0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a)
        || matches!(code, 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000)
}

/// `str.strip()`.
pub(in crate::model) fn strip(mut slice: &[u8]) -> &[u8] {
    while let Some(lead) = slice.first() {
        let (sequence, rest) = slice.split_at(sequence_length(*lead).min(slice.len()));
        if !is_blank(code_point(sequence)) {
            break;
        }
        slice = rest;
    }
    while let Some(start) = slice.iter().rposition(|byte| byte & 0xc0 != 0x80) {
        if !is_blank(code_point(&slice[start..])) {
            break;
        }
        slice = &slice[..start];
    }
    slice
}

/// `text[1:]`.
pub(in crate::model) fn drop_first(slice: &[u8]) -> &[u8] {
    slice.first().map_or(slice, |lead| &slice[sequence_length(*lead).min(slice.len())..])
}

/// `str.partition` at an ASCII character: what is before it, and what is after it if it is there.
pub(in crate::model) fn partition(slice: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match slice.iter().position(|byte| *byte == at) {
        Some(index) => (&slice[..index], Some(&slice[index + 1..])),
        None => (slice, None),
    }
}

/// `str.rpartition` at an ASCII character: what is before it if it is there, and what is after it.
pub(in crate::model) fn rpartition(slice: &[u8], at: u8) -> (Option<&[u8]>, &[u8]) {
    match slice.iter().rposition(|byte| *byte == at) {
        Some(index) => (Some(&slice[..index]), &slice[index + 1..]),
        None => (None, slice),
    }
}

/// `str.replace`: every occurrence, from the left, none of them twice.
pub(in crate::model) fn replace(slice: &[u8], old: &[u8], new: &[u8]) -> Text {
    let mut text = Text::with_capacity(slice.len());
    let mut rest = slice;
    while let Some(index) = find(rest, old) {
        text.push_slice(&rest[..index]);
        text.push_slice(new);
        rest = &rest[index + old.len()..];
    }
    text.push_slice(rest);
    text
}

/// `str.find`; an empty needle is never found.
pub(in crate::model) fn find(slice: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    slice.windows(needle.len()).position(|window| window == needle)
}

/// `str.lower()`.
pub(in crate::model) fn lower(slice: &[u8]) -> Text {
    // A surrogate has no case and ends the word it stands in, so what is between them is lowered by itself.
    map_chunks(slice, str::to_lowercase)
}

/// Maps the stretches between lone surrogates, which Unicode's algorithms pass by.
pub(in crate::model) fn map_chunks(slice: &[u8], map: impl Fn(&str) -> String) -> Text {
    let mut text = Text::with_capacity(slice.len());
    for chunk in slice.utf8_chunks() {
        text.push_str(&Zeroizing::new(map(chunk.valid())));
        text.push_slice(chunk.invalid());
    }
    text
}
