//! Secrets Manager as moto never is: refusals of single secrets, missing rights, lost answers, listings that go in circles.

#[path = "../vault/stub.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault, which use all of it")]
mod stub;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secretferry::model::{Effect, ErrorKind, Kind, Manager, RemoteKey, Revision, Scope, State};
use secretferry::provider::{Content, Entry, Expect, Role, Store};
use serde_json::{Value, json};
use stub::{Received, Stub, Told, answer};

use crate::secrets_manager::{Diary, entry, mark, open};

/// A store whose every answer is written down beforehand, by operation; the last one of each is given again.
struct Scripted {
    store: Store,
    diary: Arc<Diary>,
    stub: Stub,
    _files: tempfile::TempDir,
}

impl Scripted {
    async fn target(script: &[(&str, Told)]) -> Self {
        Self::new(script, Role::Target).await
    }

    async fn new(script: &[(&str, Told)], role: Role) -> Self {
        let mut told: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for (operation, answer) in script {
            told.entry((*operation).to_owned()).or_default().push(answer.clone());
        }
        let told = Mutex::new(told);
        let stub = Stub::start(move |request| {
            let mut told = told.lock().unwrap();
            let answers = told.get_mut(&operation(request))?;
            Some(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
        });
        let stub = stub.await;
        let (store, diary, files) = open(&stub.address, "p", role, "").await;
        Self { store, diary, stub, _files: files }
    }

    /// How often an operation was asked for.
    fn asked(&self, wanted: &str) -> usize {
        self.stub.received().iter().filter(|request| operation(request) == wanted).count()
    }

    /// What was sent with each request of an operation.
    fn sent(&self, wanted: &str) -> Vec<Value> {
        let requests = self.stub.received();
        let bodies = requests.iter().filter(|request| operation(request) == wanted);
        bodies.map(|request| serde_json::from_str(&request.body).unwrap()).collect()
    }
}

fn operation(request: &Received) -> String {
    let target = request.headers.get("x-amz-target").map_or("", String::as_str);
    target.strip_prefix("secretsmanager.").unwrap_or(target).to_owned()
}

fn refusal(code: &str, message: &str) -> Told {
    answer(400, json!({"__type": code, "Message": message}))
}

fn missing() -> Told {
    refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn described(more: Value) -> Told {
    let mut secret = json!({"Name": "p/variables/x", "VersionIdsToStages": {"v1": ["AWSCURRENT"]}});
    secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answer(200, secret)
}

fn key(id: &str) -> RemoteKey {
    RemoteKey::new(format!("p/variables/{id}"))
}

fn value(id: &str) -> Value {
    json!({"Name": format!("p/variables/{id}"), "VersionId": "v1", "SecretString": id, "VersionStages": ["AWSCURRENT"]})
}

#[tokio::test]
async fn one_secret_of_a_batch_says_nothing_of_the_others() {
    let refused =
        |id: &str, code: &str| json!({"SecretId": format!("p/variables/{id}"), "ErrorCode": code, "Message": ""});
    let by_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p/variables/denied-AbCdEf";
    let pages = [
        json!({"SecretValues": [value("here")], "NextToken": "more", "Errors": [
            {"SecretId": by_arn, "ErrorCode": "AccessDeniedException", "Message": "is not authorized"},
            refused("shut", "DecryptionFailure"), refused("none", "ResourceNotFoundException"),
        ]}),
        json!({"SecretValues": [value("cut")], "Errors": [refused("late", "InternalServiceError")]}),
    ];
    let script = [
        ("BatchGetSecretValue", answer(200, pages[0].clone())),
        ("BatchGetSecretValue", answer(200, pages[1].clone())),
        ("DescribeSecret", missing()),
        ("GetSecretValue", answer(200, value("late"))),
    ];
    let store = Scripted::target(&script).await;
    let keys = ["here", "denied", "shut", "none", "cut", "late", "unanswered", "here"].map(key);
    let said = store.store.read(&keys).await.into_iter().map(|read| match read {
        Ok(Some(record)) => match record.content {
            Content::Value(value) => value.expose().to_owned(),
            other => format!("{other:?}"),
        },
        Ok(None) => "absent".to_owned(),
        Err(error) => error.kind.to_string(),
    });
    let said: Vec<_> = said.collect();
    assert_eq!(said, ["here", "denied", "denied", "absent", "cut", "late", "unexpected", "here"]);
    assert_eq!(store.sent("BatchGetSecretValue")[0]["SecretIdList"].as_array().unwrap().len(), 7, "each id once");
    assert_eq!(store.sent("BatchGetSecretValue")[1]["NextToken"], "more");
}

#[tokio::test]
async fn what_is_scheduled_for_deletion_is_there_without_a_value() {
    let pending = "You can't perform this operation on the secret because it was marked for deletion.";
    let errors = json!([{"SecretId": "p/variables/x", "ErrorCode": "InvalidRequestException", "Message": pending}]);
    let script = [
        ("BatchGetSecretValue", answer(200, json!({"SecretValues": [value("y")], "Errors": errors}))),
        ("GetSecretValue", refusal("InvalidRequestException", pending)),
        ("DescribeSecret", described(json!({"DeletedDate": 1_700_000_000}))),
    ];
    let store = Scripted::target(&script).await;
    for keys in [&[key("x")][..], &[key("x"), key("y")][..]] {
        let record = store.store.read(keys).await.remove(0).unwrap().unwrap();
        assert_eq!(record.listed.state, State::Deleted);
        assert!(matches!(record.content, Content::Nothing));
    }
}

#[tokio::test]
async fn rights_to_read_single_secrets_are_enough() {
    let script = [
        ("BatchGetSecretValue", refusal("AccessDeniedException", "is not authorized")),
        ("GetSecretValue", answer(200, value("x"))),
    ];
    let store = Scripted::new(&script, Role::Source).await;
    for _ in 0..2 {
        for record in store.store.read(&[key("x"), key("x")]).await {
            assert!(matches!(record.unwrap().unwrap().content, Content::Value(_)));
        }
    }
    assert_eq!((store.asked("BatchGetSecretValue"), store.asked("GetSecretValue")), (1, 4), "it is not asked again");
}

#[tokio::test]
async fn a_listing_that_goes_in_circles_is_no_listing() {
    let page = json!({"SecretList": [{"Name": "p/variables/x"}], "NextToken": "again"});
    let store = Scripted::target(&[("ListSecrets", answer(200, page))]).await;
    let refused = store.store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unexpected, "{refused}");
    assert_eq!(store.asked("ListSecrets"), 2);
}

#[tokio::test]
async fn without_the_right_to_tag_secrets_are_made_without_marks() {
    let created = answer(200, json!({"Name": "x", "VersionId": "v1"}));
    let denied = "User is not authorized to perform: secretsmanager:TagResource on resource";
    let script = [("CreateSecret", refusal("AccessDeniedException", denied)), ("CreateSecret", created)];
    let store = Scripted::target(&script).await;
    for id in ["x", "y"] {
        let entry = Entry { mark: Some(mark(id)), ..entry("text") };
        store.store.write(&key(id), &entry, &Expect::Absent).await.unwrap();
    }
    let sent = store.sent("CreateSecret");
    let tagged: Vec<bool> = sent.iter().map(|body| body.get("Tags").is_some()).collect();
    assert_eq!(tagged, [true, false, false]);
    assert_eq!(sent[0]["ClientRequestToken"], sent[1]["ClientRequestToken"]);
    assert_eq!(store.diary.codes(), ["marks-refused"], "said once");
}

#[tokio::test]
async fn whoever_may_not_create_hears_so_and_not_of_tags() {
    let denied = "User is not authorized to perform: secretsmanager:CreateSecret on resource";
    let store = Scripted::target(&[("CreateSecret", refusal("AccessDeniedException", denied))]).await;
    let entry = Entry { mark: Some(mark("x")), ..entry("text") };
    let refused = store.store.write(&key("x"), &entry, &Expect::Absent).await.unwrap_err();
    assert_eq!((refused.kind, refused.effect), (ErrorKind::Denied, Effect::None));
    assert!(refused.to_string().contains("secretsmanager:CreateSecret is not allowed"), "{refused}");
    assert!(store.diary.codes().is_empty());
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_sent_again_as_the_same() {
    let created = answer(200, json!({"Name": "x", "VersionId": "v1"}));
    let store = Scripted::target(&[("CreateSecret", Told::Silence), ("CreateSecret", created)]).await;
    let revision = store.store.write(&key("x"), &entry("text"), &Expect::Absent).await.unwrap();
    assert_eq!(revision, Revision::new("v1"));
    let tokens: Vec<_> = store.sent("CreateSecret").iter().map(|body| body["ClientRequestToken"].clone()).collect();
    assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{tokens:?}");
}

#[tokio::test]
async fn a_refused_create_says_why_and_what_to_do() {
    let pending = "You can't create this secret because a secret with this name is already scheduled for deletion.";
    let deleted = described(json!({"DeletedDate": 1_700_000_000}));
    let rows = [
        ("InvalidRequestException", pending, deleted, ErrorKind::Conflict, "tombstone"),
        ("LimitExceededException", "quota", missing(), ErrorKind::Unsupported, "Service Quotas"),
        ("InvalidParameterException", "KMS key", missing(), ErrorKind::Invalid, "kms-key-id"),
        ("EncryptionFailure", "KMS key", missing(), ErrorKind::Denied, "kms:GenerateDataKey"),
    ];
    for (code, message, looked, kind, remedy) in rows {
        let script = [("CreateSecret", refusal(code, message)), ("DescribeSecret", looked)];
        let store = Scripted::target(&script).await;
        let refused = store.store.write(&key("x"), &entry("text"), &Expect::Absent).await.unwrap_err();
        assert_eq!((refused.kind, refused.effect), (kind, Effect::None), "{code}: {refused}");
        assert!(refused.explained().contains(remedy), "{code}: {}", refused.explained());
        assert_eq!(store.asked("CreateSecret"), 1, "{code}: it is not sent again");
    }
}

#[tokio::test]
async fn what_others_keep_is_never_changed() {
    let rows = [
        (json!({"OwningService": "rds"}), Manager::Service),
        (json!({"Type": "salesforce"}), Manager::Service),
        (json!({"PrimaryRegion": "us-east-1"}), Manager::Primary),
        (json!({"RotationEnabled": true}), Manager::Rotation),
        (json!({"RotationEnabled": false, "RotationLambdaARN": "arn"}), Manager::Rotation),
    ];
    for (more, manager) in rows {
        let store = Scripted::target(&[("DescribeSecret", described(more))]).await;
        let looked = store.store.stat(&[key("x")]).await.remove(0).unwrap().unwrap();
        assert_eq!(looked.state, State::Managed(manager));
        for expect in [Expect::At(Revision::new("v1")), Expect::Anything] {
            assert!(store.store.write(&key("x"), &entry("text"), &expect).await.is_err());
            assert!(store.store.delete(&key("x"), &expect).await.is_err());
            assert!(store.store.restore(&key("x"), &Revision::new("v0"), &expect).await.is_err());
        }
        let asked: Vec<_> = store.stub.received().iter().map(operation).collect();
        assert!(asked.iter().all(|operation| operation == "DescribeSecret"), "{asked:?}");
    }
    let own_region = described(json!({"PrimaryRegion": crate::moto::REGION, "RotationEnabled": false}));
    let store = Scripted::target(&[("DescribeSecret", own_region)]).await;
    assert_eq!(store.store.stat(&[key("x")]).await.remove(0).unwrap().unwrap().state, State::Live);
}

#[tokio::test]
async fn a_restore_that_stops_halfway_says_that_nobody_knows() {
    let deleted = described(json!({"DeletedDate": 1_700_000_000}));
    let script = [
        ("DescribeSecret", deleted),
        ("RestoreSecret", answer(200, json!({"Name": "p/variables/x"}))),
        ("PutSecretValue", refusal("AccessDeniedException", "is not authorized")),
    ];
    let store = Scripted::target(&script).await;
    let refused =
        store.store.write(&key("x"), &entry("text"), &Expect::Deleted(Revision::new("v1"))).await.unwrap_err();
    assert_eq!((refused.kind, refused.effect), (ErrorKind::Denied, Effect::Unknown), "the old value is live again");
}

#[tokio::test]
async fn a_mark_of_another_spelling_goes_as_ours_comes() {
    let other = json!([
        {"Key": "managed-by", "Value": "secretferry"}, {"Key": "secretferry-mark", "Value": "1"},
        {"Key": "secretferry-ledger", "Value": "l"}, {"Key": "secretferry-job", "Value": "j"},
        {"Key": "secretferry-id-b64", "Value": "dmFyaWFibGUvw7w"}, {"Key": "team", "Value": "shop"},
    ]);
    let script = [
        ("DescribeSecret", described(json!({"Tags": other}))),
        ("UntagResource", answer(200, json!({}))),
        ("TagResource", answer(200, json!({}))),
    ];
    let store = Scripted::target(&script).await;
    let at = Expect::At(Revision::new("v1"));
    assert_eq!(store.store.claim(&key("x"), &mark("x"), &at).await.unwrap(), Revision::new("v1"));
    assert_eq!(store.sent("UntagResource")[0]["TagKeys"], json!(["secretferry-id-b64"]));
    assert_eq!(store.asked("TagResource"), 1);
}
