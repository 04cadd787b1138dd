//! The rights a job needs in AWS: which of them are missing, and the IAM statements that grant exactly those.

use serde_json::{Value, json};

use crate::model::{ErrorKind, Finding, Kind, Severity};
use crate::naming::Rule;
use crate::provider::{Error, Reach};

/// What policies of a store are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Area {
    /// The service in ARNs: `secretsmanager` or `ssm`.
    pub service: &'static str,
    /// What stands before a name in ARNs: `secret:` or `parameter/`.
    pub resource: &'static str,
    /// The region.
    pub region: String,
    /// The account; unknown where STS does not answer.
    pub account: Option<String>,
    /// What stands before ids, separator and all.
    pub prefixes: Vec<String>,
    /// The KMS key of the config; AWS's own needs no rights.
    pub kms_key: Option<String>,
}

/// A harmless request and what came of it: on a name that is not there, or of something that everybody may see.
#[derive(Debug)]
pub(super) struct Probe {
    /// The actions that it proves, such as `ssm:PutParameter`.
    pub actions: &'static [&'static str],
    /// What goes without them.
    pub need: Need,
    /// How the store answered.
    pub answer: Result<(), Error>,
}

/// What goes without a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Nothing.
    Job,
    /// Everything, but one secret a call.
    Batches,
    /// Everything but connections with descriptions.
    Descriptions,
    /// Everything but ownership marks.
    Marks,
    /// Everything but deletes.
    Deletes,
    /// Everything but `undo`.
    Undo,
}

/// Actions that IAM grants on everything or not at all.
const EVERYWHERE: [&str; 3] =
    ["secretsmanager:ListSecrets", "secretsmanager:BatchGetSecretValue", "ssm:DescribeParameters"];

impl Need {
    const ALL: [Self; 6] = [Self::Job, Self::Batches, Self::Descriptions, Self::Marks, Self::Deletes, Self::Undo];

    const fn without(self) -> (Severity, &'static str) {
        match self {
            Self::Job => (Severity::Error, "the job cannot run"),
            Self::Batches => (Severity::Warning, "values are read one by one, which takes longer"),
            Self::Descriptions => (Severity::Warning, "connections with descriptions cannot be updated"),
            Self::Marks => (Severity::Warning, "keys are written without ownership marks"),
            Self::Deletes => (Severity::Warning, "deletes are refused"),
            Self::Undo => (Severity::Warning, "undo is refused"),
        }
    }
}

/// What stands before the ids of these kinds, separator and all.
pub(super) fn prefixes(rule: &Rule, kinds: &[Kind]) -> Vec<String> {
    let prefixes = kinds.iter().flat_map(|kind| rule.place(*kind).prefixes());
    let whole = |prefix: &String| if prefix.is_empty() { String::new() } else { format!("{prefix}{}", rule.separator) };
    let mut prefixes: Vec<_> = prefixes.map(whole).collect();
    prefixes.sort();
    prefixes.dedup();
    prefixes
}

/// Judges what came of the probes: a finding for each need that lacks a right, and for each probe that told nothing.
pub(super) fn missing(store: &str, area: &Area, probes: &[Probe]) -> Vec<Finding> {
    let lacking = |need: Need| {
        let refused = probes.iter().filter(|probe| probe.need == need && probe.is_refused());
        let mut actions: Vec<_> = refused.flat_map(|probe| probe.actions).copied().collect();
        actions.sort_unstable();
        actions.dedup();
        if actions.is_empty() {
            return None;
        }
        let (severity, without) = need.without();
        let message =
            format!("{} {} not allowed: {without}", actions.join(", "), if actions.len() == 1 { "is" } else { "are" });
        let remedy = format!("add to the policy of our identity:\n{}", area.policy(&actions));
        Some(Finding::new(severity, "right-missing", store, message).with_remedy(remedy))
    };
    let untold = probes.iter().filter_map(|probe| probe.untold(store));
    Need::ALL.into_iter().filter_map(lacking).chain(untold).collect()
}

/// Says which actions nobody can try without changing something, and what grants them.
pub(super) fn untried(store: &str, area: &Area, actions: &[&str]) -> Finding {
    let mut actions = actions.to_vec();
    if area.kms_key.is_some() {
        actions.extend(["kms:Decrypt", "kms:GenerateDataKey"]);
    }
    let message = format!("{} cannot be tried without writing", actions.join(", "));
    let remedy =
        format!("if the first apply says that one is not allowed, this grants them:\n{}", area.policy(&actions));
    Finding::new(Severity::Info, "right-untried", store, message).with_remedy(remedy)
}

