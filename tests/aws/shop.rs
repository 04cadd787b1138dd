//! What is carried from store to store: secrets of every kind, none of which loses anything on the way.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fakes::aws::Aws;
use crate::fakes::server::Fake;
use crate::moto::{Moto, REGION};

/// Connections, their fields as Airflow's own JSON spells them.
pub fn connections() -> BTreeMap<String, Value> {
    let rows = [
        (
            "warehouse",
            json!({"conn_type": "postgres", "host": "db.example.com", "login": "me", "password": "p@ss/w:rd #1%", "port": 5432}),
        ),
        ("team/api", json!({"conn_type": "http", "host": "https://api", "extra": "{\"timeout\": 30}"})),
        ("unicode", json!({"conn_type": "ftp", "login": "Grüße", "password": "日本 🎉 e\u{301}"})),
        (
            "quotes",
            json!({"conn_type": "ssh", "password": "\"it's\" \\ $HOME `x`", "extra": "{\"key\": \"line 1\\nline 2\\n\"}"}),
        ),
        ("long", json!({"conn_type": "http", "password": "0123456789abcdef".repeat(150)})),
        ("bare", json!({"conn_type": "sqlite"})),
        ("Upper.and-lower_1", json!({"conn_type": "mysql", "schema": "a/b?c"})),
    ];
    rows.map(|(id, fields)| (id.to_owned(), fields)).into()
}

/// Texts of variables and of configs.
pub fn texts() -> BTreeMap<String, String> {
    let rows = [
        ("plain", "text".to_owned()),
        ("blanks", "  both  ".to_owned()),
        ("lines", "a\r\nb\n".to_owned()),
        ("json", "{\"a\":1.10,  \"b\": [null]}".to_owned()),
        ("looks/like/uri", "postgres://u:p@h/d".to_owned()),
        ("unicode", "Grüße 日本 🎉".to_owned()),
        ("long", "x".repeat(4000)),
    ];
    rows.map(|(id, text)| (id.to_owned(), text)).into()
}

/// All of it: what lies under each name `kind/id`, a connection as an object.
pub fn all() -> BTreeMap<String, Value> {
    let connections = connections().into_iter().map(|(id, fields)| (format!("connections/{id}"), fields));
    let texts = ["variables", "config"]
        .into_iter()
        .flat_map(|kind| texts().into_iter().map(move |(id, text)| (format!("{kind}/{id}"), Value::from(text))));
    connections.chain(texts).collect()
}

/// One key of [`all`] as a text that AWS stores.
pub fn stored(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The same read back.
pub fn read(name: &str, text: &str) -> Value {
    if name.starts_with("connections/") { plain(serde_json::from_str(text).unwrap()) } else { text.into() }
}

/// A connection whose extra is a text, however it was spelled.
pub fn plain(mut fields: Value) -> Value {
    if let Some(extra @ (Value::String(_) | Value::Object(_))) = fields.get_mut("extra") {
        let parsed = extra.as_str().map_or(extra.clone(), |text| serde_json::from_str(text).unwrap());
        *extra = parsed;
    }
    fields
}

/// The table of a store in AWS, below a prefix, under no quota; the secret key is in `KEY`.
pub fn table(kind: &str, address: &str, prefix: &str) -> String {
    format!(
        "kind = '{kind}'\nregion = '{REGION}'\nendpoint-url = '{address}'\n\
         auth = {{ method = 'static', access-key-id = {{ env = 'KEY' }}, secret-access-key = {{ env = 'KEY' }} }}\n\
         pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}\n\
         connections-prefix = '{prefix}/connections'\nvariables-prefix = '{prefix}/variables'\nconfig-prefix = '{prefix}/config'"
    )
}

/// Everything below a prefix of Secrets Manager, without the prefix.
pub async fn secrets(moto: &Moto, prefix: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let listed = moto.must("secretsmanager.ListSecrets", json!({"MaxResults": 100})).await;
    assert!(listed["NextToken"].is_null());
    for secret in listed["SecretList"].as_array().unwrap() {
        let name = secret["Name"].as_str().unwrap();
        let Some(short) = name.strip_prefix(&format!("{prefix}/")) else { continue };
        let value = moto.must("secretsmanager.GetSecretValue", json!({"SecretId": name})).await;
        found.insert(short.to_owned(), read(short, value["SecretString"].as_str().unwrap()));
    }
    found
}

/// Everything below a prefix of Parameter Store, without the prefix; all of it is encrypted.
pub async fn parameters(moto: &Moto, prefix: &str) -> BTreeMap<String, Value> {
    let (mut found, mut token) = (BTreeMap::new(), Value::Null);
    loop {
        let mut body = json!({"Path": prefix, "Recursive": true, "WithDecryption": true});
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let mut answer = moto.must("AmazonSSM.GetParametersByPath", body).await;
        for parameter in answer["Parameters"].as_array().unwrap() {
            assert_eq!(parameter["Type"], "SecureString");
            let short = parameter["Name"].as_str().unwrap().strip_prefix(&format!("{prefix}/")).unwrap();
            found.insert(short.to_owned(), read(short, parameter["Value"].as_str().unwrap()));
        }
        token = answer["NextToken"].take();
        if token.is_null() {
            return found;
        }
    }
}

/// All of it, spelled as [`secrets`] and [`parameters`] give it.
pub fn expected() -> BTreeMap<String, Value> {
    all()
        .into_iter()
        .map(|(name, value)| (name.clone(), if value.is_object() { plain(value) } else { value }))
        .collect()
}

/// Takes the counts of a fake, and leaves the questions about ourselves out of them.
pub fn asked(fake: &Fake<Aws>) -> BTreeMap<String, u64> {
    fake.counts().into_iter().filter(|(operation, _)| !operation.starts_with("sts.")).collect()
}
