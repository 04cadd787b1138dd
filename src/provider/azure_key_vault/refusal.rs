//! Why Entra ID gave no token, in words for a person. What it or a tool says is looked at, never shown: it may quote an assertion.

use std::error::Error as StdError;
use std::fmt;

use azure_core::error::{Error as SdkError, ErrorKind as SdkErrorKind};
use serde::Deserialize;

use super::login::Login;
use super::network;
use crate::model::ErrorKind;
use crate::provider::meaning::chain;

/// Why we are not let in, and what to do about it; it travels inside the SDK's errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginFault {
    /// Whether Entra ID refused, or could not be asked.
    pub kind: ErrorKind,
    /// What happened.
    pub context: String,
    /// What to do.
    pub remedy: String,
}

/// Entra ID's words for what a number of its says; the texts of its page on error codes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refused {
    error_codes: Vec<u32>,
}

impl LoginFault {
    /// The fault of a reference that leads nowhere.
    pub fn missing(error: &dyn fmt::Display) -> Self {
        denied(error.to_string(), "set it, and see that this program may read it")
    }

    /// The fault of an environment set up for a way of logging in that is not built.
    pub fn not_built(variable: &str) -> Self {
        denied(
            format!("{variable} is set, and logging in with a certificate or a password is not built"),
            "set AZURE_CLIENT_SECRET, or name another way in the store's table: auth = { method = \"…\" }",
        )
    }

    /// The fault of a chain in which nobody could log in.
    pub fn nobody(faults: &[Self]) -> Self {
        let said: Vec<_> = faults.iter().map(|fault| fault.context.as_str()).collect();
        let context = format!(
            "nobody can log in: no client secret and no workload identity in the environment, no managed identity; {}",
            said.join("; ")
        );
        denied(
            context,
            "`az login`, or set auth in the store's table, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        )
    }

    /// The fault behind an error of the SDK's.
    pub fn of(login: &Login, error: &SdkError) -> Self {
        if let Some(known) = chain(error).find_map(|error| error.downcast_ref::<Self>()) {
            return known.clone();
        }
        if let Some((status, body)) = network::response(error) {
            return answered(login, status, &body);
        }
        match login {
            Login::AzureCli { .. } => of_tool(error, "az", "az login"),
            Login::DeveloperCli { .. } => of_tool(error, "azd", "azd auth login"),
            Login::Pipelines { .. } if *error.kind() == SdkErrorKind::Credential && !network::is_of_network(error) => {
                denied(
                    "there is no service connection to log in through",
                    "run in a job of Azure Pipelines, with SYSTEM_OIDCREQUESTURI in its environment",
                )
            }
            Login::ManagedIdentity(_) if !network::is_of_network(error) => denied(
                "this kind of machine has no managed identity that can be asked for a token",
                "use one of Azure's virtual machines, App Service or Functions, or log in another way",
            ),
            _ => unreachable_authority(error),
        }
    }

    /// The same inside an error of the SDK's.
    pub fn wrapped(self) -> SdkError {
        SdkError::with_error(SdkErrorKind::Credential, self, "no token")
    }
}

impl fmt::Display for LoginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for LoginFault {}

fn denied(context: impl Into<String>, remedy: impl Into<String>) -> LoginFault {
    LoginFault { kind: ErrorKind::Denied, context: context.into(), remedy: remedy.into() }
}

fn unreachable_authority(error: &SdkError) -> LoginFault {
    let (context, remedy) = network::explain(error);
    let kind = if context.starts_with("TLS") { ErrorKind::Invalid } else { ErrorKind::Unavailable };
    LoginFault { kind, context: format!("whoever gives the token cannot be asked: {context}"), remedy }
}

fn of_tool(error: &SdkError, tool: &str, login: &str) -> LoginFault {
    let said = error.to_string();
    if said.contains("not found on PATH") {
        return denied(
            format!("{tool} is not installed"),
            format!("install it, then `{login}`, or log in another way"),
        );
    }
    denied(
        format!("{tool} gives no token; what it says is not repeated here"),
        format!("`{login}`; run `{} --output none` by hand to see what is wrong", token_command(tool)),
    )
}

fn token_command(tool: &str) -> &'static str {
    if tool == "az" { "az account get-access-token --scope https://vault.azure.net/.default" } else { "azd auth token" }
}

/// What an answer of Entra ID's, or of the machine's own endpoint, means.
fn answered(login: &Login, status: u16, body: &[u8]) -> LoginFault {
    let code = serde_json::from_slice::<Refused>(body).unwrap_or_default().error_codes.first().copied();
    if let Some(fault) = code.and_then(|code| coded(login, code)) {
        return fault;
    }
    let whom = if matches!(login, Login::ManagedIdentity(_)) { "the machine's identity endpoint" } else { "Entra ID" };
    let said = code.map_or_else(|| format!("HTTP {status}"), |code| format!("AADSTS{code}, HTTP {status}"));
    match (status, login) {
        (429 | 500..=599, _) => LoginFault {
            kind: ErrorKind::Unavailable,
            context: format!("{whom} is busy or out of order ({said})"),
            remedy: "try again in a minute".to_owned(),
        },
        (400 | 404, Login::ManagedIdentity(_)) => denied(
            format!("the machine has no such managed identity ({said})"),
            "assign it: `az vm identity assign` (or `az webapp identity assign`), and check client-id, object-id or resource-id",
        ),
        _ => denied(
            format!("{whom} refuses the log-in ({said})"),
            "check tenant-id, client-id and the secret; https://login.microsoftonline.com/error explains the number",
        ),
    }
}

