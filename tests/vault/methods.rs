//! Each way into Vault, through Vault's own plugin for it: what opens, what does not, and that secrets are read again.

use secretferry::model::ErrorKind;
use secretferry::provider::{Error, Expect};
use serde_json::{Value, json};

use crate::directory;
use crate::identity::{ACCESS_KEY, SERVER_ID, kubernetes, signed, sts};
use crate::server::{Vault, certificates, shared};
use crate::shop::{Shop, open_with, write_file};

/// One mount of a method, a KV mount that its tokens may use, and the folder of its secrets.
struct Door {
    server: &'static Vault,
    method: String,
    kv: String,
    policy: String,
    files: tempfile::TempDir,
}

impl Door {
    async fn of(word: &str) -> Self {
        let server = shared().await;
        let (method, kv) = (server.method(word).await, server.mount(2).await);
        let policy = server.policy(&format!("path \"{kv}/*\" {{ capabilities = [\"create\", \"read\"] }}")).await;
        Self { server, method, kv, policy, files: tempfile::tempdir().unwrap() }
    }

    async fn configure(&self, path: &str, body: Value) {
        self.server.must("POST", &format!("auth/{}/{path}", self.method), body).await;
    }

    fn holds(&self, name: &str, text: &str) {
        write_file(&self.files, name, text);
    }

    /// Opens the store with an `auth` table; `{secret}` in it is the folder.
    async fn open(&self, auth: &str) -> Result<Shop, Error> {
        let auth = auth.replace("{secret}", self.files.path().to_str().unwrap());
        let table = format!(
            "address = {:?}\nmount = {:?}\ntimeout = \"5s\"\nauth = {{ mount = {:?}, {auth} }}",
            self.server.address, self.kv, self.method
        );
        open_with(&table, tempfile::tempdir().unwrap()).await
    }

    /// Revokes every token of the method behind our back.
    async fn revoke(&self) {
        self.server.must("POST", &format!("sys/leases/revoke-prefix/auth/{}", self.method), Value::Null).await;
    }

    /// Insists that the way in is the right one, and that it is found again with the secret as it is then.
    async fn opens(&self, auth: &str, renew: impl AsyncFnOnce()) {
        let shop = self.open(auth).await.unwrap();
        shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
        renew().await;
        self.revoke().await;
        assert!(shop.read("variables/k").await.unwrap().is_some(), "logged in again");
    }

    /// Insists that a way is none, that it is said why, and that the secret is not.
    async fn stays_shut(&self, auth: &str, kind: ErrorKind, hint: &str) {
        let error = self.open(auth).await.err().unwrap();
        let told = format!("{error} {:?}", error.remedy);
        assert_eq!(error.kind, kind, "{told}");
        assert!(told.contains(hint) && !told.contains("canary"), "{told}");
    }
}

#[tokio::test]
async fn userpass() {
    let door = Door::of("userpass").await;
    let user = async |password: &str| {
        door.configure("users/ferry.one", json!({"password": password, "token_policies": [door.policy]})).await;
        door.holds("password", password);
    };
    let auth = "method = \"userpass\", username = \"ferry.one\", password = { file = \"{secret}/password\" }";
    user("pass word é\"\\").await;
    door.opens(auth, async || user("another").await).await;
    door.holds("password", "canary");
    door.stays_shut(auth, ErrorKind::Denied, "check username (ferry.one)").await;
    let missing = auth.replace("/password\"", "/none\"");
    door.stays_shut(&missing, ErrorKind::Denied, "none").await;
}

#[tokio::test]
async fn ldap() {
    let door = Door::of("ldap").await;
    let first = directory::serve("cn=ferry,ou=people", "one password").await;
    let second = directory::serve("cn=ferry,ou=people", "another").await;
    let directory = async |url: &str| {
        door.configure("config", json!({"url": url, "userdn": "ou=people", "userattr": "cn", "insecure_tls": true}))
            .await;
    };
    directory(&first).await;
    door.configure("users/ferry", json!({"policies": door.policy})).await;
    door.holds("password", "one password");
    let auth = "method = \"ldap\", username = \"ferry\", password = { file = \"{secret}/password\" }";
    door.opens(auth, async || {
        directory(&second).await;
        door.holds("password", "another");
    })
    .await;
    door.holds("password", "canary");
    door.stays_shut(auth, ErrorKind::Denied, "check username (ferry)").await;
}

