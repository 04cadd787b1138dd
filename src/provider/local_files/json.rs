//! A JSON object as text, changed member by member; every other byte stays as it is.

use zeroize::Zeroizing;

use super::scan;
use crate::provider::file::{Document, Found, Malformed, Unwritable};

/// A JSON object with the exact text of its members.
pub struct JsonDocument {
    /// Up to the first member.
    head: String,
    members: Vec<Member>,
    /// From the end of the last member.
    tail: String,
}

struct Member {
    key: String,
    /// What stands between it and the member before.
    before: String,
    /// From the key's opening quote up to the value.
    spelled: String,
    value: Zeroizing<String>,
}

impl JsonDocument {
    /// An object without members, as it is written into a new file.
    pub fn empty() -> Self {
        Self { head: "{".to_owned(), members: Vec::new(), tail: "}\n".to_owned() }
    }

    /// Takes a text apart.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let found = scan::members(text).map_err(malformed)?;
        let Some(first) = found.first() else {
            let inside = text.find('{').map_or(text.len(), |brace| brace + 1);
            // The blanks of an empty object are dropped: they are no member's indentation.
            let tail = text[inside..].trim_start().to_owned();
            return Ok(Self { head: text[..inside].to_owned(), members: Vec::new(), tail });
        };
        let mut end = first.whole.start;
        let mut members = Vec::with_capacity(found.len());
        for member in &found {
            members.push(Member {
                key: member.key.clone(),
                before: text[end..member.whole.start].to_owned(),
                spelled: text[member.whole.start..member.value.start].to_owned(),
                value: Zeroizing::new(text[member.value.clone()].to_owned()),
            });
            end = member.whole.end;
        }
        Ok(Self { head: text[..first.whole.start].to_owned(), members, tail: text[end..].to_owned() })
    }

    fn retain(&mut self, keep: impl FnMut(&Member) -> bool) {
        self.members.retain(keep);
        // Whatever stood before the member that is now the first stood behind a comma.
        if let Some(first) = self.members.first_mut() {
            first.before.clear();
        }
        if self.members.is_empty() {
            self.head.truncate(self.head.find('{').map_or(0, |brace| brace + 1));
            self.tail = self.tail.trim_start().to_owned();
        }
    }

    fn append(&mut self, key: &str, value: Zeroizing<String>) {
        let quoted = serde_json::Value::from(key).to_string();
        let spelled = format!("{quoted}: ");
        let before = match self.members.len() {
            0 => {
                self.head.push_str("\n    ");
                self.tail.insert(0, '\n');
                String::new()
            }
            // One member shows its indentation in what stands before it.
            1 => format!(",{}", self.head.rsplit_once('{').map_or("", |(_, blanks)| blanks)),
            count => self.members[count - 1].before.clone(),
        };
        self.members.push(Member { key: key.to_owned(), before, spelled, value });
    }
}

fn malformed(at: scan::Malformed) -> Malformed {
    Malformed {
        line: at.line,
        column: Some(at.column),
        problem: format!("no JSON object: expected {}", at.expected),
        remedy: Some("mend the file; Airflow cannot read it either. An empty store is the text {}"),
    }
}

impl Document for JsonDocument {
    fn ids(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        self.members.iter().map(|member| member.key.as_str()).filter(|key| seen.insert(*key)).collect()
    }

    fn find(&self, key: &str) -> Option<Found<'_>> {
        let mut found = self.members.iter().filter(|member| member.key == key);
        let first = found.next()?;
        Some(match found.count() {
            0 => Found::Value(&first.value),
            others => Found::Several(others + 1),
        })
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), Unwritable> {
        if !scan::is_value(value) {
            return Err(Unwritable("the text to write is no JSON value".to_owned()));
        }
        let value = Zeroizing::new(value.to_owned());
        let Some(last) = self.members.iter().rposition(|member| member.key == key) else {
            self.append(key, value);
            return Ok(());
        };
        self.members[last].value = value;
        let mut position = 0;
        self.retain(|member| {
            position += 1;
            member.key != key || position == last + 1
        });
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        self.retain(|member| member.key != key);
    }

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        let members = self.members.iter();
        let length: usize = members.map(|member| member.before.len() + member.spelled.len() + member.value.len()).sum();
        // Room for all of it at once: growing would leave pieces of values behind in memory.
        let mut text = Zeroizing::new(String::with_capacity(self.head.len() + length + self.tail.len()));
        text.push_str(&self.head);
        for member in &self.members {
            text.push_str(&member.before);
            text.push_str(&member.spelled);
            text.push_str(&member.value);
        }
        text.push_str(&self.tail);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    /// A key and its new value; `None` removes.
    type Change = (&'static str, Option<&'static str>);

    fn changed(text: &str, changes: &[Change]) -> String {
        let mut document = JsonDocument::parse(text).unwrap();
        for (key, value) in changes {
            match value {
                Some(value) => document.put(key, value).unwrap(),
                None => document.remove(key),
            }
        }
        document.text().unwrap().to_string()
    }

    #[test]
    fn changes_what_is_asked_and_no_other_byte() {
        let indented = "{\n  \"a\" :1.10,\n  \"b\": NaN\n}\n";
        let rows: [(&str, &[Change], &str); 12] = [
            (indented, &[], indented),
            (indented, &[("a", Some("2"))], "{\n  \"a\" :2,\n  \"b\": NaN\n}\n"),
            (indented, &[("c", Some("3"))], "{\n  \"a\" :1.10,\n  \"b\": NaN,\n  \"c\": 3\n}\n"),
            (indented, &[("a", None)], "{\n  \"b\": NaN\n}\n"),
            (indented, &[("b", None)], "{\n  \"a\" :1.10\n}\n"),
            (indented, &[("a", None), ("b", None)], "{}\n"),
            (indented, &[("a", None), ("b", None), ("c", Some("3"))], "{\n    \"c\": 3\n}\n"),
            ("{\"a\":1}", &[("b", Some("2"))], "{\"a\":1,\"b\": 2}"),
            ("{\t\"a\": 1}", &[("b", Some("2"))], "{\t\"a\": 1,\t\"b\": 2}"),
            (" {\n\n} ", &[("q\"é", Some("1"))], " {\n    \"q\\\"é\": 1\n} "),
            ("{\"a\": 1, \"b\": 2, \"a\": 3}", &[("a", Some("4"))], "{\"b\": 2, \"a\": 4}"),
            ("{\"a\": 1, \"b\": 2, \"a\": 3}", &[("a", None)], "{\"b\": 2}"),
        ];
        for (text, changes, expected) in rows {
            assert_eq!(changed(text, changes), expected, "{text} {changes:?}");
        }
    }

    #[test]
    fn an_empty_document_grows_into_a_tidy_file() {
        let mut document = JsonDocument::empty();
        document.put("a", "1").unwrap();
        document.put("b", "{}").unwrap();
        assert_eq!(*document.text().unwrap(), "{\n    \"a\": 1,\n    \"b\": {}\n}\n");
    }

    #[test]
    fn repeated_keys_are_told_apart_from_single_ones() {
        let document = JsonDocument::parse(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
        assert_eq!(document.ids(), ["a", "b"]);
        assert!(document.find("a") == Some(Found::Several(2)));
        assert!(document.find("b") == Some(Found::Value("2")));
        assert!(document.find("c").is_none());
    }
}
