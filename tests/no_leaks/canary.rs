//! Canaries: texts that must be seen nowhere, and the search for them in every spelling a leak may have.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use rand::distr::Alphanumeric;

/// The shortest piece of a canary that counts as a leak, in bytes.
const PIECE: usize = 8;

/// Everything that must not be seen, by name.
pub struct Aviary {
    pieces: Vec<Pieces>,
    known: BTreeSet<String>,
}

/// Pieces of one length in one spelling.
struct Pieces {
    length: usize,
    named: HashMap<Vec<u8>, String>,
    /// Which two bytes a piece can begin with: most of a haystack is passed over by this alone.
    begins: Vec<bool>,
}

/// In which spelling pieces are looked for.
#[derive(Clone, Copy)]
enum Spelling {
    Plain,
    Hex,
    Base64,
}

const SPELLINGS: [Spelling; 3] = [Spelling::Plain, Spelling::Hex, Spelling::Base64];

impl Spelling {
    /// How long eight bytes are at least: a base64 character at either end may be shared with the neighbours.
    const fn length(self) -> usize {
        match self {
            Self::Plain => PIECE,
            Self::Hex => 2 * PIECE,
            Self::Base64 => 10,
        }
    }

    fn spelled(self, secret: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::Plain => vec![secret.to_vec()],
            Self::Hex => vec![hex(secret)],
            // A text inside a longer one may begin at any of three places of a group; what its neighbours touch is cut off.
            Self::Base64 => (0..3)
                .map(|shift| {
                    let shifted = [&vec![0; shift], secret].concat();
                    let text = STANDARD.encode(&shifted).trim_end_matches('=').as_bytes().to_vec();
                    text[[0, 2, 3][shift]..text.len() - 1].to_vec()
                })
                .collect(),
        }
    }
}

impl Aviary {
    /// Nothing is watched yet.
    pub fn new() -> Self {
        let empty = |spelling: Spelling| Pieces {
            length: spelling.length(),
            named: HashMap::new(),
            begins: vec![false; 1 << 16],
        };
        Self { pieces: SPELLINGS.map(empty).into(), known: BTreeSet::new() }
    }

    /// A new canary of letters, digits, and all that is spelled otherwise in JSON, URLs and logs.
    pub fn hatch(&mut self, name: &str) -> String {
        // Letters stand between, or the rest of one canary could be taken for that of another.
        let [head, first, second, third, fourth, tail] = [12, 4, 4, 4, 4, 12].map(letters);
        let text = format!("{head}é{first}\"\\{second}/+{third} &{fourth}%'{tail}");
        self.watch(name, text.as_bytes());
        text
    }

    /// A new canary of letters and digits alone.
    pub fn hatch_plain(&mut self, name: &str) -> String {
        let text = letters(28);
        self.watch(name, text.as_bytes());
        text
    }

    /// A new key of 32 bytes in base64, watched as text and as bytes.
    pub fn hatch_key(&mut self, name: &str) -> String {
        let bytes: [u8; 32] = rand::random();
        let text = STANDARD.encode(bytes);
        self.watch(name, text.as_bytes());
        self.watch(name, &bytes);
        text
    }

    /// Watches a secret made elsewhere.
    pub fn watch(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= PIECE, "{name} is too short to be told from chance");
        self.known.insert(name.to_owned());
        for (spelling, pieces) in SPELLINGS.into_iter().zip(&mut self.pieces) {
            for spelled in spelling.spelled(secret) {
                for piece in spelled.windows(pieces.length) {
                    pieces.begins[begin(piece)] = true;
                    pieces.named.insert(piece.to_vec(), name.to_owned());
                }
            }
        }
    }

    /// The names of all that is watched.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// The names of all canaries of which a piece is seen, in whatever spelling.
    pub fn seen_in(&self, haystack: &[u8]) -> BTreeSet<String> {
        let [plain, hex, base64] = self.pieces.as_slice() else { panic!("one for each spelling") };
        let mut seen = BTreeSet::new();
        for view in [haystack.to_vec(), percent_decoded(haystack), unescaped(haystack), listed(haystack)] {
            plain.find(&view, &mut seen);
        }
        hex.find(&haystack.to_ascii_lowercase(), &mut seen);
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        base64.find(haystack, &mut seen);
        base64.find(&haystack.iter().map(standard).collect::<Vec<_>>(), &mut seen);
        seen
    }
}

