//! A Vault of a test's own, and what is said of one that cannot be used.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::story::{SECRET, Story};
use crate::told;

/// A running Vault, gone with the test.
pub struct Vault {
    process: Child,
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
        Self { process, address: text("address"), token: text("token") }
    }

    /// Asks as root.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        // Plain http needs no authorities, and a machine may have none.
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            client.request(method, format!("{}/v1/{path}", self.address)).header("x-vault-token", &self.token);
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

    /// Mounts a KV engine, and waits until it is usable: a versioned one prepares itself for about a second.
    pub async fn mount(&self, mount: &str, version: u8) {
        let body = json!({"type": "kv", "options": {"version": version.to_string()}});
        self.must("POST", &format!("sys/mounts/{mount}"), body).await;
        let probe = if version == 2 { format!("{mount}/metadata/") } else { format!("{mount}/") };
        for _ in 0..200 {
            if self.ask("LIST", &probe, Value::Null).await.0 == 404 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{mount} does not become usable");
    }

    /// A token with one policy, given as HCL.
    pub async fn token_with(&self, policy: &str, more: Value) -> String {
        let name = format!("policy-{}", uuid::Uuid::new_v4());
        self.must("POST", &format!("sys/policies/acl/{name}"), json!({"policy": policy})).await;
        let mut body = json!({"policies": [name], "no_parent": true});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let answer = self.must("POST", "auth/token/create", body).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The config of a job from files to a Vault; `more` stands in the table of the Vault.
pub fn files_to_vault(address: &str, more: &str) -> String {
    format!(
        "[stores.files]\nkind = \"local-files\"\nconnections-file = \"connections.json\"\nvariables-file = \"variables.json\"\n\
         [stores.vault]\nkind = \"vault\"\naddress = \"{address}\"\n{more}\n\
         [jobs.move]\nsource = \"files\"\ntarget = \"vault\"\n"
    )
}

/// A story that carries files to a Vault.
pub fn story(name: &'static str, vault: &Vault) -> Story {
    let mut story = Story::new(name);
    story.file("connections.json", r#"{"a": "http://user:hunter2@example.com"}"#).file("variables.json", "{}");
    // Where a line is broken must not depend on the length of an address.
    story.hide(&vault.address, "[vault]").set("COLUMNS", "400").set("VAULT_TOKEN", &vault.token);
    story
}

#[tokio::test]
async fn a_vault_that_cannot_be_used_is_told_of_with_a_remedy() {
    let vault = Vault::start();
    vault.mount("secret", 2).await;
    vault.mount("old", 1).await;
    let mut story = story("servers-vault", &vault);
    let config = |more: &str| files_to_vault(&vault.address, more);
    story.heading("Nobody listens at the address.");
    story.file("secretferry.toml", files_to_vault("http://127.0.0.1:1", "mount = \"secret\""));
    story.run(1, "plan").run(3, "check vault");
    story.heading("No such mount.").file("secretferry.toml", config("mount = \"secrets\""));
    story.run(1, "plan").run(3, "check vault");
    story.heading("Another version.").file("secretferry.toml", config("mount = \"secret\"\nkv-version = 1"));
    story.run(1, "plan").run(3, "check vault");
    story.heading("All is well.").file("secretferry.toml", config("mount = \"secret\"")).run(0, "check vault");
    story.heading("A token that nobody knows.").set("VAULT_TOKEN", &format!("hvs.{SECRET}"));
    story.run(1, "plan").run(1, "apply --yes").run(3, "check vault");
    let short = vault.token_with("# no right", json!({"ttl": "1s", "explicit_max_ttl": "1s"})).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    story.heading("A token that has expired.").set("VAULT_TOKEN", &short).run(1, "plan").run(3, "check vault");
    story.set("VAULT_TOKEN", "").heading("No token at all.").run(1, "plan").run(3, "check vault");
    story.set("VAULT_TOKEN", &vault.token).heading("Sealed.");
    vault.must("PUT", "sys/seal", Value::Null).await;
    story.run(1, "plan").run(1, "apply --yes").run(3, "check vault").end();
}
