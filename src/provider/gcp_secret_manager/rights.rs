//! The rights a job needs in a project: which of them are missing, and the `gcloud` commands that grant exactly those.

use std::collections::BTreeSet;

use google_cloud_gax::error::rpc::Code;

use crate::model::{ErrorKind, Finding, Severity};
use crate::provider::{Error, Reach};

/// A harmless request, of a name that nobody has, and what came of it.
#[derive(Debug)]
pub(super) struct Probe {
    /// The right that it proves, such as `secretmanager.versions.access`.
    pub permission: &'static str,
    /// What goes without it.
    pub need: Need,
    /// How Google answered.
    pub answer: Result<(), Error>,
    /// The code of its refusal.
    pub code: Option<Code>,
}

/// What goes without a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    Job,
    /// Everything but ownership marks.
    Marks,
    /// Everything but deletes.
    Deletes,
}

/// To whom, and where, a command grants.
#[derive(Debug, Clone)]
pub(super) struct Grantee<'a> {
    /// The project of the secrets.
    pub project: &'a str,
    /// Who we are, as a policy names us, if anybody told.
    pub member: Option<&'a str>,
}

impl Need {
    const ALL: [Self; 3] = [Self::Job, Self::Marks, Self::Deletes];

    const fn without(self) -> (Severity, &'static str) {
        match self {
            Self::Job => (Severity::Error, "the job cannot run"),
            Self::Marks => (Severity::Warning, "ownership marks cannot be changed"),
            Self::Deletes => (Severity::Warning, "deletes are refused"),
        }
    }
}

impl Probe {
    // Rights are asked for before the name is looked for: any other answer than a refusal means that we may.
    fn is_refused(&self) -> bool {
        self.answer.as_ref().is_err_and(|error| error.kind == ErrorKind::Denied && error.reach == Reach::Key)
    }

    /// The finding of a service that nobody can ask anything, where asking for more is of no use.
    pub fn unreachable(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        // Whoever is known, and still sent away, stands before a project that is not there, or not open.
        let is_known = self.code == Some(Code::PermissionDenied);
        let code = match (error.kind, error.reach) {
            (ErrorKind::Denied, Reach::Store) if !is_known => "login-failed",
            // A listing finds no secret missing: what is not there is the project.
            (ErrorKind::Unavailable | ErrorKind::Conflict, _) | (_, Reach::Store) => "unreachable",
            _ => return None,
        };
        let finding = Finding::new(Severity::Error, code, store, error.to_string());
        let remedy = error.remedy.as_deref().unwrap_or("check project and location: `gcloud projects list`");
        Some(finding.with_remedy(remedy))
    }

    fn untold(&self, store: &str) -> Option<Finding> {
        let error = self.answer.as_ref().err()?;
        let is_told = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) || self.is_refused();
        if is_told && error.reach == Reach::Key {
            return None;
        }
        let message = format!("whether {} is allowed could not be found out: {error}", self.permission);
        let finding = Finding::new(Severity::Warning, "rights-unknown", store, message);
        Some(finding.with_remedy(error.remedy.as_deref().unwrap_or("run check again")))
    }
}

/// Judges what came of the probes: a finding for each need that lacks a right, and for each probe that told nothing.
pub(super) fn missing(store: &str, grantee: &Grantee<'_>, probes: &[Probe]) -> Vec<Finding> {
    let lacking = |need: Need| {
        let refused = probes.iter().filter(|probe| probe.need == need && probe.is_refused());
        let permissions: BTreeSet<_> = refused.map(|probe| probe.permission).collect();
        let permissions: Vec<_> = permissions.into_iter().collect();
        let (severity, without) = need.without();
        let verb = if permissions.len() == 1 { "is" } else { "are" };
        // Google does not tell whoever may not list a project whether there is one.
        let doubt = if permissions.contains(&LIST) { ", or there is no such project" } else { "" };
        let message = format!("{} {verb} not allowed{doubt}: {without}", permissions.join(", "));
        let finding = Finding::new(severity, "right-missing", store, message);
        (!permissions.is_empty()).then(|| finding.with_remedy(grantee.commands(&permissions)))
    };
    let untold = probes.iter().filter_map(|probe| probe.untold(store));
    Need::ALL.into_iter().filter_map(lacking).chain(untold).collect()
}

/// Says which rights nobody can try without changing something, and what grants them.
pub(super) fn untried(store: &str, grantee: &Grantee<'_>, permissions: &[&str]) -> Finding {
    let message = format!("{} cannot be tried without writing", permissions.join(", "));
    let remedy = format!("if the first apply says that it is not allowed:\n{}", grantee.commands(permissions));
    Finding::new(Severity::Info, "right-untried", store, message).with_remedy(remedy)
}

