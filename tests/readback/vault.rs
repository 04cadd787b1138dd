//! A Vault of a test's own, and what lies in it as Vault itself tells.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::surroundings::told;

/// A path's own slashes stay, all else that is not plain is encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

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
    /// Starts one in memory.
    pub fn start() -> Self {
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
        Self { process, client, address: text("address"), token: text("token") }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}/v1/{}", self.address, utf8_percent_encode(path, PATH));
        let mut request = self.client.request(method, url).header("x-vault-token", &self.token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Asks as root, and insists.
    pub async fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: HTTP {status} {answer}");
        answer
    }

    /// Mounts a KV engine.
    pub async fn mount(&self, mount: &str, version: u8) {
        let body = json!({"type": "kv", "options": {"version": version.to_string()}});
        self.must("POST", &format!("sys/mounts/{mount}"), body).await;
        let probe = if version == 2 { format!("{mount}/metadata/") } else { format!("{mount}/") };
        // A versioned engine prepares itself for about a second.
        for _ in 0..200 {
            if self.ask("LIST", &probe, Value::Null).await.0 == 404 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{mount} does not become usable");
    }

    /// A token with one policy, given as HCL.
    pub async fn token_with(&self, policy: &str) -> String {
        let name = format!("policy-{}", uuid::Uuid::new_v4());
        self.must("POST", &format!("sys/policies/acl/{name}"), json!({"policy": policy})).await;
        let body = json!({"policies": [name], "no_parent": true});
        let answer = self.must("POST", "auth/token/create", body).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// All that lies below `root`, a listing's path with a slash at its end: paths without the root.
    pub async fn keys(&self, root: &str) -> Vec<String> {
        let (mut folders, mut keys) = (vec![String::new()], Vec::new());
        while let Some(folder) = folders.pop() {
            let (status, answer) = self.ask("LIST", &format!("{root}{folder}"), Value::Null).await;
            assert!(status == 200 || status == 404 && folder.is_empty(), "LIST {root}{folder}: HTTP {status}");
            for name in answer["data"]["keys"].as_array().into_iter().flatten() {
                let path = format!("{folder}{}", name.as_str().unwrap());
                if path.ends_with('/') { folders.push(path) } else { keys.push(path) }
            }
        }
        keys.sort();
        keys
    }

    /// What Vault says of every key below `root`: of a versioned engine its versions and marks, else its content.
    pub async fn survey(&self, root: &str) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for key in self.keys(root).await {
            let mut answer = self.must("GET", &format!("{root}{key}"), Value::Null).await;
            found.insert(key, answer["data"].take());
        }
        found
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
