//! Finds the members of a JSON object and where they stand, as Python's `json` reads it; texts are never changed or shown.
//!
//! serde_json would lose the spelling of numbers, refuse `NaN`, and hide which keys come twice.

use std::ops::Range;

/// One member of the outermost object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key, unescaped.
    pub key: String,
    /// From the key's opening quote to the value's end.
    pub whole: Range<usize>,
    /// The value alone.
    pub value: Range<usize>,
}

/// Why a text cannot be read, and where; says what was expected, never what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Gives the members of the object that `text` is, in order, repeated keys included.
pub fn members(text: &str) -> Result<Vec<Member>, Malformed> {
    let mut scanner = Scanner { text, at: 0 };
    let found = scanner.outermost_object();
    found.map_err(|expected| scanner.malformed(expected))
}

/// Checks that `text` is one JSON value.
pub fn is_value(text: &str) -> bool {
    let mut scanner = Scanner { text, at: 0 };
    scanner.blank();
    scanner.value().is_ok() && scanner.end().is_ok()
}

type Expected = &'static str;

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn outermost_object(&mut self) -> Result<Vec<Member>, Expected> {
        if self.text.starts_with('\u{feff}') {
            return Err("no byte-order mark");
        }
        self.blank();
        self.take(b'{').map_err(|_| "an object, `{`")?;
        self.blank();
        let mut members = Vec::new();
        if self.take(b'}').is_err() {
            loop {
                members.push(self.member()?);
                self.blank();
                if self.take(b'}').is_ok() {
                    break;
                }
                self.take(b',').map_err(|_| "`,` or `}`")?;
                self.blank();
            }
        }
        self.end()?;
        Ok(members)
    }

    fn member(&mut self) -> Result<Member, Expected> {
        let start = self.at;
        let key = self.key()?;
        let value_start = self.at;
        self.value()?;
        Ok(Member { key, whole: start..self.at, value: value_start..self.at })
    }

    /// Reads a key, the colon and the blanks around it.
    fn key(&mut self) -> Result<String, Expected> {
        let start = self.at;
        self.string().map_err(|expected| if self.at == start { "a key in double quotes" } else { expected })?;
        let key =
            serde_json::from_str(&self.text[start..self.at]).map_err(|_| "a key without half a surrogate pair")?;
        self.blank();
        self.take(b':').map_err(|_| "`:`")?;
        self.blank();
        Ok(key)
    }

    /// Passes over one value, however deep, without recursion.
    fn value(&mut self) -> Result<(), Expected> {
        let mut open = Vec::new();
        loop {
            if let Some(closing) = self.opening() {
                self.blank();
                if self.take(closing).is_err() {
                    open.push(closing);
                    if closing == b'}' {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar()?;
            }
            while let Some(closing) = open.last().copied() {
                self.blank();
                if self.take(closing).is_err() {
                    self.take(b',').map_err(|_| if closing == b'}' { "`,` or `}`" } else { "`,` or `]`" })?;
                    self.blank();
                    if closing == b'}' {
                        self.key()?;
                    }
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Enters an object or array; gives what closes it.
    fn opening(&mut self) -> Option<u8> {
        let closing = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        self.at += 1;
        Some(closing)
    }

    fn scalar(&mut self) -> Result<(), Expected> {
        // Python reads the last three, and writes them.
        const WORDS: [&str; 6] = ["true", "false", "null", "NaN", "Infinity", "-Infinity"];
        if self.peek() == Some(b'"') {
            return self.string();
        }
        match WORDS.into_iter().find(|word| self.text[self.at..].starts_with(word)) {
            Some(word) => self.at += word.len(),
            None => self.number()?,
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Expected> {
        let _ = self.take(b'-');
        if self.take(b'0').is_err() && self.digits() == 0 {
            return Err("a value");
        }
        if self.take(b'.').is_ok() && self.digits() == 0 {
            return Err("a digit");
        }
        if self.take(b'e').is_ok() || self.take(b'E').is_ok() {
            let _ = self.take(b'+').or_else(|()| self.take(b'-'));
            if self.digits() == 0 {
                return Err("a digit");
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<(), Expected> {
        self.take(b'"').map_err(|()| "a string in double quotes")?;
        loop {
            match self.peek() {
                None => return Err("the closing quote"),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(..0x20) => return Err("an escaped control character"),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Expected> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err("an escape that JSON knows"),
        };
        Ok(())
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Expected> {
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err("the end of the file") }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), ()> {
        if self.peek() != Some(byte) {
            return Err(());
        }
        self.at += 1;
        Ok(())
    }

    fn malformed(&self, expected: Expected) -> Malformed {
        let before = &self.text.as_bytes()[..self.at];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        // A continuation byte of UTF-8 begins no character.
        let characters = before[line_start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        Malformed { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, column: characters + 1, expected }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn finds_members_and_keeps_their_spelling() {
        let text = r#" { "a" : 1.10 , "b":{"x":[1,{"y":NaN},[]],"z":{}} ,"\u00e9\ud83e\udd80\n":"q\"}" , "a":-Infinity,"c":"\ud800"}
 "#;
        let found = members(text).unwrap();
        let values: Vec<_> = found.iter().map(|member| (member.key.as_str(), &text[member.value.clone()])).collect();
        let expected = [
            ("a", "1.10"),
            ("b", r#"{"x":[1,{"y":NaN},[]],"z":{}}"#),
            ("é🦀\n", r#""q\"}""#),
            ("a", "-Infinity"),
            ("c", r#""\ud800""#),
        ];
        assert_eq!(values, expected);
        assert_eq!(&text[found[0].whole.clone()], r#""a" : 1.10"#);
        assert_eq!(members(" {\n} ").unwrap(), []);
    }

    #[test]
    fn says_where_and_what_but_not_what_was_found() {
        let rows = [
            ("", 1, 1, "an object, `{`"),
            ("[1]", 1, 1, "an object, `{`"),
            ("\u{feff}{}", 1, 1, "no byte-order mark"),
            ("{\n  \"a\": 1\n  \"b\": 2}", 3, 3, "`,` or `}`"),
            ("{\"é\": 1,}", 1, 9, "a key in double quotes"),
            ("{\"a\" 1}", 1, 6, "`:`"),
            ("{\"a\": 01}", 1, 8, "`,` or `}`"),
            ("{\"a\": 1.}", 1, 9, "a digit"),
            ("{\"a\": 1e+}", 1, 10, "a digit"),
            ("{\"a\": 'b'}", 1, 7, "a value"),
            ("{\"a\": [1,]}", 1, 10, "a value"),
            ("{\"a\": [1}", 1, 9, "`,` or `]`"),
            ("{\"a\": {\"b\"}}", 1, 11, "`:`"),
            ("{\"a\": \"b\nc\"}", 1, 9, "an escaped control character"),
            ("{\"a\": \"\\x\"}", 1, 8, "an escape that JSON knows"),
            ("{\"a\": \"b", 1, 9, "the closing quote"),
            ("{\"\\ud800\": 1}", 1, 10, "a key without half a surrogate pair"),
            ("{} {}", 1, 4, "the end of the file"),
        ];
        for (text, line, column, expected) in rows {
            assert_eq!(members(text).unwrap_err(), Malformed { line, column, expected }, "{text}");
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"a\":",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\x\"",
        "\"",
        "0",
        "12",
        "-",
        ".",
        "e",
        "+",
        "true",
        "nul",
        " ",
        "\n",
        "\u{1}",
    ];

    proptest::proptest! {
        #[test]
        fn takes_what_serde_json_takes(
            picks in proptest::collection::vec(proptest::sample::select(PIECES), 0..9),
            wrap in proptest::sample::select(&[("", ""), ("[", "]"), ("{\"k\":", "}")][..]),
        ) {
            let text = format!("{}{}{}", wrap.0, picks.concat(), wrap.1);
            let reference = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            proptest::prop_assert_eq!(is_value(&text), reference.is_ok(), "{}", text);
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(is_value(&deep));
        assert!(!is_value(&deep[1..]));
        assert!(!is_value("1 2") && !is_value("") && is_value(" \"a\" "));
    }
}