/// The claims of a token that is good for ten minutes.
fn lasting(mut claims: Value) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (name, moment) in [("iat", now), ("nbf", now - 10), ("exp", now + 600)] {
        claims[name] = moment.into();
    }
    claims
}

#[tokio::test]
async fn jwt() {
    let door = Door::of("jwt").await;
    let public = std::fs::read_to_string(certificates().join("client.crt")).unwrap();
    door.configure("config", json!({"jwt_validation_pubkeys": [public], "default_role": "ferry"})).await;
    let role = json!({
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": [door.policy],
    });
    door.configure("role/ferry", role).await;
    let token = |subject: &str, audience: &str, key: &str| {
        let claims = lasting(json!({"sub": subject, "aud": audience}));
        door.holds("jwt", &format!("{}\n", signed(&claims, key)));
    };
    token("one", "vault", "client.key");
    door.opens("method = \"jwt\", role = \"ferry\", jwt = { file = \"{secret}/jwt\" }", async || {
        token("two", "vault", "client.key");
    })
    .await;
    let auth = "method = \"jwt\", jwt = { file = \"{secret}/jwt\" }";
    door.open(auth).await.unwrap();
    token("one", "elsewhere", "client.key");
    door.stays_shut(auth, ErrorKind::Denied, "audience").await;
    token("one", "vault", "server.key");
    door.stays_shut(auth, ErrorKind::Denied, "check role").await;
    let auth = "method = \"jwt\", role = \"nobody\", jwt = { file = \"{secret}/jwt\" }";
    door.stays_shut(auth, ErrorKind::Denied, "could not be found").await;
}

#[tokio::test]
async fn kubernetes_service_accounts() {
    let door = Door::of("kubernetes").await;
    let claims = lasting(json!({
        "sub": "system:serviceaccount:airflow:ferry",
        "kubernetes.io": {"namespace": "airflow", "serviceaccount": {"name": "ferry", "uid": "u-1"}},
    }));
    let (known, unknown) = (signed(&claims, "client.key"), signed(&claims, "server.key"));
    let api = kubernetes(known.clone()).await;
    let config =
        json!({"kubernetes_host": api.address, "token_reviewer_jwt": "reviewer", "disable_local_ca_jwt": true});
    door.configure("config", config).await;
    let role = json!({
        "bound_service_account_names": ["ferry"], "bound_service_account_namespaces": ["airflow"],
        "token_policies": [door.policy], "audience": "",
    });
    door.configure("role/ferry", role.clone()).await;
    let mut elsewhere = role;
    elsewhere["bound_service_account_namespaces"] = json!(["elsewhere"]);
    door.configure("role/elsewhere", elsewhere).await;
    let auth = "method = \"kubernetes\", role = \"ferry\", jwt = { file = \"{secret}/token\" }";
    door.holds("token", &known);
    // A projected token is replaced by the kubelet; the same one with a newline is another file.
    door.opens(auth, async || door.holds("token", &format!("{known}\n"))).await;
    assert!(api.received().iter().all(|request| request.headers["authorization"] == "Bearer reviewer"));
    door.holds("token", &unknown);
    door.stays_shut(auth, ErrorKind::Denied, "check role").await;
    door.holds("token", &known);
    door.stays_shut(&auth.replace("ferry", "elsewhere"), ErrorKind::Denied, "namespace not authorized").await;
    door.stays_shut(&auth.replace("ferry", "nobody"), ErrorKind::Denied, "invalid role name").await;
    door.stays_shut(&auth.replace("/token\"", "/none\""), ErrorKind::Denied, "none").await;
}

