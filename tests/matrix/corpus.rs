//! What is carried: names and texts that stores are known to stumble over.

use serde_json::{Value, json};

/// A secret: `connections` or `variables`, its id, and its text as every store but Vault keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// The kind, in the plural.
    pub kind: &'static str,
    /// The id.
    pub id: String,
    /// A variable's text, or a connection as Airflow's JSON.
    pub text: String,
}

const PEM: &str =
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nx7+/Zw==\n-----END PRIVATE KEY-----\n";
const CRLF: &str = "first\r\nsecond\r\n\tthird\rfourth\n\n";
const EMOJI: &str = "🗝️ naïve Ω 日本語 \u{202e}\u{feff} e\u{301} 👩‍👩‍👧";
/// A tab and no-break spaces are blanks, too.
const BLANKS: &str = " \t\u{a0} both ends \u{a0}\t ";
const MASK: &str = "***";
const QUOTES: &str = "\"quoted\" 'it''s' \\n %41 %% ${HOME} $(id) `id` {\"a\": 1,}";
const JSON: &str = "{\"b\": 1.0, \"a\": [null, \"x\"],  \"big\": 12345678901234567890}";
const BRACES: &str = "{{ssm:/airflow/other}} and {{ds}}";

/// Texts of so many bytes, at the limits of the stores and one beyond.
const SIZES: [usize; 8] = [4096, 4097, 8193, 25_600, 25_601, 65_535, 65_536, 65_537];

/// All of it.
pub fn corpus() -> Vec<Secret> {
    let texts = [
        ("pem", PEM),
        ("crlf", CRLF),
        ("emoji", EMOJI),
        ("blanks", BLANKS),
        ("mask", MASK),
        ("quotes", QUOTES),
        ("json", JSON),
        ("braces", BRACES),
        ("nothing", ""),
        ("case", "lower"),
        ("CASE", "upper"),
        ("low_line", "under"),
        ("low-line", "hyphen"),
        ("with.dot", "a name with a dot"),
        ("with/slash", "a name of two levels"),
        ("with blank", "a name with a blank"),
        ("été", "a name that is not ASCII"),
    ];
    let mut all: Vec<_> = texts.into_iter().map(|(id, text)| variable(id, text)).collect();
    all.extend(SIZES.map(|size| variable(&format!("bytes{size}"), &of_size(size))));
    all.extend([
        connection("key", json!({"conn_type": "ssh", "host": "h", "login": "me", "extra": json!({"private_key": PEM}).to_string()})),
        connection("odd", json!({"conn_type": "postgres", "host": "DB.example.com", "login": " me ", "password": QUOTES, "port": 5432, "schema": EMOJI})),
        connection("lines", json!({"conn_type": "http", "host": "h", "password": CRLF})),
        connection("masked", json!({"conn_type": "http", "host": "h", "password": MASK})),
        connection("Odd", json!({"conn_type": "http", "host": "another"})),
        connection("large", json!({"conn_type": "http", "host": "h", "password": of_size(25_600)})),
    ]);
    all
}

// Not of one letter, so that a piece cut out of it shows.
fn of_size(size: usize) -> String {
    let numbers: String = (0..).map(|number: u32| format!("{number};")).take(size).collect();
    numbers[..size].to_owned()
}

fn variable(id: &str, text: &str) -> Secret {
    Secret { kind: "variables", id: id.to_owned(), text: text.to_owned() }
}

fn connection(id: &str, fields: Value) -> Secret {
    Secret { kind: "connections", id: id.to_owned(), text: fields.to_string() }
}

impl Secret {
    /// What the secret means, whatever its spelling: a variable's very text, a connection's fields.
    pub fn meaning(&self) -> Value {
        if self.kind == "variables" {
            return json!(self.text);
        }
        let mut fields: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        if let Some(extra) = fields["extra"].as_str().and_then(|extra| serde_json::from_str(extra).ok()) {
            fields["extra"] = extra;
        }
        if let Some(members) = fields.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        fields
    }
}
