//! The rights a job needs in a vault: which of them are missing, and the `az` command that grants exactly what it needs.

use super::fault::Refusal;
use crate::model::{ErrorKind, Finding, Severity};
use crate::provider::{Error, Reach, Role};

/// A permission on secrets, as access policies call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// To see names.
    List,
    /// To read values.
    Get,
    /// To write values and tags.
    Set,
    /// To delete softly.
    Delete,
    /// To take a deletion back.
    Recover,
}

/// How a vault decides who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// By its own access policies.
    Policies,
    /// By roles of Azure.
    Roles,
}

/// A harmless request, of a name that nobody has, and what came of it.
#[derive(Debug)]
pub(super) struct Probe {
    /// The right that it proves.
    pub right: Right,
    /// How the vault answered.
    pub answer: Result<(), Error>,
    /// What it said of a refusal.
    pub refusal: Option<Refusal>,
}

/// For whom, and where, a command grants.
#[derive(Debug, Clone)]
pub(super) struct Grantee<'a> {
    /// The vault's name.
    pub vault: &'a str,
    /// The id that permissions and roles are given to, if our token told it.
    pub object: Option<&'a str>,
    /// What the vault is to the job.
    pub role: Role,
}

impl Right {
    const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Recover => "recover",
        }
    }

    const fn without(self) -> (Severity, &'static str) {
        match self {
            Self::List | Self::Get | Self::Set => (Severity::Error, "the job cannot run"),
            Self::Delete => (Severity::Warning, "deletes are refused"),
            Self::Recover => (Severity::Warning, "deleted names cannot be written again, and undo is refused"),
        }
    }
}

impl Probe {
    // Rights are asked for before the name is looked for: any other answer than a refusal means that we may.
    fn is_refused(&self) -> bool {
        self.answer.as_ref().is_err_and(|error| error.kind == ErrorKind::Denied && error.reach == Reach::Key)
    }

    /// The finding of a vault that nobody can ask anything, where asking for more is of no use.
    pub fn unreachable(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        let is_wall = |refusal: &Refusal| refusal.status == 403;
        let code = match (error.kind, error.reach) {
            (ErrorKind::Denied, Reach::Store) if !self.refusal.as_ref().is_some_and(is_wall) => "login-failed",
            (ErrorKind::Unavailable, _) | (_, Reach::Store) => "unreachable",
            _ => return None,
        };
        let finding = Finding::new(Severity::Error, code, store, error.to_string());
        Some(error.remedy.iter().fold(finding, |finding, remedy| finding.with_remedy(remedy)))
    }

    fn untold(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        let is_told = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) || self.is_refused();
        if is_told && error.reach == Reach::Key {
            return None;
        }
        let message = format!("whether {} is allowed could not be found out: {error}", self.right.as_str());
        let finding = Finding::new(Severity::Warning, "rights-unknown", store, message);
        Some(finding.with_remedy(error.remedy.as_deref().unwrap_or("run check again")))
    }
}

/// How the vault decides, as its refusals tell; it says nothing of that to whom it lets in.
pub(super) fn model(probes: &[Probe]) -> Option<Model> {
    let codes = probes.iter().filter_map(|probe| probe.refusal.as_ref()?.specific());
    codes.into_iter().find_map(|code| match code {
        "AccessDenied" | "ForbiddenByPolicy" => Some(Model::Policies),
        "ForbiddenByRbac" => Some(Model::Roles),
        _ => None,
    })
}

/// Judges what came of the probes: the rights that are missing, by how bad that is, and the probes that told nothing.
pub(super) fn missing(store: &str, grantee: &Grantee<'_>, probes: &[Probe]) -> Vec<Finding> {
    let model = model(probes);
    let refused = probes.iter().filter(|probe| probe.is_refused());
    let mut findings: Vec<Finding> = Vec::new();
    for (severity, without) in [Right::Get, Right::Delete, Right::Recover].map(Right::without) {
        let rights: Vec<_> =
            refused.clone().map(|probe| probe.right).filter(|right| right.without() == (severity, without)).collect();
        if rights.is_empty() {
            continue;
        }
        let names: Vec<_> = rights.iter().map(|right| right.as_str()).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        let message = format!("{} {verb} not allowed: {without}", names.join(", "));
        findings.push(Finding::new(severity, "right-missing", store, message).with_remedy(grantee.command(model)));
    }
    findings.extend(probes.iter().filter_map(|probe| probe.untold(store)));
    findings
}