#[tokio::test]
async fn aws_iam() {
    let door = Door::of("aws").await;
    let sts = sts().await;
    let config =
        json!({"sts_endpoint": sts.address, "sts_region": "eu-central-1", "iam_server_id_header_value": SERVER_ID});
    door.configure("config/client", config).await;
    let role = |principal: &str| {
        json!({
            "auth_type": "iam", "bound_iam_principal_arn": [format!("arn:aws:iam::123456789012:user/{principal}")],
            "resolve_aws_unique_ids": false, "token_policies": [door.policy],
        })
    };
    door.configure("role/ferry", role("ferry")).await;
    door.configure("role/other", role("other")).await;
    for (name, text) in [("id", ACCESS_KEY), ("key", "canary"), ("session", "session")] {
        door.holds(name, text);
    }
    let auth = format!(
        "method = \"aws-iam\", role = \"ferry\", region = \"eu-central-1\", server-id = \"{SERVER_ID}\", \
         access-key-id = {{ file = \"{{secret}}/id\" }}, secret-access-key = {{ file = \"{{secret}}/key\" }}, \
         session-token = {{ file = \"{{secret}}/session\" }}"
    );
    door.opens(&auth, async || door.holds("key", "canary-2")).await;
    assert!(sts.received().len() >= 2, "AWS was asked at each login");
    door.stays_shut(&auth.replace(SERVER_ID, "other.example.com"), ErrorKind::Denied, "server-id").await;
    door.stays_shut(&auth.replace("role = \"ferry\"", "role = \"other\""), ErrorKind::Denied, "principal").await;
    door.stays_shut(&auth.replace("role = \"ferry\"", "role = \"nobody\""), ErrorKind::Denied, "entry for role").await;
    door.holds("id", "AKIDUNKNOWN");
    door.stays_shut(&auth, ErrorKind::Denied, "403 from STS").await;
}

#[tokio::test]
async fn certificates_of_the_connection() {
    let file = |name: &str| certificates().join(name).display().to_string();
    let server = Vault::start(&["-tls-cert", &file("server.crt"), "-tls-key", &file("server.key")]);
    let kv = server.mount(2).await;
    let policy = server.policy(&format!("path \"{kv}/*\" {{ capabilities = [\"create\", \"read\"] }}")).await;
    server.must("POST", "sys/auth/cert", json!({"type": "cert"})).await;
    let authority = std::fs::read_to_string(certificates().join("ca.crt")).unwrap();
    server.must("POST", "auth/cert/certs/ferry", json!({"certificate": authority, "token_policies": [policy]})).await;
    let files = tempfile::tempdir().unwrap();
    let show = |name: &str| {
        for end in ["crt", "key"] {
            std::fs::copy(certificates().join(format!("{name}.{end}")), files.path().join(format!("our.{end}")))
                .unwrap();
        }
    };
    let open = async |auth: &str| {
        let folder = files.path().display();
        let table = format!(
            "address = {:?}\nmount = {kv:?}\ntimeout = \"5s\"\nauth = {{ method = \"cert\"{auth} }}\ntls = {{ ca = {:?}, \
             client-certificate = '{folder}/our.crt', client-key = '{folder}/our.key' }}",
            server.address,
            file("ca.crt")
        );
        open_with(&table, tempfile::tempdir().unwrap()).await
    };
    show("client");
    let shop = open("").await.unwrap();
    open(", role = \"ferry\"").await.unwrap();
    let error = open(", role = \"nobody\"").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    let revoke = async || server.must("POST", "sys/leases/revoke-prefix/auth/cert", Value::Null).await;
    show("server");
    revoke().await;
    assert!(
        shop.read("variables/k").await.unwrap().is_some(),
        "logged in again with the certificate that lies there now"
    );
    show("other-ca");
    revoke().await;
    let error = shop.read("variables/k").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert!(error.remedy.as_ref().unwrap().contains("tls.client-certificate"), "{:?}", error.remedy);
}
