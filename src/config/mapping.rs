//! The keys of a job that give its keys other names in the target.

use std::collections::BTreeMap;

use crate::model::Kind;
use crate::naming::{Mapping, Renamed, Template};
use crate::settings::{SettingsFault, TablePath};

/// The template that changes nothing.
pub(super) const BARE_ID: &str = "{id}";

/// The keys as they are written.
#[derive(Debug)]
pub(super) struct MappingTable<'a> {
    pub(super) rename: &'a BTreeMap<String, String>,
    pub(super) strip_prefix: &'a str,
    pub(super) add_prefix: &'a str,
    pub(super) template: &'a str,
}

impl MappingTable<'_> {
    /// The mapping; every fault of it is added to `faults`.
    pub(super) fn mapping(&self, kinds: &[Kind], faults: &mut Vec<SettingsFault>) -> Mapping {
        faults.extend(self.rename.iter().filter_map(|(old, new)| rename_fault(old, new, kinds)));
        faults.extend(self.meetings());
        let renames = self.rename.iter().map(|(old, new)| (Renamed::parse(old), new.clone()));
        Mapping::new(renames, Some(self.strip_prefix), self.template(faults))
    }

    fn template(&self, faults: &mut Vec<SettingsFault>) -> Template {
        if self.template == BARE_ID {
            return Template::prefix(self.add_prefix);
        }
        if !self.add_prefix.is_empty() {
            let fault = SettingsFault::new("template", "add-prefix is given too; write one of the two");
            faults.push(fault.with_hint(format!("a template can begin with it: \"{}{{id}}\"", self.add_prefix)));
        }
        Template::parse(self.template).unwrap_or_else(|error| {
            faults.push(SettingsFault::new("template", error.to_string()));
            Template::default()
        })
    }

    /// Two renames that give two ids of one kind one name.
    fn meetings(&self) -> Vec<SettingsFault> {
        let mut faults = Vec::new();
        let mut seen: BTreeMap<&str, Vec<(&str, Renamed)>> = BTreeMap::new();
        for (old, new) in self.rename {
            let renamed = Renamed::parse(old);
            let met = seen.entry(new).or_default();
            if let Some((first, _)) =
                met.iter().find(|(_, other)| share_a_kind(other, &renamed) && other.id != renamed.id)
            {
                let problem = format!("{first:?} and {old:?} would both become {new:?}");
                faults.push(SettingsFault::new(at(old), problem).with_hint("give one of them another name"));
            }
            met.push((old, renamed));
        }
        faults
    }
}

fn at(old: &str) -> String {
    TablePath::default().key("rename").key(old).to_string()
}

fn share_a_kind(one: &Renamed, other: &Renamed) -> bool {
    one.kind.is_none() || other.kind.is_none() || one.kind == other.kind
}

fn rename_fault(old: &str, new: &str, kinds: &[Kind]) -> Option<SettingsFault> {
    let Renamed { kind, id } = Renamed::parse(old);
    let fault = |problem: String, hint: &str| Some(SettingsFault::new(at(old), problem).with_hint(hint));
    if let Some(kind) = kind.filter(|kind| !kinds.contains(kind)) {
        return fault(format!("the job carries no {}", kind.plural()), "add them to its kinds, or drop the entry");
    }
    if id.is_empty() || new.is_empty() {
        return fault("an id is empty".to_owned(), "write it as { \"old\" = \"new\" }");
    }
    if Renamed::parse(new).kind.is_some() {
        return fault(format!("{new:?} names a kind; a key keeps its kind"), "write the new id alone");
    }
    None
}
