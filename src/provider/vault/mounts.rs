//! Which KV engines are mounted where, as Vault tells anyone who may use them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::client::Method;
use super::layout::encoded;
use super::requests::{Ask, Requests};
use super::rule::KvVersion;
use crate::model::{ErrorKind, Family};
use crate::provider::{Error, Repeat, Result};

const MOUNTS: &str = "sys/internal/ui/mounts";
const AS_LISTED: &str = "set mount to what `vault secrets list` shows, and namespace if you use one";

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Mounted {
    #[serde(rename = "type")]
    engine: String,
    #[serde(default)]
    path: String,
    options: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct All {
    secret: BTreeMap<String, Mounted>,
}

impl Mounted {
    /// The version of a KV engine; `None` for any other engine.
    fn version(&self) -> Option<KvVersion> {
        let version = self.options.as_ref().and_then(|options| options.get("version"));
        match self.engine.as_str() {
            "kv" => version.map_or(Some(KvVersion::One), |text| KvVersion::parse(text)),
            "generic" => Some(KvVersion::One),
            _ => None,
        }
    }
}

/// Settles the version of a mount: what Vault says, held against what is configured.
pub(super) async fn settle(requests: &Requests, mount: &str, configured: Option<KvVersion>) -> Result<KvVersion> {
    match (find(requests, mount).await, configured) {
        (Ok(found), None) => Ok(found),
        (Ok(found), Some(configured)) if found == configured => Ok(found),
        (Ok(found), Some(configured)) => {
            let (found, configured) = (found.as_str(), configured.as_str());
            let context = format!("{mount}/ is KV version {found}, and kv-version says {configured}");
            Err(refuse(requests, context).with_remedy(format!("set kv-version = {found}, or leave it out")))
        }
        // Who may use no path of a mount yet, or sits behind a proxy that hides `sys/`, can still say what it is.
        (Err(error), Some(configured)) if error.kind == ErrorKind::Denied && !error.context.contains("token of") => {
            Ok(configured)
        }
        (Err(error), None) if error.kind == ErrorKind::Denied => Err(not_shown(error, mount)),
        (Err(error), _) => Err(error),
    }
}

/// The KV mounts of one segment that our token may use: what the first segment of an id can name.
pub(super) async fn all(requests: &Requests) -> Result<BTreeMap<String, KvVersion>> {
    let answer: Answer<All> = requests.fetch(&ask("list mounts", MOUNTS.to_owned())).await?;
    let found = answer.data.secret.iter().filter_map(|(path, mounted)| {
        let path = path.trim_end_matches('/');
        (!path.contains('/')).then_some(())?;
        Some((path.to_owned(), mounted.version()?))
    });
    Ok(found.collect())
}

async fn find(requests: &Requests, mount: &str) -> Result<KvVersion> {
    let ask = ask("look up mount", format!("{MOUNTS}/{}/", encoded(mount)));
    let mounted = requests.fetch::<Answer<Mounted>>(&ask).await?.data;
    let real = mounted.path.trim_end_matches('/');
    if real != mount {
        let remedy = format!("set mount = {real:?} and put the rest into connections-path and so on");
        return Err(
            refuse(requests, format!("nothing is mounted at {mount}/, but {real}/ is above it")).with_remedy(remedy)
        );
    }
    mounted
        .version()
        .ok_or_else(|| refuse(requests, format!("the engine at {mount}/ is not KV")).with_remedy(AS_LISTED))
}

fn ask(operation: &'static str, path: String) -> Ask<'static> {
    Ask {
        operation,
        family: Family::Auth,
        repeat: Repeat::Safe,
        method: Method::Read,
        path,
        body: None,
        right: (String::new(), &[]),
        key: None,
    }
}

fn refuse(requests: &Requests, context: String) -> Error {
    Error::new(ErrorKind::Invalid, "look up mount", requests.store(), context)
}

fn not_shown(error: Error, mount: &str) -> Error {
    if error.remedy.is_some() {
        return error;
    }
    error.with_remedy(format!(
        "either nothing is mounted at {mount}/, or the token may use none of its paths. Check mount and namespace, \
         grant the policy of the manual, or set kv-version"
    ))
}
