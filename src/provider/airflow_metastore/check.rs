//! What `check` says of a metastore: the way in, the rights, the release, the rows and what the Fernet keys open.

use super::address::Address;
use super::census::Census;
use super::client::Client;
use super::fernet::Keyring;
use super::layout::{Access, Layout};
use super::parameter::SslMode;
use super::release;
use super::session::Session;
use super::sql::{qualified, quote};
use super::{KIND, postgres};
use crate::model::{ErrorKind, Family, Finding, Kind, Severity};
use crate::provider::{Caller, Error, Repeat, Result, Role};

/// What one look at the metastore gives.
struct Survey {
    layout: Layout,
    revision: Option<String>,
    censuses: Vec<(Kind, Result<Census>)>,
}

/// Looks for whatever would stop a job, and counts.
pub async fn check(client: &Client, caller: &Caller, role: Role, kinds: &[Kind]) -> Vec<Finding> {
    let store = client.faults().store.as_str();
    let mut findings = Vec::new();
    if role == Role::Target {
        let message = format!("{KIND} is a source only: Airflow's own commands write a metastore");
        findings.push(
            Finding::new(Severity::Error, "source-only", store, message).with_remedy("name another store as target"),
        );
    }
    let keys = match client.settings().keyring() {
        Ok(keys) => Some(keys),
        Err(error) => {
            findings.push(of_error(store, &client.faults().of_settings("check", &error)));
            None
        }
    };
    findings.extend(of_address(client));
    let keyring = keys.unwrap_or_default();
    match caller.call(Family::Auth, "check", Repeat::Safe, || survey(client, &keyring, kinds)).await {
        Ok(survey) => findings.extend(of_survey(store, &survey, &keyring)),
        Err(error) => findings.push(of_error(store, &error)),
    }
    findings
}

async fn survey(client: &Client, keys: &Keyring, kinds: &[Kind]) -> Result<Survey> {
    let mut session = client.begin("check").await?;
    let layout = client.layout("check", &mut session).await?;
    let mut censuses = Vec::new();
    for kind in [Kind::Connection, Kind::Variable].into_iter().filter(|kind| kinds.contains(kind)) {
        censuses.push((kind, census(client, &mut session, &layout, kind, keys).await));
    }
    let revision = session.revision(&layout).await.map_err(|error| client.faults().of_sql("check", &error))?;
    client.end("check", session).await?;
    Ok(Survey { layout, revision, censuses })
}

async fn census(client: &Client, session: &mut Session, layout: &Layout, kind: Kind, keys: &Keyring) -> Result<Census> {
    let selection = client.selection("check", session, layout, kind).await?;
    let mut census = Census::default();
    let read = session.each(&selection, None, |row| census.add(&selection, &row, keys)).await;
    read.map_err(|error| client.faults().of_sql("check", &error))?;
    Ok(census)
}

fn of_error(store: &str, error: &Error) -> Finding {
    let code = match error.kind {
        ErrorKind::Denied => "denied",
        ErrorKind::Unavailable | ErrorKind::RateLimited => "unreachable",
        _ => "unusable",
    };
    let finding = Finding::new(Severity::Error, code, store, error.context.clone());
    match &error.remedy {
        Some(remedy) => finding.with_remedy(remedy),
        None => finding,
    }
}

/// What can be said of the URL before anybody is asked.
fn of_address(client: &Client) -> Vec<Finding> {
    let store = client.faults().store.as_str();
    let Ok(Address::Postgres(address)) = client.settings().address() else { return Vec::new() };
    let mut findings = Vec::new();
    if !address.parameters.ignored.is_empty() {
        let message =
            format!("parameters of the URL that mean nothing here: {}", address.parameters.ignored.join(", "));
        findings.push(Finding::new(Severity::Info, "url-parameter-ignored", store, message));
    }
    let mode = postgres::ssl_mode(&address, &client.settings().tls).ok().flatten();
    let verified = mode.is_some_and(|mode| mode >= SslMode::VerifyCa);
    if !verified && !postgres::is_local(&postgres::options(&address)) {
        let mode = mode.map_or("unset", SslMode::as_str);
        let message =
            format!("sslmode is {mode}: whoever sits between us and the server may read along, or be the server");
        let remedy = "add ?sslmode=verify-full to the URL, and tls.ca where the authority is a private one";
        findings.push(Finding::new(Severity::Warning, "server-unverified", store, message).with_remedy(remedy));
    }
    findings
}

