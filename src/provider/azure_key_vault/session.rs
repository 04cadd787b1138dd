//! Opens the way to a vault: the SDK's client with trust and log-in, and our own pace beside it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{ClientOptions, Context, Request, RetryOptions, StatusCode, Transport};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};

use super::access::{Access, Challenge};
use super::tokens::Tokens;
use super::trust;
use crate::model::{ErrorKind, Finding};
use crate::provider::{Caller, Error, Opening, Result};

/// An open way to a vault.
#[derive(Clone)]
pub(super) struct Session {
    /// The store's name.
    pub store: String,
    /// The SDK's client; it repeats nothing.
    pub client: Arc<SecretClient>,
    /// Who makes every request.
    pub caller: Caller,
    /// The vault's host.
    pub host: String,
    /// Who logs in.
    pub tokens: Arc<Tokens>,
    /// What the settings alone give cause to say.
    pub standing: Vec<Finding>,
}

impl Session {
    /// Opens it. Nobody logs in yet: the first request does, alone, and a refusal is that request's.
    pub async fn open(access: &Access, opening: &Opening) -> Result<Self> {
        let store = &opening.name;
        let pool = trust::pool(store, access.ca.as_deref())?;
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = access.authority.to_string();
        let options = ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(pool.clone()))),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            ..ClientOptions::default()
        };
        let tokens = Arc::new(Tokens {
            store: store.clone(),
            login: access.login.clone(),
            options: options.clone(),
            pool,
            observer: Arc::clone(&opening.observer),
            found: Mutex::default(),
            principal: Mutex::default(),
        });
        let client_options = ClientOptions { per_call_policies: vec![Arc::new(FirstAlone::default())], ..options };
        let verify_challenge_resource = Some(access.challenge == Challenge::Verified);
        let options =
            SecretClientOptions { client_options, verify_challenge_resource, ..SecretClientOptions::default() };
        let client = SecretClient::new(access.vault.as_str(), Arc::clone(&tokens) as _, Some(options));
        let client = client.map_err(|_| {
            Error::new(ErrorKind::Invalid, "open", store, "the SDK does not take the vault's URL").of_the_store()
        })?;
        Ok(Self {
            store: store.clone(),
            client: Arc::new(client),
            caller: access.bounds.caller(opening),
            host: access.vault.host_str().unwrap_or_default().to_owned(),
            tokens,
            standing: Vec::new(),
        })
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("store", &self.store).field("host", &self.host).finish_non_exhaustive()
    }
}

/// Lets the first request go alone until the vault has answered it: only by then does the SDK know for whom to ask a token,
/// and each request that did not wait would ask the vault and log in for itself.
#[derive(Debug, Default)]
struct FirstAlone {
    is_open: AtomicBool,
    door: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Policy for FirstAlone {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let forward = async |request: &mut Request| match next.split_first() {
            Some((policy, rest)) => policy.send(context, request, rest).await,
            None => Err(azure_core::error::ErrorKind::Other.into_error()),
        };
        if self.is_open.load(Ordering::Acquire) {
            return forward(request).await;
        }
        let alone = self.door.lock().await;
        if self.is_open.load(Ordering::Acquire) {
            drop(alone);
            return forward(request).await;
        }
        let answer = forward(request).await;
        let is_known = answer.as_ref().is_ok_and(|answer| answer.status() != StatusCode::Unauthorized);
        self.is_open.store(is_known, Ordering::Release);
        answer
    }
}