impl Grantee<'_> {
    /// The smallest of Google's own roles with these permissions, one by one; where that is the one that may do everything,
    /// a role of one's own with these alone.
    fn commands(&self, permissions: &[&str]) -> String {
        let Self { project, .. } = self;
        let roles: BTreeSet<_> = permissions.iter().map(|permission| role(permission)).collect();
        if !roles.contains(ADMIN) {
            return roles.into_iter().map(|role| self.binding(role)).collect::<Vec<_>>().join("\n");
        }
        let own = format!("projects/{project}/roles/secretferry");
        format!(
            "gcloud iam roles create secretferry --project={project} --permissions={}\n{}\n\
             (or, with more than is needed, --role={ADMIN})",
            permissions.join(","),
            self.binding(&own)
        )
    }

    fn binding(&self, role: &str) -> String {
        let member = self.member.unwrap_or("<who we are>");
        format!("gcloud projects add-iam-policy-binding {} --member={member} --role={role}", self.project)
    }
}

const ADMIN: &str = "roles/secretmanager.admin";
const LIST: &str = "secretmanager.secrets.list";

/// <https://docs.cloud.google.com/secret-manager/docs/access-control>
fn role(permission: &str) -> &'static str {
    match permission {
        "secretmanager.versions.access" => "roles/secretmanager.secretAccessor",
        LIST | "secretmanager.secrets.get" | "secretmanager.versions.get" => "roles/secretmanager.viewer",
        "secretmanager.versions.add" => "roles/secretmanager.secretVersionAdder",
        _ => ADMIN,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    const GRANTEE: Grantee<'_> = Grantee { project: "p-1", member: Some("serviceAccount:a@b.c") };

    fn probe(permission: &'static str, need: Need, kind: Option<ErrorKind>) -> Probe {
        let answer = kind.map_or(Ok(()), |kind| Err(Error::new(kind, "check", "gcp", "code")));
        Probe { permission, need, answer, code: kind.map(|_| Code::PermissionDenied) }
    }

    #[test]
    fn only_a_refusal_is_a_missing_right() {
        let read = "secretmanager.versions.access";
        for kind in [None, Some(ErrorKind::Conflict), Some(ErrorKind::Invalid)] {
            assert_eq!(missing("gcp", &GRANTEE, &[probe(read, Need::Job, kind)]), [], "{kind:?}");
        }
        let found = missing("gcp", &GRANTEE, &[probe(read, Need::Job, Some(ErrorKind::RateLimited))]);
        assert_eq!((found[0].severity, found[0].code), (Severity::Warning, "rights-unknown"));
    }

    #[test]
    fn the_commands_grant_exactly_what_is_missing() {
        let denied = Some(ErrorKind::Denied);
        let probes = [
            probe("secretmanager.secrets.list", Need::Job, denied),
            probe("secretmanager.secrets.get", Need::Job, denied),
            probe("secretmanager.versions.access", Need::Job, denied),
            probe("secretmanager.versions.add", Need::Job, None),
            probe("secretmanager.secrets.delete", Need::Deletes, denied),
        ];
        let found = missing("gcp", &GRANTEE, &probes);
        let binding = "gcloud projects add-iam-policy-binding p-1 --member=serviceAccount:a@b.c --role=";
        let expected = format!("{binding}roles/secretmanager.secretAccessor\n{binding}roles/secretmanager.viewer");
        assert_eq!((found[0].severity, found[0].remedy.as_ref().unwrap()), (Severity::Error, &expected));
        let delete = found[1].remedy.as_ref().unwrap();
        let own = "gcloud iam roles create secretferry --project=p-1 --permissions=secretmanager.secrets.delete\n";
        assert!(delete.starts_with(own) && delete.contains(&format!("{binding}projects/p-1/roles/secretferry")));
        assert_eq!((found.len(), found[1].severity), (2, Severity::Warning));
    }

    #[test]
    fn a_project_that_is_not_there_ends_the_check() {
        let listed = probe("secretmanager.secrets.list", Need::Job, Some(ErrorKind::Conflict));
        assert_eq!(listed.unreachable("gcp").unwrap().code, "unreachable");
        let listed = probe("secretmanager.secrets.list", Need::Job, Some(ErrorKind::Denied));
        assert_eq!(listed.unreachable("gcp"), None);
    }
}