impl Probe {
    // IAM is asked before the store looks for the name: any other answer than a refusal means that we may.
    fn is_refused(&self) -> bool {
        self.answer.as_ref().is_err_and(|error| error.kind == ErrorKind::Denied && error.reach == Reach::Key)
    }

    /// The finding of a store that nobody answers for, where asking for more is of no use.
    pub fn unreachable(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        let is_unreachable = error.kind == ErrorKind::Unavailable || error.reach == Reach::Store;
        let finding = || Finding::new(Severity::Error, "unreachable", store, error.to_string());
        is_unreachable.then(|| error.remedy.iter().fold(finding(), |finding, remedy| finding.with_remedy(remedy)))
    }

    fn untold(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        let is_told = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) || self.is_refused();
        if is_told && error.reach == Reach::Key {
            return None;
        }
        let message = format!("whether {} is allowed could not be found out: {error}", self.actions.join(", "));
        let finding = Finding::new(Severity::Warning, "rights-unknown", store, message);
        Some(match &error.remedy {
            Some(remedy) => finding.with_remedy(remedy),
            None => finding.with_remedy("run check again"),
        })
    }
}

impl Area {
    /// The statements that grant exactly these actions, as IAM's JSON.
    pub fn policy(&self, actions: &[&str]) -> String {
        let policy = json!({ "Version": "2012-10-17", "Statement": self.statements(actions) });
        serde_json::to_string_pretty(&policy).expect("a value of our own has text for keys")
    }

    fn statements(&self, actions: &[&str]) -> Vec<Value> {
        let (kms, own): (Vec<&str>, Vec<&str>) = actions.iter().partition(|action| action.starts_with("kms:"));
        let (everywhere, below): (Vec<&str>, Vec<&str>) =
            own.into_iter().partition(|action| EVERYWHERE.contains(action));
        let mut statements = Vec::new();
        if !everywhere.is_empty() {
            statements.push(json!({ "Effect": "Allow", "Action": everywhere, "Resource": "*" }));
        }
        if !below.is_empty() {
            statements.push(json!({ "Effect": "Allow", "Action": below, "Resource": self.resources() }));
        }
        if let Some(key) = self.kms_key.as_deref().filter(|_| !kms.is_empty()) {
            statements.push(self.key_statement(&kms, key));
        }
        statements
    }

    fn resources(&self) -> Vec<String> {
        let Self { service, resource, region, prefixes, .. } = self;
        let (partition, account) = (partition(region), self.account.as_deref().unwrap_or("*"));
        // A parameter's ARN has one slash before the name, whether or not the name begins with one.
        let inner =
            |prefix: &str| if resource.ends_with('/') { prefix.trim_start_matches('/') } else { prefix }.to_owned();
        let arn =
            |prefix: &String| format!("arn:{partition}:{service}:{region}:{account}:{resource}{}*", inner(prefix));
        prefixes.iter().map(arn).collect()
    }

    // A policy names keys by their ARN; an alias is a condition on it.
    fn key_statement(&self, actions: &[&str], key: &str) -> Value {
        let (partition, account) = (partition(&self.region), self.account.as_deref().unwrap_or("*"));
        let arn = |key: &str| format!("arn:{partition}:kms:{}:{account}:key/{key}", self.region);
        let alias = key.rsplit_once(":alias/").map(|(_, name)| name).or_else(|| key.strip_prefix("alias/"));
        match alias {
            Some(alias) => json!({
                "Effect": "Allow", "Action": actions, "Resource": arn("*"),
                "Condition": { "ForAnyValue:StringEquals": { "kms:ResourceAliases": format!("alias/{alias}") } },
            }),
            None if key.starts_with("arn:") => json!({ "Effect": "Allow", "Action": actions, "Resource": key }),
            None => json!({ "Effect": "Allow", "Action": actions, "Resource": arn(key) }),
        }
    }
}

