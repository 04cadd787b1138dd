//! Getting in, by the program itself: who logs in, and what is said where nobody can.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::fakes::aws::Aws;
use crate::fakes::aws::identity::{CAUTIOUS_ROLE, EXTERNAL_ID, ROLE};

/// What nobody may ever see.
pub const CANARY: &str = "canary-9b1f";

/// The program with one store, in a folder and an environment of its own.
pub struct Program {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Program {
    /// With a store of `kind` as a target; `table` is the rest of its table.
    pub fn with(kind: &str, table: &str) -> Self {
        let program = Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        program.write("variables.json", "{}");
        let config = format!(
            "[ledger]\nurl = 'sqlite://ledger.db'\n[stores.files]\nkind = 'local-files'\nvariables-file = 'variables.json'\n\
             [stores.aws]\nkind = '{kind}'\ntimeout = '5s'\n{table}\n\
             [jobs.job]\nsource = 'files'\ntarget = 'aws'\nkinds = ['variables']\n"
        );
        program.write("secretferry.toml", &config);
        let home = program.folder.path().display().to_string();
        program.set("HOME", &home).set("AWS_EC2_METADATA_DISABLED", "true")
    }

    pub fn new(table: &str) -> Self {
        Self::with("aws-secrets-manager", table)
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn with_keys(self, id: &str) -> Self {
        self.set("AWS_ACCESS_KEY_ID", id).set("AWS_SECRET_ACCESS_KEY", CANARY)
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// What `check` finds of the store; an ill config makes it end otherwise.
    pub fn check(&self) -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .args(["check", "--json"])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .output()
            .unwrap();
        let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(!format!("{out}{said}").contains(CANARY), "{out}{said}");
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no report: {said}"));
        report["findings"].as_array().unwrap().clone()
    }

    /// The finding with a code, in words: severity, message, remedy.
    pub fn found(&self, code: &str) -> [String; 3] {
        let findings = self.check();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        let finding = finding.unwrap_or_else(|| panic!("no {code}: {findings:#?}"));
        ["severity", "message", "remedy"].map(|part| finding[part].as_str().unwrap_or_default().to_owned())
    }
}

fn at(fake: &crate::fakes::server::Fake<Aws>, more: &str) -> String {
    format!("region = 'eu-central-1'\nendpoint-url = '{}'\n{more}", fake.address)
}

const KEYS: &str =
    "auth = { method = 'static', access-key-id = { env = 'ID' }, secret-access-key = { env = 'SECRET' } }";

#[test]
fn an_access_key_by_reference_and_one_of_the_environment() {
    let fake = Aws::start();
    for kind in ["aws-secrets-manager", "aws-parameter-store"] {
        let program = Program::with(kind, &at(&fake, KEYS)).set("ID", "AKIAFERRY").set("SECRET", CANARY);
        let [severity, message, _] = program.found("identity");
        assert_eq!(severity, "info");
        assert!(message.contains("arn:aws:iam::111122223333:user/ferry, account 111122223333"), "{message}");
        Program::with(kind, &at(&fake, "")).with_keys("AKIAFERRY").found("identity");
    }
    let [_, message, _] = Program::new(&at(&fake, KEYS)).set("ID", "AKIAFERRY").found("reference-missing");
    assert!(message.contains("SECRET"), "{message}");
}

#[test]
fn a_key_that_nobody_knows_and_a_session_that_has_expired() {
    let fake = Aws::start();
    let [severity, message, remedy] = Program::new(&at(&fake, "")).with_keys("UNKNOWN").found("login-failed");
    assert_eq!(severity, "error");
    assert!(message.contains("AWS does not take these credentials"), "{message}");
    assert!(remedy.contains("aws sts get-caller-identity"), "{remedy}");
    let [_, message, remedy] = Program::new(&at(&fake, "")).with_keys("EXPIRED").found("login-failed");
    assert!(message.contains("expired") && remedy.contains("aws sso login"), "{message} {remedy}");
}

/// A profile that gets its keys from a program.
fn with_process(fake: &crate::fakes::server::Fake<Aws>, script: &str) -> Program {
    let program = Program::new(&at(fake, "auth = { method = 'profile', profile = 'prod' }"));
    let script = program.write("keys.sh", script);
    program.write(".aws/config", &format!("[profile prod]\ncredential_process = /bin/sh {script}\n"));
    // Keys of the environment are somebody else's.
    program.with_keys("UNKNOWN").set("PATH", "/usr/bin:/bin")
}

#[test]
fn a_profile_whose_keys_a_program_gives() {
    let fake = Aws::start();
    let keys =
        format!("echo '{{\"Version\": 1, \"AccessKeyId\": \"AKIAFERRY\", \"SecretAccessKey\": \"{CANARY}\"}}'\n");
    with_process(&fake, &keys).found("identity");
    let failing = format!("echo {CANARY} >&2; exit 3\n");
    let [_, message, remedy] = with_process(&fake, &failing).found("login-failed");
    assert!(message.contains("credential_process of the profile prod failed"), "{message}");
    assert!(remedy.contains("by hand"), "{remedy}");
}

#[test]
fn a_profile_whose_session_of_identity_center_is_over() {
    let fake = Aws::start();
    let program = Program::new(&at(&fake, "auth = { method = 'profile', profile = 'prod' }"));
    let config = "[profile prod]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Ferry\n\
                  [sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n";
    program.write(".aws/config", config);
    let [severity, message, remedy] = program.found("login-failed");
    assert_eq!((severity.as_str(), remedy.as_str()), ("error", "`aws sso login --profile prod`"), "{message}");
    program.write(".aws/config", "[default]\nregion = eu-central-1\n");
    let [_, message, remedy] = program.found("login-failed");
    assert!(message.contains("no profile prod") && remedy.contains("aws configure"), "{message} {remedy}");
}

#[test]
fn a_role_on_top() {
    let fake = Aws::start();
    let role = |arn: &str, more: &str| at(&fake, &format!("auth = {{ role-arn = '{arn}'{more} }}"));
    let assumed = |table: &str| Program::new(table).with_keys("AKIAFERRY").found("identity")[1].clone();
    assert!(assumed(&role(ROLE, "")).contains("assumed-role/ferry"));
    assert!(assumed(&role(CAUTIOUS_ROLE, &format!(", external-id = '{EXTERNAL_ID}'"))).contains("assumed-role/"));
    let refused = |table: &str| Program::new(table).with_keys("AKIAFERRY").found("login-failed");
    let [_, message, remedy] = refused(&role(CAUTIOUS_ROLE, ", external-id = 'other'"));
    let whom = "arn:aws:iam::111122223333:user/ferry";
    assert!(message.contains(&format!("{whom} may not assume the role {CAUTIOUS_ROLE}")), "{message}");
    assert!(remedy.contains(&format!("\"AWS\": \"{whom}\"")) && remedy.contains("sts:ExternalId"), "{remedy}");
    // The credentials below the role are told of, not the role.
    let [_, message, _] = Program::new(&role(ROLE, "")).with_keys("UNKNOWN").found("login-failed");
    assert!(message.contains("should assume the role") && message.contains("not valid"), "{message}");
}

#[test]
fn a_web_identity() {
    let fake = Aws::start();
    let table = |arn: &str| {
        at(&fake, &format!("auth = {{ method = 'web-identity', role-arn = '{arn}', token-file = 'token' }}"))
    };
    let program = Program::new(&table(ROLE));
    program.write("token", CANARY);
    assert!(program.found("identity")[1].contains("assumed-role/ferry"));
    let program = Program::new(&table(CAUTIOUS_ROLE));
    program.write("token", CANARY);
    let [_, message, remedy] = program.found("login-failed");
    assert!(message.contains("does not trust"), "{message}");
    assert!(remedy.contains("sts:AssumeRoleWithWebIdentity"), "{remedy}");
    let [_, message, _] = Program::new(&table(ROLE)).found("login-failed");
    assert!(message.contains("token"), "{message}");
    // As EKS gives it to a pod.
    let program = Program::new(&at(&fake, "auth = { method = 'web-identity' }"));
    let token = program.write("elsewhere/token", CANARY);
    program.set("AWS_ROLE_ARN", ROLE).set("AWS_WEB_IDENTITY_TOKEN_FILE", &token).found("identity");
}

#[test]
fn nobody_and_nowhere() {
    let fake = Aws::start();
    let [_, message, remedy] = Program::new(&at(&fake, "")).found("login-failed");
    assert!(message.contains("there are no credentials"), "{message}");
    assert!(remedy.contains("AWS_PROFILE"), "{remedy}");
    let [_, message, remedy] = Program::new("").with_keys("AKIAFERRY").found("store-unusable");
    assert!(message.contains("no region is set"), "{message}");
    assert!(remedy.contains("region ="), "{remedy}");
    let program = Program::new("auth = { method = 'profile', profile = 'prod' }");
    program.write(".aws/config", "[profile prod]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:1\n");
    let [_, message, _] = program.found("login-failed");
    assert!(message.contains("profile prod"), "the region is the profile's, and there are no keys: {message}");
}

#[test]
fn two_regions_in_one_environment() {
    let fake = Aws::start();
    let table = format!("endpoint-url = '{}'", fake.address);
    let program = Program::new(&table).with_keys("AKIAFERRY").set("AWS_REGION", "eu-central-1");
    let [severity, message, _] = program.set("AWS_DEFAULT_REGION", "us-east-1").found("two-regions");
    assert_eq!(severity, "warning");
    assert!(message.contains("boto3"), "{message}");
}

#[test]
fn a_wrong_endpoint() {
    let nobody = "region = 'eu-central-1'\nendpoint-url = 'http://127.0.0.1:1'";
    let [severity, message, remedy] = Program::new(nobody).with_keys("AKIAFERRY").found("unreachable");
    assert_eq!(severity, "error");
    assert!(message.contains("nobody answers") && remedy.contains("endpoint-url"), "{message} {remedy}");
    // What the config does not say, it refuses all the same.
    for (name, value) in
        [("AWS_ENDPOINT_URL", "http://moto.example"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://moto.example")]
    {
        let program = Program::new("region = 'eu-central-1'").with_keys("AKIAFERRY").set(name, value);
        let [_, message, remedy] = program.found("store-unusable");
        assert!(message.contains("plain http") && remedy.contains("endpoint-url"), "{message} {remedy}");
    }
    let program = Program::new("region = 'eu-central-1'\nallow-plain-http = true").with_keys("AKIAFERRY");
    program.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1").found("unreachable");
}

#[test]
fn a_right_that_is_missing_is_named_with_what_grants_it() {
    let rows = [
        ("aws-secrets-manager", "secretsmanager.TagResource", "secretsmanager:TagResource", "warning"),
        ("aws-secrets-manager", "secretsmanager.ListSecrets", "secretsmanager:ListSecrets", "error"),
        ("aws-secrets-manager", "secretsmanager.GetSecretValue", "secretsmanager:GetSecretValue", "error"),
        ("aws-secrets-manager", "secretsmanager.PutSecretValue", "secretsmanager:PutSecretValue", "error"),
        ("aws-secrets-manager", "secretsmanager.BatchGetSecretValue", "secretsmanager:BatchGetSecretValue", "warning"),
        ("aws-secrets-manager", "secretsmanager.DeleteSecret", "secretsmanager:DeleteSecret", "warning"),
        ("aws-secrets-manager", "secretsmanager.RestoreSecret", "secretsmanager:RestoreSecret", "warning"),
        ("aws-parameter-store", "AmazonSSM.DescribeParameters", "ssm:DescribeParameters", "error"),
        ("aws-parameter-store", "AmazonSSM.GetParameters", "ssm:GetParameters", "error"),
        ("aws-parameter-store", "AmazonSSM.AddTagsToResource", "ssm:AddTagsToResource", "error"),
        ("aws-parameter-store", "AmazonSSM.DeleteParameter", "ssm:DeleteParameter", "warning"),
        ("aws-parameter-store", "AmazonSSM.GetParameterHistory", "ssm:GetParameterHistory", "error"),
    ];
    for (kind, operation, action, expected) in rows {
        let fake = Aws::start();
        let program = Program::with(kind, &at(&fake, "")).with_keys("AKIAFERRY");
        let whole = program.check();
        assert!(whole.iter().all(|finding| finding["code"] != "right-missing"), "{whole:#?}");
        fake.with(|aws| aws.denied.insert(operation.to_owned()));
        let [severity, message, remedy] = program.found("right-missing");
        assert_eq!(severity, expected, "{action}");
        assert!(message.starts_with(&format!("{action} is not allowed")), "{message}");
        let (_, policy) = remedy.split_once('\n').unwrap();
        let policy: Value = serde_json::from_str(policy).unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 1, "exactly that: {policy:#}");
        assert_eq!(policy["Statement"][0]["Action"], serde_json::json!([action]));
    }
}

#[test]
fn check_changes_nothing() {
    for kind in ["aws-secrets-manager", "aws-parameter-store"] {
        let fake = Aws::start();
        Program::with(kind, &at(&fake, "")).with_keys("AKIAFERRY").check();
        let asked = fake.counts();
        for operation in ["secretsmanager.CreateSecret", "AmazonSSM.PutParameter"] {
            assert!(!asked.contains_key(operation), "{asked:?}");
        }
        assert!(asked.len() > 4, "the control: something was asked: {asked:?}");
    }
}
