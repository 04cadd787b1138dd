//! `ast.literal_eval` of what people store as a dict: texts, numbers, `True`, `False`, `None`, lists and dicts of them.
//!
//! Comments, bytes, tuples, sets and numbers to other bases are refused.

use zeroize::Zeroizing;

use super::number::Integer;
use super::{Object, Text, Value};

/// The deepest nesting read; Python's own parser gives up near 200.
const DEPTH_LIMIT: usize = 100;

/// `ast.literal_eval(text)`; `None` where Python raises, and for what is refused here.
pub fn literal_eval(text: &Text) -> Option<Value> {
    let mut scanner = Scanner { rest: text.as_bytes() };
    scanner.skip_blanks();
    let value = scanner.value(0)?;
    scanner.skip_blanks();
    scanner.rest.is_empty().then_some(value)
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r' | b'\x0c', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, word: &[u8]) -> bool {
        let found = self.rest.strip_prefix(word);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        match self.rest {
            [b'{', ..] => self.dict(depth + 1).map(Value::Object),
            [b'[', ..] => self.list(depth + 1).map(Value::List),
            [b'+' | b'-' | b'.' | b'0'..=b'9', ..] => self.number(),
            [b'"' | b'\'', ..] | [b'u' | b'U' | b'r' | b'R', b'"' | b'\'', ..] => self.text().map(Value::Text),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Value> {
        let words = [("None", Value::Null), ("True", Value::Bool(true)), ("False", Value::Bool(false))];
        words.into_iter().find(|(word, _)| self.take(word.as_bytes())).map(|(_, value)| value)
    }

    fn dict(&mut self, depth: usize) -> Option<Object> {
        let mut members = Vec::new();
        self.items(b'}', |scanner| {
            let key = scanner.text()?;
            scanner.skip_blanks();
            scanner.take(b":").then_some(())?;
            scanner.skip_blanks();
            members.push((key, scanner.value(depth)?));
            Some(())
        })?;
        Some(Object::from_members(members))
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        self.items(b']', |scanner| {
            items.push(scanner.value(depth)?);
            Some(())
        })?;
        Some(items)
    }

    /// What stands between brackets, with commas between and, if anybody likes, one behind.
    fn items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.next();
        self.skip_blanks();
        while !self.take(&[end]) {
            item(self)?;
            self.skip_blanks();
            if !self.take(b",") {
                return self.take(&[end]).then_some(());
            }
            self.skip_blanks();
        }
        Some(())
    }

    fn number(&mut self) -> Option<Value> {
        let negative = self.take(b"-");
        if !negative {
            self.take(b"+");
        }
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte)).count();
        let (mut spelled, mut rest) = self.rest.split_at(length);
        if let ([.., b'e' | b'E'], [b'+' | b'-', ..]) = (spelled, rest) {
            let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            (spelled, rest) = self.rest.split_at(length + 1 + digits);
        }
        self.rest = rest;
        let spelled = std::str::from_utf8(spelled).expect("a number is ASCII");
        if spelled.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
            let signed = Zeroizing::new(format!("{}{spelled}", if negative { "-" } else { "" }));
            let number = Integer::parse(&Text::from(signed.as_str()))?;
            // Python refuses a zero in front, as of an octal number of old.
            return (!spelled.starts_with('0') || number.is_zero()).then_some(Value::Integer(number));
        }
        // `inf` and `nan` are names, not numbers.
        let is_number = spelled.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
        let magnitude: f64 = is_number.then(|| spelled.parse().ok())??;
        Some(Value::Float(if negative { -magnitude } else { magnitude }))
    }

    /// One text, or several in a row, which Python joins.
    fn text(&mut self) -> Option<Text> {
        let mut text = Text::default();
        loop {
            self.piece(&mut text)?;
            self.skip_blanks();
            if !matches!(self.rest, [b'"' | b'\'', ..] | [b'u' | b'U' | b'r' | b'R', b'"' | b'\'', ..]) {
                return Some(text);
            }
        }
    }

    fn piece(&mut self, text: &mut Text) -> Option<()> {
        let mut raw = false;
        let mut quote = self.next()?;
        if quote.is_ascii_alphabetic() {
            raw = quote.eq_ignore_ascii_case(&b'r');
            quote = self.next()?;
        }
        let long = self.take(&[quote, quote]);
        let end: &[u8] = if long { &[quote; 3] } else { &[quote] };
        while !self.take(end) {
            match self.next()? {
                b'\n' | b'\r' if !long => return None,
                b'\r' if self.rest.starts_with(b"\n") => {}
                b'\\' if !raw => self.escape(text)?,
                b'\\' => {
                    text.push_str("\\");
                    text.push_slice(&[self.next()?]);
                }
                byte => text.push_slice(&[byte]),
            }
        }
        Some(())
    }

    fn escape(&mut self, text: &mut Text) -> Option<()> {
        let letter = self.next()?;
        let code = match letter {
            b'\n' => return Some(()),
            b'\\' | b'\'' | b'"' => u32::from(letter),
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'v' => 0x0b,
            b'x' => self.hex(2)?,
            b'u' => self.hex(4)?,
            b'U' => self.hex(8)?,
            b'0'..=b'7' => self.octal(letter),
            b'N' => return None,
            // Any other letter keeps its backslash.
            _ => {
                text.push_slice(&[b'\\', letter]);
                return Some(());
            }
        };
        text.push_code_point(code);
        (code <= 0x10_ffff).then_some(())
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        digits.iter().try_fold(0, |code, byte| Some(code << 4 | char::from(*byte).to_digit(16)?))
    }

    fn octal(&mut self, first: u8) -> u32 {
        let more = self.rest.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        let (digits, rest) = self.rest.split_at(more);
        self.rest = rest;
        let value = |byte: u8| u32::from(byte - b'0');
        digits.iter().fold(value(first), |code, byte| code << 3 | value(*byte))
    }
}
