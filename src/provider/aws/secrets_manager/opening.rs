//! Opens a Secrets Manager: session, client, and what the store can do.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::checked::check;
use super::client::Client;
use super::ownership::{MARKS, Ownership};
use super::settings::SecretsManagerSettings;
use super::{BATCH, KIND, SecretsManagerProvider, dialect, entry};
use crate::model::{Action, Capabilities, Compare, Deletes, ErrorKind, Family, Listing, Revisions, Tariff};
use crate::provider::aws::access::Access;
use crate::provider::aws::session::{Service, Session};
use crate::provider::{Error, Opening, Result, Role, Store, StoreInfo, StoreSettings as _};

pub(super) const SERVICE: Service = Service("Secrets Manager");
/// "ListSecrets … might not include secrets from the last 5 minutes".
const LAG: Duration = Duration::from_secs(5 * 60);
/// What each change takes at least, the look before it included. An update of a connection reads what is there, as words of
/// others are kept; one of a secret without our mark takes one write more.
const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Write, 1),
    (Action::Update, Family::Stat, 1),
    (Action::Update, Family::Write, 1),
    (Action::Restore, Family::Stat, 1),
    (Action::Restore, Family::Write, 2),
    (Action::Adopt, Family::Stat, 1),
    (Action::Adopt, Family::Write, 1),
    (Action::Delete, Family::Stat, 1),
    (Action::Delete, Family::Delete, 1),
];

/// Opens what `settings` describe.
pub(super) async fn open(settings: &SecretsManagerSettings, opening: Opening) -> Result<Store> {
    let checked = check(settings).map_err(|faults| opening.refuse(&faults))?;
    if settings.legacy.is_some() && opening.role == Role::Target {
        let context = "legacy says how old secrets are read; no Airflow of today would read what is written so";
        let error = Error::new(ErrorKind::Unsupported, "open", &opening.name, context).of_the_store();
        return Err(
            error.with_remedy("leave legacy out of the target's table; read old secrets by a table of their own")
        );
    }
    let session = Session::open(&checked.access, SERVICE, &opening).await?;
    let info = StoreInfo {
        name: opening.name.clone(),
        kind: KIND,
        location: location(&session),
        identity: settings.identity(),
    };
    Ok(Arc::new(SecretsManagerProvider {
        capabilities: capabilities(&checked.access, settings.listing()),
        rule: checked.rule,
        dialect: dialect::of(settings),
        ownership: Ownership::new(&opening.name, Arc::clone(&opening.observer)),
        role: opening.role,
        observer: opening.observer,
        kms_key: settings.kms_key_id.clone(),
        recovery_window: checked.recovery_window,
        singly: AtomicBool::new(false),
        client: Client::new(&session),
        session,
        info,
    }))
}

fn capabilities(access: &Access, listing: Listing) -> Capabilities {
    Capabilities {
        write: true,
        revisions: Revisions::Listing,
        compare: Compare::Create,
        deletes: Deletes::Recoverable,
        history: true,
        marks: Some(MARKS),
        read_batch: BATCH,
        width: usize::from(access.bounds.width),
        max_value: Some(entry::LARGEST),
        empty_values: false,
        double_braces: true,
        listing_lag: LAG,
        listing,
        tariff: Tariff { calls: CALLS, quotas: access.bounds.quotas.clone() },
    }
}

fn location(session: &Session) -> String {
    match &session.endpoint {
        Some(endpoint) => format!("{} at {endpoint}", session.region),
        None => session.region.clone(),
    }
}
