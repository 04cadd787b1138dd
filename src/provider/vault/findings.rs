//! `check`: whatever would stop a job, each as a finding with its remedy; and what will, sooner or later.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::VaultProvider;
use super::client::Method;
use super::login::{Lease, Renewable};
use super::mounts;
use super::policy::{Grant, Need, grants};
use super::requests::Ask;
use crate::model::{ErrorKind, Family, Finding, Kind, Listing, Scope, Severity, Upkeep};
use crate::provider::{Error, Provider, Repeat, Result, Role};

#[derive(Deserialize)]
struct RightsAnswer {
    data: BTreeMap<String, Vec<String>>,
}

impl VaultProvider {
    /// Everything there is to say, all at once: what cannot be asked because of an earlier fault is left out.
    pub(super) async fn findings(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = self.standing.clone();
        match self.health().await {
            Ok(finding) => findings.extend(finding),
            Err(finding) => {
                findings.push(finding);
                return findings;
            }
        }
        match self.token().await {
            Ok(finding) => findings.extend(finding),
            Err(error) => {
                findings.push(self.failed("login-failed", &error));
                return findings;
            }
        }
        let mounts = match self.checked_mounts().await {
            Ok(mounts) => mounts,
            Err(error) => {
                findings.push(self.failed("mount-wrong", &error));
                return findings;
            }
        };
        let rights = self.missing_rights(&mounts, role, kinds).await;
        let all_there = rights.is_empty();
        findings.extend(rights);
        if all_there && role == Role::Source && self.capabilities.listing == Listing::Full {
            findings.extend(self.empty_prefixes(kinds).await);
        }
        findings
    }

    // `Err` where nothing else can be asked.
    async fn health(&self) -> std::result::Result<Option<Finding>, Finding> {
        let status = self.requests.status("look up health", "sys/health").await;
        let status = status.map_err(|error| self.failed("unreachable", &error))?;
        let finding = |severity, code, message: &str| self.finding(severity, code, message);
        match status {
            200 => Ok(None),
            429 | 473 => Ok(Some(
                finding(Severity::Info, "standby", "this node is a standby; it passes requests on to the active one")
                    .with_remedy("set address to the active node or to a load balancer, to spare the detour"),
            )),
            472 => Err(finding(
                Severity::Error,
                "standby",
                "this node belongs to a disaster-recovery secondary and serves nothing",
            )
            .with_remedy("set address to the primary cluster")),
            501 => Err(finding(Severity::Error, "uninitialised", "this Vault was never initialised")
                .with_remedy("`vault operator init`, or check address")),
            503 => {
                Err(finding(Severity::Error, "sealed", "this Vault is sealed").with_remedy("`vault operator unseal`"))
            }
            other => Err(finding(Severity::Error, "unreachable", &format!("sys/health answers HTTP {other}"))
                .with_remedy("check that address leads to a Vault")),
        }
    }

    async fn token(&self) -> Result<Option<Finding>> {
        let tokens = self.requests.tokens();
        let session = tokens.newest().await?;
        let known = match tokens.known(&session).await {
            Ok(known) => known,
            Err(error) if error.kind == ErrorKind::Denied => return self.refused_look(&session).await,
            Err(error) => return Err(error),
        };
        if let Some(uses) = known.uses {
            let message = format!("the token is good for {uses} more requests only, and this check took some");
            let finding = self.finding(Severity::Error, "token-uses", &message);
            return Ok(Some(finding.with_remedy("use a token without a limit of uses (-use-limit)")));
        }
        let life = tokens.life(&session);
        let message = match known.lease {
            _ if life.upkeep != Upkeep::Nobody => return Ok(None),
            Lease::Timed { renewable: Renewable::Yes, .. } => {
                let left = life.left(Timestamp::now()).unwrap_or_default();
                format!(
                    "the token ends in {:?}, and no renewal keeps it any longer",
                    Duration::from_secs(left.as_secs())
                )
            }
            Lease::Timed { lasts, .. } => format!("the token ends in {lasts:?} and cannot be renewed"),
            Lease::Endless => return Ok(None),
        };
        let remedy = "use a method that gets its own, such as auth.method = \"approle\", or a renewable token (a periodic one never ends)";
        Ok(Some(self.finding(Severity::Warning, "token-expires", &message).with_remedy(remedy)))
    }

