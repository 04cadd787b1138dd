//! What AWS refuses, its fake refuses, too, at the limit and one beyond.

use serde_json::{Value, json};

use crate::fakes::aws::{Aws, REGION};
use crate::fakes::http::Request;
use crate::fakes::server::Service as _;

/// Asks as a client does; gives the answer, or the code of the refusal.
pub fn ask(aws: &mut Aws, operation: &str, body: &Value) -> Result<Value, String> {
    let service = if operation.starts_with("AmazonSSM") { "ssm" } else { "secretsmanager" };
    let signature = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/{service}/aws4_request, Signature=x");
    let headers = [("x-amz-target", operation), ("authorization", &signature)];
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: body.to_string().into_bytes(),
    };
    let reply = aws.answer(&request);
    let said: Value = serde_json::from_slice(&reply.body).unwrap();
    if reply.status == 200 { Ok(said) } else { Err(said["__type"].as_str().unwrap().to_owned()) }
}

fn check(aws: &mut Aws, operation: &str, rows: &[(Value, &str)]) {
    for (body, expected) in rows {
        let found = ask(aws, operation, body).map_or_else(|code| code, |_| "ok".to_owned());
        assert_eq!(found, *expected, "{operation} {}", body.to_string().chars().take(200).collect::<String>());
    }
}

/// A token that no other call has.
fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn create(name: &str, text: &str) -> Value {
    json!({"Name": name, "SecretString": text, "ClientRequestToken": token()})
}

#[test]
fn secrets_have_names_and_sizes() {
    let mut aws = Aws::default();
    let rows = [
        (create(&"n".repeat(512), "x"), "ok"),
        (create(&"n".repeat(513), "x"), "ValidationException"),
        (create("airflow/connections/a_b-c.d+e=f@g", "x"), "ok"),
        (create("a b", "x"), "ValidationException"),
        (create("a:b", "x"), "ValidationException"),
        (create("ä", "x"), "ValidationException"),
        (create("", "x"), "ValidationException"),
        (create("largest", &"x".repeat(65_536)), "ok"),
        (create("larger", &"x".repeat(65_537)), "ValidationException"),
        (create("empty", ""), "ValidationException"),
        (json!({"Name": "no-token", "SecretString": "x"}), "ValidationException"),
        (json!({"Name": "no-version"}), "ok"),
        (
            json!({"Name": "no-key", "SecretString": "x", "ClientRequestToken": token(), "KmsKeyId": "alias/missing"}),
            "EncryptionFailure",
        ),
        (
            json!({"Name": "odd", "SecretString": "x", "ClientRequestToken": token(), "Nmae": "y"}),
            "SerializationException",
        ),
        (create("largest", "x"), "ResourceExistsException"),
    ];
    check(&mut aws, "secretsmanager.CreateSecret", &rows);
}

#[test]
fn a_secret_scheduled_for_deletion_is_in_the_way() {
    let mut aws = Aws::default();
    aws.secrets.put("a", "old");
    let id = json!({"SecretId": "a"});
    let delete = |days: u64| json!({"SecretId": "a", "RecoveryWindowInDays": days});
    check(
        &mut aws,
        "secretsmanager.DeleteSecret",
        &[(delete(6), "ValidationException"), (delete(31), "ValidationException"), (delete(7), "ok")],
    );
    check(&mut aws, "secretsmanager.GetSecretValue", &[(id.clone(), "InvalidRequestException")]);
    check(&mut aws, "secretsmanager.CreateSecret", &[(create("a", "new"), "InvalidRequestException")]);
    let put = json!({"SecretId": "a", "SecretString": "new", "ClientRequestToken": token()});
    check(&mut aws, "secretsmanager.PutSecretValue", &[(put.clone(), "InvalidRequestException")]);
    let batch = ask(&mut aws, "secretsmanager.BatchGetSecretValue", &json!({"SecretIdList": ["a", "b"]})).unwrap();
    assert_eq!(batch["Errors"][0]["ErrorCode"], "InvalidRequestException");
    assert_eq!(batch["Errors"][1]["ErrorCode"], "ResourceNotFoundException");
    let list =
        |aws: &mut Aws, body: Value| ask(aws, "secretsmanager.ListSecrets", &body).unwrap()["SecretList"].clone();
    assert_eq!(list(&mut aws, json!({})), json!([]));
    assert!(list(&mut aws, json!({"IncludePlannedDeletion": true}))[0]["DeletedDate"].is_number());
    check(&mut aws, "secretsmanager.RestoreSecret", &[(id, "ok")]);
    check(&mut aws, "secretsmanager.PutSecretValue", &[(put, "ok")]);
    assert_eq!(aws.secrets.text("a"), Some("new"));
}

#[test]
fn a_token_makes_one_version() {
    let mut aws = Aws::default();
    let first = create("a", "one");
    check(&mut aws, "secretsmanager.CreateSecret", &[(first.clone(), "ok"), (first, "ok")]);
    let put = json!({"SecretId": "a", "SecretString": "two", "ClientRequestToken": token()});
    let mut other = put.clone();
    other["SecretString"] = json!("three");
    let rows = [(put.clone(), "ok"), (put, "ok"), (other, "ResourceExistsException")];
    check(&mut aws, "secretsmanager.PutSecretValue", &rows);
    let secret = aws.secrets.secret("a").unwrap();
    assert_eq!(secret.versions.len(), 2);
    assert_eq!(secret.staged("AWSPREVIOUS").unwrap().id, secret.versions[0].id);
    aws.secrets.put_empty("b");
    let bare = json!({"SecretId": "b"});
    check(&mut aws, "secretsmanager.GetSecretValue", &[(bare.clone(), "ResourceNotFoundException")]);
    check(&mut aws, "secretsmanager.DescribeSecret", &[(bare, "ok")]);
}