impl Pieces {
    fn find(&self, view: &[u8], seen: &mut BTreeSet<String>) {
        let begun = view.windows(self.length).filter(|piece| self.begins[begin(piece)]);
        seen.extend(begun.filter_map(|piece| self.named.get(piece).cloned()));
    }
}

fn begin(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 8 | usize::from(piece[1])
}

fn letters(count: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(count).map(char::from).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// `%C3%A9` and `+` as the bytes they stand for.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(text).map(|byte| if byte == b'+' { b' ' } else { byte }).collect()
}

/// `\"`, `\\`, `\/`, `\u00e9` and `\u{e9}` as the characters they stand for.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (taken, character) = match (first, after.first()) {
            (b'\\', Some(b'u')) => {
                code_point(&after[1..]).map_or((1, None), |(length, found)| (2 + length, Some(found)))
            }
            (b'\\', Some(escaped)) => (2, Some(char::from(*escaped))),
            _ => (1, None),
        };
        match character {
            Some(character) => plain.extend(character.to_string().bytes()),
            None => plain.push(*first),
        }
        rest = &rest[taken..];
    }
    plain
}

/// The code point after `\u`, and how long its spelling is.
fn code_point(text: &[u8]) -> Option<(usize, char)> {
    let (digits, length) = match text.strip_prefix(b"{") {
        Some(inside) => {
            let end = inside.iter().take(7).position(|byte| *byte == b'}')?;
            (&inside[..end], end + 2)
        }
        None => (text.get(..4)?, 4),
    };
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((length, char::from_u32(number)?))
}

/// `[82, 51, 76]` as the bytes it lists: how Rust prints a buffer.
fn listed(text: &[u8]) -> Vec<u8> {
    let words = text.split(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty() && word.len() <= 3);
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse::<u8>().ok()).collect()
}

/// The controls: each way in which a canary can get out is noticed, and what is no canary is not.
#[test]
fn every_spelling_is_found() {
    let mut aviary = Aviary::new();
    let secret = aviary.hatch("secret");
    let bytes = secret.as_bytes();
    let url: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let form: String = secret.replace('%', "%25").replace('+', "%2B").replace(' ', "+").replace('&', "%26");
    let unicode: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("plain", bytes.to_vec()),
        ("its first eight characters", bytes[..8].to_vec()),
        ("eight characters from its middle", bytes[13..21].to_vec()),
        ("JSON", serde_json::to_vec(&secret).unwrap()),
        ("JSON in code points", unicode.into_bytes()),
        ("Rust's debug form", format!("{secret:?}").into_bytes()),
        ("Rust's debug form of bytes", format!("{bytes:?}").into_bytes()),
        ("a URL", url.into_bytes()),
        ("a form", form.into_bytes()),
        ("hex", hex(bytes)),
        ("capital hex", hex(bytes).to_ascii_uppercase()),
        ("base64", STANDARD.encode(bytes).into_bytes()),
        ("base64 of a URL", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
        ("base64 of something around it", STANDARD.encode(format!("user:{secret}@host")).into_bytes()),
        ("base64 of something else around it", STANDARD.encode(format!("user2:{secret}")).into_bytes()),
    ];
    for (what, text) in rows {
        let line = [b"2026-01-01 INFO said: ".as_slice(), &text, b" and more\n"].concat();
        assert_eq!(aviary.seen_in(&line).len(), 1, "{what}: {}", String::from_utf8_lossy(&line));
    }
    let harmless = [&bytes[..7], b" ", &bytes[20..26], b" [1, 2, 3] %41 \\u00e9 \\u{e9} \\"].concat();
    assert!(aviary.seen_in(&harmless).is_empty(), "seven bytes are no leak");
}
