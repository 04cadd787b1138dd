//! A real Vault of our own, in memory, asked as root: what it says of a key is what counts, whatever our program says.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// A running Vault.
pub struct Vault {
    process: Child,
    /// Its address, `http://host:port`.
    pub address: String,
    /// Its root token.
    pub token: String,
    /// Its only unseal key.
    pub unseal_key: String,
}

/// The server that tests share; each uses mounts of its own. It ends when this process does, as its input closes.
pub async fn shared() -> &'static Vault {
    static VAULT: OnceCell<Vault> = OnceCell::const_new();
    VAULT.get_or_init(|| async { Vault::start() }).await
}

impl Vault {
    /// Starts one more.
    pub fn start() -> Self {
        let binary =
            std::env::var("SECRETFERRY_TEST_VAULT").expect("SECRETFERRY_TEST_VAULT is not set: run `make test`");
        let mut process = Command::new(binary)
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
        Self { process, address: text("address"), token: text("token"), unseal_key: text("unseal_key") }
    }

    /// Asks as root.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        // Plain http needs no authorities, and a machine may have none.
        let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).build().unwrap();
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

    /// Mounts a KV engine that nobody else uses; gives its path.
    pub async fn mount(&self, version: u8) -> String {
        let mount = unique("kv");
        let body = json!({"type": "kv", "options": {"version": version.to_string()}});
        self.must("POST", &format!("sys/mounts/{mount}"), body).await;
        let probe = if version == 2 { format!("{mount}/metadata/") } else { format!("{mount}/") };
        // A versioned engine prepares itself for about a second.
        for _ in 0..200 {
            if self.ask("LIST", &probe, Value::Null).await.0 == 404 {
                return mount;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{mount} does not become usable");
    }

    /// Makes a token whose one policy is given as HCL.
    pub async fn token_with(&self, hcl: &str) -> String {
        let policies = [self.policy(hcl).await];
        let answer = self.must("POST", "auth/token/create", json!({"policies": policies, "no_parent": true})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// Writes a policy; gives its name.
    pub async fn policy(&self, hcl: &str) -> String {
        let name = unique("policy");
        self.must("POST", &format!("sys/policies/acl/{name}"), json!({"policy": hcl})).await;
        name
    }

    /// Makes an AppRole with a policy; gives the mount of the method, the role id and a secret id.
    pub async fn approle(&self, hcl: &str) -> (String, String, String) {
        let mount = unique("approle");
        self.must("POST", &format!("sys/auth/{mount}"), json!({"type": "approle"})).await;
        let body = json!({"token_policies": [self.policy(hcl).await]});
        self.must("POST", &format!("auth/{mount}/role/ferry"), body).await;
        let role = self.must("GET", &format!("auth/{mount}/role/ferry/role-id"), Value::Null).await;
        let secret = self.must("POST", &format!("auth/{mount}/role/ferry/secret-id"), json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (mount, text(&role["data"]["role_id"]), text(&secret["data"]["secret_id"]))
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A name that no other test has.
pub fn unique(word: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{word}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// All rights on one mount.
pub fn all_of(mount: &str) -> String {
    format!(
        "path \"{mount}/*\" {{ capabilities = [\"create\", \"read\", \"update\", \"patch\", \"delete\", \"list\"] }}"
    )
}
