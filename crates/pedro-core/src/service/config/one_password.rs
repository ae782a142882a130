//! Where values are looked up that are references into 1Password.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::problems::ConfigProblems;
use super::values::{BASE_URL, DURATION, parse_base_url, parse_duration, text};
use crate::service::one_password::{self, OnePassword};
use crate::service::secret::{self, Secret, SecretError};

/// A Connect server that starts together with a bot takes a while until it has fetched its vaults.
const WAIT: Duration = Duration::from_secs(60);

/// 1Password Connect, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "1Password")]
pub struct OnePasswordArgs {
    /// Address of a 1Password Connect server, for values written op://vault/item/field
    #[arg(long, env = "OP_CONNECT_HOST", value_name = "URL", hide_env_values = true)]
    pub op_connect_host: Option<String>,
    /// File that holds OP_CONNECT_HOST
    #[arg(long, env = "OP_CONNECT_HOST_FILE", value_name = "PATH")]
    pub op_connect_host_file: Option<String>,
    /// Access token of that server
    #[arg(long, env = "OP_CONNECT_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub op_connect_token: Option<Secret>,
    /// File that holds OP_CONNECT_TOKEN
    #[arg(long, env = "OP_CONNECT_TOKEN_FILE", value_name = "PATH")]
    pub op_connect_token_file: Option<String>,
    /// How long a start waits for that server. Default: 60s
    #[arg(long, env = "OP_CONNECT_WAIT", value_name = "TIME")]
    pub op_connect_wait: Option<String>,
}

/// 1Password Connect, checked.
#[derive(Debug, Clone)]
pub struct OnePasswordSettings {
    /// Its address, ending in a slash.
    pub host: Option<Url>,
    /// Its token.
    pub token: Option<Secret>,
    /// How long it is waited for.
    pub wait: Duration,
}

impl OnePasswordArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(&self, problems: &mut ConfigProblems) -> OnePasswordSettings {
        let host = self.op_connect_host.as_deref().map(Secret::new);
        let host = own(one_password::HOST, host.as_ref(), self.op_connect_host_file.as_ref(), problems);
        let host = host.map(|host| parse_base_url(host.expose())).transpose();
        let host = problems.take(one_password::HOST, host, BASE_URL, None);
        let token =
            own(one_password::TOKEN, self.op_connect_token.as_ref(), self.op_connect_token_file.as_ref(), problems);
        let wait = text(self.op_connect_wait.as_ref()).map_or(Ok(WAIT), parse_duration);
        let wait = problems.take("OP_CONNECT_WAIT", wait, DURATION, WAIT);
        OnePasswordSettings { host, token, wait }
    }
}

/// A value that opens 1Password, and hence cannot be kept there.
fn own(name: &str, value: Option<&Secret>, file: Option<&String>, problems: &mut ConfigProblems) -> Option<Secret> {
    let given = secret::given(value, text(file));
    if let Ok(Some(given)) = &given
        && one_password::is_reference(given.expose())
    {
        let shape = "the value itself, for it is what opens 1Password";
        problems.add(name, "is a 1Password reference", shape, "the value, or its file in the variable with _FILE");
        return None;
    }
    given.unwrap_or_else(|reason: SecretError| {
        problems.unreadable(name, &reason);
        None
    })
}

/// Reads settings, with the values that are kept in 1Password. `resolve` is called once, or, if there are such values,
/// once more when they are there.
///
/// # Errors
/// All that is wrong, references that lead nowhere included.
pub async fn settle<T>(
    one_password: &OnePassword,
    resolve: impl Fn(&mut ConfigProblems) -> T,
) -> Result<T, ConfigProblems> {
    let mut problems = ConfigProblems::default();
    one_password.settings(&mut problems);
    let settings = resolve(&mut problems);
    if problems.references().next().is_none() {
        return problems.into_result(settings);
    }
    let (followed, unasked) = one_password.follow(problems.references()).await;
    let mut problems = ConfigProblems::knowing(followed);
    one_password.settings(&mut problems);
    let settings = resolve(&mut problems);
    if let Some(unasked) = unasked {
        problems.unasked(&unasked);
    }
    problems.into_result(settings)
}
