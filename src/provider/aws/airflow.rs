//! What Airflow's two backends for AWS must be told, as far as it is the same: place, prefixes, log-in, rights and trust.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::access::Access;
use super::login::{Login, Proof};
use super::rights::{self, Area};
use super::session::{Service, Session};
use crate::model::{Kind, Requirement};
use crate::naming::Rule;
use crate::provider::{AirflowBackend, Opening, ReadPolicy};

/// The oldest provider whose reading was looked at: the first without the old forms.
const OLDEST: Requirement = Requirement::of_amazon((9, 0, 0), "the backend as secretferry knows it");
/// How long AWS may take to say whose account it is.
const PATIENCE: Duration = Duration::from_secs(10);
const PREFIXES: [(&str, Kind); 3] =
    [("connections_prefix", Kind::Connection), ("variables_prefix", Kind::Variable), ("config_prefix", Kind::Config)];
const PATTERNS: [&str; 3] = ["connections_lookup_pattern", "variables_lookup_pattern", "config_lookup_pattern"];

/// What one of the two backends reads with.
pub(super) struct Reader<'a> {
    /// The service in the SDK's settings.
    pub service: Service,
    /// The service and the resource in ARNs.
    pub arn: (&'static str, &'static str),
    /// The one action it needs.
    pub action: &'static str,
    /// Where the keys lie.
    pub rule: &'a Rule,
    /// The KMS key of the config.
    pub kms_key: Option<&'a str>,
}

/// Adds all that both backends must be told.
pub(super) async fn tell(backend: &mut AirflowBackend, reader: Reader<'_>, access: &Access, opening: &Opening) {
    backend.requirements.push(OLDEST);
    let session = Session::open(access, reader.service, opening).await.ok();
    let region = session.as_ref().map(|session| session.region.clone()).or_else(|| access.region.clone());
    let account = match &session {
        Some(session) => timeout(PATIENCE, session.principal()).await.ok().and_then(Result::ok),
        None => None,
    };
    place(backend, access, region.as_deref());
    prefixes(backend, reader.rule);
    login(backend, &access.login);
    let area = Area {
        service: reader.arn.0,
        resource: reader.arn.1,
        region: region.unwrap_or_else(|| "*".to_owned()),
        account: account.map(|principal| principal.account),
        prefixes: rights::prefixes(reader.rule, &Kind::ALL),
        kms_key: reader.kms_key.map(str::to_owned),
    };
    backend.policy = Some(policy(&area, reader.action, &access.login));
}

fn place(backend: &mut AirflowBackend, access: &Access, region: Option<&str>) {
    match region {
        Some(region) => backend.set("region_name", region),
        None => backend.ask("region_name", "region"),
    }
    if let Some(endpoint) = &access.endpoint {
        backend.set("endpoint_url", endpoint.as_str().trim_end_matches('/'));
    }
    if let Some(authority) = &access.ca {
        backend.set("verify", authority.display().to_string());
        backend
            .notes
            .push("verify is the file of the authority where secretferry runs; Airflow needs it too".to_owned());
    }
}

fn prefixes(backend: &mut AirflowBackend, rule: &Rule) {
    for (key, kind) in PREFIXES {
        let prefix = rule.place(kind).prefixes().first();
        backend.set(key, prefix.map_or(Value::Null, |prefix| prefix.as_str().into()));
    }
    let patterns = [&rule.patterns.connections, &rule.patterns.variables, &rule.patterns.configs];
    for (key, pattern) in PATTERNS.into_iter().zip(patterns) {
        if let Some(pattern) = pattern {
            backend.set(key, pattern.as_str());
        }
    }
}

/// The method that secretferry uses, with credentials of Airflow's own.
fn login(backend: &mut AirflowBackend, login: &Login) {
    match &login.proof {
        Proof::Chain => backend.notes.push(
            "Airflow logs in with what boto3 finds: its environment, web identity, container or instance".to_owned(),
        ),
        Proof::Profile(_) => backend.ask("profile_name", "profile where Airflow runs"),
        Proof::Keys(_) => {
            for (name, what) in
                [("AWS_ACCESS_KEY_ID", "access key of Airflow"), ("AWS_SECRET_ACCESS_KEY", "its secret")]
            {
                backend.variables.push((name, AirflowBackend::placeholder(what)));
            }
        }
        Proof::WebIdentity { .. } => {
            backend.variables.push(("AWS_ROLE_ARN", AirflowBackend::placeholder("role of Airflow")));
            let file = AirflowBackend::placeholder("file of Airflow's token");
            backend.variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", file));
        }
    }
    if let Some(role) = &login.role {
        backend.ask("role_arn", "role of Airflow");
        if role.external_id.is_some() {
            let external_id = AirflowBackend::placeholder("external id of that role");
            backend.set("assume_role_kwargs", json!({ "ExternalId": external_id }));
        }
    }
}

/// What Airflow may do, and who may be the role that it is, where it is one.
fn policy(area: &Area, action: &'static str, login: &Login) -> ReadPolicy {
    let actions: &[&str] = if area.kms_key.is_some() { &[action, "kms:Decrypt"] } else { &[action] };
    let mut text = area.policy(actions);
    let mut instruction = "the read-only policy of whoever Airflow logs in as".to_owned();
    if let Some(statement) = trust(login) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let trust = serde_json::to_string_pretty(&trust).expect("a value of our own has text for keys");
        text = format!("{text}\n{trust}");
        instruction.push_str(", and below it the trust policy of that role");
    }
    ReadPolicy { instruction, text }
}

/// Who may be the role that Airflow is; keys and profiles are nobody's to become.
fn trust(login: &Login) -> Option<Value> {
    Some(match (&login.proof, &login.role) {
        (_, Some(role)) => {
            let mut statement = json!({
                "Effect": "Allow", "Principal": { "AWS": "<ARN of whoever Airflow logs in as first>" }, "Action": "sts:AssumeRole",
            });
            if role.external_id.is_some() {
                statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "<external id of that role>" } });
            }
            statement
        }
        (Proof::WebIdentity { .. }, None) => json!({
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::<account>:oidc-provider/<issuer of the cluster>" },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": {
                "<issuer of the cluster>:sub": "system:serviceaccount:<namespace>:<service account of Airflow>",
                "<issuer of the cluster>:aud": "sts.amazonaws.com",
            } },
        }),
        (Proof::Keys(_) | Proof::Profile(_), None) => return None,
        (Proof::Chain, None) => json!({
            "Effect": "Allow",
            "Principal": { "Service": "<ec2.amazonaws.com, ecs-tasks.amazonaws.com or pods.eks.amazonaws.com>" },
            "Action": "sts:AssumeRole",
        }),
    })
}
