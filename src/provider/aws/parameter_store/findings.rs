//! `check`: who we are, and by harmless requests which rights are missing; each finding with its remedy.

use uuid::Uuid;

use super::ParameterStoreProvider;
use super::client::{Client, Decryption};
use super::rule;
use crate::model::{Finding, Kind, Listing};
use crate::provider::aws::identity::Introduced;
use crate::provider::aws::rights::{self, Area, Need, Probe};
use crate::provider::{Result, Role};

/// What a target is asked for beside what can be tried: a put makes what is not there.
const UNTRIED: &[&str] = &["ssm:PutParameter"];

impl ParameterStoreProvider {
    /// Everything there is to say, all at once: what cannot be asked because of an earlier fault is left out.
    pub(super) async fn findings(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = self.session.standing.clone();
        let Introduced::Known(account) = self.session.introduce(&mut findings).await else { return findings };
        let listed =
            Probe { actions: &["ssm:DescribeParameters"], need: Need::Job, answer: self.first_page(kinds).await };
        if let Some(unreachable) = listed.unreachable(&self.info.name) {
            findings.push(unreachable);
            return findings;
        }
        let mut area = self.area(kinds, account);
        if self.capabilities.listing == Listing::Full {
            findings.extend(rights::missing(&self.info.name, &area, &[listed]));
        }
        for prefix in std::mem::take(&mut area.prefixes) {
            let probes = probes(&self.client, &prefix, role).await;
            area.prefixes = vec![prefix];
            findings.extend(rights::missing(&self.info.name, &area, &probes));
        }
        if role == Role::Target {
            findings.push(rights::untried(&self.info.name, &self.area(kinds, area.account), UNTRIED));
        }
        findings
    }

    fn area(&self, kinds: &[Kind], account: Option<String>) -> Area {
        Area {
            service: "ssm",
            resource: "parameter/",
            region: self.session.region.clone(),
            account,
            prefixes: rights::prefixes(&self.rule, kinds),
            kms_key: self.kms_key_id.clone(),
        }
    }

    async fn first_page(&self, kinds: &[Kind]) -> Result<()> {
        let mut paths = rule::paths(&self.rule, kinds);
        if paths.is_empty() {
            paths.push("/".to_owned());
        }
        self.client.page(&paths, None).await.map(drop)
    }
}

/// Asks for everything a role needs, of a name that nobody has: whoever may is told that there is none.
async fn probes(client: &Client, prefix: &str, role: Role) -> Vec<Probe> {
    let probe = |actions, need, answer: Result<()>| Probe { actions, need, answer };
    let name = format!("{prefix}secretferry-check-{}", Uuid::new_v4());
    let read = client.get(&[&name], Decryption::Unwanted).await.map(drop);
    let mut probes = vec![probe(&["ssm:GetParameters"], Need::Job, read)];
    if role == Role::Target {
        let tags = [("managed-by".to_owned(), "secretferry".to_owned())];
        let names = vec!["managed-by".to_owned()];
        probes.extend([
            probe(&["ssm:ListTagsForResource"], Need::Job, client.tags(&name).await.map(drop)),
            probe(&["ssm:AddTagsToResource"], Need::Job, client.add_tags(&name, &tags).await),
            probe(&["ssm:RemoveTagsFromResource"], Need::Undo, client.remove_tags(&name, names).await),
            probe(&["ssm:GetParameterHistory"], Need::Job, client.past(&name).await.map(drop)),
            probe(&["ssm:DeleteParameter"], Need::Deletes, client.delete(&name).await),
        ]);
    }
    probes
}
