//! `json.loads`: strict about control characters, lax about `NaN`, lone surrogates and repeated keys.

use zeroize::Zeroizing;

use super::number::Integer;
use super::{Object, Text, Value};

/// The deepest nesting read. Python gives up near 1000, less what its stack already holds; we stop before it can.
pub const DEPTH_LIMIT: usize = 900;

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// It is no JSON: Python's `JSONDecodeError`, which Airflow catches in places.
    Syntax,
    /// An integer of more digits than Python converts: a plain `ValueError`, which Airflow does not expect.
    NumberTooLong,
    /// It is nested too deeply: a `RecursionError`, which Airflow does not expect.
    TooDeep,
}

/// `json.loads(text)`.
pub fn loads(text: &Text) -> Result<Value, JsonError> {
    loads_slice(text.as_bytes())
}

pub(in crate::model) fn loads_slice(slice: &[u8]) -> Result<Value, JsonError> {
    let mut scanner = Scanner { rest: slice };
    scanner.skip_blanks();
    let value = scanner.value(0)?;
    scanner.skip_blanks();
    if scanner.rest.is_empty() { Ok(value) } else { Err(JsonError::Syntax) }
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), JsonError> {
        if self.take(word) { Ok(()) } else { Err(JsonError::Syntax) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        match self.rest.first().ok_or(JsonError::Syntax)? {
            b'"' => self.text().map(Value::Text),
            b'{' => self.object(deeper(depth)?).map(Value::Object),
            b'[' => self.list(deeper(depth)?).map(Value::List),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        words.into_iter().find(|(word, _)| self.take(word)).map(|(_, value)| value).ok_or(JsonError::Syntax)
    }

    fn object(&mut self, depth: usize) -> Result<Object, JsonError> {
        self.expect("{")?;
        self.skip_blanks();
        let mut members = Vec::new();
        if self.take("}") {
            return Ok(Object::default());
        }
        loop {
            let key = self.text()?;
            self.skip_blanks();
            self.expect(":")?;
            self.skip_blanks();
            members.push((key, self.value(depth)?));
            self.skip_blanks();
            if self.take("}") {
                return Ok(Object::from_members(members));
            }
            self.expect(",")?;
            self.skip_blanks();
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, JsonError> {
        self.expect("[")?;
        self.skip_blanks();
        let mut items = Vec::new();
        if self.take("]") {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.take("]") {
                return Ok(items);
            }
            self.expect(",")?;
            self.skip_blanks();
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let negative = self.take("-");
        if negative && self.take("Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let whole = match self.rest.first() {
            Some(b'0') => self.split_at(1),
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(JsonError::Syntax),
        };
        let fraction = self.tail(|rest| usize::from(rest.first() == Some(&b'.')));
        let exponent = self.tail(|rest| match rest {
            [b'e' | b'E', b'+' | b'-', ..] => 2,
            [b'e' | b'E', ..] => 1,
            _ => 0,
        });
        if fraction.is_empty() && exponent.is_empty() {
            return Integer::from_digits(negative, whole).map(Value::Integer).ok_or(JsonError::NumberTooLong);
        }
        let spelled = Zeroizing::new(format!("{whole}{fraction}{exponent}"));
        let magnitude: f64 = spelled.parse().map_err(|_| JsonError::Syntax)?;
        Ok(Value::Float(if negative { -magnitude } else { magnitude }))
    }

    /// A fraction or an exponent: taken if digits follow what introduces it, else left for the caller to stumble over.
    fn tail(&mut self, introduction: impl Fn(&[u8]) -> usize) -> &'a str {
        let length = introduction(self.rest);
        if length > 0 && self.rest.get(length).is_some_and(u8::is_ascii_digit) {
            let digits = count_digits(&self.rest[length..]);
            self.split_at(length + digits)
        } else {
            ""
        }
    }

    fn digits(&mut self) -> &'a str {
        self.split_at(count_digits(self.rest))
    }

    fn split_at(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        std::str::from_utf8(taken).expect("a number is ASCII")
    }

    fn text(&mut self) -> Result<Text, JsonError> {
        self.expect("\"")?;
        let mut text = Text::default();
        loop {
            let plain =
                self.rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).ok_or(JsonError::Syntax)?;
            text.push_slice(&self.rest[..plain]);
            self.rest = &self.rest[plain..];
            if self.take("\"") {
                return Ok(text);
            }
            // A bare control character is refused here too: it is no backslash.
            self.expect("\\")?;
            let code = self.escape()?;
            text.push_code_point(code);
        }
    }

    fn escape(&mut self) -> Result<u32, JsonError> {
        let (letter, rest) = self.rest.split_first().ok_or(JsonError::Syntax)?;
        self.rest = rest;
        Ok(match letter {
            b'"' | b'\\' | b'/' => u32::from(*letter),
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => self.code_point()?,
            _ => return Err(JsonError::Syntax),
        })
    }

    /// The code point of a `\u` escape: two that are a surrogate pair make one, a lone surrogate stays.
    fn code_point(&mut self) -> Result<u32, JsonError> {
        let first = self.unit()?;
        let after_first = self.rest;
        if (0xd800..0xdc00).contains(&first) && self.take("\\u") {
            let second = self.unit()?;
            if (0xdc00..0xe000).contains(&second) {
                return Ok(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.rest = after_first;
        }
        Ok(first)
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let (digits, rest) = self.rest.split_at_checked(4).ok_or(JsonError::Syntax)?;
        self.rest = rest;
        digits.iter().try_fold(0, |unit, byte| {
            let digit = char::from(*byte).to_digit(16).ok_or(JsonError::Syntax)?;
            Ok(unit << 4 | digit)
        })
    }
}

fn deeper(depth: usize) -> Result<usize, JsonError> {
    if depth < DEPTH_LIMIT { Ok(depth + 1) } else { Err(JsonError::TooDeep) }
}

fn count_digits(slice: &[u8]) -> usize {
    slice.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
