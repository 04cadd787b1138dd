//! Opens a Secret Manager: session, client, and what the store can do.

use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::checked::check;
use super::client::Client;
use super::latest::Latest;
use super::ownership::{MARKS, Ownership};
use super::session::Session;
use super::settings::SecretManagerSettings;
use super::{KIND, SecretManagerProvider, entry};
use crate::model::{Action, Capabilities, Compare, Deletes, Family, Listing, Revisions, Tariff};
use crate::provider::turns::Turns;
use crate::provider::{Opening, Result, Role, Store, StoreInfo, StoreSettings as _};

/// How long a listing may miss what was written: Google speaks of minutes, and seldom of hours.
/// <https://cloud.google.com/secret-manager/docs/resource-consistency>
const LAG: Duration = Duration::from_secs(300);
/// How many keys are asked for together; each still takes a call of its own.
const BATCH: usize = 32;
/// What each change takes at least, the look before it included: a secret and its newest version are two calls, and what is
/// written is read back. An update of a secret without our mark takes a look and a write more.
const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Write, 2),
    (Action::Create, Family::Read, 1),
    (Action::Update, Family::Stat, 2),
    (Action::Update, Family::Write, 1),
    (Action::Update, Family::Read, 1),
    (Action::Restore, Family::Stat, 2),
    (Action::Restore, Family::Write, 1),
    (Action::Restore, Family::Read, 1),
    (Action::Adopt, Family::Stat, 3),
    (Action::Adopt, Family::Write, 1),
    (Action::Delete, Family::Stat, 2),
    (Action::Delete, Family::Delete, 1),
];

/// Opens what `settings` describe.
pub(super) async fn open(settings: &SecretManagerSettings, opening: Opening) -> Result<Store> {
    let checked = check(settings).map_err(|faults| opening.refuse(&faults))?;
    let session = Session::open(&checked.access, &opening).await?;
    let info = StoreInfo {
        name: opening.name.clone(),
        kind: KIND,
        location: location(&session),
        identity: settings.identity(),
    };
    Ok(Arc::new(SecretManagerProvider {
        capabilities: capabilities(&checked.access, opening.role, settings.listing()),
        rule: checked.rule,
        ownership: Ownership::new(&opening.name, Arc::clone(&opening.observer)),
        role: opening.role,
        observer: opening.observer,
        homes: checked.homes,
        keep_versions: settings.keep_versions,
        turns: Turns::new(),
        latest: Latest::default(),
        client: Client::new(&session),
        session,
        info,
    }))
}

fn capabilities(access: &Access, role: Role, listing: Listing) -> Capabilities {
    Capabilities {
        write: true,
        // No listing tells of versions, and a look takes longer than a read: what others write is found by reading.
        revisions: if role == Role::Target { Revisions::Deferred } else { Revisions::None },
        compare: Compare::Create,
        deletes: Deletes::Total,
        history: true,
        marks: Some(MARKS),
        read_batch: BATCH,
        width: usize::from(access.bounds.width),
        max_value: Some(entry::LARGEST),
        empty_values: false,
        double_braces: true,
        // A target's creates are guarded by Google, whatever a listing shows.
        listing_lag: if role == Role::Source { LAG } else { Duration::ZERO },
        listing,
        tariff: Tariff { calls: CALLS, quotas: access.bounds.quotas.clone() },
    }
}

fn location(session: &Session) -> String {
    match &session.location {
        Some(location) => format!("project {} in {location}", session.project),
        None => format!("project {}", session.project),
    }
}