/// The numbers of <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> that a log-in meets.
fn coded(login: &Login, code: u32) -> Option<LoginFault> {
    let (tenant, client) = login
        .application()
        .map_or(("<tenant>", "<client id>"), |application| (application.tenant.as_str(), application.client.as_str()));
    let said = |text: &str| format!("{text} (AADSTS{code})");
    let reset = format!("`az ad app credential reset --id {client} --append` makes a new one");
    Some(match code {
        7_000_215 => denied(
            said(&format!("the secret of the application {client} is wrong")),
            format!("give the secret's value, not its id; {reset}"),
        ),
        7_000_222 => denied(said(&format!("the secret of the application {client} has expired")), reset),
        700_016 => denied(
            said(&format!("there is no application {client} in the tenant {tenant}")),
            "check client-id and tenant-id: `az ad app show --id <client id>` in the right tenant",
        ),
        90_002 | 900_023 | 90_013 => denied(
            said(&format!("there is no tenant {tenant}")),
            "check tenant-id (`az account show --query tenantId`), and authority-host in a sovereign cloud",
        ),
        7_000_112 => denied(said(&format!("the application {client} is disabled")), "enable it in Entra ID"),
        700_024 | 50_013 | 50_027 | 700_023 => denied(
            said("the token that should prove who we are has expired, or is none"),
            "see that whoever writes the assertion (or token-file) keeps it fresh",
        ),
        70_021 | 700_211 | 700_212 | 700_213 | 700_027 => denied(
            said(&format!("the application {client} does not trust the token's issuer, subject or audience")),
            format!("`az ad app federated-credential create --id {client}` with the token's iss, sub and aud"),
        ),
        500_011 => denied(
            said(&format!("the tenant {tenant} does not know Key Vault")),
            "check tenant-id, and authority-host in a sovereign cloud",
        ),
        53_003 | 530_003 | 530_035 | 53_000..=53_004 => denied(
            said("a rule of conditional access keeps the log-in out"),
            "ask whoever runs Entra ID to let this place and application in",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use azure_core::http::headers::Headers;
    use azure_core::http::{RawResponse, StatusCode};

    use super::super::login::Application;
    use super::*;
    use crate::reference::Reference;

    /// What Entra ID's own words might hold, and no error of ours may.
    const QUOTED: &str = "canary-5f1e";

    fn login() -> Login {
        let application = Application { tenant: "t-1".to_owned(), client: "c-2".to_owned() };
        Login::ClientSecret { application, secret: Reference::Env("S".to_owned()).into() }
    }

    fn refused(status: u16, body: &str) -> SdkError {
        let status = StatusCode::from(status);
        let response = RawResponse::from_bytes(status, Headers::new(), body.to_owned());
        let kind = SdkErrorKind::HttpResponse { status, error_code: None, raw_response: Some(Box::new(response)) };
        SdkError::with_error(SdkErrorKind::Credential, SdkError::with_message(kind, body.to_owned()), QUOTED)
    }

    #[test]
    fn every_number_of_a_refusal_says_what_to_do() {
        let rows = [
            (7_000_215, "the secret of the application c-2 is wrong", "az ad app credential reset --id c-2"),
            (7_000_222, "has expired", "az ad app credential reset --id c-2"),
            (700_016, "no application c-2 in the tenant t-1", "client-id"),
            (90_002, "no tenant t-1", "tenant-id"),
            (700_213, "does not trust the token's issuer", "federated-credential create --id c-2"),
            (700_024, "has expired", "fresh"),
            (53_003, "conditional access", "let this place"),
            (1, "refuses the log-in (AADSTS1, HTTP 401)", "login.microsoftonline.com/error"),
        ];
        for (code, expected, remedy) in rows {
            let body = format!(r#"{{"error":"x","error_description":"{QUOTED}","error_codes":[{code}]}}"#);
            let fault = LoginFault::of(&login(), &refused(401, &body));
            assert_eq!(fault.kind, ErrorKind::Denied);
            assert!(fault.context.contains(expected) && fault.remedy.contains(remedy), "{fault:?}");
            assert!(!format!("{fault:?}").contains(QUOTED), "{fault:?}");
        }
    }

    #[test]
    fn one_that_is_busy_can_be_asked_again() {
        for status in [429, 500, 503] {
            assert_eq!(LoginFault::of(&login(), &refused(status, QUOTED)).kind, ErrorKind::Unavailable);
        }
    }

    #[test]
    fn what_a_tool_says_is_not_repeated() {
        let rows = [("az not found on PATH", "az is not installed"), (QUOTED, "az gives no token")];
        for (said, expected) in rows {
            let error = SdkError::with_message(SdkErrorKind::Credential, said);
            let fault = LoginFault::of(&Login::AzureCli { tenant: None }, &error);
            assert!(fault.context.starts_with(expected) && fault.remedy.contains("az login"), "{fault:?}");
        }
    }
}
