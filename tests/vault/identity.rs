//! Who vouches for us: a Kubernetes API that reviews tokens, an STS that knows one access key, and a signer of JWTs.

use std::process::Command;

use serde_json::{Value, json};

use crate::server::certificates;
use crate::stub::{Stub, Told};

/// The access key that the STS here knows.
pub const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// What the header for the server's name must say.
pub const SERVER_ID: &str = "vault.example.com";

/// A Kubernetes API that knows one token, as the service account `ferry` in the namespace `airflow`.
pub async fn kubernetes(known: String) -> Stub {
    Stub::start(move |request| {
        if request.line != "POST /apis/authentication.k8s.io/v1/tokenreviews" {
            return None;
        }
        let review: Value = serde_json::from_str(&request.body).unwrap();
        let is_known = review["spec"]["token"] == json!(known);
        let user = json!({
            "username": "system:serviceaccount:airflow:ferry", "uid": "u-1",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:airflow"],
        });
        let status =
            if is_known { json!({"authenticated": true, "user": user}) } else { json!({"authenticated": false}) };
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status});
        Some(Told::Answer(201, vec![("content-type", "application/json".to_owned())], body))
    })
    .await
}

/// An STS that insists on every part of a signed request but the signature itself, which a test beside the code holds to AWS's.
pub async fn sts() -> Stub {
    Stub::start(|request| {
        // Vault joins its own endpoint and our path with a slash of its own.
        if request.line != "POST //" || request.body != "Action=GetCallerIdentity&Version=2011-06-15" {
            return None;
        }
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        let day = header("x-amz-date").split('T').next().unwrap_or_default().to_owned();
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{day}/eu-central-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id, Signature="
        );
        let signature = header("authorization").strip_prefix(&expected).map(str::len);
        let sound = signature == Some(64)
            && header("host") == "sts.eu-central-1.amazonaws.com"
            && header("x-amz-security-token") == "session"
            && header("content-type").starts_with("application/x-www-form-urlencoded");
        if !sound {
            return Some(Told::Text(403, "text/xml", REFUSED.to_owned()));
        }
        Some(Told::Text(200, "text/xml", CALLER.to_owned()))
    })
    .await
}

const REFUSED: &str = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
const CALLER: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/ferry</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;

/// Signs claims with a key of the test certificates, in Airflow's Python, which has what it takes.
pub fn signed(claims: &Value, key: &str) -> String {
    const SCRIPT: &str =
        "import json, jwt, sys; print(jwt.encode(json.loads(sys.argv[1]), open(sys.argv[2]).read(), 'ES256'))";
    let python =
        std::env::var("SECRETFERRY_TEST_AIRFLOW_3").expect("SECRETFERRY_TEST_AIRFLOW_3 is not set: run `make test`");
    let key = certificates().join(key);
    let output = Command::new(python).args(["-c", SCRIPT, &claims.to_string()]).arg(key).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
