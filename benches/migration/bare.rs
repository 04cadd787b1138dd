//! The very same requests as a run sends, as many at once, from a client that knows and checks nothing.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::story::WIDTH;
use crate::vault::{Vault, client};

/// What a run without logic would do.
pub struct Bare<'a> {
    vault: &'a Vault,
    client: reqwest::Client,
    mount: &'a str,
    secrets: Vec<(String, Value)>,
}

impl<'a> Bare<'a> {
    /// The same secrets as the metastore holds.
    pub fn new(vault: &'a Vault, mount: &'a str, count: usize, size: usize) -> Self {
        let padded = |word: &str, number: usize| format!("{:x<size$}", format!("{word}-{number:07}-"));
        let connection = |number: usize| {
            let fields = json!({
                "conn_type": "postgres", "host": format!("db{}.internal", number % 50), "login": "airflow",
                "schema": "reporting", "password": padded("password", number), "port": 5432,
                "extra": "{\"sslmode\": \"require\", \"connect_timeout\": 10}",
            });
            (format!("connections/conn_{number:07}"), fields)
        };
        let variable =
            |number: usize| (format!("variables/var_{number:07}"), json!({"value": padded("value", number)}));
        let secrets = (0..count / 2).map(connection).chain((0..count - count / 2).map(variable)).collect();
        Self { vault, client: client(), mount, secrets }
    }

    /// Lists both folders and writes every key, with its mark.
    pub async fn first(&self) -> Duration {
        self.creating(Some("custom_metadata")).await
    }

    /// The same without marks.
    pub async fn first_without_marks(&self) -> Duration {
        self.creating(None).await
    }

    async fn creating(&self, mark: Option<&str>) -> Duration {
        let begun = Instant::now();
        self.list().await;
        self.each(self.secrets.iter().enumerate(), async |(_, (path, fields))| {
            self.write(path, fields, 0).await;
            if let Some(mark) = mark {
                let pairs = json!({
                    "managed-by": "secretferry", "secretferry-mark": "1", "secretferry-job": "ferry",
                    "secretferry-ledger": "11111111-2222-3333-4444-555555555555", "secretferry-id": path,
                });
                self.send("PATCH", &format!("metadata/{path}"), Some(json!({ mark: pairs }))).await;
            }
        })
        .await;
        begun.elapsed()
    }

    /// Lists both folders and looks at every key.
    pub async fn idle(&self) -> Duration {
        let begun = Instant::now();
        self.list().await;
        self.look().await;
        begun.elapsed()
    }

    /// The same, and reads and writes one key in a hundred.
    pub async fn changed(&self) -> Duration {
        let begun = Instant::now();
        self.list().await;
        self.look().await;
        let half = self.secrets.len() / 2;
        let changed = self.secrets.iter().enumerate().filter(|(index, _)| (index % half).is_multiple_of(100));
        self.each(changed, async |(_, (path, fields))| {
            self.send("GET", &format!("data/{path}"), None).await;
            self.write(path, fields, 1).await;
        })
        .await;
        begun.elapsed()
    }

    async fn list(&self) {
        for folder in ["connections", "variables"] {
            // An empty folder is not found.
            self.status("LIST", &format!("metadata/{folder}/"), None).await;
        }
    }

    async fn look(&self) {
        self.each(self.secrets.iter().enumerate(), async |(_, (path, _))| {
            self.send("GET", &format!("metadata/{path}"), None).await;
        })
        .await;
    }

    async fn each<T>(&self, items: impl Iterator<Item = T>, work: impl AsyncFn(T)) {
        let work = &work;
        stream::iter(items).map(|item| work(item)).buffer_unordered(WIDTH).collect::<()>().await;
    }

    async fn write(&self, path: &str, fields: &Value, cas: u64) {
        let body = json!({"options": {"cas": cas}, "data": fields});
        self.send("POST", &format!("data/{path}"), Some(body)).await;
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) {
        let status = self.status(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: HTTP {status}");
    }

    async fn status(&self, method: &str, path: &str, body: Option<Value>) -> u16 {
        let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let url = format!("{}/v1/{}/{path}", self.vault.address, self.mount);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url).header("x-vault-token", &self.vault.token);
        if let Some(body) = body {
            request = request.header("content-type", content_type).body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        answer.bytes().await.unwrap();
        status
    }
}
