//! Opens a Vault: trust, pool, login, and the version of the mount.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::checked::{Checked, check, identity, rule_of};
use super::client::Client;
use super::engine::Engine;
use super::kv1::Kv1;
use super::kv2::Kv2;
use super::layout::Layout;
use super::ownership::Ownership;
use super::requests::Requests;
use super::rule::KvVersion;
use super::settings::VaultSettings;
use super::tokens::Tokens;
use super::trust::{Scheme, Trust};
use super::{KIND, VaultProvider, mounts};
use crate::model::{Event, Finding, Severity};
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Opening, Result, Store, StoreInfo, StoreSettings as _};

/// Opens what `settings` describe.
pub(super) async fn open(settings: &VaultSettings, opening: Opening) -> Result<Store> {
    let checked = check(settings).map_err(|faults| opening.refuse(&faults))?;
    let rule = rule_of(settings);
    let info = StoreInfo {
        name: opening.name.clone(),
        kind: KIND,
        location: location(&checked),
        identity: identity(settings),
    };
    let plain_http = is_readable_on_the_way(&checked.address).then(|| plain_http(&opening.name));
    if let Some(finding) = &plain_http {
        opening.observer.observe(&Event::Found(finding.clone()));
    }
    let requests = Arc::new(requests(&checked, &opening)?);
    let version = match &checked.mount {
        Some(mount) => mounts::settle(&requests, mount, checked.version).await?,
        None => checked.version.unwrap_or(KvVersion::Two),
    };
    let layout = Arc::new(Layout::new(&opening.name, checked.mount.clone(), &rule));
    let engine = engine(version, Arc::clone(&requests), Arc::clone(&layout), &opening);
    let capabilities =
        engine.capabilities(usize::from(checked.bounds.width), settings.listing(), checked.bounds.quotas.clone());
    let (mounts, standing) = (OnceCell::new(), plain_http.into_iter().collect());
    Ok(Arc::new(VaultProvider { info, capabilities, rule, engine, layout, requests, mounts, standing }))
}

fn engine(version: KvVersion, requests: Arc<Requests>, layout: Arc<Layout>, opening: &Opening) -> Engine {
    match version {
        KvVersion::One => Engine::One(Kv1 { requests, layout }),
        KvVersion::Two => {
            Engine::Two(Kv2 { requests, layout, ownership: Ownership::new(Arc::clone(&opening.observer)) })
        }
    }
}

/// A way to ask Vault; nothing is sent yet.
pub(super) fn requests(checked: &Checked, opening: &Opening) -> Result<Requests> {
    let name = &opening.name;
    let scheme = if checked.address.scheme() == "http" { Scheme::Plain } else { Scheme::Tls };
    let trust = Trust { store: name.clone(), scheme, tls: checked.tls.clone() };
    let client = Client::new(checked.address.clone(), checked.namespace.clone(), trust)?;
    let client = Arc::new(client);
    let caller = checked.bounds.caller(opening);
    let tokens = Tokens::new(name, checked.login.clone(), Arc::clone(&client), caller.clone());
    Ok(Requests::new(name, client, caller, tokens))
}

fn location(checked: &Checked) -> String {
    let address = checked.address.origin().ascii_serialization();
    let mount = checked.mount.as_deref().map_or_else(|| "<first segment>/".to_owned(), |mount| format!("{mount}/"));
    match &checked.namespace {
        Some(namespace) => format!("{address} {namespace}: {mount}"),
        None => format!("{address} {mount}"),
    }
}

fn plain_http(store: &str) -> Finding {
    let message = "every secret and the token travel readable to all on the way (allow-plain-http)";
    Finding::new(Severity::Warning, "plain-http", store, message).with_remedy("write https:// in address")
}
