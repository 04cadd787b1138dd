//! A Vault of the bench's own, in memory, that counts what it is asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::told;

/// A running Vault, gone with the bench.
pub struct Vault {
    process: Child,
    client: reqwest::Client,
    /// Its address.
    pub address: String,
    /// Its root token.
    pub token: String,
}

/// How often each method was asked of each area of a mount: `POST data`.
pub type Calls = BTreeMap<String, usize>;

impl Vault {
    /// Starts one.
    pub fn start() -> Self {
        let mut process = Command::new(told("VAULT"))
            .args(["-until-eof", "-count"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        Self { process, client: client(), address: text("address"), token: text("token") }
    }

    /// Asks as root, and insists.
    pub async fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: HTTP {status} {answer}");
        answer
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}/v1/{path}", self.address);
        let mut request = self.client.request(method, url).header("x-vault-token", &self.token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Mounts a KV engine of version 2, and waits until it is usable.
    pub async fn mount(&self, mount: &str) {
        let body = json!({"type": "kv", "options": {"version": "2"}});
        self.must("POST", &format!("sys/mounts/{mount}"), body).await;
        let probe = format!("{mount}/metadata/");
        for _ in 0..200 {
            if self.ask("LIST", &probe, Value::Null).await.0 == 404 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{mount} does not become usable");
    }

    /// Throws a mount away with all it holds, so that it does not weigh on what is measured next.
    pub async fn unmount(&self, mount: &str) {
        self.must("DELETE", &format!("sys/mounts/{mount}"), Value::Null).await;
    }

    /// A token that may write values but no metadata, so no marks.
    pub async fn token_without_marks(&self, mount: &str) -> String {
        let policy = format!(
            "path \"{mount}/data/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}
             path \"{mount}/metadata/*\" {{ capabilities = [\"read\", \"list\"] }}"
        );
        self.must("POST", &format!("sys/policies/acl/{mount}"), json!({ "policy": policy })).await;
        let answer = self.must("POST", "auth/token/create", json!({"policies": [mount], "no_parent": true})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// What was asked of a mount since this was last asked.
    pub async fn calls(&self, mount: &str) -> Calls {
        let answer = self.client.get(format!("{}/counts", self.address)).send().await.unwrap();
        let all: BTreeMap<String, usize> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let infix = format!(" {mount}/");
        let of_mount = all.into_iter().filter(|(call, _)| call.contains(&infix));
        of_mount.map(|(call, count)| (call.replace(&infix, " "), count)).collect()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client without any logic. Plain http needs no authorities, and a machine may have none.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}
