//! `check`: who we are, and by harmless requests which rights are missing; each finding with its remedy.

use uuid::Uuid;

use super::SecretsManagerProvider;
use super::client::{Client, Which};
use crate::model::{Finding, Kind, Listing, RemoteKey, SecretValue, Severity};
use crate::provider::aws::identity::Introduced;
use crate::provider::aws::rights::{self, Area, Need, Probe};
use crate::provider::{RequestToken, Result, Role};

/// What a target is asked for beside what can be tried.
const UNTRIED: &[&str] = &["secretsmanager:CreateSecret"];

impl SecretsManagerProvider {
    /// Everything there is to say, all at once: what cannot be asked because of an earlier fault is left out.
    pub(super) async fn findings(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = self.session.standing.clone();
        let Introduced::Known(account) = self.session.introduce(&mut findings).await else { return findings };
        let listed =
            Probe { actions: &["secretsmanager:ListSecrets"], need: Need::Job, answer: self.first_page().await };
        if let Some(unreachable) = listed.unreachable(&self.info.name) {
            findings.push(unreachable);
            return findings;
        }
        let mut area = self.area(kinds, account);
        if self.capabilities.listing == Listing::Full {
            findings.extend(rights::missing(&self.info.name, &area, &[listed]));
        }
        for prefix in std::mem::take(&mut area.prefixes) {
            let probes = self.probes(&prefix, role).await;
            area.prefixes = vec![prefix];
            findings.extend(rights::missing(&self.info.name, &area, &probes));
        }
        if role == Role::Target {
            findings.push(rights::untried(&self.info.name, &self.area(kinds, area.account), UNTRIED));
        }
        if findings.iter().all(|finding| finding.severity != Severity::Error) {
            findings.extend(self.twins(kinds).await);
        }
        findings
    }

    fn area(&self, kinds: &[Kind], account: Option<String>) -> Area {
        Area {
            service: "secretsmanager",
            resource: "secret:",
            region: self.session.region.clone(),
            account,
            prefixes: rights::prefixes(&self.rule, kinds),
            kms_key: self.kms_key.clone(),
        }
    }

    async fn first_page(&self) -> Result<()> {
        self.client.page(&[], None).await.map(drop)
    }

    /// Asks for everything a role needs, of a name that nobody has: whoever may is told that there is none.
    async fn probes(&self, prefix: &str, role: Role) -> Vec<Probe> {
        let (client, token) = (&self.client, RequestToken(Uuid::new_v4().to_string()));
        let key = RemoteKey::new(format!("{prefix}secretferry-check-{}", token.0));
        let mut probes = reading(client, &key).await;
        if role == Role::Target {
            probes.extend(writing(client, &key, &token).await);
            probes.extend(undoing(client, &key, &token).await);
        }
        probes
    }
}

async fn reading(client: &Client, key: &RemoteKey) -> Vec<Probe> {
    let probe = |actions, need, answer: Result<()>| Probe { actions, need, answer };
    let batch = [key.as_str().to_owned()];
    vec![
        probe(&["secretsmanager:DescribeSecret"], Need::Job, client.describe(key).await.map(drop)),
        probe(&["secretsmanager:GetSecretValue"], Need::Job, client.value(key, Which::Current).await.map(drop)),
        probe(&["secretsmanager:BatchGetSecretValue"], Need::Batches, client.batch(&batch, None).await.map(drop)),
    ]
}

async fn writing(client: &Client, key: &RemoteKey, token: &RequestToken) -> Vec<Probe> {
    let probe = |actions, need, answer: Result<()>| Probe { actions, need, answer };
    let value = SecretValue::from("secretferry check");
    let tags = [("managed-by".to_owned(), "secretferry".to_owned())];
    let names = ["managed-by".to_owned()];
    vec![
        probe(&["secretsmanager:PutSecretValue"], Need::Job, client.put(key, &value, token).await.map(drop)),
        probe(
            &["secretsmanager:UpdateSecret"],
            Need::Descriptions,
            client.put_described(key, &value, token, "check").await.map(drop),
        ),
        probe(&["secretsmanager:TagResource"], Need::Marks, client.tag(key, &tags).await.map(drop)),
        probe(&["secretsmanager:UntagResource"], Need::Undo, client.untag(key, &names).await.map(drop)),
    ]
}

async fn undoing(client: &Client, key: &RemoteKey, token: &RequestToken) -> Vec<Probe> {
    let probe = |actions, need, answer: Result<()>| Probe { actions, need, answer };
    let moved = client.move_current(key, &token.0, &token.0).await.map(drop);
    vec![
        probe(&["secretsmanager:DeleteSecret"], Need::Deletes, client.delete(key, 30).await.map(drop)),
        probe(&["secretsmanager:RestoreSecret"], Need::Undo, client.restore(key).await.map(drop)),
        probe(&["secretsmanager:ListSecretVersionIds"], Need::Undo, client.versions(key, None).await.map(drop)),
        probe(&["secretsmanager:UpdateSecretVersionStage"], Need::Undo, moved),
    ]
}