fn of_survey(store: &str, survey: &Survey, keys: &Keyring) -> Vec<Finding> {
    let mut findings = vec![of_revision(store, survey)];
    findings.extend(of_write_right(store, &survey.layout));
    let mut counted = Vec::new();
    for (kind, census) in &survey.censuses {
        match census {
            Ok(census) => {
                counted.push(rows(*kind, census));
                findings.extend(of_census(store, census));
                findings.extend(of_keys(store, *kind, census, keys));
            }
            Err(error) => findings.push(of_error(store, error)),
        }
    }
    // Where neither table is there, both say the same.
    findings.dedup();
    if !counted.is_empty() {
        findings.push(Finding::new(Severity::Info, "rows", store, counted.join(", ")));
    }
    findings
}

fn rows(kind: Kind, census: &Census) -> String {
    let kind = if census.rows == 1 { kind.singular() } else { kind.plural() };
    match census.of_teams {
        0 => format!("{} {kind}", census.rows),
        of_teams => format!("{} {kind} ({of_teams} of teams)", census.rows),
    }
}

fn of_revision(store: &str, survey: &Survey) -> Finding {
    let message = match &survey.revision {
        None => "the release cannot be told (alembic_version is not there or not readable), nor need it be".to_owned(),
        Some(revision) => match release::of_revision(revision) {
            Some(release) => format!("made by Airflow {release} (migration {revision})"),
            None => {
                format!("made by an Airflow we do not know (migration {revision}); the columns are taken as they are")
            }
        },
    };
    Finding::new(Severity::Info, "airflow-release", store, message)
}

fn of_write_right(store: &str, layout: &Layout) -> Option<Finding> {
    let role = layout.role.as_deref()?;
    let ours = ["connection", "variable"].into_iter().filter_map(|name| Some((name, layout.tables.get(name)?)));
    let writable = |(name, table): (&str, &super::layout::Table)| {
        (table.write == Access::Granted).then(|| qualified(table.schema.as_deref(), name))
    };
    let tables: Vec<String> = ours.clone().filter_map(writable).collect();
    if tables.is_empty() {
        return None;
    }
    let schema = ours.clone().find_map(|(_, table)| table.schema.clone()).unwrap_or_default();
    let read: Vec<String> = ours.map(|(name, table)| qualified(table.schema.as_deref(), name)).collect();
    let message =
        format!("the role {} may also change {}; reading is all that is needed", quote(role), tables.join(" and "));
    let remedy = format!(
        "CREATE ROLE secretferry LOGIN;\nGRANT USAGE ON SCHEMA {} TO secretferry;\nGRANT SELECT ON {} TO secretferry;",
        quote(&schema),
        read.join(", ")
    );
    Some(Finding::new(Severity::Info, "role-can-write", store, message).with_remedy(remedy))
}

fn of_census(store: &str, census: &Census) -> Vec<Finding> {
    let mut findings = census.oddities.findings(store);
    let duplicates = census.duplicates();
    if duplicates.count() > 0 {
        let message = format!(
            "several rows have one name, and nobody knows which is meant; they are quarantined: {}",
            duplicates.text()
        );
        let remedy = "delete all but one of each in Airflow; its upgrade to 2.0 asks for that too";
        findings.push(Finding::new(Severity::Warning, "duplicate-row", store, message).with_remedy(remedy));
    }
    if census.malformed.count() > 0 {
        let message = format!("rows that cannot be understood are quarantined: {}", census.malformed.text());
        findings
            .push(Finding::new(Severity::Warning, "malformed-row", store, message).with_remedy("mend them in Airflow"));
    }
    findings
}

/// Which key opens how much. All of it unopened is the wrong key; a part of it is an old key that went missing.
fn of_keys(store: &str, kind: Kind, census: &Census, keys: &Keyring) -> Vec<Finding> {
    let (tokens, unopened) = (census.tokens, census.unopened.count());
    if tokens == 0 {
        return Vec::new();
    }
    let kinds = kind.plural();
    let opened = (0..keys.len()).map(|place| {
        let count = census.opened.get(&place).copied().unwrap_or_default();
        let message =
            format!("Fernet key {} of {} opens {count} of {tokens} encrypted values of {kinds}", place + 1, keys.len());
        Finding::new(Severity::Info, "fernet-key-opens", store, message)
    });
    let mut findings: Vec<Finding> = opened.collect();
    if unopened > 0 {
        let severity = if unopened == tokens { Severity::Error } else { Severity::Warning };
        let by = match keys.len() {
            0 => "there is no Fernet key to open them".to_owned(),
            1 => "the only Fernet key does not open them".to_owned(),
            count => format!("none of the {count} Fernet keys opens them"),
        };
        let message = format!(
            "{unopened} of {tokens} encrypted values of {kinds} stay shut, {by}; they are quarantined, none is copied blindly: {}",
            census.unopened.text()
        );
        let remedy = "give every key they were written with, comma-separated, under fernet-key (or AIRFLOW__CORE__FERNET_KEY), the newest first";
        findings.push(Finding::new(severity, "undecryptable", store, message).with_remedy(remedy));
    }
    findings
}