    async fn refused_look(&self, session: &std::sync::Arc<super::tokens::Session>) -> Result<Option<Finding>> {
        self.requests.tokens().after_refusal(session).await?;
        let message = "the token may not look at itself, so its life is not known";
        let finding = self.finding(Severity::Info, "token-unknown", message);
        Ok(Some(finding.with_remedy("attach the policy `default`, as tokens have unless told otherwise")))
    }

    async fn checked_mounts(&self) -> Result<Vec<String>> {
        let version = self.engine.version();
        match self.layout.mount() {
            Some(mount) => mounts::settle(&self.requests, mount, Some(version)).await.map(|_| vec![mount.to_owned()]),
            None => self.listed_mounts().await,
        }
    }

    async fn missing_rights(&self, mounts: &[String], role: Role, kinds: &[Kind]) -> Vec<Finding> {
        let version = self.engine.version();
        let prefixes: BTreeSet<&str> =
            kinds.iter().flat_map(|kind| self.rule.place(*kind).prefixes()).map(String::as_str).collect();
        let grants: Vec<Grant> = mounts
            .iter()
            .flat_map(|mount| grants(&prefixes, mount, version, role, self.capabilities.listing))
            .collect();
        let rights = match self.rights(&grants).await {
            Ok(rights) => rights,
            Err(error) => return vec![self.failed("rights-unknown", &error)],
        };
        grants.iter().filter_map(|grant| self.missing(grant, &rights)).collect()
    }

    async fn rights(&self, grants: &[Grant]) -> Result<BTreeMap<String, Vec<String>>> {
        let paths: Vec<String> = grants.iter().map(Grant::sample).collect();
        let body = serde_json::json!({ "paths": paths }).to_string();
        let ask = Ask {
            operation: "look up rights",
            family: Family::Auth,
            repeat: Repeat::Safe,
            method: Method::Write,
            path: "sys/capabilities-self".to_owned(),
            body: Some(&body),
            right: ("sys/capabilities-self".to_owned(), &["update"]),
            key: None,
        };
        Ok(self.requests.fetch::<RightsAnswer>(&ask).await?.data)
    }

    fn missing(&self, grant: &Grant, rights: &BTreeMap<String, Vec<String>>) -> Option<Finding> {
        let held = rights.get(&grant.sample()).map_or(&[][..], Vec::as_slice);
        let holds = |wanted: &&str| held.iter().any(|held| held == wanted || held == "root");
        let missing: Vec<&str> = grant.capabilities.iter().copied().filter(|wanted| !holds(wanted)).collect();
        if missing.is_empty() {
            return None;
        }
        let (severity, without) = match grant.need {
            Need::Job => (Severity::Error, "the job cannot run"),
            Need::Marks => (Severity::Warning, "keys are written without ownership marks"),
            Need::Deletes => (Severity::Warning, "deletes and undo are refused"),
            Need::Versions => (Severity::Warning, "every run reads every value"),
        };
        let message = format!("the token lacks {} on {}: {without}", missing.join(", "), grant.path);
        Some(self.finding(severity, "right-missing", &message).with_remedy(grant.hcl()))
    }

    async fn empty_prefixes(&self, kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for kind in kinds.iter().filter(|kind| !self.rule.place(**kind).prefixes().is_empty()) {
            match self.list(&Scope { kinds: vec![*kind] }).await {
                Ok(keys) if keys.is_empty() => {
                    let prefixes = self.rule.place(*kind).prefixes().join("/, ");
                    let message = format!("there are no {} under {prefixes}/", kind.plural());
                    let finding = self.finding(Severity::Info, "prefix-empty", &message);
                    findings.push(finding.with_remedy("check mount and the path, or leave the kind out of the job"));
                }
                Ok(_) => {}
                Err(error) => findings.push(self.failed("listing-failed", &error)),
            }
        }
        findings
    }

    fn finding(&self, severity: Severity, code: &'static str, message: &str) -> Finding {
        Finding::new(severity, code, &self.info.name, message)
    }

    fn failed(&self, code: &'static str, error: &Error) -> Finding {
        let finding = self.finding(Severity::Error, code, &error.to_string());
        match &error.remedy {
            Some(remedy) => finding.with_remedy(remedy),
            None => finding,
        }
    }
}
