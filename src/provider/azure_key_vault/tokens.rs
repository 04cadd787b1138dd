//! Gives the SDK its access tokens: logs in as the config says, says who won where it leaves that open, and why nobody did.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::Result;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::ClientOptions;

use super::chain;
use super::identity::Principal;
use super::login::Login;
use super::refusal::LoginFault;
use crate::model::{Event, Finding, Observer, Severity};

/// What the SDK asks for tokens. It keeps none itself: the SDK holds the last one until five minutes before its end, or
/// until the vault refuses it.
pub(super) struct Tokens {
    /// The store's name.
    pub store: String,
    /// Who logs in, and how.
    pub login: Login,
    /// How Entra ID is reached.
    pub options: ClientOptions,
    /// The pool of connections.
    pub pool: reqwest::Client,
    /// Who hears which way of logging in was found.
    pub observer: Arc<dyn Observer>,
    /// The way that gave the last token, where the config leaves it open.
    pub found: Mutex<Option<Login>>,
    /// Whom the last token was for.
    pub principal: Mutex<Principal>,
}

impl Tokens {
    async fn log_in(&self, scopes: &[&str]) -> Result<AccessToken> {
        let Login::Auto(auto) = &self.login else {
            let answer = self.login.token(scopes, &self.options).await;
            return answer.map_err(|error| LoginFault::of(&self.login, &error).wrapped());
        };
        let known = self.found();
        if let Some(login) = &known
            && let Ok(token) = login.token(scopes, &self.options).await
        {
            return Ok(token);
        }
        let (token, login) = chain::first(auto, scopes, self).await.map_err(LoginFault::wrapped)?;
        if known.as_ref() != Some(&login) {
            self.observer.observe(&Event::Found(self.chosen(&login)));
        }
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
        Ok(token)
    }

    /// Whom the last token was for; nobody before the first request.
    pub fn principal(&self) -> Principal {
        self.principal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The way that gave the last token, where the config leaves it open.
    pub fn found(&self) -> Option<Login> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn chosen(&self, login: &Login) -> Finding {
        let message = format!("logged in with {}, the first of Airflow's order that is set up here", login.method());
        Finding::new(Severity::Info, "login-found", &self.store, message)
    }
}

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> Result<AccessToken> {
        let token = self.log_in(scopes).await?;
        *self.principal.lock().unwrap_or_else(PoisonError::into_inner) = Principal::of(token.token.secret());
        Ok(token)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("store", &self.store).field("login", &self.login).finish_non_exhaustive()
    }
}