/// The part of AWS that a region lies in.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn area(kms_key: Option<&str>) -> Area {
        Area {
            service: "secretsmanager",
            resource: "secret:",
            region: "eu-central-1".to_owned(),
            account: Some("123456789012".to_owned()),
            prefixes: vec!["airflow/connections/".to_owned()],
            kms_key: kms_key.map(str::to_owned),
        }
    }

    fn probe(need: Need, actions: &'static [&'static str], answer: Result<(), ErrorKind>) -> Probe {
        let answer = answer.map_err(|kind| Error::new(kind, "read", "aws", "code"));
        Probe { actions, need, answer }
    }

    fn statements(finding: &Finding) -> Value {
        let (_, text) = finding.remedy.as_ref().unwrap().split_once('\n').unwrap();
        serde_json::from_str::<Value>(text).unwrap()["Statement"].clone()
    }

    #[test]
    fn only_a_refusal_is_a_missing_right() {
        let read = &["secretsmanager:GetSecretValue"];
        for answer in [Ok(()), Err(ErrorKind::Conflict), Err(ErrorKind::Invalid)] {
            assert_eq!(missing("aws", &area(None), &[probe(Need::Job, read, answer)]), [], "{answer:?}");
        }
        let found = missing("aws", &area(None), &[probe(Need::Job, read, Err(ErrorKind::Unavailable))]);
        assert_eq!((found[0].severity, found[0].code), (Severity::Warning, "rights-unknown"));
        let found = missing("aws", &area(None), &[probe(Need::Job, read, Err(ErrorKind::Denied))]);
        assert_eq!((found.len(), found[0].severity, found[0].code), (1, Severity::Error, "right-missing"));
    }

    #[test]
    fn the_statement_grants_exactly_what_is_missing() {
        let probes = [
            probe(Need::Job, &["secretsmanager:ListSecrets"], Err(ErrorKind::Denied)),
            probe(Need::Job, &["secretsmanager:GetSecretValue"], Err(ErrorKind::Denied)),
            probe(Need::Job, &["secretsmanager:DescribeSecret"], Ok(())),
            probe(Need::Deletes, &["secretsmanager:DeleteSecret"], Err(ErrorKind::Denied)),
        ];
        let found = missing("aws", &area(None), &probes);
        assert_eq!(found.len(), 2);
        let below = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:airflow/connections/*";
        let expected = json!([
            { "Effect": "Allow", "Action": ["secretsmanager:ListSecrets"], "Resource": "*" },
            { "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [below] },
        ]);
        assert_eq!(statements(&found[0]), expected);
        let expected = json!([{ "Effect": "Allow", "Action": ["secretsmanager:DeleteSecret"], "Resource": [below] }]);
        assert_eq!((found[1].severity, statements(&found[1])), (Severity::Warning, expected));
    }

    #[test]
    fn a_key_is_named_as_a_policy_names_it() {
        let granted = |key| {
            let found = untried("aws", &area(Some(key)), &["secretsmanager:CreateSecret"]);
            statements(&found)[1].clone()
        };
        let arn = "arn:aws:kms:eu-central-1:123456789012:key/";
        assert_eq!(granted("1234-abcd")["Resource"], format!("{arn}1234-abcd"));
        assert_eq!(granted("arn:aws:kms:x:1:key/k")["Resource"], "arn:aws:kms:x:1:key/k");
        let by_alias = granted("alias/airflow");
        assert_eq!(by_alias["Resource"], format!("{arn}*"));
        assert_eq!(by_alias["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"], "alias/airflow");
        assert_eq!(
            statements(&untried("aws", &area(None), &["secretsmanager:CreateSecret"])).as_array().unwrap().len(),
            1
        );
    }

    #[test]
    fn a_parameter_is_named_with_one_slash() {
        let prefixes = ["/airflow/variables/", "bare/", ""].map(str::to_owned).to_vec();
        let area = Area { service: "ssm", resource: "parameter/", prefixes, ..area(None) };
        let text = area.policy(&["ssm:GetParameter"]);
        for end in ["parameter/airflow/variables/*", "parameter/bare/*", "parameter/*"] {
            assert!(text.contains(&format!("\"arn:aws:ssm:eu-central-1:123456789012:{end}\"")), "{text}");
        }
    }

    #[test]
    fn where_nobody_says_the_account_the_policy_leaves_it_open() {
        let area = Area { account: None, region: "us-gov-west-1".to_owned(), ..area(None) };
        assert!(
            area.policy(&["secretsmanager:GetSecretValue"])
                .contains("arn:aws-us-gov:secretsmanager:us-gov-west-1:*:secret:")
        );
    }
}
