//! What Key Vault refuses, its fake refuses, too, at the limit and one beyond.

use serde_json::{Value, json};

use crate::fakes::azure::access::{Model, Wall};
use crate::fakes::azure::login::Claims;
use crate::fakes::azure::{AUDIENCE, TENANT, Vault};
use crate::fakes::http::Request;
use crate::fakes::server::Service as _;

/// Asks as a client does; gives the status and the answer.
pub fn say(vault: &Vault, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let token = vault.token();
    let path = if path.contains('?') { path.to_owned() } else { format!("{path}?api-version=2025-07-01") };
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let request = Request {
        method: method.to_owned(),
        path,
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: body.map_or_else(Vec::new, |body| body.to_string().into_bytes()),
    };
    let reply = vault.with(|azure| azure.answer(&request));
    (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
}

/// The status, and the code that tells one refusal from another.
fn told(vault: &Vault, method: &str, path: &str, body: Option<&Value>) -> String {
    let (status, said) = say(vault, method, path, body);
    let error = &said["error"];
    let code = error["innererror"]["code"].as_str().or(error["code"].as_str()).unwrap_or_default();
    format!("{status} {code}").trim_end().to_owned()
}

fn check(vault: &Vault, method: &str, rows: &[(&str, Option<Value>, &str)]) {
    for (path, body, expected) in rows {
        let found = told(vault, method, path, body.as_ref());
        let shown: String = body.as_ref().map_or(String::new(), Value::to_string).chars().take(80).collect();
        assert_eq!(&found, expected, "{method} {path} {shown}");
    }
}

#[test]
fn names_values_and_tags_have_limits() {
    let vault = Vault::start();
    let value = |text: &str| Some(json!({"value": text}));
    let tagged = |tags: Value| Some(json!({"value": "x", "tags": tags}));
    let many = |count: usize| Value::Object((0..count).map(|number| (format!("t{number}"), json!("v"))).collect());
    let typed = |length: usize| Some(json!({"value": "x", "contentType": "t".repeat(length)}));
    let (longest, longer) = (format!("/secrets/{}", "n".repeat(127)), format!("/secrets/{}", "n".repeat(128)));
    let rows = [
        (longest.as_str(), value("x"), "200"),
        (longer.as_str(), value("x"), "400 BadParameter"),
        ("/secrets/a_b", value("x"), "400 BadParameter"),
        ("/secrets/a.b", value("x"), "400 BadParameter"),
        ("/secrets/a%2Fb", value("x"), "400 BadParameter"),
        ("/secrets/a/b_c", value("x"), "400 BadParameter"),
        ("/secrets/", value("x"), "400 BadParameter"),
        ("//secrets/two-slashes", value("x"), "200"),
        ("/secrets/empty", value(""), "200"),
        ("/secrets/largest", value(&"x".repeat(25_600)), "200"),
        ("/secrets/larger", value(&"x".repeat(25_601)), "400 BadParameter"),
        // Bytes, not characters.
        ("/secrets/larger", value(&"é".repeat(12_801)), "400 BadParameter"),
        ("/secrets/type", typed(255), "200"),
        ("/secrets/type", typed(256), "400 BadParameter"),
        ("/secrets/tags", tagged(many(15)), "200"),
        ("/secrets/tags", tagged(many(16)), "400 BadParameter"),
        ("/secrets/tags", tagged(json!({"n": "v".repeat(256)})), "200"),
        ("/secrets/tags", tagged(json!({"n": "v".repeat(257)})), "400 BadParameter"),
        ("/secrets/tags", tagged(json!({"n".repeat(256): "v"})), "200"),
        ("/secrets/tags", tagged(json!({"n".repeat(257): "v"})), "400 BadParameter"),
        ("/secrets/tags", tagged(json!({"n": ""})), "400 BadParameter"),
        ("/secrets/tags", tagged(json!({"n": 1})), "400 BadParameter"),
        ("/secrets/odd", Some(json!({"value": 1})), "400 BadParameter"),
        ("/secrets/odd", Some(json!({"Value": "x"})), "400 BadParameter"),
        ("/secrets/odd", Some(json!({"value": "x", "attributes": {"created": 1}})), "400 BadParameter"),
        ("/secrets/odd", Some(json!({"value": "x", "attributes": {"exp": "2030"}})), "400 BadParameter"),
        ("/secrets/odd", None, "400 BadParameter"),
    ];
    check(&vault, "PUT", &rows);
    assert_eq!(vault.with(|azure| azure.secrets.text("larger").map(str::len)), None);
}

#[test]
fn the_query_is_looked_at() {
    let vault = Vault::start();
    let rows = [
        ("/secrets?maxresults=25", None, "400 BadParameter"),
        ("/secrets?api-version=1.0", None, "400 BadParameter"),
        ("/secrets?api-version=7.4&maxresults=25", None, "200"),
        ("/secrets?api-version=7.4&maxresults=26", None, "400 BadParameter"),
        ("/secrets?api-version=7.4&maxresults=0", None, "400 BadParameter"),
        ("/secrets?api-version=7.4&page=2", None, "400 BadParameter"),
        ("/secrets?api-version=7.4&%24skiptoken=x", None, "400 BadParameter"),
        ("/secrets/none?api-version=7.4", None, "404 SecretNotFound"),
        ("/secrets/none/?api-version=7.4", None, "404 SecretNotFound"),
        ("/deletedsecrets?api-version=2025-07-01", None, "200"),
        ("/keys?api-version=2025-07-01", None, "400 BadParameter"),
    ];
    check(&vault, "GET", &rows);
    check(&vault, "POST", &[("/secrets/restore", Some(json!({"value": "x"})), "501 NotImplemented")]);
}

#[test]
fn a_name_is_the_same_whatever_its_case_and_keeps_its_versions() {
    let vault = Vault::start();
    let body = |text: &str| json!({"value": text, "tags": {"of": text}});
    let first = say(&vault, "PUT", "/secrets/My-Name", Some(&body("one"))).1;
    let second = say(&vault, "PUT", "/secrets/my-name", Some(&body("two"))).1;
    assert_eq!(first["id"].as_str().unwrap().rsplit_once('/').unwrap().0, format!("{}/secrets/My-Name", vault.url));
    assert_eq!(say(&vault, "GET", "/secrets/MY-NAME/", None).1["value"], "two");
    let id = first["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(id.len(), 32);
    let old = say(&vault, "GET", &format!("/secrets/my-name/{id}"), None).1;
    assert_eq!((&old["value"], &old["tags"]), (&json!("one"), &json!({"of": "one"})));
    let none = "0".repeat(32);
    assert_eq!(told(&vault, "GET", &format!("/secrets/my-name/{none}"), None), "404 SecretNotFound");
    let versions = say(&vault, "GET", "/secrets/my-name/versions", None).1;
    assert_eq!(versions["value"].as_array().unwrap().len(), 2);
    assert!(versions["value"][0].get("value").is_none());
    let listed = say(&vault, "GET", "/secrets", None).1;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(listed["value"][0]["tags"], second["tags"]);
    assert_eq!(listed["nextLink"], Value::Null);
}

#[test]
fn an_update_changes_what_it_names_and_a_disabled_secret_is_not_read() {
    let vault = Vault::start();
    let body = json!({"value": "x", "contentType": "text", "tags": {"a": "1", "b": "2"}});
    say(&vault, "PUT", "/secrets/s", Some(&body));
    let changed = json!({"attributes": {"enabled": false, "exp": 4_102_444_800_u64}, "tags": {"c": "3"}});
    let said = say(&vault, "PATCH", "/secrets/s/", Some(&changed)).1;
    assert_eq!((&said["tags"], &said["contentType"]), (&json!({"c": "3"}), &json!("text")));
    assert_eq!((&said["attributes"]["exp"], said.get("value")), (&json!(4_102_444_800_u64), None));
    assert_eq!(told(&vault, "GET", "/secrets/s", None), "403 SecretDisabled");
    let rows = [
        ("/secrets/s", Some(json!({"value": "y"})), "400 BadParameter"),
        ("/secrets/none", Some(json!({})), "404 SecretNotFound"),
        // What has expired is read all the same.
        ("/secrets/s", Some(json!({"attributes": {"enabled": true, "exp": 1, "nbf": 4_102_444_800_u64}})), "200"),
    ];
    check(&vault, "PATCH", &rows);
    assert_eq!(say(&vault, "GET", "/secrets/s", None).1["value"], "x");
}

#[test]
fn the_way_to_the_bin_and_back_takes_its_time() {
    let vault = Vault::start();
    vault.with(|azure| {
        (azure.secrets.deletion, azure.secrets.recovery, azure.secrets.settling) = (10.0, 20.0, 5.0);
        azure.secrets.put("s", "x");
    });
    let set = json!({"value": "y"});
    let now = |method: &str, path: &str| told(&vault, method, path, (method == "PUT").then_some(&set));
    let later = |seconds: f64| vault.with(|azure| azure.secrets.advance(seconds));
    let said = say(&vault, "DELETE", "/secrets/s", None).1;
    assert_eq!(said["recoveryId"], format!("{}/deletedsecrets/s", vault.url));
    assert_eq!(said["scheduledPurgeDate"].as_u64().unwrap() - said["deletedDate"].as_u64().unwrap(), 90 * 86_400);
    let in_between = |expected: [&str; 4]| {
        let asked =
            [("GET", "/secrets/s"), ("GET", "/deletedsecrets/s"), ("PUT", "/secrets/s"), ("DELETE", "/secrets/s")];
        assert_eq!(asked.map(|(method, path)| now(method, path)), expected.map(str::to_owned));
    };
    in_between(["404 SecretNotFound", "404 SecretNotFound", "409 ObjectIsBeingDeleted", "404 SecretNotFound"]);
    assert_eq!(now("POST", "/deletedsecrets/s/recover"), "409 ObjectIsBeingDeleted");
    later(11.0);
    in_between(["404 SecretNotFound", "200", "409 ObjectIsDeletedButRecoverable", "404 SecretNotFound"]);
    assert_eq!(say(&vault, "GET", "/deletedsecrets", None).1["value"].as_array().unwrap().len(), 1);
    assert_eq!(now("POST", "/deletedsecrets/s/recover"), "200");
    in_between(["404 SecretNotFound", "404 SecretNotFound", "409 ObjectIsBeingRecovered", "404 SecretNotFound"]);
    later(21.0);
    assert_eq!(
        (now("GET", "/secrets/s"), now("PUT", "/secrets/s")),
        ("200".into(), "409 ObjectIsBeingRecovered".into())
    );
    later(5.0);
    assert_eq!(now("PUT", "/secrets/s"), "200");
}

#[test]
fn the_bin_is_emptied_by_time_or_by_a_purge_that_nothing_forbids() {
    let vault = Vault::start();
    vault.with(|azure| {
        azure.secrets.put("a", "x");
        azure.secrets.put("b", "x");
        azure.secrets.place.is_protected = true;
    });
    let level = || say(&vault, "GET", "/secrets/a", None).1["attributes"]["recoveryLevel"].clone();
    assert_eq!(level(), "Recoverable");
    vault.with(|azure| ["a", "b"].map(|name| azure.secrets.bin(name)));
    check(
        &vault,
        "DELETE",
        &[("/deletedsecrets/a", None, "403 Forbidden"), ("/deletedsecrets/c", None, "404 SecretNotFound")],
    );
    vault.with(|azure| azure.secrets.place.is_protected = false);
    check(&vault, "DELETE", &[("/deletedsecrets/a", None, "204"), ("/deletedsecrets/a", None, "404 SecretNotFound")]);
    check(&vault, "POST", &[("/deletedsecrets/a/recover", None, "404 SecretNotFound")]);
    check(&vault, "GET", &[("/deletedsecrets/b", None, "200")]);
    vault.with(|azure| azure.secrets.advance(90.0 * 86_400.0));
    check(&vault, "GET", &[("/deletedsecrets/b", None, "404 SecretNotFound")]);
    check(&vault, "PUT", &[("/secrets/b", Some(json!({"value": "new"})), "200")]);
    assert_eq!(say(&vault, "GET", "/secrets/b", None).1["attributes"]["recoveryLevel"], "Recoverable+Purgeable");
}

#[test]
fn what_belongs_to_a_certificate_is_read_and_not_written() {
    let vault = Vault::start();
    vault.with(|azure| {
        azure.secrets.put("cert", "x");
        azure.secrets.secret("cert").unwrap().is_managed = true;
    });
    let expected = "403 SecretManagedByKeyVault";
    check(&vault, "PUT", &[("/secrets/cert", Some(json!({"value": "y"})), expected)]);
    check(&vault, "PATCH", &[("/secrets/cert", Some(json!({"tags": {"a": "b"}})), expected)]);
    check(&vault, "DELETE", &[("/secrets/cert", None, expected)]);
    assert_eq!(say(&vault, "GET", "/secrets/cert", None).1["managed"], true);
    assert_eq!(say(&vault, "GET", "/secrets", None).1["value"][0]["managed"], true);
}

#[test]
fn pages_follow_one_another_to_the_last() {
    let vault = Vault::start();
    vault.with(|azure| (0..60).for_each(|number| azure.secrets.put(&format!("s{number:02}"), "x")));
    let walk = |first: &str| {
        let (mut path, mut pages, mut names) = (first.to_owned(), 0, Vec::new());
        loop {
            let said = say(&vault, "GET", &path, None).1;
            pages += 1;
            names.extend(said["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = said["nextLink"].as_str() else { break };
            path = next.strip_prefix(&vault.url).unwrap().to_owned();
        }
        names.dedup();
        (pages, names.len())
    };
    assert_eq!(walk("/secrets"), (3, 60));
    assert_eq!(walk("/secrets?api-version=7.6&maxresults=7"), (9, 60));
    vault.with(|azure| azure.secrets.is_sparse = true);
    assert_eq!(walk("/secrets"), (4, 60));
    vault.with(|azure| {
        (0..27).for_each(|number| azure.secrets.put("s00", &number.to_string()));
        azure.secrets.lag();
        azure.secrets.put("new", "x");
        azure.secrets.is_sparse = false;
    });
    assert_eq!(walk("/secrets/s00/versions"), (2, 28));
    assert_eq!(walk("/secrets"), (3, 60));
    vault.with(|azure| azure.secrets.catch_up());
    assert_eq!(walk("/secrets"), (3, 61));
}

#[test]
fn who_may_not_is_told_by_what() {
    let vault = Vault::start();
    vault.with(|azure| {
        azure.secrets.put("s", "x");
        azure.secrets.put("t", "x");
        azure.access.denied = ["list".to_owned()].into();
        azure.access.sealed = ["s".to_owned()].into();
    });
    let rows = [
        ("/secrets", None, "403 ForbiddenByRbac"),
        ("/secrets/S", None, "403 ForbiddenByRbac"),
        ("/secrets/t", None, "200"),
        ("/deletedsecrets/t", None, "404 SecretNotFound"),
    ];
    check(&vault, "GET", &rows);
    vault.with(|azure| azure.access.model = Model::Policies);
    check(&vault, "GET", &[("/secrets", None, "403 ForbiddenByPolicy")]);
    vault.with(|azure| azure.access.wall = Wall::Firewall);
    check(&vault, "GET", &[("/secrets/t", None, "403 ForbiddenByFirewall")]);
    vault.with(|azure| azure.access.wall = Wall::Private);
    check(&vault, "GET", &[("/secrets/t", None, "403 ForbiddenByConnection")]);
}

#[test]
fn a_token_must_be_ours_for_vaults_of_this_tenant_and_fresh() {
    let vault = Vault::start();
    let mint = |audience: &str, tenant: &str, life: i64| {
        vault.with(|azure| {
            let expires = (azure.secrets.now() as i64 + life) as u64;
            let claims = Claims { audience: audience.to_owned(), tenant: tenant.to_owned(), expires };
            format!("Bearer {}", azure.login.mint(claims))
        })
    };
    for (header, status) in [
        (String::new(), 401),
        ("Basic eDp5".to_owned(), 401),
        ("Bearer forged".to_owned(), 401),
        (mint(AUDIENCE, TENANT, 60), 200),
        (mint(AUDIENCE, TENANT, -1), 401),
        (mint("https://management.azure.com", TENANT, 60), 401),
        (mint(AUDIENCE, "11111111-0000-4000-8000-00000000ffff", 60), 401),
    ] {
        let request = Request {
            method: "GET".to_owned(),
            path: "/secrets?api-version=7.4".to_owned(),
            headers: [("authorization".to_owned(), header.clone())].into(),
            body: Vec::new(),
        };
        let reply = vault.with(|azure| azure.answer(&request));
        let challenge = reply.headers.iter().find(|(name, _)| *name == "www-authenticate");
        assert_eq!((reply.status, challenge.is_some()), (status, status == 401), "{header}");
        if let Some((_, challenge)) = challenge {
            let expected = format!("Bearer authorization=\"{}/{TENANT}\", resource=\"{AUDIENCE}\"", vault.url);
            assert_eq!(challenge, &expected);
        }
    }
}
