//! Airflow's order of ways to log in where nobody says which: `DefaultAzureCredential` of azure-identity for Python.
//!
//! Environment, workload identity, managed identity, Azure CLI, Azure Developer CLI. What that chain has besides is not
//! built: a certificate or a password in the environment, caches of Visual Studio, PowerShell.

use std::time::Duration;

use azure_core::credentials::AccessToken;

use super::login::{Application, Auto, Login, UserAssigned};
use super::refusal::LoginFault;
use super::tokens::Tokens;
use crate::reference::{Reference, env_setting};

/// Where a machine in Azure hears of its identity; the same address in all of them.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// How long a machine outside of Azure waits to find that out.
const PROBE: Duration = Duration::from_secs(1);

/// The first token of the chain, and who got it.
pub(super) async fn first(auto: &Auto, scopes: &[&str], tokens: &Tokens) -> Result<(AccessToken, Login), LoginFault> {
    if let Some(variable) = ["AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_PASSWORD"].into_iter().find(|name| is_set(name))
        && environment().is_none()
    {
        return Err(LoginFault::not_built(variable));
    }
    // Whoever is set up on purpose is the only one: to go on after a refusal would log in as somebody else.
    if let Some(login) = environment().or_else(|| workload_identity(auto)) {
        return taken(login, scopes, tokens).await;
    }
    if is_in_azure(tokens).await {
        return taken(Login::ManagedIdentity(managed_identity(auto)), scopes, tokens).await;
    }
    let mut faults = Vec::new();
    for login in [Login::AzureCli { tenant: None }, Login::DeveloperCli { tenant: None }] {
        match taken(login, scopes, tokens).await {
            Ok(found) => return Ok(found),
            Err(fault) => faults.push(fault),
        }
    }
    Err(LoginFault::nobody(&faults))
}

async fn taken(login: Login, scopes: &[&str], tokens: &Tokens) -> Result<(AccessToken, Login), LoginFault> {
    match login.token(scopes, &tokens.options).await {
        Ok(token) => Ok((token, login)),
        Err(error) => Err(LoginFault::of(&login, &error)),
    }
}

fn environment() -> Option<Login> {
    let application = Application { tenant: env_setting("AZURE_TENANT_ID")?, client: env_setting("AZURE_CLIENT_ID")? };
    let secret = Reference::Env("AZURE_CLIENT_SECRET".to_owned());
    is_set("AZURE_CLIENT_SECRET").then(|| Login::ClientSecret { application, secret: secret.into() })
}

fn workload_identity(auto: &Auto) -> Option<Login> {
    let tenant = auto.workload_tenant.clone().or_else(|| env_setting("AZURE_TENANT_ID"))?;
    let client = auto.managed_identity.clone().or_else(|| env_setting("AZURE_CLIENT_ID"))?;
    let file = env_setting("AZURE_FEDERATED_TOKEN_FILE")?;
    let assertion = Reference::File(file.into()).into();
    Some(Login::Assertion { application: Application { tenant, client }, assertion })
}

fn managed_identity(auto: &Auto) -> Option<UserAssigned> {
    auto.managed_identity.clone().or_else(|| env_setting("AZURE_CLIENT_ID")).map(UserAssigned::Client)
}

// Asked as Microsoft's SDKs do: without the header that a real question has, so that the answer is a quick refusal.
async fn is_in_azure(tokens: &Tokens) -> bool {
    if is_set("IDENTITY_ENDPOINT") {
        return true;
    }
    let answer = tokens.pool.get(METADATA).timeout(PROBE).send().await;
    // Any other answer is that of a proxy.
    answer.is_ok_and(|answer| answer.status() == reqwest::StatusCode::BAD_REQUEST)
}

fn is_set(variable: &str) -> bool {
    env_setting(variable).is_some()
}
