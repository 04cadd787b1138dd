//! A real Vault of our own, in memory: started from the binary that `make test` builds, gone with the test. Every test binary
//! that needs one takes it from here.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The program, and what tells where it is.
const BINARY: &str = "SECRETFERRY_TEST_VAULT";

/// A running Vault.
pub struct Vault {
    process: Child,
    /// Its address.
    pub address: String,
    /// Its root token.
    pub token: String,
    /// Its only unseal key.
    pub unseal_key: String,
}

/// The server that tests share; each uses mounts of its own. It ends when this process does, as its input closes.
pub async fn shared() -> &'static Vault {
    static SERVER: OnceCell<Vault> = OnceCell::const_new();
    SERVER.get_or_init(|| async { Vault::start(&[]) }).await
}

/// The folder of test certificates.
pub fn certificates() -> std::path::PathBuf {
    std::env::var("SECRETFERRY_TEST_TLS").expect("SECRETFERRY_TEST_TLS is not set: run `make test`").into()
}

impl Vault {
    /// Starts one more, with flags of its own.
    pub fn start(flags: &[&str]) -> Self {
        let binary = std::env::var(BINARY).unwrap_or_else(|_| panic!("{BINARY} is not set: run `make test`"));
        let mut process = Command::new(binary)
            .arg("-until-eof")
            .args(flags)
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
        self.ask_as(&self.token, method, path, body).await
    }

    /// Asks as the owner of a token.
    pub async fn ask_as(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let content = match method.as_str() {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = client(&self.address)
            .request(method, format!("{}/v1/{path}", self.address))
            .header("x-vault-token", token)
            .header("content-type", content);
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
        self.mount_at(&mount, version).await;
        mount
    }

    /// Mounts a KV engine at a path.
    pub async fn mount_at(&self, mount: &str, version: u8) {
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

    /// Makes a token with one policy, given as HCL.
    pub async fn token_with(&self, hcl: &str, more: Value) -> String {
        let policy = self.policy(hcl).await;
        let mut body = json!({"policies": [policy], "no_parent": true});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let answer = self.must("POST", "auth/token/create", body).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// Writes a policy; gives its name.
    pub async fn policy(&self, hcl: &str) -> String {
        let name = unique("policy");
        self.must("POST", &format!("sys/policies/acl/{name}"), json!({"policy": hcl})).await;
        name
    }

    /// Makes an AppRole with a policy and settings; gives the mount of the method, the role's name and its role id.
    pub async fn approle(&self, hcl: &str, settings: Value) -> (String, String, String) {
        let (mount, role) = (unique("approle"), "ferry".to_owned());
        self.must("POST", &format!("sys/auth/{mount}"), json!({"type": "approle"})).await;
        let mut body = json!({"token_policies": [self.policy(hcl).await]});
        body.as_object_mut().unwrap().extend(settings.as_object().cloned().unwrap_or_default());
        self.must("POST", &format!("auth/{mount}/role/{role}"), body).await;
        let answer = self.must("GET", &format!("auth/{mount}/role/{role}/role-id"), Value::Null).await;
        (mount, role, answer["data"]["role_id"].as_str().unwrap().to_owned())
    }

    /// Mounts a method of logging in where no other test does; gives its path.
    pub async fn method(&self, word: &str) -> String {
        let mount = unique(word);
        self.must("POST", &format!("sys/auth/{mount}"), json!({"type": word})).await;
        mount
    }

    /// Makes a secret id.
    pub async fn secret_id(&self, mount: &str, role: &str) -> String {
        let answer = self.must("POST", &format!("auth/{mount}/role/{role}/secret-id"), json!({})).await;
        answer["data"]["secret_id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All rights on one mount.
pub fn all_of(mount: &str) -> String {
    format!(
        "path \"{mount}/*\" {{ capabilities = [\"create\", \"read\", \"update\", \"patch\", \"delete\", \"list\"] }}"
    )
}

/// A name that no other test has.
pub fn unique(word: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{word}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn client(address: &str) -> reqwest::Client {
    // Plain http needs no authorities, and a machine may have none.
    let authorities = match address.starts_with("https") {
        true => reqwest::Certificate::from_pem_bundle(&std::fs::read(certificates().join("ca.crt")).unwrap()).unwrap(),
        false => Vec::new(),
    };
    reqwest::ClientBuilder::new().tls_certs_only(authorities).no_proxy().build().unwrap()
}
