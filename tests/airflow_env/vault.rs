//! A Vault of a test's own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::airflow::told;

/// A running Vault, gone with the test.
pub struct Vault {
    process: Child,
    client: reqwest::Client,
    /// Its address.
    pub address: String,
    /// Its root token.
    pub token: String,
}

impl Vault {
    /// Starts one in memory with one KV mount.
    pub async fn with(mount: &str, version: u8) -> Self {
        let mut process = Command::new(told("VAULT"))
            .arg("-until-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        // Plain http needs no authorities, and a machine may have none.
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let vault = Self { process, client, address: text("address"), token: text("token") };
        vault.mount(mount, version).await;
        vault
    }

    async fn mount(&self, mount: &str, version: u8) {
        let body = json!({"type": "kv", "options": {"version": version.to_string()}});
        self.must("POST", &format!("sys/mounts/{mount}"), body).await;
        let probe = if version == 2 { format!("{mount}/metadata/") } else { format!("{mount}/") };
        // A versioned engine prepares itself for about a second.
        for _ in 0..200 {
            if self.ask(&self.token, "LIST", &probe, Value::Null).await.0 == 404 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{mount} does not become usable");
    }

    /// Asks as the owner of a token.
    pub async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            self.client.request(method, format!("{}/v1/{path}", self.address)).header("x-vault-token", token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Asks as root, and insists.
    pub async fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(&self.token, method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: HTTP {status} {answer}");
        answer
    }

    /// Writes a policy called `airflow`.
    pub async fn policy(&self, hcl: &str) {
        self.must("POST", "sys/policies/acl/airflow", json!({"policy": hcl})).await;
    }

    /// A token with that policy.
    pub async fn airflows_token(&self) -> String {
        let answer = self.must("POST", "auth/token/create", json!({"policies": ["airflow"], "no_parent": true})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// An AppRole with that policy: its role id and a secret id.
    pub async fn airflows_approle(&self, mount: &str) -> (String, String) {
        self.must("POST", &format!("sys/auth/{mount}"), json!({"type": "approle"})).await;
        let role = format!("auth/{mount}/role/airflow");
        self.must("POST", &role, json!({"token_policies": ["airflow"]})).await;
        let id = self.must("GET", &format!("{role}/role-id"), Value::Null).await;
        let secret = self.must("POST", &format!("{role}/secret-id"), json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&id["data"]["role_id"]), text(&secret["data"]["secret_id"]))
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
