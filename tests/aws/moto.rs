//! A moto server of our own: AWS in memory, started from what `make test` installs, gone with the test. Every test binary
//! that needs one takes it from here.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The region of everything that is put into it by raw calls.
pub const REGION: &str = "eu-central-1";

/// The program, and what tells where it is.
const BINARY: &str = "SECRETFERRY_TEST_MOTO";

/// A running moto: one account, `123456789012`; any credentials will do.
pub struct Moto {
    process: Child,
    /// Its address, the endpoint of every service.
    pub address: String,
}

/// The server that tests share; each uses prefixes of its own. It ends when this process does, as its input closes.
pub async fn shared() -> &'static Moto {
    static SERVER: OnceCell<Moto> = OnceCell::const_new();
    SERVER.get_or_init(|| async { Moto::start() }).await
}

impl Moto {
    /// Starts one more: another account, as far as anybody can tell.
    pub fn start() -> Self {
        Self::started(&[])
    }

    /// Starts one that does not follow the label AWSCURRENT when it is moved, as moto itself does not.
    pub fn without_label() -> Self {
        Self::started(&["--as-it-is"])
    }

    fn started(arguments: &[&str]) -> Self {
        let binary = std::env::var(BINARY).unwrap_or_else(|_| panic!("{BINARY} is not set: run `make test`"));
        let python: PathBuf = Path::new(&binary).with_file_name("python");
        let mut process = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/serve_moto.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { process, address: said["address"].as_str().unwrap().to_owned() }
    }

    /// Asks for an operation such as `secretsmanager.ListSecrets` or `AmazonSSM.PutParameter`.
    pub async fn ask(&self, operation: &str, body: Value) -> (u16, Value) {
        let service = if operation.starts_with("AmazonSSM") { "ssm" } else { "secretsmanager" };
        let answer = client()
            .post(format!("{}/", self.address))
            .header("x-amz-target", operation)
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", authorization(service))
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Asks, and insists.
    pub async fn must(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.ask(operation, body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Puts a secret, new or not.
    pub async fn put_secret(&self, name: &str, text: &str) {
        let token = uuid::Uuid::new_v4().to_string();
        let body = json!({"Name": name, "SecretString": text, "ClientRequestToken": token});
        if self.ask("secretsmanager.CreateSecret", body).await.0 != 200 {
            let body = json!({"SecretId": name, "SecretString": text, "ClientRequestToken": token});
            self.must("secretsmanager.PutSecretValue", body).await;
        }
    }

    /// Puts a parameter, new or not.
    pub async fn put_parameter(&self, name: &str, text: &str) {
        let body = json!({"Name": name, "Value": text, "Type": "SecureString", "Overwrite": true});
        self.must("AmazonSSM.PutParameter", body).await;
    }

    /// Forgets everything that was ever put. Not for [`shared`].
    pub async fn reset(&self) {
        let answer = client().post(format!("{}/moto-api/reset", self.address)).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Tells how many requests came since this was last asked, by operation, as in [`ask`](Self::ask). Not for [`shared`].
    pub async fn counts(&self) -> BTreeMap<String, u64> {
        let answer = client().get(format!("{}/counts", self.address)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A word that no other test has, for prefixes.
pub fn unique(word: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{word}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A signature that nobody checks; the region and the service are taken from it.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

fn client() -> reqwest::Client {
    // Plain http needs no authorities, and a machine may have none.
    reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap()
}