#[test]
fn batches_and_pages_have_limits() {
    let mut aws = Aws::default();
    (0..250).for_each(|number| aws.secrets.put(&format!("s{number:03}"), "x"));
    (0..120).for_each(|number| aws.parameters.put(&format!("/p/{number:03}"), "x"));
    let ids =
        |many: usize| json!({"SecretIdList": (0..many).map(|number| format!("s{number:03}")).collect::<Vec<_>>()});
    check(
        &mut aws,
        "secretsmanager.BatchGetSecretValue",
        &[(ids(20), "ok"), (ids(21), "ValidationException"), (ids(0), "ValidationException")],
    );
    let names = |many: usize| json!({"Names": (0..many).map(|number| format!("/p/{number:03}")).collect::<Vec<_>>()});
    check(&mut aws, "AmazonSSM.GetParameters", &[(names(10), "ok"), (names(11), "ValidationException")]);
    let rows = [(json!({"MaxResults": 100}), "ok"), (json!({"MaxResults": 101}), "ValidationException")];
    check(&mut aws, "secretsmanager.ListSecrets", &rows);
    let rows = [(json!({"MaxResults": 50}), "ok"), (json!({"MaxResults": 51}), "ValidationException")];
    check(&mut aws, "AmazonSSM.DescribeParameters", &rows);
    let by_path = |size: u64| json!({"Path": "/p", "MaxResults": size});
    check(&mut aws, "AmazonSSM.GetParametersByPath", &[(by_path(10), "ok"), (by_path(11), "ValidationException")]);
    for (operation, member, pages, all) in
        [("secretsmanager.ListSecrets", "SecretList", 3, 250), ("AmazonSSM.DescribeParameters", "Parameters", 3, 120)]
    {
        let (mut body, mut seen, mut asked) = (json!({}), 0, 0);
        loop {
            let answer = ask(&mut aws, operation, &body).unwrap();
            (seen, asked) = (seen + answer[member].as_array().unwrap().len(), asked + 1);
            match answer.get("NextToken") {
                Some(token) => body = json!({"NextToken": token}),
                None => break,
            }
        }
        assert_eq!((asked, seen), (pages, all), "{operation}");
    }
}

#[test]
fn filters_leave_pages_empty() {
    let mut aws = Aws::default();
    (0..60).for_each(|number| aws.parameters.put(&format!("/a/{number:03}"), "x"));
    aws.parameters.put("/z/one", "x");
    let filter = json!({"ParameterFilters": [{"Key": "Path", "Option": "Recursive", "Values": ["/z"]}]});
    let answer = ask(&mut aws, "AmazonSSM.DescribeParameters", &filter).unwrap();
    assert_eq!(answer["Parameters"], json!([]));
    assert!(answer["NextToken"].is_string());
}

#[test]
fn parameters_have_names_sizes_and_tiers() {
    let mut aws = Aws::default();
    let put = |name: &str, value: &str| json!({"Name": name, "Value": value, "Type": "SecureString"});
    let tiered = |name: &str, tier: &str, length: usize| json!({"Name": name, "Value": "x".repeat(length), "Type": "SecureString", "Tier": tier, "Overwrite": true});
    let levels = |many: usize| "/l".repeat(many);
    let tagged = json!({"Name": "/t", "Value": "x", "Type": "SecureString", "Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]});
    let prefix = "arn:aws:ssm:eu-central-1:111122223333:parameter/".len();
    let rows = [
        (put("/a/b_c-d.e", "x"), "ok"),
        (put("/a/b_c-d.e", "x"), "ParameterAlreadyExists"),
        (put("/a b", "x"), "ValidationException"),
        (put("/a@b", "x"), "ValidationException"),
        (put("a/b", "x"), "ValidationException"),
        (put("/aws/x", "x"), "ValidationException"),
        (put("/SSMx", "x"), "ValidationException"),
        (put(&levels(15), "x"), "ok"),
        (put(&levels(16), "x"), "HierarchyLevelLimitExceededException"),
        (put(&format!("/{}", "n".repeat(1011 - prefix)), "x"), "ok"),
        (put(&format!("/{}", "n".repeat(1012 - prefix)), "x"), "ValidationException"),
        (put("/empty", ""), "ValidationException"),
        (put("/nested", "{{ssm:x}}"), "ValidationException"),
        (tagged, "ValidationException"),
        (tiered("/s", "Standard", 4096), "ok"),
        (tiered("/s", "Standard", 4097), "ValidationException"),
        (tiered("/s", "Advanced", 8192), "ok"),
        (tiered("/s", "Advanced", 8193), "ValidationException"),
        (tiered("/s", "Standard", 1), "ValidationException"),
        (tiered("/i", "Intelligent-Tiering", 4097), "ok"),
    ];
    check(&mut aws, "AmazonSSM.PutParameter", &rows);
    assert_eq!(aws.parameters.parameter("/i").unwrap().latest().tier, "Advanced");
}

#[test]
fn a_request_must_be_signed_for_this_region() {
    let mut aws = Aws::default();
    let request = |signature: &str| Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: [("x-amz-target", "secretsmanager.ListSecrets"), ("authorization", signature)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: b"{}".to_vec(),
    };
    let signed = |key: &str, region: &str| {
        format!("AWS4-HMAC-SHA256 Credential={key}/1/{region}/secretsmanager/aws4_request, S=x")
    };
    for (signature, status) in [
        (signed("AKIA", REGION), 200),
        (signed("AKIA", "us-east-1"), 400),
        (signed("EXPIRED", REGION), 400),
        (signed("UNKNOWN", REGION), 400),
        (String::new(), 400),
    ] {
        assert_eq!(aws.answer(&request(&signature)).status, status, "{signature}");
    }
}