/// Says how the vault decides who may do what, or that it does not tell.
pub(super) fn told(store: &str, vault: &str, model: Option<Model>) -> Finding {
    let finding = |message: &str| Finding::new(Severity::Info, "access-model", store, message);
    match model {
        Some(Model::Policies) => finding("the vault decides by access policies"),
        Some(Model::Roles) => finding("the vault decides by Azure's roles (RBAC)"),
        None => finding("whether the vault decides by access policies or by roles is not told, as nothing was refused")
            .with_remedy(format!("`az keyvault show --name {vault} --query properties.enableRbacAuthorization` tells")),
    }
}

impl Grantee<'_> {
    /// What grants all that the job needs, and nothing else; both ways where nobody knows which one the vault takes.
    fn command(&self, model: Option<Model>) -> String {
        match model {
            Some(Model::Policies) => self.policy(),
            Some(Model::Roles) => self.assignment(),
            None => format!("by access policies: {}\nby roles: {}", self.policy(), self.assignment()),
        }
    }

    // A policy of somebody is replaced as a whole: what they have already stands in it, too.
    fn policy(&self) -> String {
        let permissions = match self.role {
            Role::Source => "get list",
            Role::Target => "get list set delete recover",
        };
        let (vault, object) = (self.vault, self.object());
        format!("az keyvault set-policy --name {vault} --object-id {object} --secret-permissions {permissions}")
    }

    fn assignment(&self) -> String {
        let role = match self.role {
            Role::Source => "Key Vault Secrets User",
            Role::Target => "Key Vault Secrets Officer",
        };
        let (vault, object) = (self.vault, self.object());
        format!(
            "az role assignment create --role \"{role}\" --assignee-object-id {object} \
             --scope $(az keyvault show --name {vault} --query id --output tsv)"
        )
    }

    fn object(&self) -> &str {
        self.object.unwrap_or("<our object id>")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    const GRANTEE: Grantee<'_> = Grantee { vault: "prod", object: Some("o-1"), role: Role::Source };

    fn probe(right: Right, kind: Option<ErrorKind>, inner: &str) -> Probe {
        let answer = kind.map_or(Ok(()), |kind| Err(Error::new(kind, "read", "kv", "code")));
        let refusal = Refusal { status: 403, code: Some("Forbidden".to_owned()), inner: Some(inner.to_owned()) };
        Probe { right, answer, refusal: kind.map(|_| refusal) }
    }

    #[test]
    fn only_a_refusal_is_a_missing_right() {
        for kind in [None, Some(ErrorKind::Conflict), Some(ErrorKind::Invalid)] {
            assert_eq!(missing("kv", &GRANTEE, &[probe(Right::Get, kind, "")]), [], "{kind:?}");
        }
        let found = missing("kv", &GRANTEE, &[probe(Right::Get, Some(ErrorKind::RateLimited), "")]);
        assert_eq!((found[0].severity, found[0].code), (Severity::Warning, "rights-unknown"));
    }

    #[test]
    fn the_command_grants_what_the_vault_decides_by() {
        let rows = [
            ("ForbiddenByPolicy", Role::Source, "--object-id o-1 --secret-permissions get list"),
            ("AccessDenied", Role::Target, "--secret-permissions get list set delete recover"),
            ("ForbiddenByRbac", Role::Source, "\"Key Vault Secrets User\" --assignee-object-id o-1"),
            ("ForbiddenByRbac", Role::Target, "\"Key Vault Secrets Officer\""),
            ("SomethingNew", Role::Source, "by roles: az role assignment create"),
        ];
        for (inner, role, expected) in rows {
            let grantee = Grantee { role, ..GRANTEE };
            let probes = [probe(Right::Get, Some(ErrorKind::Denied), inner), probe(Right::List, None, "")];
            let found = missing("kv", &grantee, &probes);
            assert_eq!((found.len(), found[0].severity, found[0].code), (1, Severity::Error, "right-missing"));
            let remedy = found[0].remedy.as_ref().unwrap();
            assert!(remedy.contains(expected) && remedy.contains("--name prod"), "{remedy}");
        }
    }

    #[test]
    fn what_goes_without_a_right_is_said_once() {
        let denied = |right| probe(right, Some(ErrorKind::Denied), "ForbiddenByRbac");
        let all = [Right::List, Right::Get, Right::Set, Right::Delete, Right::Recover].map(denied);
        let found = missing("kv", &GRANTEE, &all);
        let said: Vec<_> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "list, get, set are not allowed: the job cannot run",
                "delete is not allowed: deletes are refused",
                "recover is not allowed: deleted names cannot be written again, and undo is refused",
            ]
        );
    }
}
