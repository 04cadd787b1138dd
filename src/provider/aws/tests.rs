//! Getting in: what a table may say, and what is said where it leads nowhere.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::access::AccessSettings;
use super::auth::AuthSettings;
use super::login::{Login, Proof, Role};
use super::refusal::LoginFault;
use crate::model::ErrorKind;
use crate::settings::{Faults, read_table};

const ROLE: &str = "arn:aws:iam::210987654321:role/ferry";

/// Reads and checks an `auth` table; gives the paths of its faults.
fn auth(text: &str) -> Result<Login, Vec<String>> {
    let settings: AuthSettings = read_table(text.parse().unwrap()).unwrap();
    let mut faults = Faults::default();
    let login = settings.check(&mut faults);
    login.ok_or_else(|| faults.0.into_iter().map(|fault| fault.path).collect())
}

#[test]
fn a_log_in_says_all_it_needs_and_nothing_else() {
    const KEYS: &str = "access-key-id = { env = \"ID\" }\nsecret-access-key = { env = \"SECRET\" }\n";
    let with_keys = |rest: &str| format!("{KEYS}{rest}");
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("method = \"chain\"", &[]),
        ("method = \"profile\"\nprofile = \"prod\"", &[]),
        ("method = \"profile\"", &["auth.profile"]),
        ("profile = \"prod\"", &["auth.profile"]),
        (&with_keys("method = \"static\""), &[]),
        (&with_keys("method = \"static\"\nsession-token = { env = \"T\" }"), &[]),
        ("method = \"static\"", &["auth.access-key-id", "auth.secret-access-key"]),
        (&with_keys(""), &["auth.access-key-id", "auth.secret-access-key"]),
        ("method = \"web-identity\"\nrole-arn = \"arn:aws:iam::210987654321:role/ferry\"\ntoken-file = \"t\"", &[]),
        ("method = \"web-identity\"", &["auth.role-arn", "auth.token-file"]),
        ("role-arn = \"arn:aws:iam::210987654321:role/ferry\"\nexternal-id = \"x\"", &[]),
        ("role-arn = \"arn:aws-us-gov:iam::210987654321:role/path/ferry\"", &[]),
        ("role-arn = \"ferry\"", &["auth.role-arn"]),
        ("role-arn = \"arn:aws:iam::21098765432:role/ferry\"", &["auth.role-arn"]),
        ("role-arn = \"arn:aws:iam::210987654321:user/ferry\"", &["auth.role-arn"]),
        ("external-id = \"x\"\nrole-session-name = \"y\"", &["auth.external-id", "auth.role-session-name"]),
        (
            "role-arn = \"arn:aws:iam::210987654321:role/ferry\"\nrole-session-name = \"a b\"",
            &["auth.role-session-name"],
        ),
        ("method = \"sso\"", &["auth.method"]),
    ];
    for (text, expected) in rows {
        let found = auth(text).err().unwrap_or_default();
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn the_account_is_part_of_where_a_store_is() {
    let identity = |text: &str| auth(text).unwrap().identity();
    assert_eq!(identity(&format!("role-arn = {ROLE:?}")), "account=\"210987654321\"");
    assert_eq!(identity("method = \"profile\"\nprofile = \"prod\""), "profile=\"prod\"");
    let keys = "method = \"static\"\naccess-key-id = { env = \"ID\" }\nsecret-access-key = { env = \"SECRET\" }";
    assert!(identity(keys).contains("the environment variable ID"), "{}", identity(keys));
}

/// Checks a table's way in; gives the paths of its faults.
fn access(change: impl FnOnce(&mut AccessSettings)) -> Vec<String> {
    let mut settings = AccessSettings::default();
    change(&mut settings);
    let mut faults = Faults::default();
    let checked = settings.check(&[], &mut faults);
    assert_eq!(checked.is_some(), faults.0.is_empty());
    faults.0.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_way_in_is_checked_before_anybody_is_asked() {
    let endpoint = |url: &str| access(|settings| settings.endpoint_url = Some(url.to_owned()));
    for url in
        ["https://vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com", "http://127.0.0.1:5000", "http://[::1]:1/"]
    {
        assert_eq!(endpoint(url), [""; 0], "{url}");
    }
    for url in [
        "http://moto:5000",
        "moto:5000",
        "ftp://moto",
        "https://u:p@moto",
        "https://moto/?x=1",
        "http://localhost.evil",
    ] {
        assert_eq!(endpoint(url), ["endpoint-url"], "{url}");
    }
    let allowed = |settings: &mut AccessSettings| {
        (settings.endpoint_url, settings.allow_plain_http) = (Some("http://moto:5000".to_owned()), true);
    };
    assert_eq!(access(allowed), [""; 0]);
    for region in ["", "EU-Central-1", "eu.central", "x/y"] {
        assert_eq!(access(|settings| settings.region = Some(region.to_owned())), ["region"], "{region}");
    }
    assert_eq!(access(|settings| settings.width = Some(0)), ["width"]);
    assert_eq!(access(|settings| settings.pace.write = Some(0.0)), ["pace.write"]);
    assert_eq!(access(|settings| settings.tls.client_key = Some("k".into())), ["tls"]);
    let both = access(|settings| (settings.region, settings.width) = (Some("?".to_owned()), Some(300)));
    assert_eq!(both, ["region", "width"], "all faults at once");
}

fn login(proof: Proof, external_id: Option<&str>) -> Login {
    let external_id = external_id.map(str::to_owned);
    let role = Role { arn: ROLE.to_owned(), external_id, session: "secretferry".to_owned() };
    Login { proof, role: Some(role) }
}

#[test]
fn without_credentials_the_remedy_fits_where_they_were_looked_for() {
    let prod = Login { proof: Proof::Profile("prod".to_owned()), role: None };
    let chain = Login { proof: Proof::Chain, role: None };
    let nested = |text: &str| CredentialsError::provider_error(text.to_owned());
    let rows = [
        (&prod, nested("the SSO token has expired and cannot be refreshed"), "`aws sso login --profile prod`"),
        (&prod, nested("failed to load the cached SSO token"), "`aws sso login --profile prod`"),
        (
            &prod,
            nested("Error retrieving credentials: external process exited with code 3. Stderr: canary: SSO token"),
            "run its command by hand",
        ),
        (&prod, CredentialsError::not_loaded("profile `prod` was not defined"), "`aws configure --profile prod`"),
        (&prod, CredentialsError::not_loaded_no_source(), "get-caller-identity --profile prod"),
        (&prod, CredentialsError::invalid_configuration("canary"), "get-caller-identity --profile prod"),
        (&chain, CredentialsError::not_loaded("no providers in chain provided credentials"), "AWS_ACCESS_KEY_ID"),
        (&chain, CredentialsError::provider_timed_out(std::time::Duration::from_secs(5)), "timeout"),
        (&chain, CredentialsError::unhandled("canary"), "get-caller-identity"),
    ];
    for (login, error, expected) in rows {
        let fault = LoginFault::of(login, &error);
        assert!(fault.remedy.contains(expected), "{expected}: {fault:?}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        let again = LoginFault::of(login, &CredentialsError::provider_error(fault.clone()));
        assert_eq!(again, fault, "what is explained once stays so");
    }
}

/// What is said when STS refuses to let us be a role.
fn refused(login: &Login, code: &str, message: &str) -> LoginFault {
    let said = ErrorMetadata::builder().code(code).message(message).build();
    let response = HttpResponse::new(403.try_into().unwrap(), "".into());
    let error: SdkError<AssumeRoleError> = SdkError::service_error(AssumeRoleError::generic(said), response);
    LoginFault::of(login, &CredentialsError::provider_error(error))
}

#[test]
fn a_role_that_does_not_trust_us_is_told_whom_to_trust() {
    let message = |arn: &str| format!("User: {arn} is not authorized to perform: sts:AssumeRole on resource: {ROLE}");
    let session = message("arn:aws:sts::123456789012:assumed-role/Admin/anna");
    let fault = refused(&login(Proof::Chain, Some("x-1")), "AccessDenied", &session);
    assert_eq!(fault.kind, ErrorKind::Denied);
    assert_eq!(fault.context, format!("arn:aws:iam::123456789012:role/Admin may not assume the role {ROLE}"));
    let trust = fault.remedy.lines().nth(1).unwrap();
    let trust: serde_json::Value = serde_json::from_str(trust).unwrap();
    assert_eq!(trust["Principal"]["AWS"], "arn:aws:iam::123456789012:role/Admin");
    assert_eq!(trust["Condition"]["StringEquals"]["sts:ExternalId"], "x-1");
    let fault = refused(&login(Proof::Chain, None), "AccessDenied", &message("arn:aws:iam::123456789012:user/anna"));
    assert!(fault.context.starts_with("arn:aws:iam::123456789012:user/anna "), "{fault:?}");
    assert!(!fault.remedy.contains("Condition"), "{fault:?}");
    let fault = refused(&login(Proof::Chain, None), "InvalidClientTokenId", "canary");
    assert!(fault.context.contains("not valid") && !format!("{fault:?}").contains("canary"), "{fault:?}");
}
