//! What is wrong with the configuration, all of it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::one_password::{self, Followed, Unasked};
use super::super::secret::{self, Secret, SecretError};

/// One wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The variable, or the place in the file.
    pub name: String,
    /// What is wrong, as the end of a sentence that begins with the name. Never holds a secret.
    pub wrong: String,
    /// What is expected.
    pub shape: &'static str,
    /// A value that would be right.
    pub example: &'static str,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wrong, shape, example } = self;
        write!(f, "{name}: {wrong}; expected {shape}; for example {example}")
    }
}

/// A secret as it was given.
#[derive(Debug, Clone, Copy)]
pub struct GivenSecret<'a> {
    /// The variable.
    pub name: &'static str,
    /// What stands in it.
    pub value: Option<&'a Secret>,
    /// What stands in the variable with `_FILE`.
    pub file: Option<&'a str>,
}

impl GivenSecret<'_> {
    fn is_set(&self) -> bool {
        self.value.is_some_and(|value| !value.is_empty()) || self.file.is_some_and(|file| !file.trim().is_empty())
    }
}

/// Everything that is wrong, in the order in which it was found. Groups of settings add to it, `main` shows it once.
#[derive(Debug, Default)]
pub struct ConfigProblems {
    found: Vec<ConfigProblem>,
    /// What the operator should know although nothing is wrong.
    notes: Vec<&'static str>,
    /// Values that are kept in 1Password, as far as they were looked up.
    followed: BTreeMap<String, Followed>,
    /// Those that were not: variable and reference.
    wanted: Vec<(String, String)>,
    /// Variables whose value could not be had. Whatever else seems wrong with them is about a placeholder.
    unread: BTreeSet<String>,
}

/// What a reference must lead to, and one that is written right.
const REFERENCE: (&str, &str) = ("a field with a value that OP_CONNECT_TOKEN may read", "op://Pedro/twitch/token");

/// Stands where a value could not be had; the settings with it are never handed out.
const PLACEHOLDER: &str = "placeholder";

