//! A store's table filled in from the arguments of Airflow's backend: what its own keys leave out, and what is said of the rest.

use std::path::{Path, PathBuf};

use super::backend_kwargs::{BACKEND_KWARGS, BackendKwargs, Kwargs};
use super::places::PrefixSetting;
use crate::model::python::Value;
use crate::model::{Finding, Severity};
use crate::settings::SettingsFault;

/// A key of ours, and the argument that fills it in.
pub type Names = (&'static str, &'static str);

const PREFIXES: [Names; 3] = [
    ("connections-prefix", "connections_prefix"),
    ("variables-prefix", "variables_prefix"),
    ("config-prefix", "config_prefix"),
];

/// What the arguments say beside what they filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood<L> {
    /// How Airflow logs in, for a store that does not say it itself.
    pub login: Option<L>,
    /// What is wrong with them.
    pub faults: Vec<SettingsFault>,
    /// What a person should hear.
    remarks: Vec<Remark>,
    /// Our keys that they filled in, and the argument of each.
    filled: Vec<Names>,
}

#[derive(Debug, Clone, PartialEq)]
struct Remark {
    severity: Severity,
    code: &'static str,
    message: String,
    remedy: &'static str,
}

/// The arguments while a table is filled in from them.
pub struct Filling<'a> {
    /// Those that nobody took yet.
    pub kwargs: Kwargs,
    /// Where relative paths are taken from.
    pub folder: &'a Path,
    remarks: Vec<Remark>,
    filled: Vec<Names>,
}

impl<'a> Filling<'a> {
    /// Reads the arguments; what cannot be read is a fault of the table.
    pub fn begin<L>(given: &BackendKwargs, folder: &'a Path) -> Result<Self, Understood<L>> {
        let kwargs = given.read().map_err(|fault| Understood { faults: vec![fault], ..Understood::default() })?;
        Ok(Self { kwargs, folder, remarks: Vec::new(), filled: Vec::new() })
    }

    /// Fills one key in, unless the store has it.
    pub fn fill<T>(&mut self, ours: &mut Option<T>, value: Option<T>, names: Names) {
        if ours.is_none() && value.is_some() {
            self.filled(names);
            *ours = value;
        }
    }

    /// Takes a text out and fills a key in with it.
    pub fn fill_text(&mut self, ours: &mut Option<String>, names: Names) {
        let given = self.kwargs.text(names.1);
        self.fill(ours, given, names);
    }

    /// Notes that a key was filled in, so that its faults are told of the argument.
    pub fn filled(&mut self, names: Names) {
        self.filled.push(names);
    }

    /// Fills in what stands before connections, variables and configs; null switches a kind off.
    pub fn prefixes(&mut self, ours: [&mut PrefixSetting; 3]) {
        for (ours, names) in ours.into_iter().zip(PREFIXES) {
            let given = self.kwargs.nullable_text(names.1);
            if let (PrefixSetting::Default, Some(given)) = (&*ours, given) {
                self.filled(names);
                *ours = given.map_or(PrefixSetting::Off, PrefixSetting::Prefix);
            }
        }
    }

    /// Fills in the authority that `kwarg` trusts; switching the check off is a fault.
    pub fn authority(&mut self, ours: &mut Option<PathBuf>, kwarg: &'static str) {
        match self.kwargs.take(kwarg) {
            None | Some(Value::Null | Value::Bool(true)) => {}
            Some(Value::Text(file)) => self.fill(ours, file.as_str().map(PathBuf::from), ("tls", kwarg)),
            Some(_) => self.kwargs.fault(
                format!("{kwarg} is switched off, but certificates are always verified here"),
                &format!("set tls.ca to the authority of the server's certificate, and take {kwarg} out"),
            ),
        }
    }

    /// Adds that an argument is ignored, where it is given.
    pub fn ignore(&mut self, kwarg: &str, why: &str, remedy: &'static str) {
        if self.kwargs.take(kwarg).is_some_and(|value| !value.is_null()) {
            self.say_ignored(kwarg, why, remedy);
        }
    }

    /// Adds that each of these arguments, and why, is ignored, where it is given.
    pub fn ignore_all(&mut self, unused: &[(&str, &str)]) {
        for (kwarg, why) in unused {
            self.ignore(kwarg, why, "nothing, unless secretferry is to do it too");
        }
    }

    /// Adds that an argument, which was taken out already, is ignored.
    pub fn say_ignored(&mut self, kwarg: &str, why: &str, remedy: &'static str) {
        let message = format!("{BACKEND_KWARGS}: {kwarg} is ignored: {why}");
        self.remark(Severity::Warning, "kwarg-ignored", message, remedy);
    }

    /// Adds what else a person should hear.
    pub fn remark(&mut self, severity: Severity, code: &'static str, message: String, remedy: &'static str) {
        self.remarks.push(Remark { severity, code, message, remedy });
    }

    /// Ends with a login; of each argument that is left, `why` says why it is ignored.
    pub fn end<L>(mut self, login: Option<L>, why: &str, remedy: &'static str) -> Understood<L> {
        for kwarg in self.kwargs.left() {
            self.say_ignored(&kwarg, why, remedy);
        }
        let Self { kwargs, remarks, filled, .. } = self;
        Understood { login, faults: kwargs.faults, remarks, filled }
    }
}

impl<L> Understood<L> {
    /// The same faults, told of the argument instead of the key of the table that it filled in.
    pub fn retold(&self, faults: Vec<SettingsFault>) -> Vec<SettingsFault> {
        let retell = |fault: SettingsFault| {
            let first = fault.path.split('.').next().unwrap_or_default();
            match self.filled.iter().find(|(key, _)| *key == first) {
                Some((_, kwarg)) => SettingsFault {
                    path: BACKEND_KWARGS.to_owned(),
                    problem: format!("{kwarg}: {}", fault.problem),
                    ..fault
                },
                None => fault,
            }
        };
        faults.into_iter().map(retell).collect()
    }

    /// What a person should hear of the arguments.
    pub fn findings(&self, store: &str) -> Vec<Finding> {
        let finding = |remark: &Remark| {
            Finding::new(remark.severity, remark.code, store, &remark.message).with_remedy(remark.remedy)
        };
        self.remarks.iter().map(finding).collect()
    }
}

impl<L> Default for Understood<L> {
    fn default() -> Self {
        Self { login: None, faults: Vec::new(), remarks: Vec::new(), filled: Vec::new() }
    }
}
