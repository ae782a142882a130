//! What is wrong with the configuration, all of it at once.

use std::fmt;

use super::super::secret::{self, Secret};

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

/// Everything that is wrong, in the order in which it was found. Groups of settings add to it, `main` shows it once.
#[derive(Debug, Default)]
pub struct ConfigProblems(Vec<ConfigProblem>);

impl ConfigProblems {
    /// Notes a wrong value. `wrong` follows the name in a sentence and must not hold a secret.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        wrong: impl Into<String>,
        shape: &'static str,
        example: &'static str,
    ) {
        self.0.push(ConfigProblem { name: name.into(), wrong: wrong.into(), shape, example });
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

    /// A secret from variable `name` or the file that `name_FILE` names. Both unset, or empty: `None`.
    pub fn secret(&mut self, name: &str, value: Option<&Secret>, file: Option<&str>) -> Option<Secret> {
        secret::resolve(value, file).unwrap_or_else(|reason| {
            let name = match reason {
                secret::SecretError::Unreadable { .. } | secret::SecretError::EmptyFile { .. } => {
                    format!("{name}_FILE")
                }
                secret::SecretError::Both | secret::SecretError::OnePassword => name.to_owned(),
            };
            let shape = "the secret in the variable, or the path of a file that holds it in the variable with _FILE";
            self.add(name, reason.to_string(), shape, "/run/secrets/pedro");
            None
        })
    }

    /// A secret without which the program cannot start. The placeholder is empty.
    pub fn required_secret(
        &mut self,
        name: &str,
        value: Option<&Secret>,
        file: Option<&str>,
        (shape, example): (&'static str, &'static str),
    ) -> Secret {
        let before = self.0.len();
        let secret = self.secret(name, value, file);
        if secret.is_none() && self.0.len() == before {
            self.add(name, "is not set", shape, example);
        }
        secret.unwrap_or_else(|| Secret::new(""))
    }

    /// What was found so far.
    pub fn found(&self) -> &[ConfigProblem] {
        &self.0
    }

    /// The settings, if nothing was wrong with any of them.
    pub fn into_result<T>(self, settings: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(settings) } else { Err(self) }
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("one setting is wrong:")?,
            count => write!(f, "{count} settings are wrong:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
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