impl ConfigProblems {
    /// Notes a wrong value. `wrong` follows the name in a sentence and must not hold a secret.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        wrong: impl Into<String>,
        shape: &'static str,
        example: &'static str,
    ) {
        let name = name.into();
        if !self.unread.contains(&name) {
            self.found.push(ConfigProblem { name, wrong: wrong.into(), shape, example });
        }
    }

    /// Notes what the operator should know although nothing is wrong. Logged when the settings are handed out.
    pub fn note(&mut self, text: &'static str) {
        self.notes.push(text);
    }

    /// The value of `parsed`; if it is wrong, that is noted and the placeholder taken.
    pub fn take<T>(
        &mut self,
        name: &str,
        parsed: Result<T, String>,
        (shape, example): (&'static str, &'static str),
        placeholder: T,
    ) -> T {
        parsed.unwrap_or_else(|wrong| {
            self.add(name, wrong, shape, example);
            placeholder
        })
    }

    /// A secret from variable `name` or the file that `name_FILE` names, or from where in 1Password these say it is. Both
    /// unset, or empty: `None`. A value that cannot be had is told, and a placeholder taken.
    pub fn secret(&mut self, name: &str, value: Option<&Secret>, file: Option<&str>) -> Option<Secret> {
        match secret::given(value, file) {
            Ok(Some(given)) if one_password::is_reference(given.expose()) => Some(self.follow(name, given.expose())),
            Ok(given) => given,
            Err(reason) => {
                self.unreadable(name, &reason);
                Some(Secret::new(PLACEHOLDER))
            }
        }
    }

    /// The secret of an option that had another name before: the older one counts where the canonical one is unset. With
    /// the name that was used.
    pub fn renamed_secret(
        &mut self,
        canonical: GivenSecret<'_>,
        older: GivenSecret<'_>,
    ) -> (&'static str, Option<Secret>) {
        let used = if !canonical.is_set() && older.is_set() { older } else { canonical };
        (used.name, self.secret(used.name, used.value, used.file))
    }

    /// A value that is no secret, and may be kept in 1Password all the same.
    pub fn plain(&mut self, name: &str, value: Option<&str>) -> Option<String> {
        match value {
            Some(value) if one_password::is_reference(value) => Some(self.follow(name, value).expose().to_owned()),
            value => value.map(str::to_owned),
        }
    }

    fn follow(&mut self, name: &str, reference: &str) -> Secret {
        match self.followed.get(reference).cloned() {
            Some(Followed::Value(value)) => return value,
            Some(Followed::Wrong(wrong)) => self.add(name, wrong, REFERENCE.0, REFERENCE.1),
            Some(Followed::Unasked) | None => self.wanted.push((name.to_owned(), reference.to_owned())),
        }
        self.unread.insert(name.to_owned());
        Secret::new(PLACEHOLDER)
    }

    /// Notes that a secret is not where the variable says.
    pub(super) fn unreadable(&mut self, name: &str, reason: &SecretError) {
        let told = match reason {
            SecretError::Unreadable { .. } | SecretError::EmptyFile { .. } => format!("{name}_FILE"),
            SecretError::Both => name.to_owned(),
        };
        let shape = "the secret in the variable, or the path of a file that holds it in the variable with _FILE";
        self.add(told, reason.to_string(), shape, "/run/secrets/pedro");
        self.unread.insert(name.to_owned());
    }

    /// Problems of settings that are read once more, with what 1Password said.
    pub(super) fn knowing(followed: BTreeMap<String, Followed>) -> Self {
        Self { followed, ..Self::default() }
    }

    /// The references that were met and not known.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|(_, reference)| reference.as_str())
    }

    /// Tells once why none of the references that are left could be asked for, and which variables wait for them.
    pub(super) fn unasked(&mut self, why: &Unasked) {
        let mut names: Vec<String> = self.wanted.drain(..).map(|(name, _)| name).collect();
        names.dedup();
        if !names.is_empty() && !self.found.iter().any(|problem| problem.name == why.name) {
            let wrong = format!("{} (needed by {}, kept in 1Password)", why.wrong, names.join(", "));
            self.add(why.name, wrong, why.shape, why.example);
        }
    }

    /// A secret without which the program cannot start. The placeholder is empty.
    pub fn required_secret(
        &mut self,
        name: &str,
        value: Option<&Secret>,
        file: Option<&str>,
        (shape, example): (&'static str, &'static str),
    ) -> Secret {
        let secret = self.secret(name, value, file);
        if secret.is_none() {
            self.add(name, "is not set", shape, example);
        }
        secret.unwrap_or_else(|| Secret::new(""))
    }

    /// What was found so far.
    pub fn found(&self) -> &[ConfigProblem] {
        &self.found
    }

    /// The settings, if nothing was wrong with any of them.
    pub fn into_result<T>(mut self, settings: T) -> Result<T, Self> {
        // Nobody looked them up: settings with placeholders in them are handed to nobody.
        for (name, _) in std::mem::take(&mut self.wanted) {
            self.unread.remove(&name);
            self.add(name, "is a 1Password reference, which cannot be followed here", REFERENCE.0, REFERENCE.1);
        }
        for note in self.notes.drain(..) {
            tracing::warn!("{note}");
        }
        if self.found.is_empty() { Ok(settings) } else { Err(self) }
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found.len() {
            1 => f.write_str("one setting is wrong:")?,
            count => write!(f, "{count} settings are wrong:")?,
        }
        self.found.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigProblems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_one_line_with_name_reason_shape_and_example() {
        let mut problems = ConfigProblems::default();
        problems.add("MODEL_TIMEOUT", "\"soon\" is no duration", "a duration", "20m");
        problems.required_secret("TWITCH_TOKEN", None, Some(""), ("a user token", "oauth:0123456789abcdef"));
        problems.secret("TWITCH_SECRET", None, Some("/no/such/file"));
        let told = problems.into_result(()).unwrap_err().to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "3 settings are wrong:");
        assert_eq!(lines[1], "  MODEL_TIMEOUT: \"soon\" is no duration; expected a duration; for example 20m");
        assert_eq!(lines[2], "  TWITCH_TOKEN: is not set; expected a user token; for example oauth:0123456789abcdef");
        assert!(lines[3].starts_with("  TWITCH_SECRET_FILE: names the file \"/no/such/file\", which cannot be read"));
    }

    #[test]
    fn a_required_secret_that_cannot_be_read_is_told_once() {
        let mut problems = ConfigProblems::default();
        problems.required_secret("TWITCH_TOKEN", None, Some("/no/such/file"), ("a user token", "abc"));
        assert_eq!(problems.found().len(), 1);
    }
}
